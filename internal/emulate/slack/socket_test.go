package slack

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	client "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func TestOpeningASocket(t *testing.T) {
	w := newWorld(t, func(o *Options) { overSockets(o); o.PingInterval = 5 * time.Millisecond })
	for token, want := range map[string]string{"xoxb-bot": "not_allowed_token_type", "xoxp-eyes": "not_allowed_token_type", "": "not_authed", "x": "invalid_auth"} {
		if got := postJSON(t, w, "apps.connections.open", token, `{}`)["error"]; got != want {
			t.Errorf("token %q: %v, want %s", token, got, want)
		}
	}
	if got := postJSON(t, w, "auth.test", "xapp-app", `{}`)["error"]; got != "not_allowed_token_type" {
		t.Errorf("auth.test with the app's token: %v", got)
	}
	address := w.openURL()
	a, b := w.dial(""), w.dial("&debug_reconnects=true")
	for n, l := range []*line{a, b} {
		f := l.next()
		if f.Type != "hello" || f.Connections != n+1 || f.Info.App != "A0FEDBOT01" || f.Debug.Time != []int{3600, 360}[n] {
			t.Errorf("hello = %+v", f)
		}
	}
	go a.over()
	<-a.pings
	if conn, _, err := websocket.DefaultDialer.Dial(address, nil); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	for name, at := range map[string]string{"a used ticket": address, "no ticket": strings.Split(address, "?")[0], "an old ticket": func() string {
		old := w.openURL()
		w.clock.Advance(ticketAge + time.Second)
		return old
	}()} {
		_, r, err := websocket.DefaultDialer.Dial(at, nil)
		if err == nil || r == nil || r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func postJSON(t *testing.T, w *world, method, token, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base+"/api/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	decodeBody(t, res, &out)
	return out
}

// A command goes to exactly one socket, and what is acknowledged with is its answer.
func TestEnvelopesGoToOneSocketInTurn(t *testing.T) {
	w := newWorld(t, overSockets)
	lines := []*line{w.dial(""), w.dial("")}
	var mu sync.Mutex
	got := map[int][]frame{}
	var readers sync.WaitGroup
	for n, l := range lines {
		l.next()
		readers.Go(func() {
			for {
				var f frame
				if l.conn.ReadJSON(&f) != nil {
					return
				}
				mu.Lock()
				got[n] = append(got[n], f)
				mu.Unlock()
				l.ack(f, `,"payload":{"text":"heard"}`)
			}
		})
	}
	for range 4 {
		if r, err := w.s.Command(t.Context(), "U0REQ", "C0001", "list"); err != nil || r.Text != "heard" || r.Type != "ephemeral" {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	w.s.Close()
	readers.Wait()
	if len(got[0]) != 2 || len(got[1]) != 2 {
		t.Errorf("%d and %d envelopes, want two each", len(got[0]), len(got[1]))
	}
	var c map[string]string
	f := got[0][0]
	if err := json.Unmarshal(f.Payload, &c); err != nil || f.Type != "slash_commands" || !f.Answers || c["command"] != "/federate" || c["text"] != "list" ||
		c["user_id"] != "U0REQ" || c["response_url"] == "" || c["trigger_id"] == "" {
		t.Errorf("envelope = %+v, %v", f, err)
	}
}

func TestAcknowledgements(t *testing.T) {
	const nobodyAnswers, somebodyDoes = 60 * time.Millisecond, 30 * time.Second
	w := newWorld(t, func(o *Options) { overSockets(o); o.Deadline = nobodyAnswers })
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); !errors.Is(err, ErrDispatchFailed) {
		t.Errorf("without a socket: %v", err)
	}
	l := w.dial("")
	l.next()
	command := func(answer func(frame)) (Reply, error) {
		done := make(chan struct{})
		go func() { defer close(done); answer(l.next()) }()
		r, err := w.s.Command(t.Context(), "U0REQ", "C0001", "")
		<-done
		return r, err
	}
	if _, err := command(func(frame) {}); !errors.Is(err, ErrOperationTimeout) {
		t.Errorf("no acknowledgement: %v", err)
	}
	large := `,"payload":{"text":"` + strings.Repeat("x", mostAck) + `"}`
	if _, err := command(func(f frame) { l.ack(f, large) }); !errors.Is(err, ErrOperationTimeout) {
		t.Errorf("an acknowledgement of more than 20 KiB: %v", err)
	}
	if _, err := command(func(f frame) { f.ID = "another"; l.ack(f, "") }); !errors.Is(err, ErrOperationTimeout) {
		t.Errorf("the acknowledgement of something else: %v", err)
	}
	w = newWorld(t, func(o *Options) { overSockets(o); o.Deadline = somebodyDoes })
	l = w.dial("")
	l.next()
	if r, err := command(func(f frame) { l.ack(f, `,"payload":{}`) }); err != nil || r.Text != "" {
		t.Errorf("an empty one: %+v, %v", r, err)
	}
	other := w.dial("")
	other.next()
	go func() { f := l.next(); other.ack(f, "") }() // clients answer over the socket that they have by then
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); err != nil {
		t.Errorf("over another socket: %v", err)
	}
}

func TestTheEleventhSocketIsSentAway(t *testing.T) {
	w := newWorld(t, overSockets)
	for range mostSockets {
		w.dial("").next()
	}
	l := w.dial("")
	if f := l.next(); f.Type != "disconnect" || f.Reason != "too_many_websockets" || !l.over() {
		t.Errorf("%+v", f)
	}
	if n := w.s.Connections(); n != mostSockets {
		t.Errorf("%d are open", n)
	}
}

// Slack warns ten seconds ahead and goes on delivering until then.
func TestRefreshComesWithAWarning(t *testing.T) {
	w := newWorld(t, func(o *Options) { overSockets(o); o.SocketLife = time.Minute })
	l := w.dial("")
	l.next()
	w.clock.Advance(49 * time.Second)
	time.Sleep(3 * beat) // nothing is due; a warning now would be the next frame below
	w.clock.Advance(time.Second)
	if f := l.next(); f.Type != "disconnect" || f.Reason != ReasonWarning {
		t.Fatalf("%+v", f)
	}
	go func() { f := l.next(); l.ack(f, `,"payload":{"text":"still here"}`) }()
	if r, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); err != nil || r.Text != "still here" {
		t.Errorf("after the warning: %+v, %v", r, err)
	}
	w.clock.Advance(warnAhead)
	if f := l.next(); f.Reason != ReasonRefresh || !l.over() {
		t.Errorf("%+v", f)
	}
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); !errors.Is(err, errNoSocket) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSwitchingSocketModeOff(t *testing.T) {
	w := newWorld(t, overSockets)
	l := w.dial("")
	l.next()
	w.s.UseSockets(false)
	if f := l.next(); f.Reason != ReasonDisabled || !l.over() {
		t.Errorf("%+v", f)
	}
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); err != nil || len(w.app.commands) != 1 {
		t.Errorf("over HTTP: %v, %d", err, len(w.app.commands))
	}
	if l = w.dial(""); l.next().Reason != ReasonDisabled {
		t.Error("a new socket was welcome")
	}
	w.s.UseSockets(true)
	l = w.dial("")
	l.next()
	if w.s.Disconnect(ReasonCut); !l.over() {
		t.Error("the connection was not cut")
	}
}

// An event that nobody acknowledges comes again; what people did does not.
func TestEventsOverSocketsAreRetried(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		overSockets(o)
		o.Deadline = 50 * time.Millisecond
		o.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	})
	l := w.dial("")
	l.next()
	if err := w.s.OpenHome(t.Context(), "U0REQ"); !errors.Is(err, ErrOperationTimeout) {
		t.Errorf("nobody acknowledged: %v", err)
	}
	first := l.next()
	for n := 1; n < 3; n++ {
		if f := w.later(l, time.Minute); f.Attempt != n {
			t.Errorf("attempt %d of %d", f.Attempt, n)
		}
	}
	last := w.later(l, time.Minute)
	if last.Type != "events_api" || last.Attempt != 3 || last.Why != "timeout" || last.Answers || last.ID == first.ID {
		t.Errorf("%+v", last)
	}
	var a, b struct {
		ID string `json:"event_id"`
	}
	if json.Unmarshal(first.Payload, &a) != nil || json.Unmarshal(last.Payload, &b) != nil || a.ID == "" || a.ID != b.ID {
		t.Errorf("event ids %q and %q", a.ID, b.ID)
	}
	l.ack(last, "")
	ts := postCard(w)
	go func() {
		if err := w.s.Press(t.Context(), "U0APP", "C0001", ts, "decide", "request_approve", ""); !errors.Is(err, ErrOperationTimeout) {
			t.Errorf("a press without an acknowledgement: %v", err)
		}
		_, _ = w.s.Command(t.Context(), "U0REQ", "C0001", "after")
	}()
	if f := l.next(); f.Type != "interactive" || f.Answers || f.Attempt != 0 {
		t.Errorf("%+v", f)
	}
	if f := l.next(); f.Type != "slash_commands" { // and no second press
		t.Errorf("%+v", f)
	}
}

func TestAPendingEventOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir)
	w := newWorld(t, func(o *Options) { overSockets(o); o.Journal = j; o.EventRetries = []time.Duration{time.Minute} })
	if err := w.s.OpenHome(t.Context(), "U0REQ"); err == nil {
		t.Fatal("nobody listened, and it arrived")
	}
	w.closed()
	_ = j.Close()
	w = newWorld(t, func(o *Options) {
		overSockets(o)
		o.Journal = journal(t, dir)
		o.EventRetries = []time.Duration{time.Minute}
	})
	l := w.dial("")
	l.next()
	f := w.later(l, time.Minute)
	if f.Attempt != 1 || f.Why != "connection_failed" {
		t.Errorf("%+v", f)
	}
	l.ack(f, "")
	for w.s.events.Len() != 0 {
		time.Sleep(time.Millisecond)
	}
}

// Slack-go's client drops its socket at a warning and loses what was under way: that
// is why it has to be told here as there.
func TestSlackGoOverASocket(t *testing.T) {
	w := newWorld(t, overSockets)
	api := client.New("xoxb-bot", client.OptionAppLevelToken("xapp-app"), client.OptionAPIURL(w.base+"/api/"))
	c := socketmode.New(api)
	ctx := t.Context()
	connected := make(chan struct{}, 10)
	go func() {
		for e := range c.Events {
			switch d := e.Data.(type) {
			case client.SlashCommand:
				_, err := api.OpenView(d.TriggerID, modal("Ask", inputBlock("why", "text")))
				_ = c.Ack(*e.Request, map[string]string{"text": "opened " + code(err)})
			case client.InteractionCallback:
				switch d.Type {
				case client.InteractionTypeViewSubmission:
					_ = c.Ack(*e.Request, client.NewErrorsViewSubmissionResponse(map[string]string{"why": "Say more."}))
				default:
					_ = c.Ack(*e.Request)
				}
			}
			if e.Type == socketmode.EventTypeHello {
				connected <- struct{}{}
			}
		}
	}()
	go func() { _ = c.RunContext(ctx) }()
	<-connected
	if r, err := w.s.Command(ctx, "U0REQ", "C0001", "request"); err != nil || r.Text != "opened " {
		t.Fatalf("%+v, %v", r, err)
	}
	view := w.s.top("U0REQ")
	r, err := w.s.Submit(ctx, "U0REQ", view.ID, map[string]map[string]Value{"why": {"text": "because"}})
	if err != nil || r.Errors["why"] != "Say more." {
		t.Errorf("%+v, %v", r, err)
	}
	w.s.Disconnect(ReasonWarning)
	<-connected // at once, without waiting for the end
}

// What can happen to a delivery on its way happens over sockets as over HTTP.
func TestDeliveriesGoWrongOverSockets(t *testing.T) {
	w := newWorld(t, func(o *Options) { overSockets(o); o.Deadline = time.Second })
	l := w.dial("")
	l.next()
	frames := make(chan frame, 10)
	go func() {
		for {
			var f frame
			if l.conn.ReadJSON(&f) != nil {
				return
			}
			frames <- f
			l.ack(f, "")
		}
	}()
	command := func(text string) error { _, err := w.s.Command(t.Context(), "U0REQ", "C0001", text); return err }
	w.gate.Set(fault("deliver/command", "before", "duplicate"))
	if err := command("twice"); err != nil {
		t.Error(err)
	}
	a, b := <-frames, <-frames
	if a.ID == b.ID || string(a.Payload) != string(b.Payload) {
		t.Errorf("a duplicate: %s and %s", a.Payload, b.Payload)
	}
	w.gate.Set(fault("deliver/command", "after", "hang"))
	if err := command("unheard"); !errors.Is(err, ErrOperationTimeout) {
		t.Errorf("an acknowledgement that is lost: %v", err)
	}
	<-frames
	w.gate.Set(fault("deliver/event", "after", "reset"))
	if err := w.s.OpenHome(t.Context(), "U0REQ"); err == nil {
		t.Error("a lost acknowledgement of an event went unnoticed")
	}
	if a, b := <-frames, <-frames; a.Attempt != 0 || b.Attempt != 1 {
		t.Errorf("attempts %d and %d", a.Attempt, b.Attempt)
	}
}
