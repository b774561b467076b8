package drift_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fedbot/internal/drift"
	"fedbot/workflows"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sight shows one observation for the steps of one kind, and no difference elsewhere.
type sight struct {
	kind      workflows.StepKind
	shows     workflows.Observation
	err       error
	meanwhile func()
}

func (s sight) Look(_ context.Context, _ workflows.Federation, step workflows.Step) (workflows.Observation, error) {
	if step.Kind != s.kind {
		return workflows.Observation{Exists: true}, nil
	}
	if s.meanwhile != nil {
		s.meanwhile()
	}
	return s.shows, s.err
}

// shelf keeps one federation.
type shelf struct {
	f    workflows.Federation
	last workflows.Body
}

func (s *shelf) List(context.Context) ([]workflows.Federation, error) {
	return []workflows.Federation{s.f}, nil
}

func (s *shelf) Load(context.Context, workflows.FederationID) (workflows.Federation, error) {
	return s.f, nil
}

func (s *shelf) Append(_ context.Context, b workflows.Batch) error {
	if b.After != s.f.Version {
		return workflows.ErrConflict
	}
	for _, e := range b.Events {
		next, err := s.f.Apply(e)
		if err != nil {
			return err
		}
		s.f, s.last = next, e.Body
	}
	return nil
}

// active is a federation with a role and a branch check; quarantined, it is held.
func active(quarantined bool) *shelf {
	plan := &workflows.Plan{Steps: []workflows.Step{
		{ID: workflows.ConnectionID, Kind: workflows.StepConnection, Title: "Connection"}, {ID: workflows.RoleID, Kind: workflows.StepRole, Title: "Role"},
		{ID: workflows.HoldID, Kind: workflows.StepHold, Title: "Hold"}, {ID: workflows.ChecksID, Kind: workflows.StepChecks, Title: "Checks"},
		{ID: workflows.LiftID, Kind: workflows.StepLift, Title: "Lift"},
	}}
	f := workflows.Federation{ID: "F-1", Version: 40, State: workflows.Active, Plan: plan, Digest: "d", ActiveAt: noon}
	f.Approved.Connection = "aws-shop-dev"
	f.Requests = []workflows.Request{{ID: "F-1.1", State: workflows.RequestDone}}
	for _, s := range plan.Steps {
		f.Steps = append(f.Steps, workflows.StepState{ID: s.ID, Intended: noon, Made: true, At: noon})
	}
	if quarantined {
		f.Quarantine = &workflows.Quarantine{At: noon, Held: true}
	}
	return &shelf{f: f}
}

func read(t *testing.T, s *shelf, sees sight) workflows.Report {
	t.Helper()
	r := drift.Reader{Looker: sees, Log: s, Now: func() time.Time { return noon }, Brake: 3, AtOnce: 1}
	report, err := r.Drift(context.Background(), noon)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The attack: the hold of a quarantined role, or the branch check, is deleted. The
// report must not say that pipelines fail until it is put back: they work.
func TestAttackGuardDeleted(t *testing.T) {
	for kind, level := range map[workflows.StepKind]workflows.Level{workflows.StepHold: workflows.Critical, workflows.StepChecks: workflows.High} {
		s := active(kind == workflows.StepHold)
		read(t, s, sight{kind: kind})
		if len(s.f.Findings) != 1 || s.f.Findings[0].Class != drift.Wider || s.f.Findings[0].Level != level {
			t.Errorf("%s: %+v", kind, s.f.Findings)
		}
	}
}

// The attack: somebody who swapped a connection keeps pressing a button that is not
// theirs. Every refused press is an event, and the reading that saw the swap is
// never recorded, nor the quarantine.
func TestAttackPressWhileRead(t *testing.T) {
	s := active(false)
	pressed := 0
	swap := workflows.Observation{Exists: true, Differences: []workflows.Difference{{Field: "connection id", Approved: "ours", Found: "theirs", Wider: true}}}
	read(t, s, sight{kind: workflows.StepConnection, shows: swap, meanwhile: func() {
		pressed++
		next, err := s.f.Apply(workflows.Event{At: noon, By: workflows.Person{Actor: "slack:T1/U1"},
			Body: workflows.RefusedPress{Request: "F-1.1", Verb: "approve", Code: "not_in_group"}})
		if err != nil {
			t.Fatal(err)
		}
		s.f = next
	}})
	if pressed == 0 || s.f.Quarantine == nil || len(s.f.Findings) != 1 {
		t.Errorf("%d presses: quarantine %v, findings %+v", pressed, s.f.Quarantine, s.f.Findings)
	}
}

// A reading that people have overtaken is not recorded over what they did.
func TestOvertakenReading(t *testing.T) {
	s := active(false)
	missing := workflows.Observation{Exists: true, Differences: []workflows.Difference{{Field: "role id", Approved: "ours", Found: "theirs", Wider: true}}}
	read(t, s, sight{kind: workflows.StepRole, shows: missing, meanwhile: func() {
		next, err := s.f.Apply(workflows.Event{At: noon, Body: workflows.Quarantined{Reason: "by hand"}})
		if err != nil {
			t.Fatal(err)
		}
		s.f = next
	}})
	if s.f.Quarantine.Reason != "by hand" || len(s.f.Findings) != 0 {
		t.Errorf("%+v %+v", s.f.Quarantine, s.f.Findings)
	}
}

// The attack: another project took the approved name. That is an identity swap.
func TestAttackProjectSwap(t *testing.T) {
	s := active(false)
	swap := workflows.Observation{Exists: true, Differences: []workflows.Difference{{Field: "project id", Approved: "1", Found: "2", Wider: true}}}
	read(t, s, sight{kind: workflows.StepConnection, shows: swap})
	if len(s.f.Findings) != 1 || !drift.Swapped(s.f.Findings[0]) || s.f.Quarantine == nil {
		t.Errorf("%+v %v", s.f.Findings, s.f.Quarantine)
	}
}

// What cannot be read, or may lag, neither adds a finding nor closes one.
func TestNothingNewIsKnown(t *testing.T) {
	for name, sees := range map[string]sight{
		"unread":  {kind: workflows.StepRole, err: fmt.Errorf("look: %w", workflows.ErrUnreadable)},
		"lagging": {kind: workflows.StepRole, shows: workflows.Observation{Exists: true, Lagging: true}},
	} {
		s := active(false)
		s.f.Findings = []workflows.Finding{{ID: "D-1", Step: workflows.RoleID, Hash: "h"}}
		report := read(t, s, sees)
		if len(s.f.Findings) != 1 || len(report.Closed) != 0 {
			t.Errorf("%s: %+v, closed %+v", name, s.f.Findings, report.Closed)
		}
	}
}
