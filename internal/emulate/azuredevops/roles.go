package azuredevops

import (
	"maps"
	"strings"
)

// Roles on one connection, weakest first.
const (
	roleReader        = "Reader"
	roleUser          = "User"
	roleAdministrator = "Administrator"
)

var roleNames = []string{roleReader, roleUser, roleAdministrator}

// connectionRoles is the scope of roles on one connection in one project, whose resource is
// "{project id}_{connection id}".
const connectionRoles = "distributedtask.serviceendpointrole"

func roleNamed(name string) string {
	for _, r := range roleNames {
		if strings.EqualFold(r, name) {
			return r
		}
	}
	return ""
}

func rank(role string) int {
	for i, r := range roleNames {
		if r == role {
			return i + 1
		}
	}
	return 0
}

// roleOn is the strongest role that somebody was given on a connection, directly or
// through a group.
func (s *Server) roleOn(who identity, k connection) string {
	best := k.Roles[who.ID]
	if len(k.Roles) == 0 {
		return best
	}
	for _, g := range s.groupsOf(who) {
		if r := k.Roles[g.id()]; rank(r) > rank(best) {
			best = r
		}
	}
	return best
}

func roleView(name string) object {
	about := map[string]string{roleReader: "Reader can view the service connection.", roleUser: "User can use the service connection.",
		roleAdministrator: "Administrator can use and manage the service connection."}
	return object{"displayName": name, "name": name, "identifier": connectionRoles + "." + name, "scope": connectionRoles,
		"description": about[name], "allowPermissions": []int{1, 17, 19}[rank(name)-1], "denyPermissions": 0}
}

func (s *Server) listRoleDefinitions(c *call) (any, error) {
	if !strings.EqualFold(c.vars["scopeId"], connectionRoles) {
		return nil, missing("SecurityRoleScopeNotFoundException", "The security role scope %s was not found.", c.vars["scopeId"])
	}
	var all []object
	for _, name := range roleNames {
		all = append(all, roleView(name))
	}
	return list(all), nil
}

// roleResource is the connection that the address means; only who administers it may
// change roles, and only who sees it may read them.
func (s *Server) roleResource(c *call, change bool) (connection, error) {
	projectID, id, _ := strings.Cut(c.vars["resourceId"], "_")
	none := missing("SecurityRoleResourceNotFoundException", "The resource %s was not found in the scope %s.", c.vars["resourceId"], c.vars["scopeId"])
	k, ok := s.connection(id)
	if !ok || !strings.EqualFold(c.vars["scopeId"], connectionRoles) || k.Org != c.org.ID || !k.in(strings.ToLower(projectID)) || !s.sees(c.who, k, strings.ToLower(projectID)) {
		return k, none
	}
	if change && !s.administers(c.who, k) {
		return k, denied(c, "manage roles of the service endpoint "+k.ID)
	}
	return k, nil
}

func (s *Server) rolesView(k connection) []object {
	roles := maps.Clone(k.Roles)
	if roles == nil {
		roles = map[string]string{}
	}
	for _, id := range k.Administrators {
		roles[id] = roleAdministrator
	}
	var all []object
	for _, id := range sortedKeys(roles) {
		all = append(all, object{"access": "assigned", "accessDisplayName": "Assigned", "identity": s.anyRef(k.Org, id), "role": roleView(roles[id])})
	}
	return all
}

// anyRef mentions a person, a service or a group.
func (s *Server) anyRef(org, id string) object {
	if p, ok := s.projects.one(term("group", org, id)); ok {
		for _, name := range groupNames {
			if g := (group{p, name}); g.id() == id {
				return object{"id": id, "displayName": g.fullName(), "uniqueName": g.fullName(), "isContainer": true, "descriptor": g.subjectDescriptor()}
			}
		}
	}
	return s.identityRef(id)
}

func (s *Server) listRoles(c *call) (any, error) {
	k, err := s.roleResource(c, false)
	if err != nil {
		return nil, err
	}
	return list(s.rolesView(k)), nil
}

type sentRole struct{ RoleName, UserID string }

func (s *Server) setRoles(c *call) (any, error) {
	var in []sentRole
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.assign(c, in)
}

func (s *Server) setRole(c *call) (any, error) {
	var in sentRole
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	in.UserID = c.vars["identityId"]
	return s.assign(c, []sentRole{in})
}

func (s *Server) assign(c *call, in []sentRole) (any, error) {
	k, err := s.roleResource(c, true)
	if err != nil {
		return nil, err
	}
	roles := maps.Clone(k.Roles)
	if roles == nil {
		roles = map[string]string{}
	}
	for _, x := range in {
		role, id := roleNamed(x.RoleName), strings.ToLower(x.UserID)
		if role == "" {
			return nil, bad("InvalidSecurityRoleException", "The role %s does not exist in the scope %s.", x.RoleName, c.vars["scopeId"])
		}
		if !s.isIdentity(id) {
			return nil, missing("IdentityNotFoundException", "The identity %s was not found.", x.UserID)
		}
		roles[id] = role
	}
	k.Roles = roles
	if err := s.keepRoles(c, k); err != nil {
		return nil, err
	}
	return list(s.rolesView(k)), nil
}

func (s *Server) removeRole(c *call) (any, error) {
	return s.unassign(c, []string{c.vars["identityId"]})
}

func (s *Server) removeRoles(c *call) (any, error) {
	var in []string
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.unassign(c, in)
}

func (s *Server) unassign(c *call, ids []string) (any, error) {
	k, err := s.roleResource(c, true)
	if err != nil {
		return nil, err
	}
	k.Roles = maps.Clone(k.Roles)
	var left []string
	for _, id := range ids {
		delete(k.Roles, strings.ToLower(id))
	}
	for _, a := range k.Administrators {
		if !containsFold(ids, a) {
			left = append(left, a)
		}
	}
	k.Administrators = left
	return noContent{}, s.keepRoles(c, k)
}

func containsFold(all []string, want string) bool {
	for _, x := range all {
		if strings.EqualFold(x, want) {
			return true
		}
	}
	return false
}

func (s *Server) keepRoles(c *call, k connection) error {
	return s.saved(s.connections.Put(k.ID, k), s.auditConnection(c, k, "Security.ModifyPermission", "has other roles"))
}
