package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "fedbot/workflows"
)

const (
	deputy      Actor = "slack:T1/deputy" // stands in for approver
	oncall      Actor = "slack:T1/oncall"
	riskier     Actor = "slack:T1/risk"
	groupRisk         = "cloud-security"
	groupOncall       = "cloud-oncall"
)

// calling makes rules under which an undecided request is reminded three times and
// passed on once, before it lapses.
func (w *world) calling() {
	w.rules.Approvals = []Rule{{Name: "risk", Remind: Reminding{After: 2 * time.Hour, Most: 3},
		Stages: []Stage{{Name: "Risk", Group: groupRisk, Count: 1, Escalate: []Escalation{{After: 10 * time.Hour, Group: groupOncall}}}}}}
	w.rules.Delegates = []Delegate{{For: approver, By: deputy, From: noon.Add(-time.Hour), Until: noon.Add(60 * 24 * time.Hour)},
		{For: requester, By: outsider, From: noon.Add(-time.Hour), Until: noon.Add(60 * 24 * time.Hour)}}
	w.people.groups[groupRisk] = []Actor{second, riskier, requester}
	w.people.groups[groupOncall] = []Actor{oncall, requester}
}

// TestCallsAtEverySeam dies before and after every append until one run survives.
// However often fedbot dies, nobody is called twice for one thing, and the request
// lapses all the same.
func TestCallsAtEverySeam(t *testing.T) {
	t.Parallel()
	count, seams := &tally{t: t}, 0
	for count.run(fmt.Sprint("seam ", seams), func(t rapid.TB) bool { return callsAnd(t, seams) }) && seams < 100 {
		seams++
	}
	count.end(8)
}

// callsAnd lets a request wait until it lapses, dies at a seam, and reports whether
// it died.
func callsAnd(t rapid.TB, fuse int) bool {
	w := newWorld(t)
	w.calling()
	w.mem.seam = func(string) {
		if fuse == 0 {
			fuse--
			panic(died{})
		}
		fuse--
	}
	deaths := 0
	for range 200 {
		var f Federation
		if w.mayDie(func() {
			if len(w.all()) == 0 {
				_, err := w.engine().Submit(ctx, Ask{Delivery: "ask", By: requester, Proposal: ask()})
				w.known(err)
			}
			f = w.load("F-1")
			if r := f.Requests[0]; r.Checked != nil && len(r.Approvals) < 2 { // the owners decide; security does not
				by := []Actor{owner, approver}[len(r.Approvals)]
				_, err := w.engine().Approve(ctx, Press{Delivery: "press " + string(by), By: by, Request: r.ID, Digest: r.Checked.Digest})
				w.known(err)
				return
			}
			if due := f.Due(); due.After(w.clock.now()) {
				w.clock.advance(due.Sub(w.clock.now()))
			}
			if f.State != Closed {
				_, err := w.engine().Advance(ctx, "F-1")
				w.known(err)
			}
		}) {
			deaths++
			continue
		}
		if f.State != Closed {
			continue
		}
		kinds := map[EventKind]int{}
		for _, e := range w.mem.events["F-1"] {
			kinds[e.Kind()]++
		}
		if kinds[KindReminded] != 3 || kinds[KindEscalated] != 1 || f.Outcome != OutcomeLapsed {
			t.Errorf("reminded %d times and escalated %d, %s, after %d deaths\n%s", kinds[KindReminded], kinds[KindEscalated], f.Outcome, deaths, w.story("F-1"))
		}
		w.folded()
		return deaths > 0
	}
	t.Fatalf("it never ends\n%s", w.story("F-1"))
	return false
}

// decidedBut is a request that lacks the consent of the account's owners and of
// security.
func (w *world) decidedBut() RequestID {
	w.t.Helper()
	w.calling()
	r := w.submit(ask()).Request(1)
	w.approve(r, owner)
	return r
}

func TestADeputyDecides(t *testing.T) {
	w := newWorld(t)
	r := w.decidedBut()
	wantCode(t, w.press(r, outsider), "not_in_group") // stands in for the requester
	wantCode(t, w.press(r, admin), "not_in_group")
	if err := w.press(r, deputy); err != nil {
		t.Fatal(err)
	}
	if err := w.press(r, second); err != nil {
		t.Fatal(err)
	}
	f := w.settle(w.engine(), r.Federation())
	if a := f.Requests[0].Approvals[1]; f.State != Active || a.By.Actor != deputy || a.For.Actor != approver || a.For.Name != "approver" {
		t.Errorf("%s, approved by %+v\n%s", f.State, a, w.story(f.ID))
	}
}

// The attack: the requester is an owner of the account under a second account of theirs,
// and somebody stands in for that one.
func TestADeputyOfTheRequestersSecondAccount(t *testing.T) {
	w := newWorld(t)
	w.calling()
	e := w.engine()
	e.Directory = twins{w.people}
	f, err := e.Submit(ctx, Ask{By: requester, Proposal: ask()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Advance(ctx, f.ID); err != nil {
		t.Fatal(err)
	}
	press := func(by Actor) error {
		_, err := e.Approve(ctx, Press{By: by, Request: f.ID.Request(1), Digest: w.load(f.ID).Requests[0].Checked.Digest})
		return err
	}
	if err := press(owner); err != nil {
		t.Fatal(err)
	}
	wantCode(t, press(deputy), "own_request")
}

// Between the press and the first effect, whatever makes a deputy none voids the
// approval.
func TestADeputyWhoIsNoneAnyMore(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"left out of the configuration": func(w *world) { w.rules.Delegates = nil },
		"past the last day":             func(w *world) { w.rules.Delegates[0].Until = w.clock.now(); w.clock.advance(time.Second) },
		"the person left the group":     func(w *world) { w.people.leave(groupAccount, approver) },
		"the person left the company":   func(w *world) { w.people.gone[approver] = true },
		"the deputy left the company":   func(w *world) { w.people.gone[deputy] = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.decidedBut()
			for _, by := range []Actor{deputy, second} {
				if err := w.press(r, by); err != nil {
					t.Fatal(err)
				}
			}
			change(w)
			if _, err := w.engine().Advance(ctx, r.Federation()); err != nil {
				t.Fatal(err)
			}
			if f := w.load(r.Federation()); f.State != Requested || f.Requests[0].Decided() || f.Requests[0].Because == "" {
				t.Errorf("it is %s, and nobody was asked again: %q\n%s", f.State, f.Requests[0].Because, w.story(f.ID))
			}
		})
	}
}

func TestAnEscalationFillsTheRulesSeatAlone(t *testing.T) {
	w := newWorld(t)
	r := w.decidedBut()
	wantCode(t, w.press(r, oncall), "not_in_group")
	if err := w.press(r, approver); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.press(r, oncall), "not_in_group") // not yet
	w.clock.advance(10 * time.Hour)
	for range 4 {
		if _, err := w.engine().Advance(ctx, r.Federation()); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, w.press(r, requester), "own_request")
	if err := w.press(r, oncall); err != nil {
		t.Fatal(err)
	}
	if f := w.settle(w.engine(), r.Federation()); f.State != Active {
		t.Errorf("it is %s\n%s", f.State, w.story(f.ID))
	}
}

func TestAReasonThatARuleWants(t *testing.T) {
	w := newWorld(t)
	w.calling()
	w.rules.Approvals[0].Reason = "^[A-Z]+-[0-9]+"
	f, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: ask()})
	if err != nil {
		t.Fatal(err)
	}
	if f = w.settle(w.engine(), f.ID); f.Outcome != OutcomeRefused {
		t.Errorf("%s, %s", f.State, f.Outcome)
	}
}

func escalatedAt(q Request, stage int) (at time.Time) {
	for _, w := range q.Escalated {
		if w.Stage == stage {
			at = w.At
		}
	}
	return at
}

// ownersDecided: whatever rules, deputies and escalations say, nothing is granted
// without one of the account's owners, or who stands in for one.
func (l *life) ownersDecided(r *rapid.T, q Request) {
	for _, a := range q.Approvals {
		if a.Group == groupAccount {
			return
		}
	}
	r.Errorf("%s was granted and no owner of the account consented", q.ID)
}
