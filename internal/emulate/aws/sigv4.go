package aws

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// doubt is a reason not to believe a caller. Each service has its own code for each.
type doubt int

const (
	notSigned doubt = iota
	signatureIncomplete
	keyUnknown
	signatureWrong
	signatureTooOld
	signatureTooNew
	tokenExpired
	contentChanged
)

// doubtful is a doubt with the words that go with it, if there are any beside the service's own.
type doubtful struct {
	doubt   doubt
	message string
}

func (d *doubtful) Error() string { return "caller not believed: " + d.message }

const (
	algorithm  = "AWS4-HMAC-SHA256"
	amzTime    = "20060102T150405Z"
	clockSkew  = 5 * time.Minute
	unsigned   = "UNSIGNED-PAYLOAD"
	chunked    = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	hashHeader = "X-Amz-Content-Sha256"
)

// signature is the parsed Authorization header.
type signature struct {
	keyID, day, region, service string
	headers                     []string
	value                       string
}

var errNotSigned = errors.New("not signed")

func parseAuthorization(header string) (signature, error) {
	var sig signature
	if header == "" {
		return sig, errNotSigned
	}
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok {
		return sig, &doubtful{signatureIncomplete, "Authorization header requires 'Credential' parameter."}
	}
	fields := map[string]string{}
	for _, part := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[k] = v
	}
	for _, need := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[need] == "" {
			return sig, &doubtful{signatureIncomplete, "Authorization header requires '" + need + "' parameter."}
		}
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return sig, &doubtful{signatureIncomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."}
	}
	sig = signature{keyID: scope[0], day: scope[1], region: scope[2], service: scope[3], value: fields["Signature"]}
	sig.headers = strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(sig.headers, "host") {
		return sig, &doubtful{signatureWrong, "'Host' must be a 'SignedHeader' in the AWS Authorization."}
	}
	return sig, nil
}

// verify proves that a request was signed with the secret, whole and just now.
func (sig signature) verify(r *http.Request, body []byte, secret string, now time.Time) error {
	stamp := r.Header.Get("X-Amz-Date")
	signed, err := time.Parse(amzTime, stamp)
	if err != nil {
		return &doubtful{signatureIncomplete, "Date must be in ISO-8601 'basic format'. Got '" + stamp + "'."}
	}
	if sig.day != signed.Format("20060102") {
		return &doubtful{signatureWrong, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."}
	}
	if err := inTime(signed, now); err != nil {
		return err
	}
	payload, err := payloadHash(r, body, sig.service)
	if err != nil {
		return err
	}
	if !slices.Contains(sig.headers, "x-amz-date") {
		return &doubtful{doubt: signatureWrong}
	}
	scope := strings.Join([]string{sig.day, sig.region, sig.service, "aws4_request"}, "/")
	digest := sha256.Sum256([]byte(canonicalRequest(r, sig, payload)))
	text := strings.Join([]string{algorithm, stamp, scope, hex.EncodeToString(digest[:])}, "\n")
	key := mac(mac(mac(mac([]byte("AWS4"+secret), sig.day), sig.region), sig.service), "aws4_request")
	if !hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(sig.value)) {
		return &doubtful{doubt: signatureWrong}
	}
	return nil
}

func inTime(signed, now time.Time) error {
	at, present := signed.Format(amzTime), now.Format(amzTime)
	if signed.Before(now.Add(-clockSkew)) {
		edge := now.Add(-clockSkew).Format(amzTime)
		return &doubtful{signatureTooOld, "Signature expired: " + at + " is now earlier than " + edge + " (" + present + " - 5 min.)"}
	}
	if signed.After(now.Add(clockSkew)) {
		edge := now.Add(clockSkew).Format(amzTime)
		return &doubtful{signatureTooNew, "Signature not yet current: " + at + " is still later than " + edge + " (" + present + " + 5 min.)"}
	}
	return nil
}

// payloadHash is the hash that was signed. A header that names another one than
// the body's own is a body that was changed on the way.
func payloadHash(r *http.Request, body []byte, service string) (string, error) {
	digest := sha256.Sum256(body)
	real := hex.EncodeToString(digest[:])
	said := r.Header.Get(hashHeader)
	switch {
	case said == "" || said == real:
		return real, nil
	case service == "s3" && (said == unsigned || said == chunked):
		return said, nil
	}
	return "", &doubtful{doubt: contentChanged}
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func canonicalRequest(r *http.Request, sig signature, payload string) string {
	path := r.URL.EscapedPath()
	if sig.service == "s3" {
		path = r.URL.Path // keys are encoded once, everything else twice
	}
	if path == "" {
		path = "/"
	}
	var b bytes.Buffer
	b.WriteString(r.Method + "\n" + percent(path, "/") + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range sig.headers {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(sig.headers, ";") + "\n" + payload)
	return b.String()
}

func canonicalQuery(q url.Values) string {
	encoded := map[string][]string{}
	for k, vs := range q {
		for _, v := range vs {
			encoded[percent(k, "")] = append(encoded[percent(k, "")], percent(v, ""))
		}
	}
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(encoded)) { // by name first: "a=1" comes before "a-b=1"
		for _, v := range slices.Sorted(slices.Values(encoded[k])) {
			pairs = append(pairs, k+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// percent encodes all but RFC 3986's unreserved characters and those in keep.
func percent(s, keep string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0
		if plain || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
