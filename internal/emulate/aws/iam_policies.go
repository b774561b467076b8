package aws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

type policyXML struct {
	PolicyName       string
	PolicyID         string `xml:"PolicyId"`
	ARN              string `xml:"Arn"`
	Path             string
	DefaultVersionID string `xml:"DefaultVersionId"`
	AttachmentCount  int
	BoundaryCount    int `xml:"PermissionsBoundaryUsageCount"`
	IsAttachable     bool
	Description      string `xml:",omitempty"`
	CreateDate       string
	UpdateDate       string
	Tags             *list[Tag]
	Versions         *list[versionXML] `xml:"PolicyVersionList"`
}

type versionXML struct {
	Document         string `xml:",omitempty"`
	VersionID        string `xml:"VersionId"`
	IsDefaultVersion bool
	CreateDate       string
}

type policyResult struct{ Policy policyXML }

type versionResult struct{ PolicyVersion versionXML }

// policy is a managed policy of any account, or one that AWS manages.
func (s *Server) policy(arn string) (Policy, bool) {
	if p, ok := awsManaged(arn); ok {
		return p, true
	}
	return s.policies.Get(arn)
}

// policySeen is the policy as those see it who have not heard the latest.
func (s *Server) policySeen(arn string) (Policy, bool) {
	if p, ok := awsManaged(arn); ok {
		return p, true
	}
	return s.policies.Seen(arn)
}

// policyFor is a managed policy that an account may use.
func (s *Server) policyFor(account, arn string) (Policy, bool) {
	p, ok := s.policy(arn)
	return p, ok && (p.Account == account || p.Account == "aws")
}

func (c *call) policyXML(p Policy) policyXML {
	x := policyXML{
		PolicyName: p.Name, PolicyID: p.ID, ARN: p.ARN, Path: p.Path, DefaultVersionID: p.Default, IsAttachable: true,
		Description: p.Description, CreateDate: iso(p.Created), UpdateDate: iso(p.Updated),
	}
	x.AttachmentCount, x.BoundaryCount = c.uses(p.ARN)
	return x
}

func (p Policy) versionXML(v PolicyVersion, document bool) versionXML {
	x := versionXML{VersionID: v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: iso(v.Created)}
	if document {
		x.Document = percent(v.Document, "")
	}
	return x
}

// uses counts the caller's entities that have the policy attached or as a boundary.
func (c *call) uses(arn string) (attached, boundaries int) {
	if of := c.s.uses[c.caller.account+"/"+arn]; of != nil {
		attached, boundaries = of.attached, of.boundaries
	}
	for _, u := range c.s.users.All() {
		if u.Account == c.caller.account && slices.Contains(u.Attached, arn) {
			attached++
		}
	}
	return attached, boundaries
}

// readPolicy is the managed policy that a read names.
func (c *call) readPolicy() (Policy, error) {
	arn, err := c.text("PolicyArn", 20, 2048)
	if err != nil {
		return Policy{}, err
	}
	p, ok := c.s.policySeen(arn)
	if !ok || p.Account != c.caller.account && p.Account != "aws" {
		return Policy{}, noSuchEntity("Policy %s was not found.", arn)
	}
	return p, nil
}

// ownPolicy is the managed policy that a write names.
func (c *call) ownPolicy() (Policy, error) {
	arn, err := c.text("PolicyArn", 20, 2048)
	if err != nil {
		return Policy{}, err
	}
	p, ok := c.s.policies.Get(arn)
	if !ok || p.Account != c.caller.account {
		return Policy{}, noSuchEntity("Policy %s was not found.", arn)
	}
	return p, nil
}

func (c *call) policyDocument() (string, error) {
	text, err := c.document("PolicyDocument")
	if err != nil {
		return "", err
	}
	if _, err := parseIdentityPolicy(text); err != nil {
		return "", err
	}
	if weight(text) > quotaManaged {
		return "", limitExceeded("Cannot exceed quota for PolicySize: %d", quotaManaged)
	}
	return text, nil
}

func createPolicy(c *call) (any, error) {
	p := Policy{Account: c.caller.account, ID: newID("ANPA"), Default: "v1", Created: c.now, Updated: c.now, Tags: c.tags()}
	var err error
	if p.Name, err = c.name("PolicyName", 128); err != nil {
		return nil, err
	}
	if p.Path, err = c.path("Path"); err != nil {
		return nil, err
	}
	if p.Description, err = c.description(); err != nil {
		return nil, err
	}
	if err = checkTags(p.Tags); err != nil {
		return nil, err
	}
	if p.Document, err = c.policyDocument(); err != nil {
		return nil, err
	}
	p.ARN = policyARN(p.Account, p.Path, p.Name)
	if old, taken := c.s.policyNames[policyName(p.Account, p.Name)]; taken {
		return nil, refuse(409, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", old)
	}
	if quota := c.quota("PoliciesQuota"); c.s.policies.count[p.Account] >= quota {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerAccount: %d", quota)
	}
	p.Versions = []PolicyVersion{{ID: "v1", Document: p.Document, Created: c.now}}
	x := c.policyXML(p)
	if len(p.Tags) > 0 {
		x.Tags = listOf(p.Tags)
	}
	return policyResult{x}, put(c.s, c.s.policies, p.ARN, p)
}

func getPolicy(c *call) (any, error) {
	p, err := c.readPolicy()
	if err != nil {
		return nil, err
	}
	x := c.policyXML(p)
	x.Tags = listOf(p.Tags)
	return policyResult{x}, nil
}

func listPolicies(c *call) (any, error) {
	prefix, err := c.pathPrefix()
	if err != nil {
		return nil, err
	}
	scope, usage := c.form.Get("Scope"), c.form.Get("PolicyUsageFilter")
	if !slices.Contains([]string{"", "All", "AWS", "Local"}, scope) {
		return nil, constraint(scope, "scope", "Member must satisfy enum value set: [AWS, Local, All]")
	}
	if !slices.Contains([]string{"", "PermissionsPolicy", "PermissionsBoundary"}, usage) {
		return nil, constraint(usage, "policyUsageFilter", "Member must satisfy enum value set: [PermissionsBoundary, PermissionsPolicy]")
	}
	var keys []string
	if scope != "Local" {
		for _, p := range awsManagedPolicies() {
			keys = append(keys, p.ARN)
		}
	}
	if scope != "AWS" {
		keys = append(keys, c.s.policies.keys[c.caller.account]...)
	}
	slices.Sort(keys)
	out, next, err := pageFrom(c, keys, func(arn string) (policyXML, bool) {
		p, ok := c.s.policySeen(arn)
		x := c.policyXML(p)
		x.Description = ""
		used := x.AttachmentCount > 0 && usage != "PermissionsBoundary" || x.BoundaryCount > 0 && usage != "PermissionsPolicy"
		wanted := used || c.form.Get("OnlyAttached") != "true" && usage == ""
		return x, ok && wanted && strings.HasPrefix(p.Path, prefix)
	})
	return struct {
		Policies *list[policyXML]
		page
	}{listOf(out), next}, err
}

func deletePolicy(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	if attached, boundaries := c.uses(p.ARN); attached+boundaries > 0 {
		return nil, refuse(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	if len(p.Versions) > 1 {
		return nil, refuse(409, "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	return nil, remove(c.s, c.s.policies, p.ARN)
}

func createPolicyVersion(c *call) (any, error) {
	p, err := c.ownPolicy()
	if err != nil {
		return nil, err
	}
	text, err := c.policyDocument()
	if err != nil {
		return nil, err
	}
	if len(p.Versions) >= quotaPolicyVersions {
		return nil, limitExceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", quotaPolicyVersions)
	}
	for _, v := range p.Versions {
		n, _ := strconv.Atoi(strings.TrimPrefix(v.ID, "v"))
		p.Last = max(p.Last, n)
	}
	p.Last++
	v := PolicyVersion{ID: fmt.Sprintf("v%d", p.Last), Document: text, Created: c.now}
	p.Versions, p.Updated = append(slices.Clone(p.Versions), v), c.now
	if c.form.Get("SetAsDefault") == "true" {
		p.Default, p.Document = v.ID, text
	}
	return versionResult{p.versionXML(v, false)}, put(c.s, c.s.policies, p.ARN, p)
}
