package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// walk does the next move: take the turn, touch the step, say what came of it.
func (e *Engine) walk(ctx context.Context, f Federation, now time.Time) (again time.Time, err error) {
	if now.Before(f.Turn.Until) {
		return f.Turn.Until, ErrBusy
	}
	if now.Before(f.Again) {
		return f.Again, nil
	}
	move, ok := f.Next()
	if !ok {
		return again, e.arrive(ctx, f)
	}
	if move.Step.Kind == StepWatch && move.Verb == Ensure {
		return e.watch(ctx, f, move.Step, now)
	}
	if move.Step.Kind == StepFirstUse && move.Verb == Ensure {
		return e.awaitUse(ctx, f, move.Step, now)
	}
	step, err := move.Step.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
	if err != nil {
		return again, err
	}
	// The turn is durable before the first call that could have an effect. The call
	// gets half of it; the other half is for its echo to die away. Reading has no echo
	// and many calls, so it gets more: late, it only finds that it is not its turn.
	f, err = e.take(ctx, f, move)
	if err != nil {
		return again, err
	}
	limit := e.Turn / 2
	if step.System == Ourselves {
		limit = readingTurns * e.Turn
	}
	call, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	task := e.task(f, step, now)
	if move.Verb == Remove {
		return again, e.settle(ctx, f, move, Result{}, nil, e.remove(call, task))
	}
	result, shut, err := e.ensure(call, f, task)
	return again, e.settle(ctx, f, move, result, shut, err)
}

// readingTurns is how many turns a read-back may take.
const readingTurns = 10

func (e *Engine) take(ctx context.Context, f Federation, m Move) (Federation, error) {
	ev := e.event(Person{Actor: Fedbot, Name: "fedbot"}, Intended{Step: m.Step.ID, Verb: m.Verb, Until: e.Now().Add(e.Turn).UTC()})
	if err := e.Log.Append(ctx, Batch{ID: f.ID, After: f.Version, Events: []Event{ev}}); err != nil {
		return f, fmt.Errorf("take the turn of %s, %s: %w", f.ID, m.Step.ID, err)
	}
	return f.Apply(ev)
}

func (e *Engine) task(f Federation, s Step, now time.Time) Task {
	st := f.Steps.Get(s.ID)
	return Task{
		Federation: f.ID, Mark: Mark(f.Key), Step: s, Ref: st.Ref, Refs: f.Steps.Refs(), Intended: f.lately(st),
		Nonce: string(Sum(fmt.Appendf(nil, "proof %s %d", f.Key, f.Runs)))[:16], Now: now,
	}
}

// lately is the time from which the lag of the other side counts: when the step was
// intended or, once we know its object, when that or what it hangs on was last made.
func (f Federation) lately(st StepState) time.Time {
	latest := st.Intended
	if st.Ref == "" {
		return latest
	}
	for _, at := range []time.Time{st.At, f.Steps.Get(RoleID).At, f.Steps.Get(ConnectionID).At} {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

func (e *Engine) ensure(ctx context.Context, f Federation, t Task) (Result, []Neighbour, error) {
	if t.Step.System == Ourselves {
		shut, err := e.readBack(ctx, f, t)
		return Result{}, shut, err
	}
	s, ok := e.Steppers[t.Step.System]
	if !ok {
		return Result{}, nil, &Fault{Kind: ErrPermanent, Say: "fedbot has no adapter for " + string(t.Step.System) + "."}
	}
	r, err := s.Ensure(ctx, t)
	return r, nil, err
}

func (e *Engine) remove(ctx context.Context, t Task) error {
	if t.Step.System == Ourselves || t.Step.Kind == StepWatch || t.Step.Kind == StepFirstUse {
		return nil // reading left nothing behind
	}
	s, ok := e.Steppers[t.Step.System]
	if !ok {
		return &Fault{Kind: ErrPermanent, Say: "fedbot has no adapter for " + string(t.Step.System) + "."}
	}
	err := s.Remove(ctx, t)
	if errors.Is(err, ErrForeign) {
		return nil // what bears the name now is somebody else's; ours is gone
	}
	return err
}

// settle says what came of a call. Done and permanent end the turn; an unknown
// outcome ends it too, because the call has returned, and is asked again later.
// Only a holder that died leaves its turn to the deadline.
func (e *Engine) settle(ctx context.Context, f Federation, m Move, r Result, shut []Neighbour, err error) error {
	ctx = context.WithoutCancel(ctx) // a stop between effect and record would only cost a turn; this costs nothing
	switch {
	case err == nil && m.Verb == Ensure:
		return e.sayAsHolder(ctx, f, Made{Step: m.Step.ID, Ref: r.Ref, Note: r.Note, Found: r.Found, Shut: shut})
	case err == nil:
		return e.sayAsHolder(ctx, f, Removed{Step: m.Step.ID})
	case f.State == Provisioning && len(f.Errands) == 0 && m.Verb == Ensure && errors.Is(err, ErrPermanent):
		return e.abandon(ctx, f, m, err)
	case errors.Is(err, ErrPermanent) || errors.Is(err, ErrForeign) || f.Attempts >= e.Tries:
		return e.say(ctx, f, Parked{Step: m.Step.ID, Say: Said(err), Todo: todo(f, m)})
	default:
		return e.sayAsHolder(ctx, f, Stumbled{Step: m.Step.ID, Say: Said(err), Again: e.Now().Add(e.pause(f.Attempts)).UTC()})
	}
}

// sayAsHolder ends the turn that f holds, also when people have decided something
// meanwhile: the turn is still ours as long as the history says so. Once its time
// is up and somebody else has taken it, nothing is said.
func (e *Engine) sayAsHolder(ctx context.Context, f Federation, b Body) error {
	for range retries {
		err := e.say(ctx, f, b)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		now, err := e.Log.Load(ctx, f.ID)
		if err != nil {
			return fmt.Errorf("load %s: %w", f.ID, err)
		}
		if !now.Turn.same(f.Turn) {
			return ErrBusy
		}
		f = now
	}
	return ErrConflict
}

// abandon unwinds a first plan, or turns a change round. A revert that fails for
// good waits for a person: there is nowhere further back to go.
func (e *Engine) abandon(ctx context.Context, f Federation, m Move, err error) error {
	ended := Stumbled{Step: m.Step.ID, Say: Said(err), Again: e.Now().UTC()}
	r, ok := f.inState(RequestGranted)
	switch {
	case !ok || f.Reverse:
		return e.say(ctx, f, Parked{Step: m.Step.ID, Say: Said(err), Todo: todo(f, m)})
	case f.Before != nil:
		return e.say(ctx, f, ended, Reversed{Request: r.ID, Say: Said(err)})
	}
	return e.say(ctx, f, ended, Abandoned{Request: r.ID, Say: Said(err)})
}

func todo(f Federation, m Move) string {
	if f.State == Revoking || m.Verb == Remove {
		return "Put right what stands in the way, then try again. Until then the role stays held and what is left is listed here."
	}
	return "Put right what stands in the way, then try again. Giving up goes back to how it was before; the OIDC provider stays."
}

// pause doubles with each attempt, up to a hundred times the first.
func (e *Engine) pause(attempts int) time.Duration {
	d := e.Backoff
	for range attempts - 1 {
		if d *= 2; d > 100*e.Backoff {
			return 100 * e.Backoff
		}
	}
	return d
}

// arrive ends a walk that has nothing left to do.
func (e *Engine) arrive(ctx context.Context, f Federation) error {
	r, ok := f.inState(RequestGranted)
	switch {
	case f.State == Revoking:
		return e.say(ctx, f, ClosedNow{Outcome: f.Outcome})
	case f.State != Provisioning || f.Quarantine != nil || !ok:
		return nil
	case f.Reverse:
		return e.say(ctx, f, Reverted{Request: r.ID})
	default:
		return e.say(ctx, f, Activated{Request: r.ID})
	}
}

// readBack observes everything that was made so far. Any difference stops the
// walk: what was just written is not what was approved.
func (e *Engine) readBack(ctx context.Context, f Federation, t Task) ([]Neighbour, error) {
	var shut []Neighbour
	plan := *f.Plan
	if f.Reverse {
		plan = f.Before.Plan
	}
	for _, s := range plan.Steps {
		if s.ID == t.Step.ID {
			break
		}
		if !observable(f, s) {
			continue
		}
		o, err := e.Look(ctx, f, s)
		if err != nil {
			return nil, err
		}
		if !o.Exists || len(o.Differences) > 0 {
			return nil, &Fault{Say: "Read back: " + differs(s, o) + "."}
		}
		if s.Kind == StepRole {
			shut = e.Planner.Neighbours(plan, o.Document)
			for _, n := range shut {
				if !n.Denied {
					return nil, &Fault{Kind: ErrPermanent, Say: "Read back: the trust policy would let in " + n.Who + "."}
				}
			}
		}
	}
	return shut, nil
}

// Look observes one step of a federation. It changes nothing.
func (e *Engine) Look(ctx context.Context, f Federation, s Step) (Observation, error) {
	step, err := s.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
	if err != nil {
		return Observation{}, err
	}
	stepper, ok := e.Steppers[s.System]
	if !ok {
		return Observation{}, &Fault{Kind: ErrUnreadable, Say: "fedbot has no adapter for " + string(s.System) + "."}
	}
	return stepper.Observe(ctx, e.task(f, step, e.Now()))
}

// observable tells steps that have something to look at: made, and not undone by
// a later step. The hold is looked at while it should be there, the lift while it
// should not.
func observable(f Federation, s Step) bool {
	if !f.Steps.Get(s.ID).Made {
		return false
	}
	held := f.Quarantine != nil || !f.Steps.Get(LiftID).Made
	switch s.Kind {
	case StepProvider, StepConnection, StepRole, StepPolicy, StepChecks, StepPipelines:
		return true
	case StepHold:
		return held
	case StepLift:
		return !held
	}
	return false
}

// Observables are the steps of an active federation that drift looks at.
func (f Federation) Observables() []Step {
	var out []Step
	if f.Plan == nil {
		return out
	}
	for _, s := range f.Plan.Steps {
		if observable(f, s) {
			out = append(out, s)
		}
	}
	return out
}

func differs(s Step, o Observation) string {
	if !o.Exists {
		return s.Title + " is not there"
	}
	d := o.Differences[0]
	return fmt.Sprintf("%s, %s is %q and should be %q", s.Title, d.Field, head(d.Found), head(d.Approved))
}

func head(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("encode plain data: " + err.Error()) // plans and verdicts hold nothing that cannot be encoded
	}
	return raw
}
