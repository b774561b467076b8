package slack

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	client "github.com/slack-go/slack"
)

// line is one end of a socket, read frame by frame.
type line struct {
	t     *testing.T
	conn  *websocket.Conn
	pings chan string
}

type frame struct {
	Type        string          `json:"type"`
	Reason      string          `json:"reason"`
	ID          string          `json:"envelope_id"`
	Payload     json.RawMessage `json:"payload"`
	Answers     bool            `json:"accepts_response_payload"`
	Attempt     int             `json:"retry_attempt"`
	Why         string          `json:"retry_reason"`
	Connections int             `json:"num_connections"`
	Info        struct {
		App string `json:"app_id"`
	} `json:"connection_info"`
	Debug struct {
		Time int `json:"approximate_connection_time"`
	} `json:"debug_info"`
}

func overSockets(o *Options) { o.App.Socket = true }

// openURL asks for the address of a socket.
func (w *world) openURL() string {
	w.t.Helper()
	api := client.New("xoxb-bot", client.OptionAppLevelToken("xapp-app"), client.OptionAPIURL(w.base+"/api/"))
	_, address, err := api.StartSocketModeContext(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return address
}

func (w *world) dial(more string) *line {
	w.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(w.openURL()+more, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	l := &line{w.t, conn, make(chan string, 100)}
	conn.SetPingHandler(func(m string) error {
		l.pings <- m
		return conn.WriteControl(websocket.PongMessage, []byte(m), time.Time{})
	})
	return l
}

func (l *line) next() frame {
	l.t.Helper()
	var f frame
	if err := l.conn.ReadJSON(&f); err != nil {
		l.t.Fatalf("no frame: %v", err)
	}
	return f
}

// over says whether the socket is closed by the other side.
func (l *line) over() bool {
	_, _, err := l.conn.ReadMessage()
	return err != nil
}

// ack acknowledges. One that cannot be written is missed by whoever waits for it.
func (l *line) ack(f frame, payload string) {
	text := `{"envelope_id":"` + f.ID + `"` + payload + `}`
	_ = l.conn.WriteMessage(websocket.TextMessage, []byte(text))
}

// later moves the clock on by steps until the next frame comes.
func (w *world) later(l *line, step time.Duration) frame {
	w.t.Helper()
	came := make(chan frame, 1)
	go func() { came <- l.next() }()
	for {
		select {
		case f := <-came:
			return f
		case <-time.After(2 * beat):
			w.clock.Advance(step)
		}
	}
}
