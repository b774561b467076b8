package azuredevops

import (
	"cmp"
	"slices"
	"strings"
)

func (s *Server) approvalView(c *call, a approval, steps bool) object {
	address := s.link(c.org, a.Project+"/_apis/pipelines/approvals/"+a.ID)
	order, blocked := "anyOrder", []object{}
	if a.InSequence {
		order = "inSequence"
	}
	for _, id := range a.Blocked {
		blocked = append(blocked, s.anyRef(c.org.ID, id))
	}
	v := object{"id": a.ID, "status": a.Status, "createdOn": when(a.Created), "lastModifiedOn": when(a.Changed), "executionOrder": order,
		"minRequiredApprovers": a.Needed, "blockedApprovers": blocked, "instructions": a.Instructions, "steps": []object{},
		"_links":   object{"self": object{"href": address}},
		"pipeline": object{"owner": object{"id": a.Run}}}
	if steps {
		var all []object
		for i, id := range a.Approvers {
			step := object{"assignedApprover": s.anyRef(c.org.ID, id), "status": "pending", "order": i + 1, "initiatedOn": when(a.Created), "history": []object{}}
			for _, b := range a.Votes {
				if b.For == id {
					step["status"], step["comment"], step["actualApprover"] = b.Status, b.Comment, s.identityRef(b.By)
					step["lastModifiedBy"], step["lastModifiedOn"] = s.identityRef(b.By), when(b.When)
				}
			}
			all = append(all, step)
		}
		v["steps"] = all
	}
	return v
}

func (s *Server) listApprovals(c *call) (any, error) {
	ids, users := split(c.q.Get("approvalIds")), split(c.q.Get("userIds"))
	state := strings.ToLower(c.q.Get("state"))
	var all []object
	for _, a := range s.approvals.where(term("in", c.project.ID)) {
		if len(ids) > 0 && !slices.Contains(ids, a.ID) ||
			state != "" && state != "undefined" && state != strings.ToLower(a.Status) {
			continue
		}
		if len(users) > 0 && !slices.ContainsFunc(users, func(u string) bool { return s.assigned(a, u) != "" }) {
			continue
		}
		all = append(all, s.approvalView(c, a, strings.EqualFold(c.q.Get("$expand"), "steps")))
	}
	return list(all), nil
}

func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' })
}

func (s *Server) getApproval(c *call) (any, error) {
	a, ok := s.approvals.Get(strings.ToLower(c.vars["approvalId"]))
	if !ok || a.Project != c.project.ID {
		return nil, missing("ApprovalNotFoundException", "The approval %s was not found.", c.vars["approvalId"])
	}
	return s.approvalView(c, a, strings.EqualFold(c.q.Get("$expand"), "steps")), nil
}

// assigned is the approver of an approval that a person may act for: itself or a group it is in.
func (s *Server) assigned(a approval, who string) string {
	i, _ := s.identities.Get(who)
	for _, id := range a.Approvers {
		if id == who {
			return id
		}
	}
	for _, g := range s.groupsOf(i) {
		if slices.Contains(a.Approvers, g.id()) {
			return g.id()
		}
	}
	return ""
}

func (s *Server) updateApprovals(c *call) (any, error) {
	var in []struct{ ApprovalID, Status, Comment string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var all []object
	for _, change := range in {
		a, err := s.decide(c, strings.ToLower(change.ApprovalID), strings.ToLower(change.Status), change.Comment)
		if err != nil {
			return nil, err
		}
		all = append(all, s.approvalView(c, a, true))
	}
	return list(all), nil
}

// decide counts one person's decision.
func (s *Server) decide(c *call, id, status, comment string) (approval, error) {
	a, ok := s.approvals.Get(id)
	if !ok || a.Project != c.project.ID {
		return a, missing("ApprovalNotFoundException", "The approval %s was not found.", id)
	}
	if status != "approved" && status != "rejected" {
		return a, bad("InvalidApprovalUpdateException", "The status of an approval can be set to approved or rejected.")
	}
	if a.Status != "pending" {
		return a, bad("ApprovalCompletedException", "The approval %s is already completed.", id)
	}
	seat := s.assigned(a, c.who.ID)
	if seat == "" {
		return a, denied(c, "act on the approval "+id)
	}
	if slices.Contains(a.Blocked, c.who.ID) {
		return a, denied(c, "act on the approval "+id+", from which it is blocked")
	}
	if turn := len(a.Votes); a.InSequence && turn < len(a.Approvers) && seat != a.Approvers[turn] {
		return a, bad("InvalidApprovalUpdateException", "The approval %s is given in sequence, and it is not this approver's turn.", id)
	}
	if r, _ := s.runs.Get(number(a.Run)); a.NotTheRequester && r.By == c.who.ID {
		return a, denied(c, "approve a run that it queued itself")
	}
	if slices.ContainsFunc(a.Votes, func(b vote) bool { return b.By == c.who.ID }) {
		return a, bad("ApprovalCompletedException", "The approver has acted on the approval %s already.", id)
	}
	now := s.o.Now()
	a.Votes = append(slices.Clone(a.Votes), vote{By: c.who.ID, For: seat, Status: status, Comment: comment, When: now})
	a.Changed = now
	if status == "rejected" {
		a.Status = status
	} else if len(a.Votes) >= cmp.Or(a.Needed, len(a.Approvers)) {
		a.Status = status
	}
	return a, s.saved(s.approvals.Put(a.ID, a))
}
