package azuredevops

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func (s *Server) organization(name string) (organization, bool) {
	return s.orgs.one(term("name", name))
}

func (s *Server) connectionData(c *call) (any, error) {
	user := object{"id": c.who.ID, "providerDisplayName": c.who.Name, "isActive": true, "descriptor": c.who.descriptor(),
		"subjectDescriptor": c.who.subjectDescriptor(), "properties": object{"Account": object{"$type": "System.String", "$value": c.who.account()}}}
	return object{
		"authenticatedUser": user, "authorizedUser": user,
		"instanceId": c.org.ID, "deploymentId": c.org.ID, "deploymentType": "hosted",
		"locationServiceData": object{"serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7", "defaultAccessMappingMoniker": "PublicAccessMapping", "lastChangeId": 1},
	}, nil
}

// projectNamed finds by id or by name without case; past names count when asked for.
func (s *Server) projectNamed(org, text string, history bool) (project, bool) {
	for _, kind := range []string{"id", "name"} {
		if p, ok := s.projects.one(term(kind, org, text)); ok {
			return p, true
		}
	}
	if !history {
		return project{}, false
	}
	return s.projects.one(term("old", org, text))
}

// visibleProject is a project that the caller may read; any other does not exist for it.
func (s *Server) visibleProject(c *call, text string) (project, error) {
	p, ok := s.projectNamed(c.org.ID, text, strings.EqualFold(c.q.Get("includeHistory"), "true"))
	if !ok || !s.may(c.who, p.ID, RightRead) {
		return project{}, missing("ProjectDoesNotExistException", "VS800075: The project with id 'vstfs:///Classification/TeamProject/%s' does not exist, or you do not have permission to access it.", text)
	}
	return p, nil
}

func (s *Server) projectView(c *call, p project) object {
	return object{"id": p.ID, "name": p.Name, "description": p.Description, "url": s.link(c.org, "_apis/projects/"+p.ID),
		"state": s.projectState(p), "revision": 1 + len(p.OldNames), "visibility": "private", "lastUpdateTime": p.Changed}
}

// projectState is createPending until making the project has ended.
func (s *Server) projectState(p project) string {
	if s.o.Now().Before(p.Ready) {
		return "createPending"
	}
	return "wellFormed"
}

func (s *Server) projectRef(p project) object {
	return object{"id": p.ID, "name": p.Name, "state": "wellFormed", "visibility": "private"}
}

// link is an absolute address below the organization.
func (s *Server) link(o organization, path string) string {
	return strings.TrimSuffix(s.o.BaseURL(), "/") + "/" + o.Name + "/" + path
}

func (s *Server) listProjects(c *call) (any, error) {
	var all []object
	state := strings.ToLower(cmp.Or(c.q.Get("stateFilter"), "wellFormed"))
	for _, p := range s.projects.where(term("in", c.org.ID)) {
		if s.may(c.who, p.ID, RightRead) && (state == "all" || strings.EqualFold(state, s.projectState(p))) {
			all = append(all, s.projectView(c, p))
		}
	}
	from := 0
	if text := c.q.Get("continuationToken"); text != "" {
		from, _ = strconv.Atoi(text)
	} else if text := c.q.Get("$skip"); text != "" {
		from, _ = strconv.Atoi(text)
	}
	top := 100
	if n, err := strconv.Atoi(c.q.Get("$top")); err == nil && n > 0 {
		top = n
	}
	from = min(max(from, 0), len(all))
	to := min(from+top, len(all))
	if to < len(all) {
		c.header.Set("X-MS-ContinuationToken", strconv.Itoa(to))
	}
	return list(all[from:to]), nil
}

func (s *Server) getProject(c *call) (any, error) {
	p, err := s.visibleProject(c, c.vars["projectId"])
	if err != nil {
		return nil, err
	}
	v := s.projectView(c, p)
	if strings.EqualFold(c.q.Get("includeCapabilities"), "true") {
		v["capabilities"] = object{"versioncontrol": object{"sourceControlType": "Git"}, "processTemplate": object{"templateName": "Agile", "templateTypeId": "adcc42ab-9882-485e-a3ed-7678f01f66bc"}}
	}
	v["defaultTeam"] = s.teamRef(c, p)
	v["_links"] = object{"self": object{"href": v["url"]}, "web": object{"href": s.link(c.org, p.Name)}}
	return v, nil
}

func (s *Server) createProject(c *call) (any, error) {
	var in struct{ Name, Description string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := s.freeProjectName(c, in.Name, ""); err != nil {
		return nil, err
	}
	if !s.administersAny(c.who, c.org.ID) {
		return nil, denied(c, "create projects")
	}
	id := newID()
	p := project{ID: id, Org: c.org.ID, Name: in.Name, Description: in.Description, Changed: s.o.Now(), Ready: s.o.Now().Add(s.weather.lag.Create)}
	who := c.who
	who.Groups = append(append([]string{}, who.Groups...), id+"/"+groupAdministrators)
	if err := s.saved(s.projects.Put(id, p), s.identities.Put(who.ID, who), s.seedQueue(id, Queue{ID: 1, Name: "Azure Pipelines"}),
		s.audit(c, p, "Project.CreateCompleted", "Project "+p.Name+" was created", nil)); err != nil {
		return nil, err
	}
	return s.accepted(c, s.weather.lag.Create)
}

func (s *Server) administersAny(who identity, org string) bool {
	for _, p := range s.projects.where(term("in", org)) {
		if s.may(who, p.ID, RightAdmin) {
			return true
		}
	}
	return false
}

func (s *Server) updateProject(c *call) (any, error) {
	p, err := s.visibleProject(c, c.vars["projectId"])
	if err != nil {
		return nil, err
	}
	var in struct{ Name, Description *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !s.may(c.who, p.ID, RightAdmin) {
		return nil, denied(c, "change the project")
	}
	if in.Description != nil {
		p.Description = *in.Description
	}
	before := p.Name
	if in.Name != nil && *in.Name != p.Name {
		if err := s.freeProjectName(c, *in.Name, p.ID); err != nil {
			return nil, err
		}
		p.OldNames = append(append([]string{}, p.OldNames...), p.Name)
		p.Name = *in.Name
	}
	p.Changed = s.o.Now()
	if err := s.saved(s.projects.Put(p.ID, p)); err != nil {
		return nil, err
	}
	if before != p.Name {
		if err := s.audit(c, p, "Project.UpdateRenameCompleted", "Project "+before+" is now "+p.Name, object{"PreviousProjectName": before}); err != nil {
			return nil, err
		}
	}
	return s.accepted(c, 0)
}

func (s *Server) freeProjectName(c *call, name, self string) error {
	if err := checkProjectName(name); err != nil {
		return bad("InvalidProjectNameException", "VS402450: The following project name is not valid: %s. It %v.", name, err)
	}
	if p, ok := s.projectNamed(c.org.ID, name, false); ok && p.ID != self {
		return bad("ProjectAlreadyExistsException", "TF200019: The following project already exists on the Azure DevOps Server: %s.", name)
	}
	return nil
}

func (s *Server) deleteProject(c *call) (any, error) {
	p, err := s.visibleProject(c, c.vars["projectId"])
	if err != nil {
		return nil, err
	}
	if !s.may(c.who, p.ID, RightAdmin) {
		return nil, denied(c, "delete the project")
	}
	for _, k := range s.connections.where(term("in", p.ID)) {
		if err := s.dropConnection(k, []string{p.ID}); err != nil {
			return nil, err
		}
	}
	if err := s.saved(s.projects.Delete(p.ID), s.audit(c, p, "Project.DeleteCompleted", "Project "+p.Name+" was deleted", nil)); err != nil {
		return nil, err
	}
	return s.accepted(c, s.weather.lag.Delete)
}

// accepted answers a long-running call; callers have to ask for the outcome, which
// they hear when its time has come.
func (s *Server) accepted(c *call, lag time.Duration) (any, error) {
	o := operation{ID: newID(), Org: c.org.ID, Status: "succeeded", Done: s.o.Now().Add(lag)}
	if err := s.saved(s.operations.Put(o.ID, o)); err != nil {
		return nil, err
	}
	return withStatus{http.StatusAccepted, object{"id": o.ID, "status": "queued", "url": s.link(c.org, "_apis/operations/"+o.ID)}}, nil
}

func (s *Server) getOperation(c *call) (any, error) {
	o, ok := s.operations.Get(strings.ToLower(c.vars["operationId"]))
	if !ok || o.Org != c.org.ID {
		return nil, missing("OperationNotFoundException", "The operation %s does not exist.", c.vars["operationId"])
	}
	if s.o.Now().Before(o.Done) {
		o.Status = "inProgress"
	}
	return object{"id": o.ID, "status": o.Status, "url": s.link(c.org, "_apis/operations/"+o.ID)}, nil
}

func denied(c *call, what string) *fault {
	return refuse(http.StatusForbidden, "AccessCheckException", "TF400813: The user '%s' is not authorized to %s.", c.who.Name, what)
}

// when writes a time as the service does, and nothing for a time that never was.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.9999999Z07:00")
}
