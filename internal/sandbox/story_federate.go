package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fedbot/policies"
	"fedbot/workflows"
)

const (
	requester = iota
	approver
	secondApprover
	accountOwner
	administrator
	auditor
	outsider
	guest
)

func holds(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// federate: ask, shut out who may not decide, approve, prove, use, attack.
func (t *story) federate() error {
	return t.steps(
		func() error { return t.step("Requester asks in one line", t.ask) },
		func() error {
			return t.step("Outsider presses Approve", func() (string, error) {
				return t.refused(outsider, "Not approved", "you are not in shop-approvers")
			})
		},
		func() error {
			return t.step("Requester presses Approve", func() (string, error) {
				return t.refused(requester, "Not approved", "you asked for this yourself")
			})
		},
		func() error {
			return t.step("Guest presses Approve", func() (string, error) { return t.refused(guest, "Not approved", "guests") })
		},
		func() error { return t.step("nothing exists yet", t.nothingExists) },
		func() error { return t.step("somebody else asks for the same", t.askedTwice) },
		func() error { return t.step("Approver approves", t.approve) },
		func() error { return t.step("fedbot provisions and proves", t.activate) },
		func() error { return t.step("AWS holds exactly what was approved", t.awsAsApproved) },
		func() error { return t.step("Azure DevOps holds exactly what was approved", t.devopsAsApproved) },
		func() error { return t.step("the card says it is active", t.cardIsActive) },
		func() error { return t.step("Requester hears how to use it", t.requesterHears) },
		func() error { return t.step("use it", t.useIt) },
		func() error { return t.step("attack it", t.attackIt) },
		func() error { return t.step("history and store agree", t.historyAgrees) },
	)
}

// ask asks for a connection that nobody has, and waits for the card.
func (t *story) ask() (string, error) {
	known := map[workflows.FederationID]bool{}
	list, err := t.list()
	if err != nil {
		return "", err
	}
	for _, f := range list {
		known[f.ID] = true
	}
	command := askCommand
	if n := len(list); n > 1 {
		command = strings.Replace(command, "aws-shop-dev", fmt.Sprintf("aws-shop-dev-%d", n), 1)
	}
	if _, err := t.slack.Command(t.ctx, people[requester].ID, channel, command); err != nil {
		return "", err
	}
	err = t.await("a federation", func() (bool, error) {
		list, err := t.list()
		for _, f := range list {
			if !known[f.ID] {
				t.f = f
				return true, err
			}
		}
		return false, err
	})
	if err != nil {
		return "", err
	}
	if err := t.until("a card", func(f workflows.Federation) bool {
		_, ok := t.button(people[approver].ID, "request_approve", string(f.ID)+".1")
		return ok
	}); err != nil {
		return "", err
	}
	r := t.f.Requests[0]
	return fmt.Sprintf("%s is in #shop-approvals: %s risk, %d checks passed, plan %s", r.ID, r.Checked.Words.Risk, len(r.Checked.Checks), r.Checked.Digest.Short()), nil
}

func (t *story) list() ([]workflows.Federation, error) {
	t.mu.Lock()
	r := t.running
	t.mu.Unlock()
	if r == nil {
		return nil, errors.New("fedbot is stopped")
	}
	return r.app.Store().List(t.ctx)
}

func (t *story) refused(person int, words ...string) (string, error) {
	if err := t.press(person, "request_approve", string(t.f.ID)+".1"); err != nil {
		return "", err
	}
	return t.answered(person, words...)
}

func (t *story) nothingExists() (string, error) {
	name := workflows.RoleName(t.f.Names.Project, t.f.Approved.Connection, t.f.Key)
	_, err := t.iam(devAccount).GetRole(t.ctx, &iam.GetRoleInput{RoleName: &name})
	if errorCode(err) != "NoSuchEntity" {
		return "", fmt.Errorf("GetRole %s: %w", name, err)
	}
	c, err := t.connection(t.ctx, t.f.Approved.Connection)
	if err != nil || c != nil {
		return "", fmt.Errorf("a connection is there already (%v): %w", c, err)
	}
	return "no role " + name + ", no connection " + t.f.Approved.Connection, nil
}

func (t *story) askedTwice() (string, error) {
	again := strings.Replace(askCommand, "aws-shop-dev ", t.f.Approved.Connection+" ", 1)
	if _, err := t.slack.Command(t.ctx, people[requester].ID, channel, again); err != nil {
		return "", err
	}
	return t.answered(requester, "Not sent", string(t.f.ID))
}

func (t *story) approve() (string, error) {
	if err := t.press(approver, "request_approve", string(t.f.ID)+".1"); err != nil {
		return "", err
	}
	err := t.until("the approval", func(f workflows.Federation) bool { return len(f.Requests[0].Approvals) == 1 })
	return "1 of 1 of shop-approvers", err
}

func (t *story) activate() (string, error) {
	if err := t.until("active", func(f workflows.Federation) bool { return f.State == workflows.Active }); err != nil {
		return "", err
	}
	shut := 0
	for _, n := range t.f.Shut {
		if n.Denied {
			shut++
		}
	}
	if t.f.Proof == nil || t.f.ProvedAt.IsZero() || shut != 5 || len(t.f.Shut) != 5 {
		return "", fmt.Errorf("active without a proof: %+v, %d of %d neighbours shut out", t.f.Proof, shut, len(t.f.Shut))
	}
	return fmt.Sprintf("proved by run %d of %s; 5 of 5 neighbours shut out", t.f.Proof.Run, t.f.Proof.Pipeline), nil
}

// iam is AWS's own client, signed in as an administrator of the account.
func (t *story) iam(account string) *iam.Client {
	id, key := t.secrets.DevKeyID, t.secrets.DevKey
	if account == prodAccount {
		id, key = t.secrets.ProdKeyID, t.secrets.ProdKey
	}
	return iam.New(iam.Options{Region: "eu-west-1", BaseEndpoint: aws.String(t.url(t.ports.AWS)),
		Credentials: credentials.NewStaticCredentialsProvider(id, key, "")})
}

// awsAsApproved reads what is there with AWS's client and compares it to the
// letter with the plan whose digest was approved.
func (t *story) awsAsApproved() (string, error) {
	want, _ := t.f.Plan.Step(workflows.RoleID)
	c := t.iam(t.f.Names.AccountID)
	got, err := c.GetRole(t.ctx, &iam.GetRoleInput{RoleName: &want.Role.Name})
	if err != nil {
		return "", err
	}
	trust, err := url.PathUnescape(*got.Role.AssumeRolePolicyDocument)
	if err != nil || trust != want.Role.Trust {
		return "", fmt.Errorf("trust policy is %s and should be %s (%v)", trust, want.Role.Trust, err)
	}
	if got.Role.PermissionsBoundary == nil || *got.Role.PermissionsBoundary.PermissionsBoundaryArn != want.Role.Boundary || *got.Role.Arn != want.Role.ARN {
		return "", errors.New("another boundary or another ARN than approved")
	}
	list, err := c.ListRolePolicies(t.ctx, &iam.ListRolePoliciesInput{RoleName: &want.Role.Name})
	if err != nil {
		return "", err
	}
	approved := map[string]string{}
	for _, s := range t.f.Plan.Steps {
		if s.Kind == workflows.StepPolicy {
			approved[s.Policy.Name] = s.Policy.Document
		}
	}
	for _, name := range list.PolicyNames {
		if name == policies.HoldName {
			return "", errors.New("the hold is still there")
		}
		p, err := c.GetRolePolicy(t.ctx, &iam.GetRolePolicyInput{RoleName: &want.Role.Name, PolicyName: &name})
		if err != nil {
			return "", err
		}
		doc, err := url.PathUnescape(*p.PolicyDocument)
		if err == nil && name == policies.SessionsName && policies.IsSessions(doc) {
			continue // the lift ended what was opened under the hold
		}
		if err != nil || doc != approved[name] {
			return "", fmt.Errorf("policy %s is %s and should be %s (%v)", name, doc, approved[name], err)
		}
		delete(approved, name)
	}
	if len(approved) > 0 {
		return "", fmt.Errorf("policies are missing: %v", approved)
	}
	return fmt.Sprintf("role %s with its policies, its boundary, and no hold", want.Role.Name), nil
}

// endpoint is a service connection as Azure DevOps's API tells it.
type endpoint struct {
	ID, Name, Type string
	Authorization  struct{ Parameters map[string]*string }
}

func (t *story) connection(ctx context.Context, name string) (*endpoint, error) {
	var out struct{ Value []endpoint }
	err := t.devops(ctx, "GET", webShopID+"/_apis/serviceendpoint/endpoints?api-version=7.1", "", &out)
	for _, e := range out.Value {
		if strings.EqualFold(e.Name, name) {
			return &e, err
		}
	}
	return nil, err
}

func (t *story) devopsAsApproved() (string, error) {
	c, err := t.connection(t.ctx, t.f.Approved.Connection)
	if err != nil || c == nil {
		return "", fmt.Errorf("no connection: %w", err)
	}
	want, _ := t.f.Plan.Step(workflows.ConnectionID)
	p := c.Authorization.Parameters
	text := func(k string) string {
		if p[k] == nil {
			return ""
		}
		return *p[k]
	}
	if text("useOIDC") != "true" || text("assumeRoleArn") != want.Connection.RoleARN || text("username") != "" || text("password") != "" {
		raw, _ := json.Marshal(p)
		return "", fmt.Errorf("the connection is not as approved: %s", raw)
	}
	var perm struct {
		AllPipelines *struct{ Authorized bool }
		Pipelines    []struct {
			ID         int
			Authorized bool
		}
	}
	if err := t.devops(t.ctx, "GET", webShopID+"/_apis/pipelines/pipelinepermissions/endpoint/"+c.ID+"?api-version=7.1-preview.1", "", &perm); err != nil {
		return "", err
	}
	if perm.AllPipelines != nil && perm.AllPipelines.Authorized || len(perm.Pipelines) != 1 || perm.Pipelines[0].ID != storefront {
		return "", fmt.Errorf("other pipelines than storefront-deploy are permitted: %+v", perm)
	}
	var checks struct{ Value []json.RawMessage }
	if err := t.devops(t.ctx, "GET", webShopID+"/_apis/pipelines/checks/configurations?resourceType=endpoint&resourceId="+c.ID+"&$expand=settings&api-version=7.1-preview.1", "", &checks); err != nil {
		return "", err
	}
	if len(checks.Value) != 1 || !strings.Contains(string(checks.Value[0]), "refs/heads/main") {
		return "", fmt.Errorf("the branch check is not there: %s", checks.Value)
	}
	return "connection " + c.Name + " uses OIDC, holds no key, and only storefront-deploy may use it, from main", nil
}

func (t *story) cardIsActive() (string, error) {
	var text string
	err := t.await("the card of an active federation", func() (bool, error) {
		for _, c := range t.slack.Snapshot(people[approver].ID).Channels {
			for _, m := range c.Messages {
				if c.ID == channel && strings.HasPrefix(m.Text, "Active") && strings.Contains(m.Text, string(t.f.ID)) {
					text, _, _ = strings.Cut(m.Text, "\n")
					return true, nil
				}
			}
		}
		return false, nil
	})
	return text, err
}

func (t *story) requesterHears() (string, error) {
	_, err := t.answered(requester, string(t.f.ID), "awsCredentials: "+t.f.Approved.Connection)
	return "by direct message, with YAML to paste", err
}

func (t *story) useIt() (string, error) {
	used, err := t.Use(t.ctx, t.f.ID)
	if err != nil {
		return "", err
	}
	for _, x := range used.Tries {
		if x.Allowed != x.Wanted {
			return "", fmt.Errorf("%s: %s %s\n%s", x.What, x.Answer, x.Detail, used.Log)
		}
	}
	return fmt.Sprintf("run %d %s with the YAML as handed out; permitted calls work and their neighbours do not (%d tried)", used.Run, used.Result, len(used.Tries)), nil
}

func (t *story) attackIt() (string, error) {
	tries, err := t.Attack(t.ctx, t.f.ID)
	if err != nil {
		return "", err
	}
	want := []string{"refused AccessDenied", "refused AccessDenied", "refused ExpiredTokenException", "refused InvalidIdentityToken", "ALLOWED"}
	for i, x := range tries {
		if x.Answer != want[i] {
			return "", fmt.Errorf("%s: AWS answered %s and should answer %s", x.What, x.Answer, want[i])
		}
	}
	return "4 of 4 neighbours shut out; the hand-made role lets one in", nil
}

// historyAgrees compares what /federate history would tell with a check of the
// whole store.
func (t *story) historyAgrees() (string, error) {
	t.mu.Lock()
	db := t.running.app.Store()
	t.mu.Unlock()
	report, err := db.Check(t.ctx)
	if err == nil {
		err = report.Err()
	}
	if err != nil {
		return "", err
	}
	events, err := db.History(t.ctx, t.f.ID)
	if err != nil {
		return "", err
	}
	again, err := workflows.Fold(t.f.ID, events)
	if err != nil {
		return "", err
	}
	f, err := db.Load(t.ctx, t.f.ID)
	if err != nil || again.Version != f.Version || again.State != f.State {
		return "", fmt.Errorf("folded to %s at %d, stored as %s at %d: %w", again.State, again.Version, f.State, f.Version, err)
	}
	return fmt.Sprintf("%d events of %d federations; every history folds to what is stored", report.Events, report.Federations), nil
}
