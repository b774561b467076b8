package workflows

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// Decisions need no world: values in, events or a refusal out.

const (
	asker  Actor = "asker"
	first  Actor = "first"  // of group one
	other  Actor = "other"  // of group one
	last   Actor = "last"   // of group two
	late   Actor = "late"   // joined group two after the request was sent
	nobody Actor = "nobody" // in no group
)

var morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// inside is who is in a group now.
var inside = map[string][]Actor{"one": {first, other}, "two": {last, late, first}, "team": {"teammate"}, "owners": {"landlord"}, "admins": {"administrator"}}

func isIn(who Actor) func(string) bool {
	return func(group string) bool { return slices.Contains(inside[group], who) }
}

// open is a federation whose request waits for one of group one, then one of two.
func open() Federation {
	return Federation{ID: "F-1", State: Requested, Version: 2, Owner: "team", Requests: []Request{{
		ID: "F-1.1", By: Person{asker, "Requester", ""}, State: RequestOpen, At: morning, Because: "The provider changed.",
		Checked: &Checked{Digest: "d1", Lapses: morning.Add(time.Hour), Verdict: Verdict{Stages: []Stage{
			{Group: "one", Count: 1, Could: []Actor{first, other}}, {Group: "two", Count: 1, Could: []Actor{last, first}},
		}}},
	}}}
}

func bend(change func(f *Federation, r *Request)) Federation {
	f := open()
	change(&f, &f.Requests[0])
	return f
}

// pressed is open with the first stage decided by somebody.
func pressed(by Actor) Federation {
	return bend(func(_ *Federation, r *Request) {
		r.Approvals = []Approval{{By: Person{Actor: by}, Group: "one", At: morning}}
	})
}

func complete() Federation {
	return bend(func(_ *Federation, r *Request) {
		r.Approvals = []Approval{{By: Person{Actor: other}, Group: "one"}, {By: Person{Actor: last}, Stage: 1, Group: "two"}}
		r.DecidedAt = morning
	})
}

func closedAs(o Outcome) Federation {
	return bend(func(_ *Federation, r *Request) {
		r.State, r.Outcome, r.EndedBy = RequestClosed, o, Person{Name: "Approver"}
	})
}

func check(t *testing.T, name string, bodies []Body, err error, code string) {
	t.Helper()
	r, refused := errors.AsType[*Refusal](err)
	switch {
	case code == "" && (err != nil || len(bodies) == 0):
		t.Errorf("%s: got %v and %v, want events", name, bodies, err)
	case code != "" && (!refused || r.Code != code || len(bodies) != 0):
		t.Errorf("%s: got %v and %v, want %s and no event", name, bodies, err, code)
	case code != "" && (!strings.HasSuffix(r.Say, ".") || strings.Contains(r.Say, "%!")):
		t.Errorf("%s: %q is no sentence", name, r.Say)
	}
}

func TestApprove(t *testing.T) {
	typed := bend(func(_ *Federation, r *Request) { r.Checked.Verdict.Typed = true })
	release := bend(func(f *Federation, r *Request) {
		f.Quarantine = &Quarantine{By: Person{Actor: first}}
		r.Proposal.Kind = Release
	})
	quarantined := bend(func(f *Federation, _ *Request) { f.Quarantine = &Quarantine{By: Person{Actor: first}} })
	for _, c := range []struct {
		name  string
		f     Federation
		by    Actor
		press Press
		after time.Duration
		code  string
	}{
		{"one who may", open(), first, Press{}, 0, ""},
		{"the second stage", pressed(first), last, Press{}, 0, ""},
		{"her own request", open(), asker, Press{}, 0, "own_request"},
		{"somebody in no group", open(), nobody, Press{}, 0, "not_in_group"},
		{"the second stage before its turn", open(), last, Press{}, 0, "not_in_group"},
		{"joined later", pressed(first), late, Press{}, 0, "joined_later"},
		{"an old card", open(), first, Press{Digest: "d0"}, 0, "stale_plan"},
		{"no card", open(), first, Press{Digest: "-"}, 0, "stale_plan"},
		{"pressed twice, done with", complete(), last, Press{}, 0, "approved_already"},
		{"two seats", pressed(first), first, Press{}, 0, "one_seat"},
		{"too late to matter", complete(), first, Press{}, 0, "decided"},
		{"lapsed", open(), first, Press{}, time.Hour, "lapsed"},
		{"just in time", open(), first, Press{}, time.Hour - 1, ""},
		{"denied", closedAs(OutcomeDenied), first, Press{}, 0, "decided"},
		{"withdrawn", closedAs(OutcomeWithdrawn), first, Press{}, 0, "decided"},
		{"ended by itself", closedAs(OutcomeLapsed), first, Press{}, 0, "lapsed"},
		{"revoked", closedAs(OutcomeRevoked), first, Press{}, 0, "decided"},
		{"being walked", bend(func(_ *Federation, r *Request) { r.State = RequestGranted }), first, Press{}, 0, "decided"},
		{"no plan yet", bend(func(_ *Federation, r *Request) { r.Checked = nil }), first, Press{}, 0, "too_early"},
		{"no such request", open(), first, Press{Request: "F-1.7"}, 0, "unknown"},
		{"typed nothing", typed, first, Press{}, 0, "typed_wrong"},
		{"typed another", typed, first, Press{Typed: "shop-prod"}, 0, "typed_wrong"},
		{"typed a book", typed, first, Press{Typed: strings.Repeat("ä", 500)}, 0, "typed_wrong"},
		{"typed", typed, first, Press{Typed: " Shop-Dev "}, 0, ""},
		{"releases her own quarantine", release, first, Press{}, 0, "own_quarantine"},
		{"releases another's", release, other, Press{}, 0, ""},
		{"approves something else of what she quarantined", quarantined, first, Press{}, 0, ""},
	} {
		p := c.press
		if p.Request == "" {
			p.Request = "F-1.1"
		}
		if p.Digest == "" {
			p.Digest = "d1"
		}
		i, _ := c.f.Requests[0].Stage()
		group := []string{"one", "two", "two"}[i]
		bodies, err := c.f.Approve(p, Person{Actor: c.by}, Live{Members: inside}, "shop-dev", morning.Add(c.after))
		check(t, c.name, bodies, err, c.code)
		if c.code == "" {
			if b := bodies[0].(Approved); b.Stage != i || b.Group != group || b.Digest != "d1" || b.Request != "F-1.1" {
				t.Errorf("%s: %+v", c.name, b)
			}
		}
	}
	f := open()
	f.Requests[0].Checked.Verdict.Stages[0].Count = 2
	f.Requests[0].Approvals = []Approval{{By: Person{Actor: first}, Group: "one"}}
	_, err := f.Approve(Press{Request: "F-1.1", Digest: "d1"}, Person{Actor: first}, Live{Members: inside}, "shop-dev", morning)
	check(t, "pressed twice in one stage", nil, err, "approved_already")
	// Somebody who has left the group is out, though she could when it was sent.
	_, err = open().Approve(Press{Request: "F-1.1", Digest: "d1"}, Person{Actor: first}, Live{Members: map[string][]Actor{"one": {other}}}, "shop-dev", morning)
	check(t, "left the group", nil, err, "not_in_group")
}

func TestDeny(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      Federation
		by     Actor
		reason string
		after  time.Duration
		code   string
	}{
		{"the first stage", open(), first, "no", 0, ""},
		{"a later stage", open(), last, "no", 0, ""},
		{"after all approvals", complete(), last, "wait", 0, ""},
		{"her own request", open(), asker, "no", 0, "own_request"},
		{"in no group", open(), nobody, "no", 0, "not_in_group"},
		{"no reason", open(), first, " \n", 0, "no_reason"},
		{"lapsed", open(), first, "no", time.Hour, "lapsed"},
		{"decided", closedAs(OutcomeDenied), first, "no", 0, "decided"},
		{"no plan yet", bend(func(_ *Federation, r *Request) { r.Checked = nil }), first, "no", 0, "too_early"},
	} {
		bodies, err := c.f.Deny(Press{Request: "F-1.1", Comment: c.reason}, Person{Actor: c.by}, isIn(c.by), nil, morning.Add(c.after))
		check(t, c.name, bodies, err, c.code)
	}
}

func TestWithdraw(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Federation
		p    Press
		r    Roles
		code string
	}{
		{"the requester", open(), Press{By: asker, Request: "F-1.1"}, Roles{}, ""},
		{"the owner team", open(), Press{By: other, Request: "F-1.1"}, Roles{OwnerTeam: true}, ""},
		{"before there is a plan", bend(func(_ *Federation, r *Request) { r.Checked = nil }), Press{By: asker, Request: "F-1.1"}, Roles{}, ""},
		{"approvers and administrators", open(), Press{By: first, Request: "F-1.1"}, Roles{Approver: true, AccountOwner: true, Administrator: true}, "not_yours"},
		{"too late", closedAs(OutcomeDenied), Press{By: asker, Request: "F-1.1"}, Roles{}, "decided"},
		{"no such request", open(), Press{By: asker, Request: "F-1.2"}, Roles{}, "unknown"},
	} {
		bodies, err := c.f.Withdraw(c.p, c.r, morning)
		check(t, c.name, bodies, err, c.code)
	}
}

// TestObey is the table "who may do what" of the design, for what asks nobody.
func TestObey(t *testing.T) {
	roles := map[string]Roles{
		"requester": {Requester: true}, "owner team": {OwnerTeam: true}, "account owner": {AccountOwner: true},
		"approver": {Approver: true}, "administrator": {Administrator: true}, "auditor": {Auditor: true}, "nobody": {},
	}
	parked := Federation{ID: "F-1", State: Provisioning, Parked: &Parked{}, Requests: []Request{{ID: "F-1.1", State: RequestGranted}}}
	active := Federation{ID: "F-1", State: Active, Findings: []Finding{{ID: "D-1", Step: RoleID, Hash: "h"}}}
	for verb, may := range map[OrderVerb][]string{
		OrderRevoke:     {"requester", "owner team", "account owner", "approver"},
		OrderQuarantine: {"requester", "owner team", "account owner", "approver", "administrator"},
		OrderRetry:      {"requester", "owner team", "account owner", "approver", "administrator"},
		OrderGiveUp:     {"requester", "owner team", "account owner", "approver"},
		OrderRestore:    {"owner team", "account owner", "approver"},
	} {
		f := parked
		if verb == OrderRestore {
			f = active
		}
		for name, r := range roles {
			o := Order{Verb: verb, Reason: "because", Finding: "D-1", Hash: "h"}
			code := "may_not"
			if slices.Contains(may, name) {
				code = ""
			}
			bodies, err := f.Obey(o, r, Wrote{}, morning)
			check(t, string(verb)+" by "+name, bodies, err, code)
			r.Unread = []string{"team"}
			if code != "" {
				bodies, err = f.Obey(o, r, Wrote{}, morning)
				check(t, string(verb)+" by "+name+" of an unread group", bodies, err, "unread")
			}
		}
	}
}

func TestObeyRefuses(t *testing.T) {
	all := Roles{Requester: true, OwnerTeam: true, AccountOwner: true, Approver: true, Administrator: true}
	in := func(s State, change func(*Federation)) Federation {
		f := Federation{ID: "F-1", State: s, Findings: []Finding{{ID: "D-1", Step: RoleID, Hash: "h"}, {ID: "D-2", Step: LiftID, Hash: "h"}, {ID: "D-3", Step: HoldID, Hash: "h"}}}
		if s == Provisioning {
			f.Requests = []Request{{ID: "F-1.1", State: RequestGranted}}
		}
		if change != nil {
			change(&f)
		}
		return f
	}
	held := func(f *Federation) { f.Quarantine = &Quarantine{} }
	for _, c := range []struct {
		name   string
		f      Federation
		o      Order
		author bool
		code   string
	}{
		{"closed", in(Closed, nil), Order{Verb: OrderRevoke, Reason: "r"}, false, "closed"},
		{"no reason to revoke", in(Active, nil), Order{Verb: OrderRevoke}, false, "no_reason"},
		{"no reason to quarantine", in(Active, nil), Order{Verb: OrderQuarantine, Reason: "  "}, false, "no_reason"},
		{"no reason to give up", in(Provisioning, nil), Order{Verb: OrderGiveUp}, false, "no_reason"},
		{"revoked twice", in(Revoking, nil), Order{Verb: OrderRevoke, Reason: "r"}, false, "already"},
		{"quarantined twice", in(Active, held), Order{Verb: OrderQuarantine, Reason: "r"}, false, "already"},
		{"revoked while quarantined", in(Active, held), Order{Verb: OrderRevoke, Reason: "r"}, false, ""},
		{"not parked", in(Active, nil), Order{Verb: OrderRetry}, false, "not_parked"},
		{"nothing begun", in(Active, nil), Order{Verb: OrderGiveUp, Reason: "r"}, false, "nothing_begun"},
		{"nothing begun yet", in(Requested, nil), Order{Verb: OrderGiveUp, Reason: "r"}, false, "nothing_begun"},
		{"on the way back", in(Provisioning, func(f *Federation) { f.Before, f.Reverse = &Shelf{}, true }), Order{Verb: OrderGiveUp, Reason: "r"}, false, "already"},
		{"a finding that is gone", in(Active, nil), Order{Verb: OrderRestore, Finding: "D-9", Hash: "h"}, false, "gone"},
		{"a finding that moved", in(Active, nil), Order{Verb: OrderRestore, Finding: "D-1", Hash: "other"}, false, "moved"},
		{"the author of the change", in(Active, nil), Order{Verb: OrderRestore, Finding: "D-1", Hash: "h"}, true, "author"},
		{"restoring in a change", in(Provisioning, nil), Order{Verb: OrderRestore, Finding: "D-1", Hash: "h"}, false, "not_active"},
		{"restoring twice", in(Active, func(f *Federation) { f.Errands = []Errand{{Step: RoleID, Verb: Ensure}} }), Order{Verb: OrderRestore, Finding: "D-1", Hash: "h"}, false, "already"},
		{"lifting under quarantine", in(Active, held), Order{Verb: OrderRestore, Finding: "D-2", Hash: "h"}, false, "quarantined"},
		{"lifting", in(Active, nil), Order{Verb: OrderRestore, Finding: "D-2", Hash: "h"}, false, ""},
		{"holding what was released", in(Active, nil), Order{Verb: OrderRestore, Finding: "D-3", Hash: "h"}, false, "gone"},
		{"holding", in(Active, held), Order{Verb: OrderRestore, Finding: "D-3", Hash: "h"}, false, ""},
		{"something else", in(Active, nil), Order{Verb: "dance"}, false, "unknown"},
	} {
		bodies, err := c.f.Obey(c.o, all, Wrote{Self: c.author}, morning)
		check(t, c.name, bodies, err, c.code)
	}
	bodies, err := in(Provisioning, nil).Obey(Order{Verb: OrderGiveUp, Reason: "r"}, all, Wrote{}, morning)
	if _, ok := bodies[0].(Abandoned); !ok || err != nil {
		t.Errorf("giving up a create: %v, %v", bodies, err)
	}
	bodies, err = in(Provisioning, func(f *Federation) { f.Before = &Shelf{} }).Obey(Order{Verb: OrderGiveUp, Reason: "r"}, all, Wrote{}, morning)
	if _, ok := bodies[0].(Reversed); !ok || err != nil {
		t.Errorf("giving up a change: %v, %v", bodies, err)
	}
}

func TestStanding(t *testing.T) {
	f := open()
	f.Names.AccountID = "111122223333"
	rules := Rules{Accounts: []Account{{ID: "111122223333", Name: "shop-dev", Owners: "owners"}}, Administrators: "admins", Auditors: "nobody"}
	for who, want := range map[Actor]Roles{
		asker: {Requester: true}, first: {Approver: true}, late: {Approver: true}, nobody: {},
		"teammate": {OwnerTeam: true}, "landlord": {AccountOwner: true}, "administrator": {Administrator: true},
	} {
		got := f.Standing(who, rules, isIn(who))
		same := got.Requester == want.Requester && got.OwnerTeam == want.OwnerTeam && got.AccountOwner == want.AccountOwner &&
			got.Approver == want.Approver && got.Administrator == want.Administrator && got.Auditor == want.Auditor
		if !same || got.Sees() != (who != nobody) {
			t.Errorf("%s: %+v, want %+v", who, got, want)
		}
	}
	if got := (Federation{}).Standing("x", Rules{}, func(string) bool { return true }); got.Sees() {
		t.Errorf("groups without a name have members: %+v", got)
	}
}
