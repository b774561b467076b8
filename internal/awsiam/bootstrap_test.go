package awsiam_test

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"fedbot/policies"
)

// Somebody else's CloudFormation deploys what fedbot bootstrap aws prints, with the
// aws CLI and parameters, and makes the very documents that the conformance suite
// ran under.
func TestBootstrapDeploysOnMoto(t *testing.T) {
	t.Parallel()
	cli, err := exec.LookPath("aws")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the aws CLI is not installed, and CI must not do without it")
		}
		t.Skip("the aws CLI is not installed")
	}
	w := moto(t)(t)
	w.begin(t)
	mine := bootstrap(t) // with every parameter given: moto leaves a statement that is AWS::NoValue in its list
	mine.ExternalID, mine.Assumable = "contoso-fedbot", "cdk-*"
	printed := mine
	printed.Principal, printed.ExternalID, printed.Issuers = "", "", nil // as for everybody; these come as parameters
	text, err := printed.Template()
	w.do(nil, err)
	file := filepath.Join(t.TempDir(), "fedbot.yaml")
	w.do(nil, os.WriteFile(file, text, 0o600))
	deploy := exec.CommandContext(t.Context(), cli, "--endpoint-url", w.endpoint, "--region", "eu-west-1", "cloudformation", "create-stack", "--stack-name", "fedbot",
		"--template-body", "file://"+file, "--capabilities", "CAPABILITY_NAMED_IAM", "--parameters", "ParameterKey=Principal,ParameterValue="+mine.Principal,
		"ParameterKey=ExternalId,ParameterValue="+mine.ExternalID, "ParameterKey=Issuer,ParameterValue="+mine.Issuers[0], "ParameterKey=AssumableRoles,ParameterValue=cdk-*")
	deploy.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+w.fedbot.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+w.fedbot.SecretAccessKey, "AWS_EC2_METADATA_DISABLED=true")
	if out, err := deploy.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := mine.In(account)
	for name, policy := range map[string]struct{ name, rights string }{
		policies.WriterName: {"writer", want.Writer}, policies.ReaderName: {"reader", want.Reader}} {
		role, err := w.other.GetRole(soon(t), &iam.GetRoleInput{RoleName: aws.String(name)})
		w.do(nil, err)
		same(t, name+"'s trust", want.Trust, aws.ToString(role.Role.AssumeRolePolicyDocument))
		if got := aws.ToString(role.Role.Arn); got != "arn:aws:iam::"+account+":role/ado-federation/"+name {
			t.Errorf("it is %s", got)
		}
		rights, err := w.other.GetRolePolicy(soon(t), &iam.GetRolePolicyInput{RoleName: aws.String(name), PolicyName: aws.String(policy.name)})
		w.do(nil, err)
		same(t, name+"'s rights", policy.rights, aws.ToString(rights.PolicyDocument))
	}
	boundary, err := w.other.GetPolicyVersion(soon(t), &iam.GetPolicyVersionInput{PolicyArn: aws.String(boundaryARN), VersionId: aws.String("v1")})
	w.do(nil, err)
	same(t, "boundary", want.Boundary, aws.ToString(boundary.PolicyVersion.Document))
}

func same(t *testing.T, what, want, got string) {
	t.Helper()
	plain, err := url.PathUnescape(got)
	if err != nil {
		t.Fatal(err)
	}
	plain = strings.ReplaceAll(plain, "'", `"`) // moto keeps the policies of a stack's role as Python prints them
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(plain), &b); err != nil {
		t.Fatalf("%s: %v in %q", what, err, plain)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s (-tested +deployed):\n%s", what, diff)
	}
}
