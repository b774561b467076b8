package awsiam

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fedbot/policies"
	"fedbot/workflows"
)

// removeRole closes the role with the hold, strips it of everything that hangs on
// it, whoever put it there, and deletes it.
func (a *AWS) removeRole(ctx context.Context, c *client, t workflows.Task) error {
	spec := *t.Step.Role
	role, err := c.role(ctx, spec.Name)
	if missing(err) {
		return a.gone(c, t, "role "+spec.Name)
	}
	if err != nil {
		return c.failed("read role "+spec.Name, err)
	}
	if why := notOurs(role, t); why != "" {
		if t.Ref == "" && !marked(role, t.Mark) {
			return a.gone(c, t, "role "+spec.Name) // the name was taken before we could: nothing of ours is there
		}
		return c.foreign(spec.Name, why)
	}
	// Somebody may have filled up the room for the hold; stripping closes as well.
	if err := c.hold(ctx, role, spec.Boundary); err != nil && !errors.Is(err, workflows.ErrPermanent) {
		return err
	}
	if err := c.strip(ctx, spec.Name); err != nil {
		return err
	}
	_, err = c.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(spec.Name)})
	if err != nil && !missing(err) {
		return c.failed("delete role "+spec.Name, err)
	}
	return nil
}

// strip takes every managed and inline policy off a role, the hold last.
func (c *client) strip(ctx context.Context, name string) error {
	attached, err := c.attached(ctx, name)
	if err != nil {
		return c.failed("list the attached policies of role "+name, err)
	}
	for _, p := range attached {
		_, err := c.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(name), PolicyArn: p.PolicyArn})
		if err != nil && !missing(err) {
			return c.failed("detach policy "+aws.ToString(p.PolicyName)+" from role "+name, err)
		}
	}
	inline, err := c.inline(ctx, name)
	if err != nil {
		return c.failed("list the inline policies of role "+name, err)
	}
	for _, p := range inline {
		if p == policies.HoldName {
			continue
		}
		if err := c.deleteInline(ctx, name, p); err != nil && !missing(err) {
			return c.failed("delete policy "+p+" of role "+name, err)
		}
	}
	if err := c.deleteInline(ctx, name, policies.HoldName); err != nil && !missing(err) {
		return c.failed("delete the hold of role "+name, err)
	}
	return nil
}

func (c *client) inline(ctx context.Context, role string) ([]string, error) {
	var all []string
	pages := iam.NewListRolePoliciesPaginator(c.iam, &iam.ListRolePoliciesInput{RoleName: aws.String(role)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.PolicyNames...)
	}
	return all, nil
}

func (c *client) attached(ctx context.Context, role string) ([]types.AttachedPolicy, error) {
	var all []types.AttachedPolicy
	pages := iam.NewListAttachedRolePoliciesPaginator(c.iam, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.AttachedPolicies...)
	}
	return all, nil
}
