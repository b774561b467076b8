package policies

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

func render(t *testing.T, in workflows.Input) workflows.Rendered {
	t.Helper()
	out, err := samplePlanner(t).Render(in)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	return out
}

func TestRenderGolden(t *testing.T) {
	production := sampleInput()
	production.Account.Production = true
	production.Facts.AWS.Provider = false
	production.Proposal.Branches = nil
	production.Proposal.Grants = []workflows.Grant{
		{Template: "lambda-code", Params: map[string]string{"function": "shop-checkout"}},
		{Template: "dynamodb-data", Params: map[string]string{"table": "shop-orders"}},
	}
	release := sampleInput()
	release.Proposal.Kind = workflows.Release
	for name, in := range map[string]workflows.Input{"create": sampleInput(), "production": production, "release": release} {
		t.Run(name, func(t *testing.T) {
			out := render(t, in)
			golden(t, name+".plan.json", indented(t, out.Plan))
			golden(t, name+".words.json", indented(t, out.Words))
			golden(t, name+".yaml", []byte(out.Words.YAML))
		})
	}
}

func TestRenderIsPure(t *testing.T) {
	first := render(t, sampleInput())
	later := sampleInput()
	later.Now = later.Now.Add(1000 * time.Hour)
	later.Facts.ReadAt = later.Now
	later.Facts.AWS.Provider, later.Facts.AWS.Audiences = false, nil
	later.Facts.AWS.Roles, later.Facts.AWS.Identity, later.Facts.AzureDevOps.Standing = 7, "arn:…", "member"
	if diff := cmp.Diff(first.Plan, render(t, later).Plan); diff != "" {
		t.Errorf("what may change without an approval changed the plan:\n%s", diff)
	}
	shuffled := sampleInput()
	shuffled.Proposal.Pipelines = []string{"storefront-deploy", "storefront-nightly", "storefront-deploy"}
	shuffled.Proposal.Branches = []string{"main", "refs/heads/release/*", "main"}
	if diff := cmp.Diff(first.Plan, render(t, shuffled).Plan); diff != "" {
		t.Errorf("the order in which places were named changed the plan:\n%s", diff)
	}
}

func TestRenderStepOrder(t *testing.T) {
	in := sampleInput()
	in.Proposal.Branches, in.Proposal.Pipelines = nil, nil
	out := render(t, in)
	var ids []workflows.StepID
	part := 0
	for _, s := range out.Plan.Steps {
		ids = append(ids, s.ID)
		if s.Part < part {
			t.Errorf("step %s goes back from part %d to %d", s.ID, part, s.Part)
		}
		part = s.Part
	}
	want := []workflows.StepID{
		"provider", "connection", "role", "hold", "policy:s3-static-site", "read-back",
		"proof-allow", "proof-run", "proof-watch", "proof-withdraw", "pipelines", "read-back-last", "lift",
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
	s, _ := out.Plan.Step(workflows.PipelinesID)
	if s.Pipelines.Pipelines == nil || len(s.Pipelines.Pipelines) != 0 {
		t.Errorf("no pipeline must be an empty list, got %#v", s.Pipelines.Pipelines)
	}
}

func TestChecksAllPass(t *testing.T) {
	checks := render(t, sampleInput()).Checks
	if len(checks) != 24 {
		t.Errorf("%d checks, want 24", len(checks))
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Say)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, tc := range []struct {
		name                string
		pipelines, branches []string
		want                string
	}{
		{"unprotected", []string{"storefront-deploy"}, []string{"main", "release/*"}, "Anyone who can push to `release/*` replaces the development site."},
		{"protected", []string{"storefront-deploy"}, []string{"main"}, "Anyone who gets a change merged to `main` replaces the development site."},
		{"not looked at", []string{"storefront-deploy"}, []string{"main", "hotfix"}, "Anyone who can push to `hotfix` replaces the development site."},
		{"no branches", []string{"storefront-deploy", "storefront-nightly"}, nil, "Anyone who can run the pipelines from any branch replaces the development site."},
		{"no pipelines", nil, []string{"main"}, "No pipeline is permitted yet, so nobody can use it. Once one is: anyone who gets a change merged to `main` replaces the development site."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := sampleInput()
			in.Proposal.Pipelines, in.Proposal.Branches = tc.pipelines, tc.branches
			if got := render(t, in).Words.Worst; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestRisk(t *testing.T) {
	grant := func(template string, params ...string) workflows.Grant {
		g := workflows.Grant{Template: template, Params: map[string]string{}}
		for i := 0; i < len(params); i += 2 {
			g.Params[params[i]] = params[i+1]
		}
		return g
	}
	site, all := grant("s3-static-site", "bucket", "shop-site-dev", "prefix", "web/"), grant("s3-static-site", "bucket", "shop-site-dev")
	code, data := grant("lambda-code", "function", "shop-a"), grant("dynamodb-data", "table", "shop-orders")
	for _, tc := range []struct {
		grants     []workflows.Grant
		production bool
		want       workflows.Level
	}{
		{[]workflows.Grant{site}, false, workflows.Low},
		{[]workflows.Grant{all}, false, workflows.Medium},
		{[]workflows.Grant{site}, true, workflows.Medium},
		{[]workflows.Grant{code}, false, workflows.Medium},
		{[]workflows.Grant{code}, true, workflows.High},
		{[]workflows.Grant{data}, false, workflows.Low},
		{[]workflows.Grant{data}, true, workflows.High},
		{[]workflows.Grant{site, data}, false, workflows.Medium},
	} {
		in := sampleInput()
		in.Proposal.Grants, in.Account.Production = tc.grants, tc.production
		if w := render(t, in).Words; w.Risk != tc.want || w.Why == "" {
			t.Errorf("%v, production %v: %s (%s), want %s", tc.grants, tc.production, w.Risk, w.Why, tc.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	set := func(name, value string) func(*workflows.Input) {
		return func(in *workflows.Input) { in.Proposal.Grants[0].Params[name] = value }
	}
	for _, tc := range []struct {
		name        string
		do          func(*workflows.Input)
		code, field string
		say         string
	}{
		{"address for a bucket", set("bucket", "s3://shop-site-dev/web"), "bad_value", "Bucket",
			`"s3://shop-site-dev/web" is not a bucket name. Did you mean bucket shop-site-dev, folder web/ ?`},
		{"not listed", set("bucket", "shop-site-prod"), "value_not_listed", "Bucket",
			"shop-site-prod is not on the list of buckets that Web Shop may ask for in shop-dev."},
		{"wildcard", set("bucket", "shop-media-*"), "bad_value", "Bucket", ""},
		{"folder", set("prefix", "web"), "bad_value", "Prefix", `"web" is not a folder name. Did you mean web/ ?`},
		{"folder upward", set("prefix", "web/../"), "bad_value", "Prefix", ""},
		{"no bucket", set("bucket", ""), "missing_value", "Bucket", ""},
		{"unknown parameter", set("acl", "public"), "unknown_parameter", "Template", `"acl" is not a parameter of s3-static-site. It has bucket and prefix.`},
		{"listed folder left out", func(in *workflows.Input) {
			in.Account.Values["prefix"] = []string{"web/*"}
			in.Proposal.Grants[0].Params["prefix"] = ""
		}, "value_not_listed", "Prefix", ""},
		{"unlisted object", func(in *workflows.Input) { delete(in.Account.Values, "bucket") }, "value_not_listed", "Bucket", ""},
		{"unknown template", func(in *workflows.Input) { in.Proposal.Grants[0].Template = "s3-static-sites" }, "unknown_template", "Template",
			`There is no template "s3-static-sites". Did you mean s3-static-site?`},
		{"template twice", func(in *workflows.Input) { in.Proposal.Grants = append(in.Proposal.Grants, in.Proposal.Grants[0]) }, "template_twice", "Template", ""},
		{"nothing", func(in *workflows.Input) { in.Proposal.Grants = nil }, "no_template", "Template", ""},
		{"project in Japanese", func(in *workflows.Input) { in.Facts.AzureDevOps.Project = "Web Shop (日本)" }, "bad_name", "Project",
			"Web Shop (日本) cannot be federated: IAM cannot hold its name exactly, so a trust policy could not name it safely. An Azure DevOps administrator can rename the project."},
		{"connection with a slash", func(in *workflows.Input) { in.Proposal.Connection = "aws/dev" }, "bad_name", "Name", ""},
		{"connection with a blank", func(in *workflows.Input) { in.Proposal.Connection = "{connection.id}" }, "bad_name", "Name", ""},
		{"no such pipeline", func(in *workflows.Input) { in.Proposal.Pipelines = []string{"nope"} }, "no_pipeline", "Pipelines",
			`There is no pipeline "nope" in Web Shop.`},
		{"the verifier itself", func(in *workflows.Input) {
			in.Facts.AzureDevOps.Pipelines = append(in.Facts.AzureDevOps.Pipelines, *in.Facts.AzureDevOps.Verifier)
			in.Proposal.Pipelines = []string{"fedbot-verify"}
		}, "verifier", "Pipelines", ""},
		{"two branches in one", func(in *workflows.Input) { in.Proposal.Branches = []string{"main,refs/heads/*"} }, "bad_branch", "Branches", ""},
		{"nobody to prove it with", func(in *workflows.Input) { in.Facts.AzureDevOps.Verifier, in.Proposal.Pipelines = nil, nil }, "no_first_use", "Pipelines", ""},
		{"a verifier that is off and gone", func(in *workflows.Input) {
			in.Facts.AzureDevOps.Verifier, in.Facts.AzureDevOps.VerifyOff = nil, "there are several"
		}, "verifier_off", "Project", ""},
		{"outside the boundary", func(in *workflows.Input) {
			in.Facts.AWS.Boundary = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}}`
		}, "outside_boundary", "Template", "s3-static-site could never work in shop-dev: its permissions boundary does not allow s3:PutObject. " +
			"shop-dev-owners can add it to the boundary; or choose another template."},
		{"no boundary", func(in *workflows.Input) { in.Facts.AWS.Boundary = "" }, "no_boundary", "Account", ""},
		{"provider without the audience", func(in *workflows.Input) { in.Facts.AWS.Audiences = []string{"sts.amazonaws.com"} }, "no_audience", "Account", ""},
		{"another account", func(in *workflows.Input) { in.Facts.AWS.AccountID = "444455556666" }, "wrong_account", "Account", ""},
		{"no profile", func(in *workflows.Input) { in.Facts.AzureDevOps.Organization = "fabrikam" }, "no_profile", "Project", ""},
		{"a kind that is none", func(in *workflows.Input) { in.Proposal.Kind = "adopt" }, "unknown_kind", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := sampleInput()
			tc.do(&in)
			_, err := samplePlanner(t).Render(in)
			r, ok := errors.AsType[*workflows.Refusal](err)
			if !ok {
				t.Fatalf("err = %v, want a refusal", err)
			}
			if r.Code != tc.code || r.Field != tc.field || tc.say != "" && r.Say != tc.say {
				t.Errorf("got %s at %q: %s", r.Code, r.Field, r.Say)
			}
		})
	}
}

func TestReleaseWithoutGrants(t *testing.T) {
	in := sampleInput()
	in.Proposal.Kind, in.Proposal.Grants = workflows.Release, nil
	if w := render(t, in).Words; w.Risk != workflows.High || w.Worst == "" {
		t.Errorf("%+v", w)
	}
}

func TestTagsAndSessionName(t *testing.T) {
	in := sampleInput()
	in.Owner = "web & shop #1 (Köln)"
	in.Facts.AzureDevOps.Project = strings.Repeat("Very Long ", 6) + "x"
	in.Proposal.Connection = "AWS " + strings.Repeat("y", 100)
	out := render(t, in)
	role, _ := out.Plan.Step(workflows.RoleID)
	if got := role.Role.Tags["owner"]; got != "web - shop -1 -Köln-" {
		t.Errorf("owner tag %q", got)
	}
	c, _ := out.Plan.Step(workflows.ConnectionID)
	if n := len(c.Connection.SessionName); n > 64 || len(role.Role.Name) > 64 {
		t.Errorf("session name of %d characters, role name of %d", n, len(role.Role.Name))
	}
}
