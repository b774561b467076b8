package awsiam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"fedbot/workflows"
)

// deeds are what somebody may do by hand to an object of ours, and how it is
// seen. Each is seen alone, and Ensure undoes it.
var deeds = []struct {
	name  string
	step  int // of world.steps
	do    func(*testing.T, *iam.Client) error
	field string // how the field begins
	wider bool
}{
	{"trust another subject", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.UpdateAssumeRolePolicy(soon(t), &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String(roleName), PolicyDocument: aws.String(trustFor("sc://contoso/Evil/aws"))})
		return err
	}, "trust", true},
	{"take the boundary away", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.DeleteRolePermissionsBoundary(soon(t), &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String(roleName)})
		return err
	}, "permissions boundary", true},
	{"lengthen sessions", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.UpdateRole(soon(t), &iam.UpdateRoleInput{
			RoleName: aws.String(roleName), MaxSessionDuration: aws.Int32(43200), Description: aws.String(roleSpec().Description)})
		return err
	}, "session length", true},
	{"describe it otherwise", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.UpdateRole(soon(t), &iam.UpdateRoleInput{
			RoleName: aws.String(roleName), MaxSessionDuration: aws.Int32(3600), Description: aws.String("mine")})
		return err
	}, "description", false},
	{"change a tag", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.TagRole(soon(t), &iam.TagRoleInput{
			RoleName: aws.String(roleName), Tags: []types.Tag{{Key: aws.String("ado-connection-id"), Value: aws.String("another")}}})
		return err
	}, "tag ado-connection-id", false},
	{"take the mark away", 1, func(t *testing.T, c *iam.Client) error {
		_, err := c.UntagRole(soon(t), &iam.UntagRoleInput{RoleName: aws.String(roleName), TagKeys: []string{"fedbot-mark"}})
		return err
	}, "tag fedbot-mark", false},
	{"add an inline policy", 1, func(t *testing.T, c *iam.Client) error {
		return put(t, c, "by-hand", readWeb)
	}, "inline policy by-hand", true},
	{"add a policy named like ours", 1, func(t *testing.T, c *iam.Client) error {
		return put(t, c, "tmpl-other-v1", readWeb)
	}, "inline policy tmpl-other-v1", true},
	{"attach a managed policy", 1, func(t *testing.T, c *iam.Client) error {
		made, err := c.CreatePolicy(soon(t), &iam.CreatePolicyInput{PolicyName: aws.String("extra"), PolicyDocument: aws.String(readWeb)})
		if err != nil {
			return err
		}
		_, err = c.AttachRolePolicy(soon(t), &iam.AttachRolePolicyInput{RoleName: aws.String(roleName), PolicyArn: made.Policy.Arn})
		return err
	}, "attached policy extra", true},
	{"allow more", 3, func(t *testing.T, c *iam.Client) error {
		return put(t, c, "tmpl-s3-read-v1", strings.ReplaceAll(readWeb, "web/*", "*"))
	}, "permissions policy", true},
	{"delete the policy", 3, func(t *testing.T, c *iam.Client) error {
		_, err := c.DeleteRolePolicy(soon(t), &iam.DeleteRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String("tmpl-s3-read-v1")})
		return err
	}, "exists", false},
	{"weaken the hold", 2, func(t *testing.T, c *iam.Client) error {
		return put(t, c, "fedbot-hold", `{"Version":"2012-10-17","Statement":[{"Sid":"Hold","Effect":"Deny","Action":["s3:*"],"Resource":["*"]}]}`)
	}, "permissions policy", true},
	{"lift the hold", 2, func(t *testing.T, c *iam.Client) error {
		_, err := c.DeleteRolePolicy(soon(t), &iam.DeleteRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String("fedbot-hold")})
		return err
	}, "exists", false},
}

func put(t *testing.T, c *iam.Client, name, document string) error {
	_, err := c.PutRolePolicy(soon(t), &iam.PutRolePolicyInput{
		RoleName: aws.String(roleName), PolicyName: aws.String(name), PolicyDocument: aws.String(document)})
	return err
}

func drift(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 4)
	for _, deed := range deeds {
		t.Run(deed.name, func(t *testing.T) {
			w.do(nil, deed.do(t, w.other))
			for i, step := range w.steps(ref)[:4] {
				seen, err := a.Observe(soon(t), step)
				w.do(nil, err)
				if i != deed.step {
					if len(seen.Differences) > 0 {
						t.Errorf("seen at %s too: %+v", step.Step.ID, seen.Differences)
					}
					continue
				}
				is := func(d workflows.Difference) bool {
					return strings.HasPrefix(d.Field, deed.field) && d.Wider == deed.wider
				}
				if len(seen.Differences) == 0 || !slices.ContainsFunc(seen.Differences, is) || slices.ContainsFunc(seen.Differences, func(d workflows.Difference) bool { return !strings.HasPrefix(d.Field, deed.field) }) {
					t.Errorf("at %s: %+v", step.Step.ID, seen.Differences)
				}
			}
			w.do(a.Ensure(soon(t), w.steps(ref)[deed.step]))
			w.clean(a, w.steps(ref)[:4]...)
		})
	}
}
