package slack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"fedbot/internal/emulate/wire"
)

const (
	mostSockets = 10
	mostAck     = 20 << 10 // bytes; Slack drops an acknowledgement of this size without a word
	ticketAge   = 30 * time.Second
	warnAhead   = 10 * time.Second
	debugLife   = 360 * time.Second // of a socket that was opened with debug_reconnects=true
)

// Reasons of a disconnect message, in Slack's words.
const (
	ReasonWarning  = "warning"           // the socket is closed in ten seconds
	ReasonRefresh  = "refresh_requested" // it is closed now; open another
	ReasonDisabled = "link_disabled"     // Socket Mode was switched off
	ReasonTooMany  = "too_many_websockets"
	ReasonCut      = "cut" // not a reason of Slack's: the connection is cut without a word
)

var reasons = []string{ReasonWarning, ReasonRefresh, ReasonDisabled, ReasonTooMany, ReasonCut}

// sockets are the app's connections in Socket Mode.
type sockets struct {
	mu      sync.Mutex
	on      bool
	open    []*socket // the next one's turn first
	tickets map[string]time.Time
	waiting map[string]chan<- json.RawMessage // acknowledgements, by envelope id
}

// socket is one of them.
type socket struct {
	conn *websocket.Conn
	out  chan []byte
	gone chan struct{}
	once sync.Once
}

// Sockets says whether the app is told over Socket Mode. If not, it is told over HTTP.
func (s *Server) Sockets() bool {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return s.sockets.on
}

// UseSockets switches Socket Mode on or off in the app's settings. Off, every socket
// is told link_disabled and closed, and deliveries go to the request URLs.
func (s *Server) UseSockets(on bool) {
	s.sockets.mu.Lock()
	s.sockets.on = on
	s.sockets.mu.Unlock()
	if !on {
		s.Disconnect(ReasonDisabled)
	}
}

// Connections is the number of open sockets.
func (s *Server) Connections() int {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return len(s.sockets.open)
}

// Disconnect ends every open socket for one of the reasons above. A warning is
// followed by the end ten seconds later by the workspace's clock; until then the
// socket gets its share of deliveries, as in Slack.
func (s *Server) Disconnect(reason string) {
	s.sockets.mu.Lock()
	open := slices.Clone(s.sockets.open)
	s.sockets.mu.Unlock()
	for _, k := range open {
		if reason == ReasonWarning {
			s.warn(k)
		} else {
			s.end(k, reason)
		}
	}
}

func appsConnectionsOpen(s *Server, _ *call) (object, error) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	ticket := secret()
	if s.sockets.tickets == nil {
		s.sockets.tickets = map[string]time.Time{}
	}
	s.sockets.tickets[ticket] = s.o.Now()
	at := "ws" + strings.TrimPrefix(s.base(), "http")
	return object{"url": at + "/link/?ticket=" + ticket + "&app_id=" + s.o.App.ID}, nil
}

// admit takes a ticket in: each opens one socket, soon.
func (s *Server) admit(ticket string) bool {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	made, ok := s.sockets.tickets[ticket]
	delete(s.sockets.tickets, ticket)
	return ok && s.o.Now().Sub(made) <= ticketAge
}

// upgrader takes every origin: clients send Slack's own, and a ticket is the key.
var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.o.Gate.Serve(w, r, "slack:socket", refuseSocket, func(w http.ResponseWriter, r *http.Request) {
		if !s.admit(r.URL.Query().Get("ticket")) {
			http.Error(w, "the ticket is unknown, used or old", http.StatusUnauthorized)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // the upgrader has answered
		}
		s.mu.Lock()
		life := s.o.SocketLife
		s.mu.Unlock()
		if r.URL.Query().Get("debug_reconnects") == "true" {
			life = debugLife
		}
		k := &socket{conn: conn, out: make(chan []byte, 64), gone: make(chan struct{})}
		if !s.begin(func() { s.write(k) }) {
			_ = conn.Close()
			return
		}
		s.join(k, life)
		s.read(k)
	})
}

func refuseSocket(w http.ResponseWriter, _ *http.Request, _ wire.Fault) {
	http.Error(w, "internal error", http.StatusInternalServerError)
}

// join greets a new socket, or sends it away.
func (s *Server) join(k *socket, life time.Duration) {
	s.sockets.mu.Lock()
	n, on := len(s.sockets.open), s.sockets.on
	if on && n < mostSockets {
		// Before the greeting: whoever reads it may move the clock at once.
		s.at(s.o.Now().Add(life-warnAhead), func() { s.warn(k) })
		k.send(object{
			"type": "hello", "num_connections": n + 1, "connection_info": object{"app_id": s.o.App.ID},
			"debug_info": debugInfo(life),
		})
		s.sockets.open = append(s.sockets.open, k)
	}
	s.sockets.mu.Unlock()
	switch {
	case !on:
		s.end(k, ReasonDisabled)
	case n >= mostSockets:
		s.end(k, ReasonTooMany)
	}
}

func debugInfo(life time.Duration) object {
	return object{"host": "applink-emulated", "build_number": 1, "approximate_connection_time": int(life.Seconds())}
}

func (s *Server) warn(k *socket) {
	s.at(s.o.Now().Add(warnAhead), func() { s.end(k, ReasonRefresh) })
	k.send(object{"type": "disconnect", "reason": ReasonWarning, "debug_info": object{"host": "applink-emulated"}})
}

// end says why, and closes. Nothing is delivered to the socket any more.
func (s *Server) end(k *socket, reason string) {
	s.leave(k)
	if reason == ReasonCut {
		k.close()
		return
	}
	k.send(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-emulated"}})
	k.send(nil)
}

func (s *Server) leave(k *socket) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	s.sockets.open = slices.DeleteFunc(s.sockets.open, func(one *socket) bool { return one == k })
}

// send queues a message; nil is the end. A client that does not read loses its socket.
func (k *socket) send(message object) bool {
	var raw []byte
	if message != nil {
		var err error
		if raw, err = json.Marshal(message); err != nil {
			return false
		}
	}
	select {
	case <-k.gone:
		return false
	case k.out <- raw:
		return true
	default:
		k.close()
		return false
	}
}

func (k *socket) close() {
	k.once.Do(func() { close(k.gone); _ = k.conn.Close() })
}

// write is the only writer of messages. It pings, too: clients take a socket without
// pings for dead.
func (s *Server) write(k *socket) {
	defer k.close()
	ping := time.NewTicker(s.o.PingInterval)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-s.life.Done():
			return
		case <-k.gone:
			return
		case <-ping.C:
			err = k.conn.WriteMessage(websocket.PingMessage, fmt.Appendf(nil, "Ping from %s", "applink-emulated"))
		case raw := <-k.out:
			if raw == nil {
				goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
				_ = k.conn.WriteMessage(websocket.CloseMessage, goodbye)
				return
			}
			err = k.conn.WriteMessage(websocket.TextMessage, raw)
		}
		if err != nil {
			return
		}
	}
}

// read takes acknowledgements until the socket is closed or three pings went
// unanswered.
func (s *Server) read(k *socket) {
	defer s.leave(k)
	defer k.close()
	patience := 3 * s.o.PingInterval
	dead := time.AfterFunc(patience, k.close)
	defer dead.Stop()
	k.conn.SetPongHandler(func(string) error { dead.Reset(patience); return nil })
	k.conn.SetReadLimit(1 << 20)
	for {
		_, raw, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		s.acknowledged(raw)
	}
}
