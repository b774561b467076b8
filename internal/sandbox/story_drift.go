package sandbox

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// active makes sure that there is an active federation to tell about.
func (t *story) active() error {
	if t.f.ID != "" && t.f.State == workflows.Active {
		return nil
	}
	return t.steps(
		func() error { return t.step("Requester asks in one line", t.ask) },
		func() error { return t.step("Approver approves", t.approve) },
		func() error { return t.step("fedbot provisions and proves", t.activate) },
	)
}

// drift: somebody widens the trust policy by hand; fedbot sees it, and puts it
// back when told to; what cannot be read is never called missing.
func (t *story) drift() error {
	return t.steps(
		t.active,
		func() error {
			return t.step("Second approver widens the trust policy by hand", func() (string, error) {
				c, err := t.byHand(centerRole, people[secondApprover])
				if err != nil {
					return "", err
				}
				return t.widen(c)
			})
		},
		func() error { return t.step("Requester runs /federate drift", t.seeDrift) },
		func() error { return t.step("Second approver presses Restore", t.authorRestores) },
		func() error { return t.step("Approver presses Restore", t.restoreIt) },
		func() error { return t.step("AWS holds exactly what was approved", t.awsAsApproved) },
		func() error { return t.step("AWS does not answer", t.unreadable) },
	)
}

// byHand is AWS's own client, signed in to a role of the development account's
// administrators in a session with a person's address for its name.
func (t *story) byHand(role string, p Person) (*iam.Client, error) {
	path := "/"
	if role == centerRole {
		path = centerPath
	}
	client := sts.New(sts.Options{Region: "eu-west-1", BaseEndpoint: aws.String(t.url(t.ports.AWS)),
		Credentials: credentials.NewStaticCredentialsProvider(t.secrets.DevKeyID, t.secrets.DevKey, "")})
	out, err := client.AssumeRole(t.ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + devAccount + ":role" + path + role), RoleSessionName: &p.Email})
	if err != nil {
		return nil, err
	}
	return iam.New(iam.Options{Region: "eu-west-1", BaseEndpoint: aws.String(t.url(t.ports.AWS)),
		Credentials: credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)}), nil
}

// authorRestores: whoever made a change does not put it back, though they may
// restore what others changed.
func (t *story) authorRestores() (string, error) {
	x := t.f.Findings[0]
	if !x.Authors.Known() || x.Authors.Writers[0].Person.Name != people[secondApprover].Name {
		return "", fmt.Errorf("the finding should name its author: %s", workflows.TellAuthors(x))
	}
	if err := t.press(secondApprover, "finding_restore", x.ID); err != nil {
		return "", err
	}
	return t.answered(secondApprover, "Not restored: you made this change yourself")
}

func (t *story) widen(c *iam.Client) (string, error) {
	role, _ := t.f.Plan.Step(workflows.RoleID)
	subject := "sc://" + organization + "/" + t.f.Names.Project + "/" + t.f.Approved.Connection
	wide := strings.Replace(strings.Replace(role.Role.Trust, subject, "sc://"+organization+"/*", 1), "StringEquals", "StringLike", 1)
	_, err := c.UpdateAssumeRolePolicy(t.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role.Role.Name, PolicyDocument: &wide})
	if err != nil {
		return "", err
	}
	token, err := t.azure.MintServiceConnectionToken(organization, dataLake, dataConnection, emado.TokenOptions{})
	if err != nil {
		return "", err
	}
	if _, err := t.signIn(t.ctx, role.Role.ARN, token); err != nil {
		return "", fmt.Errorf("the widened policy should let a neighbour in: %w", err)
	}
	return "connection aws-data of Data Lake gets in now", nil
}

func (t *story) seeDrift() (string, error) {
	if _, err := t.slack.Command(t.ctx, people[requester].ID, channel, "drift "+string(t.f.ID)); err != nil {
		return "", err
	}
	err := t.until("a critical finding", func(f workflows.Federation) bool {
		return len(f.Findings) > 0 && f.Findings[0].Level == workflows.Critical
	})
	if err != nil {
		return "", err
	}
	x := t.f.Findings[0]
	return fmt.Sprintf("%s %s: %s, %s", x.ID, x.Level, x.Class, x.Field), nil
}

func (t *story) restoreIt() (string, error) {
	if err := t.press(approver, "finding_restore", t.f.Findings[0].ID); err != nil {
		return "", err
	}
	if err := t.until("restored", func(f workflows.Federation) bool { return len(f.Errands) == 0 && len(f.Findings) == 0 }); err != nil {
		return "", err
	}
	role, _ := t.f.Plan.Step(workflows.RoleID)
	token, err := t.azure.MintServiceConnectionToken(organization, dataLake, dataConnection, emado.TokenOptions{})
	if err != nil {
		return "", err
	}
	if _, err := t.signIn(t.ctx, role.Role.ARN, token); errorCode(err) != "AccessDenied" {
		return "", fmt.Errorf("the neighbour should be shut out again: %v", err)
	}
	got, err := t.iam(t.f.Names.AccountID).GetRole(t.ctx, &iam.GetRoleInput{RoleName: &role.Role.Name})
	if err != nil {
		return "", err
	}
	if trust, err := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); err != nil || trust != role.Role.Trust {
		return "", fmt.Errorf("trust policy is %s (%v)", trust, err)
	}
	return "the approved trust policy is back, and the neighbour is shut out", nil
}

// unreadable lets AWS fail and demands that nothing is called missing.
func (t *story) unreadable() (string, error) {
	t.gates["aws"].Set(wire.Fault{Call: "iam:*", When: "before", Kind: "error"})
	defer t.gates["aws"].Set()
	t.mu.Lock()
	a := t.running.app
	t.mu.Unlock()
	report, err := a.Drift(t.ctx, t.f.ID)
	if err != nil {
		return "", err
	}
	if report.Read != 0 || report.Of != 1 || len(report.Unread) != 1 || len(report.Findings) != 0 {
		return "", fmt.Errorf("%d of %d read, %d findings", report.Read, report.Of, len(report.Findings))
	}
	return "0 of 1 read, and nothing is claimed about it: " + report.Unread[0].Say, nil
}

// revoke: at once, with a reason; nothing of it is left, and its token opens
// nothing.
func (t *story) revoke() error {
	return t.steps(
		t.active,
		func() error { return t.step("Outsider tries to revoke", t.outsiderRevokes) },
		func() error { return t.step("Requester revokes", t.revokeIt) },
		func() error { return t.step("nothing of it is left", t.nothingLeft) },
		func() error { return t.step("history and store agree", t.historyAgrees) },
	)
}

func (t *story) outsiderRevokes() (string, error) {
	if _, err := t.slack.Command(t.ctx, people[outsider].ID, channel, "revoke "+string(t.f.ID)+" --reason 'no reason'"); err != nil {
		return "", err
	}
	text, err := t.answered(outsider, "Not revoked")
	if err != nil {
		return "", err
	}
	f, err := t.federation(t.ctx, t.f.ID)
	if err != nil || f.State != workflows.Active {
		return "", fmt.Errorf("it is %s: %w", f.State, err)
	}
	return text, nil
}

func (t *story) revokeIt() (string, error) {
	if _, err := t.slack.Command(t.ctx, people[requester].ID, channel, "revoke "+string(t.f.ID)+" --reason 'Deploys moved elsewhere. SHOP-500'"); err != nil {
		return "", err
	}
	err := t.until("closed", func(f workflows.Federation) bool { return f.State == workflows.Closed })
	return string(t.f.ID) + " is closed, " + string(t.f.Outcome), err
}

func (t *story) nothingLeft() (string, error) {
	role, _ := t.f.Plan.Step(workflows.RoleID)
	if _, err := t.iam(t.f.Names.AccountID).GetRole(t.ctx, &iam.GetRoleInput{RoleName: &role.Role.Name}); errorCode(err) != "NoSuchEntity" {
		return "", fmt.Errorf("the role is still there: %v", err)
	}
	c, err := t.connection(t.ctx, t.f.Approved.Connection)
	if err != nil || c != nil {
		return "", errors.Join(fmt.Errorf("the connection is still there: %v", c), err)
	}
	provider, _ := t.f.Plan.Step(workflows.ProviderID)
	if _, err := t.iam(t.f.Names.AccountID).GetOpenIDConnectProvider(t.ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &provider.Provider.ARN}); err != nil {
		return "", fmt.Errorf("the OIDC provider must stay: %w", err)
	}
	return "no role and no connection; the OIDC provider, which others use, is untouched", nil
}
