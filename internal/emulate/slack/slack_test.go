package slack

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/slack-go/slack"

	"fedbot/internal/emulate/wire"
)

// world is a workspace on loopback with an app that the test scripts.
type world struct {
	t      *testing.T
	s      *Server
	clock  *wire.Clock
	gate   *wire.Gate
	bot    *client.Client
	eyes   *client.Client
	base   string
	app    *app
	closed func()
}

// app is what receives deliveries: it verifies each and answers as it was told.
type app struct {
	mu           sync.Mutex
	clock        *wire.Clock
	commands     []client.SlashCommand
	interactions []client.InteractionCallback
	payloads     []map[string]any
	events       []http.Header
	eventBodies  []map[string]any
	onCommand    func(client.SlashCommand) (int, string)
	onInteract   func(client.InteractionCallback) (int, string)
	onEvent      func(n int) (int, http.Header)
}

const secretOfApp = "a signing secret"

var seed = Seed{
	Team: Team{ID: "T0001", Name: "Contoso", Domain: "contoso"},
	People: []Person{
		{ID: "U0REQ", Name: "requester", RealName: "Requester", Email: "requester@contoso.example", TZ: "Europe/Berlin"},
		{ID: "U0APP", Name: "approver", RealName: "Approver", Email: "approver@contoso.example"},
		{ID: "U0GUEST", Name: "guest", Guest: true}, {ID: "U0ULTRA", Name: "ultra", UltraGuest: true},
		{ID: "U0GONE", Name: "gone", Deactivated: true}, {ID: "U0BOT", Name: "other bot", Bot: true},
		{ID: "U0FAR", Name: "far", Team: "T0002"}, {ID: "U0HIDDEN", Name: "hidden", Team: "T0003", Hidden: true},
	},
	Groups: []Group{{ID: "S0001", Handle: "shop-approvers", Name: "Shop approvers", Members: []string{"U0APP", "U0GONE"}}},
	Channels: []Channel{
		{ID: "C0001", Name: "shop-approvals", Bot: true, External: true, Members: []string{"U0REQ", "U0APP", "U0GUEST", "U0FAR", "U0BOT"}},
		{ID: "C0002", Name: "random", Members: []string{"U0REQ"}},
		{ID: "G0003", Name: "secret", Private: true, Members: []string{"U0APP"}},
		{ID: "G0004", Name: "owners", Private: true, Bot: true, Members: []string{"U0APP"}},
		{ID: "C0005", Name: "old", Bot: true, Archived: true},
	},
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	base := time.Date(2026, 11, 24, 9, 20, 0, 0, time.UTC)
	clock := wire.NewClock(func() time.Time { return base }, 0)
	w := &world{t: t, clock: clock, gate: &wire.Gate{}, app: &app{clock: clock}}
	there := httptest.NewServer(w.app)
	t.Cleanup(there.Close)
	here := httptest.NewUnstartedServer(nil)
	address := "http://" + here.Listener.Addr().String() // known before anybody can ask for it
	at := func(path string) func() string { return func() string { return there.URL + path } }
	o := Options{
		Gate: w.gate, Now: clock.Now, BaseURL: func() string { return address }, Seed: seed, NoRateLimit: true,
		Deadline: 2 * time.Second, EventRetries: []time.Duration{0, 0, 0},
		App: App{
			CommandsURL: at("/commands"), InteractionsURL: at("/interactions"), EventsURL: at("/events"),
			SigningSecret: secretOfApp, BotToken: "xoxb-bot", ObserverToken: "xoxp-eyes", AppToken: "xapp-app",
		},
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	here.Config.Handler = s
	here.Start()
	w.closed = func() { here.Close(); s.Close() }
	t.Cleanup(func() {
		for _, slip := range s.refusals.slips {
			t.Errorf("not in Slack's documentation: %s", slip)
		}
	})
	t.Cleanup(w.closed)
	w.s, w.base = s, address
	w.bot = client.New("xoxb-bot", client.OptionAPIURL(here.URL+"/api/"))
	w.eyes = client.New("xoxp-eyes", client.OptionAPIURL(here.URL+"/api/"))
	return w
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	// The library compares with the machine's clock, so only the signature is
	// checked with it, on a timestamp that the test's clock has signed.
	if got, want := r.Header.Get("X-Slack-Signature"), sign(secretOfApp, r.Header.Get("X-Slack-Request-Timestamp"), raw); got != want {
		http.Error(w, "bad signature", http.StatusUnauthorized)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(raw)))
	status, body := http.StatusOK, ""
	a.mu.Lock()
	switch r.URL.Path {
	case "/commands":
		c, err := client.SlashCommandParse(r)
		if err != nil {
			status = http.StatusBadRequest
		}
		a.commands = append(a.commands, c)
		do := a.onCommand
		a.mu.Unlock()
		if do != nil {
			status, body = do(c)
		}
	case "/interactions":
		c, err := client.InteractionCallbackParse(r)
		if err != nil {
			status = http.StatusBadRequest
		}
		var p map[string]any
		_ = json.Unmarshal([]byte(r.PostForm.Get("payload")), &p)
		a.interactions, a.payloads = append(a.interactions, c), append(a.payloads, p)
		do := a.onInteract
		a.mu.Unlock()
		if do != nil {
			status, body = do(c)
		}
	default:
		var p map[string]any
		_ = json.Unmarshal(raw, &p)
		a.events, a.eventBodies = append(a.events, r.Header), append(a.eventBodies, p)
		n, do := len(a.events), a.onEvent
		a.mu.Unlock()
		if c, ok := p["challenge"].(string); ok {
			body = c
		} else if do != nil {
			var h http.Header
			status, h = do(n)
			for k, v := range h {
				w.Header()[k] = v
			}
		}
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// code is Slack's short name of an error that the client returned.
func code(err error) string {
	var e client.SlackErrorResponse
	if errors.As(err, &e) {
		return e.Err
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (w *world) post(channel string, options ...client.MsgOption) string {
	w.t.Helper()
	_, ts, err := w.bot.PostMessage(channel, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	return ts
}

func plainText(s string) *client.TextBlockObject {
	return client.NewTextBlockObject(client.PlainTextType, s, false, false)
}

func mrkdwn(s string) *client.TextBlockObject {
	return client.NewTextBlockObject(client.MarkdownType, s, false, false)
}

func sectionOf(s string) *client.SectionBlock { return client.NewSectionBlock(mrkdwn(s), nil, nil) }

func button(action, value, label string) *client.ButtonBlockElement {
	return client.NewButtonBlockElement(action, value, plainText(label))
}

func journal(t *testing.T, dir string) *wire.Journal {
	return must[*wire.Journal](t)(wire.OpenJournal(filepath.Join(dir, "slack.journal")))
}

func fault(call, when, kind string) wire.Fault {
	return wire.Fault{Call: call, When: when, Kind: kind, Times: 1}
}
