package workflows_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	. "fedbot/workflows"
)

// noVerifier is a project without a verification pipeline.
func noVerifier(w *world) {
	w.facts = func(f *Facts) { f.AzureDevOps.Verifier = nil }
}

// use is a run of a named pipeline: it signs in, and AWS records it.
func (w *world) use(f Federation, bend ...func(*SignIn)) {
	w.t.Helper()
	s, ok := f.Plan.Step(FirstUseID)
	if !ok {
		w.t.Fatal("the plan waits for no first use")
	}
	in := SignIn{At: w.clock.now(), Provider: s.Proof.Provider, Subject: s.Proof.Subject, Audience: s.Proof.Audience, RoleID: f.Steps.Get(RoleID).Ref, From: "198.51.100.4"}
	for _, b := range bend {
		b(&in)
	}
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	w.cloud.signIns = append(w.cloud.signIns, in)
}

// waiting is a federation that waits for its first use.
func (w *world) waiting() Federation {
	w.t.Helper()
	noVerifier(w)
	id := w.granted()
	f := w.settle(w.engine(), id)
	if !f.AwaitsUse() {
		w.t.Fatalf("it does not wait for its first use\n%s", w.story(id))
	}
	return f
}

// holds demands the hold on the role, of whatever reason.
func (w *world) holds(f Federation) {
	w.t.Helper()
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	if _, ok := w.cloud.objects["policy/"+RoleName("Web Shop", f.Approved.Connection, f.Key)+"/"+holdName]; !ok {
		w.t.Errorf("the role is not held\n%s", w.story(f.ID))
	}
}

func (w *world) check(id FederationID, by Actor) error {
	_, err := w.engine().Order(ctx, Order{By: by, Federation: id, Verb: OrderCheck})
	return err
}

func code(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Code
	}
	return ""
}

// While it waits, the pipelines may use the connection, the checks are there, and so
// is the hold: whoever signs in can do nothing. Only AWS's own record ends that.
func TestFirstUse(t *testing.T) {
	w := newWorld(t)
	f := w.waiting()
	for _, id := range []StepID{HoldID, ChecksID, PipelinesID} {
		if !f.Steps.Get(id).Made {
			t.Errorf("%s is not made while it waits", id)
		}
	}
	w.holds(f)
	if f.Steps.Get(LiftID).Made || !f.ProvedAt.IsZero() {
		t.Errorf("lifted %v, proved %s", f.Steps.Get(LiftID).Made, f.ProvedAt)
	}
	err := w.check(f.ID, requester)
	if code(err) != "not_seen" || !strings.Contains(err.Error(), "Run build once, from main") || !strings.Contains(err.Error(), "15 minutes late") {
		t.Errorf("nothing on record: %v", err)
	}
	if now := w.load(f.ID); now.Version != f.Version {
		t.Errorf("a look wrote something\n%s", w.story(f.ID))
	}
	w.use(f)
	if err := w.check(f.ID, requester); err != nil {
		t.Fatal(err)
	}
	f = w.settle(w.engine(), f.ID)
	if f.State != Active || f.ProvedAt.IsZero() || f.Proof.Source != "CloudTrail" || f.Proof.RoleID != f.Steps.Get(RoleID).Ref || f.Proof.Subject == "" {
		t.Errorf("%s, proof %+v\n%s", f.State, f.Proof, w.story(f.ID))
	}
	if err := w.check(f.ID, requester); code(err) != "nothing_to_check" {
		t.Errorf("a press on an old card: %v", err)
	}
}

// fedbot looks by itself from time to time, and not all the time.
func TestFirstUseIsSeenWithoutAPress(t *testing.T) {
	w := newWorld(t)
	f := w.waiting()
	if looks := w.cloud.looks; looks < 5 || looks > 20 {
		t.Errorf("%d looks in two hours", looks)
	}
	w.use(f)
	if f = w.settle(w.engine(), f.ID); f.State != Active {
		t.Errorf("%s\n%s", f.State, w.story(f.ID))
	}
}

// A sign-in that nobody should have been able to make refutes, also beside a good
// one; the hold stays. When a person has put it right, the old record does not count.
func TestFirstUseRefuted(t *testing.T) {
	for name, bend := range map[string]func(*SignIn){
		"another subject":  func(s *SignIn) { s.Subject = "sc://contoso/Data Lake/aws" },
		"another provider": func(s *SignIn) { s.Provider = "arn:another" },
		"another audience": func(s *SignIn) { s.Audience = "sts.amazonaws.com" },
		"another role":     func(s *SignIn) { s.RoleID = "AROASOMEBODYELSES" },
		"no role":          func(s *SignIn) { s.RoleID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := w.waiting()
			w.use(f)
			w.use(f, bend)
			if err := w.check(f.ID, requester); err != nil {
				t.Fatal(err)
			}
			f = w.settle(w.engine(), f.ID)
			if f.Parked == nil || !f.ProvedAt.IsZero() || f.State != Provisioning || !strings.Contains(f.Parked.Say, "names another") {
				t.Fatalf("%s\n%s", f.State, w.story(f.ID))
			}
			w.holds(f)
			if err := w.check(f.ID, requester); code(err) != "nothing_to_check" {
				t.Errorf("a press while it is parked: %v", err)
			}
			w.clock.advance(time.Minute)
			w.order(f.ID, requester, OrderRetry)
			if f = w.settle(w.engine(), f.ID); !f.AwaitsUse() {
				t.Fatalf("the old record counts again\n%s", w.story(f.ID))
			}
			w.use(f)
			if f = w.settle(w.engine(), f.ID); f.State != Active {
				t.Errorf("%s\n%s", f.State, w.story(f.ID))
			}
		})
	}
}

// A sign-in from before the pipelines were permitted proves nothing.
func TestFirstUseOfBefore(t *testing.T) {
	w := newWorld(t)
	noVerifier(w)
	id := w.submit(ask())
	w.settle(w.engine(), id)
	w.clock.advance(time.Hour) // until people decide
	w.approve(id.Request(1), owner, approver)
	f := w.settle(w.engine(), id)
	w.use(f, func(s *SignIn) { s.At = f.Steps.Get(PipelinesID).At.Add(-time.Minute) })
	if err := w.check(f.ID, requester); code(err) != "not_seen" {
		t.Errorf("an old sign-in: %v", err)
	}
}

// What cannot be read is not "nobody"; and who may not check causes no read.
func TestFirstUseUnread(t *testing.T) {
	w := newWorld(t)
	f := w.waiting()
	looks := w.cloud.looks
	for _, by := range []Actor{outsider, auditor, host} {
		if err := w.check(f.ID, by); !errors.Is(err, ErrRefused) || w.cloud.looks != looks {
			t.Errorf("%s: %v, %d looks", by, err, w.cloud.looks-looks)
		}
	}
	w.cloud.unseen = &Fault{Kind: ErrUnreadable, Say: "CloudTrail may not be read."}
	w.use(f)
	if err := w.check(f.ID, owner); code(err) != "unread" || !strings.Contains(err.Error(), "CloudTrail may not be read") {
		t.Errorf("unread: %v", err)
	}
	w.holds(f)
}

// A quarantine stops the wait, and the guards are read again before the lift: one
// that somebody took away while it waited keeps it held.
func TestFirstUseGuards(t *testing.T) {
	w := newWorld(t)
	f := w.waiting()
	w.order(f.ID, second, OrderQuarantine)
	if f = w.settle(w.engine(), f.ID); f.AwaitsUse() {
		t.Error("it waits while it is quarantined")
	}
	if err := w.check(f.ID, requester); code(err) != "nothing_to_check" {
		t.Errorf("a press while it is quarantined: %v", err)
	}

	w = newWorld(t)
	f = w.waiting()
	w.cloud.mu.Lock()
	for key := range w.cloud.objects {
		if strings.HasPrefix(key, "check") {
			delete(w.cloud.objects, key)
		}
	}
	w.cloud.mu.Unlock()
	w.use(f)
	f = w.settle(w.engine(), f.ID)
	if f.State != Provisioning || f.Parked == nil || f.Steps.Get(LiftID).Made {
		t.Errorf("lifted without its checks: %s\n%s", f.State, w.story(f.ID))
	}
	w.holds(f)
}

// An account or a rule may demand a run; then nobody is asked at all.
func TestProofByRunDemanded(t *testing.T) {
	for name, demand := range map[string]func(*Rules){
		"account": func(r *Rules) { r.Accounts[0].Proof = ProofRun },
		"rule": func(r *Rules) {
			r.Approvals = append(r.Approvals, Rule{Name: "runs", Proof: ProofRun, Stages: []Stage{{Group: groupAccount, Count: 1}}})
		},
	} {
		w := newWorld(t)
		noVerifier(w)
		w.rules.Accounts = slices.Clone(w.rules.Accounts)
		demand(&w.rules)
		f := w.settle(w.engine(), w.submit(ask()))
		if f.State != Closed || f.Outcome != OutcomeRefused || !strings.Contains(f.Requests[0].Say, "asks for a proof run") {
			t.Errorf("%s: %s, %q", name, f.State, f.Requests[0].Say)
		}
	}
	if err := (Rules{Lapse: time.Hour, Approvals: []Rule{{Name: "x", Proof: "first-use", Stages: []Stage{{Group: "g", Count: 1}}}}}).Compile(); err == nil {
		t.Error("a demand that nobody knows was compiled")
	}
}

// Whoever takes the verification pipeline away after people approved a proof by run
// does not get the other proof: the plan goes back to them, and says so.
func TestVerifierTakenAway(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.settle(w.engine(), id)
	w.approve(id.Request(1), owner, approver)
	noVerifier(w)
	f := w.settle(w.engine(), id)
	r := f.Requests[0]
	if f.State != Requested || r.Round != 2 || len(r.Approvals) != 0 || !r.Checked.Plan.ByFirstUse() || !strings.Contains(r.Because, "Azure DevOps project changed") {
		t.Errorf("%s, round %d because %q\n%s", f.State, r.Round, r.Because, w.story(id))
	}
}

// A change keeps what the first use proved, and takes nothing from the pipelines,
// whether or not the project has got a verification pipeline meanwhile.
func TestChangeAfterFirstUse(t *testing.T) {
	for _, later := range []bool{false, true} {
		w := newWorld(t)
		f := w.waiting()
		w.use(f)
		if f = w.settle(w.engine(), f.ID); f.State != Active {
			t.Fatal(w.story(f.ID))
		}
		proved := f.ProvedAt
		if later {
			w.facts = nil
		}
		p := otherwise()
		p.Kind = Change
		r := w.again(f.ID, requester, p)
		w.settle(w.engine(), f.ID)
		w.approve(r, owner, approver)
		f = w.settle(w.engine(), f.ID)
		if f.State != Active || f.Parked != nil || !f.ProvedAt.Equal(proved) {
			t.Errorf("later %v: %s\n%s", later, f.State, w.story(f.ID))
		}
		w.whole()
	}
}

// SignIns is the account's record.
func (c *cloud) SignIns(_ context.Context, _ Task, since time.Time) ([]SignIn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	if c.unseen != nil {
		return nil, c.unseen
	}
	return slices.DeleteFunc(slices.Clone(c.signIns), func(s SignIn) bool { return s.At.Before(since) }), nil
}
