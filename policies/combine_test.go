package policies

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"fedbot/workflows"
)

// TestTemplatesCombine asks for many templates at once, and for more than a role can
// hold.
func TestTemplatesCombine(t *testing.T) {
	in := sampleInput()
	in.Facts.AWS.Boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	in.Account.Values, in.Proposal.Grants = map[string][]string{}, nil
	size := 0
	for _, tpl := range builtins(t) {
		for _, p := range tpl.Parameters {
			in.Account.Values[p.Name] = []string{"*"}
		}
		if tpl.Base || size > MostCharacters {
			continue
		}
		document, err := tpl.Document(tpl.Examples(), in.Account.ID, in.Account.Region)
		if err != nil {
			t.Fatal(err)
		}
		if size += Size(document); size > MostCharacters {
			continue
		}
		in.Proposal.Grants = append(in.Proposal.Grants, workflows.Grant{Template: tpl.Name, Params: maps.Clone(tpl.Examples())})
	}
	if len(in.Proposal.Grants) < 10 {
		t.Fatalf("only %d templates fit", len(in.Proposal.Grants))
	}
	out := render(t, in)
	policies := 0
	for _, s := range out.Plan.Steps {
		if s.Policy != nil && strings.HasPrefix(s.Policy.Name, "tmpl-") {
			policies++
		}
	}
	if policies != len(in.Proposal.Grants) || len(out.Templates) != policies {
		t.Errorf("%d templates became %d policies, and %d are stored", len(in.Proposal.Grants), policies, len(out.Templates))
	}
	for _, name := range []string{"tf-state-s3", "secrets-read", "sqs-send", "sns-publish", "ssm-params-read", "ecs-deploy", "s3-static-site"} {
		tpl, _ := mustBuiltin(t).Get(name)
		in.Proposal.Grants = append(in.Proposal.Grants, workflows.Grant{Template: name, Params: tpl.Examples()})
	}
	_, err := samplePlanner(t).Render(in)
	if r, ok := errors.AsType[*workflows.Refusal](err); !ok || r.Code != "too_large" || !strings.Contains(r.Say, "a role has room for 9640") || !strings.Contains(r.Say, "secrets-read ") {
		t.Errorf("%v", err)
	}
}

// TestExceptionsAreTold: what a template takes out of a check stands on the card, and
// raises the risk.
func TestExceptionsAreTold(t *testing.T) {
	in := sampleInput()
	in.Facts.AWS.Boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	in.Account.Values = map[string][]string{"domain": {"*"}, "packages": {"*"}, "qualifier": {"*"}}
	for name, want := range map[string]struct {
		level workflows.Level
		why   string
	}{
		"codeartifact-read": {workflows.Medium, "Excepted from I22: CodeArtifact signs in with a token of its own, which serves CodeArtifact and nothing else."},
		"cdk-deploy":        {workflows.High, "The CDK's own CloudFormation role is an administrator unless cdk bootstrap was told otherwise. Excepted from I22: The CDK works by becoming roles"},
	} {
		tpl, _ := mustBuiltin(t).Get(name)
		in.Proposal.Grants = []workflows.Grant{{Template: name, Params: tpl.Examples()}}
		w := render(t, in).Words
		if w.Risk != want.level || !strings.Contains(w.Why, want.why) || tpl.Level() != want.level {
			t.Errorf("%s: %s, %s", name, w.Risk, w.Why)
		}
	}
	// Without the exception, the same statements are refused.
	tpl, _ := mustBuiltin(t).Get("cdk-deploy")
	tpl.Excepts = nil
	if got := failed(checkAs(tpl, tpl.document(tpl.values(tpl.Examples(), caseAccount, caseRegion)))); !strings.Contains(got, "I22") {
		t.Errorf("failed %q", got)
	}
}
