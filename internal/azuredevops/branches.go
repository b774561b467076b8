package azuredevops

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"

	"fedbot/workflows"
)

// minimumReviewers is the type of the policy that makes people review a change.
var minimumReviewers = uuid.MustParse("fa4e907d-c16b-4a4c-9dfa-4906e5d171dd")

// reviewPolicy is one policy that is switched on and blocks.
type reviewPolicy struct {
	Count             int  `json:"minimumApproverCount"`
	CreatorVoteCounts bool `json:"creatorVoteCounts"`
	Scope             []struct {
		RepositoryID *string `json:"repositoryId"`
		RefName      string  `json:"refName"`
		MatchKind    string  `json:"matchKind"`
	} `json:"scope"`
}

// others is how many people besides the author must agree.
func (p reviewPolicy) others() int {
	if p.CreatorVoteCounts {
		return p.Count - 1
	}
	return p.Count
}

// covers says whether the policy holds for every branch that a pattern matches.
func (p reviewPolicy) covers(repository, defaultBranch, pattern string) bool {
	prefix, isPattern := strings.CutSuffix(pattern, "*")
	if strings.Contains(prefix, "*") {
		return false
	}
	for _, s := range p.Scope {
		if s.RepositoryID != nil && *s.RepositoryID != "" && !strings.EqualFold(*s.RepositoryID, repository) {
			continue
		}
		ref := fullRef(s.RefName)
		switch strings.ToLower(s.MatchKind) {
		case "exact":
			if !isPattern && ref == pattern {
				return true
			}
		case "prefix":
			if ref != "" && strings.HasPrefix(prefix, strings.TrimRight(ref, "/")+"/") {
				return true
			}
		case "defaultbranch":
			if !isPattern && defaultBranch != "" && pattern == defaultBranch {
				return true
			}
		}
	}
	return false
}

// branches says what protects the branches asked for in every repository that the
// pipelines run from: the weakest of them counts. A pattern is protected only
// where a policy covers all of it, and what lies outside Azure Repos is not.
func (s *survey) branches(ctx context.Context, repositories map[string]*build.BuildRepository) ([]workflows.Branch, error) {
	if len(s.q.Proposal.Branches) == 0 {
		return nil, nil
	}
	policies, err := s.reviewPolicies(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]workflows.Branch, 0, len(s.q.Proposal.Branches))
	for _, name := range s.q.Proposal.Branches {
		reviewers := -1
		for id, r := range repositories {
			here := 0
			for _, p := range policies {
				if strings.EqualFold(value(r.Type), "TfsGit") && p.covers(id, fullRef(value(r.DefaultBranch)), fullRef(name)) {
					here = max(here, p.others())
				}
			}
			if reviewers < 0 || here < reviewers {
				reviewers = here
			}
		}
		reviewers = max(reviewers, 0)
		out = append(out, workflows.Branch{Name: name, Protected: reviewers > 0, Reviewers: reviewers})
	}
	return out, nil
}

func (s *survey) reviewPolicies(ctx context.Context) ([]reviewPolicy, error) {
	list, err := s.c.policies.GetPolicyConfigurations(ctx, policy.GetPolicyConfigurationsArgs{Project: &s.names.projectID, PolicyType: &minimumReviewers})
	if err != nil {
		return nil, unread("the branch policies of "+s.names.project, err)
	}
	var out []reviewPolicy
	for _, p := range list.Value {
		if !value(p.IsEnabled) || !value(p.IsBlocking) || value(p.IsDeleted) {
			continue
		}
		raw, err := json.Marshal(p.Settings)
		if err != nil {
			return nil, unread("the branch policies of "+s.names.project, err)
		}
		var one reviewPolicy
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, unread("the branch policies of "+s.names.project, fmt.Errorf("policy %d: %w", value(p.Id), err))
		}
		out = append(out, one)
	}
	return out, nil
}
