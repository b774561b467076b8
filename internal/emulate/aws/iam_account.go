package aws

import (
	"maps"
	"slices"
	"strings"
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
		"Roles": c.s.roles.count[c.caller.account], "RolesQuota": c.quota("RolesQuota"),
		"Policies": c.s.policies.count[c.caller.account], "PoliciesQuota": c.quota("PoliciesQuota"),
		"Providers":       c.s.providers.count[c.caller.account],
		"PolicySizeQuota": quotaManaged, "AssumeRolePolicySizeQuota": c.quota("AssumeRolePolicySizeQuota"),
		"RolePolicySizeQuota": quotaInline, "UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120,
		"AttachedPoliciesPerRoleQuota": c.quota("AttachedPoliciesPerRoleQuota"), "AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10,
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

// details are the keys of all entries that the filter asks for, in order, each
// with its kind.
func (c *call) details() ([]string, error) {
	filter := c.members("Filter")
	for _, f := range filter {
		if !slices.Contains([]string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}, f) {
			return nil, constraint(f, "filter", "Member must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]")
		}
	}
	wants := func(kind string) bool { return len(filter) == 0 || slices.Contains(filter, kind) }
	account := c.caller.account
	var all []string
	add := func(kind string, keys ...string) {
		if wants(kind) {
			for _, key := range keys {
				all = append(all, kind+" "+key)
			}
		}
	}
	for _, u := range c.s.users.All() {
		if u.Account == account {
			add("User", u.AccessKeyID)
		}
	}
	add("Role", c.s.roles.keys[account]...)
	add("LocalManagedPolicy", c.s.policies.keys[account]...)
	for _, p := range awsManagedPolicies() {
		if attached, boundaries := c.uses(p.ARN); attached+boundaries > 0 {
			add("AWSManagedPolicy", p.ARN)
		}
	}
	slices.Sort(all)
	return all, nil
}

// detailOf makes the entry of one key, of those that can be seen.
func (c *call) detailOf(key string) (detail, bool) {
	kind, key, _ := strings.Cut(key, " ")
	switch kind {
	case "User":
		u, ok := c.s.users.Get(key)
		return detail{user: c.userDetail(u)}, ok
	case "Role":
		r, ok := c.s.roles.Seen(key)
		if !ok {
			return detail{}, false
		}
		return detail{role: c.roleDetail(r)}, true
	case "AWSManagedPolicy":
		p, ok := awsManaged(key)
		return detail{policy: c.policyDetail(p)}, ok
	}
	p, ok := c.s.policies.Seen(key)
	return detail{policy: c.policyDetail(p)}, ok
}

func accountDetails(c *call) (any, error) {
	all, err := c.details()
	if err != nil {
		return nil, err
	}
	part, next, err := pageFrom(c, all, c.detailOf)
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
