package azuredevops

import (
	"fmt"
	"strings"
	"time"
)

// Snapshot is what exists, for a page. Lists are in a stable order; no secret is in it.
type Snapshot struct {
	Revision      uint64                 `json:"revision"`
	Organizations []SnapshotOrganization `json:"organizations"`
}

// SnapshotOrganization is one organization.
type SnapshotOrganization struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Issuer   string            `json:"issuer"`
	Toolkit  string            `json:"toolkit"`
	Projects []SnapshotProject `json:"projects"`
}

// SnapshotProject is one project.
type SnapshotProject struct {
	ID          string               `json:"id"`
	Name        string               `json:"name"`
	Pipelines   []SnapshotPipeline   `json:"pipelines"`
	Connections []SnapshotConnection `json:"connections"`
	Runs        []SnapshotRun        `json:"runs"` // newest first, at most twenty
}

// SnapshotPipeline is one pipeline.
type SnapshotPipeline struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Path string `json:"path"`
}

// SnapshotConnection is one service connection as its project sees it.
type SnapshotConnection struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Type        string          `json:"type"`
	Description string          `json:"description"`
	Role        string          `json:"role"`
	OIDC        bool            `json:"oidc"`
	Keys        bool            `json:"keys"` // it holds an access key
	Shared      bool            `json:"shared"`
	Disabled    bool            `json:"disabled"`
	Deleting    bool            `json:"deleting"`
	Subject     string          `json:"subject"`
	All         bool            `json:"all_pipelines"`
	Pipelines   []int           `json:"pipelines"`
	Checks      []SnapshotCheck `json:"checks"`
}

// SnapshotCheck is one check on a connection.
type SnapshotCheck struct {
	ID       int    `json:"id"`
	Kind     string `json:"kind"`
	Settings string `json:"settings"` // JSON
}

// SnapshotRun is one run of a pipeline.
type SnapshotRun struct {
	ID       int       `json:"id"`
	Pipeline int       `json:"pipeline"`
	Name     string    `json:"name"`
	Ref      string    `json:"ref"`
	State    string    `json:"state"`
	Result   string    `json:"result"`
	Waiting  string    `json:"waiting"` // what it waits for, in words; empty: nothing
	Queued   time.Time `json:"queued"`
	Log      []string  `json:"log"` // last lines of the newest log
}

// Snapshot reads everything at once.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := Snapshot{Revision: s.Revision(), Organizations: []SnapshotOrganization{}}
	for _, o := range s.orgs.All() {
		view := SnapshotOrganization{ID: o.ID, Name: o.Name, Issuer: issuerOf(o), Toolkit: o.Toolkit, Projects: []SnapshotProject{}}
		for _, p := range s.projects.where(term("in", o.ID)) {
			view.Projects = append(view.Projects, s.snapProject(o, p))
		}
		snap.Organizations = append(snap.Organizations, view)
	}
	return snap
}

func (s *Server) snapProject(o organization, p project) SnapshotProject {
	v := SnapshotProject{ID: p.ID, Name: p.Name, Pipelines: []SnapshotPipeline{}, Connections: []SnapshotConnection{}, Runs: []SnapshotRun{}}
	for _, l := range s.pipelinesOf(p.ID) {
		v.Pipelines = append(v.Pipelines, SnapshotPipeline{l.ID, l.Name, l.Path})
	}
	for _, k := range s.connections.where(term("in", p.ID)) {
		if r, ok := k.at(p.ID); ok && !s.gone(k) {
			v.Connections = append(v.Connections, s.snapConnection(o, p, k, r))
		}
	}
	runs := s.runs.where(term("in", p.ID))
	for i := len(runs) - 1; i >= 0 && len(v.Runs) < 20; i-- {
		v.Runs = append(v.Runs, s.snapRun(runs[i]))
	}
	return v
}

func (s *Server) snapConnection(o organization, p project, k connection, r reference) SnapshotConnection {
	v := SnapshotConnection{ID: k.ID, Name: r.Name, Type: k.Type, Description: k.Description, Role: k.Parameters["assumeRoleArn"],
		OIDC: k.Parameters["useOIDC"] == "true", Keys: k.Parameters["username"] != "" || k.Parameters["password"] != "",
		Shared: len(k.References) > 1, Disabled: k.Disabled, Deleting: !k.Deleted.IsZero(),
		Subject: subjectOf(o, p, k, r), Pipelines: []int{}, Checks: []SnapshotCheck{}}
	perm, _ := s.permissions.Get(permission{Project: p.ID, Type: "endpoint", Resource: k.ID}.key())
	v.All = perm.All != nil
	for _, g := range perm.Pipelines {
		v.Pipelines = append(v.Pipelines, g.Pipeline)
	}
	for _, ch := range s.checksOn(p.ID, "endpoint", k.ID) {
		v.Checks = append(v.Checks, SnapshotCheck{ch.ID, ch.KindName, string(ch.Settings)})
	}
	return v
}

func issuerOf(o organization) string {
	if o.Tenant != "" {
		return entraIssuer(o.Tenant)
	}
	return issuerBase + "/" + o.ID
}

func subjectOf(o organization, p project, k connection, r reference) string {
	if o.Tenant != "" {
		return entraSubject(o, k)
	}
	return "sc://" + o.Name + "/" + p.Name + "/" + r.Name
}

func (s *Server) snapRun(r run) SnapshotRun {
	v := SnapshotRun{ID: r.ID, Pipeline: r.Pipeline, Name: r.Name, Ref: r.Ref, State: r.State, Result: r.Result, Queued: r.Queued, Log: []string{}}
	for _, x := range r.Records {
		switch {
		case x.State == "inProgress" && strings.HasPrefix(x.Type, "Checkpoint."):
			v.Waiting = x.Name
			if len(x.Issues) > 0 {
				v.Waiting = x.Issues[0]
			}
		case x.State == "pending" && x.Type == "Job" && v.Waiting == "" && r.State == "inProgress":
			v.Waiting = fmt.Sprintf("an agent for %s", x.Name)
		}
		if l, ok := s.logs.Get(logKey(r.ID, x.Log)); ok && x.Log > 0 {
			v.Log = l.Lines[max(0, len(l.Lines)-40):]
		}
	}
	return v
}

// Job is what an agent is told about the job that it runs; the toolkit's own task code
// needs no more to ask for a token.
type Job struct {
	CollectionURI, ProjectID, Hub, PlanID, JobID, AccessToken string
}

// Job returns the running job of a run, for an outside agent.
func (s *Server) Job(runID int) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, _ := s.runs.Get(number(runID))
	j, ok := r.current("Job")
	if !ok || r.JobToken == "" {
		return Job{}, fmt.Errorf("job of run %d: none is running", runID)
	}
	o, _ := s.orgs.Get(r.Org)
	return Job{s.link(o, ""), r.Project, "build", r.Plan, j.ID, r.JobToken}, nil
}
