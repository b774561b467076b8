package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	. "fedbot/workflows"
)

// People are called by what they do.
const (
	requester    Actor = "slack:T1/requester"
	owner        Actor = "slack:T1/owner" // of the project
	otherOwner   Actor = "slack:T1/other-owner"
	approver     Actor = "slack:T1/approver" // owner of both accounts
	second       Actor = "slack:T1/second"   // the other one
	admin        Actor = "slack:T1/admin"
	auditor      Actor = "slack:T1/auditor"
	outsider     Actor = "slack:T1/outsider"
	guest        Actor = "slack:T1/guest"
	host         Actor = "operator:1000"
	groupOwners        = "web-shop"
	groupAsk           = "web-shop-dev"
	groupAccount       = "shop-accounts"
	groupAdmin         = "fedbot-admins"
	groupAudit         = "auditors"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// people is a Directory.
type people struct {
	mu     sync.Mutex
	groups map[string][]Actor
	down   map[string]bool // groups that cannot be read
	gone   map[Actor]bool  // deactivated
}

func (p *people) Person(_ context.Context, a Actor) (Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a == guest || p.gone[a] {
		return Person{}, Refuse("guest", "guests and deactivated people never decide.")
	}
	return Person{Actor: a, Name: strings.TrimPrefix(string(a), "slack:T1/")}, nil
}

func (p *people) Members(_ context.Context, group string) ([]Actor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down[group] {
		return nil, ErrUnreadable
	}
	return slices.Clone(p.groups[group]), nil
}

func (p *people) leave(group string, who Actor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups[group] = slices.DeleteFunc(slices.Clone(p.groups[group]), func(a Actor) bool { return a == who })
}

// world is everything around the engine.
type world struct {
	t      rapid.TB
	log    Log
	mem    *memory // nil on the real store
	cloud  *cloud
	people *people
	clock  *clock
	rules  Rules
	facts  func(*Facts) // what is otherwise than it should be
	unread error        // what Survey says instead
	braked string
	letIn  bool // the trust policy lets in a neighbour
	turn   time.Duration
	keys   int
}

func newWorld(t rapid.TB) *world {
	clock := &clock{at: noon}
	w := &world{t: t, clock: clock, cloud: newCloud(clock.now), mem: newMemory(), turn: 30 * time.Second, rules: theRules()}
	w.log = w.mem
	w.people = &people{down: map[string]bool{}, gone: map[Actor]bool{}, groups: map[string][]Actor{
		groupOwners: {owner, otherOwner}, groupAsk: {requester}, groupAccount: {approver, second},
		groupAdmin: {admin}, groupAudit: {auditor},
	}}
	return w
}

// fork is a copy of a world, so that many tests can go on from one point.
func (w *world) fork() *world {
	c := *w
	c.clock = &clock{at: w.clock.now()}
	c.cloud = newCloud(c.clock.now)
	c.cloud.signIns = slices.Clone(w.cloud.signIns)
	c.cloud.next, c.cloud.objects, c.cloud.runs = w.cloud.next, maps.Clone(w.cloud.objects), maps.Clone(w.cloud.runs)
	for name, f := range w.cloud.faults {
		same := *f
		c.cloud.faults[name] = &same
	}
	c.mem = newMemory()
	c.mem.claims, c.mem.views = maps.Clone(w.mem.claims), maps.Clone(w.mem.views)
	for id, events := range w.mem.events {
		c.mem.events[id] = slices.Clone(events)
	}
	c.log = c.mem
	c.people = &people{groups: maps.Clone(w.people.groups), down: maps.Clone(w.people.down), gone: maps.Clone(w.people.gone)}
	return &c
}

func theRules() Rules {
	return Rules{
		Organizations: []Organization{{Name: "contoso", Profile: "vstoken"}},
		Projects:      []Project{{Organization: "contoso", Name: "Web Shop", Owners: groupOwners, Ask: []string{groupAsk}}},
		Accounts: []Account{
			{ID: "111122223333", Name: "shop-dev", Region: "eu-west-1", Owners: groupAccount, Boundary: "boundary"},
			{ID: "444455556666", Name: "shop-prod", Region: "eu-west-1", Owners: groupAccount, Boundary: "boundary", Production: true},
		},
		Approvals:      []Rule{{Name: "production needs two", Accounts: []string{"*-prod"}, Stages: []Stage{{Name: "Account owners", Group: groupAccount, Count: 2}}}},
		Administrators: groupAdmin, Auditors: groupAudit, Lapse: 72 * time.Hour,
	}
}

// engine starts a fedbot. Any number may run on one world.
func (w *world) engine() *Engine {
	return &Engine{
		Log: w.log, Steppers: map[System]Stepper{AWS: w.cloud, AzureDevOps: w.cloud}, Watcher: w.cloud, SignIns: w.cloud, Survey: w, Planner: planner{w},
		Directory: w.people, Rules: w.rules, Now: w.clock.now, Turn: w.turn, Poll: 10 * time.Second, Backoff: time.Second, Tries: 4,
		Key: func() string { w.keys++; return fmt.Sprintf("%032x", w.keys) },
		Brake: func(context.Context, time.Time) (string, error) {
			return w.braked, nil
		},
	}
}

func (w *world) Names(_ context.Context, p Proposal) (Names, error) {
	return Names{Organization: "contoso", OrganizationID: "org-1", Project: "Web Shop", ProjectID: "project-1", AccountID: "111122223333"}, w.unread
}

func (w *world) Facts(_ context.Context, q Query) (Facts, error) {
	if w.unread != nil {
		return Facts{}, w.unread
	}
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	acct, _ := w.rules.Account(q.Proposal.Account)
	f := Facts{ReadAt: w.clock.now(), AzureDevOps: AzureFacts{
		Organization: "contoso", OrganizationID: "org-1", Project: "Web Shop", ProjectID: "project-1", Toolkit: "1.20.0", OIDC: true,
		ConnectionID: w.cloud.objects["connection/"+q.Proposal.Connection].ID, ConnectionIs: "uses OIDC",
		Verifier: &Pipeline{ID: 1, Name: "verify"}, VerifyRef: "main", Standing: "member",
	}, AWS: AWSFacts{
		AccountID: acct.ID, Alias: acct.Name, ProviderARN: "arn:provider", Audience: "api://AzureADTokenExchange",
		Boundary: `{"Statement":[]}`, Roles: len(w.cloud.objects), RolesQuota: 1000,
	}}
	for i, name := range q.Proposal.Pipelines {
		f.AzureDevOps.Pipelines = append(f.AzureDevOps.Pipelines, Pipeline{ID: 10 + i, Name: name})
	}
	if o, ok := w.cloud.objects["role/"+RoleName("Web Shop", q.Proposal.Connection, q.Key)]; ok && o.ID != q.Refs[RoleID] {
		f.AWS.RoleIs = "The name of the role is somebody else's."
	}
	if w.facts != nil {
		w.facts(&f)
	}
	return f, nil
}

// planner renders the steps in the order that the design gives.
type planner struct{ w *world }

func (planner) Render(in Input) (Rendered, error) {
	p, az := in.Proposal, in.Facts.AzureDevOps
	role := RoleName(az.Project, p.Connection, in.Key)
	arn := "arn:aws:iam::" + in.Account.ID + ":role" + RolePath + role
	subject := "sc://contoso/Web Shop/" + p.Connection
	if az.Subject != "" {
		subject = az.Subject
	}
	policy := func(name, doc string) *PolicySpec {
		return &PolicySpec{Account: in.Account.ID, Role: role, RoleARN: arn, Name: name, Document: doc}
	}
	lift := Step{ID: LiftID, Kind: StepLift, System: AWS, Part: 9, Title: "Lift", Policy: policy(holdName, "deny")}
	words := Words{Risk: Low}
	if p.Kind == Release {
		sessions := Step{ID: SessionsID, Kind: StepSessions, System: AWS, Part: 9, Title: "Sessions", Policy: policy(sessionsName, "")}
		return Rendered{Plan: Plan{Federation: in.Federation, Steps: []Step{sessions, lift}}, Words: words}, nil
	}
	tags := map[string]string{"owner": in.Owner, "mark": Mark(in.Key)}
	if !p.Ends.IsZero() {
		tags["ends"] = p.Ends.Format(time.RFC3339)
	}
	steps := []Step{
		{ID: ProviderID, Kind: StepProvider, System: AWS, Part: 1, Title: "Provider", Provider: &ProviderSpec{Account: in.Account.ID, ARN: "arn:provider"}},
		{ID: ConnectionID, Kind: StepConnection, System: AzureDevOps, Part: 2, Title: "Connection",
			Connection: &ConnectionSpec{Organization: az.Organization, Project: az.Project, ProjectID: az.ProjectID, Name: p.Connection, RoleARN: arn, Description: Mark(in.Key)}},
		{ID: RoleID, Kind: StepRole, System: AWS, Part: 3, Title: "Role",
			Role: &RoleSpec{Account: in.Account.ID, Path: RolePath, Name: role, ARN: arn, Boundary: in.Account.Boundary, Trust: "trust " + subject, Tags: tags}},
		{ID: HoldID, Kind: StepHold, System: AWS, Part: 3, Title: "Hold", Policy: policy(holdName, "deny")},
	}
	for _, g := range p.Grants {
		if g.Template == "admin" {
			words.Risk = High
		}
		steps = append(steps, Step{ID: StepID("policy:" + g.Template), Kind: StepPolicy, System: AWS, Part: 4, Title: g.Template, Policy: policy("tmpl-"+g.Template, fmt.Sprint(g.Params))})
	}
	proof := func(id StepID, kind StepKind) Step {
		return Step{ID: id, Kind: kind, System: AzureDevOps, Part: 5, Title: string(id), Proof: &ProofSpec{
			Connection: p.Connection, ConnectionID: BlankConnection, Pipeline: Pipeline{ID: 1, Name: "verify"}, RoleARN: arn, RoleID: BlankRole,
			Issuer: "https://issuer.example", Subject: subject, Audience: in.Facts.AWS.Audience}}
	}
	steps = append(steps, Step{ID: FirstReadID, Kind: StepReadBack, System: Ourselves, Part: 4, Title: "Read back"})
	if az.Verifier != nil {
		steps = append(steps, proof(AllowID, StepAllow), proof(RunID, StepRun), proof(WatchID, StepWatch), proof(WithdrawID, StepWithdraw))
	}
	if len(p.Branches) > 0 {
		steps = append(steps, Step{ID: ChecksID, Kind: StepChecks, System: AzureDevOps, Part: 6, Title: "Checks",
			Checks: &ChecksSpec{Connection: p.Connection, ConnectionID: BlankConnection, Branches: p.Branches}})
	}
	steps = append(steps, Step{ID: PipelinesID, Kind: StepPipelines, System: AzureDevOps, Part: 7, Title: "Pipelines",
		Pipelines: &PipelinesSpec{Connection: p.Connection, ConnectionID: BlankConnection, Pipelines: az.Pipelines}})
	if az.Verifier == nil {
		use := proof(FirstUseID, StepFirstUse)
		use.System, use.Part, use.Proof.Provider = AWS, 7, "arn:provider"
		steps = append(steps, use)
	}
	steps = append(steps, Step{ID: LastReadID, Kind: StepReadBack, System: Ourselves, Part: 8, Title: "Read back last"}, lift)
	return Rendered{Plan: Plan{Federation: in.Federation, Steps: steps}, Words: words}, nil
}

// Neighbours are shut out by the very document that was planned, and by no other.
func (p planner) Neighbours(plan Plan, document string) []Neighbour {
	s, _ := plan.Step(RoleID)
	return []Neighbour{{Who: "another connection of the project", Denied: document == s.Role.Trust && !p.w.letIn}}
}

// ask is the proposal that most tests make.
func ask() Proposal {
	return Proposal{Organization: "contoso", Project: "Web Shop", Connection: "deploy", Account: "shop-dev", Reason: "deploy the site",
		Grants: []Grant{{Template: "site", Params: map[string]string{"bucket": "a"}}}, Pipelines: []string{"build"}, Branches: []string{"main"}}
}

// otherwise is a change to it: one policy leaves, one comes, one differs, and so
// do the role's tags, the checks and the pipelines.
func otherwise() Proposal {
	p := ask()
	p.Grants = []Grant{{Template: "queue", Params: map[string]string{"queue": "b"}}}
	p.Pipelines, p.Branches, p.Ends = []string{"build", "release"}, nil, noon.Add(1000*time.Hour)
	return p
}

func (w *world) load(id FederationID) Federation {
	w.t.Helper()
	f, err := w.log.Load(context.Background(), id)
	if err != nil {
		w.t.Fatalf("load %s: %v", id, err)
	}
	return f
}

// all are the federations there are.
func (w *world) all() []Federation {
	var out []Federation
	for n := 1; ; n++ {
		f, err := w.log.Load(context.Background(), FederationID(fmt.Sprintf("F-%d", n)))
		if errors.Is(err, ErrNotFound) {
			return out
		}
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, f)
	}
}

// settle lets an engine do everything that is due within two hours.
func (w *world) settle(e *Engine, id FederationID) Federation {
	w.t.Helper()
	end := w.clock.now().Add(2 * time.Hour)
	for range 3000 {
		f := w.load(id)
		due := f.Due()
		if due.IsZero() || due.After(end) {
			return f
		}
		if d := due.Sub(w.clock.now()); d > 0 {
			w.clock.advance(d)
		}
		again, err := e.Advance(context.Background(), id)
		if d := again.Sub(w.clock.now()); d > 0 {
			w.clock.advance(d)
		} else if after := w.load(id); err != nil {
			w.clock.advance(time.Second)
		} else if after.Version == f.Version {
			w.t.Fatalf("%s is due at %s, and to advance it changes nothing: a worker would spin\n%s", id, due, w.story(id))
		}
		if w.clock.now().After(end) {
			return w.load(id)
		}
	}
	w.t.Fatalf("%s never settles\n%s", id, w.story(id))
	return Federation{}
}

// story is the history in words, for failures.
func (w *world) story(id FederationID) string {
	if w.mem == nil {
		return ""
	}
	var b strings.Builder
	for i, e := range w.mem.events[id] {
		fmt.Fprintf(&b, "%3d %s %-10s %s %s\n", i+1, e.At.Format("15:04:05"), e.By.Name, e.Kind(), Tell(e))
	}
	return b.String()
}

// expected are the objects that a settled federation should have, by the plan in
// force.
func expected(f Federation) map[string]bool {
	out := map[string]bool{}
	if f.State != Active {
		return out
	}
	for _, s := range f.Plan.Steps {
		switch s.Kind {
		case StepConnection:
			out["connection/"+s.Connection.Name] = true
		case StepRole:
			out["role/"+s.Role.Name] = true
		case StepPolicy:
			out[policyKey(s, s.Policy.Name)] = true
		case StepChecks:
			out["checks/"+s.Checks.Connection] = true
		case StepPipelines:
			for _, p := range s.Pipelines.Pipelines {
				out["permit/"+s.Pipelines.Connection+"/"+p.Name] = true
			}
		case StepHold:
			if f.Quarantine != nil {
				out[policyKey(s, holdName)] = true
			}
			if f.Steps.Get(SessionsID).Made {
				out[policyKey(s, sessionsName)] = true
			}
		}
	}
	return out
}

// whole demands that the cloud holds what the histories say, and nothing else of
// ours: active means everything exists as approved, closed means nothing is left.
// Federations under way may have objects, but none without an intention.
func (w *world) whole() {
	w.t.Helper()
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	claimed := map[string]bool{}
	for _, f := range w.all() {
		mark := Mark(f.Key)
		under := f.State == Provisioning || f.State == Revoking
		want := expected(f)
		for k, o := range w.cloud.objects {
			if o.Owner != mark {
				continue
			}
			claimed[k] = true
			if !under && !want[k] {
				w.t.Errorf("%s is %s (%s) and leaves %s\n%s", f.ID, f.State, f.Outcome, k, w.story(f.ID))
			}
		}
		for k := range want {
			if w.cloud.objects[k].Owner != mark {
				w.t.Errorf("%s is active and has no %s of its own\n%s", f.ID, k, w.story(f.ID))
			}
		}
		w.asPlanned(f)
	}
	for k, o := range w.cloud.objects {
		if !claimed[k] && o.Owner != "shared" && o.Owner != "somebody" {
			w.t.Errorf("nobody claims %s of %s", k, o.Owner)
		}
	}
	for _, s := range w.cloud.wrong {
		w.t.Error(s)
	}
}

// asPlanned demands that a settled active federation's objects are what was
// approved last, and that a quarantined role is held.
func (w *world) asPlanned(f Federation) {
	w.t.Helper()
	if f.State != Active || len(f.Errands) > 0 {
		return
	}
	if f.ProvedAt.IsZero() {
		w.t.Errorf("%s is active and was never proved\n%s", f.ID, w.story(f.ID))
	}
	for _, s := range f.Plan.Steps {
		key := ""
		switch s.Kind {
		case StepConnection:
			key = "connection/" + s.Connection.Name
		case StepRole:
			key = "role/" + s.Role.Name
		case StepPolicy:
			key = policyKey(s, s.Policy.Name)
		case StepChecks:
			key = "checks/" + s.Checks.Connection
		}
		full, err := s.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
		if err != nil {
			w.t.Error(err)
		}
		if key != "" && w.cloud.objects[key].Spec != spec(full) {
			w.t.Errorf("%s: %s is %s\nand was approved as %s\n%s", f.ID, key, w.cloud.objects[key].Spec, spec(full), w.story(f.ID))
		}
		if !f.Steps.Get(s.ID).Made && s.Kind != StepHold {
			w.t.Errorf("%s is active and %s was not made\n%s", f.ID, s.ID, w.story(f.ID))
		}
	}
}

// folded demands that every view is the fold of its history.
func (w *world) folded() {
	w.t.Helper()
	for id, events := range w.mem.events {
		f, err := Fold(id, events)
		if err != nil {
			w.t.Fatal(err)
		}
		view, err := json.Marshal(w.mem.views[id])
		if err != nil {
			w.t.Fatal(err)
		}
		if fold, err := json.Marshal(f); err != nil || string(fold) != string(view) {
			w.t.Errorf("%s: the view is not the fold of the history\nview %s\nfold %s", id, view, fold)
		}
		if f.Version != len(events) {
			w.t.Errorf("%s: version %d after %d events", id, f.Version, len(events))
		}
	}
}
