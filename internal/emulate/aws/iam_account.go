package aws

import (
	"maps"
	"slices"
)

func listAliases(c *call) (any, error) {
	a, _ := c.s.accounts.Get(c.caller.account)
	var aliases []string
	if a.Alias != "" {
		aliases = []string{a.Alias}
	}
	return struct {
		AccountAliases *list[string]
		page
	}{listOf(aliases), page{}}, nil
}

type summaryEntry struct {
	Key   string `xml:"key"`
	Value int    `xml:"value"`
}

func accountSummary(c *call) (any, error) {
	users := 0
	for _, u := range c.s.users.All() {
		if u.Account == c.caller.account {
			users++
		}
	}
	numbers := map[string]int{
		"Users": users, "UsersQuota": 5000, "Groups": 0, "GroupsQuota": 300,
		"Roles": len(c.rolesOf(c.caller.account)), "RolesQuota": quotaRoles,
		"Policies": len(c.policiesOf(c.caller.account)), "PoliciesQuota": quotaPolicies,
		"Providers":       len(c.providersOf(c.caller.account)),
		"PolicySizeQuota": quotaManaged, "AssumeRolePolicySizeQuota": quotaTrust,
		"RolePolicySizeQuota": quotaInline, "UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120,
		"AttachedPoliciesPerRoleQuota": quotaAttached, "AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10,
		"VersionsPerPolicyQuota": quotaPolicyVersions, "PolicyVersionsInUse": 0, "PolicyVersionsInUseQuota": 10000,
		"InstanceProfiles": 0, "InstanceProfilesQuota": 1000, "ServerCertificates": 0, "ServerCertificatesQuota": 20,
		"AccessKeysPerUserQuota": 2, "SigningCertificatesPerUserQuota": 2, "GroupsPerUserQuota": 10,
		"MFADevices": 0, "MFADevicesInUse": 0, "AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0,
		"AccountPasswordPresent": 1, "AccountSigningCertificatesPresent": 0, "GlobalEndpointTokenVersion": 1,
	}
	var entries []summaryEntry
	for _, k := range slices.Sorted(maps.Keys(numbers)) {
		entries = append(entries, summaryEntry{k, numbers[k]})
	}
	return struct {
		Entries []summaryEntry `xml:"SummaryMap>entry"`
	}{entries}, nil
}

type instanceProfileXML struct{}

type roleDetailXML struct {
	Path             string
	RoleName         string
	RoleID           string `xml:"RoleId"`
	ARN              string `xml:"Arn"`
	CreateDate       string
	Trust            string                    `xml:"AssumeRolePolicyDocument"`
	InstanceProfiles *list[instanceProfileXML] `xml:"InstanceProfileList"`
	Inline           *list[inlineXML]          `xml:"RolePolicyList"`
	Attached         *list[attachedXML]        `xml:"AttachedManagedPolicies"`
	Boundary         *boundaryXML              `xml:"PermissionsBoundary"`
	Tags             *list[Tag]                `xml:"Tags"`
	LastUsed         *lastUsedXML              `xml:"RoleLastUsed"`
}

type userDetailXML struct {
	Path       string
	UserName   string
	UserID     string `xml:"UserId"`
	ARN        string `xml:"Arn"`
	CreateDate string
	Inline     *list[inlineXML]   `xml:"UserPolicyList"`
	Groups     *list[string]      `xml:"GroupList"`
	Attached   *list[attachedXML] `xml:"AttachedManagedPolicies"`
	Tags       *list[Tag]         `xml:"Tags"`
}

// detail is one entry of GetAccountAuthorizationDetails, of one of its three kinds.
type detail struct {
	user   *userDetailXML
	role   *roleDetailXML
	policy *policyXML
}

func inlineList(inline map[string]string) *list[inlineXML] {
	var out []inlineXML
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		out = append(out, inlineXML{PolicyName: name, PolicyDocument: percent(inline[name], "")})
	}
	return listOf(out)
}

func (c *call) roleDetail(r Role) *roleDetailXML {
	return &roleDetailXML{
		Path: r.Path, RoleName: r.Name, RoleID: r.ID, ARN: r.ARN, CreateDate: iso(r.Created), Trust: percent(r.Trust, ""),
		InstanceProfiles: listOf[instanceProfileXML](nil), Inline: inlineList(r.Inline), Attached: listOf(c.s.attachedXML(r.Attached)),
		Boundary: r.boundaryXML(), Tags: listOf(r.Tags), LastUsed: r.lastUsedXML(),
	}
}

func (c *call) userDetail(u User) *userDetailXML {
	return &userDetailXML{
		Path: "/", UserName: u.Name, UserID: u.ID, ARN: u.ARN(), CreateDate: iso(u.Created), Inline: inlineList(u.Inline),
		Groups: listOf[string](nil), Attached: listOf(c.s.attachedXML(u.Attached)), Tags: listOf[Tag](nil),
	}
}

func (c *call) policyDetail(p Policy) *policyXML {
	x := c.policyXML(p)
	var versions []versionXML
	for _, v := range p.Versions {
		versions = append(versions, p.versionXML(v, true))
	}
	x.Versions = listOf(versions)
	return &x
}

// details are all entries that the filter asks for, in a fixed order.
func (c *call) details() ([]detail, error) {
	filter := c.members("Filter")
	for _, f := range filter {
		if !slices.Contains([]string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}, f) {
			return nil, constraint(f, "filter", "Member must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]")
		}
	}
	wants := func(kind string) bool { return len(filter) == 0 || slices.Contains(filter, kind) }
	var all []detail
	for _, u := range c.s.users.All() {
		if wants("User") && u.Account == c.caller.account {
			all = append(all, detail{user: c.userDetail(u)})
		}
	}
	for _, r := range c.rolesOf(c.caller.account) {
		if wants("Role") && c.s.visible(r.Created) {
			all = append(all, detail{role: c.roleDetail(r)})
		}
	}
	for _, p := range c.policiesOf(c.caller.account) {
		if wants("LocalManagedPolicy") && c.s.visible(p.Created) {
			all = append(all, detail{policy: c.policyDetail(p)})
		}
	}
	for _, p := range awsManagedPolicies() {
		if attached, boundaries := c.uses(p.ARN); wants("AWSManagedPolicy") && attached+boundaries > 0 {
			all = append(all, detail{policy: c.policyDetail(p)})
		}
	}
	return all, nil
}

func accountDetails(c *call) (any, error) {
	all, err := c.details()
	if err != nil {
		return nil, err
	}
	part, next, err := pageOf(c, all)
	if err != nil {
		return nil, err
	}
	out := struct {
		Users    *list[userDetailXML] `xml:"UserDetailList"`
		Groups   *list[string]        `xml:"GroupDetailList"`
		Roles    *list[roleDetailXML] `xml:"RoleDetailList"`
		Policies *list[policyXML]     `xml:"Policies"`
		page
	}{Users: listOf[userDetailXML](nil), Groups: listOf[string](nil), Roles: listOf[roleDetailXML](nil), Policies: listOf[policyXML](nil), page: next}
	for _, d := range part {
		switch {
		case d.user != nil:
			out.Users.Members = append(out.Users.Members, *d.user)
		case d.role != nil:
			out.Roles.Members = append(out.Roles.Members, *d.role)
		default:
			out.Policies.Members = append(out.Policies.Members, *d.policy)
		}
	}
	return out, nil
}
