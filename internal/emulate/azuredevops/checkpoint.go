package azuredevops

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// gateStage decides whether a stage may begin. It leaves the stage pending while
// somebody has to permit or approve, and records what it waits for.
func (s *Server) gateStage(r *run, doc document, stage, stageID string) {
	now := s.o.Now()
	point := r.recordUnder(stageID, "Checkpoint", "Checkpoint", now)
	auth := r.recordUnder(point, "Checkpoint.Authorization", "Checkpoint.Authorization", now)
	if missing := s.unauthorized(*r, doc, stage); len(missing) > 0 {
		r.note(auth, "This pipeline needs permission to access "+strings.Join(missing, ", ")+" before this run can continue")
		return
	}
	r.note(auth, "")
	r.finish(auth, "succeeded", now)
	for _, ch := range s.checksBefore(*r, doc, stage) {
		id := r.recordUnder(point, ch.recordType(), ch.recordName(), now)
		outcome, why := s.evaluate(*r, ch, stage, r.began(point))
		switch outcome {
		case waiting:
			return
		case passed:
			r.finish(id, "succeeded", now)
		default:
			r.note(id, why)
			r.finish(id, "failed", now)
			r.note(point, why)
			r.finish(point, "failed", now)
			s.auditSuite(*r, stage, "rejected")
			r.finishTree(stageID, "skipped", now)
			return
		}
	}
	r.finish(point, "succeeded", now)
	s.auditSuite(*r, stage, "approved")
	for i := range r.Records {
		if r.Records[i].ID == stageID {
			r.Records[i].State, r.Records[i].Started = "inProgress", now
		}
	}
}

// auditSuite notes how the checks before a stage ended. A journal that fails is noticed by
// the next call that needs it.
func (s *Server) auditSuite(r run, stage, outcome string) {
	p, _ := s.projects.Get(r.Project)
	_ = s.auditAs(r.Org, "", p, "CheckSuite.Completed", fmt.Sprintf("Checks of the stage %s of run %d: %s", stage, r.ID, outcome), object{"RunId": r.ID, "Stage": stage, "Status": outcome})
}

func (ch check) recordType() string {
	if ch.Kind == kindApproval {
		return "Checkpoint.Approval"
	}
	return "Checkpoint.TaskCheck"
}

func (ch check) recordName() string { return fmt.Sprintf("%s %d", ch.KindName, ch.ID) }

// turn is when a check is evaluated: what cannot change comes first, then approvals, then
// what changes with time, and last the lock.
func (ch check) turn() int {
	switch {
	case ch.Kind == kindExclusive:
		return 3
	case ch.Kind == kindApproval:
		return 1
	case ch.Kind == kindTask && ch.task() != taskBranchControl:
		return 2
	}
	return 0
}

func (ch check) task() string {
	var t taskSettings
	_ = json.Unmarshal(ch.Settings, &t)
	return strings.ToLower(t.DefinitionRef.ID)
}

// checksBefore are the checks on all that a stage uses, its connections and its queues.
func (s *Server) checksBefore(r run, doc document, stage string) []check {
	var all []check
	for _, name := range doc.connections(stage) {
		if k, ok := s.namedByTask(r.Project, name); ok {
			all = append(all, s.checksOn(r.Project, "endpoint", k.ID)...)
		}
	}
	seen := map[int]bool{}
	for _, st := range doc.Stages {
		for _, j := range st.Jobs {
			if q, ok := s.queueNamed(r.Project, j.Pool.queueName()); ok && st.Name == stage && !seen[q.ID] {
				seen[q.ID] = true
				all = append(all, s.checksOn(r.Project, "queue", fmt.Sprint(q.ID))...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b check) int { return a.turn() - b.turn() })
	return all
}

// unauthorized names the resources of a stage that the pipeline may not use.
func (s *Server) unauthorized(r run, doc document, stage string) []string {
	var missing []string
	allowed := func(kind, id string) bool {
		p, _ := s.seenPermission(permission{Project: r.Project, Type: kind, Resource: strings.ToLower(id)}.key())
		return p.allows(r.Pipeline)
	}
	for _, name := range doc.connections(stage) {
		if k, ok := s.namedByTask(r.Project, name); !ok || !allowed("endpoint", k.ID) {
			missing = append(missing, "service connection "+name)
		}
	}
	for _, st := range doc.Stages {
		for _, j := range st.Jobs {
			q, ok := s.queueNamed(r.Project, j.Pool.queueName())
			if st.Name == stage && (!ok || !allowed("queue", fmt.Sprint(q.ID))) {
				missing = append(missing, "agent pool "+j.Pool.queueName())
			}
		}
	}
	return missing
}

// recordUnder finds or adds a record below another and returns its id.
func (r *run) recordUnder(parent, kind, name string, at time.Time) string {
	for _, x := range r.Records {
		if x.Parent == parent && x.Type == kind && x.Name == name {
			return x.ID
		}
	}
	x := record{ID: newID(), Parent: parent, Type: kind, Name: name, State: "inProgress", Started: at, Order: 1}
	r.Records = append(r.Records, x)
	return x.ID
}

func (r *run) finish(id, result string, at time.Time) {
	for i := range r.Records {
		if x := &r.Records[i]; x.ID == id && x.State != "completed" {
			x.State, x.Result, x.Finished = "completed", result, at
		}
	}
}

// note replaces what a record complains about.
func (r *run) note(id, text string) {
	for i := range r.Records {
		if r.Records[i].ID == id {
			r.Records[i].Issues = nil
			if text != "" {
				r.Records[i].Issues = []string{text}
			}
		}
	}
}

func (r *run) began(id string) time.Time {
	for _, x := range r.Records {
		if x.ID == id {
			return x.Started
		}
	}
	return time.Time{}
}
