package aws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	dev      = "111122223333"
	prod     = "444455556666"
	region   = "eu-west-1"
	boundary = "arn:aws:iam::" + dev + ":policy/ado-federation/boundary"
	devKey   = "AKIADEVADMIN00000001"
	secret   = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY11"
)

// keys are credentials of a test.
type keys struct{ id, secret, token string }

var (
	devAdmin  = keys{devKey, secret, ""}
	prodAdmin = keys{"AKIAPRODADMIN0000001", secret, ""}
	host      = keys{"AKIAHOST000000000001", secret, ""}
)

// rig is an emulator on the wire with a clock that the test moves.
type rig struct {
	*Server
	url  string
	path string
	gate *wire.Gate

	mu  sync.Mutex
	now time.Time
}

func (r *rig) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func testSeed() Seed {
	writer := `{"Version":"2012-10-17","Statement":[
	 {"Sid":"CreateOnlyBounded","Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy","iam:DeleteRolePolicy","iam:PutRolePermissionsBoundary","iam:UpdateAssumeRolePolicy","iam:DeleteRole"],
	  "Resource":"arn:aws:iam::` + dev + `:role/ado-federation/*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + boundary + `"}}},
	 {"Sid":"Read","Effect":"Allow","Action":["iam:GetRole","iam:ListRoles"],"Resource":"*"},
	 {"Sid":"NeverTouchGuardrails","Effect":"Deny","Action":["iam:DeleteRolePermissionsBoundary"],"Resource":"*"}]}`
	return Seed{
		Accounts: []Account{
			{ID: dev, Alias: "shop-dev", Kind: "development", AccessKeyID: devAdmin.id, SecretAccessKey: devAdmin.secret},
			{ID: prod, Alias: "shop-prod", Kind: "production", AccessKeyID: prodAdmin.id, SecretAccessKey: prodAdmin.secret},
		},
		Users: []User{{
			Account: prod, Name: "host", AccessKeyID: host.id, SecretAccessKey: host.secret,
			Inline: map[string]string{"assume": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/fedbot/*"}]}`},
		}},
		Policies: []Policy{{Account: dev, Name: "boundary", Path: "/ado-federation/", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","lambda:*","dynamodb:*"],"Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}`}},
		Roles: []Role{{
			Account: dev, Name: "fedbot-writer", Path: "/fedbot/", Inline: map[string]string{"write": writer},
			Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + prod + `:user/host"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"secret-id"}}}]}`,
		}},
		Buckets:   []Bucket{{Account: dev, Name: "shop-site", Region: region}, {Account: prod, Name: "shop-prod-site", Region: region}},
		Objects:   []Object{{Bucket: "shop-site", Key: "web/index.html", Body: []byte("hello")}},
		Functions: []Function{{Account: dev, Region: region, Name: "checkout", Runtime: "provided.al2023", Code: []byte("v1")}},
		Tables:    []Table{{Account: dev, Region: region, Name: "orders", Key: "id"}},
	}
}

// start opens an emulator on a journal in a file, so that it can be opened again.
func start(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	return reopen(t, filepath.Join(t.TempDir(), "journal"), time.Now().UTC().Truncate(time.Second), change...)
}

func reopen(t *testing.T, path string, now time.Time, change ...func(*Options)) *rig {
	t.Helper()
	journal, err := wire.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	r := &rig{now: now, path: path, gate: &wire.Gate{}}
	o := Options{Journal: journal, Gate: r.gate, Now: r.Now, Seed: testSeed(), Switches: Switches{Rates: []Rate{}}} // a clock that stands still fills no bucket
	for _, c := range change {
		c(&o)
	}
	if r.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(r.Server)
	t.Cleanup(web.Close)
	r.url = web.URL
	return r
}

// again is the emulator as it comes back after a kill at this moment.
func (r *rig) again(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	text := must[[]byte](t)(os.ReadFile(r.path))
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return reopen(t, path, r.Now(), change...)
}

// whole reads an answer to its end before it hands it over. The SDK closes the
// request's body as soon as it has the head of an answer, and then it happens that
// the connection ends in the middle of a long answer.
type whole struct{}

func (whole) Do(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

func (r *rig) config(k keys) sdk.Config {
	return sdk.Config{
		Region: region, BaseEndpoint: sdk.String(r.url), RetryMaxAttempts: 1, HTTPClient: whole{},
		Credentials: credentials.NewStaticCredentialsProvider(k.id, k.secret, k.token),
	}
}

func (r *rig) iam(k keys) *iam.Client { return iam.NewFromConfig(r.config(k)) }
func (r *rig) sts(k keys) *sts.Client { return sts.NewFromConfig(r.config(k)) }

// trail looks where the events of IAM and of the global sign-in are.
func (r *rig) trail(k keys) *cloudtrail.Client { return r.trailIn(k, "us-east-1") }

func (r *rig) trailIn(k keys, region string) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(r.config(k), func(o *cloudtrail.Options) { o.Region = region })
}

// must fails the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// code is the code of an AWS error, or empty.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}

// writer is a session of the writer role.
func (r *rig) writer(t *testing.T) keys {
	t.Helper()
	out, err := r.sts(host).AssumeRole(context.Background(), &sts.AssumeRoleInput{
		RoleArn: sdk.String("arn:aws:iam::" + dev + ":role/fedbot/fedbot-writer"), RoleSessionName: sdk.String("fedbot"),
		ExternalId: sdk.String("secret-id"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
}
