package azuredevops

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Kinds of checks.
const (
	kindTask      = "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7"
	kindApproval  = "8c6f20a7-a545-4486-9777-f762fafe0d4d"
	kindTemplate  = "4020e66e-b0f3-47e1-bc88-48f3cc59b5f3"
	kindExclusive = "2ef31ad6-baa0-403a-8b45-2cbc9b4e5563"

	taskBranchControl = "86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b"
	taskBusinessHours = "445fde2f-6c39-441c-807f-8a59ff2e075f"
)

var kindNames = map[string]string{kindTask: "Task Check", kindApproval: "Approval", kindTemplate: "ExtendsCheck", kindExclusive: "ExclusiveLock"}

// sentCheck is a check configuration as callers send it.
type sentCheck struct {
	Type     struct{ ID, Name string }
	Resource struct{ Type, ID, Name string }
	Settings json.RawMessage
	Timeout  int // minutes
}

// taskSettings are what a Task Check is made of.
type taskSettings struct {
	DisplayName   string
	DefinitionRef struct{ ID, Name, Version string }
	Inputs        map[string]string // booleans too are strings
	RetryInterval int
}

// approvalSettings are what an Approval is made of.
type approvalSettings struct {
	Approvers                 []struct{ ID string }
	BlockedApprovers          []struct{ ID string }
	ExecutionOrder            string
	MinRequiredApprovers      int
	Instructions              string
	RequesterCannotBeApprover bool
}

func (in sentCheck) validate(s *Server) error {
	kind := strings.ToLower(in.Type.ID)
	if _, ok := kindNames[kind]; !ok {
		return bad("InvalidCheckTypeException", "The check type with id %s is not known.", in.Type.ID)
	}
	if in.Timeout < 0 || in.Timeout > 43200 {
		return bad("InvalidCheckConfigurationException", "The timeout of a check is 0 to 43200 minutes.")
	}
	switch kind {
	case kindTask:
		var t taskSettings
		if err := json.Unmarshal(in.Settings, &t); err != nil {
			return bad("InvalidCheckConfigurationException", "The settings of a task check are not understood: %v", err)
		}
		if t.DefinitionRef.ID == "" || t.DefinitionRef.Version == "" {
			return bad("InvalidCheckConfigurationException", "The settings of a task check need a definitionRef with id and version.")
		}
	case kindApproval:
		var a approvalSettings
		if err := json.Unmarshal(in.Settings, &a); err != nil {
			return bad("InvalidCheckConfigurationException", "The settings of an approval are not understood: %v", err)
		}
		if len(a.Approvers) == 0 {
			return bad("InvalidCheckConfigurationException", "An approval needs at least one approver.")
		}
		for _, p := range a.Approvers {
			if !s.isIdentity(p.ID) {
				return bad("InvalidCheckConfigurationException", "The approver %s is not an identity of this organization.", p.ID)
			}
		}
	}
	return nil
}

// isIdentity says whether an id is a person's, a service's or a group's.
func (s *Server) isIdentity(id string) bool {
	if _, ok := s.identities.Get(strings.ToLower(id)); ok {
		return true
	}
	for _, o := range s.orgs.All() {
		if _, ok := s.projects.one(term("group", o.ID, id)); ok {
			return true
		}
	}
	return false
}

func (s *Server) createCheck(c *call) (any, error) {
	var in sentCheck
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if _, err := s.permission(c, in.Resource.Type, in.Resource.ID); err != nil {
		return nil, err
	}
	if !s.mayGuard(c, in.Resource.Type, in.Resource.ID) {
		return nil, denied(c, "add checks to the resource "+in.Resource.ID)
	}
	if err := in.validate(s); err != nil {
		return nil, err
	}
	n, err := s.next("check", 1)
	if err != nil {
		return nil, err
	}
	if in.Timeout == 0 {
		in.Timeout = 43200
	}
	now := s.o.Now()
	kind := strings.ToLower(in.Type.ID)
	ch := check{ID: n, Timeout: in.Timeout, Version: 1, Project: c.project.ID, ResourceType: strings.ToLower(in.Resource.Type),
		ResourceID: strings.ToLower(in.Resource.ID), ResourceName: in.Resource.Name, Kind: kind, KindName: kindNames[kind],
		Settings: compact(in.Settings), CreatedBy: c.who.ID, ModifiedBy: c.who.ID, Created: now, Modified: now}
	return s.keepCheck(c, ch, "CheckConfiguration.Created")
}

// compact is a settings document without white space; none is an empty object.
func compact(raw json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if len(raw) == 0 || json.Compact(&out, raw) != nil {
		return json.RawMessage("{}")
	}
	return out.Bytes()
}

func (s *Server) keepCheck(c *call, ch check, action string) (any, error) {
	if err := s.saved(s.checks.Put(number(ch.ID), ch), s.audit(c, c.project, action, ch.KindName+" on "+ch.ResourceType+" "+ch.ResourceID, object{"CheckId": ch.ID, "ResourceId": ch.ResourceID})); err != nil {
		return nil, err
	}
	return s.checkView(c, ch, true), nil
}

func (s *Server) checkView(c *call, ch check, settings bool) object {
	address := s.link(c.org, c.project.ID+"/_apis/pipelines/checks/configurations/"+strconv.Itoa(ch.ID))
	v := object{"id": ch.ID, "url": address, "_links": object{"self": object{"href": address}}, "timeout": ch.Timeout, "version": ch.Version,
		"type":      object{"id": ch.Kind, "name": ch.KindName},
		"resource":  object{"type": ch.ResourceType, "id": ch.ResourceID, "name": ch.ResourceName},
		"createdBy": s.identityRef(ch.CreatedBy), "createdOn": when(ch.Created),
		"modifiedBy": s.identityRef(ch.ModifiedBy), "modifiedOn": when(ch.Modified)}
	if settings {
		v["settings"] = ch.Settings
	}
	return v
}

func (c *call) expandsSettings() bool { return strings.EqualFold(c.q.Get("$expand"), "settings") }

func (s *Server) checksOn(project, kind, id string) []check {
	return s.checks.where(term("on", project, kind, id))
}

func (s *Server) listChecks(c *call) (any, error) {
	kind, id := c.q.Get("resourceType"), c.q.Get("resourceId")
	var all []object
	candidates := s.checksOn(c.project.ID, kind, id)
	if kind == "" || id == "" {
		candidates = s.checks.where(term("in", c.project.ID))
	}
	for _, ch := range candidates {
		if (kind == "" || strings.EqualFold(kind, ch.ResourceType)) && (id == "" || strings.EqualFold(id, ch.ResourceID)) {
			all = append(all, s.checkView(c, ch, c.expandsSettings()))
		}
	}
	return list(all), nil
}

func (s *Server) queryChecks(c *call) (any, error) {
	var in []struct{ Type, ID, Name string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var all []object
	for _, r := range in {
		for _, ch := range s.checksOn(c.project.ID, r.Type, r.ID) {
			all = append(all, s.checkView(c, ch, c.expandsSettings()))
		}
	}
	return list(all), nil
}

func (s *Server) checkCalled(c *call) (check, error) {
	n, err := strconv.Atoi(c.vars["id"])
	ch, ok := s.checks.Get(number(n))
	if err != nil || !ok || ch.Project != c.project.ID {
		return check{}, missing("CheckConfigurationNotFoundException", "The check configuration with id %s was not found.", c.vars["id"])
	}
	return ch, nil
}

func (s *Server) getCheck(c *call) (any, error) {
	ch, err := s.checkCalled(c)
	if err != nil {
		return nil, err
	}
	return s.checkView(c, ch, c.expandsSettings()), nil
}

func (s *Server) updateCheck(c *call) (any, error) {
	ch, err := s.checkCalled(c)
	if err != nil {
		return nil, err
	}
	if !s.mayGuard(c, ch.ResourceType, ch.ResourceID) {
		return nil, denied(c, "change checks of the resource "+ch.ResourceID)
	}
	in := sentCheck{Settings: ch.Settings, Timeout: ch.Timeout}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Type.ID == "" {
		in.Type.ID = ch.Kind
	}
	if !strings.EqualFold(in.Type.ID, ch.Kind) {
		return nil, bad("InvalidCheckConfigurationException", "The type of a check cannot be changed.")
	}
	if err := in.validate(s); err != nil {
		return nil, err
	}
	ch.Settings, ch.Timeout, ch.Version, ch.ModifiedBy, ch.Modified = compact(in.Settings), in.Timeout, ch.Version+1, c.who.ID, s.o.Now()
	return s.keepCheck(c, ch, "CheckConfiguration.Updated")
}

func (s *Server) deleteCheck(c *call) (any, error) {
	ch, err := s.checkCalled(c)
	if err != nil {
		return nil, err
	}
	if !s.mayGuard(c, ch.ResourceType, ch.ResourceID) {
		return nil, denied(c, "delete checks of the resource "+ch.ResourceID)
	}
	if err := s.saved(s.checks.Delete(number(ch.ID)), s.audit(c, c.project, "CheckConfiguration.Deleted", ch.KindName+" on "+ch.ResourceID, object{"CheckId": ch.ID})); err != nil {
		return nil, err
	}
	return noContent{}, nil
}
