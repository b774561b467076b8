package workflows_test

import (
	"testing"

	. "fedbot/workflows"
)

// held demands that the role of a quarantined federation is held, if there is one.
func (w *world) held(id FederationID) {
	w.t.Helper()
	f := w.load(id)
	role := RoleName("Web Shop", "deploy", f.Key)
	_, exists := w.cloud.objects["role/"+role]
	_, hold := w.cloud.objects["policy/"+role+"/"+holdName]
	if f.Quarantine == nil || exists && !hold {
		w.t.Fatalf("%s: quarantine %v, hold %v\n%s", id, f.Quarantine, hold, w.story(id))
	}
	if f.State == Active && !f.Quarantine.Held {
		w.t.Errorf("%s does not know that it is held\n%s", id, w.story(id))
	}
}

// release asks for the end of a quarantine and has it approved.
func (w *world) release(id FederationID, approvers ...Actor) {
	w.t.Helper()
	r := w.again(id, requester, Proposal{Kind: Release, Reason: "all is well"})
	w.approve(r, approvers...)
	w.settle(w.engine(), id)
	if f := w.load(id); f.Quarantine != nil {
		w.t.Fatalf("not released\n%s", w.story(id))
	}
}

func TestQuarantineAndRelease(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	w.order(id, approver, OrderQuarantine)
	wantCode(t, w.tell(id, owner, OrderQuarantine), "already")
	p := otherwise()
	p.Kind = Change
	_, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: p, Federation: id})
	wantCode(t, err, "quarantined")
	w.settle(w.engine(), id)
	w.held(id)
	w.is(id, Active, "")

	_, err = w.engine().Submit(ctx, Ask{By: outsider, Proposal: Proposal{Kind: Release}, Federation: id})
	wantCode(t, err, "may_not")
	r := w.again(id, requester, Proposal{Kind: Release, Reason: "all is well"})
	w.approve(r, owner)
	wantCode(t, w.press(r, approver), "own_quarantine")
	w.approve(r, second)
	w.settle(w.engine(), id)
	f := w.is(id, Active, "")
	if f.Quarantine != nil || !f.Steps.Get(SessionsID).Made {
		t.Errorf("quarantine %v, sessions %v", f.Quarantine, f.Steps.Get(SessionsID))
	}
	_, err = w.engine().Submit(ctx, Ask{By: requester, Proposal: Proposal{Kind: Release}, Federation: id})
	wantCode(t, err, "not_quarantined")
	w.order(id, owner, OrderRevoke)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRevoked)
}

func TestQuarantineInEveryState(t *testing.T) {
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id := w.granted()
		for range moves {
			w.move(id)
		}
		done := w.load(id).State == Active
		w.order(id, admin, OrderQuarantine)
		w.settle(w.engine(), id)
		w.held(id)
		if f := w.load(id); f.State == Provisioning {
			before := w.cloud.calls
			w.clock.advance(100 * Patience)
			w.settle(w.engine(), id)
			if w.cloud.calls != before {
				t.Error("the walk goes on under quarantine")
			}
		}
		w.release(id, owner, approver)
		w.is(id, Active, "")
		if done {
			break
		}
	}
}

func TestQuarantineOfARequest(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.order(id, host, OrderQuarantine)
	w.approve(id.Request(1), owner, approver)
	w.settle(w.engine(), id)
	if w.is(id, Provisioning, ""); w.cloud.calls != 0 {
		t.Error("something was made under quarantine")
	}
	w.release(id, owner, approver)
	w.is(id, Active, "")
}

func TestQuarantineOnTheWayOut(t *testing.T) {
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id := w.active()
		w.order(id, owner, OrderRevoke)
		for range moves {
			w.move(id)
		}
		if w.load(id).State == Closed {
			break
		}
		w.order(id, admin, OrderQuarantine)
		w.settle(w.engine(), id)
		w.is(id, Closed, OutcomeRevoked)
	}
}

func TestQuarantineOfAChange(t *testing.T) {
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id, _ := w.changing()
		for range moves {
			w.move(id)
		}
		done := w.load(id).State == Active
		w.order(id, admin, OrderQuarantine)
		w.settle(w.engine(), id)
		w.held(id)
		w.release(id, owner, approver)
		w.is(id, Active, "")
		if done {
			break
		}
	}
}

// While a release waits nobody asks for another, whatever else is under way.
func TestOneReleaseAtATime(t *testing.T) {
	w := newWorld(t)
	id := w.granted()
	w.order(id, admin, OrderQuarantine)
	w.again(id, requester, Proposal{Kind: Release, Reason: "all is well"})
	_, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: Proposal{Kind: Release, Reason: "again"}, Federation: id})
	wantCode(t, err, "open_request")
}

// Closing comes first: it waits for no reader, no other errand and no person.
func TestQuarantineWaitsForNothing(t *testing.T) {
	t.Run("a preflight that cannot read", func(t *testing.T) {
		w := newWorld(t)
		id := w.active()
		p := otherwise()
		p.Kind = Change
		if _, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: p, Federation: id}); err != nil {
			t.Fatal(err)
		}
		w.unread = ErrUnreadable
		w.order(id, admin, OrderQuarantine)
		for range 3 {
			_, _ = w.engine().Advance(ctx, id)
		}
		w.held(id)
	})
	for name, f := range map[string]*fault{"an errand that fails": permanent("No."), "an errand that hangs": unknown("No answer.")} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.active()
			w.append(id, Drifted{Findings: []Finding{{ID: "D-1", Step: ConnectionID, Hash: "h"}}}, Restored{Finding: "D-1", Step: ConnectionID})
			w.cloud.faults["ensure connection"] = f
			for range 2 {
				w.move(id)
			}
			w.order(id, admin, OrderQuarantine)
			for range 3 {
				w.move(id)
			}
			w.held(id)
			w.cloud.faults = map[string]*fault{}
			if w.load(id).Parked != nil {
				w.order(id, admin, OrderRetry)
			}
			w.settle(w.engine(), id)
			w.held(id)
			w.is(id, Active, "")
		})
	}
}

// Putting something back must not open what a quarantine holds.
func TestRestoreUnderQuarantine(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	role := RoleName("Web Shop", "deploy", w.load(id).Key)
	w.cloud.objects["policy/"+role+"/"+holdName] = object{Owner: Mark(w.load(id).Key), Spec: "by hand"}
	w.append(id, Drifted{Findings: []Finding{{ID: "D-1", Step: LiftID, Hash: "h"}, {ID: "D-2", Step: RoleID, Class: "missing", Hash: "h"}}})
	w.order(id, admin, OrderQuarantine)
	w.settle(w.engine(), id)
	_, err := w.engine().Order(ctx, Order{By: owner, Federation: id, Verb: OrderRestore, Finding: "D-1", Hash: "h"})
	wantCode(t, err, "quarantined")
	w.settle(w.engine(), id)
	w.held(id)

	w.cloud.drop("role/" + role)
	w.cloud.drop("policy/" + role)
	if _, err := w.engine().Order(ctx, Order{By: owner, Federation: id, Verb: OrderRestore, Finding: "D-2", Hash: "h"}); err != nil {
		t.Fatal(err)
	}
	w.cloud.seam = func(point string) {
		if point == "before ensure policy:site" {
			w.cloud.mu.Lock()
			defer w.cloud.mu.Unlock()
			if _, ok := w.cloud.objects["policy/"+role+"/"+holdName]; !ok {
				t.Error("a quarantined role gets permissions before its hold")
			}
		}
	}
	w.settle(w.engine(), id)
	w.held(id)
}

func TestQuarantineOvertakesARestore(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	role := RoleName("Web Shop", "deploy", w.load(id).Key)
	w.cloud.drop("role/" + role)
	w.cloud.drop("policy/" + role)
	w.append(id, Drifted{Findings: []Finding{{ID: "D-1", Step: RoleID, Class: "missing", Hash: "h"}}}, Restored{Finding: "D-1", Step: RoleID})
	w.order(id, admin, OrderQuarantine)
	w.settle(w.engine(), id)
	w.held(id)
	w.is(id, Active, "")
}
