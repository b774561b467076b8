package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Advance takes a federation at most one effect further. again is when calling
// it again makes sense; the zero time means: when it is due (see Due). ErrConflict
// and ErrBusy mean that somebody else is at it. Any other error left nothing
// behind but perhaps a turn, which ends by itself.
func (e *Engine) Advance(ctx context.Context, id FederationID) (again time.Time, err error) {
	f, err := e.Log.Load(ctx, id)
	if err != nil {
		return again, fmt.Errorf("load %s: %w", id, err)
	}
	now := e.Now()
	if f.State == Closed {
		return again, nil
	}
	over, braked, err := e.expire(ctx, f, now)
	if over || err != nil {
		return again, err
	}
	if r, ok := f.inState(RequestOpen); ok {
		if !now.Before(r.Lapses()) {
			return again, e.lapse(ctx, f, *r)
		}
		if f.walking() && len(f.Errands) > 0 { // closing does not wait for a reader
			return e.walk(ctx, f, now)
		}
		if r.Checked == nil || !r.DecidedAt.IsZero() {
			return again, e.preflight(ctx, f, *r)
		}
		if at, call := r.prompt(); call != nil && !now.Before(at) {
			return again, e.say(ctx, f, call)
		}
	}
	if f.walking() {
		return e.walk(ctx, f, now)
	}
	if braked { // its end stays due, so say when to look again
		return now.Add(brakeRest), nil
	}
	return again, nil
}

// brakeRest is how long a federation that is over rests while the brake is on.
const brakeRest = time.Minute

// expire ends a federation whose time is up, unless so many are up at once that
// it is likelier a mistake.
func (e *Engine) expire(ctx context.Context, f Federation, now time.Time) (over, braked bool, err error) {
	if f.Ends.IsZero() || now.Before(f.Ends) || f.State == Revoking || f.State == Requested {
		return false, false, nil
	}
	if e.Brake != nil {
		why, err := e.Brake(ctx, now)
		if err != nil || why != "" {
			return false, why != "", err
		}
	}
	return true, false, e.say(ctx, f, Expired{})
}

// preflight reads both sides. Before the first round it leads to a plan that is
// put to the approvers, or to a refusal; after the last approval it makes sure
// that what was approved is still true, and only then the walk begins.
func (e *Engine) preflight(ctx context.Context, f Federation, r Request) error {
	checked, whole, err := e.check(ctx, f, r)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return e.refuse(ctx, f, r.ID, checked, refusal)
	}
	if err != nil {
		return fmt.Errorf("preflight of %s: %w", r.ID, err)
	}
	if r.Checked == nil {
		return e.sayWith(ctx, f, whole, checked)
	}
	switch why, err := e.stillEntitled(ctx, r); {
	case err != nil:
		return err
	case checked.Digest != r.Checked.Digest:
		checked.Because = changed(*r.Checked, checked)
	case why != "":
		checked.Because = why
	case !r.Decided(): // it came back, and nobody has approved what it is now
		checked.Because = "It was sent back."
	case r.Proposal.Kind == Release:
		return e.say(ctx, f, Released{Request: r.ID})
	default:
		return e.say(ctx, f, Granted{Request: r.ID, Digest: checked.Digest})
	}
	return e.sayWith(ctx, f, whole, checked)
}

// refuse ends a request that the checks refuse, and what was made for it before it
// came back.
func (e *Engine) refuse(ctx context.Context, f Federation, id RequestID, checked Checked, why *Refusal) error {
	return e.say(ctx, f, append([]Body{Refused{Request: id, Checks: checked.Checks, Say: why.Say}}, f.unmake(id, why.Say)...)...)
}

// check renders the plan from what is true now.
func (e *Engine) check(ctx context.Context, f Federation, r Request) (out Checked, whole [][]byte, err error) {
	out = Checked{Request: r.ID}
	pr, ok := e.Rules.Project(f.Names.Organization, f.Names.Project)
	acct, ok2 := e.Rules.Account(f.Names.AccountID)
	if !ok || !ok2 {
		return out, nil, Refuse("no_rule", "Not sent: no entry covers %s in %s any more. Silence means no. An administrator of fedbot can add it.", f.Names.Project, f.Approved.Account)
	}
	refs := f.Steps.Refs()
	facts, err := e.Survey.Facts(ctx, Query{Proposal: r.Proposal, By: r.By, Key: f.Key, Refs: refs})
	if err != nil {
		return out, nil, fmt.Errorf("read facts: %w", err)
	}
	if isOperator(r.By.Actor) {
		facts.AzureDevOps.Standing = standsOnHost // not a project's person: the project's owners are always asked
	}
	facts.AzureDevOps.Subject = f.Spelled
	if r.Proposal.Kind == Change {
		f.keepProof(&facts)
	}
	if f.moved(facts) {
		return out, nil, Refuse("moved", "Not sent: what is called %s in %s, or account %s, is another one by now than when %s was asked for. Ask anew if it is meant.",
			f.Names.Project, f.Names.Organization, f.Approved.Account, f.ID)
	}
	if r.Proposal.Kind == Release {
		if say, err := e.widened(ctx, f); say != "" || err != nil {
			return out, nil, orRefuse(err, say)
		}
	}
	now := e.Now()
	out.Facts = facts
	out.Checks = Examine(r.Proposal, facts, acct, pr, refs, now)
	if c, failed := Failed(out.Checks); failed {
		return out, nil, &Refusal{Code: "preflight", Say: c.Say, Field: c.Field}
	}
	rendered, err := e.Planner.Render(Input{Federation: f.ID, Key: f.Key, Proposal: r.Proposal, Facts: facts, Account: acct, Owner: f.Owner, Now: now})
	if err != nil {
		return out, nil, fmt.Errorf("render: %w", err)
	}
	out.Plan, out.Words = rendered.Plan, rendered.Words
	out.Checks = append(out.Checks, rendered.Checks...)
	if c, failed := Failed(out.Checks); failed {
		return out, nil, &Refusal{Code: "preflight", Say: c.Say, Field: c.Field}
	}
	if out.Verdict, err = e.verdict(ctx, r, pr, acct, out.Words.Risk); err != nil {
		return out, nil, err
	}
	if err := out.Verdict.reasonFits(r.Proposal.Reason); err != nil {
		return out, nil, err
	}
	if out.Verdict.Proof == ProofRun && r.Proposal.Kind == Create && out.Plan.ByFirstUse() {
		return out, nil, &Refusal{Code: "preflight", Field: "project", Say: noProofRun(r.Proposal.Project, "a rule that applies asks for a proof run")}
	}
	out.Digest = digestOf(struct {
		Plan      Plan
		Facts     Facts
		Templates [][]byte
		Profile   []byte
		Rules     Digest
	}{out.Plan, facts.Bound(), rendered.Templates, rendered.Profile, out.Verdict.Digest})
	// What people are asked about is stored whole, so that a newer template, profile or
	// rule never changes what was approved.
	whole = append(slices.Clone(rendered.Templates), encode(out.Plan), encode(e.Rules))
	if len(rendered.Profile) > 0 {
		whole = append(whole, rendered.Profile)
	}
	for _, document := range whole {
		out.Stored = append(out.Stored, Sum(document))
	}
	out.Lapses = now.Add(out.Verdict.Lapse).UTC()
	return out, whole, nil
}

// keepProof makes a change keep the proof of the plan in force: it is not proved
// again, so what there is to prove it with by now does not matter.
func (f Federation) keepProof(facts *Facts) {
	switch az := &facts.AzureDevOps; {
	case f.Plan == nil || f.Facts == nil:
	case f.Plan.ByFirstUse():
		az.Verifier, az.VerifyRef, az.VerifyOff = nil, "", ""
	case az.Verifier == nil:
		az.Verifier, az.VerifyRef, az.VerifyOff = f.Facts.AzureDevOps.Verifier, f.Facts.AzureDevOps.VerifyRef, ""
	}
}

// moved reports whether a name stands for another object than when the federation
// was asked for. Claims and rules were about that one.
func (f Federation) moved(now Facts) bool {
	other := func(then, now string) bool { return then != "" && now != "" && !strings.EqualFold(then, now) }
	return other(f.Names.OrganizationID, now.AzureDevOps.OrganizationID) || other(f.Names.ProjectID, now.AzureDevOps.ProjectID) ||
		other(f.Names.AccountID, now.AWS.AccountID)
}

// widened says in which way a quarantined federation is wider than what was
// approved. A release opens what was approved, and not what somebody made of it.
func (e *Engine) widened(ctx context.Context, f Federation) (string, error) {
	if f.State != Active {
		return "", nil // the walk reads everything back before it lifts the hold
	}
	for _, s := range f.Observables() {
		o, err := e.Look(ctx, f, s)
		if err != nil {
			return "", fmt.Errorf("look at %s: %w", s.ID, err)
		}
		for _, d := range o.Differences {
			if d.Wider {
				return differs(s, Observation{Exists: true, Differences: []Difference{d}}), nil
			}
		}
	}
	return "", nil
}

func orRefuse(err error, say string) error {
	if err != nil {
		return err
	}
	return Refuse("widened", "Not sent: %s. A release would open that. Have it restored first, on the card, then ask again.", say)
}

// since leaves out who joined a group after the request's first plan was put to
// it: a plan that had to be made anew opens no door to newcomers.
func (r Request) since(group string, now []Actor) []Actor {
	if r.Checked == nil {
		return now
	}
	for _, s := range r.Checked.Verdict.Stages {
		if s.Group == group {
			return only(s.Could, now)
		}
		for _, x := range s.Escalate {
			if x.Group == group {
				return only(x.Could, now)
			}
		}
	}
	return now
}

func only(could, now []Actor) []Actor {
	return slices.DeleteFunc(slices.Clone(now), func(a Actor) bool { return !slices.Contains(could, a) })
}

// verdict judges the request and seats who could decide now.
func (e *Engine) verdict(ctx context.Context, r Request, pr Project, acct Account, risk Level) (Verdict, error) {
	in, unread := e.membership(ctx, r.By.Actor)
	v := e.Rules.Judge(Subject{Proposal: r.Proposal, Project: pr, Account: acct, Risk: risk, Owner: in(pr.Owners)})
	members := map[string][]Actor{}
	for _, s := range v.Stages {
		list, err := e.Directory.Members(ctx, s.Group)
		if err != nil {
			return v, fmt.Errorf("read who is in %s: %w", s.Group, err)
		}
		members[s.Group] = r.since(s.Group, list)
		for _, x := range s.Escalate {
			if list, err = e.Directory.Members(ctx, x.Group); err != nil {
				return v, fmt.Errorf("read who is in %s: %w", x.Group, err)
			}
			if _, asked := members[x.Group]; !asked {
				members[x.Group] = r.since(x.Group, list)
			}
		}
	}
	if len(unread()) > 0 {
		return v, fmt.Errorf("read who is in %s: %w", strings.Join(unread(), ", "), ErrUnreadable)
	}
	v, err := v.Seat(r.By.Actor, members)
	return v.standIns(r.By.Actor, e.Rules.Delegates, e.Now()), err
}

// stillEntitled makes sure, before the first effect, that everybody who approved
// still may. It returns why the approvals no longer count, or nothing.
func (e *Engine) stillEntitled(ctx context.Context, r Request) (string, error) {
	for _, a := range r.Approvals {
		if _, err := e.Directory.Person(ctx, a.By.Actor); err != nil {
			if errors.Is(err, ErrRefused) {
				return a.By.Name + " approved and may no longer decide.", nil
			}
			return "", fmt.Errorf("identify approver: %w", err)
		}
		members, err := e.Directory.Members(ctx, a.Group)
		if err != nil {
			return "", fmt.Errorf("read who is in %s: %w", a.Group, err)
		}
		if a.For.Actor != "" {
			why, err := e.stillStandsIn(ctx, r, a, members)
			if why != "" || err != nil {
				return why, err
			}
			continue
		}
		if !slices.Contains(members, a.By.Actor) {
			return a.By.Name + " approved and has left " + a.Group + " since.", nil
		}
	}
	return "", nil
}

// changed says in a sentence what a plan stands on that is not as it was.
func changed(old, new Checked) string {
	switch say := newer(old.Plan, new.Plan); {
	case old.Facts.AzureDevOps.Subject != new.Facts.AzureDevOps.Subject:
		return fmt.Sprintf("The proof showed that tokens spell the subject otherwise than the plan did: `%s`. Nothing else is new, and the role is held.", new.Facts.AzureDevOps.Subject)
	case say != "":
		return say
	case digestOf(old.Facts.Bound().AWS) != digestOf(new.Facts.Bound().AWS):
		return "Something in the AWS account changed since the card was posted."
	case digestOf(old.Facts.Bound().AzureDevOps) != digestOf(new.Facts.Bound().AzureDevOps):
		return "Something in the Azure DevOps project changed since the card was posted."
	case old.Verdict.Digest != new.Verdict.Digest:
		return "The rule that applies was changed since the card was posted."
	default:
		return "The plan changed since the card was posted: a template or the issuer profile is newer."
	}
}

// say appends events by fedbot itself.
func (e *Engine) say(ctx context.Context, f Federation, bodies ...Body) error {
	return e.sayWith(ctx, f, nil, bodies...)
}

func (e *Engine) sayWith(ctx context.Context, f Federation, blobs [][]byte, bodies ...Body) error {
	us := Person{Actor: Fedbot, Name: "fedbot"}
	err := e.Log.Append(ctx, Batch{ID: f.ID, After: f.Version, Events: e.events(us, bodies), Blobs: blobs})
	if err != nil {
		return fmt.Errorf("append %s to %s: %w", bodies[0].kind(), f.ID, err)
	}
	return nil
}
