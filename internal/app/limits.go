package app

import (
	"io"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limits is the way to Slack. It remembers for how long Slack wants to hear no more of
// a method, and of messages for each channel by itself, as Slack counts them. A call
// before that time is answered here as Slack would, with the time that is left, so
// that a busy channel makes nobody else call in vain.
type limits struct {
	to  http.RoundTripper
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
}

func limited(to http.RoundTripper, now func() time.Time) *limits {
	return &limits{to: to, now: now, until: map[string]time.Time{}}
}

// RoundTrip calls Slack, or answers 429 without calling.
func (l *limits) RoundTrip(r *http.Request) (*http.Response, error) {
	what := counted(r)
	l.mu.Lock()
	left := l.until[what].Sub(l.now())
	if left <= 0 {
		delete(l.until, what)
	}
	l.mu.Unlock()
	if left > 0 {
		if r.Body != nil {
			r.Body.Close()
		}
		seconds := strconv.Itoa(int(math.Ceil(left.Seconds())))
		return &http.Response{Status: "429 Too Many Requests", StatusCode: http.StatusTooManyRequests, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Retry-After": {seconds}, "Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"ok":false,"error":"ratelimited"}`))}, nil
	}
	res, err := l.to.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusTooManyRequests {
		if seconds, wrong := strconv.Atoi(res.Header.Get("Retry-After")); wrong == nil && seconds > 0 {
			l.mu.Lock()
			l.until[what] = l.now().Add(time.Duration(seconds) * time.Second)
			l.mu.Unlock()
		}
	}
	return res, err
}

// counted is what Slack counts a call under: its method, and for messages the
// channel too.
func counted(r *http.Request) string {
	method := path.Base(r.URL.Path)
	if method != "chat.postMessage" || r.GetBody == nil {
		return method
	}
	body, err := r.GetBody()
	if err != nil {
		return method
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err != nil {
		return method
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return method
	}
	return method + " " + form.Get("channel")
}
