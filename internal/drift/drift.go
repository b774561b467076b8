// Package drift compares what exists with what was approved. It reads both sides
// and changes nothing there; what it finds becomes events of the federations and
// a report, which is a value that others render. What could not be read is said
// and never counted as missing.
package drift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fedbot/workflows"
)

// looker observes one step; *workflows.Engine does.
type looker interface {
	Look(ctx context.Context, f workflows.Federation, s workflows.Step) (workflows.Observation, error)
}

// authors says who made the differences of one step; *workflows.Engine does.
type authors interface {
	Authors(ctx context.Context, f workflows.Federation, id workflows.StepID, fields []string) map[string]workflows.Authors
}

// histories is what drift needs of the store.
type histories interface {
	List(ctx context.Context) ([]workflows.Federation, error)
	Load(ctx context.Context, id workflows.FederationID) (workflows.Federation, error)
	Append(ctx context.Context, b workflows.Batch) error
}

// Reader reads federations.
type Reader struct {
	Looker  looker
	Authors authors // nil: nobody is asked
	Log     histories
	Now     func() time.Time
	Brake   int // identity swaps that one reading quarantines by itself; more at once: none
	AtOnce  int // federations read side by side
}

// reading is what one federation came to.
type reading struct {
	f        workflows.Federation
	findings []workflows.Finding
	closed   []workflows.Finding
	fresh    map[string]bool
	unread   string
}

// Drift reads the named federations, or all active ones, and records what it
// found. at names the report.
func (r *Reader) Drift(ctx context.Context, at time.Time, ids ...workflows.FederationID) (workflows.Report, error) {
	report := workflows.Report{At: at.UTC(), Began: r.Now().UTC()}
	all, err := r.Log.List(ctx)
	if err != nil {
		return report, fmt.Errorf("list federations: %w", err)
	}
	var due []workflows.Federation
	for _, f := range all {
		if f.State == workflows.Active && (len(ids) == 0 || slices.Contains(ids, f.ID)) {
			due = append(due, f)
		}
	}
	readings := make([]reading, len(due))
	var group errgroup.Group
	group.SetLimit(max(r.AtOnce, 1))
	for i, f := range due {
		group.Go(func() error {
			readings[i] = r.read(ctx, f)
			return nil
		})
	}
	_ = group.Wait() // readings hold their own errors: one federation's trouble is not another's
	if report.Alarm, err = r.record(ctx, readings); err != nil {
		return report, err
	}
	for _, x := range readings {
		r.add(&report, x)
	}
	slices.SortStableFunc(report.Findings, func(a, b workflows.FoundIn) int {
		return worse(a.Finding.Level, b.Finding.Level)
	})
	report.Ended = r.Now().UTC()
	return report, ctx.Err()
}

// read observes every step of one federation. A step that cannot be read keeps
// the findings it had: nothing new is claimed about it.
func (r *Reader) read(ctx context.Context, f workflows.Federation) reading {
	out := reading{f: f, fresh: map[string]bool{}}
	known := map[string]bool{}
	for _, x := range f.Findings {
		known[x.ID] = true
	}
	for _, s := range f.Observables() {
		o, err := r.Looker.Look(ctx, f, s)
		switch {
		case err != nil || o.Lagging: // nothing new is known about it
			if err != nil {
				out.unread = s.Title + ": " + workflows.Said(err)
			}
			for _, x := range f.Findings {
				if x.Step == s.ID {
					out.findings = append(out.findings, x)
				}
			}
			continue
		}
		for _, x := range r.named(ctx, f, s, Findings(f, s, o)) {
			out.findings = append(out.findings, x)
			out.fresh[x.ID] = !known[x.ID]
		}
	}
	for _, x := range f.Findings {
		if !slices.ContainsFunc(out.findings, func(y workflows.Finding) bool { return y.ID == x.ID }) {
			out.closed = append(out.closed, x)
		}
	}
	return out
}

// named says of each finding who made the difference: one question for each object
// that is not as approved, and none for the others. Who was known before stays
// known when the records can no longer be read.
func (r *Reader) named(ctx context.Context, f workflows.Federation, s workflows.Step, list []workflows.Finding) []workflows.Finding {
	if r.Authors == nil || len(list) == 0 {
		return list
	}
	var fields []string
	for _, x := range list {
		fields = append(fields, x.Field)
	}
	who := r.Authors.Authors(ctx, f, s.ID, fields)
	for i := range list {
		x := &list[i]
		if a, ok := who[x.Field]; ok {
			x.Authors = &a
		}
		for _, old := range f.Findings {
			if old.ID == x.ID && old.Hash == x.Hash && old.Authors.Known() && !x.Authors.Known() {
				x.Authors = old.Authors
			}
		}
	}
	return list
}

// record writes changed findings into the histories, and quarantines swapped
// identities, unless there are so many at once that a mistake is likelier.
func (r *Reader) record(ctx context.Context, readings []reading) (alarm string, err error) {
	var swapped []int
	for i, x := range readings {
		if x.f.Quarantine == nil && slices.ContainsFunc(x.findings, Swapped) {
			swapped = append(swapped, i)
		}
	}
	if n := len(swapped); n > r.Brake {
		alarm = fmt.Sprintf("%d federations look swapped at once. Nothing was quarantined, because more than %d at once is more likely a mistake of fedbot "+
			"or of a cloud than %d attacks. A person decides, federation by federation.", n, r.Brake, n)
	}
	for i, x := range readings {
		var bodies []workflows.Body
		switch {
		case !same(x.f.Findings, x.findings):
			bodies = append(bodies, workflows.Drifted{Findings: x.findings})
		case !sameAuthors(x.f.Findings, x.findings):
			bodies = append(bodies, workflows.Drifted{Findings: x.findings, Again: true})
		}
		if slices.Contains(swapped, i) && len(swapped) <= r.Brake {
			bodies = append(bodies, workflows.Quarantined{Reason: "Found by drift: somebody else's object bears the approved name. " +
				"fedbot quarantines that by itself."})
		}
		if len(bodies) == 0 {
			continue
		}
		if err := r.write(ctx, x.f, bodies); err != nil {
			return alarm, err
		}
	}
	return alarm, nil
}

// writes is how often a record is tried that met somebody faster.
const writes = 16

// write appends what was found. Somebody may have appended to the history since it
// was read; as long as what was approved and what is held are as they were, what
// was seen is still true, and nobody can keep it out by pressing buttons.
func (r *Reader) write(ctx context.Context, read workflows.Federation, bodies []workflows.Body) error {
	f := read
	for range writes {
		err := r.append(ctx, f.ID, f.Version, bodies)
		if !errors.Is(err, workflows.ErrConflict) {
			return err
		}
		if f, err = r.Log.Load(ctx, f.ID); err != nil {
			return fmt.Errorf("load %s: %w", read.ID, err)
		}
		if f.State != workflows.Active || f.Digest != read.Digest || (f.Quarantine == nil) != (read.Quarantine == nil) ||
			len(f.Errands) > 0 || f.ActiveAt != read.ActiveAt || !same(f.Findings, read.Findings) {
			return nil // something was done about it meanwhile: the next reading sees how it is then
		}
	}
	return nil
}

func (r *Reader) append(ctx context.Context, id workflows.FederationID, after int, bodies []workflows.Body) error {
	us := workflows.Person{Actor: workflows.Fedbot, Name: "fedbot"}
	var events []workflows.Event
	for _, b := range bodies {
		events = append(events, workflows.Event{At: r.Now().UTC(), By: us, Body: b})
	}
	if err := r.Log.Append(ctx, workflows.Batch{ID: id, After: after, Events: events}); err != nil {
		return fmt.Errorf("record findings of %s: %w", id, err)
	}
	return nil
}

func (r *Reader) add(report *workflows.Report, x reading) {
	report.Of++
	if x.unread == "" {
		report.Read++
	} else {
		report.Unread = append(report.Unread, workflows.Unread{Federation: x.f.ID, Say: x.unread})
	}
	found := func(f workflows.Finding) workflows.FoundIn {
		return workflows.FoundIn{Finding: f, Federation: x.f.ID, Owner: x.f.Owner, New: x.fresh[f.ID],
			Title: x.f.Approved.Project + " to " + x.f.Approved.Account}
	}
	for _, f := range x.findings {
		report.Findings = append(report.Findings, found(f))
	}
	for _, f := range x.closed {
		report.Closed = append(report.Closed, found(f))
	}
}

func same(a, b []workflows.Finding) bool {
	return slices.EqualFunc(a, b, func(x, y workflows.Finding) bool { return x.ID == y.ID && x.Hash == y.Hash })
}

// sameAuthors compares lists of the same findings.
func sameAuthors(a, b []workflows.Finding) bool {
	return slices.EqualFunc(a, b, func(x, y workflows.Finding) bool { return x.Authors.Same(y.Authors) })
}

func worse(a, b workflows.Level) int {
	switch {
	case a == b:
		return 0
	case a.AtLeast(b):
		return -1
	}
	return 1
}

// Findings turns an observation into findings. It is pure. The id follows from
// where it was found, the hash from what was found: the same drift keeps its id,
// and a press on an older state of it is recognised.
func Findings(f workflows.Federation, s workflows.Step, o workflows.Observation) []workflows.Finding {
	if !o.Exists {
		d := workflows.Difference{Field: "exists", Approved: "yes", Found: "no"}
		x := finding(f, s, d)
		x.Class, x.Level, x.Means = Missing, workflows.High, "Pipelines that use "+f.Approved.Connection+" fail until it is restored or revoked."
		switch s.Kind { // what only keeps people out is missed by nobody who is in
		case workflows.StepHold:
			x.Class, x.Level, x.Means = Wider, workflows.Critical, "The hold is gone: the quarantined role works again for everybody who could use it."
		case workflows.StepChecks:
			x.Class, x.Means = Wider, "A guard is gone: every branch may use "+f.Approved.Connection+" now, not only those that were approved."
		}
		return []workflows.Finding{x}
	}
	var out []workflows.Finding
	for _, d := range o.Differences {
		x := finding(f, s, d)
		if say := judged(f, s, o, d.Field); say != "" {
			x.Means = say
		}
		out = append(out, x)
	}
	return out
}

// The classes of findings that mean something to code.
const (
	Missing = "missing"
	Swap    = "identity swapped"
	Wider   = "wider than approved"
	Changed = "changed"
)

// Swapped reports whether somebody else's object bears the approved name.
func Swapped(f workflows.Finding) bool { return f.Class == Swap }

func finding(f workflows.Federation, s workflows.Step, d workflows.Difference) workflows.Finding {
	x := workflows.Finding{
		ID:   "D-" + string(workflows.Sum([]byte(string(f.ID) + "|" + string(s.ID) + "|" + d.Field)))[:8],
		Step: s.ID, Field: d.Field, Approved: d.Approved, Found: d.Found,
		Hash:  workflows.Sum([]byte(string(f.ID) + "|" + string(s.ID) + "|" + d.Field + "|" + d.Found)),
		Class: Changed, Level: workflows.Medium, Means: "It is not as approved, and not wider.",
	}
	switch {
	case d.Wider && (d.Field == "role id" || d.Field == "connection id" || d.Field == "project id"):
		x.Class, x.Level = Swap, workflows.Critical
		x.Means = "Somebody else's object bears the approved name: whoever made it could use what was approved for " + f.Approved.Project + "."
	case d.Wider && s.Kind == workflows.StepRole && d.Field != "permissions boundary":
		x.Class, x.Level, x.Means = Wider, workflows.Critical, "Somebody who was not approved can get in now, or can do more."
	case d.Wider:
		x.Class, x.Level, x.Means = Wider, workflows.High, "A guard is gone, or more is possible than was approved."
	case strings.HasPrefix(d.Field, "tag") || d.Field == "description":
		x.Level, x.Means = workflows.Low, "Tidiness: nothing more is possible than was approved."
	}
	return x
}
