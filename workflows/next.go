package workflows

import (
	"slices"
	"time"
)

// Move is the next thing that a walk does.
type Move struct {
	Step Step
	Verb Verb
}

// Next returns what the walk under way does next. It is pure and follows from
// the history alone, so that any process can go on where another one died. False
// means that nothing is left to do, or nothing may be done.
func (f Federation) Next() (Move, bool) {
	switch {
	case f.State == Revoking:
		return f.backward()
	case len(f.Errands) > 0 && (f.State == Active || f.State == Provisioning):
		e := f.Errands[0]
		s, ok := f.step(e.Step)
		return Move{s, e.Verb}, ok
	case f.State != Provisioning || f.Quarantine != nil:
		return Move{}, false
	case f.Before == nil:
		return f.forward(f.Plan.Steps)
	case f.Reverse:
		return f.revert()
	default:
		return f.replace()
	}
}

// forward is the walk of a create: the first step that is not finished.
func (f Federation) forward(steps []Step) (Move, bool) {
	for _, s := range steps {
		if !slices.Contains(f.Finished, s.ID) {
			return Move{s, Ensure}, true
		}
	}
	return Move{}, false
}

// replace is the walk of a change: what leaves goes before what comes is added.
func (f Federation) replace() (Move, bool) {
	for _, s := range slices.Backward(f.Before.Plan.Steps) {
		if _, stays := f.Plan.Step(s.ID); !stays && !slices.Contains(f.Finished, s.ID) {
			return Move{s, Remove}, true
		}
	}
	return f.forward(differing(f.Plan.Steps, f.Before.Plan))
}

// revert is the walk back to the plan before: what came is removed, what left or
// was changed is put back.
func (f Federation) revert() (Move, bool) {
	for _, s := range slices.Backward(f.Plan.Steps) {
		_, was := f.Before.Plan.Step(s.ID)
		if !was && !f.Steps.Get(s.ID).Intended.IsZero() {
			return Move{s, Remove}, true
		}
	}
	return f.forward(differing(f.Before.Plan.Steps, *f.Plan))
}

// differing are the steps that the other plan has not or has otherwise, and the
// read-back that ends every walk. A proof is not run again for them: who gets in
// is not what a change changes.
func differing(steps []Step, other Plan) []Step {
	var out []Step
	for _, s := range steps {
		o, had := other.Step(s.ID)
		switch {
		case s.ID == LastReadID:
			out = append(out, s)
		case had && s.Same(o), s.ID == FirstReadID, proving[s.Kind]:
		default:
			out = append(out, s)
		}
	}
	return out
}

// proving are the steps of a proof, of either kind.
var proving = map[StepKind]bool{StepAllow: true, StepRun: true, StepWatch: true, StepWithdraw: true, StepFirstUse: true}

// backward is the walk out: the last kind of step that was intended, first. It
// goes over what was intended and not over what was confirmed.
func (f Federation) backward() (Move, bool) {
	last := -1
	for i, st := range f.Steps {
		s, ok := f.step(st.ID)
		if !ok {
			continue
		}
		if last < 0 || order[s.Kind] >= order[f.mustStep(f.Steps[last].ID).Kind] {
			last = i
		}
	}
	if last < 0 {
		return Move{}, false
	}
	return Move{f.mustStep(f.Steps[last].ID), Remove}, true
}

var order = map[StepKind]int{
	StepProvider: 1, StepConnection: 2, StepRole: 3, StepHold: 4, StepPolicy: 5, StepSessions: 6, StepReadBack: 7,
	StepAllow: 8, StepRun: 9, StepWatch: 10, StepWithdraw: 11, StepChecks: 12, StepPipelines: 13, StepFirstUse: 14, StepLift: 15,
}

// step finds a step in the plan in force, in the one before it, or among those
// that every plan can make.
func (f Federation) step(id StepID) (Step, bool) {
	if f.Plan != nil {
		if s, ok := f.Plan.Step(id); ok {
			return s, true
		}
	}
	if f.Before != nil {
		if s, ok := f.Before.Plan.Step(id); ok {
			return s, true
		}
	}
	if id == SessionsID && f.Plan != nil {
		if s, ok := f.Plan.Step(HoldID); ok && s.Policy != nil {
			spec := *s.Policy
			spec.Name, spec.Document = "fedbot-sessions", ""
			s.ID, s.Kind, s.Title, s.Policy = SessionsID, StepSessions, "End sessions that began before now", &spec
			return s, true
		}
	}
	return Step{}, false
}

func (f Federation) mustStep(id StepID) Step {
	s, _ := f.step(id)
	return s
}

// Due is when this federation owes an effect or a timer: the worker's index. Zero
// means that it waits for people or for nothing.
func (f Federation) Due() time.Time {
	var due time.Time
	consider := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if f.State == Closed {
		return due
	}
	if f.walking() {
		switch {
		case !f.Turn.Until.IsZero():
			consider(f.Turn.Until)
		case !f.Again.IsZero():
			consider(f.Again)
		default:
			consider(f.Updated)
		}
	}
	if r, ok := f.inState(RequestOpen); ok {
		if r.Checked == nil || !r.DecidedAt.IsZero() {
			consider(f.Updated)
		}
		consider(r.Lapses())
		at, _ := r.prompt()
		consider(at)
	}
	if f.State == Active || f.State == Provisioning { // a request whose end passes is refused when it is decided
		consider(f.Ends)
	}
	return due
}

// walking reports whether the worker has something to do that no person and no
// quarantine holds up.
func (f Federation) walking() bool {
	if f.Parked != nil {
		return false
	}
	switch f.State {
	case Revoking:
		return true
	case Provisioning:
		_, granted := f.inState(RequestGranted) // if not, it is back with its approvers
		return granted && f.Quarantine == nil || len(f.Errands) > 0
	case Active:
		return len(f.Errands) > 0
	}
	return false
}

// Lapses is when an open request ends by itself: undecided, or granted by people
// and not begun within a day.
func (r *Request) Lapses() time.Time {
	switch {
	case !r.DecidedAt.IsZero():
		return r.DecidedAt.Add(24 * time.Hour)
	case r.Checked != nil:
		return r.Checked.Lapses
	default:
		return r.At.Add(24 * time.Hour)
	}
}
