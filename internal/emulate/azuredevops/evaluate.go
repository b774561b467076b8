package azuredevops

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

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
		if !s.locked(r, ch) {
			return passed, ""
		}
	case kindApproval:
		return s.awaitApproval(r, ch, stage, late)
	case kindTask:
		var t taskSettings
		if json.Unmarshal(ch.Settings, &t) != nil {
			break
		}
		switch strings.ToLower(t.DefinitionRef.ID) {
		case taskBranchControl:
			return s.branchControl(r, t.Inputs)
		case taskBusinessHours:
			if s.businessHours(t.Inputs) {
				return passed, ""
			}
		}
	}
	if late {
		return refused, "The check timed out"
	}
	return waiting, ""
}

// locked says whether another run holds an exclusive lock: it passed the check, and the stage
// behind it has not ended.
func (s *Server) locked(r run, ch check) bool {
	for _, other := range s.runs.where(term("live")) {
		if other.ID == r.ID {
			continue
		}
		parents := map[string]record{}
		for _, x := range other.Records {
			parents[x.ID] = x
		}
		for _, x := range other.Records {
			if x.Name == ch.recordName() && x.Result == "succeeded" && parents[parents[x.Parent].Parent].State == "inProgress" {
				return true
			}
		}
	}
	return false
}

// businessHours says whether it is one of the days and between the times of the check. A
// time zone that this machine does not know is never open.
func (s *Server) businessHours(in map[string]string) bool {
	zone, err := time.LoadLocation(in["timeZone"])
	if err != nil {
		return false
	}
	now := s.o.Now().In(zone)
	open := slices.ContainsFunc(strings.Split(in["businessDays"], ","), func(day string) bool { return strings.EqualFold(strings.TrimSpace(day), now.Weekday().String()) })
	at := now.Format("15:04")
	return open && at >= in["startTime"] && at < in["endTime"]
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
