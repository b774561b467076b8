package policies

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

var update = flag.Bool("update", false, "write the golden files")

const sampleBoundary = `{"Version":"2012-10-17","Statement":[
 {"Sid":"Most","Effect":"Allow","Action":["s3:*","lambda:*","dynamodb:*","sts:GetCallerIdentity"],"Resource":"*"},
 {"Sid":"Guard","Effect":"Deny","Action":["iam:*","s3:PutBucketPolicy"],"Resource":"*"}]}`

// samplePlanner is the planner of the example world.
func samplePlanner(t testing.TB) *Planner {
	t.Helper()
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return &Planner{Catalogue: c, Profiles: map[string]Profile{"contoso": sampleProfile()}}
}

func sampleProfile() Profile {
	return Profile{
		Name: "vstoken", Issuer: "https://vstoken.dev.azure.com/{organization.id}",
		Audience: "api://AzureADTokenExchange", Subject: "sc://{organization}/{project}/{connection}",
	}
}

// sampleInput is the request of the example world: Web Shop deploys files to shop-dev.
func sampleInput() workflows.Input {
	return workflows.Input{
		Federation: "F-17", Key: "7f3a", Owner: "web-shop", Now: time.Date(2026, 11, 24, 9, 20, 0, 0, time.UTC),
		Proposal: workflows.Proposal{
			Kind: workflows.Create, Organization: "contoso", Project: "web shop", Connection: "aws-shop-dev", Account: "shop-dev",
			Grants:    []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev", "prefix": "web/"}}},
			Pipelines: []string{"storefront-nightly", "Storefront-Deploy"}, Branches: []string{"release/*", "main"},
			Ends: time.Date(2027, 5, 24, 0, 0, 0, 0, time.UTC), Reason: "Deploy the storefront from CI. SHOP-412",
		},
		Facts: workflows.Facts{
			AzureDevOps: workflows.AzureFacts{
				Organization: "contoso", OrganizationID: "6804a3a0-e94c-41ae-9343-c5676fd58375",
				Project: "Web Shop", ProjectID: "5b1f1e0c-2f1b-4a53-9d2d-1f6f2f3c4d5e",
				Pipelines: []workflows.Pipeline{{ID: 12, Name: "storefront-nightly"}, {ID: 11, Name: "storefront-deploy"}},
				Branches:  []workflows.Branch{{Name: "main", Protected: true, Reviewers: 2}, {Name: "release/*"}},
				Verifier:  &workflows.Pipeline{ID: 90, Name: "fedbot-verify", Repository: "r1", Path: "fedbot/verify.yml"}, VerifyRef: "refs/heads/main",
			},
			AWS: workflows.AWSFacts{
				AccountID: "111122223333", Alias: "shop-dev", Boundary: sampleBoundary, Provider: true,
				ProviderARN: "arn:aws:iam::111122223333:oidc-provider/vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375",
				Audiences:   []string{"api://AzureADTokenExchange"},
			},
		},
		Account: workflows.Account{
			ID: "111122223333", Name: "shop-dev", Region: "eu-west-1", Owners: "shop-dev-owners", Boundary: "boundary",
			Values: map[string][]string{"bucket": {"shop-site-dev", "shop-media-*"}, "function": {"shop-*"}, "table": {"shop-*"}},
		},
	}
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}
