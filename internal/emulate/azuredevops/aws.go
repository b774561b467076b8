package azuredevops

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// awsFault is an error of AWS, or of the way there.
type awsFault struct {
	status        int
	code, message string
}

func (f *awsFault) Error() string { return f.code + ": " + f.message }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// awsCall is one request to the AWS that jobs talk to.
type awsCall struct {
	service, method, path string
	query                 url.Values
	header                map[string]string
	body                  []byte
}

// unsigned posts a form to STS without credentials.
func (a *agent) unsigned(ctx context.Context, form url.Values) ([]byte, *awsFault) {
	return a.send(ctx, awsCall{method: http.MethodPost, path: "/", body: []byte(form.Encode()),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}}, false)
}

// query posts a form in the Query protocol, signed.
func (a *agent) query(ctx context.Context, service string, form url.Values) ([]byte, *awsFault) {
	return a.send(ctx, awsCall{service: service, method: http.MethodPost, path: "/", body: []byte(form.Encode()),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}}, true)
}

func (a *agent) signed(ctx context.Context, c awsCall) ([]byte, *awsFault) {
	if a.creds.id == "" {
		return nil, &awsFault{code: "NoCredentials", message: "Unable to locate credentials"}
	}
	return a.send(ctx, c, true)
}

func (a *agent) send(ctx context.Context, c awsCall, sign bool) ([]byte, *awsFault) {
	address := strings.TrimSuffix(a.s.o.AWS, "/") + escapePath(c.path)
	if len(c.query) > 0 {
		address += "?" + canonicalQuery(c.query)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, address, bytes.NewReader(c.body))
	if err != nil {
		return nil, &awsFault{code: "NetworkingError", message: err.Error()}
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	if sign {
		a.sign(req, c)
	}
	resp, err := a.s.o.HTTP.Do(req)
	if err != nil {
		return nil, &awsFault{code: "NetworkingError", message: "Could not connect to the endpoint URL: " + strings.TrimSuffix(a.s.o.AWS, "/") + c.path}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return nil, &awsFault{code: "NetworkingError", message: err.Error()}
	}
	if resp.StatusCode >= 300 {
		return nil, readFault(resp, body)
	}
	return body, nil
}

// readFault reads the errors of all protocols: Query and S3 in XML, the rest in JSON.
func readFault(resp *http.Response, body []byte) *awsFault {
	f := &awsFault{status: resp.StatusCode, code: fmt.Sprint(resp.StatusCode), message: http.StatusText(resp.StatusCode)}
	var q struct {
		Error struct{ Code, Message string }
	}
	var s3 struct{ Code, Message string }
	var j struct {
		Type    string `json:"__type"`
		Message string
	}
	switch {
	case xml.Unmarshal(body, &q) == nil && q.Error.Code != "":
		f.code, f.message = q.Error.Code, q.Error.Message
	case xml.Unmarshal(body, &s3) == nil && s3.Code != "":
		f.code, f.message = s3.Code, s3.Message
	case json.Unmarshal(body, &j) == nil:
		if kind := j.Type; kind != "" || resp.Header.Get("X-Amzn-ErrorType") != "" {
			if kind == "" {
				kind = resp.Header.Get("X-Amzn-ErrorType")
			}
			kind, _, _ = strings.Cut(kind, ":")
			f.code = kind[strings.LastIndex(kind, "#")+1:]
		}
		if j.Message != "" {
			f.message = j.Message
		}
	}
	return f
}

// sign adds a Signature Version 4 to a request.
func (a *agent) sign(req *http.Request, c awsCall) {
	region := a.region
	if region == "" {
		region = "us-east-1"
	}
	now := a.s.wall().UTC()
	sum := sha256.Sum256(c.body)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if a.creds.session != "" {
		req.Header.Set("X-Amz-Security-Token", a.creds.session)
	}
	headers := map[string]string{"host": req.URL.Host}
	for k := range req.Header {
		headers[strings.ToLower(k)] = strings.TrimSpace(req.Header.Get(k))
	}
	names := sortedKeys(headers)
	var lines strings.Builder
	for _, n := range names {
		lines.WriteString(n + ":" + headers[n] + "\n")
	}
	path := escapePath(c.path)
	if c.service != "s3" {
		path = escapePath(path) // every service but S3 escapes twice
	}
	request := strings.Join([]string{c.method, path, canonicalQuery(c.query), lines.String(), strings.Join(names, ";"), hash}, "\n")
	scope := now.Format("20060102") + "/" + region + "/" + c.service + "/aws4_request"
	digest := sha256.Sum256([]byte(request))
	text := "AWS4-HMAC-SHA256\n" + now.Format("20060102T150405Z") + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
	key := []byte("AWS4" + a.creds.secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		a.creds.id, scope, strings.Join(names, ";"), mac(key, text)))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// escapePath escapes all but the unreserved characters and the slash.
func escapePath(path string) string { return escape(path, "/") }

func escape(text, keep string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~"+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func canonicalQuery(q url.Values) string {
	var parts []string
	for _, k := range sortedKeys(q) {
		for _, v := range q[k] {
			parts = append(parts, escape(k, "")+"="+escape(v, ""))
		}
	}
	return strings.Join(parts, "&")
}

// wall is the time that AWS compares signatures with: machines keep good time,
// however far somebody has moved the clock of the world.
func (s *Server) wall() time.Time {
	if s.o.Wall != nil {
		return s.o.Wall()
	}
	return s.o.Now()
}
