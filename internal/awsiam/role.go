package awsiam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fedbot/policies"
	"fedbot/workflows"
)

// The tags that every object of ours bears, beside those of its plan.
const (
	managedBy = "managed-by"
	fedbot    = "fedbot"
	markTag   = "fedbot-mark"
)

// skew is how far AWS's clock may be behind ours. It counts whole seconds.
const skew = 5 * time.Second

// ensureRole creates the role, or puts right what differs in the one that is ours.
func (a *AWS) ensureRole(ctx context.Context, c *client, t workflows.Task) (workflows.Result, error) {
	spec := *t.Step.Role
	role, err := c.role(ctx, spec.Name)
	if missing(err) {
		var id string
		id, err = c.createRole(ctx, spec, t.Mark)
		if id != "" {
			return workflows.Result{Ref: id}, nil
		}
		if err != nil {
			return workflows.Result{}, err
		}
		if role, err = c.role(ctx, spec.Name); missing(err) {
			return workflows.Result{}, c.invisible("role " + spec.Name)
		}
	}
	if err != nil {
		return workflows.Result{}, c.failed("read role "+spec.Name, err)
	}
	if why := notOurs(role, t); why != "" {
		return workflows.Result{}, c.foreign(spec.Name, why)
	}
	if err := c.mendRole(ctx, role, t, a.at(t)); err != nil {
		return workflows.Result{}, err
	}
	return workflows.Result{Ref: aws.ToString(role.RoleId)}, nil
}

// createRole returns the id of the role it made, or neither id nor error if there
// is one already: somebody else's, or ours from a call whose answer was lost.
func (c *client) createRole(ctx context.Context, spec workflows.RoleSpec, mark string) (string, error) {
	out, err := c.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String(spec.Name),
		Path:                     aws.String(spec.Path),
		AssumeRolePolicyDocument: aws.String(spec.Trust),
		Description:              aws.String(spec.Description),
		MaxSessionDuration:       aws.Int32(int32(spec.MaxSession)),
		PermissionsBoundary:      aws.String(spec.Boundary),
		Tags:                     tags(allTags(spec, mark)),
	})
	if hasCode(err, "EntityAlreadyExists") {
		return "", nil
	}
	if missing(err) {
		f := c.noBoundary(spec.Boundary, err)
		f.Kind = workflows.ErrPermanent
		return "", f
	}
	if err != nil {
		return "", c.failed("create role "+spec.Name, err)
	}
	return aws.ToString(out.Role.RoleId), nil
}

// notOurs says why a role under our name is not ours, or nothing if it is: the
// one that our events name, or, when they name none yet, one made since we meant
// to, with our mark, path and boundary.
func notOurs(role *types.Role, t workflows.Task) string {
	spec := *t.Step.Role
	made := aws.ToTime(role.CreateDate)
	switch {
	case t.Ref != "" && aws.ToString(role.RoleId) == t.Ref:
		return ""
	case t.Ref != "":
		return fmt.Sprintf("it is %s, and fedbot made %s", aws.ToString(role.RoleId), t.Ref)
	case !marked(role, t.Mark):
		return "it does not bear the mark of this federation"
	case t.Intended.IsZero() || made.Before(t.Intended.Add(-skew)):
		return "it is older than this request"
	case aws.ToString(role.Path) != spec.Path:
		return "it has another path, " + aws.ToString(role.Path)
	case boundary(role) != spec.Boundary:
		return "it has another permissions boundary"
	}
	return ""
}

func marked(role *types.Role, mark string) bool {
	has := tagged(role)
	return mark != "" && has[managedBy] == fedbot && has[markTag] == mark
}

// mendRole puts right what Observe would find different, what limits first.
func (c *client) mendRole(ctx context.Context, role *types.Role, t workflows.Task, at time.Time) error {
	spec := *t.Step.Role
	if err := c.mendBoundary(ctx, role, spec.Boundary); err != nil {
		return err
	}
	on, err := c.hung(ctx, spec.Name)
	if err == nil {
		err = c.takeOff(ctx, spec.Name, on.unplanned(t.Refs))
	}
	if err == nil && slices.Contains(on.inline, policies.SessionsName) {
		err = c.mendSessions(ctx, spec.Name, at)
	}
	if err == nil {
		err = c.mendTrust(ctx, role, spec)
	}
	if err == nil {
		err = c.mendLabels(ctx, role, spec, t.Mark)
	}
	return err
}

func (c *client) mendTrust(ctx context.Context, role *types.Role, spec workflows.RoleSpec) error {
	trust, err := document(role.AssumeRolePolicyDocument)
	if err == nil && len(policies.Diff("trust policy", spec.Trust, trust)) == 0 {
		return nil
	}
	_, err = c.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role.RoleName, PolicyDocument: aws.String(spec.Trust)})
	if err != nil {
		return c.failed("write the trust policy of role "+spec.Name, err)
	}
	return nil
}

// mendSessions writes the end of old sessions anew where something else bears its name.
func (c *client) mendSessions(ctx context.Context, role string, at time.Time) error {
	found, err := c.inlineDocument(ctx, role, policies.SessionsName)
	if missing(err) || err == nil && policies.IsSessions(found) {
		return nil
	}
	return c.putInline(ctx, role, policies.SessionsName, policies.Sessions(at))
}

// mendLabels writes the session length, the description and our tags.
func (c *client) mendLabels(ctx context.Context, role *types.Role, spec workflows.RoleSpec, mark string) error {
	name := role.RoleName
	if int(aws.ToInt32(role.MaxSessionDuration)) != spec.MaxSession || aws.ToString(role.Description) != spec.Description {
		_, err := c.iam.UpdateRole(ctx, &iam.UpdateRoleInput{
			RoleName: name, Description: aws.String(spec.Description), MaxSessionDuration: aws.Int32(int32(spec.MaxSession)),
		})
		if err != nil {
			return c.failed("write the description and session length of role "+spec.Name, err)
		}
	}
	lost, has := allTags(spec, mark), tagged(role)
	maps.DeleteFunc(lost, func(k, v string) bool { old, ok := has[k]; return ok && old == v })
	if len(lost) == 0 {
		return nil
	}
	if _, err := c.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tags(lost)}); err != nil {
		return c.failed("tag role "+spec.Name, err)
	}
	return nil
}

// mendBoundary puts the permissions boundary back if it is not the wanted one.
func (c *client) mendBoundary(ctx context.Context, role *types.Role, want string) error {
	if want == "" || boundary(role) == want {
		return nil
	}
	_, err := c.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
		RoleName: role.RoleName, PermissionsBoundary: aws.String(want),
	})
	if missing(err) {
		return c.noBoundary(want, err)
	}
	if err != nil {
		return c.failed("put the permissions boundary of role "+aws.ToString(role.RoleName), err)
	}
	return nil
}

// noBoundary is what "there is no such thing" means where a boundary is named.
// The cause is kept as text, so that nobody takes it for a missing role.
func (c *client) noBoundary(arn string, err error) *workflows.Fault {
	return &workflows.Fault{
		Say:   fmt.Sprintf("The permissions boundary %s does not exist in %s.", arn, c.said()),
		Cause: errors.New(err.Error()),
	}
}

func (c *client) role(ctx context.Context, name string) (*types.Role, error) {
	out, err := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if err != nil {
		return nil, err
	}
	return out.Role, nil
}

func boundary(role *types.Role) string {
	if role.PermissionsBoundary == nil {
		return ""
	}
	return aws.ToString(role.PermissionsBoundary.PermissionsBoundaryArn)
}

func allTags(spec workflows.RoleSpec, mark string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, spec.Tags)
	all[managedBy], all[markTag] = fedbot, mark
	return all
}

func tagged(role *types.Role) map[string]string {
	has := map[string]string{}
	for _, tag := range role.Tags {
		has[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return has
}

func tags(m map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(m[k])})
	}
	return out
}
