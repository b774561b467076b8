package aws

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"fedbot/internal/emulate/wire"
)

// Options are what a server is made of. Only Journal is required.
type Options struct {
	Journal *wire.Journal    // the memory of the emulator
	Gate    *wire.Gate       // counts calls and lets them fail; nil lets all pass
	Now     func() time.Time // the present; nil is the machine's clock
	// Wall is the clock by which clients sign and by which session credentials run
	// out; nil is Now. A sandbox whose Now was moved ahead gives the machine's
	// clock here, which is the only one that outside clients know.
	Wall    func() time.Time
	Lag     time.Duration // for how long a fresh role, provider or policy is not yet visible; 0 is not at all
	Issuers *http.Client  // fetches discovery documents and keys of OIDC issuers; nil is a client of its own
	Seed    Seed          // what exists at the first start
}

// Server is the emulator. It is safe for concurrent use.
type Server struct {
	gate     *wire.Gate
	now      func() time.Time
	wall     func() time.Time
	issuers  *http.Client
	services map[string]service
	revision atomic.Uint64

	mu        sync.Mutex // held while a call has its effect
	lag       time.Duration
	seeded    *wire.Table[bool]
	accounts  *wire.Table[Account]
	users     *wire.Table[User]
	sessions  *wire.Table[session]
	providers *wire.Table[Provider]
	roles     *wire.Table[Role]
	policies  *wire.Table[Policy]
	buckets   *wire.Table[Bucket]
	objects   *wire.Table[Object]
	functions *wire.Table[Function]
	tables    *wire.Table[Table]
	items     *wire.Table[item]
	trail     *wire.Table[trailEvent]
}

// New opens the emulator on its journal and seeds what was never seeded before:
// an object that somebody deleted does not come back with a restart.
func New(o Options) (*Server, error) {
	if o.Journal == nil {
		return nil, errors.New("open AWS emulator: a journal is required")
	}
	if o.Gate == nil {
		o.Gate = &wire.Gate{}
	}
	if o.Now == nil {
		o.Now = wire.NewClock(nil, 0).Now
	}
	if o.Wall == nil {
		o.Wall = o.Now
	}
	if o.Issuers == nil {
		o.Issuers = &http.Client{Timeout: 5 * time.Second}
	}
	o.Gate.Speak(failures...)
	s := &Server{gate: o.Gate, now: o.Now, wall: o.Wall, issuers: o.Issuers, lag: o.Lag}
	if err := s.open(o.Journal); err != nil {
		return nil, fmt.Errorf("open AWS emulator: %w", err)
	}
	s.services = map[string]service{
		"iam": iamService(), "sts": stsService(), "cloudtrail": cloudTrailService(),
		"s3": s3Service(), "lambda": lambdaService(), "dynamodb": dynamoService(),
	}
	// Milliseconds, so that the number also grows over a restart.
	s.revision.Store(uint64(max(0, o.Now().UnixMilli())))
	if err := s.seed(o.Seed); err != nil {
		return nil, fmt.Errorf("seed AWS emulator: %w", err)
	}
	return s, nil
}

func (s *Server) open(j *wire.Journal) error {
	return errors.Join(
		openTable(j, "aws.seeded", &s.seeded),
		openTable(j, "aws.accounts", &s.accounts),
		openTable(j, "aws.users", &s.users),
		openTable(j, "aws.sessions", &s.sessions),
		openTable(j, "aws.providers", &s.providers),
		openTable(j, "aws.roles", &s.roles),
		openTable(j, "aws.policies", &s.policies),
		openTable(j, "aws.buckets", &s.buckets),
		openTable(j, "aws.objects", &s.objects),
		openTable(j, "aws.functions", &s.functions),
		openTable(j, "aws.tables", &s.tables),
		openTable(j, "aws.items", &s.items),
		openTable(j, "aws.trail", &s.trail),
	)
}

func openTable[T any](j *wire.Journal, name string, into **wire.Table[T]) (err error) {
	*into, err = wire.NewTable[T](j, name)
	return err
}

// Revision grows with each effect, so that a page knows when to look again.
func (s *Server) Revision() uint64 { return s.revision.Load() }

// SetLag changes for how long fresh objects of IAM stay invisible to reads.
func (s *Server) SetLag(lag time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = lag
}

// visible says whether an object that was created then can be read by now.
func (s *Server) visible(created time.Time) bool {
	return s.lag <= 0 || s.now().Sub(created) >= s.lag
}

// put stores a row and counts the effect.
func put[T any](s *Server, t *wire.Table[T], key string, row T) error {
	if err := t.Put(key, row); err != nil {
		return err
	}
	s.revision.Add(1)
	return nil
}

// remove deletes a row and counts the effect.
func remove[T any](s *Server, t *wire.Table[T], key string) error {
	if err := t.Delete(key); err != nil {
		return err
	}
	s.revision.Add(1)
	return nil
}
