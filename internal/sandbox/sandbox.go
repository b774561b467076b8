package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	emaws "fedbot/internal/emulate/aws"
	emado "fedbot/internal/emulate/azuredevops"
	emslack "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// Options are how a sandbox is started.
type Options struct {
	Listen  string        // of the page: 127.0.0.1:7070; port 0 takes free ports for everything
	Dir     string        // where it lives; empty: a directory that goes with it
	Slow    time.Duration // each call to an emulator takes this much longer
	Bare    bool          // only the emulators and the page; fedbot is started by somebody else
	Log     *slog.Logger  // fedbot's own lines; nil: nowhere
	Sockets bool          // Slack is heard over Socket Mode, not over HTTP
	Hasty   bool          // Slack does not count calls; for tests that make many
	young   bool          // begin without the stale federation; for tests
}

// Sandbox is a running sandbox.
type Sandbox struct {
	o         Options
	dir       string
	temporary bool
	secrets   secrets
	ports     ports
	clock     *wire.Clock

	slack *emslack.Server
	azure *emado.Server
	aws   *emaws.Server
	gates map[string]*wire.Gate // by system

	journals  []*wire.Journal
	listeners map[string]net.Listener
	issuer    *http.Server
	issuerAt  net.Listener

	over     over
	mu       sync.Mutex
	running  *running // the fedbot inside; nil while it is stopped
	root     context.Context
	seen     []workflows.Federation // as last read
	told     uint64                 // how far the news have read the feed
	said     []news
	used     map[workflows.FederationID]bool
	attacked map[workflows.FederationID]bool
}

// ports are kept in the directory, so that a sandbox that is started again is
// where it was.
type ports struct{ Page, Fedbot, Slack, DevOps, AWS int }

// New opens the directory, the journals and the listeners.
func New(o Options) (_ *Sandbox, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := &Sandbox{o: o, dir: o.Dir, listeners: map[string]net.Listener{}, gates: map[string]*wire.Gate{},
		used: map[workflows.FederationID]bool{}, attacked: map[workflows.FederationID]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "fedbot-sandbox-"); err != nil {
			return nil, fmt.Errorf("make directory: %w", err)
		}
		s.temporary = true
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return nil, fmt.Errorf("find directory: %w", err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	if s.secrets, err = openSecrets(s.dir); err != nil {
		return nil, err
	}
	s.clock = wire.NewClock(nil, s.ahead())
	if err := s.bind(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.secrets.files(s.dir), s.configure()); err != nil {
		return nil, err
	}
	return s, s.emulate()
}

func (s *Sandbox) file(name string) string { return filepath.Join(s.dir, name) }
func (s *Sandbox) url(port int) string     { return "http://127.0.0.1:" + strconv.Itoa(port) }

// bind takes the ports: those it had, those that follow the page's, or free ones.
func (s *Sandbox) bind() error {
	host, portText, err := net.SplitHostPort(s.o.Listen)
	if err != nil {
		return fmt.Errorf("--listen takes an address such as 127.0.0.1:7070: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("the sandbox listens on this computer only, not on %q: it holds keys for whoever can reach it", host)
	}
	page, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("--listen takes an address such as 127.0.0.1:7070: %w", err)
	}
	var had ports
	if raw, err := os.ReadFile(s.file("ports.json")); err == nil {
		_ = json.Unmarshal(raw, &had) // unreadable ports are only new ports
	}
	for i, p := range []struct {
		name string
		at   *int
		had  int
	}{{"page", &s.ports.Page, had.Page}, {"fedbot", &s.ports.Fedbot, had.Fedbot}, {"slack", &s.ports.Slack, had.Slack},
		{"azuredevops", &s.ports.DevOps, had.DevOps}, {"aws", &s.ports.AWS, had.AWS}} {
		want := p.had
		if page != 0 {
			want = page + i
		}
		var l net.Listener
		if want != 0 {
			l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(want)))
		}
		if page == 0 && (err != nil || want == 0) {
			l, err = listenFree()
		}
		if err != nil {
			return fmt.Errorf("listen for %s: %w; another sandbox may be running, or use --listen 127.0.0.1:0 for free ports", p.name, err)
		}
		*p.at = l.Addr().(*net.TCPAddr).Port
		s.listeners[p.name] = l
	}
	raw, err := json.Marshal(s.ports)
	if err != nil {
		return fmt.Errorf("encode ports: %w", err)
	}
	return writeFile(s.file("ports.json"), raw)
}

// listenFree listens on a free port that will be there again after a restart: below
// those that the system hands out to outgoing connections, of which one could take
// it while fedbot is down.
func listenFree() (net.Listener, error) {
	for range 20 {
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(10000+rand.IntN(20000)))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// emulate opens the three systems on their journals.
func (s *Sandbox) emulate() error {
	journal := func(name string) (*wire.Journal, error) {
		j, err := wire.OpenJournal(s.file(name + ".journal"))
		if err == nil {
			s.journals = append(s.journals, j)
		}
		return j, err
	}
	for _, name := range []string{"slack", "azuredevops", "aws"} {
		s.gates[name] = &wire.Gate{}
	}
	j, err := journal("azuredevops")
	if err != nil {
		return err
	}
	s.azure, err = emado.New(emado.Options{Journal: j, Gate: s.gates["azuredevops"], Now: s.clock.Now, Wall: time.Now, AWS: s.url(s.ports.AWS),
		BaseURL: func() string { return s.url(s.ports.DevOps) }, Seed: azureSeed(s.secrets)})
	if err != nil {
		return fmt.Errorf("emulate Azure DevOps: %w", err)
	}
	server, l, issuers, err := issuer(s.clock.Now(), s.azure.Issuer())
	if err != nil {
		return err
	}
	s.issuer, s.issuerAt = server, l
	if j, err = journal("aws"); err != nil {
		return err
	}
	s.aws, err = emaws.New(emaws.Options{Journal: j, Gate: s.gates["aws"], Now: s.clock.Now, Wall: time.Now, Issuers: issuers, Seed: awsSeed(s.secrets)})
	if err != nil {
		return fmt.Errorf("emulate AWS: %w", err)
	}
	if j, err = journal("slack"); err != nil {
		return err
	}
	to := func(path string) func() string { return func() string { return s.url(s.ports.Fedbot) + path } }
	s.slack, err = emslack.New(emslack.Options{Journal: j, Gate: s.gates["slack"], Now: s.clock.Now,
		BaseURL: func() string { return s.url(s.ports.Slack) }, Seed: slackSeed(), NoRateLimit: s.o.Hasty,
		App: emslack.App{Scopes: slackScopes(), CommandsURL: to("/slack/commands"), InteractionsURL: to("/slack/interactions"), EventsURL: to("/slack/events"),
			SigningSecret: s.secrets.SlackSigning, BotToken: s.secrets.SlackBot, ObserverToken: s.secrets.SlackObserver, AppToken: s.secrets.SlackApp, Socket: s.o.Sockets}})
	if err != nil {
		return fmt.Errorf("emulate Slack: %w", err)
	}
	return nil
}

// Run serves everything until ctx ends. When everything answers, it calls ready.
func (s *Sandbox) Run(ctx context.Context, ready func() error) error {
	all, ctx := errgroup.WithContext(ctx)
	s.root = ctx
	s.serve(ctx, all, "slack", s.slow(s.slack))
	s.serve(ctx, all, "azuredevops", s.slow(s.azure))
	s.serve(ctx, all, "aws", s.slow(s.aws))
	s.serve(ctx, all, "page", s.page())
	all.Go(func() error {
		if err := s.issuer.Serve(s.issuerAt); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve issuer: %w", err)
		}
		return nil
	})
	all.Go(func() error { <-ctx.Done(); return s.issuer.Close() })
	all.Go(func() error { s.azure.Run(ctx); return nil })
	all.Go(func() error {
		if s.o.Bare {
			if err := s.listeners["fedbot"].Close(); err != nil {
				return fmt.Errorf("free fedbot's port: %w", err)
			}
		} else if err := s.StartFedbot(); err != nil {
			return err
		}
		if err := s.connected(ctx); err != nil {
			return err
		}
		if err := s.history(ctx); err != nil {
			return err
		}
		if ready != nil {
			return ready()
		}
		return nil
	})
	err := all.Wait()
	return errors.Join(ignoreStop(err), s.StopFedbot())
}

// connected waits until fedbot has a socket to Slack, where it is told over sockets.
func (s *Sandbox) connected(ctx context.Context) error {
	for s.o.Sockets && !s.o.Bare && s.slack.Connections() == 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func ignoreStop(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *Sandbox) serve(ctx context.Context, all *errgroup.Group, name string, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug)}
	l := s.listeners[name]
	all.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", name, err)
		}
		return nil
	})
	all.Go(func() error { <-ctx.Done(); return srv.Close() })
}

// slow delays every call, as a far-away service would.
func (s *Sandbox) slow(h http.Handler) http.Handler {
	if s.o.Slow <= 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(s.o.Slow):
			h.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// Close gives everything back; a temporary directory goes with it.
func (s *Sandbox) Close() error {
	err := s.StopFedbot()
	if s.slack != nil {
		s.slack.Close()
	}
	for _, l := range s.listeners {
		if e := l.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	if s.issuerAt != nil {
		if e := s.issuerAt.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	for _, j := range s.journals {
		err = errors.Join(err, j.Close())
	}
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
