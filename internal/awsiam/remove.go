package awsiam

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
		return a.leave(c, t, role, why)
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

// leave is the answer of Remove about a role that it must not touch. One that
// only bears our name is none of ours. One that bears our mark as well could be,
// and is a person's to judge.
func (a *AWS) leave(c *client, t workflows.Task, role *types.Role, why string) error {
	name := t.Step.Role.Name
	switch {
	case t.Ref != "":
		return c.foreign(name, why)
	case !marked(role, t.Mark):
		return a.gone(c, t, "role "+name)
	}
	return &workflows.Fault{
		Say:   fmt.Sprintf("Role %s in %s bears the mark of this federation, and yet %s. fedbot did not touch it. Somebody with rights there should look at it and delete it.", name, c.said(), why),
		Cause: fmt.Errorf("role %s in account %s: %s", name, c.ID, why),
	}
}

// strip takes every managed and inline policy off a role, the hold last.
func (c *client) strip(ctx context.Context, name string) error {
	hung, err := c.hung(ctx, name)
	if err != nil {
		return err
	}
	inline := slices.DeleteFunc(hung.inline, func(p string) bool { return p == policies.HoldName })
	return c.takeOff(ctx, name, hangings{append(inline, policies.HoldName), hung.attached})
}

// hangings are the policies on a role.
type hangings struct {
	inline   []string
	attached []types.AttachedPolicy
}

// hung reads them.
func (c *client) hung(ctx context.Context, role string) (hangings, error) {
	attached, err := c.attached(ctx, role)
	if err != nil {
		return hangings{}, c.failed("list the attached policies of role "+role, err)
	}
	inline, err := c.inline(ctx, role)
	if err != nil {
		return hangings{}, c.failed("list the inline policies of role "+role, err)
	}
	return hangings{inline, attached}, nil
}

// takeOff takes these off a role, in order.
func (c *client) takeOff(ctx context.Context, role string, h hangings) error {
	for _, p := range h.attached {
		_, err := c.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(role), PolicyArn: p.PolicyArn})
		if err != nil && !missing(err) {
			return c.failed("detach policy "+aws.ToString(p.PolicyName)+" from role "+role, err)
		}
	}
	for _, p := range h.inline {
		if err := c.deleteInline(ctx, role, p); err != nil && !missing(err) {
			return c.failed("delete policy "+p+" of role "+role, err)
		}
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
