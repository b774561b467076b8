package aws

import (
	"slices"
	"strings"
)

// version is the version of a policy that the call names.
func (c *call) version(p Policy) (PolicyVersion, error) {
	id, err := c.text("VersionId", 1, 16)
	if err != nil {
		return PolicyVersion{}, err
	}
	i := slices.IndexFunc(p.Versions, func(v PolicyVersion) bool { return v.ID == id })
	if i < 0 {
		return PolicyVersion{}, noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.ARN, id)
	}
	return p.Versions[i], nil
}

func getPolicyVersion(c *call) (any, error) {
	p, err := c.readPolicy()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	return versionResult{p.versionXML(v, true)}, nil
}

func listPolicyVersions(c *call) (any, error) {
	p, err := c.readPolicy()
	if err != nil {
		return nil, err
	}
	versions, next, err := pageOf(c, p.Versions)
	out := make([]versionXML, len(versions))
	for i, v := range versions {
		out[i] = p.versionXML(v, false)
	}
	return struct {
		Versions *list[versionXML]
		page
	}{listOf(out), next}, err
}

func setDefaultVersion(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	p.Default, p.Document, p.Updated = v.ID, v.Document, c.now
	return nil, put(c.s, c.s.policies, p.ARN, p)
}

func deletePolicyVersion(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	v, err := c.version(p)
	if err != nil {
		return nil, err
	}
	if v.ID == p.Default {
		return nil, refuse(409, "DeleteConflict", "Cannot delete the default version of a policy.")
	}
	p.Versions = slices.DeleteFunc(slices.Clone(p.Versions), func(o PolicyVersion) bool { return o.ID == v.ID })
	return nil, put(c.s, c.s.policies, p.ARN, p)
}

type entityXML struct {
	RoleName string `xml:",omitempty"`
	RoleID   string `xml:"RoleId,omitempty"`
	UserName string `xml:",omitempty"`
	UserID   string `xml:"UserId,omitempty"`
}

func listEntities(c *call) (any, error) {
	p, err := c.readPolicy()
	if err != nil {
		return nil, err
	}
	filter, usage := c.form.Get("EntityFilter"), c.form.Get("PolicyUsageFilter")
	prefix, err := c.pathPrefix()
	if err != nil {
		return nil, err
	}
	var keys []string
	if filter == "" || filter == "Role" {
		for _, key := range c.s.roles.keys[c.caller.account] {
			keys = append(keys, "Role "+key)
		}
	}
	if filter == "" || filter == "User" {
		for _, u := range c.s.users.All() {
			if u.Account == c.caller.account {
				keys = append(keys, "User "+u.AccessKeyID)
			}
		}
	}
	found, next, err := pageFrom(c, keys, func(key string) (entityXML, bool) {
		kind, key, _ := strings.Cut(key, " ")
		if kind == "User" {
			u, ok := c.s.users.Get(key)
			return entityXML{UserName: u.Name, UserID: u.ID}, ok && usage != "PermissionsBoundary" && slices.Contains(u.Attached, p.ARN)
		}
		r, ok := c.s.roles.Seen(key)
		bound := r.Boundary == p.ARN && usage != "PermissionsPolicy"
		attached := slices.Contains(r.Attached, p.ARN) && usage != "PermissionsBoundary"
		return entityXML{RoleName: r.Name, RoleID: r.ID}, ok && (bound || attached) && strings.HasPrefix(r.Path, prefix)
	})
	if err != nil {
		return nil, err
	}
	out := struct {
		PolicyGroups, PolicyUsers, PolicyRoles *list[entityXML]
		page
	}{listOf[entityXML](nil), listOf[entityXML](nil), listOf[entityXML](nil), next}
	for _, e := range found {
		if e.RoleName != "" {
			out.PolicyRoles.Members = append(out.PolicyRoles.Members, e)
		} else {
			out.PolicyUsers.Members = append(out.PolicyUsers.Members, e)
		}
	}
	return out, nil
}
