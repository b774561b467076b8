package bot

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
)

// overSockets is a world in which Slack is heard over two sockets.
func overSockets(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.stop()
	w.slack.UseSockets(true)
	w.o.Sockets, w.o.SigningSecret = 2, ""
	w.begin()
	w.connected(2)
	return w
}

func (w *world) connected(n int) {
	w.t.Helper()
	w.until(fmt.Sprint(n, " sockets"), func() bool { return w.slack.Connections() == n })
}

func (w *world) helps() error {
	r, err := w.slack.Command(w.ctx, "U0REQ", "C0003", "revoke F-17 --reason x")
	if err == nil && r.Text != "" {
		err = fmt.Errorf("answered %q", r.Text)
	}
	return err
}

func TestCommandsComeOverSockets(t *testing.T) {
	w := overSockets(t)
	if err := w.helps(); err != nil {
		t.Fatal(err)
	}
	w.decided("revoke")
	w.emptied()
	if r, err := w.slack.Command(w.ctx, "U0REQ", "C0003", "request"); err != nil || r.Text != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	w.modal("U0REQ", "Ask for a federation")
	if err := w.slack.OpenHome(w.ctx, "U0REQ"); err != nil {
		t.Error(err)
	}
	w.until("a home tab", func() bool { _, ok := w.slack.Home("U0REQ"); return ok })
}

// A socket that Slack is about to close is read to its end, and its successor is open
// before: of what comes during a refresh nothing is lost, and nothing is done twice.
func TestARefreshLosesAndDoublesNothing(t *testing.T) {
	w := overSockets(t)
	w.slack.Disconnect(emulator.ReasonWarning)
	w.connected(4) // both, and both successors
	const n = 24
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if i == n/2 {
				w.slack.Disconnect(emulator.ReasonWarning)
			}
			if err := w.helps(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.until("every command decided", func() bool { return w.desk.count("revoke") == n })
	w.emptied()
	if got := w.desk.count("revoke"); got != n {
		t.Errorf("%d commands, decided %d times", n, got)
	}
}

func TestSocketsComeBack(t *testing.T) {
	w := overSockets(t)
	for _, reason := range []string{emulator.ReasonRefresh, emulator.ReasonCut, emulator.ReasonTooMany} {
		w.slack.Disconnect(reason)
		w.connected(2)
		if err := w.helps(); err != nil {
			t.Errorf("after %s: %v", reason, err)
		}
	}
	w.slack.UseSockets(false)
	w.connected(0)
	w.until("nothing reaches the bot", func() bool { return !w.bot.Reachable() })
	w.slack.UseSockets(true)
	w.connected(2)
	if err := w.helps(); err != nil {
		t.Errorf("after Socket Mode was off: %v", err)
	}
}

// What Slack tells twice is decided once, over whichever sockets it comes.
func TestADoubledEnvelopeIsDecidedOnce(t *testing.T) {
	w := overSockets(t)
	w.gate.Set(wire.Fault{Call: "deliver/command", When: "before", Kind: "duplicate"})
	for range 5 {
		if err := w.helps(); err != nil {
			t.Fatal(err)
		}
	}
	w.until("five decisions", func() bool { return w.desk.count("revoke") >= 5 })
	w.emptied()
	if got := w.desk.count("revoke"); got != 5 {
		t.Errorf("decided %d times, want 5", got)
	}
}

// What was acknowledged before the end of a process is decided by the next.
func TestTheEndOfAProcessKeepsWhatWasAcknowledged(t *testing.T) {
	w := overSockets(t)
	var all sync.WaitGroup
	taken := 0
	var mu sync.Mutex
	for range 20 {
		all.Go(func() {
			if w.helps() == nil {
				mu.Lock()
				taken++
				mu.Unlock()
			}
		})
	}
	w.until("a first decision", func() bool { return w.desk.count("revoke") > 0 })
	w.stop()
	all.Wait()
	w.connected(0)
	w.begin()
	w.until("every acknowledged command decided", func() bool { return w.desk.count("revoke") >= taken })
	w.emptied()
}

func TestSocketsAreOnlyOpenedPrivately(t *testing.T) {
	for address, ok := range map[string]bool{
		"wss://wss-primary.slack.com/link/?ticket=x": true, "ws://127.0.0.1:7072/link/?ticket=x": true, "ws://[::1]:7072/link/": true,
		"ws://wss-primary.slack.com/link/?ticket=x": false, "ws://localhost.example/": false, "https://slack.com/": false, "": false, ":": false,
	} {
		if err := private(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "ticket") {
			t.Errorf("the ticket is told: %v", err)
		}
	}
}

// Without a secret nobody can sign, so whatever comes over HTTP is forged.
func TestSocketsAloneLeaveTheDoorShut(t *testing.T) {
	w := overSockets(t)
	body := aCommand("1", "revoke F-17 --reason x")
	if status, _ := w.knock("/slack/commands", sign("", start, body), body); status != http.StatusUnauthorized {
		t.Errorf("signed with nothing: status %d", status)
	}
	o := w.o
	o.Sockets = 0
	if _, err := New(o); err == nil {
		t.Error("a bot with neither a signing secret nor sockets")
	}
}

// A token that Slack refuses is tried again, later each time, and said in the log.
func TestARefusedTokenIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.stop()
	w.slack.UseSockets(true)
	if err := w.slack.Refuse("apps.connections.open", "token_revoked", 3); err != nil {
		t.Fatal(err)
	}
	w.o.Sockets = 1
	w.begin()
	w.connected(1)
	if err := w.slack.Refuse("apps.connections.open", "ratelimited", 1); err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	go func() { w.slack.Disconnect(emulator.ReasonRefresh); close(began) }()
	<-began
	w.connected(1)
}

func FuzzSocketCommand(f *testing.F) {
	f.Add([]byte(`{"team_id":"T1","user_id":"U1","trigger_id":"1.2","text":"list"}`))
	f.Add([]byte(`{"team_id":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if p, err := parseCommand(payload); err == nil && (!plainID(p.Team) || !plainID(p.User) || p.Key == "command/") {
			t.Errorf("%q became %+v", payload, p)
		}
	})
}
