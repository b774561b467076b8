package workflows_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	. "fedbot/workflows"
)

// atOnce lets many goroutines begin at the same moment and waits for all.
func atOnce(n int, do func(i int)) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-begin
			do(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
}

func TestManyPressesOneGrant(t *testing.T) {
	w := newWorld(t)
	p := ask()
	p.Account = "shop-prod"
	id := w.submit(p)
	digest := w.load(id).Requests[0].Checked.Digest
	pressers := []Actor{owner, otherOwner, approver, second, requester, outsider, guest, admin}
	w.mem.seam = func(string) { runtime.Gosched() } // others come between the reading and the writing
	var mu sync.Mutex
	codes := map[string]int{}
	for range 3 { // stages are decided in order, so press until nothing is left to decide
		atOnce(200, func(i int) {
			_, err := w.engine().Approve(ctx, Press{By: pressers[i%len(pressers)], Request: id.Request(1), Digest: digest, Typed: "shop-prod"})
			code := "approved"
			if err != nil {
				r, ok := errors.AsType[*Refusal](err)
				if !ok {
					t.Errorf("press %d: %v", i, err)
					return
				}
				code = r.Code
			}
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	if codes["approved"] != 3 {
		t.Errorf("%d seats were filled of three: %v", codes["approved"], codes)
	}
	seats := map[Actor]int{}
	for _, a := range w.load(id).Requests[0].Approvals {
		seats[a.By.Actor]++
	}
	if len(seats) != 3 {
		t.Errorf("seats %v", seats)
	}
	atOnce(8, func(int) { _, _ = w.engine().Advance(ctx, id) })
	grants := 0
	for _, e := range w.mem.events[id] {
		if e.Kind() == KindGranted {
			grants++
		}
	}
	if grants != 1 {
		t.Errorf("%d grants\n%s", grants, w.story(id))
	}
	w.settle(w.engine(), id)
	w.is(id, Active, "")
}

// Fifty people ask for one connection at once: one federation, and 49 refusals
// that name it.
func TestFiftyAskForOneConnection(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		w.people.groups[groupAsk] = append(w.people.groups[groupAsk], Actor(fmt.Sprintf("slack:T1/member-%d", i)))
	}
	e := w.engine()
	var mu sync.Mutex
	keys := 0
	e.Key = func() string { mu.Lock(); defer mu.Unlock(); keys++; return fmt.Sprintf("%032x", keys) }
	won, lost := 0, 0
	atOnce(50, func(i int) {
		p := ask()
		if i%2 == 0 {
			p.Connection = "Deploy" // Azure DevOps compares names without case
		}
		f, err := e.Submit(ctx, Ask{By: Actor(fmt.Sprintf("slack:T1/member-%d", i)), Proposal: p})
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			won++
			return
		}
		r := wantCode(t, err, "taken")
		if r.Next != "F-1" || !strings.Contains(r.Say, "F-1") || f.ID != "F-1" {
			t.Errorf("the refusal leads to %q, says %s", r.Next, r.Say)
		}
		lost++
	})
	if won != 1 || lost != 49 || len(w.all()) != 1 {
		t.Errorf("%d won, %d lost, %d federations", won, lost, len(w.all()))
	}
}

// A delivery that comes twice is decided once.
func TestOneDeliveryOneDecision(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	for i := range 2 {
		_, err := e.Submit(ctx, Ask{Delivery: "d1", By: requester, Proposal: ask()})
		if i == 1 && !errors.Is(err, ErrTaken) || i == 0 && err != nil {
			t.Errorf("ask %d: %v", i, err)
		}
	}
	w.move("F-1")
	for i := range 2 {
		_, err := e.Deny(ctx, Press{Delivery: "d2", By: owner, Request: "F-1.1", Comment: "no"})
		if i == 0 && err != nil || i == 1 && err == nil {
			t.Errorf("denial %d: %v", i, err)
		}
	}
	if f := w.is("F-1", Closed, OutcomeDenied); f.Version != 3 {
		t.Errorf("version %d\n%s", f.Version, w.story("F-1"))
	}
	other := ask()
	other.Connection = "other"
	if _, err := e.Submit(ctx, Ask{Delivery: "d1", By: requester, Proposal: other}); !errors.Is(err, ErrTaken) {
		t.Errorf("a delivery is given back when its federation is closed: %v", err)
	}
}

// Who may not press leaves a trace; who makes a mistake leaves none.
func TestPressesThatAreRecorded(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	for by, code := range map[Actor]string{
		requester: "own_request", outsider: "not_in_group", guest: "not_a_member", admin: "not_in_group", auditor: "not_in_group", host: "not_in_group",
	} {
		before := w.load(id).Version
		wantCode(t, w.press(id.Request(1), by), code)
		f := w.load(id)
		if f.Version != before+1 || len(f.Requests[0].Approvals) != 0 {
			t.Errorf("%s: version %d after %d, approvals %v", by, f.Version, before, f.Requests[0].Approvals)
		}
		e := w.mem.events[id][before]
		if b, ok := e.Body.(RefusedPress); !ok || b.Code != code || b.Verb != "approve" || e.By.Actor != by {
			t.Errorf("recorded %v by %s", e.Body, e.By.Actor)
		}
	}
	w.approve(id.Request(1), owner)
	before := w.load(id).Version
	wantCode(t, w.press(id.Request(1), owner), "one_seat")
	_, err := w.engine().Approve(ctx, Press{By: approver, Request: id.Request(1), Digest: "an older one"})
	wantCode(t, err, "stale_plan")
	w.people.down[groupAccount] = true
	wantCode(t, w.press(id.Request(1), approver), "unread")
	if after := w.load(id).Version; after != before {
		t.Errorf("mistakes left %d events", after-before)
	}
}

// From the host one can close, whether or not the directory answers, and open
// nothing.
func TestOperator(t *testing.T) {
	w := newWorld(t)
	id := w.active()
	for _, g := range []string{groupOwners, groupAccount, groupAdmin, groupAudit} {
		w.people.down[g] = true
	}
	wantCode(t, w.tell(id, host, OrderRetry), "may_not")
	wantCode(t, w.tell(id, host, OrderGiveUp), "may_not")
	wantCode(t, w.tell(id, host, OrderRestore), "may_not")
	wantCode(t, w.tell(id, owner, OrderRevoke), "unread")
	w.order(id, host, OrderQuarantine)
	w.settle(w.engine(), id)
	w.held(id)
	w.order(id, host, OrderRevoke)
	w.settle(w.engine(), id)
	w.is(id, Closed, OutcomeRevoked)
}

func TestAsking(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(w *world, a *Ask)
		code string
	}{
		"a guest":                {func(_ *world, a *Ask) { a.By = guest }, "guest"},
		"somebody else":          {func(_ *world, a *Ask) { a.By = outsider }, "may_not_ask"},
		"an administrator":       {func(_ *world, a *Ask) { a.By = admin }, "may_not_ask"},
		"no such project":        {func(_ *world, a *Ask) { a.Proposal.Project = "Other" }, "no_project"},
		"no such account":        {func(_ *world, a *Ask) { a.Proposal.Account = "other" }, "no_account"},
		"unread groups":          {func(w *world, _ *Ask) { w.people.down[groupAsk] = true }, "unread"},
		"no such federation":     {func(_ *world, a *Ask) { a.Federation, a.Proposal.Kind = "F-9", Change }, "unknown"},
		"a change too early":     {func(w *world, a *Ask) { a.Federation, a.Proposal.Kind = w.submit(ask()), Change }, "not_active"},
		"a release too early":    {func(w *world, a *Ask) { a.Federation, a.Proposal.Kind = w.submit(ask()), Release }, "not_active"},
		"a create of what there": {func(w *world, a *Ask) { a.Federation, a.Proposal.Kind = w.active(), Create }, "unknown"},
		"nothing to release":     {func(w *world, a *Ask) { a.Federation, a.Proposal.Kind = w.active(), Release }, "not_quarantined"},
		"a change by an outsider": {func(w *world, a *Ask) {
			a.By, a.Federation, a.Proposal.Kind = outsider, w.active(), Change
		}, "may_not_ask"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := Ask{By: requester, Proposal: ask()}
			c.bend(w, &a)
			writes := w.mem.writes
			_, err := w.engine().Submit(ctx, a)
			wantCode(t, err, c.code)
			if w.mem.writes != writes {
				t.Error("something was stored")
			}
		})
	}
	w := newWorld(t)
	w.unread = ErrUnreadable
	if _, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: ask()}); !errors.Is(err, ErrUnreadable) {
		t.Errorf("without names: %v", err)
	}
	w.unread = nil
	if _, err := w.engine().Submit(ctx, Ask{By: owner, Proposal: ask()}); err != nil {
		t.Errorf("an owner may ask: %v", err)
	}
}

// An owner of the project who asks needs nobody else of the project, but somebody
// of the account.
func TestOwnerAsks(t *testing.T) {
	w := newWorld(t)
	f, err := w.engine().Submit(ctx, Ask{By: owner, Proposal: ask()})
	if err != nil {
		t.Fatal(err)
	}
	w.move(f.ID)
	w.approve(f.ID.Request(1), approver)
	w.settle(w.engine(), f.ID)
	w.is(f.ID, Active, "")
}
