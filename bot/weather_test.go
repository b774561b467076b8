package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// longTale has two requests, so two cards, lines in both threads, letters and edits.
func longTale(t *testing.T) []workflows.Event {
	return released(t).
		say(owner, workflows.Denied{Request: "F-17.2", Reason: "Not yet."}).
		say(owner, workflows.Revoked{Reason: "The project has ended."}).
		say(machine, workflows.ClosedNow{Outcome: workflows.OutcomeRevoked}).events
}

// picture is what the requester and the approver see in the end, oldest first.
func (w *world) picture() []string {
	var out []string
	for _, user := range []string{"U0REQ", "U0APP"} {
		for _, c := range w.slack.Snapshot(user).Channels {
			names := map[string]string{} // of a card, whose time of posting differs from run to run
			for i, m := range c.Messages {
				names[m.TS] = fmt.Sprint("message ", i+1)
			}
			for _, m := range c.Messages {
				out = append(out, user+" in "+c.Name+", under "+names[m.ThreadTS]+": "+m.Text)
			}
		}
	}
	return out
}

// settled waits until the follower has told everything and drawn the cards as they
// are in the end, and returns the picture.
func (w *world) settled(events int) []string {
	w.t.Helper()
	f, err := w.store.Load(w.ctx, "F-17")
	if err != nil {
		w.t.Fatal(err)
	}
	history, _ := w.store.History(w.ctx, "F-17")
	w.until("everything", func() bool {
		if at, _ := w.store.Cursor(w.ctx, Follower); at != uint64(events) {
			return false
		}
		for _, r := range f.Requests {
			want := digest(card(f, r, w.bot.scene(f, history)))
			if drawn, _ := w.store.Note(w.ctx, Follower, drawnKey(r.ID)); drawn != string(want) {
				return false
			}
		}
		return true
	})
	return w.picture()
}

func calm(t *testing.T, events []workflows.Event) []string {
	t.Helper()
	w := newWorld(t)
	w.store.append("F-17", events...)
	out := w.settled(len(events))
	if len(out) < 12 {
		t.Fatalf("in calm weather there are %d messages:\n%s", len(out), strings.Join(out, "\n"))
	}
	return out
}

// TestDiesAtEveryMark kills the follower at every place where it notes how far it
// has come: before the post (nothing is lost), and between Slack's answer and the
// note (one message is repeated, once, and only the noted card is live).
func TestDiesAtEveryMark(t *testing.T) {
	events := longTale(t)
	want := calm(t, events)
	for k := 1; ; k++ {
		w := newWorld(t)
		w.stop()
		w.store.dieAt = k
		died := make(chan error, 1)
		b, err := New(w.o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(w.ctx)
		go func() { died <- b.Run(ctx) }()
		w.store.append("F-17", events...)
		over := false
		w.until("its death, or the end", func() bool {
			select {
			case err := <-died:
				if !errors.Is(err, errDied) {
					t.Fatalf("it ended with %v", err)
				}
				return true
			default:
			}
			at, _ := w.store.Cursor(w.ctx, Follower)
			over = at == uint64(len(events)) && w.store.marked() < k
			return over
		})
		if over {
			cancel()
			<-died
			if k < 10 {
				t.Fatalf("only %d marks were made", k-1)
			}
			return
		}
		cancel()
		w.begin()
		got := w.settled(len(events))
		w.stop()
		if again := surplus(t, want, got); len(again) > 2 { // the requester and the approver see the same one
			t.Errorf("killed at mark %d: repeated %q", k, again)
		}
	}
}

// surplus are the messages of got beyond want's. What want has must be there, in its
// order.
func surplus(t *testing.T, want, got []string) []string {
	t.Helper()
	plain := func(s string) string { // which message a thread is under moves with a repetition
		before, after, _ := strings.Cut(s, ", under ")
		_, text, _ := strings.Cut(after, ": ")
		return before + ": " + text
	}
	var again []string
	rest := slices.Clone(want)
	for _, g := range got {
		i := slices.IndexFunc(rest, func(w string) bool { return plain(w) == plain(g) })
		switch i {
		case 0:
			rest = rest[1:]
		default: // said before, or a card that a kill left behind
			again = append(again, g)
		}
	}
	if len(rest) > 0 {
		t.Errorf("missing, or not in order, from %q on; the picture is\n%s", rest[0], strings.Join(got, "\n"))
	}
	return again
}

// TestSlackIsAwayForTheWholeStory: nothing is lost and nothing repeated when it is
// back.
func TestSlackIsAwayForTheWholeStory(t *testing.T) {
	events := longTale(t)
	want := calm(t, events)
	w := newWorld(t)
	w.gate.Set(wire.Fault{Call: "slack:*", When: wire.Before, Kind: wire.Error})
	w.store.append("F-17", events...)
	w.until("some tries", func() bool { return w.gate.Calls()["slack:chat.postMessage"] > 3 })
	w.stop() // and fedbot restarts meanwhile
	w.begin()
	if got := w.picture(); len(got) != 0 {
		t.Fatalf("while Slack is away somebody sees %q", got)
	}
	w.gate.Set()
	if got := w.settled(len(events)); !slices.Equal(got, want) {
		t.Errorf("afterwards:\n%s\nand in calm weather:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestLimitedOnEveryCall: Slack answers 429 to the first try of every call. The
// picture in the end is the same, and nobody calls before the time that Slack gave.
func TestLimitedOnEveryCall(t *testing.T) {
	events := longTale(t)
	want := calm(t, events)
	w := newWorld(t)
	w.stop()
	var mu sync.Mutex
	refused := map[string]bool{}    // bodies that were refused once
	until := map[string]time.Time{} // by method: when it may be called again
	early, limited := []string{}, 0
	proxy := limits429(t, w.slack, func(method, body string) (wait int, no bool) {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(until[method]) {
			early = append(early, method)
		}
		if refused[method+body] {
			return 0, false
		}
		refused[method+body] = true
		limited++
		if _, waited := until[method]; !waited { // once a method: the test should not take all day
			until[method] = time.Now().Add(time.Second)
			return 1, true
		}
		return 0, true
	})
	w.o.Slack = slack.New("xoxb-bot", slack.OptionAPIURL(proxy+"/api/"))
	w.begin()
	w.store.append("F-17", events...)
	got := w.settled(len(events))
	w.stop()
	if !slices.Equal(got, want) {
		t.Errorf("in the end:\n%s\nand in calm weather:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(early) > 0 || limited < 10 || len(until) < 2 {
		t.Errorf("%d calls were limited, of methods %v; called before their time: %v", limited, until, early)
	}
}

// limits429 stands before Slack and refuses calls as Slack does.
func limits429(t *testing.T, s *emulator.Server, meets func(method, body string) (seconds int, no bool)) string {
	t.Helper()
	inner := httptest.NewServer(s)
	to, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readAgain(r)
		if err != nil {
			http.Error(w, "unread", http.StatusInternalServerError)
			return
		}
		if wait, no := meets(r.URL.Path, body); no {
			w.Header().Set("Retry-After", fmt.Sprint(wait))
			http.Error(w, `{"ok":false,"error":"ratelimited"}`, http.StatusTooManyRequests)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { outer.Close(); inner.Close() })
	return outer.URL
}

func readAgain(r *http.Request) (string, error) {
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(raw)))
	return string(raw), err
}
