package awsiam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"

	"fedbot/policies"
	"fedbot/workflows"
)

// observeRole compares the role with its plan, field by field, and names the
// policies on it that belong to no plan.
func (a *AWS) observeRole(ctx context.Context, c *client, t workflows.Task) (workflows.Observation, error) {
	spec := *t.Step.Role
	var (
		role           *types.Role
		on             hangings
		noRole, noList error // each its own: the first must not hide the other
		g              errgroup.Group
	)
	g.Go(func() error { role, noRole = c.role(ctx, spec.Name); return nil })
	g.Go(func() error { on, noList = c.hung(ctx, spec.Name); return nil })
	_ = g.Wait()
	if missing(noRole) {
		return absent("role "+spec.Name, a.lagging(t, t.Intended)), nil
	}
	if err := errors.Join(noRole, noList); err != nil {
		return workflows.Observation{}, c.failed("read role "+spec.Name, err)
	}
	trust, err := document(role.AssumeRolePolicyDocument)
	if err != nil {
		return workflows.Observation{}, c.failed("read the trust policy of role "+spec.Name, err)
	}
	d := differences{}
	d.role(role, t)
	d = append(d, policies.Diff("trust policy", spec.Trust, trust)...)
	d.tags(role, allTags(spec, t.Mark))
	d.unplanned(on.unplanned(t.Refs))
	if err := c.observeSessions(ctx, &d, spec.Name, on); err != nil {
		return workflows.Observation{}, err
	}
	return workflows.Observation{
		Exists:      true,
		Ref:         aws.ToString(role.RoleId),
		Differences: d,
		Document:    trust,
		Lagging:     a.lagging(t, aws.ToTime(role.CreateDate)),
	}, nil
}

// observeSessions looks into the policy that ends sessions. It belongs to every
// plan by its name, so somebody could hide permissions under it.
func (c *client) observeSessions(ctx context.Context, d *differences, role string, on hangings) error {
	if !slices.Contains(on.inline, policies.SessionsName) {
		return nil
	}
	found, err := c.inlineDocument(ctx, role, policies.SessionsName)
	if err != nil && !missing(err) {
		return c.failed("read policy "+policies.SessionsName+" of role "+role, err)
	}
	if err == nil && !policies.IsSessions(found) {
		d.is("inline policy "+policies.SessionsName, "ends old sessions", found, true)
	}
	return nil
}

type differences []workflows.Difference

// is notes a field that is not as approved.
func (d *differences) is(field, approved, found string, wider bool) {
	if approved != found {
		*d = append(*d, workflows.Difference{Field: field, Approved: approved, Found: found, Wider: wider})
	}
}

func (d *differences) role(role *types.Role, t workflows.Task) {
	spec := *t.Step.Role
	if t.Ref != "" {
		d.is("role id", t.Ref, aws.ToString(role.RoleId), true)
	} else if why := notOurs(role, t); why != "" {
		*d = append(*d, workflows.Difference{Field: "role id", Approved: "a role that fedbot made", Found: aws.ToString(role.RoleId) + ": " + why, Wider: true})
	}
	d.is("path", spec.Path, aws.ToString(role.Path), false)
	d.is("permissions boundary", spec.Boundary, boundary(role), true)
	session := int(aws.ToInt32(role.MaxSessionDuration))
	d.is("session length", strconv.Itoa(spec.MaxSession)+" s", strconv.Itoa(session)+" s", session > spec.MaxSession)
	d.is("description", spec.Description, aws.ToString(role.Description), false)
}

// tags looks at the tags we set. Others are the account's own business.
func (d *differences) tags(role *types.Role, want map[string]string) {
	has := tagged(role)
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if found, ok := has[k]; ok {
			d.is("tag "+k, want[k], found, false)
		} else {
			d.is("tag "+k, want[k], "missing", false)
		}
	}
}

// unplanned notes policies that no plan of ours put on the role.
func (d *differences) unplanned(h hangings) {
	for _, name := range h.inline {
		d.is("inline policy "+name, "none", "present", true)
	}
	for _, p := range h.attached {
		d.is("attached policy "+aws.ToString(p.PolicyName), "none", aws.ToString(p.PolicyArn), true)
	}
}

// unplanned are those that no plan of ours knows. Managed policies never are.
func (h hangings) unplanned(refs map[workflows.StepID]string) hangings {
	inline := slices.DeleteFunc(slices.Clone(h.inline), func(name string) bool { return planned(name, refs) })
	return hangings{inline, h.attached}
}

// planned goes by the policies that our events name. Where they name none, it
// goes by the names that only plans use.
func planned(name string, refs map[workflows.StepID]string) bool {
	if name == policies.HoldName || name == policies.SessionsName {
		return true
	}
	named := false
	for id, ref := range refs {
		if strings.HasPrefix(string(id), "policy:") {
			named = true
			if ref == name {
				return true
			}
		}
	}
	return !named && strings.HasPrefix(name, "tmpl-")
}

// observeInline compares one inline policy with its plan.
func (a *AWS) observeInline(ctx context.Context, c *client, t workflows.Task) (workflows.Observation, error) {
	name := inlineName(t.Step)
	found, err := c.inlineDocument(ctx, t.Step.Policy.Role, name)
	if missing(err) {
		return absent("policy "+name, a.lagging(t, t.Intended)), nil
	}
	if err != nil {
		return workflows.Observation{}, c.failed("read policy "+name+" of role "+t.Step.Policy.Role, err)
	}
	seen := workflows.Observation{Exists: true, Ref: name, Lagging: a.lagging(t, t.Intended)}
	switch t.Step.Kind {
	case workflows.StepSessions: // its moment is chosen when it is written
	case workflows.StepHold:
		seen.Differences = policies.Diff("permissions policy", policies.Hold(), found)
	default:
		seen.Differences, seen.Document = policies.Diff("permissions policy", t.Step.Policy.Document, found), found
	}
	return seen, nil
}

// observeLift looks for the hold: a lift is as wanted when there is none.
func (a *AWS) observeLift(ctx context.Context, c *client, t workflows.Task) (workflows.Observation, error) {
	found, err := c.inlineDocument(ctx, t.Step.Policy.Role, policies.HoldName)
	seen := workflows.Observation{Exists: true, Lagging: a.lagging(t, t.Intended)}
	if missing(err) {
		return seen, nil
	}
	if err != nil {
		return workflows.Observation{}, c.failed("read the hold of role "+t.Step.Policy.Role, err)
	}
	if len(policies.Diff("hold", policies.Hold(), found)) > 0 { // somebody may have hidden permissions under its name
		seen.Differences = []workflows.Difference{{Field: "hold", Approved: "lifted", Found: found, Wider: true}}
		return seen, nil
	}
	seen.Differences = []workflows.Difference{{Field: "hold", Approved: "lifted", Found: "present"}}
	return seen, nil
}

func (c *client) inlineDocument(ctx context.Context, role, name string) (string, error) {
	out, err := c.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(name)})
	if err != nil {
		return "", err
	}
	return document(out.PolicyDocument)
}

// document decodes a policy document as IAM returns it: percent-encoded by
// RFC 3986, in which a plus is a plus.
func document(encoded *string) (string, error) {
	text, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("decode policy document: %w", err)
	}
	return text, nil
}
