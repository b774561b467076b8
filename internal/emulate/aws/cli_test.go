package aws

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/judge"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// TestCommandLine drives the emulator with the aws command, if there is one.
func TestCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("the aws command starts slowly")
	}
	command, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the aws command is not on the path")
	}
	r := reopen(t, filepath.Join(t.TempDir(), "journal"), time.Now().UTC())
	must[*iam.CreateRoleOutput](t)(r.iam(devAdmin).CreateRole(context.Background(), newRoleInput("ado-shop")))
	run := func(args ...string) (string, error) {
		cmd := exec.Command(command, append([]string{"--endpoint-url", r.url, "--region", region, "--output", "json"}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+devAdmin.id, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_SESSION_TOKEN=", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var called []string
	t.Cleanup(func() { judge.Called(t, "aws-cli", called) })
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte("<p>hello</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"iam", "get-role", "--role-name", "ado-shop"}, `"PermissionsBoundaryArn": "` + boundary + `"`},
		{[]string{"s3", "cp", file, "s3://shop-site/web/p age.html"}, "upload:"},
		{[]string{"dynamodb", "put-item", "--table-name", "orders", "--item", `{"id":{"S":"7"}}`}, ""},
		{[]string{"lambda", "get-function-configuration", "--function-name", "checkout"}, `"State": "Active"`},
		{[]string{"cloudtrail", "lookup-events", "--region", "us-east-1", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateRole"}, `"EventName": "CreateRole"`},
	} {
		called = append(called, tt.args[0]+":"+tt.args[1])
		t.Run(tt.args[0]+" "+tt.args[1], func(t *testing.T) {
			t.Parallel()
			if out, err := run(tt.args...); err != nil || !strings.Contains(out, tt.want) {
				t.Errorf("aws %s: %v\n%s", strings.Join(tt.args, " "), err, out)
			}
		})
	}
	out, err := run("iam", "list-roles", "--path-prefix", "/ado-federation/", "--query", "Roles[].RoleName")
	var names []string
	if err != nil || json.Unmarshal([]byte(out), &names) != nil || len(names) != 1 || names[0] != "ado-shop" {
		t.Errorf("listed %v %s", err, out)
	}
	if out, err = run("iam", "get-role", "--role-name", "nobody"); err == nil || !strings.Contains(out, "NoSuchEntity") {
		t.Errorf("a missing role: %v %s", err, out)
	}
}
