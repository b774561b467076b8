package azuredevops

import (
	"strconv"
	"strings"
	"time"
)

// A check suite is all checks before one stage of one run: the checkpoint in its timeline,
// whose id it has.

// suiteStatus says in the words of suites how far a record of a checkpoint is.
func suiteStatus(x record) string {
	switch {
	case x.Result == "canceled":
		return "canceled"
	case x.State != "completed":
		return "running"
	case x.Result == "succeeded":
		return "approved"
	case len(x.Issues) > 0 && strings.HasSuffix(x.Issues[0], "timed out"):
		return "timedOut"
	}
	return "rejected"
}

func (s *Server) getSuite(c *call) (any, error) {
	id := strings.ToLower(c.vars["checkSuiteId"])
	r, ok := s.runs.one(term("suite", id))
	if !ok || r.Project != c.project.ID {
		return nil, missing("CheckSuiteNotFoundException", "The check suite with id %s was not found.", c.vars["checkSuiteId"])
	}
	names := map[string]check{}
	for _, ch := range s.checks.where(term("in", c.project.ID)) {
		names[ch.recordName()] = ch
	}
	var point record
	var runs []object
	for _, x := range r.Records {
		if x.ID == id {
			point = x
		}
		if ch, known := names[x.Name]; known && x.Parent == id {
			runs = append(runs, s.checkRunView(c, x, ch))
		}
	}
	v := object{"id": id, "status": suiteStatus(point), "message": strings.Join(point.Issues, ". "), "checkRuns": list(runs)["value"],
		"_links":  object{"self": object{"href": s.link(c.org, c.project.ID+"/_apis/pipelines/checks/runs/"+id)}},
		"context": object{"PlanId": r.Plan, "Pipeline.Id": r.Pipeline, "GraphNode.Id": point.Parent}}
	setTime(v, "completedDate", point.Finished)
	return v, nil
}

func (s *Server) checkRunView(c *call, x record, ch check) object {
	v := object{"id": x.ID, "status": suiteStatus(x), "resultMessage": strings.Join(x.Issues, ". "),
		"checkConfigurationRef": object{"id": ch.ID, "type": object{"id": ch.Kind, "name": ch.KindName},
			"url":      s.link(c.org, c.project.ID+"/_apis/pipelines/checks/configurations/"+strconv.Itoa(ch.ID)),
			"resource": object{"type": ch.ResourceType, "id": ch.ResourceID}}}
	setTime(v, "createdDate", x.Started)
	setTime(v, "completedDate", x.Finished)
	return v
}

// setTime sets a field to a time, unless there is none.
func setTime(v object, field string, t time.Time) {
	if !t.IsZero() {
		v[field] = when(t)
	}
}
