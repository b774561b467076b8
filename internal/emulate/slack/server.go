package slack

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"fedbot/internal/emulate/wire"
)

// App is the one app that is installed in the workspace.
type App struct {
	ID      string // default A0FEDBOT01
	Name    string // default fedbot
	BotID   string // default B0FEDBOT01
	BotUser string // default U0FEDBOT01
	Command string // default /federate

	CommandsURL     func() string // where slash commands are delivered
	InteractionsURL func() string // where presses, submissions and option loads are delivered
	EventsURL       func() string // where events are delivered

	SigningSecret string
	BotToken      string   // xoxb-…
	ObserverToken string   // xoxp-…: reads everything, history too, and writes nothing
	AppToken      string   // xapp-…, with connections:write
	ConfigToken   string   // xoxe.xoxp-…, for manifests; empty is none
	Socket        bool     // the app is told over Socket Mode, not at its addresses
	Scopes        []string // of the bot token; nil is DefaultScopes
	OrgInstall    bool     // installed for the whole organization of Enterprise Grid
}

// DefaultScopes are the bot scopes of fedbot's manifest.
var DefaultScopes = []string{
	"channels:read", "chat:write", "commands", "files:write", "groups:read", "im:write",
	"usergroups:read", "users:read", "users:read.email",
}

// Options is what a Server needs. Only Now, BaseURL and the parts of App that are
// used have to be set.
type Options struct {
	Journal *wire.Journal // nil: memory only
	Gate    *wire.Gate    // nil: no faults
	Now     func() time.Time
	BaseURL func() string // own base without a trailing slash, such as http://127.0.0.1:7072
	App     App
	Seed    Seed

	NoRateLimit  bool            // never answer 429
	Deadline     time.Duration   // how long a delivery may take; default 3 s
	EventRetries []time.Duration // waits before an event is sent again; default 0, 1 min, 5 min, by Now
	SocketLife   time.Duration   // how long a socket is kept; default 1 h, by Now
	PingInterval time.Duration   // how often a socket is pinged; default 10 s
}

// Server is the workspace. Make one with New. It is safe for concurrent use.
type Server struct {
	o        Options
	routes   *http.ServeMux
	client   *http.Client
	stop     context.CancelFunc
	life     context.Context
	tasks    sync.WaitGroup
	alarm    alarm
	index    index
	rates    buckets
	refusals refusals
	sockets  sockets
	mu       sync.Mutex // guards every change that touches more than one row, and what follows
	fault    error      // the first failed write to the journal: nothing can be promised after it
	revision uint64
	offered  map[string]Option // options that external selects were shown, by view, block, action and value

	people   *wire.Table[Person]
	groups   *wire.Table[Group]
	channels *wire.Table[Channel]
	messages *wire.Table[message] // by channel and ts, so that keys are in order of time
	views    *wire.Table[view]    // open modals by view id
	homes    *wire.Table[view]    // published home tabs by person
	stacks   *wire.Table[[]string]
	triggers *wire.Table[trigger]
	hooks    *wire.Table[hook]
	files    *wire.Table[file]
	events   *wire.Table[due] // not acknowledged yet, by event id
	counters *wire.Table[int64]
}

// New opens the workspace: rows of the journal as they were left, rows of the
// seed where the journal has none.
func New(o Options) (*Server, error) {
	o.defaults()
	o.Gate.Speak(failures...)
	s := &Server{o: o, offered: map[string]Option{}, revision: uint64(o.Now().UnixMicro())}
	if o.Journal == nil {
		j, err := wire.OpenJournal("")
		if err != nil {
			return nil, err
		}
		s.o.Journal = j
	}
	if err := s.openTables(); err != nil {
		return nil, err
	}
	s.buildIndex()
	s.life, s.stop = context.WithCancel(context.Background())
	s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // Slack takes a redirect for a failure
	}}
	s.plant(o.Seed)
	s.sockets.on = o.App.Socket
	for _, id := range s.events.Keys() {
		e, _ := s.events.Get(id)
		s.again(id, e)
	}
	o.Gate.Offer(s.settings()...)
	s.routes = http.NewServeMux()
	s.routes.HandleFunc("/api/{method}", s.serveAPI)
	s.routes.HandleFunc("GET /link/{$}", s.serveSocket)
	s.routes.HandleFunc("POST /response/{token}", s.serveResponse)
	s.routes.HandleFunc("POST /files/upload/{token}", s.serveUpload)
	s.routes.HandleFunc("GET /files/{id}/{name}", s.serveDownload)
	s.routes.HandleFunc("POST /client/{act}", s.serveClient)
	return s, s.fault
}

func (o *Options) defaults() {
	set := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	set(&o.App.ID, "A0FEDBOT01")
	set(&o.App.Name, "fedbot")
	set(&o.App.BotID, "B0FEDBOT01")
	set(&o.App.BotUser, "U0FEDBOT01")
	set(&o.App.Command, "/federate")
	set(&o.Seed.Team.ID, "T0FEDBOT01")
	set(&o.Seed.Team.Name, "Contoso")
	set(&o.Seed.Team.Domain, "contoso")
	if o.App.Scopes == nil {
		o.App.Scopes = DefaultScopes
	}
	if o.Gate == nil {
		o.Gate = &wire.Gate{}
	}
	if o.Deadline == 0 {
		o.Deadline = 3 * time.Second
	}
	if o.SocketLife == 0 {
		o.SocketLife = time.Hour
	}
	if o.PingInterval == 0 {
		o.PingInterval = 10 * time.Second
	}
	if o.EventRetries == nil {
		o.EventRetries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
}

func open[T any](s *Server, to **wire.Table[T], name string) {
	t, err := wire.NewTable[T](s.o.Journal, "slack."+name)
	s.keep(err)
	*to = t
}

func (s *Server) openTables() error {
	open(s, &s.people, "people")
	open(s, &s.groups, "groups")
	open(s, &s.channels, "channels")
	open(s, &s.messages, "messages")
	open(s, &s.views, "views")
	open(s, &s.homes, "homes")
	open(s, &s.stacks, "stacks")
	open(s, &s.triggers, "triggers")
	open(s, &s.hooks, "hooks")
	open(s, &s.files, "files")
	open(s, &s.events, "events")
	open(s, &s.counters, "counters")
	return s.fault
}

// ServeHTTP answers the Web API under /api/, response URLs, uploads, the app's
// sockets, and the acts of people under /client/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.routes.ServeHTTP(w, r)
}

// Close closes the sockets and leaves events that wait for a retry in the journal,
// which stays open.
func (s *Server) Close() {
	s.alarm.mu.Lock()
	s.alarm.closed = true
	s.alarm.mu.Unlock()
	s.stop()
	s.tasks.Wait()
}

// Revision grows with every change that somebody could see. It does not repeat
// after a restart as long as the clock does not go back.
func (s *Server) Revision() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// keep remembers the first failed write. Callers hold mu, except in New.
func (s *Server) keep(err error) {
	s.revision++
	if s.fault == nil {
		s.fault = err
	}
}

func (s *Server) base() string { return strings.TrimSuffix(s.o.BaseURL(), "/") }
