package drift_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fedbot/internal/drift"
	"fedbot/workflows"
)

// shelves keep several federations.
type shelves []*shelf

func (all shelves) List(context.Context) (out []workflows.Federation, err error) {
	for _, s := range all {
		out = append(out, s.f)
	}
	return out, nil
}

func (all shelves) Load(_ context.Context, id workflows.FederationID) (workflows.Federation, error) {
	for _, s := range all {
		if s.f.ID == id {
			return s.f, nil
		}
	}
	return workflows.Federation{}, workflows.ErrNotFound
}

func (all shelves) Append(ctx context.Context, b workflows.Batch) error {
	for _, s := range all {
		if s.f.ID == b.ID {
			return s.Append(ctx, b)
		}
	}
	return workflows.ErrNotFound
}

func many(n int) (all shelves) {
	for i := range n {
		s := active(false)
		s.f.ID = workflows.FederationID(fmt.Sprintf("F-%d", i+1))
		all = append(all, s)
	}
	return all
}

func swappedConnection() sight {
	return sight{kind: workflows.StepConnection, shows: workflows.Observation{Exists: true,
		Differences: []workflows.Difference{{Field: "connection id", Approved: "a", Found: "b", Wider: true}}}}
}

// Up to the brake, swapped identities are quarantined at once; more at once are
// likelier a mistake, and none is.
func TestBrake(t *testing.T) {
	for n, quarantined := range map[int]int{1: 1, 3: 3, 4: 0, 37: 0} {
		all := many(n)
		r := drift.Reader{Looker: swappedConnection(), Log: all, Now: func() time.Time { return noon }, Brake: 3, AtOnce: 4}
		report, err := r.Drift(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, s := range all {
			if s.f.Quarantine != nil {
				got++
			}
			if len(s.f.Findings) != 1 || s.f.Findings[0].Level != workflows.Critical {
				t.Errorf("%d swapped: %s has findings %+v", n, s.f.ID, s.f.Findings)
			}
		}
		if got != quarantined || (report.Alarm != "") != (quarantined == 0) {
			t.Errorf("%d swapped: %d quarantined, want %d; alarm %q", n, got, quarantined, report.Alarm)
		}
	}
}

// What could not be read keeps the findings it had, and is not called read.
func TestUnreadClaimsNothing(t *testing.T) {
	s := active(false)
	was := read(t, s, swappedConnection())
	if was.Read != 1 || len(was.Findings) != 1 || !was.Findings[0].New {
		t.Fatalf("first reading: %+v", was)
	}
	s.f.Quarantine = nil
	blind := sight{kind: workflows.StepConnection, err: &workflows.Fault{Kind: workflows.ErrUnreadable, Say: "Azure DevOps does not answer.", Cause: errors.New("secret detail")}}
	now := read(t, s, blind)
	if now.Read != 0 || now.Of != 1 || len(now.Unread) != 1 || strings.Contains(now.Unread[0].Say, "secret") {
		t.Errorf("unread is told as %+v", now)
	}
	if len(now.Findings) != 1 || now.Findings[0].New || len(now.Closed) != 0 {
		t.Errorf("findings of what could not be read: %+v, closed %+v", now.Findings, now.Closed)
	}
	quiet := read(t, s, sight{kind: "none"})
	if len(quiet.Findings) != 0 || len(quiet.Closed) != 1 || len(s.f.Findings) != 0 {
		t.Errorf("after it was put right: %+v", quiet)
	}
}

// The same drift keeps its id; a press made on an older state of it is recognised
// by the hash.
func TestFindingsAreStable(t *testing.T) {
	f, step := active(false).f, workflows.Step{ID: workflows.RoleID, Kind: workflows.StepRole}
	find := func(found string) workflows.Finding {
		o := workflows.Observation{Exists: true, Differences: []workflows.Difference{{Field: "trust policy", Approved: "x", Found: found, Wider: true}}}
		return drift.Findings(f, step, o)[0]
	}
	a, again, moved := find("y"), find("y"), find("z")
	if a != again {
		t.Errorf("the same drift is %+v and %+v", a, again)
	}
	if a.ID != moved.ID || a.Hash == moved.Hash {
		t.Errorf("drift that moved is %+v after %+v", moved, a)
	}
	f.ID = "F-2"
	if other := find("y"); other.ID == a.ID || other.Hash == a.Hash {
		t.Error("two federations share a finding")
	}
}

// A second reading that finds the same writes nothing.
func TestNothingNewIsNotWritten(t *testing.T) {
	s := active(false)
	tag := sight{kind: workflows.StepRole, shows: workflows.Observation{Exists: true, Differences: []workflows.Difference{{Field: "tag owner", Approved: "web-shop", Found: ""}}}}
	read(t, s, tag)
	version := s.f.Version
	if report := read(t, s, tag); s.f.Version != version || len(report.Findings) != 1 || report.Findings[0].New {
		t.Errorf("version %d after %d, %+v", s.f.Version, version, report.Findings)
	}
	if s.f.Findings[0].Level != workflows.Low {
		t.Errorf("a lost tag is %s", s.f.Findings[0].Level)
	}
}

// asked counts questions about who changed something.
type asked struct {
	n   int
	say workflows.Authors
}

func (a *asked) Authors(_ context.Context, _ workflows.Federation, _ workflows.StepID, fields []string) map[string]workflows.Authors {
	a.n++
	out := map[string]workflows.Authors{}
	for _, f := range fields {
		out[f] = a.say
	}
	return out
}

// Who changed an object is asked once for each that is not as approved and never
// for the others; who was known stays known; and what is learnt later is recorded
// without a second alarm.
func TestAuthors(t *testing.T) {
	all := many(1)
	two := sight{kind: workflows.StepRole, shows: workflows.Observation{Exists: true,
		Differences: []workflows.Difference{{Field: "session length", Approved: "a", Found: "b"}, {Field: "tag owner", Approved: "a", Found: "b"}}}}
	who := &asked{say: workflows.Authors{Unknown: "CloudTrail may not be read"}}
	r := drift.Reader{Looker: two, Authors: who, Log: all, Now: func() time.Time { return noon }, AtOnce: 4}
	read := func() (last workflows.Drifted) {
		t.Helper()
		before := all[0].f.Version
		if _, err := r.Drift(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		if all[0].f.Version == before {
			return workflows.Drifted{}
		}
		return all[0].last.(workflows.Drifted)
	}
	first := read()
	if who.n != 1 || len(first.Findings) != 2 || first.Again || first.Findings[0].Authors.Known() || first.Findings[0].Authors == nil {
		t.Errorf("asked %d times about one object: %+v", who.n, first)
	}
	if again := read(); len(again.Findings) != 0 {
		t.Errorf("nothing was learnt, and it was recorded: %+v", again)
	}
	who.say = workflows.Authors{Writers: []workflows.Writer{{Who: "somebody", At: noon}}}
	if later := read(); !later.Again || !later.Findings[1].Authors.Known() {
		t.Errorf("learnt later: %+v", later)
	}
	who.say = workflows.Authors{Unknown: "CloudTrail may not be read"}
	if lost := read(); len(lost.Findings) != 0 || !all[0].f.Findings[0].Authors.Known() {
		t.Errorf("known once and unread now: %+v", lost)
	}
	healthy := drift.Reader{Looker: sight{shows: workflows.Observation{Exists: true}}, Authors: who, Log: many(3), Now: r.Now, AtOnce: 4}
	n := who.n
	if _, err := healthy.Drift(t.Context(), noon); err != nil || who.n != n {
		t.Errorf("asked %d times about healthy objects, %v", who.n-n, err)
	}
}
