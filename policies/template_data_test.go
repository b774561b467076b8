package policies

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCheckData plants mistakes in templates that have none; the first three are
// mistakes that people made.
func TestCheckData(t *testing.T) {
	for _, tc := range []struct{ template, old, new, want string }{
		{"secrets-read", `secret:${secret}-??????"`, `secret:${secret}-??????"
    Condition:
      StringEquals:
        secretsmanager:VersionStage: ["AWSCURRENT"]`, "secretsmanager:VersionStage is not sent with secretsmanager:DescribeSecret"},
		{"tf-state-dynamodb-lock", "- dynamodb:GetItem", "- dynamodb:DescribeTable", "dynamodb:LeadingKeys is not sent with dynamodb:DescribeTable"},
		{"audit-read", "access-analyzer:ListFindings", "access-analyzer:ListFindingsV2", "access-analyzer:ListFindingsV2 is no action"},
		{"s3-static-site", "- s3:PutObject", "- s3:putObject", "s3:putObject is written s3:PutObject"},
		{"s3-static-site", `s3:::${bucket}/${prefix}*"`, `s3:::${bucket}"`, "s3:PutObject is never on any of its resources"},
		{"lambda-code", `function:${function}:*"`, `layer:${function}:*"`, "no action of it is ever on"},
		{"beanstalk-version", `    Resource:
      - "arn:${partition}:elasticbeanstalk:${region}:${account}:application/${application}"
`, "    Resource:\n", "elasticbeanstalk:CreateApplicationVersion is never allowed: each call names a application"},
		{"ecr-push", `repository/${repository}"`, `repository/${repository}"
      - "*"`, "ecr:PutImage is allowed on everything"},
		{"ecr-push", "- ecr:PutImage", "- ecr:GetAuthorizationToken", "ecr:GetAuthorizationToken cannot be limited to a resource"},
	} {
		tpl, ok := mustBuiltin(t).Get(tc.template)
		text := strings.Replace(string(tpl.Source()), tc.old, tc.new, 1)
		if !ok || text == string(tpl.Source()) {
			t.Errorf("%s: nothing was changed", tc.want)
			continue
		}
		changed, err := ParseTemplate([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", tc.want, err)
			continue
		}
		if got := strings.Join(changed.CheckData(), "\n"); !strings.Contains(got, tc.want) {
			t.Errorf("want %s, got %q", tc.want, got)
		}
	}
}

// TestCfnLintAgrees shows all policies to cfn-lint in one run, and beside them one
// with a mistake, which it must find.
func TestCfnLintAgrees(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("cfn-lint is not on the path, and CI must not do without it")
		}
		t.Skip("cfn-lint is not on the path, so nobody from outside looks at the policies here")
	}
	resources := map[string]any{}
	word := regexp.MustCompile(`[^A-Za-z0-9]`)
	for _, tpl := range builtins(t) {
		for kind, params := range map[string]map[string]string{"": tpl.Examples(), "Least": needed(tpl)} {
			document, err := tpl.Document(params, "111122223333", "eu-west-1")
			if err != nil {
				t.Fatal(err)
			}
			resources[word.ReplaceAllString(tpl.Name, "")+kind] = managed(document)
		}
	}
	good := cloudFormation(t, "good.json", resources)
	bad := cloudFormation(t, "bad.json", map[string]any{"Bad": managed(strings.Replace(goodSite, "s3:PutObject", "s3:HeadBucket", 1))})
	out, err := exec.Command(lint, "--include-checks", "I", "--regions", "eu-west-1", "--format", "parseable", good, bad).CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, out)
	}
	found := false
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasPrefix(line, bad):
			found = found || strings.Contains(line, "W3037")
		case strings.TrimSpace(line) != "":
			t.Errorf("cfn-lint: %s", line)
		}
	}
	if !found {
		t.Errorf("cfn-lint did not see the mistake that was planted:\n%s", out)
	}
}

func managed(document string) map[string]any {
	return map[string]any{"Type": "AWS::IAM::ManagedPolicy", "Properties": map[string]any{"PolicyDocument": json.RawMessage(document)}}
}

func cloudFormation(t *testing.T, name string, resources map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
