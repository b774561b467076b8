package azuredevops

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
)

const (
	longestAnswer = 16 << 20         // bytes
	longestCall   = 30 * time.Second // with its repetitions, whatever the caller allows
	longestPause  = 5 * time.Minute  // Azure DevOps measures load over five minutes
	readRetries   = 2
)

// pace is what all identities share that call one organization: the number of
// calls per second, and the pause that Azure DevOps has asked for.
type pace struct {
	limiter *rate.Limiter
	mu      sync.Mutex
	pauses  int           // that run now
	over    chan struct{} // closed when the last of them is over
}

var errPause = errors.New("told to slow down")

func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	over, pausing := p.over, p.pauses > 0
	p.mu.Unlock()
	if pausing {
		select {
		case <-over:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errPause, ctx.Err())
		}
	}
	if err := p.limiter.Wait(ctx); err != nil {
		return fmt.Errorf("keep the pace: %w", err)
	}
	return nil
}

// obey starts a pause when an answer asks for one; good answers do so too.
func (p *pace) obey(h http.Header) {
	seconds, err := strconv.ParseFloat(h.Get("Retry-After"), 64)
	if err != nil || seconds <= 0 {
		return
	}
	pause := longestPause
	if seconds < pause.Seconds() {
		pause = time.Duration(seconds * float64(time.Second))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pauses++; p.pauses == 1 {
		p.over = make(chan struct{})
	}
	time.AfterFunc(pause, p.resume)
}

func (p *pace) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pauses--; p.pauses == 0 {
		close(p.over)
	}
}

// Credential hands out the Authorization header of one identity: "Basic" with a
// personal access token, or "Bearer" with an Entra token. It is asked before every
// call, so that a token that was renewed is used at once.
type Credential func(ctx context.Context) (scheme, value string, err error)

// attempt sends one request once: counted, in pace, signed.
type attempt struct {
	next       http.RoundTripper
	pace       *pace
	credential Credential
	home       *url.URL
	count      func(call string)
}

func (a *attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trusted(a.home, r.URL) {
		return nil, fmt.Errorf("call %s: fedbot's token goes to %s only", r.URL.Host, a.home.Host)
	}
	if err := a.pace.wait(r.Context()); err != nil {
		return nil, err
	}
	scheme, value, err := a.credential(r.Context())
	if err != nil {
		return nil, fmt.Errorf("get a token: %w", err)
	}
	r = r.Clone(r.Context())
	if strings.EqualFold(scheme, "Basic") {
		r.SetBasicAuth("", value)
	} else {
		r.Header.Set("Authorization", scheme+" "+value)
	}
	a.count(callName(r))
	resp, err := a.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	a.pace.obey(resp.Header)
	return resp, nil
}

// trusted says whether a token may be sent to an address that the service itself
// named: the organization's own host, or from one host of Azure DevOps Services to another.
func trusted(home, to *url.URL) bool {
	if home.Host == to.Host {
		return home.Scheme == to.Scheme
	}
	return to.Scheme == "https" && azures(home) && azures(to)
}

// azures says whether a host is one of Azure DevOps Services.
func azures(u *url.URL) bool {
	host := u.Hostname()
	return host == "dev.azure.com" || strings.HasSuffix(host, ".dev.azure.com") || strings.HasSuffix(host, ".visualstudio.com")
}

var idInPath = regexp.MustCompile(`/([0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+)`)

// callName is the method and the path behind the project, without ids.
func callName(r *http.Request) string {
	_, path, ok := strings.Cut(r.URL.Path, "/_apis")
	if !ok {
		path = r.URL.Path
	}
	return r.Method + " " + strings.TrimPrefix(idInPath.ReplaceAllString(path, "/*"), "/")
}

type methodKey struct{}

// orderly is the transport that the clients see: reads are tried again, and every
// answer is either what was asked for or a refusal in one form.
type orderly struct{ next http.RoundTripper }

func newOrderly(a *attempt) *orderly {
	rc := retryablehttp.NewClient()
	rc.HTTPClient = &http.Client{Transport: a, CheckRedirect: stay}
	rc.Logger = nil
	rc.RetryMax = readRetries
	rc.Backoff = func(_, _ time.Duration, n int, _ *http.Response) time.Duration {
		return 50 * time.Millisecond << (2 * n)
	}
	rc.CheckRetry = tryAgain
	rc.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &orderly{&retryablehttp.RoundTripper{Client: rc}}
}

// stay keeps redirects from being followed: they lead to a sign-in page.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// tryAgain lets reads be repeated. A write is never repeated here: whether it
// happened is for the next look to find out.
func tryAgain(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil // err says why better than ctx does
	}
	if m, _ := ctx.Value(methodKey{}).(string); m != http.MethodGet && m != http.MethodOptions {
		return false, nil
	}
	if err != nil {
		return !errors.Is(err, errPause), nil
	}
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500, nil
}

func (o *orderly) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), methodKey{}, r.Method), longestCall)
	defer cancel()
	resp, err := o.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	if closing := resp.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", callName(r), err)
	}
	if len(body) > longestAnswer {
		return nil, fmt.Errorf("read the answer to %s: longer than %d bytes", callName(r), longestAnswer)
	}
	return order(resp, body), nil
}

// order gives a response its body back. Whatever is no answer (a page, a redirect,
// an error in any of the service's forms) becomes one refusal form.
func order(resp *http.Response, body []byte) *http.Response {
	page := strings.Contains(resp.Header.Get("Content-Type"), "html")
	switch status := resp.StatusCode; {
	case page && status < 400, status >= 300 && status < 400, status == http.StatusNonAuthoritativeInfo:
		resp.StatusCode = http.StatusUnauthorized
		body = refusalBody("a sign-in page instead of an answer", "SignInPage")
	case page:
		body = refusalBody("a page instead of an answer", pageKey)
	case status >= 400:
		body = refusalBody(refusalText(body))
	default:
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return resp
	}
	resp.Status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	resp.Header.Set("Content-Type", "application/json")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp
}

// pageKey is our own type of a refusal that came as a page.
const pageKey = "Page"

func refusalBody(message, key string) []byte {
	raw, _ := json.Marshal(map[string]string{"message": message, "typeKey": key}) // strings always encode
	return raw
}

// refusalText reads the message and the type of an error from the forms that
// Azure DevOps has for it: an object, an object or a text wrapped in "value", or
// plain text.
func refusalText(body []byte) (message, key string) {
	var form struct {
		Message string          `json:"message"`
		TypeKey string          `json:"typeKey"`
		Value   json.RawMessage `json:"value"`
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if json.Unmarshal(body, &form) != nil {
		return strings.TrimSpace(string(body)), ""
	}
	if form.Message != "" {
		return form.Message, form.TypeKey
	}
	var inner struct{ Message string }
	var text string
	switch {
	case json.Unmarshal(form.Value, &inner) == nil && inner.Message != "":
		return inner.Message, form.TypeKey
	case json.Unmarshal(form.Value, &text) == nil && text != "":
		return text, form.TypeKey
	}
	return "no reason given", form.TypeKey
}
