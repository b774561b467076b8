package policies

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	bootAccount   = "111122223333"
	bootPrincipal = "arn:aws:iam::999900001111:role/fedbot"
	bootIssuer    = "vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"
)

func bootstrapSample(t *testing.T) Bootstrap {
	t.Helper()
	templates, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return Bootstrap{Principal: bootPrincipal, Issuers: []string{bootIssuer}, Passable: DefaultPassable, Templates: templates}
}

// What is deployed is what was tested: CloudFormation, as far as the template uses
// it and written here again, makes of the printed text the documents of In.
func TestBootstrapTemplateMakesTheTestedDocuments(t *testing.T) {
	plain := bootstrapSample(t)
	full := plain
	full.ExternalID, full.Assumable, full.Issuers = "contoso-fedbot", "cdk-*", []string{bootIssuer, "login.example.com/tenant/v2.0"}
	bare := plain
	bare.Passable = ""
	for name, b := range map[string]Bootstrap{"plain": plain, "full": full, "bare": bare} {
		want := b.In(bootAccount)
		asYAML, err := b.Template()
		if err != nil {
			t.Fatal(err)
		}
		asJSON, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for form, text := range map[string][]byte{"YAML": asYAML, "JSON": asJSON} {
			stack := newStack(t, text)
			for what, each := range map[string]struct{ got, want any }{
				"boundary":        {stack.at("Boundary", "PolicyDocument"), parsed(t, want.Boundary)},
				"writer":          {stack.at("Writer", "Policies", "PolicyDocument"), parsed(t, want.Writer)},
				"reader":          {stack.at("Reader", "Policies", "PolicyDocument"), parsed(t, want.Reader)},
				"trust of writer": {stack.at("Writer", "AssumeRolePolicyDocument"), parsed(t, want.Trust)},
				"trust of reader": {stack.at("Reader", "AssumeRolePolicyDocument"), parsed(t, want.Trust)},
				"name of writer":  {stack.at("Writer", "Path").(string) + stack.at("Writer", "RoleName").(string), "/ado-federation/fedbot-writer"},
				"name of reader":  {stack.at("Reader", "Path").(string) + stack.at("Reader", "RoleName").(string), "/ado-federation/fedbot-reader"},
				"boundary's name": {stack.at("Boundary", "Path").(string) + stack.at("Boundary", "ManagedPolicyName").(string), "/ado-federation/boundary"},
			} {
				if diff := cmp.Diff(each.want, each.got); diff != "" {
					t.Errorf("%s, %s: %s (-tested +deployed):\n%s", name, form, what, diff)
				}
			}
		}
	}
}

// The same text serves every account, so it names none, and neither does its JSON.
func TestBootstrapNamesNoAccount(t *testing.T) {
	b := bootstrapSample(t)
	b.Principal = ""
	text, err := b.Template()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "AWSTemplateFormatVersion")
	if found := regexp.MustCompile(`\b[0-9]{12}\b`).FindAllString(body, -1); len(found) > 0 {
		t.Errorf("it names %q", found)
	}
}

func TestBootstrapFitsIntoIAM(t *testing.T) {
	b := bootstrapSample(t)
	b.ExternalID, b.Assumable = strings.Repeat("x", 64), strings.Repeat("a", 64)
	may := b.In(bootAccount)
	for what, each := range map[string]struct {
		document string
		most     int
	}{"boundary": {may.Boundary, 6144}, "writer": {may.Writer, 10240}, "reader": {may.Reader, 10240}, "trust": {may.Trust, 2048}} {
		if n := Size(each.document); n > each.most {
			t.Errorf("%s has %d characters; IAM takes %d", what, n, each.most)
		} else {
			t.Logf("%s: %d of %d characters", what, n, each.most)
		}
	}
}

// Whatever the catalogue offers has to work in an account that was set up so.
func TestBoundaryHasRoomForEveryTemplate(t *testing.T) {
	b := bootstrapSample(t)
	b.Assumable, b.Passable = "cdk-*", "shop-*" // as the examples call their roles
	boundary := document(t, b.In(bootAccount).Boundary)
	for _, name := range b.Templates.Names() {
		template, _ := b.Templates.Get(name)
		params := map[string]string{}
		for _, p := range template.Parameters {
			params[p.Name] = p.Example
		}
		text, err := template.Document(params, bootAccount, "eu-west-1")
		if err != nil {
			t.Fatal(err)
		}
		if action, out := leftOut(boundary, document(t, text)); out {
			t.Errorf("%s cannot work: the boundary does not allow %s", name, action)
		}
	}
}

// A role with every permission that there is still cannot do any of this.
func TestBoundaryHoldsAgainstEverything(t *testing.T) {
	b := bootstrapSample(t)
	b.Assumable = "cdk-*"
	boundary := document(t, b.In(bootAccount).Boundary)
	everything := document(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	role := "arn:aws:iam::" + bootAccount + ":role/"
	for _, c := range []Call{
		{Action: "iam:CreateRole", Resource: role + "app/new"},
		{Action: "iam:CreateUser", Resource: "arn:aws:iam::" + bootAccount + ":user/new"},
		{Action: "iam:PutRolePolicy", Resource: role + "ado-federation/ado-x"},
		{Action: "iam:UpdateAssumeRolePolicy", Resource: role + "app/x"},
		{Action: "iam:DeleteRolePermissionsBoundary", Resource: role + "ado-federation/ado-x"},
		{Action: "iam:CreatePolicyVersion", Resource: "arn:aws:iam::" + bootAccount + ":policy/ado-federation/boundary"},
		{Action: "iam:CreateOpenIDConnectProvider", Resource: "arn:aws:iam::" + bootAccount + ":oidc-provider/evil.example"},
		{Action: "iam:PassRole", Resource: role + "ado-federation/fedbot-writer"},
		{Action: "iam:PassRole", Resource: role + "Administrator"},
		{Action: "sts:AssumeRole", Resource: role + "ado-federation/fedbot-writer"},
		{Action: "sts:AssumeRole", Resource: role + "OrganizationAccountAccessRole"},
		{Action: "sts:AssumeRole", Resource: "arn:aws:iam::999999999999:role/cdk-x"},
		{Action: "organizations:LeaveOrganization", Resource: "*"},
		{Action: "account:CloseAccount", Resource: "*"},
		{Action: "s3:PutBucketPolicy", Resource: "arn:aws:s3:::shop-site-dev"},
		{Action: "lambda:AddPermission", Resource: "arn:aws:lambda:eu-west-1:" + bootAccount + ":function:f"},
		{Action: "ec2:RunInstances", Resource: "*"},
		{Action: "kms:PutKeyPolicy", Resource: "*"},
	} {
		if got, why := Evaluate([]Document{everything}, &boundary, c); got != Denied {
			t.Errorf("%s on %s: %s, %s", c.Action, c.Resource, got, why)
		}
	}
	for _, c := range []Call{ // and it is no wall around everything
		{Action: "s3:PutObject", Resource: "arn:aws:s3:::shop-site-dev/web/index.html"},
		{Action: "iam:PassRole", Resource: role + "app/task"},
		{Action: "sts:AssumeRole", Resource: role + "cdk-hnb659fds-deploy-role-111122223333-eu-west-1"},
	} {
		if got, why := Evaluate([]Document{everything}, &boundary, c); got != Allowed {
			t.Errorf("%s on %s: %s, %s", c.Action, c.Resource, got, why)
		}
	}
}

// Somebody gives the writer everything; it still cannot open what it must not.
func TestWriterIsHeldBackWhateverItIsGiven(t *testing.T) {
	writer := document(t, bootstrapSample(t).In(bootAccount).Writer)
	everything := document(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	for _, action := range writerNever.actions {
		if got, _ := Evaluate([]Document{everything}, nil, Call{Action: action, Resource: "*"}); got != Allowed {
			t.Fatalf("without the writer's own policy %s is %s: the test could not fail", action, got)
		}
		if got, why := Evaluate([]Document{writer, everything}, nil, Call{Action: action, Resource: "*"}); got != Denied {
			t.Errorf("%s: %s, %s", action, got, why)
		}
	}
}

// The writer can change neither itself, nor a role without the boundary, nor one
// that is elsewhere; and nothing frees it by naming the boundary in the request.
func TestWriterReachesFederatedRolesOnly(t *testing.T) {
	writer := document(t, bootstrapSample(t).In(bootAccount).Writer)
	bound := map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::" + bootAccount + ":policy/ado-federation/boundary"}}
	other := map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::" + bootAccount + ":policy/ado-federation/mine"}}
	role := "arn:aws:iam::" + bootAccount + ":role/"
	for _, action := range writerMay[0].actions {
		for _, c := range []struct {
			on      string
			context map[string][]string
			want    Answer
		}{
			{role + "ado-federation/ado-web-shop-aws-1a2b3c4d", bound, Allowed},
			{role + "ado-federation/ado-web-shop-aws-1a2b3c4d", nil, Denied},
			{role + "ado-federation/ado-web-shop-aws-1a2b3c4d", other, Denied},
			{role + "ado-federation/fedbot-writer", bound, Denied},
			{role + "ado-federation/fedbot-reader", bound, Denied},
			{role + "Administrator", bound, Denied},
			{role + "x/ado-federation/ado-x", bound, Denied},
		} {
			if got, why := Evaluate([]Document{writer}, nil, Call{Action: action, Resource: c.on, Context: c.context}); got != c.want {
				t.Errorf("%s on %s with %v: %s, want %s: %s", action, c.on, c.context, got, c.want, why)
			}
		}
	}
}

func TestBootstrapRefuses(t *testing.T) {
	for _, b := range []Bootstrap{
		{Principal: "*"}, {Principal: "arn:aws:iam::999900001111:role/*"}, {Principal: "arn:aws:iam::999900001111:root"}, {Principal: "999900001111"},
		{ExternalID: "x"}, {ExternalID: "a b"}, {ExternalID: "${aws:username}"},
		{Issuers: []string{"https://vstoken.dev.azure.com/x"}}, {Issuers: []string{"*"}}, {Issuers: []string{"vstoken.dev.azure.com/*"}},
		{Issuers: []string{bootIssuer, bootIssuer}}, {Issuers: []string{"vstoken.dev.azure.com/${x}"}},
		{Passable: "*"}, {Passable: "a*/b"}, {Passable: "ado-federation/*"}, {Assumable: "${x}"}, {Assumable: "/x"},
	} {
		if err := b.Check(); err == nil {
			t.Errorf("%+v is taken", b)
		}
		if _, err := b.Template(); err == nil {
			t.Errorf("%+v is printed", b)
		}
	}
}

// An outside judge reads the template as AWS publishes its rules.
func TestBootstrapIsCleanForCfnLint(t *testing.T) {
	program, err := exec.LookPath("cfn-lint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("cfn-lint is not installed, and CI must not do without it")
		}
		t.Skip("cfn-lint is not installed")
	}
	b := bootstrapSample(t)
	b.ExternalID, b.Assumable, b.Issuers = "contoso-fedbot", "cdk-*", []string{bootIssuer, "login.example.com/tenant/v2.0"}
	asYAML, err := b.Template()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := Bootstrap{Templates: b.Templates, Passable: DefaultPassable}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	bad := []byte(strings.Replace(string(asYAML), "iam:TagRole", "iam:TagRoll", 1)) // the judge must be able to say no
	dir := t.TempDir()
	for name, text := range map[string][]byte{"fedbot.yaml": asYAML, "fedbot.json": asJSON, "bad.yaml": bad} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), program, filepath.Join(dir, "fedbot.yaml"), filepath.Join(dir, "fedbot.json")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), program, filepath.Join(dir, "bad.yaml")).CombinedOutput(); err == nil || !strings.Contains(strings.ToLower(string(out)), "tagroll") {
		t.Errorf("an action that does not exist passes: %v\n%s", err, out)
	}
}

func document(t *testing.T, text string) Document {
	t.Helper()
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return d
}

func parsed(t *testing.T, text string) (out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The guardrails of an organization deny what they are for, and not fedbot.
func TestGuardrails(t *testing.T) {
	b := bootstrapSample(t)
	scp, err := b.ServiceControlPolicy([]string{"arn:aws:iam::*:role/stacksets-exec-*"})
	if err != nil {
		t.Fatal(err)
	}
	rcp, err := b.ResourceControlPolicy()
	if err != nil {
		t.Fatal(err)
	}
	iam := "arn:aws:iam::" + bootAccount + ":"
	everything := document(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	by := func(name string) map[string][]string {
		return map[string][]string{"aws:PrincipalArn": {iam + "role/" + name}}
	}
	token := func(sub, aud string) map[string][]string {
		return map[string][]string{bootIssuer + ":sub": {sub}, bootIssuer + ":aud": {aud}}
	}
	for _, c := range []struct {
		guard []byte
		call  Call
		want  Answer
	}{
		{scp, Call{"iam:UpdateAssumeRolePolicy", iam + "role/ado-federation/ado-x", by("Administrator")}, Denied},
		{scp, Call{"iam:PutRolePolicy", iam + "role/ado-federation/fedbot-writer", by("Administrator")}, Denied},
		{scp, Call{"iam:CreatePolicyVersion", iam + "policy/ado-federation/boundary", by("Administrator")}, Denied},
		{scp, Call{"iam:AddClientIDToOpenIDConnectProvider", iam + "oidc-provider/" + bootIssuer, by("Administrator")}, Denied},
		{scp, Call{"iam:DeleteRolePermissionsBoundary", iam + "role/ado-federation/ado-x", by("ado-federation/fedbot-writer")}, Denied},
		{scp, Call{"iam:UpdateAssumeRolePolicy", iam + "role/ado-federation/ado-x", by("ado-federation/fedbot-writer")}, Allowed},
		{scp, Call{"iam:CreatePolicyVersion", iam + "policy/ado-federation/boundary", by("stacksets-exec-1")}, Allowed},
		{scp, Call{"iam:UpdateAssumeRolePolicy", iam + "role/other", by("Administrator")}, Allowed},
		{rcp, Call{"sts:AssumeRoleWithWebIdentity", iam + "role/x", token("p://contoso/Web Shop/deploy", DefaultAudience)}, Denied},
		{rcp, Call{"sts:AssumeRoleWithWebIdentity", iam + "role/x", token("sc://contoso/Web Shop/aws", "sts.amazonaws.com")}, Denied},
		{rcp, Call{"sts:AssumeRoleWithWebIdentity", iam + "role/x", token("sc://contoso/Web Shop/aws", DefaultAudience)}, Allowed},
		{rcp, Call{"sts:AssumeRoleWithWebIdentity", iam + "role/x", map[string][]string{"oidc.eks.example/id:sub": {"system:serviceaccount:a:b"}}}, Allowed},
	} {
		if got, why := Evaluate([]Document{everything, document(t, string(c.guard))}, nil, c.call); got != c.want {
			t.Errorf("%s on %s with %v: %s, want %s: %s", c.call.Action, c.call.Resource, c.call.Context, got, c.want, why)
		}
	}
	for _, bad := range []string{"*", "arn:aws:iam::*:user/x", "arn:aws:iam::*:role/*x"} {
		if _, err := b.ServiceControlPolicy([]string{bad}); err == nil {
			t.Errorf("break-glass %s is taken", bad)
		}
	}
}

// Of the services that the boundary opens whole it denies every action that AWS
// classes as managing permissions, but for these.
func TestBoundaryDeniesPermissionsOfOpenServices(t *testing.T) {
	harmless := map[string]string{
		"s3:PutObjectAcl":                              "the toolkit's uploads send it; templates pin its values",
		"secretsmanager:ValidateResourcePolicy":        "changes nothing",
		"cloudfront:AllowVendedLogDeliveryForResource": "lets AWS deliver logs, and opens nothing",
		"ecs:AllowVendedLogDeliveryForResource":        "lets AWS deliver logs, and opens nothing",
	}
	boundary := document(t, bootstrapSample(t).In(bootAccount).Boundary)
	everything := document(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	for _, service := range openServices {
		actions := ServiceActions(service)
		if len(actions) == 0 {
			t.Errorf("%s is no service", service)
		}
		for _, a := range actions {
			if a.Access != Permissions || harmless[a.Name] != "" {
				continue
			}
			if got, _ := Evaluate([]Document{everything}, &boundary, Call{Action: a.Name, Resource: "*"}); got != Denied {
				t.Errorf("%s is %s", a.Name, got)
			}
		}
	}
}
