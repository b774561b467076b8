package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	. "fedbot/workflows"
)

// The attack: one person floods the approvers with requests, so that they stop
// reading what they approve.
func TestOnePersonsOpenRequests(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	e.Open = 3
	e.Undecided = func(context.Context, Actor) (int, error) { return Undecided(w.all(), requester), nil }
	asks := func(n int) (Federation, error) {
		p := ask()
		p.Connection = fmt.Sprint("aws-flood-", n)
		return e.Submit(ctx, Ask{By: requester, Proposal: p})
	}
	var last Federation
	for i := range 3 {
		f, err := asks(i)
		if err != nil {
			t.Fatal(err)
		}
		last = f
	}
	if _, err := asks(3); code(err) != "too_many" || !strings.Contains(Said(err), "3 of your requests are undecided") {
		t.Errorf("the fourth ask: %v", err)
	}
	if len(w.all()) != 3 {
		t.Errorf("%d federations", len(w.all()))
	}
	if _, err := e.Withdraw(ctx, Press{By: requester, Request: last.ID.Request(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := asks(4); err != nil {
		t.Errorf("after one was withdrawn: %v", err)
	}
	e.Undecided = func(context.Context, Actor) (int, error) { return 0, ErrUnreadable }
	if _, err := asks(5); !errors.Is(err, ErrUnreadable) {
		t.Errorf("uncounted: %v", err)
	}
}

// The attack: a guest, or somebody whose account was taken away, is still in a
// group and reads what its members may.
func TestNobodyIsShownAnythingForAGroupAlone(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.people.groups[groupAudit] = []Actor{auditor, guest}
	if roles, err := w.engine().May(ctx, w.load(id), auditor); err != nil || !roles.Sees() {
		t.Errorf("an auditor: %+v, %v", roles, err)
	}
	if roles, err := w.engine().May(ctx, w.load(id), guest); !errors.Is(err, ErrRefused) || roles.Sees() {
		t.Errorf("a guest among the auditors: %+v, %v", roles, err)
	}
	e := w.engine()
	if _, err := e.May(ctx, w.load(id), auditor); err != nil {
		t.Fatal(err)
	}
	w.people.gone[auditor] = true
	w.clock.advance(11e9)
	if _, err := e.May(ctx, w.load(id), auditor); !errors.Is(err, ErrRefused) {
		t.Errorf("a deactivated auditor: %v", err)
	}
	if _, err := e.May(ctx, w.load(id), host); err != nil {
		t.Errorf("the host's operator is asked for in Slack: %v", err)
	}
}

// The attack: the directory is made to fail, and an old list would still let one in.
func TestAnUnreadGroupIsNo(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	press := Press{By: owner, Request: id.Request(1), Digest: w.load(id).Requests[0].Checked.Digest}
	w.people.down[groupOwners] = true
	if _, err := w.engine().Approve(ctx, press); code(err) != "unread" {
		t.Errorf("unread: %v", err)
	}
	if r := w.load(id).Requests[0]; r.State != RequestOpen || len(r.Approvals) != 0 {
		t.Errorf("the request is %s with %v", r.State, r.Approvals)
	}
	delete(w.people.down, groupOwners)
	if _, err := w.engine().Approve(ctx, press); err != nil {
		t.Errorf("read again: %v", err)
	}
}

// The attack: a group is emptied, and an empty list would mean everybody.
func TestAnEmptyGroupIsNobody(t *testing.T) {
	w := newWorld(t)
	id := w.submit(ask())
	w.people.groups[groupOwners] = nil
	for _, who := range []Actor{owner, otherOwner, outsider, admin} {
		if _, err := w.engine().Approve(ctx, Press{By: who, Request: id.Request(1), Digest: w.load(id).Requests[0].Checked.Digest}); code(err) != "not_in_group" {
			t.Errorf("%s: %v", who, err)
		}
	}
}
