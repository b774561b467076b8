package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	. "fedbot/workflows"
)

// object is one thing in the fake cloud. Owner is the mark of the federation that
// made it, or any other text when somebody else did.
type object struct {
	Owner string
	ID    string
	Born  time.Time
	Spec  string
}

// fault is what a call meets instead of success.
type fault struct {
	err   error
	half  bool // leave half an object behind first
	whole bool // do all of it first, and lose the answer
	times int  // how often; negative: for ever
}

type run struct {
	id      int
	started time.Time
	allowed bool // the verification pipeline was permitted when it began
}

// cloud stands for AWS and Azure DevOps together. Like them it gives ids to what
// it makes, refuses to delete a role that still has policies, deletes what hangs
// on a connection with it, and knows nothing of turns, versions or histories.
type cloud struct {
	mu      sync.Mutex
	now     func() time.Time
	objects map[string]object // "role/NAME", "policy/ROLE/NAME", "permit/CONNECTION/PIPELINE", …
	runs    map[string]run    // by nonce
	next    int
	faults  map[string]*fault // "ensure role"
	seam    func(name string) // called around every effect, without the lock
	calls   int
	wrong   []string                 // promises that were broken before its eyes
	sees    func(n int, e *Evidence) // bends what the n-th run shows
	unseen  error                    // what Watch and SignIns answer instead
	signIns []SignIn                 // on record
	looks   int                      // at the record
}

func newCloud(now func() time.Time) *cloud {
	return &cloud{now: now, objects: map[string]object{}, runs: map[string]run{}, faults: map[string]*fault{}}
}

const holdName, sessionsName = "fedbot-hold", "fedbot-sessions"

func (c *cloud) at(point string) {
	if c.seam != nil {
		c.seam(point)
	}
}

func (c *cloud) Ensure(_ context.Context, t Task) (Result, error) {
	var r Result
	err := c.call("ensure", t, func(half bool) (err error) { r, err = c.make(t, half); return err })
	if err != nil {
		return Result{}, err
	}
	return r, nil
}

func (c *cloud) Remove(_ context.Context, t Task) error {
	return c.call("remove", t, func(bool) error { return c.unmake(t) })
}

func (c *cloud) call(verb string, t Task, effect func(half bool) error) error {
	name := verb + " " + string(t.Step.ID)
	c.at("before " + name)
	c.mu.Lock()
	c.calls++
	f := c.faults[name]
	var err error
	switch {
	case f == nil || f.times == 0:
		err = effect(false)
	case f.half:
		_ = effect(true)
		err = f.err
	case f.whole:
		_ = effect(false)
		err = f.err
	default:
		err = f.err
	}
	if f != nil {
		f.times--
	}
	c.mu.Unlock()
	c.at("after " + name)
	return err
}

// ours finds an object and tells ours from one that only bears our name: its id
// is in our events, or it was made since we meant to, with our mark.
func (c *cloud) ours(key, ref string, t Task) (o object, found bool, err error) {
	o, found = c.objects[key]
	switch {
	case !found:
		return o, false, nil
	case ref != "" && o.ID == ref:
		return o, true, nil
	case !t.Intended.IsZero() && o.Owner == t.Mark && !o.Born.Before(t.Intended):
		return o, true, nil
	}
	return o, true, &Fault{Kind: ErrForeign, Say: key + " is somebody else's."}
}

func (c *cloud) put(key, ref, spec string, t Task) (Result, error) {
	o, found, err := c.ours(key, ref, t)
	if err != nil {
		return Result{}, err
	}
	if !found {
		c.next++
		o = object{Owner: t.Mark, ID: fmt.Sprintf("ID%d", c.next), Born: c.now()}
	}
	o.Spec = spec
	c.objects[key] = o
	return Result{Ref: o.ID}, nil
}

// role finds the role that a policy hangs on. Before our events name it, only a
// hold may go by its mark.
func (c *cloud) role(t Task) (found bool, err error) {
	ref := t.Refs[RoleID]
	o, ok := c.objects["role/"+t.Step.Policy.Role]
	switch {
	case !ok:
		return false, nil
	case o.ID == ref, ref == "" && t.Step.Kind == StepHold && o.Owner == t.Mark:
		return true, nil
	}
	return true, &Fault{Kind: ErrForeign, Say: "The role is somebody else's."}
}

func spec(s Step) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func policyKey(s Step, name string) string { return "policy/" + s.Policy.Role + "/" + name }

func (c *cloud) make(t Task, half bool) (Result, error) {
	s, want := t.Step, spec(t.Step)
	if half {
		want = "half"
	}
	switch s.Kind {
	case StepProvider:
		_, found := c.objects["provider/"+s.Provider.ARN]
		if !found {
			c.objects["provider/"+s.Provider.ARN] = object{Owner: "shared", Spec: want}
		}
		return Result{Ref: s.Provider.ARN, Found: found}, nil
	case StepConnection:
		return c.put("connection/"+s.Connection.Name, t.Ref, want, t)
	case StepRole:
		return c.put("role/"+s.Role.Name, t.Ref, want, t)
	case StepHold, StepPolicy, StepSessions, StepLift:
		return c.makeInline(t, want)
	case StepRun:
		if _, ok := c.runs[t.Nonce]; !ok {
			_, allowed := c.objects["permit/"+s.Proof.Connection+"/verify"]
			c.runs[t.Nonce] = run{len(c.runs) + 1, c.now(), allowed}
		}
		return Result{Ref: fmt.Sprint(c.runs[t.Nonce].id)}, nil
	}
	return c.permit(t, want)
}

func (c *cloud) makeInline(t Task, want string) (Result, error) {
	s := t.Step
	found, err := c.role(t)
	if err != nil {
		return Result{}, err
	}
	if !found && s.Kind == StepHold && t.Refs[RoleID] == "" {
		return Result{Note: "there is no role to hold"}, nil
	}
	if !found {
		return Result{}, &Fault{Say: "The role is not there."}
	}
	key := policyKey(s, s.Policy.Name)
	if s.Kind == StepLift {
		delete(c.objects, key)
		return Result{}, nil
	}
	c.objects[key] = object{Owner: t.Mark, ID: s.Policy.Name, Born: c.now(), Spec: want}
	return Result{Ref: s.Policy.Name}, nil
}

// permit does the steps that say who may use a connection.
func (c *cloud) permit(t Task, want string) (Result, error) {
	s := t.Step
	name := ""
	switch {
	case s.Proof != nil:
		name = s.Proof.Connection
	case s.Checks != nil:
		name = s.Checks.Connection
	default:
		name = s.Pipelines.Connection
	}
	o, ok := c.objects["connection/"+name]
	if !ok {
		return Result{}, &Fault{Say: "The connection is not there."}
	}
	if o.ID != t.Refs[ConnectionID] {
		return Result{}, &Fault{Kind: ErrForeign, Say: "The connection is somebody else's."}
	}
	mine := object{Owner: t.Mark, Spec: want}
	switch s.Kind {
	case StepAllow:
		role := s.Proof.RoleARN[strings.LastIndex(s.Proof.RoleARN, "/")+1:]
		if _, held := c.objects["policy/"+role+"/"+holdName]; !held {
			c.wrong = append(c.wrong, "the verification pipeline was allowed on a role without the hold")
		}
		c.objects["permit/"+name+"/verify"] = mine
	case StepWithdraw:
		delete(c.objects, "permit/"+name+"/verify")
	case StepChecks:
		c.objects["checks/"+name] = mine
	case StepPipelines:
		c.drop("permit/" + name + "/")
		for _, p := range s.Pipelines.Pipelines {
			c.objects["permit/"+name+"/"+p.Name] = object{Owner: t.Mark}
		}
	}
	return Result{}, nil
}

func (c *cloud) drop(prefix string) {
	maps.DeleteFunc(c.objects, func(k string, _ object) bool { return strings.HasPrefix(k, prefix) })
}

func (c *cloud) unmake(t Task) error {
	s := t.Step
	switch s.Kind {
	case StepConnection:
		key := "connection/" + s.Connection.Name
		if _, found, err := c.ours(key, t.Ref, t); !found || err != nil {
			return err
		}
		delete(c.objects, key)
		delete(c.objects, "checks/"+s.Connection.Name)
		c.drop("permit/" + s.Connection.Name + "/")
	case StepRole:
		key := "role/" + s.Role.Name
		if _, found, err := c.ours(key, t.Ref, t); !found || err != nil {
			return err
		}
		for k := range c.objects {
			if strings.HasPrefix(k, "policy/"+s.Role.Name+"/") {
				return &Fault{Say: "The role still has the policy " + k + "."}
			}
		}
		delete(c.objects, key)
	case StepHold, StepPolicy, StepSessions, StepLift:
		return c.unmakeInline(t)
	case StepAllow:
		delete(c.objects, "permit/"+s.Proof.Connection+"/verify")
	case StepChecks:
		delete(c.objects, "checks/"+s.Checks.Connection)
	case StepPipelines:
		c.drop("permit/" + s.Pipelines.Connection + "/")
	}
	return nil
}

func (c *cloud) unmakeInline(t Task) error {
	found, err := c.role(t)
	if err != nil && t.Refs[RoleID] != "" {
		return err
	}
	key := policyKey(t.Step, t.Step.Policy.Name)
	if o, ok := c.objects[key]; err != nil && ok && o.Owner != t.Mark {
		return nil // on somebody else's role, by somebody else
	}
	if !found {
		return nil
	}
	if t.Step.Kind == StepLift {
		c.objects[key] = object{Owner: t.Mark, ID: holdName, Born: c.now(), Spec: "put back"}
		return nil
	}
	delete(c.objects, key)
	return nil
}

func (c *cloud) Observe(_ context.Context, t Task) (Observation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := t.Step
	key := ""
	switch s.Kind {
	case StepProvider:
		_, ok := c.objects["provider/"+s.Provider.ARN]
		return Observation{Exists: ok}, nil
	case StepConnection:
		key = "connection/" + s.Connection.Name
	case StepRole:
		key = "role/" + s.Role.Name
	case StepPolicy:
		key = policyKey(s, s.Policy.Name)
	case StepHold:
		_, ok := c.objects[policyKey(s, holdName)]
		return Observation{Exists: ok}, nil
	case StepLift:
		out := Observation{Exists: true}
		if _, held := c.objects[policyKey(s, holdName)]; held {
			out.Differences = []Difference{{Field: "hold", Approved: "none", Found: "there"}}
		}
		return out, nil
	case StepChecks:
		key = "checks/" + s.Checks.Connection
	case StepPipelines:
		return c.observePermits(s), nil
	}
	o, ok := c.objects[key]
	out := Observation{Exists: ok, Ref: o.ID}
	if ok && o.Spec != spec(s) {
		out.Differences = append(out.Differences, Difference{Field: "spec", Approved: spec(s), Found: o.Spec})
	}
	if ok && t.Ref != "" && o.ID != t.Ref && s.Kind != StepPolicy {
		out.Differences = append(out.Differences, Difference{Field: "id", Approved: t.Ref, Found: o.ID, Wider: true})
	}
	var read Step
	if s.Kind == StepRole && json.Unmarshal([]byte(o.Spec), &read) == nil && read.Role != nil {
		out.Document = read.Role.Trust
	}
	return out, nil
}

func (c *cloud) observePermits(s Step) Observation {
	var have, want []string
	for k := range c.objects {
		if rest, ok := strings.CutPrefix(k, "permit/"+s.Pipelines.Connection+"/"); ok {
			have = append(have, rest)
		}
	}
	for _, p := range s.Pipelines.Pipelines {
		want = append(want, p.Name)
	}
	slices.Sort(have)
	slices.Sort(want)
	out := Observation{Exists: true}
	if !slices.Equal(have, want) {
		out.Differences = []Difference{{Field: "pipelines", Approved: fmt.Sprint(want), Found: fmt.Sprint(have)}}
	}
	return out
}

// Watch shows a run that takes twenty seconds and signs in through the connection
// if it was allowed to.
func (c *cloud) Watch(_ context.Context, t Task) (Evidence, error) {
	c.at("watch")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unseen != nil {
		return Evidence{}, c.unseen
	}
	for _, r := range c.runs {
		if fmt.Sprint(r.id) != t.Ref {
			continue
		}
		p := t.Step.Proof
		e := Evidence{Run: r.id, OurYAML: true, Ended: c.now().Sub(r.started) >= 20*time.Second, Waiting: "an agent"}
		if e.Ended && r.allowed {
			e.Succeeded, e.Issuer, e.Subject, e.Audience = true, p.Issuer, p.Subject, p.Audience
			e.RoleID = c.objects["role/"+p.RoleARN[strings.LastIndex(p.RoleARN, "/")+1:]].ID
		}
		if c.sees != nil {
			c.sees(r.id, &e)
		}
		return e, nil
	}
	return Evidence{}, &Fault{Kind: ErrUnreadable, Say: "There is no run " + t.Ref + "."}
}
