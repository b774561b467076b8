package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Engine joins the pure rules to the ports. People's side is here: Submit,
// Approve, Deny, Withdraw, Order. The worker's side is Advance. Both may be called
// by anybody, at any time, in any process, after any crash.
type Engine struct {
	Log       Log
	Steppers  map[System]Stepper // of AWS and AzureDevOps
	Watcher   Watcher
	Survey    Survey
	Planner   Planner
	Directory Directory
	Rules     Rules // compiled

	Historians map[System]Historian // who changed something; without one, the author is not known
	SignIns    SignIns              // nil: no first use can be seen
	Addresses  AddressBook          // nil: authors are matched at the press alone

	Now     func() time.Time
	Key     func() string                                            // 32 random hex digits
	Turn    time.Duration                                            // how long a turn lasts; a call gets half of it
	Poll    time.Duration                                            // between two looks at a proof run
	Backoff time.Duration                                            // after the first stumble; doubles up to a hundredfold
	Tries   int                                                      // unknown outcomes of one step before a person is asked
	Brake   func(ctx context.Context, now time.Time) (string, error) // why fedbot may not end federations by itself now; empty: it may

	Undecided func(ctx context.Context, by Actor) (int, error) // open requests of a person; nil: nobody counts
	Open      int                                              // most open requests of a person

	seen glances
}

const retries = 64 // of an append that met somebody faster; each retry decides anew

// Submit decides an ask and stores it, with its claims. The preflight follows in
// the background; until it is done nobody is asked.
func (e *Engine) Submit(ctx context.Context, in Ask) (Federation, error) {
	who, err := e.person(ctx, in.By)
	if err != nil {
		return Federation{}, err
	}
	if err := e.roomFor(ctx, who); err != nil {
		return Federation{}, err
	}
	if in.Federation != "" {
		return e.askAgain(ctx, in, who)
	}
	in.Proposal.Kind = Create
	pr, acct, err := e.mayAsk(ctx, in.Proposal, who)
	if err != nil {
		return Federation{}, err
	}
	names, err := e.Survey.Names(ctx, in.Proposal)
	if err != nil {
		return Federation{}, fmt.Errorf("look up names: %w", err)
	}
	p := in.Proposal
	p.Organization, p.Project, p.Account = names.Organization, names.Project, acct.Name
	owner := pr.Owners
	if p.Owner != "" {
		owner = p.Owner
	}
	p.Owner = owner
	key := e.Key()
	ev := e.event(who, Submitted{Proposal: p, Key: key, Owner: owner, OrgID: names.OrganizationID, Project: names.ProjectID, Account: acct.ID})
	claims := append(seen(in.Delivery),
		ConnectionClaim(names.OrganizationID, names.ProjectID, p.Connection),
		RoleClaim(acct.ID, RoleName(p.Project, p.Connection, key)))
	for range retries {
		id, err := e.Log.NextID(ctx)
		if err != nil {
			return Federation{}, fmt.Errorf("number a federation: %w", err)
		}
		err = e.Log.Append(ctx, Batch{ID: id, Events: []Event{ev}, Claims: claims})
		if errors.Is(err, ErrConflict) {
			continue // somebody took the number
		}
		if t, ok := errors.AsType[*TakenError](err); ok {
			return e.taken(ctx, t, p)
		}
		if err != nil {
			return Federation{}, fmt.Errorf("submit: %w", err)
		}
		return e.Log.Load(ctx, id)
	}
	return Federation{}, fmt.Errorf("submit: %w", ErrConflict)
}

// taken names the holder of a claim, so that 49 of 50 people learn who was first.
func (e *Engine) taken(ctx context.Context, t *TakenError, p Proposal) (Federation, error) {
	if strings.HasPrefix(t.Key, seenPrefix) {
		return Federation{}, t // the same delivery again: it has been answered
	}
	f, err := e.Log.Load(ctx, t.Holder)
	if err != nil {
		return Federation{}, fmt.Errorf("load holder %s: %w", t.Holder, err)
	}
	by := f.Requests[0].By.Name
	r := Refuse("taken", "Not sent: %s for connection %s of %s exists already, asked for by %s on %s UTC; it is %s. One federation a connection, so that nobody approves over another.",
		f.ID, p.Connection, p.Project, by, stamp(f.Created), f.State)
	r.Field, r.Next = "connection", string(f.ID)
	return f, r
}

// askAgain opens a request about a federation that exists: a change or a release.
func (e *Engine) askAgain(ctx context.Context, in Ask, who Person) (Federation, error) {
	return e.decide(ctx, in.Federation, in.Delivery, who, func(f Federation) ([]Body, error) {
		if f.State != Active && (f.State != Provisioning || in.Proposal.Kind != Release) {
			return nil, Refuse("not_active", "Not sent: %s is %s. Only an active federation can be changed.", f.ID, f.State)
		}
		if r, open := f.inState(RequestOpen); open {
			return nil, &Refusal{Code: "open_request", Next: string(r.ID), Say: fmt.Sprintf("Not sent: %s has an open request already, %s by %s, sent %s UTC. "+
				"One change at a time, so that nobody approves over another.", f.ID, r.ID, r.By.Name, stamp(r.At))}
		}
		p := f.Approved
		switch in.Proposal.Kind {
		case Release:
			if f.Quarantine == nil {
				return nil, Refuse("not_quarantined", "Not sent: %s is not quarantined, so there is nothing to release.", f.ID)
			}
			roles, err := e.May(ctx, f, who.Actor)
			if err != nil {
				return nil, err
			}
			if !roles.Requester && !roles.OwnerTeam && !roles.AccountOwner && !roles.Approver && !roles.Administrator {
				return nil, f.mayNot("sent", "the requester, the owner team, the account's owners, the approvers and administrators", roles)
			}
			p.Kind, p.Reason = Release, in.Proposal.Reason
		case Change:
			if f.Quarantine != nil {
				return nil, Refuse("quarantined", "Not sent: %s is quarantined. Release or revoke it first.", f.ID)
			}
			p = in.Proposal
			p.Organization, p.Project, p.Connection, p.Account = f.Approved.Organization, f.Approved.Project, f.Approved.Connection, f.Approved.Account
			p.Owner = f.Owner
			if _, _, err := e.mayAsk(ctx, p, who); err != nil {
				return nil, err
			}
		default:
			return nil, Refuse("unknown", "There is no request of kind %q.", string(in.Proposal.Kind))
		}
		return []Body{Asked{Request: f.ID.Request(len(f.Requests) + 1), Proposal: p}}, nil
	})
}

// mayAsk finds the entries that give the right to ask. No entry, no request.
func (e *Engine) mayAsk(ctx context.Context, p Proposal, who Person) (Project, Account, error) {
	pr, ok := e.Rules.Project(p.Organization, p.Project)
	if !ok {
		return pr, Account{}, &Refusal{Code: "no_project", Field: "project", Say: fmt.Sprintf("Not sent: fedbot is not set up for project %s of %s. Silence means no. An administrator of fedbot can add it.", p.Project, p.Organization)}
	}
	acct, ok := e.Rules.Account(p.Account)
	if !ok {
		return pr, acct, &Refusal{Code: "no_account", Field: "account", Say: fmt.Sprintf("Not sent: fedbot is not set up for account %s. Silence means no. An administrator of fedbot can add it.", p.Account)}
	}
	if len(pr.Ask) == 0 || strings.HasPrefix(string(who.Actor), "operator:") {
		return pr, acct, nil // the preflight reads the standing in Azure DevOps; an operator opens nothing by asking
	}
	for _, g := range append(slices.Clone(pr.Ask), pr.Owners) {
		members, err := e.Directory.Members(ctx, g)
		if err != nil {
			return pr, acct, unreadGroup("sent", g)
		}
		if slices.Contains(members, who.Actor) {
			return pr, acct, nil
		}
	}
	return pr, acct, &Refusal{Code: "may_not_ask", Field: "project", Say: fmt.Sprintf("Not sent: you may not ask for %s. Members of %s can.", p.Project, strings.Join(pr.Ask, " or "))}
}

// Order decides what an entitled person does at once. Somebody on the host may
// close (revoke, quarantine) and nothing else, whether or not the directory
// answers.
func (e *Engine) Order(ctx context.Context, o Order) (Federation, error) {
	who, err := e.person(ctx, o.By)
	if err != nil {
		return Federation{}, err
	}
	f, err := e.decide(ctx, o.Federation, o.Delivery, who, func(f Federation) ([]Body, error) {
		if isOperator(who.Actor) {
			if o.Verb != OrderRevoke && o.Verb != OrderQuarantine {
				return nil, Refuse("may_not", "From the host one can quarantine and revoke. Everything else is done where people are signed in: in Slack.")
			}
			return f.Obey(o, Roles{Approver: true, Administrator: true}, Wrote{}, e.Now())
		}
		roles, err := e.May(ctx, f, who.Actor)
		if err != nil {
			return nil, err
		}
		bodies, err := f.Obey(o, roles, Wrote{}, e.Now())
		if err == nil && o.Verb == OrderCheck {
			return e.checkUse(ctx, f, e.Now())
		}
		if err != nil || o.Verb != OrderRestore {
			return bodies, err
		}
		// The author is read now, and not believed from the card: whoever changed it since
		// is an author too. Nobody who may not restore anyway gets this far.
		return f.Obey(o, roles, e.authorsOf(ctx, f, o.Finding).By(who), e.Now())
	})
	return f, e.recordPress(ctx, Press{Delivery: o.Delivery, By: o.By, Request: o.Federation.Request(1)}, who, string(o.Verb), err)
}

// authorsOf are the authors of all that restoring a finding would put back.
func (e *Engine) authorsOf(ctx context.Context, f Federation, finding string) Authors {
	i := slices.IndexFunc(f.Findings, func(x Finding) bool { return x.ID == finding })
	if i < 0 {
		return Authors{Unknown: "the finding is gone"}
	}
	var fields []string
	for _, x := range f.Findings {
		if x.Step == f.Findings[i].Step {
			fields = append(fields, x.Field)
		}
	}
	return joined(e.Authors(ctx, f, f.Findings[i].Step, fields))
}

// May reads what a person is to a federation. Groups that cannot be read count as
// no and are named.
func (e *Engine) May(ctx context.Context, f Federation, by Actor) (Roles, error) {
	if err := e.glance(ctx, by); err != nil {
		return Roles{}, err
	}
	in, unread := e.membership(ctx, by)
	roles := f.Standing(by, e.Rules, in)
	for i := range f.Requests {
		roles.StandsIn = roles.StandsIn || f.Requests[i].standsIn(by, e.Rules.Delegates, e.Now())
	}
	roles.Unread = unread()
	return roles, nil
}

// membership answers whether somebody is in a group, reading each group once.
func (e *Engine) membership(ctx context.Context, who Actor) (in func(string) bool, unread func() []string) {
	known := map[string]bool{}
	var failed []string
	in = func(group string) bool {
		if yes, ok := known[group]; ok {
			return yes
		}
		members, err := e.Directory.Members(ctx, group)
		if err != nil {
			failed = append(failed, group)
		}
		known[group] = err == nil && slices.Contains(members, who)
		return known[group]
	}
	return in, func() []string { return failed }
}

// decide loads, decides, appends, and decides anew when somebody was faster.
func (e *Engine) decide(ctx context.Context, id FederationID, delivery string, who Person, judge func(Federation) ([]Body, error)) (Federation, error) {
	for range retries {
		f, err := e.Log.Load(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return f, Refuse("unknown", "There is no federation %s.", id)
		}
		if err != nil {
			return f, fmt.Errorf("load %s: %w", id, err)
		}
		bodies, err := judge(f)
		if err != nil {
			return f, err
		}
		err = e.Log.Append(ctx, Batch{ID: id, After: f.Version, Events: e.events(who, bodies), Claims: seen(delivery)})
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return f, fmt.Errorf("append to %s: %w", id, err)
		}
		return e.Log.Load(ctx, id)
	}
	return Federation{}, fmt.Errorf("decide on %s: %w", id, ErrConflict)
}

// recordPress keeps presses of people who may not in the history; mistakes such as
// a double press leave no trace.
func (e *Engine) recordPress(ctx context.Context, p Press, who Person, verb string, err error) error {
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok || !slices.Contains([]string{"not_in_group", "own_request", "own_quarantine", "author", "joined_later", "not_a_member", "owners_only", "delegation_over", "delegation_gone"}, refusal.Code) {
		return err
	}
	_, recorded := e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		if r, ok := f.Request(p.Request); ok && slices.Contains(r.Barred, Barred{who.Actor, verb, refusal.Code}) {
			return nil, err // it is in the history, and nobody may fill that by pressing on
		}
		return []Body{RefusedPress{Request: p.Request, Verb: verb, Code: refusal.Code}}, nil
	})
	if recorded != nil && !errors.Is(recorded, ErrIllegalMove) && !errors.Is(recorded, ErrTaken) && !errors.Is(recorded, ErrRefused) {
		return errors.Join(err, recorded)
	}
	return err
}

func (e *Engine) person(ctx context.Context, a Actor) (Person, error) {
	if isOperator(a) {
		return Person{Actor: a, Name: "Operator " + strings.TrimPrefix(string(a), "operator:") + " on the host"}, nil
	}
	who, err := e.Directory.Person(ctx, a)
	if err != nil {
		return who, fmt.Errorf("identify %s: %w", a, err)
	}
	return who, nil
}

// standsOnHost is the standing of whoever runs fedbot: shown to the approvers, and
// no standing in the project.
const standsOnHost = "operator of fedbot's host"

func isOperator(a Actor) bool { return strings.HasPrefix(string(a), "operator:") }

// asPress turns a refusal about a person into one about the press.
func asPress(err error, done string) error {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return err
	}
	return &Refusal{Code: "not_a_member", Say: "Not " + done + ": " + r.Say}
}

func unreadGroup(done, group string) *Refusal {
	return Refuse("unread", "Not %s: the directory did not answer when fedbot asked who is in %s, and unread counts as no. "+
		"Nothing is lost. Press again in a minute.", done, group)
}

func (e *Engine) event(who Person, b Body) Event { return Event{At: e.Now().UTC(), By: who, Body: b} }

func (e *Engine) events(who Person, bodies []Body) []Event {
	out := make([]Event, 0, len(bodies))
	for _, b := range bodies {
		out = append(out, e.event(who, b))
	}
	return out
}
