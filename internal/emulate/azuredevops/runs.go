package azuredevops

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) pipelineCalled(c *call) (pipeline, error) {
	text := cmp.Or(c.vars["pipelineId"], c.vars["definitionId"])
	n, err := strconv.Atoi(text)
	l, ok := s.pipelines.Get(c.project.ID + "/" + number(n))
	if err != nil || !ok {
		return pipeline{}, missing("PipelineNotFoundException", "Could not find a pipeline with ID %s.", text)
	}
	return l, nil
}

func (s *Server) pipelineView(c *call, l pipeline) object {
	address := s.link(c.org, c.project.ID+"/_apis/pipelines/"+strconv.Itoa(l.ID))
	return object{"id": l.ID, "name": l.Name, "folder": l.Folder, "revision": l.Revision, "url": address,
		"_links":        object{"self": object{"href": address}, "web": object{"href": s.link(c.org, c.project.ID+"/_build/definition?definitionId="+strconv.Itoa(l.ID))}},
		"configuration": object{"type": "yaml", "path": l.Path, "repository": object{"id": l.Repository, "type": "azureReposGit"}}}
}

func (s *Server) pipelinesOf(project string) []pipeline {
	return s.pipelines.where(term("in", project))
}

func (s *Server) listPipelines(c *call) (any, error) {
	var all []object
	for _, l := range paged(c, s.pipelinesOf(c.project.ID), 1000, func(l pipeline) string { return strconv.Itoa(l.ID) }) {
		v := s.pipelineView(c, l)
		delete(v, "configuration")
		all = append(all, v)
	}
	return list(all), nil
}

func (s *Server) getPipeline(c *call) (any, error) {
	l, err := s.pipelineCalled(c)
	if err != nil {
		return nil, err
	}
	return s.pipelineView(c, l), nil
}

// createPipeline makes a YAML pipeline from a file in an existing repository.
func (s *Server) createPipeline(c *call) (any, error) {
	var in struct {
		Name, Folder  string
		Configuration struct {
			Type, Path string
			Repository struct{ ID, Type string }
		}
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !s.may(c.who, c.project.ID, RightPush) {
		return nil, denied(c, "create pipelines")
	}
	r, ok := s.repositories.Get(strings.ToLower(in.Configuration.Repository.ID))
	if !ok || r.Project != c.project.ID || in.Name == "" || in.Configuration.Path == "" {
		return nil, bad("ArgumentException", "A pipeline needs a name and a configuration with a path and the repository's id.")
	}
	n, err := s.next("pipeline", 100)
	if err != nil {
		return nil, err
	}
	l := pipeline{ID: n, Project: c.project.ID, Name: in.Name, Folder: cmp.Or(in.Folder, `\`), Repository: r.ID,
		Path: "/" + strings.TrimPrefix(in.Configuration.Path, "/"), Branch: r.DefaultBranch, Revision: 1}
	return s.pipelineView(c, l), s.saved(s.pipelines.Put(c.project.ID+"/"+number(n), l))
}

// sentRun is a run as callers ask for it.
type sentRun struct {
	PreviewRun   bool
	YamlOverride string
	Resources    struct {
		Repositories map[string]struct{ RefName, Version string }
	}
	TemplateParameters map[string]any
	Variables          map[string]struct{ Value string }
}

func (s *Server) createRun(c *call) (any, error) {
	l, err := s.pipelineCalled(c)
	if err != nil {
		return nil, err
	}
	var in sentRun
	if len(c.body) > 0 {
		if err := c.decode(&in); err != nil {
			return nil, err
		}
	}
	preview := in.PreviewRun || strings.HasSuffix(strings.ToLower(c.r.URL.Path), "/preview")
	if in.YamlOverride != "" && !preview {
		return nil, bad(invalidPipeline, "YamlOverride can be used with a preview run only.")
	}
	if !preview {
		if err := s.mayQueue(c, l); err != nil {
			return nil, err
		}
	}
	parameters, variables := map[string]string{}, map[string]string{}
	for k, v := range in.TemplateParameters {
		parameters[k] = fmt.Sprint(v)
	}
	for k, v := range in.Variables {
		variables[k] = v.Value
	}
	self := in.Resources.Repositories["self"]
	r, err := s.newRun(c.org, c.project, l, cmp.Or(fullRef(self.RefName), l.Branch), self.Version, parameters, in.YamlOverride)
	if err != nil {
		return nil, err
	}
	if preview {
		return object{"finalYaml": r.YAML}, nil
	}
	r.By, r.Variables = c.who.ID, variables
	if r, err = s.queueRun(r); err != nil {
		return nil, err
	}
	return s.runView(c, r), nil
}

// queueBuild is the older way to start a pipeline.
func (s *Server) queueBuild(c *call) (any, error) {
	var in struct {
		Definition         struct{ ID int }
		SourceBranch       string
		SourceVersion      string
		TemplateParameters map[string]any
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	l, ok := s.pipelines.Get(c.project.ID + "/" + number(in.Definition.ID))
	if !ok {
		return nil, missing("DefinitionNotFoundException", "The build definition %d does not exist in the project %s.", in.Definition.ID, c.project.Name)
	}
	if err := s.mayQueue(c, l); err != nil {
		return nil, err
	}
	parameters := map[string]string{}
	for k, v := range in.TemplateParameters {
		parameters[k] = fmt.Sprint(v)
	}
	r, err := s.newRun(c.org, c.project, l, cmp.Or(fullRef(in.SourceBranch), l.Branch), in.SourceVersion, parameters, "")
	if err != nil {
		return nil, err
	}
	r.By = c.who.ID
	if r, err = s.queueRun(r); err != nil {
		return nil, err
	}
	return s.buildView(c, r), nil
}

func (s *Server) mayQueue(c *call, l pipeline) error {
	if s.may(c.who, c.project.ID, RightQueue) {
		return nil
	}
	return refuse(http.StatusForbidden, "AccessDeniedException", "TF215106: Access denied. %s needs Queue builds permissions for pipeline %s in team project %s to perform the action.", c.who.Name, l.Name, c.project.Name)
}

// newRun compiles a pipeline at a ref: everything that can be wrong with it is
// found here, and nothing is written.
func (s *Server) newRun(o organization, p project, l pipeline, ref, version string, parameters map[string]string, override string) (run, error) {
	repo, ok := s.repositories.Get(l.Repository)
	if !ok {
		return run{}, bad(invalidPipeline, "The repository of the pipeline %s could not be found.", l.Name)
	}
	k, err := s.commitAt(repo, "branch", ref)
	if version != "" && err == nil {
		k, err = s.commitAt(repo, "commit", version)
	}
	if err != nil {
		return run{}, bad(invalidPipeline, "Could not get the latest source version for repository %s hosted on Azure Repos using ref %s.", repo.Name, ref)
	}
	text, ok := k.Files[l.Path]
	if !ok && override == "" {
		return run{}, bad(invalidPipeline, "%s: File %s not found in repository %s branch %s version %s.", l.Path, l.Path, repo.Name, ref, k.ID)
	}
	r := run{Org: o.ID, Project: p.ID, Pipeline: l.ID, Ref: ref, Commit: k.ID, Parameters: parameters}
	var f *fault
	if r.YAML, err = expand(cmp.Or(override, text), parameters); errors.As(err, &f) {
		return r, f
	} else if err != nil {
		return r, bad(invalidPipeline, "%s: %v", l.Path, err)
	}
	doc, err := parsePipeline(r.YAML)
	if err != nil {
		return r, bad(invalidPipeline, "%s: %v", l.Path, err)
	}
	for _, st := range doc.Stages {
		for _, name := range doc.connections(st.Name) {
			if k, ok := s.namedByTask(p.ID, name); !ok || !s.usable(k) {
				return r, bad(invalidPipeline, "The pipeline is not valid. Job %s: Step input awsCredentials references service connection %s which could not be found. The service connection does not exist, has been disabled or has not been authorized for use. For authorization details, refer to https://aka.ms/yamlauthz.", st.Jobs[0].Name, name)
			}
		}
	}
	r.Records = plannedRecords(doc)
	return r, nil
}

// namedByTask finds the connection that a task's input names or whose id it gives.
func (s *Server) namedByTask(project, text string) (connection, bool) {
	if k, ok := s.connection(text); ok && k.in(project) {
		return k, true
	}
	return s.connectionNamed(project, text)
}

func plannedRecords(doc document) []record {
	var all []record
	for i, st := range doc.Stages {
		stageID := newID()
		all = append(all, record{ID: stageID, Type: "Stage", Name: st.Name, Identifier: st.Name, State: "pending", Order: i + 1})
		for n, j := range st.Jobs {
			phaseID, jobID := newID(), newID()
			name := st.Name + "." + j.Name
			all = append(all,
				record{ID: phaseID, Parent: stageID, Type: "Phase", Name: j.Name, Identifier: name, State: "pending", Order: n + 1},
				record{ID: jobID, Parent: phaseID, Type: "Job", Name: j.Name, Identifier: name + ".__default", State: "pending", Order: 1})
			for m, t := range j.Steps {
				all = append(all, record{ID: newID(), Parent: jobID, Type: "Task", Name: t.title(), State: "pending", Order: m + 1, Task: t.Task})
			}
		}
	}
	return all
}

func (s *Server) queueRun(r run) (run, error) {
	n, err := s.next("run", 401)
	if err != nil {
		return r, err
	}
	now := s.o.Now()
	today := now.Format("20060102")
	of, err := s.next("run/"+r.Project+"/"+number(r.Pipeline)+"/"+today, 1)
	if err != nil {
		return r, err
	}
	r.ID, r.Name, r.Queued, r.State = n, fmt.Sprintf("%s.%d", today, of), now, "inProgress"
	r.Plan, r.Timeline = newID(), newID()
	return r, s.saved(s.runs.Put(number(n), r))
}

// QueueRun starts a pipeline from inside the process, as the schedule of the sandbox would. An
// empty ref is the pipeline's default branch. It returns the run's id.
func (s *Server) QueueRun(org, projectName string, pipelineID int, ref string, parameters map[string]string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, p, err := s.place(org, projectName)
	if err != nil {
		return 0, fmt.Errorf("queue run: %w", err)
	}
	l, ok := s.pipelines.Get(p.ID + "/" + number(pipelineID))
	if !ok {
		return 0, fmt.Errorf("queue run: no pipeline %d in %s", pipelineID, p.Name)
	}
	r, err := s.newRun(o, p, l, cmp.Or(fullRef(ref), l.Branch), "", maps.Clone(parameters), "")
	if err == nil {
		r, err = s.queueRun(r)
	}
	if err != nil {
		return 0, fmt.Errorf("queue run: %w", err)
	}
	return r.ID, nil
}

func (s *Server) runView(c *call, r run) object {
	l, _ := s.pipelines.Get(r.Project + "/" + number(r.Pipeline))
	address := s.link(c.org, c.project.ID+"/_apis/pipelines/"+strconv.Itoa(l.ID)+"/runs/"+strconv.Itoa(r.ID))
	parameters := r.Parameters
	if parameters == nil {
		parameters = map[string]string{}
	}
	v := object{"id": r.ID, "name": r.Name, "state": r.State, "createdDate": when(r.Queued), "url": address, "templateParameters": parameters,
		"pipeline":  object{"id": l.ID, "name": l.Name, "folder": l.Folder, "revision": l.Revision, "url": s.link(c.org, c.project.ID+"/_apis/pipelines/"+strconv.Itoa(l.ID))},
		"resources": object{"repositories": object{"self": object{"repository": object{"id": l.Repository, "type": "azureReposGit"}, "refName": r.Ref, "version": r.Commit}}},
		"_links": object{"self": object{"href": address}, "web": object{"href": s.link(c.org, c.project.ID+"/_build/results?buildId="+strconv.Itoa(r.ID))},
			"pipeline": object{"href": s.link(c.org, c.project.ID+"/_apis/pipelines/"+strconv.Itoa(l.ID))}}}
	if r.State == "completed" {
		v["result"], v["finishedDate"] = r.Result, when(r.Finished)
	}
	if len(r.Variables) > 0 {
		vars := object{}
		for k, x := range r.Variables {
			vars[k] = object{"value": x}
		}
		v["variables"] = vars
	}
	return v
}

func (s *Server) listRuns(c *call) (any, error) {
	l, err := s.pipelineCalled(c)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, r := range slices.Backward(s.runs.where(term("of", c.project.ID, strconv.Itoa(l.ID)))) {
		all = append(all, s.runView(c, r))
	}
	return list(all), nil
}

// runCalled is the run that the path names.
func (s *Server) runCalled(c *call) (run, error) {
	text := cmp.Or(c.vars["runId"], c.vars["buildId"])
	n, err := strconv.Atoi(text)
	r, ok := s.runs.Get(number(n))
	if err != nil || !ok || r.Project != c.project.ID {
		return run{}, missing("BuildNotFoundException", "The requested build %s could not be found.", text)
	}
	return r, nil
}

func (s *Server) getRun(c *call) (any, error) {
	r, err := s.runCalled(c)
	if err != nil {
		return nil, err
	}
	if strconv.Itoa(r.Pipeline) != c.vars["pipelineId"] {
		return nil, missing("RunNotFoundException", "The run %d does not belong to the pipeline %s.", r.ID, c.vars["pipelineId"])
	}
	v := s.runView(c, r)
	v["finalYaml"] = r.YAML
	return v, nil
}
