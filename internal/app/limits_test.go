package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// TestLimitsAreKept: after a 429 nobody calls that method again before its time, and of
// messages, nobody posts to that channel. Other channels and methods go on.
func TestLimitsAreKept(t *testing.T) {
	heard := map[string]int{}
	refuse := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		what := r.URL.Path + " " + r.Form.Get("channel")
		heard[what]++
		if refuse && (what == "/chat.postMessage C1" || r.URL.Path == "/chat.update") {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true,"channel":"C1","ts":"1.1"}`))
	}))
	defer s.Close()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	client := slack.New("xoxb", slack.OptionAPIURL(s.URL+"/"), slack.OptionHTTPClient(&http.Client{Transport: limited(http.DefaultTransport, func() time.Time { return now })}))
	post := func(channel string) error {
		_, _, err := client.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", true))
		return err
	}
	edit := func(channel string) error {
		_, _, _, err := client.UpdateMessageContext(t.Context(), channel, "1.1", slack.MsgOptionText("x", true))
		return err
	}
	waits := func(what string, err error, want time.Duration) {
		t.Helper()
		said, ok := errors.AsType[*slack.RateLimitedError](err)
		switch {
		case want == 0 && err != nil:
			t.Errorf("%s: %v", what, err)
		case want > 0 && (!ok || said.RetryAfter != want):
			t.Errorf("%s: %v, want a wait of %s", what, err, want)
		}
	}
	waits("the first post", post("C1"), 30*time.Second)
	now = now.Add(10*time.Second + 500*time.Millisecond)
	waits("a post before its time", post("C1"), 20*time.Second) // 19.5, and never too short
	waits("a post elsewhere", post("C2"), 0)
	waits("an edit", edit("C1"), 30*time.Second)
	waits("an edit elsewhere", edit("C2"), 30*time.Second) // edits are counted for all channels together
	if heard["/chat.postMessage C1"] != 1 || heard["/chat.postMessage C2"] != 1 || heard["/chat.update C1"] != 1 || heard["/chat.update C2"] != 0 {
		t.Errorf("Slack was called: %v", heard)
	}
	refuse = false
	now = now.Add(20 * time.Second)
	waits("a post in time", post("C1"), 0)
	waits("an edit before its time", edit("C1"), 10*time.Second)
	now = now.Add(10 * time.Second)
	waits("an edit in time", edit("C1"), 0)
}
