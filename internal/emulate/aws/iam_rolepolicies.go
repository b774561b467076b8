package aws

import (
	"maps"
	"slices"
)

type attachedXML struct {
	PolicyName string
	PolicyARN  string `xml:"PolicyArn"`
}

type inlineXML struct {
	RoleName       string `xml:",omitempty"`
	PolicyName     string
	PolicyDocument string
}

func putRolePolicy(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return nil, err
	}
	text, err := c.document("PolicyDocument")
	if err != nil {
		return nil, err
	}
	if _, err := parseIdentityPolicy(text); err != nil {
		return nil, err
	}
	inline := maps.Clone(r.Inline)
	if inline == nil {
		inline = map[string]string{}
	}
	inline[name] = text
	total := 0
	for _, t := range inline {
		total += weight(t)
	}
	if total > quotaInline {
		return nil, limitExceeded("Maximum policy size of %d bytes exceeded for role %s", quotaInline, r.Name)
	}
	r.Inline = inline
	return nil, c.keep(r)
}

// inline is the inline policy that the call names, as the role has it.
func (c *call) inline(r Role) (name, text string, err error) {
	if name, err = c.name("PolicyName", 128); err != nil {
		return "", "", err
	}
	text, ok := r.Inline[name]
	if !ok {
		return "", "", noSuchEntity("The role policy with name %s cannot be found.", name)
	}
	return name, text, nil
}

func getRolePolicy(c *call) (any, error) {
	r, err := c.readRole()
	if err != nil {
		return nil, err
	}
	name, text, err := c.inline(r)
	if err != nil {
		return nil, err
	}
	return inlineXML{r.Name, name, percent(text, "")}, nil
}

func listRolePolicies(c *call) (any, error) {
	r, err := c.readRole()
	if err != nil {
		return nil, err
	}
	names, p, err := pageOf(c, slices.Sorted(maps.Keys(r.Inline)))
	return struct {
		PolicyNames *list[string]
		page
	}{listOf(names), p}, err
}

func deleteRolePolicy(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	name, _, err := c.inline(r)
	if err != nil {
		return nil, err
	}
	r.Inline = maps.Clone(r.Inline)
	delete(r.Inline, name)
	return nil, c.keep(r)
}

// managed is the managed policy that the call names, as its account sees it.
func (c *call) managed() (Policy, error) {
	arn, err := c.text("PolicyArn", 20, 2048)
	if err != nil {
		return Policy{}, err
	}
	p, ok := c.s.policyFor(c.caller.account, arn)
	if !ok {
		return Policy{}, noSuchEntity("Policy %s does not exist or is not attachable.", arn)
	}
	return p, nil
}

func attachRolePolicy(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	p, err := c.managed()
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Attached, p.ARN) {
		return nil, nil
	}
	if quota := c.quota("AttachedPoliciesPerRoleQuota"); len(r.Attached) >= quota {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerRole: %d", quota)
	}
	r.Attached = append(slices.Clone(r.Attached), p.ARN)
	return nil, c.keep(r)
}

func detachRolePolicy(c *call) (any, error) {
	r, err := c.role()
	if err != nil {
		return nil, err
	}
	arn, err := c.text("PolicyArn", 20, 2048)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(r.Attached, arn) {
		return nil, noSuchEntity("Policy %s was not found.", arn)
	}
	r.Attached = without(r.Attached, arn)
	return nil, c.keep(r)
}

func (s *Server) attachedXML(arns []string) []attachedXML {
	var out []attachedXML
	for _, arn := range arns {
		p, _ := s.policy(arn)
		out = append(out, attachedXML{p.Name, arn})
	}
	return out
}

func listAttachedRolePolicies(c *call) (any, error) {
	r, err := c.readRole()
	if err != nil {
		return nil, err
	}
	attached, p, err := pageOf(c, c.s.attachedXML(r.Attached))
	return struct {
		AttachedPolicies *list[attachedXML]
		page
	}{listOf(attached), p}, err
}
