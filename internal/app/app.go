// Package app puts the house together: it is the only package that imports every
// room, it owns every goroutine and every listener, and it contains no rules. A
// test starts it as the command does: New, Run, Close.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"fedbot/bot"
	"fedbot/internal/awsiam"
	"fedbot/internal/azuredevops"
	"fedbot/internal/config"
	"fedbot/internal/console"
	"fedbot/internal/drift"
	"fedbot/internal/identity"
	"fedbot/policies"
	"fedbot/store"
	"fedbot/workflows"
)

// Options are what an App is made of beside its configuration.
type Options struct {
	Config config.Config
	AWS    *aws.Config      // base credentials; nil: AWS's own chain
	Now    func() time.Time // nil: the machine's clock
	Log    *slog.Logger
	Edits  time.Duration // least time between edits of cards; 0: the bot's default
	Fresh  time.Duration // how old group membership may be; 0: ten seconds
}

// App is a running fedbot.
type App struct {
	o      Options
	db     *store.DB
	engine *workflows.Engine
	reader *drift.Reader
	bot    *bot.Bot
	worker *worker

	catalogue *policies.Catalogue

	amazonCalls, azureCalls func() map[string]int // made so far, by operation

	slackListener, socketListener, metricsListener net.Listener
	closing                                        sync.Once
	ready                                          chan struct{}
}

// New reads the secrets, opens the store and the listeners, and leaves nothing
// behind if it fails.
func New(ctx context.Context, o Options) (_ *App, err error) {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Fresh == 0 {
		o.Fresh = 10 * time.Second
	}
	a := &App{o: o, ready: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.wire(ctx); err != nil {
		return nil, err
	}
	return a, a.listen()
}

func (a *App) wire(ctx context.Context) error {
	c := a.o.Config
	token, err := c.Slack.BotToken.Read()
	if err != nil {
		return fmt.Errorf("slack.bot_token: %w", err)
	}
	door, err := heard(c.Slack)
	if err != nil {
		return err
	}
	rules := c.Rules()
	if a.db, err = store.Open(c.Store.Path, store.Options{Now: a.o.Now}); err != nil {
		return err
	}
	amazon, err := a.amazon(ctx)
	if err != nil {
		return err
	}
	devops, err := a.azure()
	if err != nil {
		return err
	}
	a.amazonCalls, a.azureCalls = amazon.Calls, devops.Calls
	catalogue, err := Templates(c.Templates)
	if err != nil {
		return err
	}
	if err := CheckValues(rules.Accounts, catalogue); err != nil {
		return err
	}
	a.catalogue = catalogue
	profiles := profiles(c)
	client := slack.New(token, slack.OptionAPIURL(c.Slack.API), slack.OptionHTTPClient(&http.Client{Timeout: 20 * time.Second, Transport: limited(http.DefaultTransport, time.Now)}),
		slack.OptionAppLevelToken(door.appToken))
	people := identity.New(client, c.Slack.Team, c.Slack.EmailDomains, a.o.Now, a.o.Fresh)
	reads := &survey{rules: rules, profiles: profiles, devops: devops, aws: amazon, now: a.o.Now}
	a.engine = &workflows.Engine{
		Log:        a.db,
		Steppers:   map[workflows.System]workflows.Stepper{workflows.AWS: amazon, workflows.AzureDevOps: devops},
		Watcher:    devops,
		Survey:     reads,
		Planner:    &policies.Planner{Catalogue: catalogue, Profiles: profiles},
		Historians: map[workflows.System]workflows.Historian{workflows.AWS: amazon, workflows.AzureDevOps: devops}, Addresses: people, SignIns: amazon,
		Directory: people, Rules: rules, Now: a.o.Now, Key: newKey,
		Turn: c.Pace.Turn, Poll: c.Pace.Poll, Backoff: c.Pace.Backoff, Tries: c.Pace.Tries,
	}
	a.engine.Brake = a.brake
	a.engine.Open, a.engine.Undecided = c.Pace.Open, func(ctx context.Context, by workflows.Actor) (int, error) {
		all, err := a.db.List(ctx)
		return workflows.Undecided(all, by), err
	}
	a.reader = &drift.Reader{Looker: a.engine, Authors: a.engine, Log: a.db, Now: a.o.Now, Brake: c.Pace.Brake, AtOnce: 4}
	a.worker = &worker{log: a.db, advance: a.engine.Advance, now: a.o.Now, out: a.o.Log, atOnce: 16, idle: time.Second}
	a.bot, err = bot.New(bot.Options{
		Slack: client, SigningSecret: door.secret, Sockets: door.sockets, Team: c.Slack.Team, Now: a.o.Now, Log: a.o.Log, Edits: a.o.Edits, NotReal: !c.Real(),
		Presses: c.Pace.Presses,
		Channel: channel(rules), Mention: func(group string) string { return mention(people, group) },
		Desk: a.engine, Histories: a.db, Feed: feed{a.db}, Inbox: inbox{a.db}, Drift: a, Offers: a.offers,
		Places: &places{people: people, rules: rules, catalogue: catalogue, devops: devops, survey: reads, verifier: c.AzureDevOps.VerifyPipeline},
	})
	return err
}

func (a *App) amazon(ctx context.Context) (*awsiam.AWS, error) {
	c := a.o.Config
	base := a.o.AWS
	if base == nil {
		loaded, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(c.AWS.Accounts[0].Region))
		if err != nil {
			return nil, fmt.Errorf("find AWS credentials: %w", err)
		}
		base = &loaded
	}
	o := awsiam.Options{Config: *base, Endpoint: c.AWS.Endpoint, Now: a.o.Now, Lag: c.Pace.Lag, PerSecond: c.Pace.AWSCalls}
	for _, x := range c.AWS.Accounts {
		o.Accounts = append(o.Accounts, awsiam.Account{ID: x.ID, Name: x.Name, Region: x.Region, WriterRoleARN: x.Writer,
			ReaderRoleARN: x.Reader, ExternalID: x.ExternalID, Boundary: x.Boundary})
	}
	return awsiam.New(o)
}

func (a *App) azure() (*azuredevops.DevOps, error) {
	c := a.o.Config
	o := azuredevops.Options{Now: a.o.Now, Lag: c.Pace.Lag, VerifyPipeline: c.AzureDevOps.VerifyPipeline, PerSecond: c.Pace.AzureDevOpsCalls}
	for _, x := range c.AzureDevOps.Organizations {
		token, err := x.Token.Read()
		if err != nil {
			return nil, fmt.Errorf("organization %s, token: %w", x.Name, err)
		}
		o.Organizations = append(o.Organizations, azuredevops.Organization{Name: x.Name, URL: x.URL,
			Token: func(context.Context) (string, string, error) { return "Basic", token, nil }})
	}
	return azuredevops.New(o)
}

func profiles(c config.Config) map[string]policies.Profile {
	out := map[string]policies.Profile{}
	for _, o := range c.AzureDevOps.Organizations {
		for _, p := range c.AzureDevOps.Profiles {
			if p.Name == o.Profile {
				out[strings.ToLower(o.Name)] = policies.Profile{Name: p.Name, Issuer: p.Issuer, Audience: p.Audience, Subject: p.Subject}
			}
		}
	}
	return out
}

// listen opens the listeners, so that Run cannot fail on a port that is taken.
func (a *App) listen() (err error) {
	c := a.o.Config
	if a.slackListener, err = net.Listen("tcp", c.Slack.Listen); err != nil {
		return fmt.Errorf("listen for Slack: %w", err)
	}
	if a.socketListener, err = listenSocket(c.Store.Socket); err != nil {
		return err
	}
	if c.Metrics.Listen != "" {
		if a.metricsListener, err = net.Listen("tcp", c.Metrics.Listen); err != nil {
			return fmt.Errorf("listen for metrics: %w", err)
		}
	}
	return nil
}

// Addr is where Slack reaches fedbot.
func (a *App) Addr() string { return a.slackListener.Addr().String() }

// Run serves until ctx ends; then it lets calls under way finish. It returns nil
// when it was told to stop.
func (a *App) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	a.serve(ctx, all, a.slackListener, a.front())
	a.serve(ctx, all, a.socketListener, console.Handler(console.Ports{Desk: a.engine, Log: a.db, Store: keeper{a.db}, Drift: a, Offers: a.offers}))
	if a.metricsListener != nil {
		a.serve(ctx, all, a.metricsListener, a.metrics())
	}
	all.Go(func() error { return a.worker.run(ctx) })
	all.Go(func() error { return a.bot.Run(ctx) })
	all.Go(func() error { return a.recheck(ctx) })
	all.Go(func() error { return a.schedule(ctx) })
	all.Go(func() error { return a.logEvents(ctx) })
	all.Go(func() error { return a.sweep(ctx) })
	close(a.ready)
	err := all.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *App) serve(ctx context.Context, all *errgroup.Group, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, ConnContext: console.Peer,
		ErrorLog: slog.NewLogLogger(a.o.Log.Handler(), slog.LevelDebug)}
	all.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	all.Go(func() error {
		<-ctx.Done()
		// As long as Slack waits for an answer.
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		err := s.Shutdown(stop)
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil // connections that never asked for anything: closing them loses nothing
		}
		return errors.Join(err, s.Close())
	})
}

// Close gives everything back. It may be called after Run, or instead of it.
func (a *App) Close() (err error) {
	a.closing.Do(func() {
		for _, l := range []net.Listener{a.slackListener, a.socketListener, a.metricsListener} {
			if l != nil {
				if e := l.Close(); !errors.Is(e, net.ErrClosed) {
					err = errors.Join(err, e)
				}
			}
		}
		if a.db != nil {
			err = errors.Join(err, a.db.Close())
		}
	})
	return err
}

// Store gives tests and the sandbox the store, to look at.
func (a *App) Store() *store.DB { return a.db }
