package azuredevops

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// auditKept is how long the service keeps what it audits.
const auditKept = 90 * 24 * time.Hour

// auditActions are the names of what this emulator audits, with their categories.
var auditActions = map[string]string{
	"Library.ServiceConnectionCreated": "create", "Library.ServiceConnectionModified": "modify", "Library.ServiceConnectionDeleted": "remove",
	"Library.ServiceConnectionDeletedFromMultipleProjects": "remove", "Library.ServiceConnectionExecuted": "execute",
	"Library.ServiceConnectionShared": "modify", "Library.ServiceConnectionSharedWithMultipleProjects": "modify",
	"Library.ServiceConnectionForProjectModified": "modify",
	"Pipelines.ResourceAuthorizedForPipeline":     "modify", "Pipelines.ResourceUnauthorizedForPipeline": "modify",
	"Pipelines.ResourceAuthorizedForProject": "modify", "Pipelines.ResourceUnauthorizedForProject": "modify",
	"CheckConfiguration.Created": "create", "CheckConfiguration.Updated": "modify", "CheckConfiguration.Deleted": "remove", "CheckSuite.Completed": "modify",
	"Extension.Installed": "create", "Extension.Disabled": "modify", "Extension.Enabled": "modify", "Extension.Uninstalled": "remove",
	"Project.CreateCompleted": "create", "Project.UpdateRenameCompleted": "modify", "Project.DeleteCompleted": "remove",
	"Organization.Update.Rename": "modify", "Policy.PolicyConfigRemoved": "remove", "Security.ModifyPermission": "modify",
}

func (s *Server) audit(c *call, p project, action, details string, data object) error {
	e := auditEntry{Org: c.org.ID, Actor: c.who.ID, Project: p.ID, Action: action, Details: details, Data: data,
		Activity: c.header.Get("ActivityId"), Agent: c.r.UserAgent(), Mechanism: "PAT"}
	e.Address, _, _ = net.SplitHostPort(c.r.RemoteAddr)
	if kind, _, _ := strings.Cut(c.r.Header.Get("Authorization"), " "); strings.EqualFold(kind, "Bearer") {
		e.Mechanism = "S2S_ServicePrincipal"
	}
	return s.auditEntry(e)
}

// auditAs notes what somebody did otherwise than by a call, or, without an actor, what the
// service did by itself.
func (s *Server) auditAs(org, actor string, p project, action, details string, data object) error {
	return s.auditEntry(auditEntry{Org: org, Actor: actor, Project: p.ID, Action: action, Details: details, Data: data, Activity: newID()})
}

// auditEntry keeps an entry; nothing in an organization that is not audited.
func (s *Server) auditEntry(e auditEntry) error {
	if o, _ := s.orgs.Get(e.Org); o.NotAudited {
		return nil
	}
	n, err := s.next("audit", 1)
	if err != nil {
		return err
	}
	e.ID, e.When, e.Category = n, s.o.Now(), auditActions[e.Action]
	e.Area, _, _ = strings.Cut(e.Action, ".")
	return s.audits.Put(number(n), e)
}

func (k connection) auditData() object {
	return object{"ConnectionId": k.ID, "ConnectionName": k.Name, "ConnectionType": k.Type}
}

func (s *Server) auditConnection(c *call, k connection, action, what string) error {
	p, _ := s.projects.Get(k.References[0].Project)
	return s.audit(c, p, action, "Service connection "+k.Name+" "+what, k.auditData())
}

// auditBySystem notes that the service disabled a connection. How the service calls
// this is not published.
func (s *Server) auditBySystem(k connection) error {
	if len(k.References) == 0 {
		return nil
	}
	p, _ := s.projects.Get(k.References[0].Project)
	return s.auditAs(k.Org, "", p, "Library.ServiceConnectionModified", "Service connection "+k.Name+" was disabled because nobody used it for 100 days", k.auditData())
}

// auditLog pages backwards in time; the continuation token is the last entry shown.
func (s *Server) auditLog(c *call) (any, error) {
	if !s.mayAudit(c) {
		return nil, denied(c, "view the audit log")
	}
	size, err := strconv.Atoi(c.q.Get("batchSize"))
	if err != nil || size < 1 {
		size = 200
	}
	before, err := strconv.Atoi(c.q.Get("continuationToken"))
	if err != nil {
		before = 1 << 30
	}
	from, _ := time.Parse(time.RFC3339Nano, c.q.Get("startTime"))
	to, err := time.Parse(time.RFC3339Nano, c.q.Get("endTime"))
	if err != nil {
		to = s.o.Now()
	}
	from = later(from, s.o.Now().Add(-auditKept))
	entries, more, last := []object{}, false, ""
	for _, e := range slices.Backward(s.audits.where(term("in", c.org.ID))) {
		if e.ID >= before || e.When.Before(from) || e.When.After(to) {
			continue
		}
		if more = len(entries) == size; more {
			break
		}
		entries, last = append(entries, s.auditView(c, e)), strconv.Itoa(e.ID)
	}
	return object{"decoratedAuditLogEntries": entries, "continuationToken": last, "hasMore": more}, nil
}

// mayAudit is the permission "View audit log" of the organization.
func (s *Server) mayAudit(c *call) bool {
	for _, rights := range c.who.Rights {
		if slices.Contains(rights, RightAudit) {
			return true
		}
	}
	return s.administersAny(c.who, c.org.ID)
}

func (s *Server) auditView(c *call, e auditEntry) object {
	p, _ := s.projects.Get(e.Project)
	who := object{"displayName": "Azure DevOps Service", "uniqueName": ""}
	if e.Actor != "" {
		who = s.identityRef(e.Actor)
	}
	v := object{"id": strconv.Itoa(e.ID), "actionId": e.Action, "area": e.Area, "category": e.Category, "categoryDisplayName": strings.ToUpper(e.Category[:1]) + e.Category[1:],
		"details": e.Details, "timestamp": when(e.When),
		"actorDisplayName": who["displayName"], "actorUPN": who["uniqueName"], "actorUserId": e.Actor, "actorCUID": e.Actor, "actorClientId": "00000000-0000-0000-0000-000000000000",
		"authenticationMechanism": e.Mechanism, "ipAddress": e.Address, "userAgent": e.Agent, "correlationId": e.Activity, "activityId": e.Activity, "scopeType": "organization",
		"scopeId": c.org.ID, "scopeDisplayName": c.org.Name + " (Organization)", "projectName": p.Name, "data": e.Data}
	if e.Project != "" {
		v["projectId"] = e.Project
	}
	return v
}

// listAuditActions names what is audited.
func (s *Server) listAuditActions(c *call) (any, error) {
	var all []object
	for _, action := range sortedKeys(auditActions) {
		area, _, _ := strings.Cut(action, ".")
		if want := c.q.Get("areaName"); want == "" || strings.EqualFold(want, area) {
			all = append(all, object{"actionId": action, "area": area, "category": auditActions[action]})
		}
	}
	return list(all), nil
}
