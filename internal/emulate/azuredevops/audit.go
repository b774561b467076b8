package azuredevops

import (
	"strconv"
	"strings"
	"time"
)

func (s *Server) audit(c *call, p project, action, details string, data object) error {
	n, err := s.next("audit", 1)
	if err != nil {
		return err
	}
	area, _, _ := strings.Cut(action, ".")
	return s.audits.Put(number(n), auditEntry{ID: n, Org: c.org.ID, Action: action, Actor: c.who.ID, Project: p.ID, Area: area,
		Details: details, Category: "modify", When: s.o.Now(), Data: data})
}

func (s *Server) auditConnection(c *call, k connection, action, what string) error {
	p, _ := s.projects.Get(k.References[0].Project)
	return s.audit(c, p, action, "Service connection "+k.Name+" "+what, object{"ConnectionId": k.ID, "ConnectionName": k.Name, "ConnectionType": k.Type})
}

// auditLog pages backwards in time; the continuation token is the last entry shown.
func (s *Server) auditLog(c *call) (any, error) {
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
	entries, more, last := []object{}, false, ""
	all := s.audits.All()
	for i := len(all) - 1; i >= 0; i-- {
		e := all[i]
		if e.Org != c.org.ID || e.ID >= before || e.When.Before(from) || e.When.After(to) {
			continue
		}
		if more = len(entries) == size; more {
			break
		}
		entries, last = append(entries, s.auditView(c, e)), strconv.Itoa(e.ID)
	}
	return object{"decoratedAuditLogEntries": entries, "continuationToken": last, "hasMore": more}, nil
}

func (s *Server) auditView(c *call, e auditEntry) object {
	p, _ := s.projects.Get(e.Project)
	who := s.identityRef(e.Actor)
	v := object{"id": strconv.Itoa(e.ID), "actionId": e.Action, "area": e.Area, "category": e.Category, "details": e.Details, "timestamp": when(e.When),
		"actorDisplayName": who["displayName"], "actorUPN": who["uniqueName"], "actorUserId": e.Actor, "scopeType": "organization",
		"scopeId": c.org.ID, "scopeDisplayName": c.org.Name + " (Organization)", "projectName": p.Name, "data": e.Data}
	if e.Project != "" {
		v["projectId"] = e.Project
	}
	return v
}
