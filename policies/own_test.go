package policies

import (
	"errors"
	"os"
	"strings"
	"testing"

	"fedbot/workflows"
)

// ownTerraform is the example of docs/templates.md, which is tested by being read.
func ownTerraform(t testing.TB) string { return shownIn(t, "extends: terraform-apply") }

// shownIn is the YAML of docs/templates.md that holds a text.
func shownIn(t testing.TB, text string) string {
	t.Helper()
	raw, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(raw), "```yaml\n") {
		if yaml, _, ok := strings.Cut(block, "```"); ok && strings.Contains(yaml, text) {
			return yaml
		}
	}
	t.Fatalf("docs/templates.md shows nothing with %q", text)
	return ""
}

func TestOwnTemplates(t *testing.T) {
	text := ownTerraform(t)
	c, err := mustBuiltin(t).With(Source{"shop.yaml", []byte(text)}, Source{"shop-2.yaml", []byte(strings.Replace(text, "version: 1", "version: 2", 1))})
	if err != nil {
		t.Fatal(err)
	}
	tpl, ok := c.Get("terraform-shop-queues")
	if !ok || tpl.Version != 2 || tpl.Risk.Level != workflows.High || tpl.Base {
		t.Fatalf("%v %+v", ok, tpl)
	}
	base, _ := c.Get("terraform-apply")
	if len(tpl.Statements) <= len(base.Statements) || !strings.Contains(string(tpl.Source()), base.Statements[0].Sid) {
		t.Error("the base is not in it")
	}
	if len(c.Names()) != len(mustBuiltin(t).Names())+1 {
		t.Errorf("%d names", len(c.Names()))
	}
	in := sampleInput()
	in.Facts.AWS.Boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	in.Account.Values = map[string][]string{"bucket": {"shop-*"}, "object": {"shop/*"}}
	in.Proposal.Grants = []workflows.Grant{{Template: "terraform-shop-queues", Params: map[string]string{"bucket": "shop-terraform-state", "state": "shop/queues.tfstate"}}}
	p := &Planner{Catalogue: c, Profiles: map[string]Profile{"contoso": sampleProfile()}}
	out, err := p.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	if out.Words.Risk != workflows.High {
		t.Errorf("risk %s", out.Words.Risk)
	}
	if want := shownIn(t, "task: AWSShellScript@1"); out.Words.YAML != want {
		t.Errorf("docs/templates.md shows\n%sbut the card says\n%s", want, out.Words.YAML)
	}
	in.Proposal.Grants[0].Template = "terraform-apply"
	if _, err := p.Render(in); !strings.Contains(workflows.Said(err), "there to be extended") {
		t.Errorf("a base was granted: %v", err)
	}
}

func TestOwnTemplatesRefused(t *testing.T) {
	good := ownTerraform(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"as it is":            {"shop-*", "shop-*", ""},
		"not pinned":          {`:shop-*"`, `:*"`, "not pinned"},
		"no region":           {"sqs:${region}:", "sqs:*:", "not pinned"},
		"unknown action":      {"sqs:CreateQueue", "sqs:MakeQueue", "sqs:MakeQueue is no action"},
		"powers":              {"sqs:CreateQueue", "sqs:AddPermission", "power over permissions"},
		"no such base":        {"extends: terraform-apply", "extends: s3-upload", "no base"},
		"name of a built-in":  {"name: terraform-shop-queues", "name: s3-upload", "comes with fedbot"},
		"a case that fails":   {"want: denied", "want: allowed", "should be allowed and is denied"},
		"base of its own":     {"version: 1", "version: 1\nbase: true", "can be a base"},
		"parameter of a base": {"statements:", "parameters:\n  - {name: bucket, type: bucket, description: Again., example: shop-x}\nstatements:", "not free"},
		"Null without quotes": {"    Resource:", "    Condition:\n      Null: {\"aws:TagKeys\": [\"true\"]}\n    Resource:", "which is none"},
	} {
		text := strings.Replace(good, tc.old, tc.new, 1)
		_, err := mustBuiltin(t).With(Source{name + ".yaml", []byte(text)})
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if text == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if !errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), name+".yaml: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := []Source{{"a.yaml", []byte(good)}, {"b.yaml", []byte(good)}, {"c.yaml", []byte("name: x")}, {"d.yaml", nil}}
	_, err := mustBuiltin(t).With(twice...)
	for _, file := range []string{"b.yaml: ", "c.yaml: ", "d.yaml: "} {
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("not all mistakes are told at once: %v", err)
		}
	}
}

func TestBuiltinsProve(t *testing.T) {
	for _, tpl := range builtins(t) {
		if say := tpl.Prove(); len(say) > 0 {
			t.Errorf("%s: %s", tpl.Name, strings.Join(say, "\n"))
		}
	}
}
