package awsiam

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fedbot/policies"
	"fedbot/workflows"
)

// ensurePolicy writes one inline policy of our role, which must have its boundary.
// Other versions of the same template go first: what leaves goes before what comes.
func (a *AWS) ensurePolicy(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Policy
	role, err := a.ourRole(ctx, c, t)
	if err == nil {
		err = c.bounded(role, spec)
	}
	if err == nil {
		err = c.takeOffVersions(ctx, spec.Role, spec.Name)
	}
	if err == nil {
		err = c.putInline(ctx, spec.Role, spec.Name, spec.Document)
	}
	if err != nil {
		return workflows.Result{}, a.written(c, t, err)
	}
	return workflows.Result{Ref: spec.Name}, nil
}

// ensureSessions denies every session of the role that began before now.
func (a *AWS) ensureSessions(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Policy
	_, err := a.ourRole(ctx, c, t)
	if err == nil {
		err = c.putInline(ctx, spec.Role, policies.SessionsName, policies.Sessions(a.at(t)))
	}
	if err != nil {
		return workflows.Result{}, a.written(c, t, err)
	}
	return workflows.Result{Ref: policies.SessionsName}, nil
}

// ensureHold closes the role: the boundary if it is lost, then the hold. It may
// come before our events name the role, when the answer to its making was lost;
// then the mark will do, since a hold only closes.
func (a *AWS) ensureHold(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Policy
	role, err := a.ourRole(ctx, c, t)
	if missing(err) && t.Refs[workflows.RoleID] == "" && !a.lagging(t, t.Intended) {
		return workflows.Result{Note: "there is no role to hold"}, nil
	}
	if err == nil {
		err = c.hold(ctx, role, spec.Boundary)
	}
	if err != nil {
		return workflows.Result{}, a.written(c, t, err)
	}
	return workflows.Result{Ref: policies.HoldName}, nil
}

// ensureLift takes the hold away from our role, which must have its boundary. A
// session that was opened under the hold would come alive with it, whoever opened
// it, so those are ended first. The moment is rounded down: whoever signs in after
// the lift is not shut out by the fraction of a second.
func (a *AWS) ensureLift(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Policy
	role, err := a.ourRole(ctx, c, t)
	if err == nil {
		err = c.bounded(role, spec)
	}
	if err != nil {
		return workflows.Result{}, a.written(c, t, err)
	}
	if _, err := c.inlineDocument(ctx, spec.Role, policies.HoldName); missing(err) {
		return workflows.Result{}, nil
	} else if err != nil { // a hold that is lifted already must not end the sessions of today
		return workflows.Result{}, c.failed("read the hold of role "+spec.Role, err)
	}
	if err := c.putInline(ctx, spec.Role, policies.SessionsName, policies.Sessions(a.at(t).Truncate(time.Second))); err != nil {
		return workflows.Result{}, err
	}
	if err := c.deleteInline(ctx, spec.Role, policies.HoldName); err != nil && !missing(err) {
		return workflows.Result{}, c.failed("lift the hold of role "+spec.Role, err)
	}
	return workflows.Result{}, nil
}

// removeLift puts the hold back.
func (a *AWS) removeLift(ctx context.Context, c *client, t workflows.Task) error {
	spec := *t.Step.Policy
	role, err := a.ourRole(ctx, c, t)
	if err == nil {
		err = c.hold(ctx, role, spec.Boundary)
	}
	if missing(err) || nothingMade(t, err) {
		return a.gone(c, t, "role "+spec.Role)
	}
	return err
}

// removeInline deletes one inline policy of our role, in whatever version of its
// template it is there.
func (a *AWS) removeInline(ctx context.Context, c *client, t workflows.Task) error {
	spec := *t.Step.Policy
	_, err := a.ourRole(ctx, c, t)
	if err == nil && t.Step.Kind == workflows.StepPolicy {
		err = c.takeOffVersions(ctx, spec.Role, spec.Name)
	}
	if err == nil {
		if err = c.deleteInline(ctx, spec.Role, inlineName(t.Step)); err != nil && !missing(err) {
			return c.failed("delete policy "+inlineName(t.Step)+" of role "+spec.Role, err)
		}
	}
	if missing(err) || nothingMade(t, err) {
		return a.gone(c, t, "policy "+inlineName(t.Step))
	}
	return err
}

// nothingMade reports that a role is somebody else's and we never had one, so
// that there is nothing of ours to undo.
func nothingMade(t workflows.Task, err error) bool {
	return t.Refs[workflows.RoleID] == "" && errors.Is(err, workflows.ErrForeign)
}

// ourRole reads the role that a policy hangs on and makes sure that it is the one
// our events name. The error is AWS's own when there is none, a Fault otherwise.
func (a *AWS) ourRole(ctx context.Context, c *client, t workflows.Task) (*types.Role, error) {
	spec := *t.Step.Policy
	role, err := c.role(ctx, spec.Role)
	if missing(err) {
		return nil, err
	}
	if err != nil {
		return nil, c.failed("read role "+spec.Role, err)
	}
	ours, is := t.Refs[workflows.RoleID], aws.ToString(role.RoleId)
	if ours == is || ours == "" && t.Step.Kind == workflows.StepHold && marked(role, t.Mark) && aws.ToString(role.Arn) == spec.RoleARN {
		return role, nil
	}
	if ours == "" {
		return nil, c.foreign(spec.Role, "fedbot has made none yet")
	}
	return nil, c.foreign(spec.Role, fmt.Sprintf("it is %s, and fedbot made %s", is, ours))
}

// bounded refuses to open a role that has lost its boundary: a person should
// know before it gets permissions.
func (c *client) bounded(role *types.Role, spec workflows.PolicySpec) error {
	if spec.Boundary == "" || boundary(role) == spec.Boundary {
		return nil
	}
	return &workflows.Fault{
		Say:   fmt.Sprintf("Role %s in %s has lost its permissions boundary, so fedbot gives it nothing. Quarantine puts the boundary back.", spec.Role, c.said()),
		Cause: fmt.Errorf("boundary of role %s is %q, not %q", spec.Role, boundary(role), spec.Boundary),
	}
}

// written says what it means that a role is missing which a policy should be
// written to: IAM's lag at first, somebody's deed later.
func (a *AWS) written(c *client, t workflows.Task, err error) error {
	if !missing(err) || a.lagging(t, t.Intended) {
		if missing(err) {
			return c.invisible("role " + t.Step.Policy.Role)
		}
		return err
	}
	return &workflows.Fault{
		Kind:  workflows.ErrPermanent,
		Say:   fmt.Sprintf("Role %s was deleted in %s, and not by fedbot.", t.Step.Policy.Role, c.said()),
		Cause: err,
	}
}

// hold puts a lost boundary back and denies everything. A boundary that cannot be
// put back is no reason to leave the role open.
func (c *client) hold(ctx context.Context, role *types.Role, boundary string) error {
	lost := c.mendBoundary(ctx, role, boundary)
	err := c.putInline(ctx, aws.ToString(role.RoleName), policies.HoldName, policies.Hold())
	if lost != nil {
		return lost
	}
	return err
}

// takeOffVersions deletes other versions of a template's policy from a role.
func (c *client) takeOffVersions(ctx context.Context, role, name string) error {
	all, err := c.inline(ctx, role)
	if err != nil {
		return c.failed("list the inline policies of role "+role, err)
	}
	return c.takeOff(ctx, role, hangings{inline: slices.DeleteFunc(all, func(other string) bool {
		return other == name || template(other) == "" || template(other) != template(name)
	})})
}

var versioned = regexp.MustCompile(`^(tmpl-.+)-v[0-9]+$`)

// template is the part of a policy's name that all its versions share.
func template(policy string) string {
	if m := versioned.FindStringSubmatch(policy); m != nil {
		return m[1]
	}
	return ""
}

func (c *client) putInline(ctx context.Context, role, name, text string) error {
	_, err := c.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(role), PolicyName: aws.String(name), PolicyDocument: aws.String(text),
	})
	if err != nil {
		return c.failed("write policy "+name+" of role "+role, err)
	}
	return nil
}

// deleteInline returns AWS's own error, so that the caller can see what is missing.
func (c *client) deleteInline(ctx context.Context, role, name string) error {
	_, err := c.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(name)})
	return err
}

// inlineName is the name of the policy that a step is about. The reserved ones do
// not depend on what a plan says.
func inlineName(s workflows.Step) string {
	switch s.Kind {
	case workflows.StepHold, workflows.StepLift:
		return policies.HoldName
	case workflows.StepSessions:
		return policies.SessionsName
	}
	return s.Policy.Name
}
