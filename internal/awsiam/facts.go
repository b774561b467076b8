package awsiam

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"fedbot/workflows"
)

// FactsQuery says what a plan is about to need in an account.
type FactsQuery struct {
	Issuer    string // https://…
	Audience  string // that the provider should accept; the caller compares it with AWSFacts.Audiences
	RoleName  string // that should be free; empty: none is looked for
	OwnRoleID string // of the role that the federation has already, which is not in its own way
}

// Facts reads what a plan stands on. What certainly is not there is an empty
// fact; anything that could not be read fails the whole with
// workflows.ErrUnreadable.
func (a *AWS) Facts(ctx context.Context, accountID string, q FactsQuery) (workflows.AWSFacts, error) {
	f, err := a.facts(ctx, accountID, q)
	if err != nil {
		return workflows.AWSFacts{}, unreadable(err)
	}
	return f, nil
}

func (a *AWS) facts(ctx context.Context, accountID string, q FactsQuery) (workflows.AWSFacts, error) {
	reader, err := a.reader(ctx, accountID, "")
	if err != nil {
		return workflows.AWSFacts{}, err
	}
	writer, err := a.writer(ctx, accountID, "")
	if err != nil {
		return workflows.AWSFacts{}, err
	}
	f := workflows.AWSFacts{AccountID: accountID, ProviderARN: reader.arn("oidc-provider/" + strings.TrimPrefix(q.Issuer, "https://"))}
	g, ctx := errgroup.WithContext(ctx) // each fills fields of its own
	g.Go(func() error { return writer.readIdentity(ctx, &f) })
	g.Go(func() error { return reader.readAlias(ctx, &f) })
	g.Go(func() error { return reader.readProvider(ctx, &f) })
	g.Go(func() error { return reader.readBoundary(ctx, &f) })
	g.Go(func() error { return reader.readName(ctx, &f, q) })
	g.Go(func() error { return reader.readQuotas(ctx, &f) })
	if err := g.Wait(); err != nil {
		return workflows.AWSFacts{}, err
	}
	return f, nil
}

// arn names something of IAM in this account.
func (c *client) arn(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", partition(c.Region), c.ID, resource)
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (c *client) readIdentity(ctx context.Context, f *workflows.AWSFacts) error {
	who, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return c.failed("ask who fedbot is", err)
	}
	f.Identity = aws.ToString(who.Arn)
	return nil
}

func (c *client) readAlias(ctx context.Context, f *workflows.AWSFacts) error {
	out, err := c.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	if err != nil {
		return c.failed("read the account's alias", err)
	}
	if len(out.AccountAliases) > 0 { // an account has one at most
		f.Alias = out.AccountAliases[0]
	}
	return nil
}

func (c *client) readProvider(ctx context.Context, f *workflows.AWSFacts) error {
	out, err := c.provider(ctx, f.ProviderARN)
	if missing(err) {
		return nil
	}
	if err != nil {
		return c.failed("read the OIDC provider", err)
	}
	f.Provider, f.Audiences = true, out.ClientIDList
	return nil
}

// readBoundary reads the version of the boundary that is in force.
func (c *client) readBoundary(ctx context.Context, f *workflows.AWSFacts) error {
	if c.Boundary == "" {
		return nil
	}
	arn := aws.String(c.arn("policy" + workflows.RolePath + c.Boundary))
	policy, err := c.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if missing(err) {
		return nil
	}
	if err != nil {
		return c.failed("read the permissions boundary", err)
	}
	version, err := c.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: policy.Policy.DefaultVersionId})
	if err == nil {
		f.Boundary, err = document(version.PolicyVersion.Document)
	}
	if err != nil {
		return c.failed("read the permissions boundary", err)
	}
	return nil
}

// readName looks whether the role's name is free. Names are unique in an account
// whatever their path.
func (c *client) readName(ctx context.Context, f *workflows.AWSFacts, q FactsQuery) error {
	if q.RoleName == "" {
		return nil
	}
	role, err := c.role(ctx, q.RoleName)
	if missing(err) {
		return nil
	}
	if err != nil {
		return c.failed("read role "+q.RoleName, err)
	}
	if q.OwnRoleID == "" || aws.ToString(role.RoleId) != q.OwnRoleID {
		f.RoleIs = fmt.Sprintf("Role %s exists in %s and was not made by fedbot.", aws.ToString(role.RoleName), c.said())
	}
	return nil
}

func (c *client) readQuotas(ctx context.Context, f *workflows.AWSFacts) error {
	out, err := c.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil {
		return c.failed("read the account's quotas", err)
	}
	f.Roles = int(out.SummaryMap[string(types.SummaryKeyTypeRoles)])
	f.RolesQuota = int(out.SummaryMap[string(types.SummaryKeyTypeRolesQuota)])
	f.TrustPolicyQuota = int(out.SummaryMap[string(types.SummaryKeyTypeAssumeRolePolicySizeQuota)])
	return nil
}
