package policies

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"fedbot/workflows"
)

func builtins(t testing.TB) []Template {
	t.Helper()
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var out []Template
	for _, name := range c.Names() {
		tpl, _ := c.Get(name)
		out = append(out, tpl)
	}
	return out
}

func TestTemplateCases(t *testing.T) {
	for _, tpl := range builtins(t) {
		allowed := 0
		for _, r := range tpl.Test() {
			if !r.OK {
				t.Errorf("%s: %s on %s with %v is %s (%s), want %s", tpl.Name, r.Case.Call, r.Case.On, r.Case.With, r.Got, r.Why, r.Case.Want)
			}
			if r.Got == Allowed {
				allowed++
			}
		}
		if allowed == 0 || allowed == len(tpl.Cases) {
			t.Errorf("%s: cases show one side only", tpl.Name)
		}
	}
}

// TestTemplatesPassInvariants renders every template from its own examples.
func TestTemplatesPassInvariants(t *testing.T) {
	for _, tpl := range builtins(t) {
		params := map[string]string{}
		for _, p := range tpl.Parameters {
			params[p.Name] = p.Example
		}
		document, err := tpl.Document(params, "111122223333", "eu-west-1")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, tpl.Name+".policy.json", indented(t, json.RawMessage(document)))
		found := map[string]string{PolicyName(tpl.Name, tpl.Version): document}
		if f := failed(CheckPermissions(found, PermissionsWant{"111122223333", "eu-west-1", found, nil})); f != "" {
			t.Errorf("%s fails %s", tpl.Name, f)
		}
	}
}

func TestParseTemplateRefuses(t *testing.T) {
	good := string(builtins(t)[2].Source())
	for name, change := range map[string][2]string{
		"unknown key":           {"purpose:", "porpoise: x\npurpose:"},
		"repeated key":          {"version: 3", "version: 3\nversion: 4"},
		"second document":       {"name: s3", "---\na: b\n---\nname: s3"},
		"placeholder unfilled":  {"${prefix}*", "${prefixes}*"},
		"IAM variable":          {"${prefix}*", "${aws:username}/*"},
		"placeholder not shut":  {"s3:::${bucket}\"", "s3:::${bucket\""},
		"parameter in key":      {"aws:ResourceAccount: [", "\"aws:Resource${account}\": ["},
		"effect":                {"Effect: Allow", "Effect: Maybe"},
		"no name":               {"name: s3-static-site", "name: S3_Static"},
		"no version":            {"version: 3", "version: 0"},
		"risk":                  {"level: low", "level: tiny"},
		"pattern":               {"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "[a-z"},
		"example against it":    {"example: shop-site-dev", "example: Shop"},
		"reserved parameter":    {"name: prefix", "name: account"},
		"unknown type":          {"type: folder", "type: anything"},
		"sentence on no option": {"with: prefix\n", "with: bucket\n"},
		"script of two lines":   {"limit: It", "limit: \"It\\nmay\" #"},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := ParseTemplate([]byte(text)); !errors.Is(err, ErrTemplate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseTemplate([]byte(strings.Repeat("#", largestTemplate+1))); !errors.Is(err, ErrTemplate) {
		t.Errorf("too large: %v", err)
	}
	if _, err := NewCatalogue([]byte(good), []byte(good)); !errors.Is(err, ErrTemplate) {
		t.Errorf("the same template twice: %v", err)
	}
}

// FuzzParameters shows that no value changes the shape of a policy: whatever is
// accepted, the policy has the statements, actions and conditions of the template,
// and its resources hold no wildcard that the template has not.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"shop-site-dev", "*", "a/../b/", `x","Resource":"*`, "${aws:username}", "web/", "日本", "a\nb", "?", "{connection.id}"} {
		f.Add(s, s)
	}
	templates := builtins(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, tpl := range templates {
			params := map[string]string{}
			for i, p := range tpl.Parameters {
				params[p.Name] = []string{a, b}[i%2]
			}
			document, err := tpl.Document(params, "111122223333", "eu-west-1")
			if err != nil {
				if !errors.Is(err, workflows.ErrRefused) {
					t.Fatalf("%v is no refusal", err)
				}
				continue
			}
			doc, err := Parse(document)
			if err != nil || len(doc.Statement) != len(tpl.Statements) {
				t.Fatalf("%v made %s: %v", params, document, err)
			}
			for i, s := range doc.Statement {
				want := tpl.Statements[i]
				if s.Effect != want.Effect || strings.Join(s.Action, " ") != strings.Join(want.Action, " ") || len(s.Condition) != len(want.Condition) {
					t.Fatalf("%v changed %s", params, document)
				}
				for j, r := range s.Resource {
					if strings.Count(r, "*") != strings.Count(want.Resource[j], "*") || strings.ContainsAny(r, "?${}") {
						t.Fatalf("%v widened %s", params, r)
					}
				}
			}
			found := map[string]string{PolicyName(tpl.Name, tpl.Version): document}
			if bad := failed(CheckPermissions(found, PermissionsWant{"111122223333", "eu-west-1", found, nil})); bad != "" {
				t.Fatalf("%v fails %s: %s", params, bad, document)
			}
		}
	})
}

func FuzzParseTemplate(f *testing.F) {
	for _, tpl := range builtins(f) {
		f.Add(tpl.Source())
	}
	f.Add([]byte("name: &a [*a]"))
	f.Fuzz(func(t *testing.T, source []byte) {
		tpl, err := ParseTemplate(source)
		if err != nil {
			if !errors.Is(err, ErrTemplate) {
				t.Fatalf("%v is not ErrTemplate", err)
			}
			return
		}
		tpl.Test()
	})
}
