package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// Fault is one way in which calls go wrong until it is used up or taken away.
//
// The moment is before or after the effect. What each kind does at each:
//
//	error      an answer in the system's own words that says no; before: instead of the effect
//	slow       Delay passes first; the effect happens even if the caller has gone meanwhile
//	hang       nothing more happens until the caller gives up
//	reset      the connection is cut without an answer
//	page       an HTML page with Status in place of the answer, as proxies and sign-ins give
//	truncated  half of the answer; after the effect only
//	duplicate  the effect happens twice, as when a proxy repeats a request. before: the caller
//	           is answered for the second; after: for the first, and the copy comes Delay later
//	reorder    the call waits for the next one that Call names, for Delay at most (1 s). before:
//	           the two take effect in the other order; after: they are answered in the other order
type Fault struct {
	Call   string        // a pattern of path.Match over call names: "iam:CreateRole", "iam:*"; "*" is all calls but no delivery
	When   string        // Before or After the effect
	Kind   string        // one of Kinds
	Error  string        // of Error: which one, by its name in the system; empty is the first
	Status int           // of Page: 200 to 599; 0 is 200
	Delay  time.Duration // see above; of Error: what Retry-After says, where the system sends one
	Skip   int           // so many calls pass first
	Times  int           // how often; 0 is until it is taken away
}

// The moments.
const (
	Before = "before"
	After  = "after"
)

// The kinds of faults.
const (
	Error     = "error"
	Slow      = "slow"
	Hang      = "hang"
	Reset     = "reset"
	Page      = "page"
	Truncated = "truncated"
	Duplicate = "duplicate"
	Reorder   = "reorder"
)

// Kinds are all kinds of faults.
func Kinds() []string {
	return []string{Error, Slow, Hang, Reset, Page, Truncated, Duplicate, Reorder}
}

// longest is the longest delay of a fault: longer is "hang".
const longest = 10 * time.Minute

// Check says in a sentence what is wrong with a fault. Whether the system knows
// its error is for the gate to say.
func (f Fault) Check() error {
	_, pattern := path.Match(f.Call, "")
	delayed := slices.Contains([]string{Error, Slow, Duplicate, Reorder}, f.Kind)
	switch {
	case f.Call == "":
		return errors.New(`a fault needs a call, such as "iam:CreateRole" or "*"`)
	case pattern != nil:
		return fmt.Errorf("the call %q is not a pattern: a [ is not closed", f.Call)
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("there is no kind %q; the kinds are %s", f.Kind, strings.Join(Kinds(), ", "))
	case f.When != Before && f.When != After:
		return fmt.Errorf(`when is "before" or "after" the effect, not %q`, f.When)
	case f.Kind == Truncated && f.When == Before:
		return errors.New("an answer can be truncated after the effect only: before it there is none")
	case f.Kind == Slow && f.Delay == 0:
		return errors.New(`a slow call needs a delay, such as "2s"`)
	case f.Delay != 0 && !delayed:
		return fmt.Errorf("%s takes no delay", f.Kind)
	case f.Delay < 0 || f.Delay > longest:
		return fmt.Errorf("a delay is at most %s, and not negative", longest)
	case f.Error != "" && f.Kind != Error:
		return fmt.Errorf("%s takes no error", f.Kind)
	case f.Status != 0 && f.Kind != Page:
		return fmt.Errorf("%s takes no status", f.Kind)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("a status is from 200 to 599")
	case f.Skip < 0 || f.Times < 0:
		return errors.New("skip and times are not negative")
	}
	return nil
}

// faultJSON is a fault in the control API: the delay is text.
type faultJSON struct {
	Call   string `json:"call"`
	When   string `json:"when"`
	Kind   string `json:"kind"`
	Error  string `json:"error,omitempty"`
	Status int    `json:"status,omitempty"`
	Delay  string `json:"delay,omitempty"`
	Skip   int    `json:"skip,omitempty"`
	Times  int    `json:"times,omitempty"`
}

// MarshalJSON writes the delay as text, such as "1.5s".
func (f Fault) MarshalJSON() ([]byte, error) {
	out := faultJSON{Call: f.Call, When: f.When, Kind: f.Kind, Error: f.Error, Status: f.Status, Skip: f.Skip, Times: f.Times}
	if f.Delay != 0 {
		out.Delay = f.Delay.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a fault strictly: an unknown field, kind or moment is refused
// with a sentence.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	var in faultJSON
	if err := strict(raw, &in); err != nil {
		return err
	}
	*f = Fault{Call: in.Call, When: in.When, Kind: in.Kind, Error: in.Error, Status: in.Status, Skip: in.Skip, Times: in.Times}
	if in.Delay != "" {
		d, err := time.ParseDuration(in.Delay)
		if err != nil {
			return fmt.Errorf(`a delay is written like "50ms" or "2s", not %q`, in.Delay)
		}
		f.Delay = d
	}
	return f.Check()
}

// strict decodes one JSON value and nothing more, without unknown fields.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more than one JSON value")
	}
	return nil
}
