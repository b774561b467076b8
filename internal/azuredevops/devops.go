package azuredevops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"fedbot/workflows"
)

// Organization is one organization and how fedbot signs in there.
type Organization struct {
	Name   string     // canonical, as the service prints it: it becomes part of the subject
	URL    string     // https://dev.azure.com/contoso
	Token  Credential // of the identity that makes and removes
	Reader Credential // of one that only reads; nil: the same
}

// Options is what the adapter needs from its surroundings.
type Options struct {
	Organizations  []Organization
	HTTPClient     *http.Client     // its transport is used; nil: the default one
	Now            func() time.Time // required
	Lag            time.Duration    // how long after an intention "not there" may mean "not visible yet"
	PerSecond      float64          // calls per second and organization; 0: ten
	VerifyPipeline string           // name of the verification pipeline; empty: "fedbot-verify"
}

// DevOps is the adapter. It is safe for concurrent use.
type DevOps struct {
	o    Options
	orgs map[string]*organization // by lower-case name

	mu    sync.Mutex
	calls map[string]int
	known map[string]known
	ours  map[string]bool // runs that ran our file, which can never change: "project/run"
}

type organization struct {
	Organization
	writer, reader *session
}

// New checks the options and dials nobody.
func New(o Options) (*DevOps, error) {
	if o.Now == nil {
		return nil, errors.New("new Azure DevOps adapter: no clock")
	}
	if o.VerifyPipeline == "" {
		o.VerifyPipeline = "fedbot-verify"
	}
	if o.PerSecond <= 0 {
		o.PerSecond = 10
	}
	d := &DevOps{o: o, orgs: map[string]*organization{}, calls: map[string]int{}, known: map[string]known{}, ours: map[string]bool{}}
	for _, org := range o.Organizations {
		opened, err := d.organization(org)
		if err != nil {
			return nil, fmt.Errorf("new Azure DevOps adapter: organization %q: %w", org.Name, err)
		}
		d.orgs[strings.ToLower(org.Name)] = opened
	}
	return d, nil
}

func (d *DevOps) organization(org Organization) (*organization, error) {
	if org.Name == "" || org.Token == nil {
		return nil, errors.New("it needs a name and a token")
	}
	p := &pace{limiter: rate.NewLimiter(rate.Limit(d.o.PerSecond), int(math.Ceil(2*d.o.PerSecond)))}
	writer, err := d.session(org.URL, org.Token, p)
	if err != nil {
		return nil, err
	}
	out := &organization{org, writer, writer}
	if org.Reader != nil {
		if out.reader, err = d.session(org.URL, org.Reader, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *DevOps) session(address string, c Credential, p *pace) (*session, error) {
	next := http.DefaultTransport
	if d.o.HTTPClient != nil && d.o.HTTPClient.Transport != nil {
		next = d.o.HTTPClient.Transport
	}
	home, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	return newSession(address, newOrderly(&attempt{next, p, c, home, d.count}))
}

func (d *DevOps) count(call string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[call]++
}

// Calls says how often each call was sent since the start, retries included, by
// method and path without ids.
func (d *DevOps) Calls() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.calls)
}

func (d *DevOps) org(name string) (*organization, error) {
	if o, ok := d.orgs[strings.ToLower(name)]; ok {
		return o, nil
	}
	r := workflows.Refuse("unknown_organization", "fedbot knows no Azure DevOps organization %s. Its operators can add it to the configuration.", name)
	r.Field = "organization"
	return nil, r
}

// task is one step on its way, with the session that may touch it.
type task struct {
	workflows.Task
	d *DevOps
	o *organization
	c *clients
}

// begin opens the session of a step: the writer's, or the reader's.
func (d *DevOps) begin(ctx context.Context, t workflows.Task, reading bool) (*task, error) {
	name := organizationOf(t.Step)
	o, ok := d.orgs[strings.ToLower(name)]
	if !ok {
		return nil, &workflows.Fault{Kind: workflows.ErrUnreadable,
			Say: fmt.Sprintf("The organization %s is no longer in fedbot's configuration. An operator of fedbot can put it back.", name)}
	}
	s := o.writer
	if reading {
		s = o.reader
	}
	c, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if t.Now.IsZero() {
		t.Now = d.o.Now()
	}
	return &task{t, d, o, c}, nil
}

func organizationOf(s workflows.Step) string {
	switch {
	case s.Connection != nil:
		return s.Connection.Organization
	case s.Proof != nil:
		return s.Proof.Organization
	case s.Checks != nil:
		return s.Checks.Organization
	case s.Pipelines != nil:
		return s.Pipelines.Organization
	}
	return ""
}

// young says whether so little time has passed since our intention that the
// service may not show yet what we made.
func (t *task) young() bool {
	return !t.Intended.IsZero() && t.Now.Sub(t.Intended) < t.d.o.Lag
}

// Ensure makes a step as its plan wants it. See workflows.Stepper.
func (d *DevOps) Ensure(ctx context.Context, in workflows.Task) (workflows.Result, error) {
	t, err := d.begin(ctx, in, false)
	if err != nil {
		return workflows.Result{}, err
	}
	switch in.Step.Kind {
	case workflows.StepConnection:
		return t.ensureConnection(ctx)
	case workflows.StepAllow:
		return t.ensureAllowed(ctx, []int{in.Step.Proof.Pipeline.ID}, "the verification pipeline alone")
	case workflows.StepWithdraw:
		return t.ensureWithdrawn(ctx)
	case workflows.StepRun:
		return t.ensureRun(ctx)
	case workflows.StepChecks:
		return t.ensureChecks(ctx)
	case workflows.StepPipelines:
		return t.ensurePermitted(ctx)
	}
	return workflows.Result{}, wrongStep(in.Step)
}

// Remove takes a step away. See workflows.Stepper.
func (d *DevOps) Remove(ctx context.Context, in workflows.Task) error {
	t, err := d.begin(ctx, in, false)
	if err != nil {
		return err
	}
	switch in.Step.Kind {
	case workflows.StepConnection:
		return t.removeConnection(ctx)
	case workflows.StepAllow, workflows.StepPipelines:
		return t.withdraw(ctx)
	case workflows.StepRun:
		return t.cancelRun(ctx)
	case workflows.StepChecks:
		return t.removeChecks(ctx)
	case workflows.StepWithdraw, workflows.StepWatch:
		return nil // nothing is left of them
	}
	return wrongStep(in.Step)
}

// Observe compares what is there with what a step wants. See workflows.Stepper.
func (d *DevOps) Observe(ctx context.Context, in workflows.Task) (workflows.Observation, error) {
	t, err := d.begin(ctx, in, true)
	if err != nil {
		return workflows.Observation{}, err
	}
	var seen workflows.Observation
	switch in.Step.Kind {
	case workflows.StepConnection:
		seen, err = t.observeConnection(ctx)
	case workflows.StepChecks:
		seen, err = t.observeChecks(ctx)
	case workflows.StepPipelines:
		seen, err = t.observePipelines(ctx)
	case workflows.StepAllow, workflows.StepRun, workflows.StepWatch, workflows.StepWithdraw:
		// A proof is an act and leaves no object. A permission that it should have
		// withdrawn shows on the connection.
		return workflows.Observation{Exists: true, Ref: in.Ref}, nil
	default:
		err = wrongStep(in.Step)
	}
	seen.Lagging = err == nil && len(seen.Differences) > 0 && t.young()
	return seen, err
}

func wrongStep(s workflows.Step) error {
	return &workflows.Fault{Kind: workflows.ErrPermanent, Say: fmt.Sprintf("The step %s is none that Azure DevOps has.", s.ID)}
}
