package azuredevops

import (
	"slices"
	"strconv"
	"strings"
)

const minimumReviewers = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"

func (s *Server) policiesOn(repo, ref string) []policy {
	return slices.DeleteFunc(s.policies.where(term("on", repo, ref)), func(p policy) bool { return p.Ref != ref }) // refs have case
}

func (s *Server) policyView(c *call, p policy) object {
	address := s.link(c.org, c.project.ID+"/_apis/policy/configurations/"+strconv.Itoa(p.ID))
	return object{"id": p.ID, "revision": 1, "url": address, "isEnabled": p.Enabled, "isBlocking": p.Blocking, "isDeleted": false,
		"createdBy": s.identityRef(""), "createdDate": when(p.When), "_links": object{"self": object{"href": address}},
		"type": object{"id": minimumReviewers, "displayName": "Minimum number of reviewers", "url": s.link(c.org, c.project.ID+"/_apis/policy/types/"+minimumReviewers)},
		"settings": object{"minimumApproverCount": p.Reviewers, "creatorVoteCounts": false, "allowDownvotes": false, "resetOnSourcePush": true,
			"scope": []object{{"refName": p.Ref, "matchKind": "Exact", "repositoryId": p.Repository}}}}
}

// listPolicies serves both addresses: the project's policies, and those of one
// repository and branch.
func (s *Server) listPolicies(c *call) (any, error) {
	var all []object
	for _, p := range s.policies.where(term("in", c.project.ID)) {
		repo, ref, kind := c.q.Get("repositoryId"), c.q.Get("refName"), c.q.Get("policyType")
		scope := c.q.Get("scope") // {repository id without hyphens}:{ref}
		if kind != "" && !strings.EqualFold(kind, minimumReviewers) ||
			repo != "" && !strings.EqualFold(repo, p.Repository) || ref != "" && fullRef(ref) != p.Ref ||
			scope != "" && !strings.EqualFold(scope, strings.ReplaceAll(p.Repository, "-", "")+":"+p.Ref) {
			continue
		}
		all = append(all, s.policyView(c, p))
	}
	return list(all), nil
}

func (s *Server) policyCalled(c *call) (policy, error) {
	n, err := strconv.Atoi(c.vars["configurationId"])
	p, ok := s.policies.Get(number(n))
	if err != nil || !ok || p.Project != c.project.ID {
		return p, missing("PolicyConfigurationNotFoundException", "TF402451: The policy configuration %s was not found.", c.vars["configurationId"])
	}
	return p, nil
}

func (s *Server) getPolicy(c *call) (any, error) {
	p, err := s.policyCalled(c)
	if err != nil {
		return nil, err
	}
	return s.policyView(c, p), nil
}

func (s *Server) deletePolicy(c *call) (any, error) {
	p, err := s.policyCalled(c)
	if err != nil {
		return nil, err
	}
	if !s.may(c.who, c.project.ID, RightAdmin) {
		return nil, denied(c, "edit policies")
	}
	if err := s.saved(s.policies.Delete(number(p.ID)), s.audit(c, c.project, "Policy.PolicyConfigRemoved", "policy of "+p.Ref+" removed", nil)); err != nil {
		return nil, err
	}
	return noContent{}, nil
}
