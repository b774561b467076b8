package awsiam_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fedbot/internal/awsiam"
	"fedbot/internal/emulate/judge"
	"fedbot/internal/emulate/wire"
	"fedbot/policies"
	"fedbot/workflows"
)

// world is an AWS on the wire, empty but for the permissions boundary, together
// with somebody in the account who is not fedbot.
type world struct {
	endpoint string
	fedbot   aws.Credentials // may do everything in the account
	nobody   aws.Credentials // may do nothing; without keys: this world has no such person
	gate     *wire.Gate      // nil: no faults
	setLag   func(time.Duration)
	setUp    func(*awsiam.Options) // further options of every fedbot here; nil: none
	lent     bool                  // fedbot works as the roles that fedbot bootstrap aws prints, and not as itself

	began time.Time
	other *iam.Client
	t     *testing.T
}

// begin says when the case began, and lets the stranger in.
func (w *world) begin(t *testing.T) {
	t.Helper()
	w.t, w.began = t, time.Now().UTC()
	w.other = iam.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(w.endpoint), Credentials: keys(w.fedbot),
		Retryer: func() aws.Retryer { return retry.NewStandard() },
	})
}

func keys(c aws.Credentials) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, "")
}

// aws is a fedbot in this world, signed in as somebody.
func (w *world) aws(who aws.Credentials, change ...func(*awsiam.Options)) *awsiam.AWS {
	w.t.Helper()
	o := awsiam.Options{
		Config:    aws.Config{Region: "eu-west-1", Credentials: keys(who)},
		Endpoint:  w.endpoint,
		Accounts:  []awsiam.Account{{ID: account, Name: "shop-dev", Region: "eu-west-1", Boundary: "boundary"}},
		Now:       func() time.Time { return w.began },
		PerSecond: 10000,
	}
	if w.setUp != nil {
		w.setUp(&o)
	}
	for _, f := range change {
		f(&o)
	}
	a, err := awsiam.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// timed sets a task into this world's time: intended when the case began, and
// looked at a minute later, when nothing lags any more.
func (w *world) timed(t workflows.Task) workflows.Task {
	t.Intended, t.Now = w.began, w.began.Add(time.Minute)
	return t
}

func (w *world) do(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// boundary makes the account's permissions boundary, as fedbot bootstrap aws prints it.
func (w *world) boundary() {
	w.t.Helper()
	w.do(w.other.CreatePolicy(soon(w.t), &iam.CreatePolicyInput{
		PolicyName: aws.String(policies.BoundaryName), Path: aws.String(workflows.RolePath), PolicyDocument: aws.String(rights(w.t).Boundary),
	}))
}

// rights are what fedbot bootstrap aws prints for the account.
func rights(t *testing.T) policies.AccountRights {
	t.Helper()
	return bootstrap(t).In(account)
}

func bootstrap(t *testing.T) policies.Bootstrap {
	t.Helper()
	templates, err := policies.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return policies.Bootstrap{Principal: "arn:aws:iam::" + account + ":root", Issuers: []string{strings.TrimPrefix(issuer, "https://")},
		Passable: policies.DefaultPassable, Templates: templates}
}

// role is how the stranger sees the role and everything on it, as text.
func (w *world) role() string {
	w.t.Helper()
	ctx := soon(w.t)
	role, err := w.other.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(roleName)})
	w.do(role, err)
	inline, err := w.other.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: aws.String(roleName)})
	w.do(inline, err)
	attached, err := w.other.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(roleName)})
	w.do(attached, err)
	r := role.Role
	text := fmt.Sprint(aws.ToString(r.RoleId), aws.ToString(r.AssumeRolePolicyDocument), aws.ToString(r.Description), aws.ToInt32(r.MaxSessionDuration))
	if r.PermissionsBoundary != nil {
		text += aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
	}
	for _, tag := range r.Tags {
		text += aws.ToString(tag.Key) + "=" + aws.ToString(tag.Value)
	}
	for _, p := range attached.AttachedPolicies {
		text += aws.ToString(p.PolicyArn)
	}
	return text + fmt.Sprint(inline.PolicyNames)
}

// has reports whether the role carries this inline policy.
func (w *world) has(policy string) bool {
	w.t.Helper()
	_, err := w.other.GetRolePolicy(soon(w.t), &iam.GetRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String(policy)})
	return w.found(err)
}

// exists reports whether there is a role under our name.
func (w *world) exists() bool {
	w.t.Helper()
	_, err := w.other.GetRole(soon(w.t), &iam.GetRoleInput{RoleName: aws.String(roleName)})
	return w.found(err)
}

func (w *world) found(err error) bool {
	w.t.Helper()
	var api interface{ ErrorCode() string }
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchEntity" {
		return false
	}
	w.do(nil, err)
	return true
}

// moto is one moto server for all cases; reset empties it. Where it is lax, its
// cases are skipped, and the emulator alone is the judge:
//
//   - no rights: every credential may do everything
//   - no lag and no faults
//   - CreateRole takes a permissions boundary that does not exist
//   - documents come back without percent-encoding
//   - no limits on sizes, so the hold always has room
func moto(t *testing.T) (reset func(*testing.T) *world) {
	t.Helper()
	url := judge.Moto(t)
	return func(t *testing.T) *world {
		t.Helper()
		post(t, url+"/moto-api/reset")
		return &world{endpoint: url, fedbot: aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}}
	}
}

func post(t *testing.T, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(soon(t), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}
