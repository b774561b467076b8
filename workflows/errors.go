package workflows

import (
	"errors"
	"fmt"
)

// Kinds of error. Rooms wrap them and test for them with errors.Is; nobody
// compares texts.
var (
	ErrConflict    = errors.New("history is past that version")            // load again, decide again
	ErrTaken       = errors.New("claim is held")                           // errors.As to *TakenError names the holder
	ErrNotFound    = errors.New("not found")                               // it is certain that it is not there
	ErrUnreadable  = errors.New("cannot be read")                          // it may or may not be there
	ErrPermanent   = errors.New("will not work however often it is tried") // unwind, revert or refuse
	ErrForeign     = errors.New("exists under our name and is not ours")   // never adopt, never touch
	ErrBusy        = errors.New("somebody else has the turn")              // look again later
	ErrIllegalMove = errors.New("not a legal move")                        // a bug or a lost race, never a person's fault
	ErrRefused     = errors.New("refused")                                 // errors.As to *Refusal says why
)

// TakenError says who holds a claim.
type TakenError struct {
	Key    string
	Holder FederationID // or another history's id; the delivery itself for seen/…
}

func (e *TakenError) Error() string { return fmt.Sprintf("%s: held by %s", e.Key, e.Holder) }

// Is makes errors.Is(err, ErrTaken) true.
func (e *TakenError) Is(target error) bool { return target == ErrTaken }

// Refusal is an answer to a person: what did not happen, why, and what now.
// Say is complete sentences and safe to show; it never holds an err.Error().
type Refusal struct {
	Code  string // stable, for tests and for the choice of buttons: "own_request", "stale_plan"
	Say   string
	Field string // of a form: where it belongs, empty if nowhere
	Next  string // the id of a request, federation or finding that a button should lead to
}

func (e *Refusal) Error() string { return "refused: " + e.Say }

// Is makes errors.Is(err, ErrRefused) true.
func (e *Refusal) Is(target error) bool { return target == ErrRefused }

// Refuse makes a Refusal.
func Refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Say: fmt.Sprintf(format, args...)}
}

// Fault is how an adapter reports a foreign error: its kind, a sentence for
// people, and the cause for the operator. A Fault without a kind has an unknown
// outcome: ask again, unwind nothing.
type Fault struct {
	Kind  error  // ErrPermanent, ErrForeign, ErrNotFound, ErrUnreadable or nil
	Say   string // "AWS refused to create the role: the account has 1,000 of 1,000 roles."
	Cause error
}

func (e *Fault) Error() string {
	if e.Cause == nil {
		return e.Say
	}
	return e.Say + ": " + e.Cause.Error()
}

// Unwrap gives both the kind and the cause.
func (e *Fault) Unwrap() []error {
	var out []error
	if e.Kind != nil {
		out = append(out, e.Kind)
	}
	if e.Cause != nil {
		out = append(out, e.Cause)
	}
	return out
}

// Said returns what a person may be told about err.
func Said(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Say
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Say
	}
	return "Something went wrong on fedbot's side. The operators have the details."
}
