package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/policies"
	"fedbot/workflows"
)

// cli is the aws command of somebody who knows nothing but the ready file.
type cli struct {
	program string
	env     []string
}

func newCLI(t *testing.T, st *stage) cli {
	t.Helper()
	program, err := exec.LookPath("aws")
	if err != nil {
		if inCI() {
			t.Fatal("the aws command is missing, and a build must not do without it")
		}
		t.Skip("the aws command is missing, so nobody from outside looks at AWS here")
	}
	path := filepath.Join(t.TempDir(), "ready.json")
	if err := st.WriteReady(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	var r Ready
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := r.AWS.Accounts[0]
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") })
	return cli{program, append(env, "AWS_ENDPOINT_URL="+r.AWS.Endpoint, "AWS_REGION="+r.AWS.Region, "AWS_DEFAULT_REGION="+r.AWS.Region, "AWS_ACCESS_KEY_ID="+a.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+a.SecretAccessKey, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")}
}

// get runs a command and decodes what it prints.
func (c cli) get(into any, args ...string) error {
	cmd := exec.Command(c.program, append(args, "--output", "json")...)
	cmd.Env = c.env
	out, err := cmd.Output()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return fmt.Errorf("aws %s: %s", strings.Join(args[:2], " "), failed.Stderr)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// TestAWSByItsOwnCommand reads what was made with AWS's command line, compares it
// to the letter with what was approved, and signs in with the token of a running
// job.
func TestAWSByItsOwnCommand(t *testing.T) {
	t.Parallel()
	st := begin(t)
	c := newCLI(t, st)
	f := st.active(t, "aws-shop-dev")
	role, _ := f.Plan.Step(workflows.RoleID)
	provider, _ := f.Plan.Step(workflows.ProviderID)
	want := map[string]string{}
	for _, s := range f.Plan.Steps {
		if s.Kind == workflows.StepPolicy {
			want[s.Policy.Name] = s.Policy.Document
		}
	}

	var gotProvider struct {
		URL          string `json:"Url"`
		ClientIDList []string
	}
	var gotRole struct {
		Role struct {
			Arn, Path                string
			AssumeRolePolicyDocument json.RawMessage
			PermissionsBoundary      struct{ PermissionsBoundaryArn string }
		}
	}
	var names struct{ PolicyNames []string }
	var reads errgroup.Group
	reads.Go(func() error {
		return c.get(&gotProvider, "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", provider.Provider.ARN)
	})
	reads.Go(func() error { return c.get(&gotRole, "iam", "get-role", "--role-name", role.Role.Name) })
	reads.Go(func() error { return c.get(&names, "iam", "list-role-policies", "--role-name", role.Role.Name) })
	if err := reads.Wait(); err != nil {
		t.Fatal(err)
	}
	if "https://"+gotProvider.URL != provider.Provider.Issuer || !slices.Equal(gotProvider.ClientIDList, []string{audience}) {
		t.Errorf("the provider is %+v, and %s with %s was approved", gotProvider, provider.Provider.Issuer, audience)
	}
	if gotRole.Role.Arn != role.Role.ARN || gotRole.Role.Path != workflows.RolePath || gotRole.Role.PermissionsBoundary.PermissionsBoundaryArn != role.Role.Boundary {
		t.Errorf("the role is %+v, and %+v was approved", gotRole.Role, role.Role)
	}
	sameJSON(t, "trust policy", gotRole.Role.AssumeRolePolicyDocument, role.Role.Trust)
	for _, name := range names.PolicyNames {
		if _, approved := want[name]; !approved && name != policies.SessionsName {
			t.Errorf("nobody approved policy %s", name)
		}
	}
	for name, document := range want {
		var got struct{ PolicyDocument json.RawMessage }
		if err := c.get(&got, "iam", "get-role-policy", "--role-name", role.Role.Name, "--policy-name", name); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, "policy "+name, got.PolicyDocument, document)
	}

	signIn := func(token string) (string, error) {
		var out struct{ AssumedRoleUser struct{ Arn string } }
		err := c.get(&out, "sts", "assume-role-with-web-identity", "--role-arn", role.Role.ARN, "--role-session-name", "outside", "--web-identity-token", token)
		return out.AssumedRoleUser.Arn, err
	}
	token, err := st.jobToken(f)
	if err != nil {
		t.Fatal(err)
	}
	if arn, err := signIn(token); err != nil || arn != "arn:aws:sts::"+devAccount+":assumed-role/"+role.Role.Name+"/outside" {
		t.Errorf("the job's own token signs in as %q: %v", arn, err)
	}
	neighbour, err := st.azure.MintServiceConnectionToken(organization, dataLake, dataConnection, emado.TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signIn(neighbour); err == nil || !strings.Contains(err.Error(), "(AccessDenied)") {
		t.Errorf("the command should be told AccessDenied: %v", err)
	}
}

func sameJSON(t *testing.T, what string, got json.RawMessage, want string) {
	t.Helper()
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		t.Fatalf("%s is no JSON: %s", what, got)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Errorf("%s is\n%s\nand what was approved is\n%s", what, x, y)
	}
}

// jobToken runs the permitted pipeline and asks for a token as its job may, while
// it waits for AWS.
func (st *stage) jobToken(f workflows.Federation) (string, error) {
	p := f.Facts.AzureDevOps.Pipelines[0]
	yaml := "trigger: none\n\npool:\n  vmImage: ubuntu-latest\n\nsteps:\n" + f.Words.YAML
	if _, err := st.azure.Merge(organization, f.Names.Project, p.Repository, "main", "Requester", map[string]string{p.Path: yaml}); err != nil {
		return "", err
	}
	st.gates["aws"].Set(wire.Fault{Call: "sts:AssumeRoleWithWebIdentity", When: "before", Kind: "slow", Delay: time.Second, Times: 1})
	defer st.gates["aws"].Set()
	run, err := st.queue(st.ctx, f.Names.ProjectID, p.ID, "refs/heads/main")
	if err != nil {
		return "", err
	}
	var out struct{ OIDCToken string }
	err = st.until(func() error {
		j, err := st.azure.Job(run)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(st.ctx, http.MethodPost, fmt.Sprintf(
			"%s%s/_apis/distributedtask/hubs/%s/plans/%s/jobs/%s/oidctoken?api-version=7.1-preview.1&serviceConnectionId=%s",
			j.CollectionURI, j.ProjectID, j.Hub, j.PlanID, j.JobID, f.Steps.Get(workflows.ConnectionID).Ref), nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+j.AccessToken)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("Azure DevOps answered %s", res.Status)
		}
		return json.NewDecoder(res.Body).Decode(&out)
	})
	return out.OIDCToken, err
}

// The attack: every neighbour that Azure DevOps gives a token tries to get in with
// it. AWS's own code refuses each, with the code that AWS has for it.
func TestNeighboursStayOutside(t *testing.T) {
	t.Parallel()
	st := begin(t)
	f := st.active(t, "aws-shop-dev")
	sibling := st.active(t, "aws-shop-dev-2")
	role, _ := f.Plan.Step(workflows.RoleID)
	own := f.Steps.Get(workflows.ConnectionID).Ref
	connection := func(project, id string, o emado.TokenOptions) (string, error) {
		return st.azure.MintServiceConnectionToken(organization, project, id, o)
	}
	for _, x := range []struct {
		who, want string
		mint      func() (string, error)
	}{
		{"the approved connection", "", func() (string, error) { return connection(webShop, own, emado.TokenOptions{}) }},
		{"another connection of the project", "AccessDenied", func() (string, error) {
			return connection(webShop, sibling.Steps.Get(workflows.ConnectionID).Ref, emado.TokenOptions{})
		}},
		{"a connection of another project", "AccessDenied", func() (string, error) { return connection(dataLake, dataConnection, emado.TokenOptions{}) }},
		{"a pipeline without a connection", "AccessDenied", func() (string, error) {
			return st.azure.MintPipelineToken(organization, webShop, storefront, emado.TokenOptions{})
		}},
		{"the approved connection, an hour ago", "ExpiredTokenException", func() (string, error) {
			return connection(webShop, own, emado.TokenOptions{IssuedAt: st.clock.Now().Add(-time.Hour)})
		}},
		{"the approved connection, for another audience", "InvalidIdentityToken", func() (string, error) {
			return connection(webShop, own, emado.TokenOptions{Audience: "sts.amazonaws.com"})
		}},
		{"the approved connection, with another subject written into it", "InvalidIdentityToken", func() (string, error) {
			token, err := connection(dataLake, dataConnection, emado.TokenOptions{})
			if err != nil {
				return "", err
			}
			honest, err := connection(webShop, own, emado.TokenOptions{})
			a, b := strings.Split(token, "."), strings.Split(honest, ".")
			return a[0] + "." + b[1] + "." + a[2], err // the claims of one, the signature of another
		}},
	} {
		t.Run(x.who, func(t *testing.T) {
			token, err := x.mint()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if _, err := st.signIn(st.ctx, role.Role.ARN, token); err != nil {
				got = errorCode(err)
			}
			if got != x.want {
				t.Errorf("AWS answered %q, want %q", got, x.want)
			}
		})
	}
}
