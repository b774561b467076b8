package workflows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Proof by first use needs no pipeline of ours: the named pipelines may use the
// connection while the role is held, whoever may run them runs one, it signs in
// and is then refused everything, and the account's own record of that sign-in is
// the proof. Nothing else is read: no log, no result of a run.

// SignIns reads who signed in to a role with a token, from the account's own
// record. It changes nothing. What may be incomplete is an error.
type SignIns interface {
	SignIns(ctx context.Context, t Task, since time.Time) ([]SignIn, error)
}

// SignIn is one sign-in to a role, as AWS recorded it. Of one that its trust policy
// refused, there are the provider and the subject alone.
type SignIn struct {
	At       time.Time
	Provider string // ARN
	Subject  string
	Audience string
	RoleID   string // AROA…
	From     string // network address
	Refused  bool
}

const (
	usePolls   = 90                // looks at a proof run, in whose time the record is looked at once
	trailDelay = "15 minutes late" // at most, as AWS says
)

// awaitUse looks for the first use from time to time. Watching is reading: it takes
// no turn and writes nothing until there is something to write.
func (e *Engine) awaitUse(ctx context.Context, f Federation, s Step, now time.Time) (again time.Time, err error) {
	bodies, _, err := e.firstUse(ctx, f, s, now)
	if err != nil || len(bodies) == 0 {
		return now.Add(usePolls * e.Poll), err
	}
	return again, e.say(ctx, f, bodies...)
}

// Check is a press on "Check now": the same look, with an answer for the presser
// when there is nothing to see yet.
func (e *Engine) checkUse(ctx context.Context, f Federation, now time.Time) ([]Body, error) {
	m, ok := f.Next()
	if !ok || m.Step.Kind != StepFirstUse {
		return nil, notWaiting(f)
	}
	bodies, since, err := e.firstUse(ctx, f, m.Step, now)
	if err != nil {
		return nil, Refuse("unread", "Not checked: %s Nothing is lost. Press again in a minute.", Said(err))
	}
	if len(bodies) == 0 {
		return nil, Refuse("not_seen", "Not yet: CloudTrail shows no sign-in to this role since %s UTC. It can be %s. Run %s once%s, and press again.",
			stamp(since), trailDelay, pipelineNames(f), fromBranches(f))
	}
	return bodies, nil
}

func notWaiting(f Federation) error {
	return Refuse("nothing_to_check", "Not checked: %s does not wait for its first use. Nothing for you to do.", f.ID)
}

// firstUse reads the record since the pipelines were permitted or, when a sign-in
// refuted it and a person has put that right, since then.
func (e *Engine) firstUse(ctx context.Context, f Federation, s Step, now time.Time) (bodies []Body, since time.Time, err error) {
	step, err := s.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
	if err != nil {
		return nil, since, err
	}
	since = f.Steps.Get(PipelinesID).At
	if last := f.Steps.Get(FirstUseID).At; last.After(since) {
		since = last
	}
	since = since.Truncate(time.Second) // records have whole seconds
	if e.SignIns == nil {
		return nil, since, &Fault{Kind: ErrUnreadable, Say: "fedbot reads no record of sign-ins there."}
	}
	list, err := e.SignIns.SignIns(ctx, e.task(f, step, now), since)
	if err != nil {
		return nil, since, fmt.Errorf("read sign-ins to the role of %s: %w", f.ID, err)
	}
	outcome, say, proof := JudgeFirstUse(*step.Proof, list)
	switch outcome {
	case SpelledOtherwise:
		bodies = f.sendBack(s, say, proof)
	case Proved:
		bodies = []Body{Seen{Step: s.ID, Outcome: Proved, Proof: proof}}
	case Refuted:
		bodies = []Body{Seen{Step: s.ID, Outcome: Refuted, Say: say, Proof: proof},
			Parked{Step: s.ID, Say: say, Todo: "The role stays held: nobody can do anything with it. Find out how that could be, put it right, then try again: " +
				"sign-ins from before then no longer count. Giving up removes the role and the connection; the OIDC provider stays."}}
	}
	return bodies, since, nil
}

// JudgeFirstUse compares the sign-ins on record with what the plan wants. It is
// pure. One that should not have been allowed refutes, whatever the others say. One
// that was refused says nothing, unless nobody else was let in and it names the very
// subject in another spelling. No outcome means that none was seen yet.
func JudgeFirstUse(want ProofSpec, list []SignIn) (outcome ProofOutcome, say string, proof Proof) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b SignIn) int { return a.At.Compare(b.At) })
	var refused []SignIn
	list = slices.DeleteFunc(list, func(s SignIn) bool {
		if s.Refused {
			refused = append(refused, s)
		}
		return s.Refused
	})
	for _, got := range list {
		for _, x := range []struct{ what, found, wanted string }{
			{"role", got.RoleID, want.RoleID}, {"provider", got.Provider, want.Provider},
			{"subject", got.Subject, want.Subject}, {"audience", got.Audience, want.Audience},
		} {
			if x.found != x.wanted || x.wanted == "" {
				return Refuted, fmt.Sprintf("A sign-in of %s UTC names another %s: %s. The plan says: %s.", stamp(got.At), x.what, head(or(x.found, "none")), x.wanted), used(want, got)
			}
		}
	}
	if len(list) == 0 {
		for _, got := range refused {
			if got.Provider == want.Provider && Respelled(want.Subject, got.Subject) {
				return SpelledOtherwise, spelled(want.Subject, got.Subject), used(want, got)
			}
		}
		return "", "", Proof{}
	}
	return Proved, "", used(want, list[0])
}

func used(want ProofSpec, got SignIn) Proof {
	p := Proof{Evidence: Evidence{Ended: true, Subject: head(got.Subject), Audience: head(got.Audience), RoleID: head(got.RoleID), Provider: head(got.Provider),
		SignedIn: got.At.UTC(), From: got.From, Source: "CloudTrail"}}
	if got.Provider == want.Provider {
		p.Issuer = want.Issuer
	}
	return p
}

// ByFirstUse reports whether a plan is proved by its first use.
func (p Plan) ByFirstUse() bool {
	_, ok := p.Step(FirstUseID)
	return ok
}

// AwaitsUse reports whether the walk waits for somebody to run a named pipeline.
func (f Federation) AwaitsUse() bool {
	if f.State != Provisioning || f.Parked != nil || f.Quarantine != nil {
		return false
	}
	m, ok := f.Next()
	_, granted := f.inState(RequestGranted) // otherwise it is back with its approvers
	return ok && granted && m.Step.Kind == StepFirstUse && m.Verb == Ensure
}

func pipelineNames(f Federation) string { return strings.Join(f.Approved.Pipelines, " or ") }

func fromBranches(f Federation) string {
	if len(f.Approved.Branches) == 0 {
		return ""
	}
	return ", from " + strings.Join(f.Approved.Branches, " or ")
}
