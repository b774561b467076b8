package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fedbot/internal/awsiam"
	"fedbot/internal/azuredevops"
	"fedbot/policies"
	"fedbot/workflows"
)

// survey joins what both adapters read into the facts of a plan.
type survey struct {
	rules    workflows.Rules
	profiles map[string]policies.Profile // by organization, lower case
	devops   *azuredevops.DevOps
	aws      *awsiam.AWS
	now      func() time.Time
	unready  sync.Map // account id to why it was not read the last time
}

func (s *survey) Names(ctx context.Context, p workflows.Proposal) (workflows.Names, error) {
	acct, ok := s.rules.Account(p.Account)
	if !ok {
		return workflows.Names{}, workflows.Refuse("no_account", "fedbot is not set up for account %s.", p.Account)
	}
	org, orgID, project, projectID, err := s.devops.Names(ctx, p.Organization, p.Project)
	if err != nil {
		return workflows.Names{}, err
	}
	return workflows.Names{Organization: org, OrganizationID: orgID, Project: project, ProjectID: projectID, AccountID: acct.ID}, nil
}

func (s *survey) Facts(ctx context.Context, q workflows.Query) (workflows.Facts, error) {
	facts := workflows.Facts{ReadAt: s.now().UTC()}
	acct, ok := s.rules.Account(q.Proposal.Account)
	if !ok {
		return facts, workflows.Refuse("no_account", "fedbot is not set up for account %s.", q.Proposal.Account)
	}
	profile, ok := s.profiles[strings.ToLower(q.Proposal.Organization)]
	if !ok {
		return facts, workflows.Refuse("no_organization", "fedbot is not set up for organization %s.", q.Proposal.Organization)
	}
	org, orgID, project, projectID, err := s.devops.Names(ctx, q.Proposal.Organization, q.Proposal.Project)
	if err != nil {
		return facts, fmt.Errorf("read names: %w", err)
	}
	issuer := strings.NewReplacer("{organization.id}", orgID, "{organization}", org, "{project}", project, "{project.id}", projectID).Replace(profile.Issuer)
	both, group := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		facts.AzureDevOps, err = s.devops.Facts(group, azuredevops.FactsQuery{Proposal: q.Proposal, Email: q.By.Email, OwnConnectionID: q.Refs[workflows.ConnectionID]})
		if err != nil {
			return fmt.Errorf("read Azure DevOps: %w", err)
		}
		return nil
	})
	both.Go(func() (err error) {
		facts.AWS, err = s.aws.Facts(group, acct.ID, awsiam.FactsQuery{Issuer: issuer, Audience: profile.Audience,
			RoleName: workflows.RoleName(project, q.Proposal.Connection, q.Key), OwnRoleID: q.Refs[workflows.RoleID]})
		if err != nil {
			if errors.Is(err, workflows.ErrUnreadable) && group.Err() == nil {
				s.unready.Store(acct.ID, workflows.Said(err))
			}
			return fmt.Errorf("read AWS account %s: %w", acct.ID, err)
		}
		s.unready.Delete(acct.ID)
		facts.AWS.Audience = profile.Audience
		return nil
	})
	if err := both.Wait(); err != nil {
		return facts, err
	}
	// Of a create alone, because nothing else is proved again.
	if q.Proposal.Kind == workflows.Create && facts.AzureDevOps.Verifier == nil && facts.AzureDevOps.VerifyOff == "" { // the first use is the proof
		if facts.AWS.TrailOff, err = s.aws.TrailOff(ctx, acct.ID); err != nil {
			return facts, fmt.Errorf("read CloudTrail of %s: %w", acct.ID, err)
		}
	}
	return facts, nil
}
