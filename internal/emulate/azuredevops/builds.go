package azuredevops

import (
	"slices"
	"strconv"
	"strings"
)

// buildStatus is the run in the words of the older API.
func (r run) buildStatus() string {
	switch {
	case r.State == "completed":
		return "completed"
	case r.State == "canceling":
		return "cancelling"
	case r.Started.IsZero():
		return "notStarted"
	}
	return "inProgress"
}

func (s *Server) buildView(c *call, r run) object {
	l, _ := s.pipelines.Get(r.Project + "/" + number(r.Pipeline))
	repo, _ := s.repositories.Get(l.Repository)
	address := s.link(c.org, c.project.ID+"/_apis/build/builds/"+strconv.Itoa(r.ID))
	v := object{"id": r.ID, "buildNumber": r.Name, "status": r.buildStatus(), "queueTime": when(r.Queued), "url": address,
		"uri": "vstfs:///Build/Build/" + strconv.Itoa(r.ID), "sourceBranch": r.Ref, "sourceVersion": r.Commit, "reason": "manual", "priority": "normal",
		"definition":   object{"id": l.ID, "name": l.Name, "path": l.Folder, "revision": l.Revision, "type": "build", "project": s.projectRef(c.project)},
		"project":      s.projectRef(c.project),
		"repository":   object{"id": repo.ID, "name": repo.Name, "type": "TfsGit"},
		"requestedFor": s.identityRef(r.By), "requestedBy": s.identityRef(r.By), "templateParameters": r.Parameters,
		"orchestrationPlan": object{"planId": r.Plan}, "plans": []object{{"planId": r.Plan}},
		"logs":   object{"id": 0, "type": "Container", "url": address + "/logs"},
		"_links": object{"self": object{"href": address}, "web": object{"href": s.link(c.org, c.project.ID+"/_build/results?buildId="+strconv.Itoa(r.ID))}, "timeline": object{"href": address + "/timeline"}}}
	if !r.Started.IsZero() {
		v["startTime"] = when(r.Started)
	}
	if r.State == "completed" {
		v["finishTime"], v["result"] = when(r.Finished), r.Result
	}
	return v
}

func (s *Server) getBuild(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	return s.buildView(c, r), nil
}

func (s *Server) listBuilds(c *call) (any, error) {
	definitions, ids := split(c.q.Get("definitions")), split(c.q.Get("buildIds"))
	status, branch := enum(c.q.Get("statusFilter")).in(buildStatuses), c.q.Get("branchName")
	var runs []run
	for _, r := range slices.Backward(s.runs.where(term("in", c.project.ID))) {
		if len(definitions) > 0 && !slices.Contains(definitions, strconv.Itoa(r.Pipeline)) ||
			len(ids) > 0 && !slices.Contains(ids, strconv.Itoa(r.ID)) ||
			status != "" && status != "all" && !slices.Contains(split(status), strings.ToLower(r.buildStatus())) ||
			branch != "" && branch != r.Ref {
			continue
		}
		runs = append(runs, r)
	}
	var all []object
	for _, r := range paged(c, runs, 1000, func(r run) string { return strconv.Itoa(r.ID) }) {
		all = append(all, s.buildView(c, r))
	}
	return list(all), nil
}

// updateBuild cancels a run, which is all that may be changed.
func (s *Server) updateBuild(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	var in struct{ Status enum }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Status.in(buildStatuses) != "cancelling" {
		return nil, bad("InvalidBuildException", "The status of a build can be set to cancelling only.")
	}
	if !s.may(c.who, c.project.ID, RightQueue) {
		return nil, denied(c, "stop builds")
	}
	if r.State == "inProgress" {
		r.State = "canceling"
		if err := s.saved(s.runs.Put(number(r.ID), r)); err != nil {
			return nil, err
		}
	}
	return s.buildView(c, r), nil
}

func (s *Server) getTimeline(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	base := s.link(c.org, c.project.ID+"/_apis/build/builds/"+strconv.Itoa(r.ID))
	if id := c.vars["timelineId"]; id != "" && !strings.EqualFold(id, r.Timeline) {
		return nil, nil // the service's answer to a timeline it does not have
	}
	records := make([]object, 0, len(r.Records))
	for _, x := range r.Records {
		records = append(records, x.view(base))
	}
	return object{"id": r.Timeline, "changeId": len(r.Records), "url": base + "/timeline/" + r.Timeline, "lastChangedBy": "00000002-0000-8888-8000-000000000000", "records": records}, nil
}

func (x record) view(base string) object {
	v := object{"id": x.ID, "type": x.Type, "name": x.Name, "state": x.State, "order": x.Order, "attempt": 1, "identifier": x.Identifier,
		"startTime": when(x.Started), "finishTime": when(x.Finished), "parentId": nil, "log": nil, "task": nil, "result": nil,
		"errorCount": len(x.Issues), "warningCount": 0, "changeId": 1, "previousAttempts": []object{}, "workerName": x.Worker}
	if x.Parent != "" {
		v["parentId"] = x.Parent
	}
	if x.Result != "" {
		v["result"] = x.Result
	}
	if x.Log > 0 {
		v["log"] = object{"id": x.Log, "type": "Container", "url": base + "/logs/" + strconv.Itoa(x.Log)}
	}
	if x.Task != "" {
		_, version, _ := strings.Cut(x.Task, "@")
		v["task"] = object{"id": taskIDs[strings.ToLower(taskName(x.Task))], "name": taskName(x.Task), "version": version + ".0.0"}
	}
	if len(x.Issues) > 0 {
		var issues []object
		for _, text := range x.Issues {
			issues = append(issues, object{"type": "error", "category": "General", "message": text})
		}
		v["issues"] = issues
	}
	return v
}

func (s *Server) logView(c *call, l logText) object {
	return object{"id": l.ID, "type": "Container", "createdOn": when(l.Created), "lastChangedOn": when(l.Created), "lineCount": len(l.Lines),
		"url": s.link(c.org, c.project.ID+"/_apis/build/builds/"+strconv.Itoa(l.Run)+"/logs/"+strconv.Itoa(l.ID))}
}

func (s *Server) listLogs(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, l := range s.logs.where(term("run", strconv.Itoa(r.ID))) {
		all = append(all, s.logView(c, l))
	}
	if strings.Contains(strings.ToLower(c.r.URL.Path), "/_apis/pipelines/") {
		for _, v := range all {
			delete(v, "type")
		}
		return object{"logs": all, "url": s.link(c.org, c.project.ID+"/_apis/pipelines/"+strconv.Itoa(r.Pipeline)+"/runs/"+strconv.Itoa(r.ID)+"/logs")}, nil
	}
	return list(all), nil
}

func (s *Server) getLog(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(c.vars["logId"])
	l, ok := s.logs.Get(logKey(r.ID, n))
	if err != nil || !ok {
		return nil, missing("BuildLogNotFoundException", "The log with ID %s of the build %d could not be found.", c.vars["logId"], r.ID)
	}
	if strings.Contains(strings.ToLower(c.r.URL.Path), "/_apis/pipelines/") {
		v := s.logView(c, l)
		delete(v, "type") // that is the older API's
		return v, nil
	}
	from, err := strconv.Atoi(c.q.Get("startLine"))
	if err != nil || from < 1 {
		from = 1
	}
	to, err := strconv.Atoi(c.q.Get("endLine"))
	if err != nil || to > len(l.Lines) {
		to = len(l.Lines)
	}
	lines := []string{}
	if from <= to {
		lines = l.Lines[from-1 : to]
	}
	if accept := c.r.Header.Get("Accept"); strings.Contains(accept, "json") {
		return list(lines), nil
	}
	return plain{"text/plain", strings.Join(lines, "\n") + "\n"}, nil
}

func logKey(run, id int) string { return number(run) + "/" + number(id) }

func (s *Server) definitionView(c *call, l pipeline) object {
	repo, _ := s.repositories.Get(l.Repository)
	return object{"id": l.ID, "name": l.Name, "path": l.Folder, "revision": l.Revision, "type": "build", "queueStatus": "enabled", "quality": "definition",
		"url": s.link(c.org, c.project.ID+"/_apis/build/Definitions/"+strconv.Itoa(l.ID)), "project": s.projectRef(c.project),
		"process":    object{"type": 2, "yamlFilename": l.Path},
		"repository": object{"id": repo.ID, "name": repo.Name, "type": "TfsGit", "defaultBranch": l.Branch, "url": s.link(c.org, c.project.ID+"/_git/"+repo.ID)},
		"queue":      s.defaultQueue(c.project.ID)}
}

func (s *Server) defaultQueue(project string) object {
	if q, ok := s.queues.one(term("in", project)); ok {
		return object{"id": q.ID, "name": q.Name, "pool": object{"id": q.ID, "name": q.Name, "isHosted": true}}
	}
	return nil
}

func (s *Server) listDefinitions(c *call) (any, error) {
	var all []object
	named := slices.DeleteFunc(s.pipelinesOf(c.project.ID), func(l pipeline) bool {
		return c.q.Get("name") != "" && !strings.EqualFold(c.q.Get("name"), l.Name)
	})
	for _, l := range paged(c, named, 1000, func(l pipeline) string { return strconv.Itoa(l.ID) }) {
		v := s.definitionView(c, l)
		delete(v, "repository")
		delete(v, "process")
		all = append(all, v)
	}
	return list(all), nil
}

func (s *Server) getDefinition(c *call) (any, error) {
	l, err := s.pipelineCalled(c)
	if err != nil {
		return nil, err
	}
	return s.definitionView(c, l), nil
}
