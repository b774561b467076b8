package workflows_test

import (
	"testing"
	"time"

	. "fedbot/workflows"
)

// changing is an active federation whose change is about to be walked.
func (w *world) changing() (FederationID, RequestID) {
	w.t.Helper()
	id := w.active()
	p := otherwise()
	p.Kind = Change
	r := w.again(id, requester, p)
	w.approve(r, owner, approver)
	if _, err := w.engine().Advance(ctx, id); err != nil {
		w.t.Fatal(err)
	}
	if f := w.load(id); f.State != Provisioning || f.Before == nil {
		w.t.Fatalf("the change did not begin: %s\n%s", f.State, w.story(id))
	}
	return id, r
}

func TestChange(t *testing.T) {
	w := newWorld(t)
	id, r := w.changing()
	w.settle(w.engine(), id)
	f := w.is(id, Active, "")
	if q, _ := f.Request(r); q.Outcome != OutcomeDone || f.Before != nil || !f.Ends.Equal(otherwise().Ends) {
		t.Errorf("request %s, before %v, ends %s", q.Outcome, f.Before, f.Ends)
	}
	if len(w.cloud.runs) != 1 {
		t.Errorf("%d proof runs; a change that lets nobody else in is not proved again", len(w.cloud.runs))
	}
	w.order(id, owner, OrderRevoke)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRevoked)
}

// steps that the change touches: what leaves, what differs, what comes.
var changed = []string{"remove checks", "remove policy:site", "ensure role", "ensure policy:queue", "ensure pipelines"}

func (w *world) wantBefore(id FederationID, r RequestID, say string) {
	w.t.Helper()
	f := w.is(id, Active, "")
	q, _ := f.Request(r)
	if q.State != RequestClosed || q.Outcome != OutcomeFailed || q.Say != say {
		w.t.Errorf("the change ended %s (%s): %q, want %q\n%s", q.State, q.Outcome, q.Say, say, w.story(id))
	}
	if f.Before != nil || f.Reverse || f.Approved.Kind != Create || f.Digest != f.Requests[0].Checked.Digest || !f.Ends.IsZero() {
		w.t.Errorf("what is in force is not what was before: %+v", f.Approved)
	}
}

func TestChangeThatFails(t *testing.T) {
	for _, call := range changed {
		for _, half := range []bool{false, true} {
			w := newWorld(t)
			id, r := w.changing()
			w.cloud.faults[call] = &fault{err: &Fault{Kind: ErrPermanent, Say: "No."}, half: half, times: 1}
			w.settle(w.engine(), id)
			say := "No."
			if f := w.load(id); f.Parked != nil { // what does not go away waits for a person
				w.order(id, owner, OrderGiveUp)
				w.settle(w.engine(), id)
				say = "because"
			}
			w.wantBefore(id, r, say)
		}
	}
}

func TestChangeGivenUp(t *testing.T) {
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id, r := w.changing()
		for range moves {
			w.move(id)
		}
		if w.load(id).State == Active {
			wantCode(t, w.tell(id, owner, OrderGiveUp), "nothing_begun")
			break
		}
		w.order(id, owner, OrderGiveUp)
		wantCode(t, w.tell(id, owner, OrderGiveUp), "already")
		w.settle(w.engine(), id)
		w.wantBefore(id, r, "because")
	}
}

// A revert that fails for good has nowhere further back to go.
func TestRevertThatFailsParks(t *testing.T) {
	w := newWorld(t)
	id, r := w.changing()
	w.cloud.faults["ensure pipelines"] = permanent("No.")
	w.settle(w.engine(), id)
	w.parked(id)
	if f := w.load(id); !f.Reverse {
		t.Fatalf("not on the way back\n%s", w.story(id))
	}
	w.cloud.faults = map[string]*fault{}
	w.order(id, admin, OrderRetry)
	w.settle(w.engine(), id)
	w.wantBefore(id, r, "No.")
}

func TestChangeRevokedOnTheWay(t *testing.T) {
	for moves := 0; ; moves++ {
		w := newWorld(t)
		id, _ := w.changing()
		for range moves {
			w.move(id)
		}
		done := w.load(id).State == Active
		w.order(id, owner, OrderRevoke)
		w.settle(w.engine(), id)
		w.is(id, Closed, OutcomeRevoked)
		if done {
			break
		}
	}
}

func TestOneOpenRequest(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	p := otherwise()
	p.Kind = Change
	r := w.again(id, requester, p)
	_, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: p, Federation: id})
	if got := wantCode(t, err, "open_request"); got.Next != string(r) {
		t.Errorf("it leads to %q", got.Next)
	}
	_, err = w.engine().Deny(ctx, Press{By: owner, Request: r, Comment: "not now"})
	if err != nil {
		t.Fatal(err)
	}
	f := w.is(id, Active, "")
	if q, _ := f.Request(r); q.Outcome != OutcomeDenied || f.Approved.Kind != Create {
		t.Errorf("denying a change changed more: %+v", f.Approved)
	}
	w.again(id, requester, p)
}

func TestRestore(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	role := "role/" + RoleName("Web Shop", "deploy", w.load(id).Key)
	find := func(step StepID, class string) Finding {
		x := Finding{ID: "D-1", Step: step, Class: class, Level: High, Hash: "h1"}
		w.append(id, Drifted{Findings: []Finding{x}})
		return x
	}
	put := func(x Finding, by Actor, hash Digest) error {
		_, err := w.engine().Order(ctx, Order{By: by, Federation: id, Verb: OrderRestore, Finding: x.ID, Hash: hash})
		return err
	}
	w.edit(role, "widened")
	x := find(RoleID, "trust widened")
	wantCode(t, put(x, owner, "h0"), "moved")
	wantCode(t, put(x, requester, "h1"), "may_not")
	wantCode(t, put(x, host, "h1"), "may_not")
	if err := put(x, owner, "h1"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put(x, owner, "h1"), "already")
	w.settle(w.engine(), id)
	w.is(id, Active, "")
	wantCode(t, put(x, owner, "h1"), "gone")

	// A role that is gone comes back with what hung on it.
	w.cloud.drop(role)
	w.cloud.drop("policy/")
	x = find(RoleID, "missing")
	if err := put(x, owner, "h1"); err != nil {
		t.Fatal(err)
	}
	w.settle(w.engine(), id)
	w.is(id, Active, "")
}

// append writes what fedbot or a reader of drift would.
func (w *world) append(id FederationID, b ...Body) {
	w.t.Helper()
	var events []Event
	for _, x := range b {
		events = append(events, Event{At: w.clock.now(), By: Person{Actor: Fedbot}, Body: x})
	}
	if err := w.log.Append(ctx, Batch{ID: id, After: w.load(id).Version, Events: events}); err != nil {
		w.t.Fatal(err)
	}
}

func TestProof(t *testing.T) {
	cases := map[string]struct {
		sees func(int, *Evidence)
		runs int
	}{
		"never proved":     {func(_ int, e *Evidence) { e.Succeeded, e.Failure = false, "no agent" }, 3},
		"never ends":       {func(_ int, e *Evidence) { e.Ended = false }, 3},
		"names nothing":    {func(_ int, e *Evidence) { e.Issuer, e.Subject, e.Audience, e.RoleID = "", "", "", "" }, 3},
		"another role":     {func(_ int, e *Evidence) { e.RoleID = "AROAOTHER" }, 1},
		"another issuer":   {func(_ int, e *Evidence) { e.Issuer = "https://other.example" }, 1},
		"another subject":  {func(_ int, e *Evidence) { e.Subject = "sc://contoso/Web Shop/other" }, 1},
		"another audience": {func(_ int, e *Evidence) { e.Audience = "other" }, 1},
		"another file":     {func(_ int, e *Evidence) { e.OurYAML = false }, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cloud.sees = c.sees
			id := w.granted()
			w.settle(w.engine(), id)
			f := w.parked(id)
			if len(w.cloud.runs) != c.runs {
				t.Errorf("%d runs, want %d", len(w.cloud.runs), c.runs)
			}
			if _, held := w.cloud.objects["policy/"+RoleName("Web Shop", "deploy", f.Key)+"/"+holdName]; !held || !f.ProvedAt.IsZero() {
				t.Errorf("held %v, proved at %s", held, f.ProvedAt)
			}
			w.cloud.sees = nil
			w.order(id, approver, OrderRetry)
			w.settle(w.engine(), id)
			w.is(id, Active, "")
			if len(w.cloud.runs) != c.runs+1 {
				t.Errorf("%d runs: the next try is no new nonce", len(w.cloud.runs))
			}
		})
	}
	t.Run("the second run proves it", func(t *testing.T) {
		w := newWorld(t)
		w.cloud.sees = func(n int, e *Evidence) { e.Succeeded = n > 1 }
		w.active()
		if len(w.cloud.runs) != 2 {
			t.Errorf("%d runs", len(w.cloud.runs))
		}
	})
	t.Run("never readable", func(t *testing.T) {
		w := newWorld(t)
		w.cloud.unseen = &Fault{Kind: ErrUnreadable, Say: "Azure DevOps does not answer."}
		id := w.granted()
		w.settle(w.engine(), id)
		if f := w.parked(id); f.Parked.Say != "Azure DevOps does not answer." {
			t.Errorf("parked: %s", f.Parked.Say)
		}
		w.cloud.unseen = nil
		w.order(id, approver, OrderRetry)
		w.settle(w.engine(), id)
		w.is(id, Active, "")
	})
	t.Run("one run for a nonce", func(t *testing.T) {
		w := newWorld(t)
		w.cloud.faults["ensure proof-run"] = &fault{err: &Fault{Say: "No answer."}, whole: true, times: 2}
		w.active()
		if len(w.cloud.runs) != 1 {
			t.Errorf("%d runs", len(w.cloud.runs))
		}
	})
	if Patience != 30*time.Minute {
		t.Error("the design says that a run is watched for 30 minutes")
	}
}
