package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

const secret = "a signing secret"

// world is a bot in a workspace on loopback.
type world struct {
	t     *testing.T
	slack *emulator.Server
	gate  *wire.Gate
	store *memory
	desk  *clerk
	http  *httptest.Server
	bot   *Bot
	o     Options
	ctx   context.Context
	stop  func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, gate: &wire.Gate{}, store: newMemory(), desk: newClerk(), ctx: t.Context()}
	var api *httptest.Server
	w.http = httptest.NewServer(nil)
	at := func(path string) func() string { return func() string { return w.http.URL + path } }
	now := func() time.Time { return start }
	s, err := emulator.New(emulator.Options{
		Gate: w.gate, Now: now, BaseURL: func() string { return api.URL }, NoRateLimit: true, Deadline: 3 * time.Second,
		App: emulator.App{CommandsURL: at("/slack/commands"), InteractionsURL: at("/slack/interactions"), EventsURL: at("/slack/events"),
			SigningSecret: secret, BotToken: "xoxb-bot", ObserverToken: "xoxp-eyes", AppToken: "xapp-app"},
		Seed: emulator.Seed{Team: emulator.Team{ID: "T0001", Name: "Contoso", Domain: "contoso"},
			People: []emulator.Person{{ID: "U0REQ", Name: "requester"}, {ID: "U0APP", Name: "approver"}, {ID: "U0OUT", Name: "outsider"}, {ID: "U0FAR", Name: "far", Team: "T0002"}},
			Groups: []emulator.Group{{ID: "S0001", Handle: "shop-approvers", Name: "Shop approvers", Members: []string{"U0APP"}}},
			Channels: append(otherChannels, []emulator.Channel{{ID: "C0001", Name: "shop-approvals", Bot: true, External: true, Members: []string{"U0REQ", "U0APP", "U0OUT", "U0FAR"}},
				{ID: "C0002", Name: "other", Members: []string{"U0REQ"}},
				{ID: "C0003", Name: "own", Members: []string{"U0REQ", "U0APP", "U0OUT"}, Bot: true}}...)},
	})
	if err != nil {
		t.Fatal(err)
	}
	api = httptest.NewServer(s)
	w.slack = s
	w.o = Options{
		Slack: slack.New("xoxb-bot", slack.OptionAPIURL(api.URL+"/api/"), slack.OptionAppLevelToken("xapp-app")), SigningSecret: secret, Team: "T0001",
		Channel: func(workflows.Proposal) string { return "C0001" }, Mention: func(string) string { return "<!subteam^S0001>" },
		Now: now, Log: slog.New(slog.DiscardHandler), Desk: w.desk, Histories: w.store, Feed: w.store, Inbox: w.store,
		Places: catalogue{projects: []Project{{"contoso", "Web Shop"}, {"contoso", "Data Lake"}}},
		Edits:  5 * time.Millisecond, Backoff: time.Millisecond,
	}
	for _, user := range []string{"U0REQ", "U0APP"} {
		w.desk.roles[user] = workflows.Roles{Requester: true}
	}
	w.begin()
	t.Cleanup(func() { w.stop(); w.http.Close(); api.Close(); s.Close() })
	return w
}

// begin starts a bot on the store as it is.
func (w *world) begin() {
	b, err := New(w.o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.bot, w.http.Config.Handler = b, b.Handler()
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("run: %v", err)
		}
		w.stop = func() {}
	}
}

// until waits for something to be seen by somebody.
func (w *world) until(what string, seen func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if seen() {
			return
		}
	}
	w.t.Fatalf("never seen: %s\n%s", what, w.everything())
}

func (w *world) everything() string {
	var b strings.Builder
	for _, user := range []string{"U0REQ", "U0APP"} {
		for _, p := range w.posts(user) {
			b.WriteString(user + " sees: " + p.Text + "\n")
		}
		raw, _ := json.Marshal(w.slack.Snapshot(user).Modals)
		b.WriteString(user + " has open: " + string(raw) + "\n")
	}
	return b.String()
}

func (w *world) posts(user string) []emulator.Post {
	var out []emulator.Post
	for _, c := range w.slack.Snapshot(user).Channels {
		out = append(out, c.Messages...)
	}
	return out
}

// post finds what a person sees that holds some words.
func (w *world) post(user, words string) (emulator.Post, bool) {
	for _, p := range w.posts(user) {
		if strings.Contains(p.Text, words) {
			return p, true
		}
	}
	return emulator.Post{}, false
}

func (w *world) sees(user, words string) emulator.Post {
	w.t.Helper()
	w.until(user+" sees "+words, func() bool { _, ok := w.post(user, words); return ok })
	p, _ := w.post(user, words)
	return p
}

func (w *world) modal(user, title string) emulator.AppView {
	w.t.Helper()
	var found emulator.AppView
	w.until(user+" has the modal "+title, func() bool {
		for _, v := range w.slack.Snapshot(user).Modals {
			if strings.Contains(v.Title+string(v.Blocks), title) {
				found = v
				return true
			}
		}
		return false
	})
	return found
}

func (w *world) decided(verb string) {
	w.t.Helper()
	select {
	case got := <-w.desk.decided:
		if got != verb {
			w.t.Fatalf("the desk was asked to %s, not to %s", got, verb)
		}
	case <-time.After(5 * time.Second):
		w.t.Fatalf("the desk was never asked to %s\n%s", verb, w.everything())
	}
}

// press presses the button with an action on a post.
func (w *world) press(user string, p emulator.Post, action string) {
	w.t.Helper()
	var blocks []struct {
		ID       string `json:"block_id"`
		Elements []struct {
			Action string `json:"action_id"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(p.Blocks, &blocks); err != nil {
		w.t.Fatal(err)
	}
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Action != action {
				continue
			}
			if err := w.slack.Press(w.ctx, user, w.channel(user, p), p.TS, b.ID, action, ""); err != nil {
				w.t.Fatal(err)
			}
			return
		}
	}
	w.t.Fatalf("no button %s on %s", action, p.Text)
}

func (w *world) channel(user string, p emulator.Post) string {
	for _, c := range w.slack.Snapshot(user).Channels {
		for _, m := range c.Messages {
			if m.TS == p.TS && m.Text == p.Text {
				return c.ID
			}
		}
	}
	return ""
}

func (w *world) command(user, text string) emulator.Reply {
	w.t.Helper()
	r, err := w.slack.Command(w.ctx, user, "C0003", text)
	if err != nil {
		w.t.Fatalf("/federate %s: %v", text, err)
	}
	return r
}

func (w *world) submit(user string, v emulator.AppView, state map[string]map[string]emulator.Value) emulator.SubmitResult {
	w.t.Helper()
	r, err := w.slack.Submit(w.ctx, user, v.ID, state)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
