package azuredevops

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// connectionView is the object as the caller may see it in one project ("": at
// the organization).
func (s *Server) connectionView(c *call, k connection, project string) object {
	name, description := k.Name, k.Description
	if r, ok := k.at(project); ok {
		name, description = r.Name, cmp.Or(r.Description, k.Description)
	}
	if project != "" && !s.sees(c.who, k, project) {
		return object{"id": k.ID}
	}
	parameters := object{}
	for key, v := range k.Parameters {
		parameters[key] = v
		if slices.Contains(secretParameters, key) {
			parameters[key] = nil
		}
	}
	refs := make([]object, 0, len(k.References))
	for _, r := range k.References {
		p, _ := s.projects.Get(r.Project)
		refs = append(refs, object{"projectReference": object{"id": p.ID, "name": p.Name}, "name": r.Name, "description": r.Description})
	}
	data := maps.Clone(k.Data)
	if data == nil {
		data = map[string]string{}
	}
	v := object{"id": k.ID, "name": name, "type": k.Type, "url": k.URL, "description": description, "owner": k.Owner, "data": data,
		"authorization": object{"scheme": k.Scheme, "parameters": parameters}, "createdBy": s.identityRef(k.CreatedBy),
		"isShared": len(k.References) > 1, "isReady": s.ready(k), "isOutdated": false, "serviceEndpointProjectReferences": refs}
	state, message := s.state(k)
	v["operationStatus"] = object{"state": state, "statusMessage": message}
	if c.version.atLeast(7, 2) {
		v["isDisabled"], v["creationDate"], v["modificationDate"] = k.Disabled, when(k.Created), when(k.Modified)
		v["modifiedBy"] = s.identityRef(cmp.Or(k.ModifiedBy, k.CreatedBy))
		if k.ServiceManagement != "" {
			v["serviceManagementReference"] = k.ServiceManagement
		}
	} else {
		delete(v, "isOutdated")
	}
	return v
}

// getConnection answers null for what does not exist, as the service does.
func (s *Server) getConnection(c *call) (any, error) {
	k, ok := s.connection(c.vars["endpointId"])
	if !ok || !k.in(c.project.ID) {
		return nil, nil
	}
	if may, err := s.passes(c, k); err != nil {
		return nil, err
	} else if !may {
		return object{"id": k.ID}, nil
	}
	return s.connectionView(c, k, c.project.ID), nil
}

// passes applies the actionFilter: what the caller wants to do with a connection.
func (s *Server) passes(c *call, k connection) (bool, error) {
	switch f := enum(c.q.Get("actionFilter")).in(actionFilters); f {
	case "", "none":
		return true, nil
	case "view":
		return s.sees(c.who, k, c.project.ID), nil
	case "use":
		return s.uses(c.who, k, c.project.ID), nil
	case "manage":
		return s.administers(c.who, k), nil
	default:
		return false, bad("VssPropertyValidationException", "The value %q of actionFilter is none of none, manage, use and view.", f)
	}
}

func (s *Server) listConnections(c *call) (any, error) {
	return s.connectionsThat(c, s.candidates(c))
}

// candidates are the connections of a project that ids or names in the question can
// mean; all of them when it asks by neither.
func (s *Server) candidates(c *call) []connection {
	if ids := split(c.q.Get("endpointIds")); len(ids) > 0 {
		var all []connection
		for _, id := range ids {
			if k, ok := s.connection(id); ok {
				all = append(all, k)
			}
		}
		return all
	}
	names, ok := c.q["endpointNames"]
	if !ok {
		return s.connections.where(term("in", c.project.ID))
	}
	var all []connection
	for _, name := range strings.Split(strings.Join(names, ","), ",") { // a comma in a name is not told from one between names
		if k, ok := s.connectionNamed(c.project.ID, strings.TrimSpace(name)); ok {
			all = append(all, k)
		}
	}
	return all
}

func (s *Server) connectionsThat(c *call, candidates []connection) (any, error) {
	wanted := func(name, v string) bool {
		list := c.q.Get(name)
		return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), v) })
	}
	var all []object
	for _, k := range candidates {
		state, _ := s.state(k)
		if !k.in(c.project.ID) || s.gone(k) || !k.Deleted.IsZero() || !s.sees(c.who, k, c.project.ID) ||
			state == "Failed" && !strings.EqualFold(c.q.Get("includeFailed"), "true") ||
			!wanted("type", k.Type) || !wanted("authSchemes", k.Scheme) || !wanted("owner", k.Owner) {
			continue
		}
		if may, err := s.passes(c, k); err != nil {
			return nil, err
		} else if may {
			all = append(all, s.connectionView(c, k, c.project.ID))
		}
	}
	return list(all), nil
}

// refreshConnections has nothing to refresh: no scheme here has a session that ends.
func (s *Server) refreshConnections(c *call) (any, error) {
	if c.q.Get("endpointIds") == "" {
		return nil, bad("ArgumentException", "Value cannot be null or empty. Parameter name: endpointIds")
	}
	all := s.candidates(c)
	for _, k := range all {
		if !s.administers(c.who, k) {
			return nil, denied(c, "refresh the service endpoint "+k.ID)
		}
	}
	return s.connectionsThat(c, all)
}
