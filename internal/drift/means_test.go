package drift_test

import (
	"strings"
	"testing"

	"fedbot/internal/drift"
	"fedbot/policies"
	"fedbot/workflows"
)

// A finding says who gets in now, and what is allowed now, and not only that a
// document differs.
func TestFindingsSayWhatTheyMean(t *testing.T) {
	f := active(false).f
	f.Names.AccountID = "111122223333"
	want := policies.TrustWant{Account: "111122223333", Issuer: "https://vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375",
		Audience: "api://AzureADTokenExchange", Subject: "sc://contoso/Web Shop/aws-shop-dev"}
	approved := policies.Trust(want)
	role := workflows.Step{ID: workflows.RoleID, Kind: workflows.StepRole, Role: &workflows.RoleSpec{Trust: approved}}
	site := `{"Version":"2012-10-17","Statement":[{"Sid":"Site","Effect":"Allow","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::shop-site-dev/web/*"]}]}`
	policy := workflows.Step{ID: "policy-1", Kind: workflows.StepPolicy, Policy: &workflows.PolicySpec{Name: "tmpl-s3-static-site-v3", Document: site}}
	elsewhere := want
	elsewhere.Subject = "sc://contoso/Data Lake/aws-data"

	for name, tt := range map[string]struct {
		step  workflows.Step
		found string
		says  []string
		not   string
	}{
		"anybody of the organization": {role, strings.NewReplacer(`"StringEquals"`, `"StringLike"`, want.Subject, "sc://contoso/*").Replace(approved),
			[]string{"Now it names no service connection", "another project"}, ""},
		"somebody else instead": {role, policies.Trust(elsewhere), []string{"not who was approved", "sc://contoso/Data Lake/aws-data"}, ""},
		"nobody can tell":       {role, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"`, []string{"cannot tell who gets in now"}, ""},
		"more actions": {policy, strings.Replace(site, `"s3:PutObject"`, `"s3:PutObject","s3:PutBucketPolicy"`, 1),
			[]string{"s3:PutBucketPolicy"}, "It is not as approved, and not wider"},
		"everything": {policy, strings.Replace(site, `"s3:PutObject"`, `"*"`, 1), []string{"Wider:", "actions"}, "It is not as approved, and not wider"},
	} {
		t.Run(name, func(t *testing.T) {
			var differences []workflows.Difference
			if tt.step.Kind == workflows.StepRole {
				differences = policies.Diff("trust policy", approved, tt.found)
			} else {
				differences = policies.Diff("permissions policy", site, tt.found)
			}
			if len(differences) == 0 {
				t.Fatal("no difference")
			}
			for _, x := range drift.Findings(f, tt.step, workflows.Observation{Exists: true, Document: tt.found, Differences: differences}) {
				for _, say := range tt.says {
					if !strings.Contains(x.Means, say) {
						t.Errorf("%s means %q, without %q", x.Field, x.Means, say)
					}
				}
				if tt.not != "" && strings.Contains(x.Means, tt.not) {
					t.Errorf("%s means %q", x.Field, x.Means)
				}
			}
		})
	}
}
