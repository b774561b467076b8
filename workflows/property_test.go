package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "fedbot/workflows"
)

// life is a world in which anything may happen to a few federations.
type life struct {
	*world
	r *rapid.T
}

// Those who may do most come more often than their number.
var everybody = []Actor{deputy, oncall, requester, owner, otherOwner, approver, second, admin, requester, owner, approver, second, auditor, outsider, guest, host}

func (l *life) who() Actor { return rapid.SampledFrom(everybody).Draw(l.r, "who") }

// some is one of the federations there are; false if there is none yet.
func (l *life) some() (Federation, bool) {
	all := l.all()
	if len(all) == 0 {
		return Federation{}, false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(l.r, "federation")], true
}

// fine demands that an error is one that the design knows.
func (l *life) fine(err error) {
	if err != nil && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrUnreadable) {
		l.r.Fatalf("an error nobody expects: %v", err)
	}
}

func (l *life) ask(*rapid.T) {
	p := ask()
	p.Connection = rapid.SampledFrom([]string{"deploy", "Deploy", "test"}).Draw(l.r, "connection")
	p.Account = rapid.SampledFrom([]string{"shop-dev", "shop-prod"}).Draw(l.r, "account")
	if rapid.Bool().Draw(l.r, "ends") {
		p.Ends = l.clock.now().Add(200 * time.Hour)
	}
	_, err := l.engine().Submit(ctx, Ask{By: l.who(), Proposal: p})
	l.fine(err)
}

func (l *life) askAgain(*rapid.T) {
	f, ok := l.some()
	if !ok {
		return
	}
	p := rapid.SampledFrom([]Proposal{ask(), otherwise()}).Draw(l.r, "proposal")
	p.Kind = Change
	if f.Quarantine != nil {
		p.Kind = Release
	}
	by := rapid.SampledFrom([]Actor{requester, owner, outsider}).Draw(l.r, "by")
	_, err := l.engine().Submit(ctx, Ask{By: by, Proposal: p, Federation: f.ID})
	l.fine(err)
}

// press is by anybody, on the card of today or of yesterday.
func (l *life) press(*rapid.T) {
	f, ok := l.some()
	if !ok {
		return
	}
	r := f.Requests[rapid.IntRange(0, len(f.Requests)-1).Draw(l.r, "request")]
	p := Press{By: l.who(), Request: r.ID, Typed: r.Proposal.Account, Comment: "because"}
	if r.Checked != nil && rapid.IntRange(0, 5).Draw(l.r, "old card") > 0 {
		p.Digest = r.Checked.Digest
	}
	var err error
	switch rapid.IntRange(0, 11).Draw(l.r, "button") {
	case 10:
		_, err = l.engine().Inquire(ctx, p)
	case 11:
		p.Question = rapid.IntRange(0, 2).Draw(l.r, "question")
		_, err = l.engine().Reply(ctx, p)
	case 0:
		_, err = l.engine().Deny(ctx, p)
	case 1:
		_, err = l.engine().Withdraw(ctx, p)
	default:
		_, err = l.engine().Approve(ctx, p)
	}
	l.fine(err)
}

// consent presses as everybody who is asked, or few plans would ever be walked.
func (l *life) consent(*rapid.T) {
	f, ok := l.some()
	if !ok {
		return
	}
	if r, open := f.Open(); open && r.Checked != nil && r.State == RequestOpen {
		for _, a := range []Actor{owner, otherOwner, deputy, approver, second, oncall} {
			_, err := l.engine().Approve(ctx, Press{By: a, Request: r.ID, Digest: r.Checked.Digest, Typed: r.Proposal.Account})
			l.fine(err)
		}
	}
}

func (l *life) order(*rapid.T) {
	f, ok := l.some()
	if !ok {
		return
	}
	o := Order{By: l.who(), Federation: f.ID, Reason: "because", Hash: "h", Finding: "D-1"}
	o.Verb = rapid.SampledFrom([]OrderVerb{OrderRetry, OrderRetry, OrderRestore, OrderRestore, OrderRestore, OrderQuarantine, OrderQuarantine, OrderGiveUp, OrderRevoke}).Draw(l.r, "verb")
	_, err := l.engine().Order(ctx, o)
	l.fine(err)
}

// work is a few moves of a worker.
func (l *life) work(*rapid.T) {
	f, ok := l.some()
	if !ok {
		return
	}
	e := l.engine()
	for range rapid.IntRange(1, 25).Draw(l.r, "moves") {
		again, err := e.Advance(ctx, f.ID)
		l.fine(err)
		if d := again.Sub(l.clock.now()); d > 0 && d < time.Hour {
			l.clock.advance(d)
		}
		l.due(f.ID)
	}
}

// due holds the worker's index to what an engine does: what is due now is not in
// vain, and what is never due has nothing to do.
func (l *life) due(id FederationID) {
	before := l.load(id)
	due, now := before.Due(), l.clock.now()
	again, err := l.fork().engine().Advance(ctx, id) // on a copy that shares nothing
	if due.IsZero() && (err != nil || !again.IsZero()) {
		l.r.Fatalf("nothing is due, and to advance says %s, %v\n%s", again, err, l.story(id))
	}
	c := l.fork()
	if _, err := c.engine().Advance(ctx, id); err != nil {
		return
	}
	moved := c.load(id).Version != before.Version
	switch {
	case moved && (due.IsZero() || due.After(now)):
		l.r.Fatalf("due %s, now %s, and there was something to do\n%s", due, now, c.story(id))
	case !moved && !due.IsZero() && !due.After(now) && !again.After(now):
		l.r.Fatalf("due %s, now %s, and there was nothing to do\n%s", due, now, c.story(id))
	}
}

func (l *life) die(*rapid.T) { // a process that had taken a turn, or was about to
	f, ok := l.some()
	if !ok {
		return
	}
	left := rapid.IntRange(0, 3).Draw(l.r, "seams")
	burn := func(string) {
		if left--; left < 0 {
			panic(died{})
		}
	}
	l.mem.seam, l.cloud.seam = burn, burn
	l.mayDie(func() {
		_, err := l.engine().Advance(ctx, f.ID)
		l.fine(err)
	})
	l.mem.seam, l.cloud.seam = nil, nil
}

func (l *life) trouble(*rapid.T) {
	verb := rapid.SampledFrom([]string{"ensure ", "remove "}).Draw(l.r, "verb")
	step := rapid.SampledFrom(append(slices.Clone(touching), "policy:queue", SessionsID)).Draw(l.r, "step")
	f := &fault{err: &Fault{Say: "No answer."}, times: rapid.IntRange(1, 6).Draw(l.r, "times")}
	if rapid.Bool().Draw(l.r, "for good") {
		f.err = &Fault{Kind: ErrPermanent, Say: "No."}
	}
	f.half, f.whole = rapid.Bool().Draw(l.r, "half"), rapid.Bool().Draw(l.r, "whole")
	l.cloud.faults[verb+string(step)] = f
}

func (l *life) weather(*rapid.T) {
	switch rapid.IntRange(0, 6).Draw(l.r, "weather") {
	case 0:
		l.unread = ErrUnreadable
	case 1:
		g := rapid.SampledFrom([]string{groupOwners, groupAccount, groupAdmin}).Draw(l.r, "group")
		l.people.down[g] = !l.people.down[g]
	case 2:
		n := rapid.IntRange(1, 2).Draw(l.r, "audience")
		l.facts = func(f *Facts) { f.AWS.Audience = fmt.Sprint("aud-", n) }
	case 3:
		l.cloud.sees = func(n int, e *Evidence) { e.Succeeded = n%2 == 0 }
	default:
		l.unread, l.facts, l.cloud.sees, l.people.down = nil, nil, nil, map[string]bool{}
	}
}

func (l *life) time(*rapid.T) {
	l.clock.advance(time.Duration(rapid.SampledFrom([]int{1, 20, 40, 2000, 100_000, 400_000}).Draw(l.r, "seconds")) * time.Second)
}

// drift is somebody else's hand in the cloud, found or not yet found.
func (l *life) drift(*rapid.T) {
	f, ok := l.some()
	if !ok || f.State != Active {
		return
	}
	s := rapid.SampledFrom(f.Observables()).Draw(l.r, "step")
	x := Finding{ID: "D-1", Step: s.ID, Class: "edited", Level: High, Hash: "h"}
	switch s.Kind {
	case StepRole:
		if x.Class = rapid.SampledFrom([]string{"edited", "missing"}).Draw(l.r, "class"); x.Class == "missing" {
			l.cloud.drop("role/" + s.Role.Name)
			l.cloud.drop("policy/" + s.Role.Name + "/")
			break
		}
		l.edit("role/"+s.Role.Name, "edited")
	case StepPolicy:
		l.edit(policyKey(s, s.Policy.Name), "edited")
	case StepConnection:
		l.edit("connection/"+s.Connection.Name, "edited")
	default:
		return
	}
	if rapid.Bool().Draw(l.r, "found") {
		l.append(f.ID, Drifted{Findings: []Finding{x}})
	}
}

// invariants hold after every step.
func (l *life) invariants(r *rapid.T) {
	l.folded()
	for _, s := range l.cloud.wrong {
		r.Error(s)
	}
	claimed := map[string]bool{}
	for _, f := range l.all() {
		claimed[Mark(f.Key)] = true
		l.requests(r, f)
		ours := 0
		for _, o := range l.cloud.objects {
			if o.Owner == Mark(f.Key) {
				ours++
			}
		}
		if f.State == Closed && ours > 0 {
			r.Errorf("%s is closed and %d objects are left\n%s", f.ID, ours, l.story(f.ID))
		}
		if f.State == Requested && ours > 0 {
			r.Errorf("%s was never granted and has %d objects\n%s", f.ID, ours, l.story(f.ID))
		}
		if f.State == Active && f.ProvedAt.IsZero() {
			r.Errorf("%s is active and was not proved", f.ID)
		}
		for _, s := range planned(f) {
			if st := f.Steps.Get(s.ID); f.State == Active && !st.Made && s.Kind != StepHold && !ordered(f, s.ID) {
				r.Errorf("%s is active and %s was not made\n%s", f.ID, s.ID, l.story(f.ID))
			}
		}
		if f.Quarantine != nil && f.Quarantine.Held && (f.State == Active || f.State == Provisioning) {
			l.isHeld(r, f)
		}
	}
	for k, o := range l.cloud.objects {
		if o.Owner != "shared" && !claimed[o.Owner] {
			r.Errorf("nobody claims %s", k)
		}
	}
	if r.Failed() {
		r.FailNow()
	}
}

// ordered reports whether a step is about to be put back.
func ordered(f Federation, id StepID) bool {
	return slices.ContainsFunc(f.Errands, func(e Errand) bool { return e.Step == id })
}

func planned(f Federation) []Step {
	if f.Plan == nil {
		return nil
	}
	return f.Plan.Steps
}

// isHeld: under quarantine, once held, nothing lifts the hold and nothing gets
// permissions without it.
func (l *life) isHeld(r *rapid.T, f Federation) {
	s, _ := f.Plan.Step(HoldID)
	_, role := l.cloud.objects["role/"+s.Policy.Role]
	_, hold := l.cloud.objects[policyKey(s, holdName)]
	open := 0
	for _, p := range f.Plan.Steps {
		if _, ok := l.cloud.objects[permissions(p)]; ok {
			open++
		}
	}
	if role && !hold && open > 0 {
		r.Errorf("%s is quarantined, and its role has permissions and no hold\n%s", f.ID, l.story(f.ID))
	}
}

func permissions(s Step) string {
	if s.Kind != StepPolicy {
		return ""
	}
	return policyKey(s, s.Policy.Name)
}

// requests: at most one request is decided and one walked, and no person has two
// seats of one, nor the requester any.
func (l *life) requests(r *rapid.T, f Federation) {
	states := map[RequestState]int{}
	for _, q := range f.Requests {
		states[q.State]++
		seen := map[Actor]bool{q.By.Actor: true}
		for _, a := range q.Approvals {
			if seen[a.By.Actor] || a.For.Actor != "" && seen[a.For.Actor] {
				r.Errorf("%s: %s or %s has two seats, or the requester one", q.ID, a.By.Actor, a.For.Actor)
			}
			seen[a.By.Actor], seen[a.For.Actor] = true, a.For.Actor != ""
			if a.Group == groupOncall && !slices.Contains(q.Escalated, Widening{Stage: a.Stage, Group: groupOncall, At: escalatedAt(q, a.Stage)}) {
				r.Errorf("%s: %s came before anybody called", q.ID, a.By.Actor)
			}
		}
		if q.State == RequestGranted || q.State == RequestDone {
			l.ownersDecided(r, q)
		}
	}
	if states[RequestOpen] > 1 || states[RequestGranted] > 1 || states[RequestGranted] == 1 && f.State != Provisioning {
		r.Errorf("%s is %s with %v requests\n%s", f.ID, f.State, states, l.story(f.ID))
	}
}

// TestAnything asks, presses, orders, works, dies, fails, drifts and lets time
// pass in any order. The invariants hold after every step, and at the end, when
// the weather is fine and everybody who may decide decides, every federation comes
// to a whole end.
func TestAnything(t *testing.T) {
	t.Parallel()
	begun := newWorld(t)
	begun.active()
	begun.calling()
	begun.rules.Approvals = append(begun.rules.Approvals, Rule{Name: "two", Accounts: []string{"*-prod"}, Stages: []Stage{
		{Group: groupAccount, Count: 2, Escalate: []Escalation{{After: 20 * time.Hour, Group: groupOncall}}}}})
	rapid.Check(t, func(r *rapid.T) {
		l := &life{world: begun.fork(), r: r}
		l.t = r
		r.Repeat(map[string]func(*rapid.T){
			"ask": l.ask, "ask again": l.askAgain, "ask yet again": l.askAgain, "press": l.press, "consent": l.consent, "consent too": l.consent, "order": l.order,
			"work": l.work, "work too": l.work, "work as well": l.work, "die": l.die, "trouble": l.trouble, "weather": l.weather, "time": l.time, "drift": l.drift, "drift too": l.drift, "order too": l.order,
			"": l.invariants,
		})
		l.unread, l.facts, l.cloud.sees, l.people.down, l.cloud.faults = nil, nil, nil, map[string]bool{}, map[string]*fault{}
		for _, f := range l.all() {
			l.conclude(f.ID)
		}
		l.nothingLeft()
	})
}

// conclude brings a federation to rest: parked ones are tried again, and the rest
// is revoked.
func (l *life) conclude(id FederationID) {
	for range 3 {
		if f := l.settle(l.engine(), id); f.Parked != nil {
			_, err := l.engine().Order(ctx, Order{By: approver, Federation: id, Verb: OrderRetry})
			l.fine(err)
		}
	}
	if f := l.load(id); f.State != Closed && f.State != Revoking {
		_, err := l.engine().Order(ctx, Order{By: approver, Federation: id, Verb: OrderRevoke, Reason: "the end"})
		l.fine(err)
	}
	if f := l.settle(l.engine(), id); f.State != Closed {
		l.r.Fatalf("%s ends %s\n%s", id, f.State, l.story(id))
	}
}

func (l *life) nothingLeft() {
	for k, o := range l.cloud.objects {
		if o.Owner != "shared" {
			l.r.Fatalf("%s of %s is left when all is closed", k, o.Owner)
		}
	}
}
