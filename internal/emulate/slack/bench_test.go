package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
)

// crowded is a workspace in whose first channel so many messages stand, every second
// one a reply in one thread. It has no network around it: what is measured is the
// emulator's own work.
func crowded(t testing.TB, messages int) (s *Server, root, reply string) {
	t.Helper()
	clock := wire.NewClock(func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }, 0)
	s, err := New(Options{Now: clock.Now, BaseURL: func() string { return "http://127.0.0.1:1" }, Seed: seed, NoRateLimit: true,
		App: App{BotToken: "xoxb-bot", ObserverToken: "xoxp-eyes", AppToken: "xapp-app"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.mu.Lock()
	defer s.mu.Unlock()
	root = s.post(message{Channel: "C0001"}, content{text: "root"}).TS
	for n := 1; n < messages; n++ {
		m := message{Channel: "C0001"}
		if n%2 == 0 {
			m.ThreadTS = root
		}
		if ts := s.post(m, content{text: "one of many"}).TS; n%2 == 0 {
			reply = ts
		}
	}
	return s, root, reply
}

// single are calls about one object, or one page of a known size.
func single(root, reply string) map[string]func() (method, token string, args url.Values) {
	as := func(method, token string, pairs ...string) func() (string, string, url.Values) {
		args := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			args.Set(pairs[i], pairs[i+1])
		}
		return func() (string, string, url.Values) { return method, token, args }
	}
	return map[string]func() (string, string, url.Values){
		"chat.postMessage":      as("chat.postMessage", "xoxb-bot", "channel", "C0001", "text", "one more"),
		"chat.postMessage/dm":   as("chat.postMessage", "xoxb-bot", "channel", "U0REQ", "text", "one more"),
		"chat.update":           as("chat.update", "xoxb-bot", "channel", "C0001", "ts", root, "text", "edited"),
		"chat.getPermalink":     as("chat.getPermalink", "xoxb-bot", "channel", "C0001", "message_ts", reply),
		"conversations.history": as("conversations.history", "xoxp-eyes", "channel", "C0001", "latest", root, "inclusive", "true", "limit", "1"),
		"conversations.replies": as("conversations.replies", "xoxp-eyes", "channel", "C0001", "ts", root, "limit", "2"),
		"users.info":            as("users.info", "xoxb-bot", "user", "U0REQ"),
		"views.publish":         as("views.publish", "xoxb-bot", "user_id", "U0REQ", "view", `{"type":"home","blocks":[{"type":"divider"}]}`),
	}
}

func do(t testing.TB, h http.Handler, method, token string, args url.Values) {
	r := httptest.NewRequest(http.MethodPost, "/api/"+method, strings.NewReader(args.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if body := w.Body.String(); !strings.Contains(body, `"ok":true`) {
		t.Fatalf("%s: %s", method, body)
	}
}

var empty = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	_, _ = w.Write([]byte(`{"ok":true}`))
})

// BenchmarkCalls is one call with ten messages and with fifty thousand, beside a
// handler that does nothing: go test -bench Calls -run '^$' ./internal/emulate/slack
func BenchmarkCalls(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			do(b, empty, "api.test", "xoxb-bot", url.Values{"channel": {"C0001"}})
		}
	})
	for _, n := range []int{10, 50_000} {
		s, root, reply := crowded(b, n)
		for name, with := range single(root, reply) {
			b.Run(fmt.Sprintf("%s/messages=%d", name, n), func(b *testing.B) {
				for b.Loop() {
					method, token, args := with()
					do(b, s, method, token, args)
				}
			})
		}
	}
}

// A call about one object allocates as much among five thousand messages as among ten:
// it looks at no others.
func TestASingleCallLooksAtOneObject(t *testing.T) {
	allocations := map[int]map[string]float64{}
	for _, n := range []int{10, 5_000} {
		s, root, reply := crowded(t, n)
		allocations[n] = map[string]float64{}
		for name, with := range single(root, reply) {
			allocations[n][name] = testing.AllocsPerRun(20, func() {
				method, token, args := with()
				do(t, s, method, token, args)
			})
		}
	}
	for name, few := range allocations[10] {
		if many := allocations[5_000][name]; many > few*1.2+5 {
			t.Errorf("%s: %v allocations among ten messages, %v among five thousand", name, few, many)
		}
	}
}
