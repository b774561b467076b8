package workflows_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "fedbot/workflows"
)

// died is what a process does at the seam where its fuse burns out.
type died struct{}

// pilot does the next thing that people and worker do in a story, told by nothing
// but what is stored, and says when the story is over. Every act has a delivery,
// so that an act repeated after a crash is the same act.
type pilot func(w *world, f Federation) (over bool)

// TestCrashAtEverySeam dies before and after every append and before and after
// every call that can have an effect, at seam 0, 1, 2 … until one run survives.
// After each death a new engine goes on with the same log and the same cloud.
// There is no other recovery. Demanded at the end: active means that everything
// exists as approved and nothing else of ours, closed means that nothing is left.
func TestCrashAtEverySeam(t *testing.T) {
	t.Parallel()
	for name, story := range stories() {
		t.Run(name, func(t *testing.T) {
			count, seams := &tally{t: t}, 0
			for count.run(fmt.Sprint("seam ", seams), func(t rapid.TB) bool { return crash(t, story, seams, -1) }) && seams < 500 {
				seams++
			}
			for n := 0; n < seams; n += 3 { // and once more on the way back
				count.run(fmt.Sprintf("seams %d and %d", n, 1+n%5), func(t rapid.TB) bool { return crash(t, story, n, 1+n%5) })
			}
			count.end(20)
		})
	}
}

type story struct {
	faults func(w *world)
	pilot  pilot
	end    State
}

func stories() map[string]story {
	out := map[string]story{
		"good, then revoked": {nil, func(w *world, f Federation) bool {
			if f.State == Active {
				w.does(f.ID, OrderRevoke, "revoke")
			}
			return f.State == Closed
		}, Closed},
		"a change": {nil, changes, Active},
		"a change that fails": {func(w *world) {
			w.cloud.faults["ensure policy:queue"] = &fault{err: &Fault{Kind: ErrPermanent, Say: "No."}, half: true, times: -1}
		}, changes, Active},
		"proved by its first use": {noVerifier, func(w *world, f Federation) bool {
			if f.AwaitsUse() && len(w.cloud.signIns) == 0 {
				w.use(f)
			}
			return f.State == Active
		}, Active},
		"spelled otherwise, and approved again": {otherLetters, func(_ *world, f Federation) bool { return f.State == Active }, Active},
		"revoked before its first use": {noVerifier, func(w *world, f Federation) bool {
			if f.AwaitsUse() {
				w.does(f.ID, OrderRevoke, "revoke")
			}
			return f.State == Closed
		}, Closed},
		"quarantined, then released": {nil, func(w *world, f Federation) bool {
			switch {
			case f.State != Active:
			case len(f.Requests) == 1 && f.Quarantine == nil:
				w.does(f.ID, OrderQuarantine, "quarantine")
			case len(f.Requests) == 1 && f.Quarantine.Held:
				_, err := w.engine().Submit(ctx, Ask{Delivery: "release", By: requester, Federation: f.ID, Proposal: Proposal{Kind: Release, Reason: "all is well"}})
				w.known(err)
			}
			return len(f.Requests) == 2 && f.Quarantine == nil && len(f.Errands) == 0
		}, Active},
	}
	for _, s := range touching {
		out["broken at "+string(s)] = story{func(w *world) {
			w.cloud.faults["ensure "+string(s)] = &fault{err: &Fault{Kind: ErrPermanent, Say: "No."}, half: true, times: -1}
		}, func(_ *world, f Federation) bool { return f.State == Closed }, Closed}
	}
	return out
}

func changes(w *world, f Federation) bool {
	if f.State == Active && len(f.Requests) == 1 {
		p := otherwise()
		p.Kind = Change
		_, err := w.engine().Submit(ctx, Ask{Delivery: "change", By: requester, Federation: f.ID, Proposal: p})
		w.known(err)
	}
	return f.State == Active && len(f.Requests) == 2 && f.Requests[1].State != RequestOpen
}

// does is an order by an owner of the account.
func (w *world) does(id FederationID, verb OrderVerb, delivery string) {
	_, err := w.engine().Order(ctx, Order{Delivery: delivery, By: second, Federation: id, Verb: verb, Reason: "because"})
	w.known(err)
}

// known lets pass what a repeated act may be answered.
func (w *world) known(err error) {
	w.t.Helper()
	if err != nil && !errors.Is(err, ErrTaken) && !errors.Is(err, ErrRefused) {
		w.t.Fatal(err)
	}
}

// crash plays a story with a fuse for so many seams, and after the first death
// with one for then more, if that is not negative. It reports whether it died.
func crash(t rapid.TB, s story, fuse, then int) bool {
	w := newWorld(t)
	if s.faults != nil {
		s.faults(w)
	}
	burn := func(string) {
		if fuse == 0 {
			fuse = then
			then = -1
			panic(died{})
		}
		fuse--
	}
	w.cloud.seam = func(point string) {
		if point != "watch" {
			burn(point)
		}
	}
	w.mem.seam = burn
	deaths := 0
	for range 2000 {
		over, dead := w.lives(s.pilot)
		if dead {
			deaths++
			w.clock.advance(time.Second)
		}
		if over {
			w.end(s.end, fuse, deaths)
			return deaths > 0
		}
	}
	t.Fatalf("the story never ends\n%s", w.story("F-1"))
	return false
}

func (w *world) end(s State, fuse, deaths int) {
	w.t.Helper()
	for _, f := range w.all() {
		if f.State != s || f.Parked != nil {
			w.t.Errorf("%s ends %s, parked %v", f.ID, f.State, f.Parked)
		}
	}
	if n := len(w.all()); n != 1 {
		w.t.Errorf("%d federations from one delivery", n)
	}
	w.whole()
	w.folded()
	if w.t.Failed() {
		w.t.Fatalf("fuse %d, deaths %d\n%s", fuse, deaths, w.story("F-1"))
	}
}

// lives plays one act and tells death from everything else.
func (w *world) lives(p pilot) (over, dead bool) {
	dead = w.mayDie(func() { over = w.act(p) })
	return over, dead
}

// mayDie does something that may die, and reports whether it did.
func (w *world) mayDie(do func()) (dead bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case died:
			dead = true
		default:
			panic(r)
		}
	}()
	do()
	return false
}

func (w *world) act(p pilot) (over bool) {
	f, err := w.log.Load(ctx, "F-1")
	if errors.Is(err, ErrNotFound) {
		_, err := w.engine().Submit(ctx, Ask{Delivery: "ask", By: requester, Proposal: ask()})
		w.known(err)
		return false
	}
	if r, ok := f.Open(); ok && r.State == RequestOpen && r.Checked != nil && r.DecidedAt.IsZero() {
		i, _ := r.Stage()
		who := map[string]Actor{groupOwners: owner, groupAccount: approver}[r.Checked.Verdict.Stages[i].Group]
		_, err := w.engine().Approve(ctx, Press{Delivery: "approve " + string(r.ID) + string(who) + string(r.Checked.Digest), By: who, Request: r.ID, Digest: r.Checked.Digest})
		w.known(err)
		return false
	}
	if p(w, f) {
		return true
	}
	again, err := w.engine().Advance(ctx, "F-1")
	if err != nil && !errors.Is(err, ErrBusy) {
		w.t.Fatalf("advance: %v\n%s", err, w.story("F-1"))
	}
	if d := again.Sub(w.clock.now()); d > 0 {
		w.clock.advance(d)
	}
	return false
}
