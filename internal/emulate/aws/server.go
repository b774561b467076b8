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
	Wall     func() time.Time
	Lag      time.Duration // for how long a fresh role, provider or policy is not yet visible; more than Switches.Lag counts
	Switches Switches      // what is not right from the start
	Issuers  *http.Client  // fetches discovery documents and keys of OIDC issuers; nil is a client of its own
	Seed     Seed          // what exists at the first start
}

// Server is the emulator. It is safe for concurrent use.
type Server struct {
	gate     *wire.Gate
	now      func() time.Time
	wall     func() time.Time
	issuers  *http.Client
	services map[string]service
	revision atomic.Uint64

	mu            sync.Mutex // held while a call has its effect
	switches      Switches
	buckets       map[string]*bucket // of tokens
	uses          map[string]*uses   // of managed policies, by account and ARN
	policyNames   map[string]string  // by account and name in lower case
	seeded        *wire.Table[bool]
	accounts      *wire.Table[Account]
	users         *wire.Table[User]
	sessions      *wire.Table[session]
	providers     *kept[Provider]
	roles         *kept[Role]
	policies      *kept[Policy]
	stores        *wire.Table[Bucket] // S3 buckets
	objects       *wire.Table[Object]
	functions     *wire.Table[Function]
	tables        *wire.Table[Table]
	items         *wire.Table[item]
	trail         *wire.Table[trailEvent]
	reads         map[string]int          // events of reads, by account
	events        map[string][]trailEvent // by account, oldest first; those of the table, and reads
	usage         *kept[usage]            // by entity
	jobs          map[string]*job         // reports of what was last used
	organizations *wire.Table[Organization]
	parameters    *wire.Table[Parameter]
	secrets       *wire.Table[Secret]
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
	o.Switches.Lag = max(o.Switches.Lag, o.Lag)
	s := &Server{
		gate: o.Gate, now: o.Now, wall: o.Wall, issuers: o.Issuers, switches: o.Switches,
		buckets: map[string]*bucket{}, uses: map[string]*uses{}, policyNames: map[string]string{}, events: map[string][]trailEvent{}, reads: map[string]int{}, jobs: map[string]*job{},
	}
	if err := errors.Join(s.open(o.Journal), s.readTrail()); err != nil {
		return nil, fmt.Errorf("open AWS emulator: %w", err)
	}
	s.services = map[string]service{
		"iam": iamService(), "sts": stsService(), "cloudtrail": cloudTrailService(),
		"s3": s3Service(), "lambda": lambdaService(), "dynamodb": dynamoService(),
		"organizations": organizationsService(), "ssm": parameterService(), "secretsmanager": secretService(),
	}
	// Milliseconds, so that the number also grows over a restart.
	s.revision.Store(uint64(max(0, o.Now().UnixMilli())))
	if err := s.seed(o.Seed); err != nil {
		return nil, fmt.Errorf("seed AWS emulator: %w", err)
	}
	s.gate.Offer(s.settings()...)
	return s, nil
}

func (s *Server) open(j *wire.Journal) error {
	return errors.Join(
		openTable(j, "aws.seeded", &s.seeded),
		openTable(j, "aws.accounts", &s.accounts),
		openTable(j, "aws.users", &s.users),
		openTable(j, "aws.sessions", &s.sessions),
		openKept(j, "aws.providers", func(p Provider) string { return p.Account }, s.mirror, func(_, _ *Provider) {}, &s.providers),
		openKept(j, "aws.roles", func(r Role) string { return r.Account }, s.mirror, s.countRole, &s.roles),
		openKept(j, "aws.policies", func(p Policy) string { return p.Account }, s.mirror, s.namePolicy, &s.policies),
		openTable(j, "aws.buckets", &s.stores),
		openTable(j, "aws.objects", &s.objects),
		openTable(j, "aws.functions", &s.functions),
		openTable(j, "aws.tables", &s.tables),
		openTable(j, "aws.items", &s.items),
		openTable(j, "aws.trail", &s.trail),
		openKept(j, "aws.usage", func(u usage) string { return u.Entity }, s.mirror, func(_, _ *usage) {}, &s.usage),
		openTable(j, "aws.organizations", &s.organizations),
		openTable(j, "aws.parameters", &s.parameters),
		openTable(j, "aws.secrets", &s.secrets),
	)
}

func openTable[T any](j *wire.Journal, name string, into **wire.Table[T]) (err error) {
	*into, err = wire.NewTable[T](j, name)
	return err
}

// Revision grows with each effect, so that a page knows when to look again.
func (s *Server) Revision() uint64 { return s.revision.Load() }

// rows is what a table of any kind can do.
type rows[T any] interface {
	Put(key string, row T) error
	Delete(key string) error
}

// put stores a row and counts the effect.
func put[T any](s *Server, t rows[T], key string, row T) error {
	if err := t.Put(key, row); err != nil {
		return err
	}
	s.revision.Add(1)
	return nil
}

// remove deletes a row and counts the effect.
func remove(s *Server, t interface{ Delete(key string) error }, key string) error {
	if err := t.Delete(key); err != nil {
		return err
	}
	s.revision.Add(1)
	return nil
}
