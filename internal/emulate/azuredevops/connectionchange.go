package azuredevops

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// changeable is a living connection that the caller may administer.
func (s *Server) changeable(c *call, id string) (connection, error) {
	k, ok := s.connection(id)
	if !ok || k.Org != c.org.ID || !k.Deleted.IsZero() {
		return k, missing("ServiceEndpointNotFoundException", "Service endpoint with id %s does not exist or you do not have permission to access it.", id)
	}
	if !s.administers(c.who, k) {
		return k, refuse(http.StatusForbidden, "ServiceEndpointException", "You do not have permissions to perform this operation on the service endpoint. A service endpoint administrator can add you to the Administrator, User or Reader role.")
	}
	return k, nil
}

func (s *Server) updateConnection(c *call) (any, error) {
	k, err := s.changeable(c, c.vars["endpointId"])
	if err != nil {
		return nil, err
	}
	if operation := c.q.Get("operation"); operation != "" {
		return nil, bad("ServiceEndpointException", "The operation %s is not supported for this service endpoint.", operation)
	}
	var in sent
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.replaceConnection(c, k, in)
}

// updateConnections replaces several; all of them have to be the caller's to change
// before the first is touched.
func (s *Server) updateConnections(c *call) (any, error) {
	var in []sent
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var old []connection
	for _, x := range in {
		k, err := s.changeable(c, x.ID)
		if err != nil {
			return nil, err
		}
		old = append(old, k)
	}
	var all []any
	for i, x := range in {
		v, err := s.replaceConnection(c, old[i], x)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return list(all), nil
}

// replaceConnection replaces the whole object. A secret that is null keeps its
// value, an empty one erases it.
func (s *Server) replaceConnection(c *call, k connection, in sent) (any, error) {
	if in.Type != "" && !strings.EqualFold(in.Type, k.Type) {
		return nil, bad("ServiceEndpointException", "The type of a service endpoint cannot be changed.")
	}
	parameters := map[string]string{}
	for name, v := range in.Authorization.Parameters {
		switch {
		case v != nil:
			parameters[name] = *v
		case slices.Contains(secretParameters, name) && k.Parameters[name] != "":
			parameters[name] = k.Parameters[name]
		}
	}
	refs, err := s.references(c, connection{ID: k.ID, Name: cmp.Or(in.Name, k.Name), References: k.References}, in.References, true)
	if err != nil {
		return nil, err
	}
	for _, r := range k.References { // a reference that is left out stays: removing is DELETE's
		if !slices.ContainsFunc(refs, func(n reference) bool { return n.Project == r.Project }) {
			refs = append(refs, r)
		}
	}
	before := k
	k.Name, k.URL, k.Description = cmp.Or(in.Name, k.Name), in.URL, in.Description
	k.Scheme, k.Parameters, k.Data, k.References = cmp.Or(in.Authorization.Scheme, k.Scheme), parameters, in.Data, refs
	k.ModifiedBy, k.Modified = c.who.ID, s.o.Now()
	if c.version.atLeast(7, 2) {
		k.ServiceManagement = in.ServiceManagementReference
	}
	if in.IsDisabled != nil && c.version.atLeast(7, 2) {
		if k.Disabled && !*in.IsDisabled {
			k.Used = s.o.Now() // and not at once too old again
		}
		k.Disabled = *in.IsDisabled
	}
	action := "Library.ServiceConnectionModified"
	if before.ModifiedBy, before.Modified, before.References = k.ModifiedBy, k.Modified, k.References; len(refs) > 1 && reflect.DeepEqual(before, k) {
		action = "Library.ServiceConnectionForProjectModified" // only what it is called in one of its projects
	}
	if err := s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, action, "was modified")); err != nil {
		return nil, err
	}
	return s.connectionView(c, k, ""), nil
}

func (s *Server) shareConnection(c *call) (any, error) {
	k, err := s.changeable(c, c.vars["endpointId"])
	if err != nil {
		return nil, err
	}
	var in []sentReference
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	refs, err := s.references(c, k, in, true)
	if err != nil {
		return nil, err
	}
	k.References = slices.Clone(k.References)
	for _, r := range refs {
		if i := slices.IndexFunc(k.References, func(o reference) bool { return o.Project == r.Project }); i >= 0 {
			k.References[i] = r
		} else {
			k.References = append(k.References, r)
		}
	}
	action := "Library.ServiceConnectionShared"
	if len(refs) > 1 {
		action = "Library.ServiceConnectionSharedWithMultipleProjects"
	}
	if err := s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, action, "was shared")); err != nil {
		return nil, err
	}
	return noContent{}, nil
}

func (s *Server) deleteConnection(c *call) (any, error) {
	ids := strings.FieldsFunc(c.q.Get("projectIds"), func(r rune) bool { return r == ',' })
	if len(ids) == 0 {
		return nil, bad("ArgumentException", "Value cannot be null or empty. Parameter name: projectIds")
	}
	k, err := s.changeable(c, c.vars["endpointId"])
	if err != nil {
		return nil, err
	}
	if err := s.dropConnection(k, ids); err != nil {
		return nil, err
	}
	action := "Library.ServiceConnectionDeleted"
	if len(ids) > 1 {
		action = "Library.ServiceConnectionDeletedFromMultipleProjects"
	}
	if err := s.saved(s.auditConnection(c, k, action, "was deleted")); err != nil {
		return nil, err
	}
	return noContent{}, nil
}

// dropConnection takes a connection away from projects, with its permissions and
// checks there; without a project left it is deleted.
func (s *Server) dropConnection(k connection, projects []string) error {
	gone := func(p string) bool {
		return slices.ContainsFunc(projects, func(id string) bool { return strings.EqualFold(id, p) })
	}
	left := slices.DeleteFunc(slices.Clone(k.References), func(r reference) bool { return gone(r.Project) })
	for _, r := range k.References {
		if !gone(r.Project) {
			continue
		}
		if err := s.permissions.Delete(permission{Project: r.Project, Type: "endpoint", Resource: k.ID}.key()); err != nil {
			return err
		}
		for _, ch := range s.checksOn(r.Project, "endpoint", k.ID) {
			if err := s.checks.Delete(number(ch.ID)); err != nil {
				return err
			}
		}
	}
	if len(left) > 0 {
		k.References = left
		return s.saved(s.connections.Put(k.ID, k))
	}
	k.Deleted = s.o.Now()
	if s.gone(k) {
		return s.saved(s.connections.Delete(k.ID))
	}
	return s.saved(s.connections.Put(k.ID, k))
}
