package workflows

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Apply returns the federation after e, or ErrIllegalMove. It never changes its
// receiver: slices are copied before they are written.
func (f Federation) Apply(e Event) (Federation, error) {
	next, ok := life[f.State][e.Kind()]
	if !ok {
		return f, fmt.Errorf("%s while %s: %w", e.Kind(), f.State, ErrIllegalMove)
	}
	f.Requests = slices.Clone(f.Requests)
	f.Steps = slices.Clone(f.Steps)
	f.Errands = slices.Clone(f.Errands)
	f.Finished = slices.Clone(f.Finished)
	from := f.State
	f.State = next
	f.Version++
	f.Updated = e.At
	if err := f.note(e, from); err != nil {
		return f, err
	}
	return f, nil
}

// note writes the facts of one event. What changes the state is in life alone.
func (f *Federation) note(e Event, from State) error {
	switch b := e.Body.(type) {
	case Submitted:
		f.Key, f.Owner, f.Created, f.Ends = b.Key, b.Owner, e.At, b.Proposal.Ends
		f.Names = Names{b.Proposal.Organization, b.OrgID, b.Proposal.Project, b.Project, b.Account}
		f.Approved = b.Proposal
		f.open(f.ID.Request(1), b.Proposal, e)
	case Asked:
		f.open(b.Request, b.Proposal, e)
	case Checked:
		return f.edit(b.Request, func(r *Request) {
			r.Checked, r.Because, r.Approvals, r.DecidedAt = &b, b.Because, nil, time.Time{}
			r.Round++
			r.Reminders, r.Escalated = nil, nil
			f.Again, f.Attempts, f.Stumble = time.Time{}, 0, ""
		})
	case Approved:
		return f.edit(b.Request, func(r *Request) {
			before, _ := r.Stage()
			r.Approvals = append(slices.Clone(r.Approvals), Approval{By: e.By, At: e.At, Stage: b.Stage, Group: b.Group, Comment: b.Comment, For: b.For})
			if now, _ := r.Stage(); now != before {
				r.Reminders = nil
			}
			if r.Decided() {
				r.DecidedAt = e.At
			}
		})
	case Questioned, Answered:
		return f.noteQuestion(e)
	case Reminded:
		return f.edit(b.Request, func(r *Request) { r.Reminders = append(slices.Clone(r.Reminders), e.At) })
	case Escalated:
		return f.edit(b.Request, func(r *Request) { r.Escalated = append(slices.Clone(r.Escalated), Widening{b.Stage, b.Group, e.At}) })
	case RefusedPress:
		if r, ok := f.Request(b.Request); ok {
			r.Barred = append(slices.Clone(r.Barred), Barred{e.By.Actor, b.Verb, b.Code})
		}
	case Refused:
		return f.end(b.Request, e, OutcomeRefused, b.Say)
	case Denied:
		return f.end(b.Request, e, OutcomeDenied, b.Reason)
	case Withdrawn:
		return f.end(b.Request, e, OutcomeWithdrawn, b.Reason)
	case Lapsed:
		return f.end(b.Request, e, OutcomeLapsed, "")
	case Granted:
		return f.grant(b)
	case Returned:
		return f.returned(b, e)
	case Revoked:
		f.leave(OutcomeRevoked, b.Reason, e)
	case Expired:
		f.leave(OutcomeExpired, "", e)
	case Abandoned:
		f.leave(OutcomeFailed, b.Say, e)
	case ClosedNow:
		f.Outcome, f.Errands, f.Turn = b.Outcome, nil, Turn{}
	case Quarantined:
		f.Quarantine = &Quarantine{By: e.By, At: e.At, Reason: b.Reason}
		f.quarantineErrand(from)
	case Released:
		f.Quarantine = nil
		if f.Steps.Get(RoleID).Made { // otherwise nobody can have a session
			f.Errands = append(f.Errands, Errand{Step: SessionsID, Verb: Ensure})
		}
		if f.Steps.Get(LiftID).Made { // it was open before the quarantine; otherwise the walk lifts the hold in its time
			f.Errands = append(f.Errands, Errand{Step: LiftID, Verb: Ensure})
		}
		return f.edit(b.Request, func(r *Request) { r.State, r.Outcome, r.EndedAt = RequestDone, OutcomeDone, e.At })
	case Drifted:
		f.Findings = b.Findings
	case Restored:
		f.restored(b)
	default:
		return f.noteWalk(e)
	}
	return nil
}

func (f *Federation) open(id RequestID, p Proposal, e Event) {
	f.Requests = append(f.Requests, Request{ID: id, Proposal: p, By: e.By, At: e.At, State: RequestOpen})
}

func (f *Federation) edit(id RequestID, change func(*Request)) error {
	r, ok := f.Request(id)
	if !ok {
		return fmt.Errorf("request %s: %w", id, ErrIllegalMove)
	}
	change(r)
	return nil
}

// end closes a request; if it is the one that asked for the federation and
// nothing was begun, it closes the federation with it.
func (f *Federation) end(id RequestID, e Event, o Outcome, say string) error {
	if f.State == Closed {
		f.Outcome = o
	}
	f.Again, f.Attempts, f.Stumble = time.Time{}, 0, ""
	return f.edit(id, func(r *Request) {
		r.State, r.Outcome, r.Say, r.EndedBy, r.EndedAt = RequestClosed, o, say, e.By, e.At
	})
}

// grant puts the approved plan in force and keeps the one it replaces.
func (f *Federation) grant(b Granted) error {
	return f.edit(b.Request, func(r *Request) {
		switch {
		case f.Plan == nil:
		case f.ActiveAt.IsZero(): // a first plan that went back: walked anew from its beginning, with a run of its own
			f.Steps = slices.DeleteFunc(f.Steps, func(s StepState) bool { return s.ID == RunID })
			f.Again, f.Attempts, f.Stumble = time.Time{}, 0, ""
		default:
			f.Before = &Shelf{*f.Plan, *f.Facts, f.Words, f.Approved, f.Digest, f.Ends}
		}
		plan, facts := r.Checked.Plan, r.Checked.Facts
		f.Plan, f.Facts, f.Words, f.Digest = &plan, &facts, r.Checked.Words, b.Digest
		f.Approved, f.Ends = r.Proposal, r.Proposal.Ends
		f.Finished, f.Reverse = nil, false
		r.State = RequestGranted
	})
}

// leave begins the way out. A turn that is open stays open: only its holder or
// its deadline ends it.
func (f *Federation) leave(o Outcome, say string, e Event) {
	f.Outcome, f.Errands, f.Parked = o, nil, nil
	f.Again, f.Attempts, f.Stumble = time.Time{}, 0, ""
	f.Finished = nil
	for i := range f.Requests {
		if r := &f.Requests[i]; r.State == RequestOpen || r.State == RequestGranted {
			r.State, r.Outcome, r.Say, r.EndedBy, r.EndedAt = RequestClosed, o, say, e.By, e.At
		}
	}
}

// quarantineErrand orders the hold where a role may exist that could be open.
func (f *Federation) quarantineErrand(from State) {
	if from == Revoking || from == Requested || f.Steps.Get(RoleID).Intended.IsZero() {
		return
	}
	f.orderHold()
	f.Parked, f.Again, f.Attempts = nil, time.Time{}, 0 // closing does not wait for a person
}

// orderHold puts the hold before every other errand, but after the return of a
// role that is gone, which there is nothing to hold of before.
func (f *Federation) orderHold() {
	f.Errands = slices.DeleteFunc(f.Errands, func(e Errand) bool { return e.Step == LiftID || e.Step == HoldID })
	first := 0
	if f.gone(RoleID) != "" {
		first = 1 + slices.IndexFunc(f.Errands, func(e Errand) bool { return e.Step == RoleID })
	}
	f.Errands = slices.Insert(f.Errands, first, Errand{Step: HoldID, Verb: Ensure})
}

// gone is the finding that says that a step's object is missing, or empty.
func (f *Federation) gone(id StepID) string {
	for _, x := range f.Findings {
		if x.Step == id && x.Class == "missing" {
			return x.ID
		}
	}
	return ""
}

// restored orders the step, and what hung on it where its object is gone.
func (f *Federation) restored(b Restored) {
	f.Errands = append(f.Errands, Errand{Step: b.Step, Verb: Ensure, Finding: b.Finding})
	if f.gone(b.Step) != b.Finding || f.Plan == nil {
		return
	}
	if b.Step == RoleID && f.Quarantine != nil {
		f.orderHold()
		f.Parked, f.Again, f.Attempts = nil, time.Time{}, 0 // for want of the role, perhaps
	}
	lost := map[StepID][]StepKind{RoleID: {StepPolicy}, ConnectionID: {StepChecks, StepPipelines}}
	for _, s := range f.Plan.Steps {
		if slices.Contains(lost[b.Step], s.Kind) {
			f.Errands = append(f.Errands, Errand{Step: s.ID, Verb: Ensure})
		}
	}
}

// spec is the digest of a step as the plan has it, to know what a change changes.
func (f *Federation) spec(id StepID) Digest {
	if f.Plan == nil {
		return ""
	}
	plan := *f.Plan
	if f.Reverse && f.Before != nil {
		plan = f.Before.Plan
	}
	s, ok := plan.Step(id)
	if !ok {
		return ""
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return Sum(raw)
}
