package azuredevops

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

const (
	awsType = "AWS"
	awsURL  = "https://aws.amazon.com/"
)

// secretParameters are masked in every answer.
var secretParameters = []string{"password", "sessionToken", "apitoken", "serviceprincipalkey"}

func (k connection) at(project string) (reference, bool) {
	i := slices.IndexFunc(k.References, func(r reference) bool { return r.Project == project })
	if i < 0 {
		return reference{}, false
	}
	return k.References[i], true
}

func (k connection) in(project string) bool {
	_, ok := k.at(project)
	return ok
}

// administers says whether the caller may change or delete a connection.
func (s *Server) administers(who identity, k connection) bool {
	return slices.Contains(k.Administrators, who.ID) || s.roleOn(who, k) == roleAdministrator ||
		slices.ContainsFunc(k.References, func(r reference) bool { return s.may(who, r.Project, RightManage) })
}

func (s *Server) sees(who identity, k connection, project string) bool {
	return s.administers(who, k) || s.roleOn(who, k) != "" || s.may(who, project, RightView) || s.may(who, project, RightManage)
}

// uses says whether the caller may put a connection into a pipeline.
func (s *Server) uses(who identity, k connection, project string) bool {
	return s.roleOn(who, k) == roleUser || s.administers(who, k) || s.may(who, project, RightView)
}

// gone says whether a deleted connection has finished going.
func (s *Server) gone(k connection) bool {
	return !k.Deleted.IsZero() && !s.o.Now().Before(k.Deleted.Add(s.weather.lag.Delete))
}

// state is what the service says of the operation behind a connection: being made,
// being deleted, done or failed.
func (s *Server) state(k connection) (state, message string) {
	switch {
	case !k.Deleted.IsZero():
		return "InProgress", "the service endpoint is being deleted"
	case s.o.Now().Before(k.Ready):
		return "InProgress", "the service endpoint is being created"
	case k.Failure != "":
		return "Failed", k.Failure
	}
	return "Ready", ""
}

func (s *Server) ready(k connection) bool {
	state, _ := s.state(k)
	return state == "Ready"
}

// usable says whether a pipeline gets anything from a connection.
func (s *Server) usable(k connection) bool { return s.ready(k) && !k.Disabled }

// connection is one that exists or is still being deleted.
func (s *Server) connection(id string) (connection, bool) {
	k, ok := s.connections.Get(strings.ToLower(id))
	return k, ok && !s.gone(k)
}

// connectionNamed finds a living connection by its name in a project, without case.
func (s *Server) connectionNamed(project, name string) (connection, bool) {
	for _, k := range s.connections.where(term("name", project, name)) {
		if !s.gone(k) {
			return k, true
		}
	}
	return connection{}, false
}

// sent is a connection as callers send it.
type sent struct {
	ID, Name, Type, URL, Description, Owner string
	Authorization                           struct {
		Scheme     string
		Parameters map[string]*string
	}
	Data                       map[string]string
	IsDisabled                 *bool
	ServiceManagementReference string
	References                 []sentReference `json:"serviceEndpointProjectReferences"`
}

type sentReference struct {
	Name, Description string
	ProjectReference  struct{ ID, Name string }
}

// references resolves what was sent and checks names and rights in each project.
func (s *Server) references(c *call, k connection, in []sentReference, mayStay bool) ([]reference, error) {
	var out []reference
	for _, r := range in {
		p, ok := s.projectNamed(c.org.ID, cmp.Or(r.ProjectReference.ID, r.ProjectReference.Name), false)
		if !ok || !s.may(c.who, p.ID, RightRead) {
			return nil, missing("ProjectDoesNotExistException", "VS800075: The project with id 'vstfs:///Classification/TeamProject/%s' does not exist, or you do not have permission to access it.", r.ProjectReference.ID)
		}
		name := cmp.Or(r.Name, k.Name)
		if strings.TrimSpace(name) == "" {
			return nil, bad("ArgumentException", "Value cannot be null or empty. Parameter name: endpoint.Name")
		}
		if !(mayStay && k.in(p.ID)) && !s.may(c.who, p.ID, RightCreate) && !s.may(c.who, p.ID, RightManage) {
			return nil, refuse(http.StatusForbidden, "ServiceEndpointException", "You do not have permissions to perform this operation on the service endpoint. A service endpoint administrator can add you to the Endpoint Creators of the project %s.", p.Name)
		}
		if other, taken := s.connectionNamed(p.ID, name); taken && other.ID != k.ID {
			return nil, refuse(http.StatusConflict, "DuplicateServiceConnectionException", "Service connection with name %s already exists. Only a user having Administrator/User role permissions on service connection %s can see it.", name, name)
		}
		out = append(out, reference{Project: p.ID, Name: name, Description: r.Description})
	}
	if len(out) == 0 {
		return nil, bad("ArgumentException", "Value cannot be null. Parameter name: serviceEndpointProjectReferences")
	}
	return out, nil
}

func (s *Server) createConnection(c *call) (any, error) {
	var in sent
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	kind, ok := s.typeNamed(c.org, in.Type)
	if !ok {
		return nil, bad("ServiceEndpointTypeNotFoundException", "Unable to find service endpoint type '%s' using authentication scheme '%s'.", in.Type, in.Authorization.Scheme)
	}
	if !strings.EqualFold(in.Authorization.Scheme, kind.scheme) {
		return nil, bad("ServiceEndpointException", "Unable to find service endpoint type '%s' using authentication scheme '%s'.", in.Type, in.Authorization.Scheme)
	}
	now := s.o.Now()
	k := connection{ID: newID(), Org: c.org.ID, Name: in.Name, Type: in.Type, URL: in.URL, Scheme: in.Authorization.Scheme,
		Description: in.Description, Owner: cmp.Or(in.Owner, "library"), Parameters: map[string]string{}, Data: in.Data,
		CreatedBy: c.who.ID, ModifiedBy: c.who.ID, Administrators: []string{c.who.ID}, Created: now, Modified: now,
		Ready: now.Add(s.weather.lag.Create), Failure: s.weather.failing, ServiceManagement: in.ServiceManagementReference}
	for name, v := range in.Authorization.Parameters {
		if v != nil {
			k.Parameters[name] = *v
		}
	}
	var err error
	if k.References, err = s.references(c, k, in.References, false); err != nil {
		return nil, err
	}
	k.Name = cmp.Or(k.Name, k.References[0].Name)
	if err := s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, "Library.ServiceConnectionCreated", "was created")); err != nil {
		return nil, err
	}
	return s.connectionView(c, k, ""), nil
}
