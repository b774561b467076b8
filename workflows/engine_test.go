package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	. "fedbot/workflows"
)

var ctx = context.Background()

// submit asks as the requester and lets the preflight run.
func (w *world) submit(p Proposal) FederationID {
	w.t.Helper()
	f, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: p})
	if err != nil {
		w.t.Fatalf("submit: %v", err)
	}
	if _, err := w.engine().Advance(ctx, f.ID); err != nil {
		w.t.Fatalf("preflight: %v", err)
	}
	return f.ID
}

// again asks for a change or a release and lets the preflight run.
func (w *world) again(id FederationID, by Actor, p Proposal) RequestID {
	w.t.Helper()
	f, err := w.engine().Submit(ctx, Ask{By: by, Proposal: p, Federation: id})
	if err != nil {
		w.t.Fatalf("ask again: %v", err)
	}
	if _, err := w.engine().Advance(ctx, id); err != nil {
		w.t.Fatalf("preflight: %v", err)
	}
	return f.Requests[len(f.Requests)-1].ID
}

// approve presses as everybody who is asked.
func (w *world) approve(id RequestID, by ...Actor) {
	w.t.Helper()
	for _, a := range by {
		if err := w.press(id, a); err != nil {
			w.t.Fatalf("approve as %s: %v", a, err)
		}
	}
}

func (w *world) press(id RequestID, by Actor) error {
	f := w.load(id.Federation())
	r, ok := f.Request(id)
	if !ok || r.Checked == nil {
		w.t.Fatalf("%s has no plan yet\n%s", id, w.story(f.ID))
	}
	_, err := w.engine().Approve(ctx, Press{By: by, Request: id, Digest: r.Checked.Digest, Typed: r.Proposal.Account})
	return err
}

func (w *world) order(id FederationID, by Actor, verb OrderVerb) {
	w.t.Helper()
	if err := w.tell(id, by, verb); err != nil {
		w.t.Fatalf("%s by %s: %v\n%s", verb, by, err, w.story(id))
	}
}

func (w *world) tell(id FederationID, by Actor, verb OrderVerb) error {
	_, err := w.engine().Order(ctx, Order{By: by, Federation: id, Verb: verb, Reason: "because"})
	return err
}

// granted is a federation whose walk is about to begin.
func (w *world) granted() FederationID {
	w.t.Helper()
	id := w.submit(ask())
	w.approve(id.Request(1), owner, approver)
	if _, err := w.engine().Advance(ctx, id); err != nil {
		w.t.Fatal(err)
	}
	w.is(id, Provisioning, "")
	return id
}

// active is a federation that works.
func (w *world) active() FederationID {
	w.t.Helper()
	id := w.granted()
	w.settle(w.engine(), id)
	w.is(id, Active, "")
	return id
}

// is demands a state and an outcome, and that the world is whole.
func (w *world) is(id FederationID, s State, o Outcome) Federation {
	w.t.Helper()
	f := w.load(id)
	if f.State != s || f.Outcome != o {
		w.t.Fatalf("%s is %s (%s), want %s (%s)\n%s", id, f.State, f.Outcome, s, o, w.story(id))
	}
	w.whole()
	w.folded()
	return f
}

func (w *world) parked(id FederationID) Federation {
	w.t.Helper()
	f := w.load(id)
	if f.Parked == nil || f.Parked.Say == "" || f.Parked.Todo == "" {
		w.t.Fatalf("%s is not parked with a sentence and what to do: %+v\n%s", id, f.Parked, w.story(id))
	}
	return f
}

// wantCode demands a refusal with a code and a sentence.
func wantCode(t testing.TB, err error, code string) *Refusal {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Code != code || r.Say == "" {
		t.Fatalf("got %v, want a refusal %q", err, code)
	}
	return r
}

func permanent(say string) *fault {
	return &fault{err: &Fault{Kind: ErrPermanent, Say: say}, times: -1}
}
func unknown(say string) *fault { return &fault{err: &Fault{Say: say}, times: -1} }

func TestCreate(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	f := w.load(id)
	if r := f.Requests[0]; r.State != RequestDone || r.Outcome != OutcomeDone {
		t.Errorf("the request is %s (%s)", r.State, r.Outcome)
	}
	if len(f.Shut) == 0 || f.Proof == nil || f.Proof.RoleID != f.Steps.Get(RoleID).Ref {
		t.Errorf("active without neighbours shut out (%v) or a proof by role id (%v)", f.Shut, f.Proof)
	}
	if due := f.Due(); !due.IsZero() {
		t.Errorf("it owes something at %s", due)
	}
	w.order(id, approver, OrderRevoke)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRevoked)
}

func TestRevokeInEveryState(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.order(id, requester, OrderRevoke)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRevoked)
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id := w.granted()
		for range moves {
			w.move(id)
		}
		f := w.load(id)
		w.order(id, owner, OrderRevoke)
		w.settle(w.engine(), id)
		w.is(id, Closed, OutcomeRevoked)
		wantCode(t, w.tell(id, owner, OrderRevoke), "closed")
		if f.State == Active {
			break
		}
	}
}

// move does one move of a walk, whatever the time.
func (w *world) move(id FederationID) {
	w.t.Helper()
	again, err := w.engine().Advance(ctx, id)
	if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrConflict) {
		w.t.Fatalf("advance: %v\n%s", err, w.story(id))
	}
	if d := again.Sub(w.clock.now()); d > 0 {
		w.clock.advance(d)
	}
}

func TestPreflightRefuses(t *testing.T) {
	w := newWorld(t)
	w.facts = func(f *Facts) { f.AzureDevOps.Toolkit = "1.14.0" }
	id := w.submit(ask())
	f := w.is(id, Closed, OutcomeRefused)
	if f.Requests[0].Say == "" {
		t.Error("nobody learns why")
	}
	w.facts = nil
	if again := w.submit(ask()); again == id {
		t.Error("the name of a refused federation is not free again")
	}
}

func TestPreflightWaitsForWhatItCannotRead(t *testing.T) {
	w := newWorld(t)
	f, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: ask()})
	if err != nil {
		t.Fatal(err)
	}
	w.unread = ErrUnreadable
	if _, err := w.engine().Advance(ctx, f.ID); !errors.Is(err, ErrUnreadable) {
		t.Fatalf("got %v, want unreadable", err)
	}
	w.is(f.ID, Requested, "")
	w.people.down[groupAccount], w.unread = true, nil
	if _, err := w.engine().Advance(ctx, f.ID); !errors.Is(err, ErrUnreadable) {
		t.Fatalf("got %v, want unreadable", err)
	}
	w.clock.advance(25 * time.Hour)
	w.settle(w.engine(), f.ID)
	w.is(f.ID, Closed, OutcomeLapsed)
}

func TestChangedFactsVoidApprovals(t *testing.T) {
	for name, change := range map[string]func(*world){
		"AWS":          func(w *world) { w.facts = func(f *Facts) { f.AWS.Boundary = "another" } },
		"Azure DevOps": func(w *world) { w.facts = func(f *Facts) { f.AzureDevOps.VerifyRef = "another" } },
		"rules":        func(w *world) { w.rules.Approvals[0].Accounts = nil; w.rules.Approvals[0].Stages[0].Count = 2 },
		"left":         func(w *world) { w.people.leave(groupOwners, owner) },
		"deactivated":  func(w *world) { w.people.gone[owner] = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.submit(ask())
			old := w.load(id).Requests[0].Checked.Digest
			w.approve(id.Request(1), owner, approver)
			change(w)
			w.move(id)
			f := w.is(id, Requested, "")
			r := f.Requests[0]
			if len(r.Approvals) != 0 || r.Because == "" || r.Round != 2 || r.Decided() {
				t.Fatalf("approvals %v, because %q, round %d", r.Approvals, r.Because, r.Round)
			}
			if w.cloud.calls != 0 {
				t.Error("something was touched")
			}
			if r.Checked.Digest != old {
				_, err := w.engine().Approve(ctx, Press{By: otherOwner, Request: r.ID, Digest: old})
				wantCode(t, err, "stale_plan")
			}
		})
	}
}

func TestFactsThatMayMove(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.approve(id.Request(1), owner, approver)
	w.facts = func(f *Facts) { f.AWS.Provider, f.AWS.Audiences, f.AWS.Roles = true, []string{f.AWS.Audience}, 7 }
	w.move(id)
	w.is(id, Provisioning, "")
}

func TestLapse(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.clock.advance(72 * time.Hour)
	_, err := w.engine().Approve(ctx, Press{By: owner, Request: id.Request(1), Digest: w.load(id).Requests[0].Checked.Digest})
	wantCode(t, err, "lapsed")
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeLapsed)

	id = w.submit(ask())
	w.approve(id.Request(1), owner, approver)
	w.unread = ErrUnreadable
	w.clock.advance(24*time.Hour - time.Second)
	if _, err := w.engine().Advance(ctx, id); err == nil {
		t.Fatal("went on without facts")
	}
	w.clock.advance(time.Second)
	w.unread = nil
	w.move(id)
	w.is(id, Closed, OutcomeLapsed)
}

func TestEndPassesBeforeAnybodyDecides(t *testing.T) {
	w := newWorld(t)
	p := ask()
	p.Ends = noon.Add(time.Hour)
	id := w.submit(p)
	w.clock.advance(90 * time.Minute)
	w.settle(w.engine(), id) // and does not spin
	w.is(id, Requested, "")
	w.approve(id.Request(1), owner, approver)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRefused)
}

func TestExpireAndBrake(t *testing.T) {
	w := newWorld(t)
	p := ask()
	p.Ends = noon.Add(24 * time.Hour)
	id := w.submit(p)
	w.approve(id.Request(1), owner, approver)
	w.settle(w.engine(), id)
	if due := w.is(id, Active, "").Due(); !due.Equal(p.Ends) {
		t.Errorf("due at %s, want %s", due, p.Ends)
	}
	w.clock.advance(25 * time.Hour)
	w.braked = "four federations end at once"
	again, err := w.engine().Advance(ctx, id)
	if err != nil || !again.After(w.clock.now()) {
		t.Errorf("braked: look again at %v (now %v), error %v; a worker would spin", again, w.clock.now(), err)
	}
	w.is(id, Active, "")
	w.braked = ""
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeExpired)
}

// steps of the plan that touch something, in order.
var touching = []StepID{ProviderID, ConnectionID, RoleID, HoldID, "policy:site", AllowID, RunID, WithdrawID, ChecksID, PipelinesID, LiftID}

func TestEveryStepFailsForGood(t *testing.T) {
	for _, s := range touching {
		for _, half := range []bool{false, true} {
			w := newWorld(t)
			f := permanent("AWS said no.")
			f.half = half
			w.cloud.faults["ensure "+string(s)] = f
			id := w.granted()
			w.settle(w.engine(), id)
			r := w.is(id, Closed, OutcomeFailed).Requests[0]
			if r.State != RequestClosed || r.Outcome != OutcomeFailed || r.Say != "AWS said no." {
				t.Errorf("%s: the request is %+v", s, r)
			}
		}
	}
}

func TestUnknownOutcome(t *testing.T) {
	for _, s := range touching {
		w := newWorld(t)
		f := unknown("No answer.")
		f.whole = true
		w.cloud.faults["ensure "+string(s)] = f
		id := w.granted()
		w.settle(w.engine(), id)
		w.parked(id)
		var pauses []time.Duration
		for _, e := range w.mem.events[id] {
			if b, ok := e.Body.(Stumbled); ok {
				pauses = append(pauses, b.Again.Sub(e.At))
			}
		}
		if len(pauses) != 3 || pauses[0] != time.Second || pauses[1] != 2*time.Second || pauses[2] != 4*time.Second {
			t.Errorf("%s: pauses %v", s, pauses)
		}
		if due := w.load(id).Due(); !due.IsZero() {
			t.Errorf("%s: parked and due at %s", s, due)
		}
		wantCode(t, w.tell(id, outsider, OrderRetry), "may_not")
		w.cloud.faults["ensure "+string(s)] = nil
		w.order(id, admin, OrderRetry)
		w.settle(w.engine(), id)
		w.is(id, Active, "")
		wantCode(t, w.tell(id, admin, OrderRetry), "not_parked")

		w = newWorld(t)
		f.times = -1
		w.cloud.faults["ensure "+string(s)] = f
		id = w.granted()
		w.settle(w.engine(), id)
		w.parked(id)
		wantCode(t, w.tell(id, admin, OrderGiveUp), "may_not")
		w.order(id, requester, OrderGiveUp)
		w.settle(w.engine(), id)
		w.is(id, Closed, OutcomeFailed)
	}
}

func TestRemoveThatFailsWaitsForAPerson(t *testing.T) {
	for _, s := range []StepID{ConnectionID, RoleID, HoldID, "policy:site", AllowID, RunID, ChecksID, PipelinesID, LiftID} {
		for _, kind := range []error{ErrPermanent, nil} {
			w := newWorld(t)
			id := w.active()
			w.cloud.faults["remove "+string(s)] = &fault{err: &Fault{Kind: kind, Say: "No."}, times: -1}
			w.order(id, owner, OrderRevoke)
			w.settle(w.engine(), id)
			w.parked(id)
			w.is(id, Revoking, OutcomeRevoked)
			w.cloud.faults = map[string]*fault{}
			w.order(id, admin, OrderRetry)
			w.settle(w.engine(), id)
			w.is(id, Closed, OutcomeRevoked)
		}
	}
}

func TestForeignObjects(t *testing.T) {
	for step, key := range map[StepID]string{
		ConnectionID: "connection/deploy", RoleID: "role/" + RoleName("Web Shop", "deploy", "00000000000000000000000000000001"),
	} {
		w := newWorld(t)
		id := w.granted()
		w.cloud.objects[key] = object{Owner: "somebody", ID: "THEIRS", Spec: "theirs"}
		w.settle(w.engine(), id)
		if f := w.parked(id); f.Parked.Step != step {
			t.Errorf("parked at %s, want %s", f.Parked.Step, step)
		}
		w.order(id, owner, OrderGiveUp)
		w.settle(w.engine(), id)
		w.is(id, Closed, OutcomeFailed)
		if o := w.cloud.objects[key]; o.Owner != "somebody" || o.Spec != "theirs" {
			t.Errorf("what is somebody else's is now %+v", o)
		}
		w.cloud.objects[key] = object{Owner: "somebody", ID: "THEIRS"}
	}
}

// A bearer of our mark that is older than our intention is not ours either:
// somebody copied it.
func TestMarkIsNotEnough(t *testing.T) {
	w := newWorld(t)
	id := w.granted()
	w.cloud.objects["connection/deploy"] = object{Owner: Mark(w.load(id).Key), ID: "COPY", Born: noon.Add(-time.Hour), Spec: "copied"}
	w.settle(w.engine(), id)
	w.parked(id)
	if w.cloud.objects["connection/deploy"].Spec != "copied" {
		t.Error("it was touched")
	}
}

func TestReadBackStopsTheWalk(t *testing.T) {
	for name, spoil := range map[string]func(w *world, role string){
		"a difference": func(w *world, role string) { w.edit("connection/deploy", "edited") },
		"a neighbour let in": func(w *world, role string) {
			w.letIn = true
		},
		"gone": func(w *world, role string) { delete(w.cloud.objects, "policy/"+role[5:]+"/tmpl-site") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.granted()
			role := "role/" + RoleName("Web Shop", "deploy", w.load(id).Key)
			w.cloud.seam = func(point string) {
				if point == "after ensure policy:site" {
					spoil(w, role)
				}
			}
			f := w.settle(w.engine(), id)
			if _, allowed := w.cloud.objects["permit/deploy/verify"]; allowed || f.State == Active || len(w.cloud.runs) > 0 {
				t.Errorf("the walk went on: %s\n%s", f.State, w.story(id))
			}
			if name == "a neighbour let in" {
				w.is(id, Closed, OutcomeFailed)
				return
			}
			w.parked(id)
			w.order(id, owner, OrderGiveUp)
			w.settle(w.engine(), id)
			w.is(id, Closed, OutcomeFailed)
		})
	}
}

func (w *world) edit(key, spec string) {
	if o, ok := w.cloud.objects[key]; ok {
		o.Spec = spec
		w.cloud.objects[key] = o
	}
}
