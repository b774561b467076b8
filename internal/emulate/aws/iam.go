package aws

import (
	"strings"
)

// iamService is IAM, version 2010-05-08.
func iamService() service {
	return queryService("2010-05-08", map[string]operation{
		"CreateOpenIDConnectProvider":             {aboutNewProvider, createProvider, true},
		"GetOpenIDConnectProvider":                {aboutProvider, getProvider, false},
		"ListOpenIDConnectProviders":              {aboutAll("oidc-provider/*"), listProviders, false},
		"DeleteOpenIDConnectProvider":             {aboutProvider, deleteProvider, true},
		"AddClientIDToOpenIDConnectProvider":      {aboutProvider, addClientID, true},
		"RemoveClientIDFromOpenIDConnectProvider": {aboutProvider, removeClientID, true},
		"UpdateOpenIDConnectProviderThumbprint":   {aboutProvider, updateThumbprint, true},
		"TagOpenIDConnectProvider":                {aboutProvider, tagProvider, true},
		"UntagOpenIDConnectProvider":              {aboutProvider, untagProvider, true},
		"ListOpenIDConnectProviderTags":           {aboutProvider, listProviderTags, false},

		"CreateRole":                    {aboutNewRole, createRole, true},
		"GetRole":                       {aboutRole, getRole, false},
		"ListRoles":                     {aboutAll("role/"), listRoles, false},
		"DeleteRole":                    {aboutRole, deleteRole, true},
		"UpdateRole":                    {aboutRole, updateRole, true},
		"UpdateRoleDescription":         {aboutRole, updateRoleDescription, true},
		"UpdateAssumeRolePolicy":        {aboutRole, updateTrust, true},
		"PutRolePermissionsBoundary":    {aboutBoundary, putBoundary, true},
		"DeleteRolePermissionsBoundary": {aboutRole, deleteBoundary, true},
		"TagRole":                       {aboutRole, tagRole, true},
		"UntagRole":                     {aboutRole, untagRole, true},
		"ListRoleTags":                  {aboutRole, listRoleTags, false},
		"ListInstanceProfilesForRole":   {aboutRole, listInstanceProfiles, false},
		"GetUser":                       {aboutUser, getUser, false},
		"ListUsers":                     {aboutAll("user/"), listUsers, false},

		"PutRolePolicy":            {aboutRole, putRolePolicy, true},
		"GetRolePolicy":            {aboutRole, getRolePolicy, false},
		"ListRolePolicies":         {aboutRole, listRolePolicies, false},
		"DeleteRolePolicy":         {aboutRole, deleteRolePolicy, true},
		"AttachRolePolicy":         {aboutAttachment, attachRolePolicy, true},
		"DetachRolePolicy":         {aboutAttachment, detachRolePolicy, true},
		"ListAttachedRolePolicies": {aboutRole, listAttachedRolePolicies, false},

		"CreatePolicy":            {aboutNewPolicy, createPolicy, true},
		"GetPolicy":               {aboutPolicy, getPolicy, false},
		"ListPolicies":            {aboutAll("policy/"), listPolicies, false},
		"DeletePolicy":            {aboutPolicy, deletePolicy, true},
		"CreatePolicyVersion":     {aboutPolicy, createPolicyVersion, true},
		"GetPolicyVersion":        {aboutPolicy, getPolicyVersion, false},
		"ListPolicyVersions":      {aboutPolicy, listPolicyVersions, false},
		"SetDefaultPolicyVersion": {aboutPolicy, setDefaultVersion, true},
		"DeletePolicyVersion":     {aboutPolicy, deletePolicyVersion, true},
		"ListEntitiesForPolicy":   {aboutPolicy, listEntities, false},
		"TagPolicy":               {aboutPolicy, tagPolicy, true},
		"UntagPolicy":             {aboutPolicy, untagPolicy, true},
		"ListPolicyTags":          {aboutPolicy, listPolicyTags, false},

		"ListAccountAliases":             {aboutEverything, listAliases, false},
		"GetAccountSummary":              {aboutEverything, accountSummary, false},
		"GetAccountAuthorizationDetails": {aboutEverything, accountDetails, false},

		"GenerateServiceLastAccessedDetails":        {aboutArn, generateLastAccessed, false},
		"GetServiceLastAccessedDetails":             {aboutEverything, getLastAccessed, false},
		"GetServiceLastAccessedDetailsWithEntities": {aboutEverything, getLastAccessedEntities, false},
	}, nil)
}

func aboutEverything(*call) target { return target{resource: "*"} }

func aboutAll(what string) func(*call) target {
	return func(c *call) target {
		return target{resource: "arn:aws:iam::" + c.caller.account + ":" + what}
	}
}

// aboutRole is the role that a call names, with its boundary and tags. A role
// that does not exist has no path and no boundary that a condition could match:
// a caller limited to a path is refused before it can learn that nothing is there.
func aboutRole(c *call) target {
	name := c.form.Get("RoleName")
	t := target{resource: roleARN(c.caller.account, "/", name), shown: "role " + name, keys: map[string][]string{}}
	if r, ok := c.s.roles.Get(roleKey(c.caller.account, name)); ok {
		t.resource, t.shown = r.ARN, ""
		if r.Boundary != "" {
			t.keys["iam:PermissionsBoundary"] = []string{r.Boundary}
		}
		for _, tag := range r.Tags {
			t.keys["aws:ResourceTag/"+tag.Key] = []string{tag.Value}
			t.keys["iam:ResourceTag/"+tag.Key] = []string{tag.Value}
		}
	}
	c.addTagKeys(t.keys)
	return t
}

// addTagKeys tells the tags that the call would set or take away.
func (c *call) addTagKeys(keys map[string][]string) {
	names := c.members("TagKeys")
	for _, tag := range c.tags() {
		keys["aws:RequestTag/"+tag.Key] = []string{tag.Value}
		names = append(names, tag.Key)
	}
	if len(names) > 0 {
		keys["aws:TagKeys"] = names
	}
}

func aboutNewRole(c *call) target {
	t := target{keys: map[string][]string{}}
	t.resource = roleARN(c.caller.account, orRoot(c.form.Get("Path")), c.form.Get("RoleName"))
	if b := c.form.Get("PermissionsBoundary"); b != "" {
		t.keys["iam:PermissionsBoundary"] = []string{b}
	}
	c.addTagKeys(t.keys)
	return t
}

// aboutBoundary is PutRolePermissionsBoundary, whose condition key is the boundary that would be set.
func aboutBoundary(c *call) target {
	t := aboutRole(c)
	t.keys["iam:PermissionsBoundary"] = []string{c.form.Get("PermissionsBoundary")}
	return t
}

func aboutAttachment(c *call) target {
	t := aboutRole(c)
	t.keys["iam:PolicyARN"] = []string{c.form.Get("PolicyArn")}
	return t
}

func aboutPolicy(c *call) target {
	t := target{resource: c.form.Get("PolicyArn"), keys: map[string][]string{}}
	c.addTagKeys(t.keys)
	return t
}

// aboutArn is a report about a user, a role or a policy.
func aboutArn(c *call) target { return target{resource: c.form.Get("Arn")} }

func aboutUser(c *call) target {
	name := c.form.Get("UserName")
	if name == "" {
		name = c.caller.name
	}
	return target{resource: "arn:aws:iam::" + c.caller.account + ":user/" + name}
}

func aboutNewPolicy(c *call) target {
	t := target{resource: policyARN(c.caller.account, orRoot(c.form.Get("Path")), c.form.Get("PolicyName")), keys: map[string][]string{}}
	c.addTagKeys(t.keys)
	return t
}

func aboutProvider(c *call) target {
	t := target{resource: c.form.Get("OpenIDConnectProviderArn"), keys: map[string][]string{}}
	c.addTagKeys(t.keys)
	return t
}

func aboutNewProvider(c *call) target {
	t := target{resource: providerARN(c.caller.account, strings.TrimPrefix(c.form.Get("Url"), "https://")), keys: map[string][]string{}}
	c.addTagKeys(t.keys)
	return t
}
