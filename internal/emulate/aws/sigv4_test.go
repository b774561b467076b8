package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// signed makes a request that the SDK's own signer signed.
func (r *rig) signed(t *testing.T, k keys, service, method, path string, body []byte, headers map[string]string) *http.Request {
	t.Helper()
	req := must[*http.Request](t)(http.NewRequest(method, r.url+path, bytes.NewReader(body)))
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	signRequest(t, req, k, service, body, r.Now())
	return req
}

func signRequest(t testing.TB, req *http.Request, k keys, service string, body []byte, now time.Time) {
	t.Helper()
	sum := sha256.Sum256(body)
	if service == "s3" {
		req.Header.Set(hashHeader, hex.EncodeToString(sum[:]))
	}
	creds := sdk.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
	err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }).
		SignHTTP(context.Background(), creds, req, hex.EncodeToString(sum[:]), service, region, now)
	if err != nil {
		t.Fatal(err)
	}
}

// do sends a request and returns the status and the body.
func do(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp := must[*http.Response](t)(http.DefaultClient.Do(req))
	defer resp.Body.Close()
	return resp.StatusCode, string(must[[]byte](t)(io.ReadAll(resp.Body)))
}

const whoami = "Action=GetCallerIdentity&Version=2011-06-15"

var form = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func TestSignatureRefusals(t *testing.T) {
	r := start(t)
	request := func(k keys) *http.Request { return r.signed(t, k, "sts", "POST", "/", []byte(whoami), form) }
	tampered := func(change func(*http.Request)) *http.Request {
		req := request(devAdmin)
		change(req)
		return req
	}
	for _, tt := range []struct {
		name   string
		req    *http.Request
		status int
		code   string
	}{
		{"good", request(devAdmin), 200, "<Account>" + dev + "</Account>"},
		{"wrong secret", request(keys{devKey, "wrong", ""}), 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"unknown key", request(keys{"AKIANOBODY", secret, ""}), 403, "<Code>InvalidClientTokenId</Code>"},
		{"token on a user's key", request(keys{devKey, secret, "token"}), 403, "<Code>InvalidClientTokenId</Code>"},
		{"not signed", tampered(func(q *http.Request) { q.Header.Del("Authorization") }), 403, "<Code>MissingAuthenticationToken</Code>"},
		{"other scheme", tampered(func(q *http.Request) { q.Header.Set("Authorization", "Bearer x") }), 400, "<Code>IncompleteSignature</Code>"},
		{"body changed", tampered(func(q *http.Request) {
			text := strings.Replace(whoami, "2011-06-15", "2011-06-16", 1)
			q.Body = io.NopCloser(strings.NewReader(text))
		}), 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"date changed", tampered(func(q *http.Request) {
			q.Header.Set("X-Amz-Date", r.Now().Add(time.Second).Format(amzTime))
		}), 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"query added", tampered(func(q *http.Request) { q.URL.RawQuery = "x=1" }), 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"host not signed", tampered(func(q *http.Request) {
			q.Header.Set("Authorization", strings.Replace(q.Header.Get("Authorization"), ";host", "", 1))
		}), 403, "<Code>SignatureDoesNotMatch</Code>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := do(t, tt.req)
			if status != tt.status || !strings.Contains(body, tt.code) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	r := start(t)
	for _, tt := range []struct {
		skew time.Duration
		want string
	}{
		{4 * time.Minute, "<Account>"}, {-4 * time.Minute, "<Account>"},
		{6 * time.Minute, "Signature expired"}, {-6 * time.Minute, "Signature not yet current"},
	} {
		req := r.signed(t, devAdmin, "sts", "POST", "/", []byte(whoami), form)
		r.advance(tt.skew)
		if _, body := do(t, req); !strings.Contains(body, tt.want) {
			t.Errorf("after %s: %s", tt.skew, body)
		}
		r.advance(-tt.skew)
	}
}

func TestAMovedClockShutsNobodyOut(t *testing.T) {
	var wall time.Time
	r := start(t, func(o *Options) {
		wall = o.Now()
		o.Wall = func() time.Time { return wall }
	})
	session := r.writer(t)
	req := r.signed(t, session, "sts", "POST", "/", []byte(whoami), form)
	r.advance(3 * time.Hour)
	if status, body := do(t, req); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
	wall = wall.Add(time.Hour)
	req = r.signed(t, session, "sts", "POST", "/", []byte(whoami), form)
	if _, body := do(t, req); !strings.Contains(body, "Signature not yet current") {
		t.Errorf("signed by the moved clock: %s", body)
	}
}

func TestCanonicalQueryOrder(t *testing.T) {
	q, _ := url.ParseQuery("b=2&a-b=1&a=2&a=1&sp=%20&sl=%2F")
	if got, want := canonicalQuery(q), "a=1&a=2&a-b=1&b=2&sl=%2F&sp=%20"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIdentityWorksUnderADenyOfEverything(t *testing.T) {
	r := start(t)
	session := r.writer(t)
	role, _ := r.roles.Get(roleKey(dev, "fedbot-writer"))
	role.Inline = map[string]string{"fedbot-hold": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`}
	if err := r.roles.Put(roleKey(dev, "fedbot-writer"), role); err != nil {
		t.Fatal(err)
	}
	out := must[*sts.GetCallerIdentityOutput](t)(r.sts(session).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{}))
	if *out.UserId != role.ID+":fedbot" {
		t.Errorf("identity %s", *out.UserId)
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b,,=")
	f.Fuzz(func(t *testing.T, header string) {
		if sig, err := parseAuthorization(header); err == nil && (sig.value == "" || len(sig.headers) == 0) {
			t.Errorf("%q was taken", header)
		}
	})
}
