package workflows

import (
	"slices"
	"time"
)

// The ids of steps that rules refer to. Policies have ids of their own:
// "policy:<template>".
const (
	ProviderID   StepID = "provider"
	ConnectionID StepID = "connection"
	RoleID       StepID = "role"
	HoldID       StepID = "hold"
	FirstReadID  StepID = "read-back"
	AllowID      StepID = "proof-allow"
	RunID        StepID = "proof-run"
	WatchID      StepID = "proof-watch"
	WithdrawID   StepID = "proof-withdraw"
	ChecksID     StepID = "checks"
	PipelinesID  StepID = "pipelines"
	FirstUseID   StepID = "first-use"
	LastReadID   StepID = "read-back-last"
	LiftID       StepID = "lift"
	SessionsID   StepID = "sessions"
)

// noteWalk writes the facts of events that belong to a walk.
func (f *Federation) noteWalk(e Event) error {
	switch b := e.Body.(type) {
	case Intended:
		f.Turn = Turn{Step: b.Step, Verb: b.Verb, Until: b.Until}
		f.Attempts++
		f.Again = time.Time{}
		if b.Verb == Ensure {
			f.intend(b.Step, e.At)
		}
	case Made:
		past := f.Turn.Past
		f.success()
		f.made(b, e.At, past)
	case Removed:
		past := f.Turn.Past
		f.success()
		f.removed(b.Step, past)
	case Stumbled:
		f.Turn, f.Again, f.Stumble = Turn{}, b.Again, b.Say
	case Seen:
		f.seen(b, e.At)
	case Parked:
		f.Parked = &b
		f.Turn = Turn{}
	case Resumed:
		f.Parked, f.Attempts, f.Again, f.Stumble = nil, 0, time.Time{}, ""
		f.change(WatchID, func(s *StepState) { s.Tries = 0 })
		f.change(FirstUseID, func(s *StepState) { s.At = e.At }) // a sign-in of before has been judged
	case Activated:
		f.ActiveAt = e.At
		f.Before, f.Finished, f.Findings = nil, nil, nil
		return f.edit(b.Request, func(r *Request) { r.State, r.Outcome, r.EndedAt = RequestDone, OutcomeDone, e.At })
	case Reversed:
		f.Reverse, f.Parked, f.Attempts, f.Again, f.Stumble = true, nil, 0, time.Time{}, ""
		f.Finished = nil
		f.Turn.Past = !f.Turn.Until.IsZero() // what its call still does is no progress on the way back
		return f.edit(b.Request, func(r *Request) { r.Say, r.EndedBy = b.Say, e.By })
	case Reverted:
		f.unshelve()
		return f.edit(b.Request, func(r *Request) { r.State, r.Outcome, r.EndedAt = RequestClosed, OutcomeFailed, e.At })
	}
	return nil
}

// success ends the turn and forgets the troubles of getting there.
func (f *Federation) success() {
	f.Turn, f.Attempts, f.Again, f.Stumble, f.Parked = Turn{}, 0, time.Time{}, "", nil
}

func (f *Federation) change(id StepID, do func(*StepState)) {
	for i := range f.Steps {
		if f.Steps[i].ID == id {
			do(&f.Steps[i])
		}
	}
}

func (f *Federation) intend(id StepID, at time.Time) {
	if !f.Steps.Get(id).Intended.IsZero() {
		return
	}
	f.Steps = append(f.Steps, StepState{ID: id, Intended: at})
}

func (f *Federation) made(b Made, at time.Time, past bool) {
	f.intend(b.Step, at)
	f.change(b.Step, func(s *StepState) {
		s.Made, s.Note, s.Spec, s.At = true, b.Note, f.spec(b.Step), at
		if b.Ref != "" {
			s.Ref = b.Ref
		}
	})
	if len(b.Shut) > 0 {
		f.Shut = b.Shut
	}
	done := f.errandDone(b.Step, Ensure)
	f.holdNew(b.Step)
	if done {
		if b.Step == HoldID && f.Quarantine != nil {
			q := *f.Quarantine
			q.Held = true
			f.Quarantine = &q
		}
		return
	}
	if !past {
		f.Finished = append(f.Finished, b.Step)
	}
}

// holdNew orders the hold for a role that came into being under quarantine.
func (f *Federation) holdNew(id StepID) {
	if id != RoleID || f.Quarantine == nil || f.State == Revoking {
		return
	}
	q := *f.Quarantine
	q.Held = false
	f.Quarantine = &q
	f.orderHold()
}

func (f *Federation) removed(id StepID, past bool) {
	f.Steps = slices.DeleteFunc(f.Steps, func(s StepState) bool { return s.ID == id })
	if !f.errandDone(id, Remove) && !past {
		f.Finished = append(f.Finished, id)
	}
}

// errandDone takes the errand at the head off the list if it is this one.
func (f *Federation) errandDone(id StepID, v Verb) bool {
	if len(f.Errands) == 0 || f.Errands[0].Step != id || f.Errands[0].Verb != v {
		return false
	}
	done := f.Errands[0]
	f.Errands = f.Errands[1:]
	if done.Finding != "" {
		f.Findings = slices.DeleteFunc(slices.Clone(f.Findings), func(x Finding) bool { return x.Step == done.Step })
	}
	return true
}

// seen notes the end of a watched run. A proof finishes the watch; without one,
// the run is forgotten, so that the walk starts the next.
func (f *Federation) seen(b Seen, at time.Time) {
	f.Stumble = b.Say
	proof := b.Proof
	f.Proof = &proof
	f.Runs++
	if b.Outcome == Proved {
		f.intend(b.Step, at)
		f.change(b.Step, func(s *StepState) { s.Made, s.At = true, at })
		f.ProvedAt, f.Stumble = at, ""
		f.Finished = append(f.Finished, b.Step)
		return
	}
	f.intend(b.Step, at)
	if b.Outcome == SpelledOtherwise {
		return // the run is remembered until what it could have let in is over
	}
	f.change(b.Step, func(s *StepState) { s.Tries++; s.Made = false })
	f.Steps = slices.DeleteFunc(f.Steps, func(s StepState) bool { return s.ID == RunID })
	f.Finished = slices.DeleteFunc(f.Finished, func(id StepID) bool { return id == RunID })
}

// unshelve puts back what was in force before the change.
func (f *Federation) unshelve() {
	if f.Before == nil {
		return
	}
	b := *f.Before
	f.Plan, f.Facts, f.Words, f.Approved, f.Digest, f.Ends = &b.Plan, &b.Facts, b.Words, b.Approved, b.Digest, b.Ends
	f.Before, f.Reverse, f.Finished = nil, false, nil
}
