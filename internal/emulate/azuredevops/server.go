package azuredevops

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fedbot/internal/emulate/wire"
)

// Options is what an emulator needs from its surroundings.
type Options struct {
	Journal *wire.Journal    // nil: memory only
	Gate    *wire.Gate       // nil: everything passes
	Now     func() time.Time // nil is refused
	Wall    func() time.Time // what clocks of machines say, for signing calls to AWS; nil: Now
	AWS     string           // base URL of the AWS that jobs talk to
	BaseURL func() string    // own base URL, for links and collection URIs
	Seed    Seed

	Lag        time.Duration // until SetLag: how long a deleted connection is still seen, being deleted
	RetryAfter time.Duration // until SetRateLimit: sent as Retry-After with every answer, good ones too; zero: not sent
	HTTP       *http.Client  // what agents call AWS with; nil: a client with a deadline of 30 s

	key *rsa.PrivateKey // of tests that do not care; nil: made once and journaled
}

// Server is the emulator. It is safe for concurrent use.
type Server struct {
	o        Options
	key      *rsa.PrivateKey // of vstoken
	entraKey *rsa.PrivateKey // nil: not needed so far
	routes   []route

	mu sync.Mutex // held by whoever reads or changes what follows
	tables
	weather
	idle     time.Time // before it no connection has idled too long
	revision atomic.Uint64
	stepping sync.Mutex // one Step at a time
}

// New opens the journal's tables, seeds what was never seeded, and makes the
// signing key if there is none yet.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		return nil, errors.New("new emulator: no clock")
	}
	if o.Journal == nil {
		o.Journal, _ = wire.OpenJournal("")
	}
	if o.Gate == nil {
		o.Gate = &wire.Gate{}
	}
	if o.BaseURL == nil {
		o.BaseURL = func() string { return "https://dev.azure.com" }
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 30 * time.Second}
	}
	o.Gate.Speak(failures...)
	s := &Server{o: o, weather: weather{lag: Lag{Delete: o.Lag}, limit: RateLimit{RetryAfter: o.RetryAfter}}}
	var err error
	if s.tables, err = openTables(o.Journal); err != nil {
		return nil, err
	}
	if s.key, err = s.signingKey("signing"); err != nil {
		return nil, err
	}
	if err := s.seed(o.Seed); err != nil {
		return nil, err
	}
	s.routes = s.locations()
	o.Gate.Offer(s.settings()...)
	return s, nil
}

// Revision grows with everything that changes; a page redraws when it differs.
func (s *Server) Revision() uint64 { return s.revision.Load() }

// Run calls Step again and again until ctx ends.
func (s *Server) Run(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Step(ctx)
		}
	}
}

// saved notes that something changed and joins what the journal said.
func (s *Server) saved(errs ...error) error {
	s.revision.Add(1)
	return errors.Join(errs...)
}

// newID is a random GUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func orNew(id string) string {
	if id == "" {
		return newID()
	}
	return id
}
