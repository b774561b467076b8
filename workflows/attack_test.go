package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	. "fedbot/workflows"
)

// The attack: a project names no groups that may ask, so that anybody's ask goes as
// far as the preflight. An outsider asks to change somebody's production federation,
// is refused, is a requester of it for ever after, and revokes it.
func TestAttackRevokeByAsking(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	w.rules.Projects[0].Ask = nil
	p := otherwise()
	p.Kind = Change
	if _, err := w.engine().Submit(ctx, Ask{By: outsider, Proposal: p, Federation: id}); err != nil {
		t.Fatal(err)
	}
	try := func(when string) {
		t.Helper()
		for _, verb := range []OrderVerb{OrderRevoke, OrderQuarantine} {
			wantCode(t, w.tell(id, outsider, verb), "may_not")
		}
		roles, err := w.engine().May(ctx, w.load(id), outsider)
		if err != nil || roles.Sees() {
			t.Errorf("%s: sees it as %+v, %v", when, roles, err)
		}
	}
	try("while it is checked")
	w.settle(w.engine(), id)
	try("after it was refused")
	w.is(id, Active, "")
}

// Whoever has a request open sees what it is about, and may take it back.
func TestAskerSeesAndWithdraws(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	w.people.groups[groupAsk] = append(w.people.groups[groupAsk], outsider)
	p := otherwise()
	p.Kind = Change
	r := w.again(id, outsider, p)
	roles, err := w.engine().May(ctx, w.load(id), outsider)
	if err != nil || !roles.Sees() || roles.Requester {
		t.Errorf("%+v, %v", roles, err)
	}
	if _, err := w.engine().Withdraw(ctx, Press{By: outsider, Request: r}); err != nil {
		t.Error(err)
	}
}

// The attack: between asking and the preflight, somebody renames the project and
// gives its name to another. The claim, and what was shown, are about the first.
func TestAttackProjectRenamedMeanwhile(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.approve(id.Request(1), owner, approver)
	w.facts = func(f *Facts) { f.AzureDevOps.ProjectID = "project-2" }
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRefused)
}

// The attack: an accomplice joins the approvers after the request was sent. That is
// refused, so the requester has the plan made anew, with the accomplice in the group.
func TestAttackJoinAndReplan(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.people.groups[groupAccount] = append(w.people.groups[groupAccount], outsider)
	w.approve(id.Request(1), owner)
	wantCode(t, w.press(id.Request(1), outsider), "joined_later")
	w.approve(id.Request(1), approver)
	w.facts = func(f *Facts) { f.AWS.Boundary = `{"Statement":[{}]}` }
	w.settle(w.engine(), id)
	if f := w.load(id); f.Requests[0].Round != 2 {
		t.Fatalf("round %d\n%s", f.Requests[0].Round, w.story(id))
	}
	w.approve(id.Request(1), owner)
	wantCode(t, w.press(id.Request(1), outsider), "joined_later")
	w.approve(id.Request(1), second)
}

// twins is a directory in which two accounts have one confirmed address.
type twins struct{ *people }

func (d twins) Person(ctx context.Context, a Actor) (Person, error) {
	p, err := d.people.Person(ctx, a)
	if a == requester || a == approver {
		p.Email = "one@example.com"
	}
	return p, err
}

// The attack: the requester has a second account, and that one is an approver.
func TestAttackSecondAccount(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	e.Directory = twins{w.people}
	f, err := e.Submit(ctx, Ask{By: requester, Proposal: ask()})
	if err != nil {
		t.Fatal(err)
	}
	w.settle(e, f.ID)
	press := func(by Actor) error {
		_, err := e.Approve(ctx, Press{By: by, Request: f.ID.Request(1), Digest: w.load(f.ID).Requests[0].Checked.Digest})
		return err
	}
	if err := press(owner); err != nil {
		t.Fatal(err)
	}
	wantCode(t, press(approver), "own_request")
}

// wider is a cloud in which somebody has widened the trust policy.
type wider struct{ *cloud }

func (c wider) Observe(ctx context.Context, t Task) (Observation, error) {
	o, err := c.cloud.Observe(ctx, t)
	if t.Step.Kind == StepRole {
		o.Differences = append(o.Differences, Difference{Field: "trust policy", Approved: "one", Found: "everybody", Wider: true})
	}
	return o, err
}

// The attack: a federation is quarantined because its trust was widened. A release
// is asked for with good words, approved, and opens the wider role.
func TestAttackReleaseOfWhatWasWidened(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	w.order(id, admin, OrderQuarantine)
	w.settle(w.engine(), id)
	e := w.engine()
	e.Steppers = map[System]Stepper{AWS: wider{w.cloud}, AzureDevOps: w.cloud}
	if _, err := e.Submit(ctx, Ask{By: requester, Proposal: Proposal{Kind: Release, Reason: "all is well"}, Federation: id}); err != nil {
		t.Fatal(err)
	}
	w.settle(e, id)
	w.held(id)
	if r := w.load(id).Requests[1]; r.Outcome != OutcomeRefused {
		t.Errorf("the release is %s %s\n%s", r.State, r.Outcome, w.story(id))
	}
	// The same, widened after the last approval.
	r := w.again(id, requester, Proposal{Kind: Release, Reason: "all is well"})
	w.approve(r, owner, approver)
	w.settle(e, id)
	w.held(id)
}

// The attack: somebody presses a button that is not theirs all day. Every press would
// be an event, and every event in the way of whoever decides or reads.
func TestAttackPressAllDay(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	before := w.load(id).Version
	for range 20 {
		wantCode(t, w.press(id.Request(1), outsider), "not_in_group")
		_, err := w.engine().Deny(ctx, Press{By: outsider, Request: id.Request(1), Comment: "no"})
		wantCode(t, err, "not_in_group")
	}
	if f := w.load(id); f.Version != before+2 {
		t.Errorf("%d events of two kinds of press\n%s", f.Version-before, w.story(id))
	}
}

// The attack: the only person who could fill a later stage spends their seat on an
// earlier one, and the request can never be decided.
func TestASeatThatIsNeededLater(t *testing.T) {
	both, other := Actor("slack:T/BOTH"), Actor("slack:T/OTHER")
	plan := Checked{Request: "F-1.1", Digest: "d", Lapses: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Verdict: Verdict{Stages: []Stage{
		{Group: "owners", Count: 1, Could: []Actor{both, other}}, {Group: "security", Count: 1, Could: []Actor{both}}}}}
	f := Federation{ID: "F-1", State: Requested, Requests: []Request{{ID: "F-1.1", State: RequestOpen, Checked: &plan,
		By: Person{Actor: "slack:T/ASKER"}}}}
	press := func(by Actor) error {
		_, err := f.Approve(Press{Request: "F-1.1", By: by, Digest: "d"}, Person{Actor: by}, Live{Members: map[string][]Actor{"owners": {both, other}}}, "shop-dev",
			time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
		return err
	}
	var refusal *Refusal
	if err := press(both); !errors.As(err, &refusal) || refusal.Code != "needed_later" {
		t.Errorf("the only one of security may spend the seat: %v", err)
	}
	if err := press(other); err != nil {
		t.Errorf("somebody else of owners may not: %v", err)
	}
}

// What was approved must be readable when template, profile and rules have moved on.
func TestWhatWasApprovedIsStoredWhole(t *testing.T) {
	w := newWorld(t)
	f := w.load(w.active())
	stored := f.Requests[0].Checked.Stored
	if len(stored) < 2 {
		t.Fatalf("only %d documents are stored beside the plan", len(stored))
	}
	for _, d := range stored {
		if !w.mem.blobs[d] {
			t.Errorf("document %s is named and not stored", d.Short())
		}
	}
}
