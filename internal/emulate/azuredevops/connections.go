package azuredevops

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
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
	return slices.Contains(k.Administrators, who.ID) ||
		slices.ContainsFunc(k.References, func(r reference) bool { return s.may(who, r.Project, RightManage) })
}

func (s *Server) sees(who identity, k connection, project string) bool {
	return s.administers(who, k) || s.may(who, project, RightView) || s.may(who, project, RightManage)
}

// gone says whether a deleted connection has finished going.
func (s *Server) gone(k connection) bool {
	return !k.Deleted.IsZero() && !s.o.Now().Before(k.Deleted.Add(s.o.Lag))
}

// connection is one that exists or is still being deleted.
func (s *Server) connection(id string) (connection, bool) {
	k, ok := s.connections.Get(strings.ToLower(id))
	return k, ok && !s.gone(k)
}

// connectionNamed finds a living connection by its name in a project, without case.
func (s *Server) connectionNamed(project, name string) (connection, bool) {
	for _, k := range s.connections.All() {
		if r, ok := k.at(project); ok && strings.EqualFold(r.Name, name) && !s.gone(k) {
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
	Data       map[string]string
	IsDisabled *bool
	References []sentReference `json:"serviceEndpointProjectReferences"`
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
		CreatedBy: c.who.ID, ModifiedBy: c.who.ID, Administrators: []string{c.who.ID}, Created: now, Modified: now}
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

// changeable is a living connection that the caller may administer.
func (s *Server) changeable(c *call) (connection, error) {
	k, ok := s.connection(c.vars["endpointId"])
	if !ok || k.Org != c.org.ID || !k.Deleted.IsZero() {
		return k, missing("ServiceEndpointNotFoundException", "Service endpoint with id %s does not exist or you do not have permission to access it.", c.vars["endpointId"])
	}
	if !s.administers(c.who, k) {
		return k, refuse(http.StatusForbidden, "ServiceEndpointException", "You do not have permissions to perform this operation on the service endpoint. A service endpoint administrator can add you to the Administrator, User or Reader role.")
	}
	return k, nil
}

// updateConnection replaces the whole object. A secret that is null keeps its
// value, an empty one erases it.
func (s *Server) updateConnection(c *call) (any, error) {
	k, err := s.changeable(c)
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
	k.Name, k.URL, k.Description = cmp.Or(in.Name, k.Name), in.URL, in.Description
	k.Scheme, k.Parameters, k.Data, k.References = cmp.Or(in.Authorization.Scheme, k.Scheme), parameters, in.Data, refs
	k.ModifiedBy, k.Modified = c.who.ID, s.o.Now()
	if in.IsDisabled != nil && c.version.atLeast(7, 2) {
		k.Disabled = *in.IsDisabled
		if !k.Disabled {
			k.Used = s.o.Now()
		}
	}
	if err := s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, "Library.ServiceConnectionModified", "was modified")); err != nil {
		return nil, err
	}
	return s.connectionView(c, k, ""), nil
}

func (s *Server) shareConnection(c *call) (any, error) {
	k, err := s.changeable(c)
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
	if err := s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, "Library.ServiceConnectionShared", "was shared")); err != nil {
		return nil, err
	}
	return noContent{}, nil
}

func (s *Server) deleteConnection(c *call) (any, error) {
	ids := strings.FieldsFunc(c.q.Get("projectIds"), func(r rune) bool { return r == ',' })
	if len(ids) == 0 {
		return nil, bad("ArgumentException", "Value cannot be null or empty. Parameter name: projectIds")
	}
	k, err := s.changeable(c)
	if err != nil {
		return nil, err
	}
	if err := s.dropConnection(k, ids); err != nil {
		return nil, err
	}
	if err := s.saved(s.auditConnection(c, k, "Library.ServiceConnectionDeleted", "was deleted")); err != nil {
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
		for _, ch := range s.checks.All() {
			if ch.Project == r.Project && ch.ResourceType == "endpoint" && ch.ResourceID == k.ID {
				if err := s.checks.Delete(number(ch.ID)); err != nil {
					return err
				}
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
		"isShared": len(k.References) > 1, "isReady": k.Deleted.IsZero(), "isOutdated": false, "serviceEndpointProjectReferences": refs,
		"operationStatus": object{"state": "Ready", "statusMessage": ""}}
	if !k.Deleted.IsZero() {
		v["operationStatus"] = object{"state": "InProgress", "statusMessage": "the service endpoint is being deleted"}
	}
	if c.version.atLeast(7, 2) {
		v["isDisabled"], v["creationDate"], v["modificationDate"] = k.Disabled, when(k.Created), when(k.Modified)
		v["modifiedBy"], v["serviceManagementReference"] = s.identityRef(cmp.Or(k.ModifiedBy, k.CreatedBy)), nil
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
	if f := strings.ToLower(c.q.Get("actionFilter")); f == "manage" && !s.administers(c.who, k) {
		return object{"id": k.ID}, nil
	}
	return s.connectionView(c, k, c.project.ID), nil
}

func (s *Server) listConnections(c *call) (any, error) {
	names, hasNames := c.q["endpointNames"]
	wanted := func(list, v string) bool {
		return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), v) })
	}
	var all []object
	for _, k := range s.connections.All() {
		r, ok := k.at(c.project.ID)
		if !ok || s.gone(k) || !k.Deleted.IsZero() || !s.sees(c.who, k, c.project.ID) {
			continue
		}
		if wanted(c.q.Get("type"), k.Type) && wanted(c.q.Get("authSchemes"), k.Scheme) && wanted(c.q.Get("endpointIds"), k.ID) &&
			wanted(c.q.Get("owner"), k.Owner) && (!hasNames || wanted(strings.Join(names, ","), r.Name)) {
			all = append(all, s.connectionView(c, k, c.project.ID))
		}
	}
	return list(all), nil
}

// unusedFor is how long a connection may idle before the service disables it.
const unusedFor = 100 * 24 * time.Hour

// age finishes deletions and disables connections that nobody used.
func (s *Server) age() error {
	now := s.o.Now()
	for _, k := range s.connections.All() {
		switch {
		case s.gone(k):
			if err := s.saved(s.connections.Delete(k.ID)); err != nil {
				return err
			}
		case k.Deleted.IsZero() && !k.Disabled && now.Sub(later(k.Created, k.Used)) > unusedFor:
			k.Disabled = true
			if err := s.saved(s.connections.Put(k.ID, k)); err != nil {
				return err
			}
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
