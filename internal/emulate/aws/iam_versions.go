package aws

import "slices"

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
	var roles, users []entityXML
	for _, r := range c.rolesOf(c.caller.account) {
		asBoundary := r.Boundary == p.ARN && c.form.Get("PolicyUsageFilter") != "PermissionsPolicy"
		attached := slices.Contains(r.Attached, p.ARN) && c.form.Get("PolicyUsageFilter") != "PermissionsBoundary"
		if asBoundary || attached {
			roles = append(roles, entityXML{RoleName: r.Name, RoleID: r.ID})
		}
	}
	for _, u := range c.s.users.All() {
		if u.Account == c.caller.account && slices.Contains(u.Attached, p.ARN) {
			users = append(users, entityXML{UserName: u.Name, UserID: u.ID})
		}
	}
	return struct {
		PolicyGroups, PolicyUsers, PolicyRoles *list[entityXML]
		page
	}{listOf[entityXML](nil), listOf(users), listOf(roles), page{}}, nil
}
