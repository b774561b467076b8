package azuredevops

import (
	"encoding/json"
	"fmt"
	"regexp"
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
	for _, name := range doc.connections(stage) {
		k, ok := s.namedByTask(r.Project, name)
		if !ok {
			continue
		}
		for _, ch := range s.checksOn(r.Project, "endpoint", k.ID) {
			id := r.recordUnder(point, ch.recordType(), fmt.Sprintf("%s %d", ch.KindName, ch.ID), now)
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

// unauthorized names the resources of a stage that the pipeline may not use.
func (s *Server) unauthorized(r run, doc document, stage string) []string {
	var missing []string
	allowed := func(kind, id string) bool {
		p, _ := s.permissions.Get(permission{Project: r.Project, Type: kind, Resource: id}.key())
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

type outcome int

const (
	waiting outcome = iota
	passed
	refused
)

// evaluate judges one check. Kinds that the emulator cannot judge wait until
// their timeout: what is not understood is not allowed.
func (s *Server) evaluate(r run, ch check, stage string, since time.Time) (outcome, string) {
	late := s.o.Now().Sub(since) > time.Duration(ch.Timeout)*time.Minute
	switch ch.Kind {
	case kindExclusive:
		return passed, ""
	case kindApproval:
		return s.awaitApproval(r, ch, stage, late)
	case kindTask:
		var t taskSettings
		if json.Unmarshal(ch.Settings, &t) == nil && strings.EqualFold(t.DefinitionRef.ID, taskBranchControl) {
			return s.branchControl(r, t.Inputs)
		}
	}
	if late {
		return refused, "The check timed out"
	}
	return waiting, ""
}

func (s *Server) branchControl(r run, in map[string]string) (outcome, string) {
	allowed := false
	for _, pattern := range strings.Split(in["allowedBranches"], ",") {
		if pattern = strings.TrimSpace(pattern); pattern != "" && branchMatches(pattern, r.Ref) {
			allowed = true
		}
	}
	if !allowed {
		return refused, fmt.Sprintf("The branch %s is not among the allowed branches: %s", r.Ref, in["allowedBranches"])
	}
	if strings.EqualFold(in["ensureProtectionOfBranch"], "true") {
		l, _ := s.pipelines.Get(r.Project + "/" + number(r.Pipeline))
		for _, p := range s.policiesOn(l.Repository, r.Ref) {
			if p.Enabled && p.Blocking {
				return passed, ""
			}
		}
		return refused, fmt.Sprintf("The branch %s is not protected", r.Ref)
	}
	return passed, ""
}

// branchMatches compares a ref with a pattern in which * stands for anything.
func branchMatches(pattern, ref string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	ok, err := regexp.MatchString("^"+strings.Join(parts, ".*")+"$", ref)
	return err == nil && ok
}

func (s *Server) awaitApproval(r run, ch check, stage string, late bool) (outcome, string) {
	for _, a := range s.approvals.where(term("run", fmt.Sprint(r.ID))) {
		if a.Check != ch.ID || a.Stage != stage {
			continue
		}
		switch {
		case a.Status == "approved":
			return passed, ""
		case a.Status != "pending":
			return refused, "The approval was " + a.Status
		case late:
			a.Status, a.Changed = "timedOut", s.o.Now()
			_ = s.saved(s.approvals.Put(a.ID, a))
			return refused, "The approval timed out"
		}
		return waiting, ""
	}
	var set approvalSettings
	if json.Unmarshal(ch.Settings, &set) != nil {
		return refused, "The approval is not understood"
	}
	now := s.o.Now()
	a := approval{ID: newID(), Project: r.Project, Run: r.ID, Check: ch.ID, Stage: stage, Status: "pending", Needed: set.MinRequiredApprovers,
		NotTheRequester: set.RequesterCannotBeApprover, Instructions: set.Instructions, Created: now, Changed: now}
	a.InSequence = strings.EqualFold(set.ExecutionOrder, "inSequence")
	for _, p := range set.BlockedApprovers {
		a.Blocked = append(a.Blocked, strings.ToLower(p.ID))
	}
	for _, p := range set.Approvers {
		a.Approvers = append(a.Approvers, strings.ToLower(p.ID))
	}
	_ = s.saved(s.approvals.Put(a.ID, a))
	return waiting, ""
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
