package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// Over Socket Mode fedbot needs no address that Slack can reach: it opens sockets and
// is told over them. slack-go's own client leaves its socket at Slack's warning and
// loses what comes meanwhile; here a warned socket is read until Slack closes it,
// while its successor is open already, and there are several, so that one that dies
// takes nothing with it. What comes is taken in like what comes over HTTP.
const (
	silence    = 30 * time.Second // Slack pings every few seconds: a socket that says nothing for so long is dead
	lingering  = 30 * time.Second // how long a socket is read after the warning; Slack gives it ten seconds
	longest    = time.Minute      // between two tries to open a socket
	mostAnswer = 20 << 10         // bytes; Slack drops a larger acknowledgement without a word
	mostAtOnce = 64               // envelopes of one socket that are taken in at the same time
)

// line is one open socket.
type line struct {
	conn    *websocket.Conn
	writing sync.Mutex
	busy    sync.WaitGroup // envelopes that are being taken in
}

// listen holds the sockets open until ctx ends.
func (b *Bot) listen(ctx context.Context) error {
	var all sync.WaitGroup
	for range b.o.Sockets {
		all.Go(func() { b.lane(ctx, &all) })
	}
	all.Wait()
	return nil
}

// lane holds one socket after the other. A successor is opened as soon as Slack warns;
// after a failure it waits, longer each time.
func (b *Bot) lane(ctx context.Context, all *sync.WaitGroup) {
	pause := b.o.Backoff
	for ctx.Err() == nil {
		welcome, err := b.hold(ctx, all)
		if ctx.Err() != nil {
			return
		}
		if welcome {
			pause = b.o.Backoff
		}
		wait := time.Duration(0)
		var limited *slack.RateLimitedError
		switch {
		case errors.As(err, &limited):
			wait = limited.RetryAfter
		case err != nil:
			wait, pause = pause, min(2*pause, longest)
		}
		if err != nil {
			b.o.Log.Warn("slack socket lost", "error", err, "again_in", wait)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// hold opens a socket and returns when another one is to be opened: without an error
// when Slack asked for it. welcome says that Slack said hello.
func (b *Bot) hold(ctx context.Context, all *sync.WaitGroup) (welcome bool, err error) {
	l, err := b.dial(ctx)
	if err != nil {
		return false, err
	}
	said := make(chan envelope, 2) // hello, and what ends it
	all.Go(func() { b.hear(ctx, l, said) })
	for e := range said {
		switch {
		case e.Type == "hello":
			welcome = true
			b.o.Log.Info("slack socket open", "sockets", e.Connections)
		case e.Reason == "warning", e.Reason == "refresh_requested":
			return welcome, nil
		case e.Type == "disconnect":
			return welcome, fmt.Errorf("slack closed the socket: %s", e.Reason)
		}
	}
	return welcome, errors.New("the socket is gone")
}

// dial opens a socket. Slack gives its address, with a ticket for one use.
func (b *Bot) dial(ctx context.Context) (*line, error) {
	opening, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, address, err := b.o.Slack.StartSocketModeContext(opening)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	if err := private(address); err != nil {
		return nil, err
	}
	d := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 10 * time.Second}
	conn, _, err := d.DialContext(opening, address, nil)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	conn.SetReadLimit(maxBody)
	return &line{conn: conn}, nil
}

// private refuses a socket that others could read: only loopback may be in the clear.
func private(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("open socket: Slack gave an address that cannot be read")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "wss" || u.Scheme == "ws" && ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("open socket: %s is not wss", u.Scheme)
}

// envelope is one message from Slack.
type envelope struct {
	Type        string          `json:"type"`
	Reason      string          `json:"reason"`
	Connections int             `json:"num_connections"`
	ID          string          `json:"envelope_id"`
	Payload     json.RawMessage `json:"payload"`
	Answers     bool            `json:"accepts_response_payload"`
	Attempt     int             `json:"retry_attempt"`
}

// hear reads a socket until it is closed, and tells lane of hello and of the first
// word of an end. When ctx ends it takes nothing more in, finishes what it has, and
// closes.
func (b *Bot) hear(ctx context.Context, l *line, said chan<- envelope) {
	defer func() {
		l.busy.Wait() // acknowledgements go out first
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = l.conn.WriteControl(websocket.CloseMessage, bye, time.Time{})
		_ = l.conn.Close()
	}()
	defer close(said)
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) }) // the past: reading ends now
	defer stop()
	dead := time.AfterFunc(silence, func() { _ = l.conn.Close() })
	defer dead.Stop()
	l.conn.SetPingHandler(func(text string) error {
		dead.Reset(silence)
		return l.conn.WriteControl(websocket.PongMessage, []byte(text), time.Time{})
	})
	slots := make(chan struct{}, mostAtOnce)
	greeted, ending := false, false
	for {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			return
		}
		dead.Reset(silence)
		var e envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			b.o.Log.Warn("slack sent what cannot be read", "path", "socket", "error", err)
			continue
		}
		switch e.Type {
		case "hello":
			if !greeted {
				greeted = true
				b.open.Add(1)
				defer b.open.Add(-1)
				said <- e
			}
		case "disconnect":
			if !ending {
				ending = true
				said <- e
				defer time.AfterFunc(lingering, func() { _ = l.conn.Close() }).Stop() // Slack closes it sooner
			}
		default:
			slots <- struct{}{}
			l.busy.Go(func() {
				defer func() { <-slots }()
				b.unpack(ctx, l, e)
			})
		}
	}
}

// unpack takes one envelope in and acknowledges it. What cannot be read is not
// acknowledged, as HTTP would answer with an error.
func (b *Bot) unpack(ctx context.Context, l *line, e envelope) {
	// Not cut short by the end of the process: what is stored is acknowledged.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	var p parcel
	var err error
	switch e.Type {
	case "slash_commands":
		p, err = parseCommand(e.Payload)
	case "interactive":
		p, err = parseInteraction(e.Payload)
	case "events_api":
		p, _, err = parseEvent(e.Payload)
	}
	if err != nil {
		b.o.Log.Warn("slack sent what cannot be read", "path", "socket", "type", e.Type, "error", err)
		return
	}
	var answer any
	if p.Kind != "" {
		answer = b.take(ctx, p)
	}
	if !e.Answers {
		answer = nil
	}
	if err := l.acknowledge(e.ID, answer); err != nil {
		b.o.Log.Warn("acknowledge", "key", p.Key, "error", err)
	}
}

func (l *line) acknowledge(id string, answer any) error {
	frame := struct {
		ID      string `json:"envelope_id"`
		Payload any    `json:"payload,omitempty"`
	}{id, answer}
	raw, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	if len(raw) >= mostAnswer {
		frame.Payload = nil // better without words than not at all
		if raw, err = json.Marshal(frame); err != nil {
			return err
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.conn.WriteMessage(websocket.TextMessage, raw)
}

// parseCommand reads a slash command as a socket brings it.
func parseCommand(payload []byte) (parcel, error) {
	var in struct {
		Team     string `json:"team_id"`
		User     string `json:"user_id"`
		Channel  string `json:"channel_id"`
		Text     string `json:"text"`
		Trigger  string `json:"trigger_id"`
		Response string `json:"response_url"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return parcel{}, fmt.Errorf("parse command: %w", errNotSlack)
	}
	p := parcel{
		Kind: kindCommand, Key: "command/" + in.Trigger, Team: in.Team, User: in.User, Channel: in.Channel, Text: in.Text,
		trigger: in.Trigger, response: in.Response,
	}
	return p, p.check()
}
