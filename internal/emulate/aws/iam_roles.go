package aws

import (
	"strings"
	"time"
)

type boundaryXML struct {
	Type string `xml:"PermissionsBoundaryType"`
	ARN  string `xml:"PermissionsBoundaryArn"`
}

type lastUsedXML struct {
	Date   string `xml:"LastUsedDate,omitempty"`
	Region string `xml:",omitempty"`
}

// roleXML is a role as IAM shows it; lists leave out what is behind the description.
type roleXML struct {
	Path        string
	RoleName    string
	RoleID      string `xml:"RoleId"`
	ARN         string `xml:"Arn"`
	CreateDate  string
	Trust       string       `xml:"AssumeRolePolicyDocument"`
	Description string       `xml:",omitempty"`
	MaxSession  int          `xml:"MaxSessionDuration,omitempty"`
	Boundary    *boundaryXML `xml:"PermissionsBoundary"`
	Tags        *list[Tag]   `xml:"Tags"`
	LastUsed    *lastUsedXML `xml:"RoleLastUsed"`
}

type roleResult struct{ Role roleXML }

func (r Role) listed() roleXML {
	return roleXML{
		Path: r.Path, RoleName: r.Name, RoleID: r.ID, ARN: r.ARN, CreateDate: iso(r.Created),
		Trust: percent(r.Trust, ""), Description: r.Description, MaxSession: r.MaxSession,
	}
}

func (r Role) boundaryXML() *boundaryXML {
	if r.Boundary == "" {
		return nil
	}
	return &boundaryXML{"Policy", r.Boundary}
}

func (r Role) tagsXML() *list[Tag] {
	if len(r.Tags) == 0 {
		return nil
	}
	return listOf(r.Tags)
}

func (r Role) lastUsedXML() *lastUsedXML {
	if r.LastUsed.IsZero() {
		return &lastUsedXML{}
	}
	return &lastUsedXML{iso(r.LastUsed), r.LastRegion}
}

func (r Role) whole() roleXML {
	x := r.listed()
	x.Boundary, x.Tags, x.LastUsed = r.boundaryXML(), r.tagsXML(), r.lastUsedXML()
	return x
}

// role is the role that the call names, as a write sees it.
func (c *call) role() (Role, error) {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return Role{}, err
	}
	r, ok := c.s.roles.Get(roleKey(c.caller.account, name))
	if !ok {
		return Role{}, noSuchEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

// readRole is the role that the call names, as a read sees it: not at once.
func (c *call) readRole() (Role, error) {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return Role{}, err
	}
	r, ok := c.s.roles.Seen(roleKey(c.caller.account, name))
	if !ok {
		return Role{}, noSuchEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (c *call) keep(r Role) error { return put(c.s, c.s.roles, roleKey(r.Account, r.Name), r) }

// trust reads a trust policy that may be stored.
func (c *call) trust(field string) (string, error) {
	text, err := c.document(field)
	if err != nil {
		return "", err
	}
	d, err := parseTrustPolicy(text)
	if err != nil {
		return "", err
	}
	if quota := c.quota("AssumeRolePolicySizeQuota"); weight(text) > quota {
		return "", limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", quota)
	}
	return text, c.s.knownPrincipals(d)
}

// boundary reads the ARN of a boundary, which must exist.
func (c *call) boundary() (string, error) {
	arn, err := c.text("PermissionsBoundary", 20, 2048)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(arn, "arn:aws:iam::") || !strings.Contains(arn, ":policy/") {
		return "", invalid("ARN %s is not valid.", arn)
	}
	if _, ok := c.s.policyFor(c.caller.account, arn); !ok {
		return "", noSuchEntity("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return arn, nil
}

func createRole(c *call) (any, error) {
	r, err := c.newRole()
	if err != nil {
		return nil, err
	}
	if old, exists := c.s.roles.Get(roleKey(r.Account, r.Name)); exists {
		return nil, refuse(409, "EntityAlreadyExists", "Role with name %s already exists.", old.Name)
	}
	if quota := c.quota("RolesQuota"); c.s.roles.count[r.Account] >= quota {
		return nil, limitExceeded("Cannot exceed quota for RolesPerAccount: %d", quota)
	}
	if err := c.keep(r); err != nil {
		return nil, err
	}
	x := r.listed()
	x.Boundary, x.Tags = r.boundaryXML(), r.tagsXML()
	return roleResult{x}, nil
}

// newRole reads and checks all that CreateRole says.
func (c *call) newRole() (Role, error) {
	r := Role{Account: c.caller.account, ID: newID("AROA"), Created: c.now, Tags: c.tags()}
	var err error
	if r.Name, err = c.name("RoleName", 64); err != nil {
		return r, err
	}
	if r.Path, err = c.path("Path"); err != nil {
		return r, err
	}
	if r.Description, err = c.description(); err != nil {
		return r, err
	}
	if r.MaxSession, err = c.number("MaxSessionDuration", 3600, 3600, 43200); err != nil {
		return r, err
	}
	if err = checkTags(r.Tags); err != nil {
		return r, err
	}
	if r.Trust, err = c.trust("AssumeRolePolicyDocument"); err != nil {
		return r, err
	}
	if c.form.Has("PermissionsBoundary") {
		if r.Boundary, err = c.boundary(); err != nil {
			return r, err
		}
	}
	r.ARN = roleARN(r.Account, r.Path, r.Name)
	return r, nil
}

func getRole(c *call) (any, error) {
	r, err := c.readRole()
	if err != nil {
		return nil, err
	}
	return roleResult{r.whole()}, nil
}

func listRoles(c *call) (any, error) {
	prefix, err := c.pathPrefix()
	if err != nil {
		return nil, err
	}
	roles, p, err := pageFrom(c, c.s.roles.keys[c.caller.account], func(key string) (roleXML, bool) {
		r, ok := c.s.roles.Seen(key)
		if !ok || !strings.HasPrefix(r.Path, prefix) {
			return roleXML{}, false
		}
		return r.listed(), true
	})
	return struct {
		Roles *list[roleXML]
		page
	}{listOf(roles), p}, err
}

func deleteRole(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.Attached) > 0:
		return nil, refuse(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, refuse(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	return nil, remove(c.s, c.s.roles, roleKey(r.Account, r.Name))
}

func updateRole(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if r.MaxSession, err = c.number("MaxSessionDuration", 3600, 3600, 43200); err != nil {
		return nil, err
	}
	if c.form.Has("Description") {
		if r.Description, err = c.description(); err != nil {
			return nil, err
		}
	}
	return struct{}{}, c.keep(r)
}

func updateRoleDescription(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if r.Description, err = c.description(); err != nil {
		return nil, err
	}
	return roleResult{r.whole()}, c.keep(r)
}

func updateTrust(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if r.Trust, err = c.trust("PolicyDocument"); err != nil {
		return nil, err
	}
	return nil, c.keep(r)
}

func putBoundary(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	if r.Boundary, err = c.boundary(); err != nil {
		return nil, err
	}
	return nil, c.keep(r)
}

func deleteBoundary(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	r.Boundary = ""
	return nil, c.keep(r)
}

func listInstanceProfiles(c *call) (any, error) {
	if _, err := c.readRole(); err != nil {
		return nil, err
	}
	return struct {
		InstanceProfiles *list[string]
		page
	}{listOf[string](nil), page{}}, nil
}

// unix is a time as the JSON protocols write it: seconds with a fraction.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
