package azuredevops

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// place finds a project by the names or ids of organization and project.
func (s *Server) place(org, name string) (organization, project, error) {
	o, ok := s.organization(org)
	if !ok {
		if o, ok = s.orgs.Get(org); !ok {
			return o, project{}, fmt.Errorf("no organization %q", org)
		}
	}
	p, ok := s.projectNamed(o.ID, name, false)
	if !ok {
		return o, p, fmt.Errorf("no project %q in %s", name, o.Name)
	}
	return o, p, nil
}

// createToken answers a running job that asks for a token.
func (s *Server) createToken(c *call) (any, error) {
	r := c.job
	if r == nil {
		return nil, refuse(http.StatusUnauthorized, "UnauthorizedRequestException", "TF400813: The user '%s' is not authorized to access this resource: only a running job may ask for a token.", c.who.ID)
	}
	job, ok := r.current("Job")
	p, _ := s.projects.Get(r.Project)
	if !ok || !strings.EqualFold(c.vars["planId"], r.Plan) || !strings.EqualFold(c.vars["jobId"], job.ID) || !strings.EqualFold(c.vars["hubName"], "build") ||
		!strings.EqualFold(c.vars["scopeIdentifier"], p.ID) && !strings.EqualFold(c.vars["scopeIdentifier"], p.Name) {
		return nil, missing("TaskOrchestrationPlanNotFoundException", "The plan %s with the job %s is not running.", c.vars["planId"], c.vars["jobId"])
	}
	jwt, err := s.jobTokenFor(c.org, p, *r, c.q.Get("serviceConnectionId"))
	var odd *noReference
	if errors.As(err, &odd) {
		return withStatus{http.StatusBadRequest, object{"count": len(odd.text), "value": odd.text}}, nil
	}
	if err != nil {
		return nil, err
	}
	return object{"oidcToken": jwt}, nil
}

// jobTokenFor applies the rule of the explicit reference: the connection has to be an
// input of a task in the stage that runs.
func (s *Server) jobTokenFor(o organization, p project, r run, id string) (string, error) {
	if id == "" {
		l, _ := s.pipelines.Get(p.ID + "/" + number(r.Pipeline))
		return s.pipelineToken(o, p, l, r, TokenOptions{})
	}
	k, ok := s.connection(id)
	stage, job := r.stageAndJob()
	if ok && k.in(p.ID) && s.usable(k) {
		if doc, err := parsePipeline(r.YAML); err == nil {
			for _, name := range doc.connections(stage) {
				if found, ok := s.namedByTask(p.ID, name); ok && found.ID == k.ID {
					return s.connectionToken(o, p, k, TokenOptions{})
				}
			}
		}
	}
	return "", &noReference{fmt.Sprintf("There is no explicit reference to service connection %s from current stage %s.%s.__default.", id, stage, job)}
}

// noReference is answered with a body of its own odd shape: a collection that is
// a text.
type noReference struct{ text string }

func (e *noReference) Error() string { return e.text }
