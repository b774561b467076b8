package policies

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"fedbot/workflows"
)

func mustBuiltin(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func builtins(t testing.TB) []Template {
	t.Helper()
	c := mustBuiltin(t)
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

// TestTemplatesPassInvariants renders every template from its own examples, with and
// without what is optional.
func TestTemplatesPassInvariants(t *testing.T) {
	for _, tpl := range builtins(t) {
		document, err := tpl.Document(tpl.Examples(), "111122223333", "eu-west-1")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, tpl.Name+".policy.json", indented(t, json.RawMessage(document)))
		least, err := tpl.Document(needed(tpl), "111122223333", "eu-west-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{document, least} {
			if f := failed(checkAs(tpl, d)); f != "" {
				t.Errorf("%s fails %s: %s", tpl.Name, f, d)
			}
		}
		if say := tpl.CheckData(); len(say) > 0 {
			t.Errorf("%s:\n%s", tpl.Name, strings.Join(say, "\n"))
		}
	}
}

// checkAs holds a document to the invariants, with the exceptions of its template.
func checkAs(tpl Template, document string) []workflows.Check {
	found := map[string]string{PolicyName(tpl.Name, tpl.Version): document}
	return CheckPermissions(found, PermissionsWant{"111122223333", "eu-west-1", found, map[string][]Exception{PolicyName(tpl.Name, tpl.Version): tpl.Excepts}})
}

// needed are the examples without what is optional.
func needed(tpl Template) map[string]string {
	params := tpl.Examples()
	for _, p := range tpl.Parameters {
		if p.Optional {
			delete(params, p.Name)
		}
	}
	return params
}

func TestParseTemplateRefuses(t *testing.T) {
	site, _ := mustBuiltin(t).Get("s3-static-site")
	good := string(site.Source())
	for name, change := range map[string][2]string{
		"unknown key":            {"purpose:", "porpoise: x\npurpose:"},
		"repeated key":           {"version: 3", "version: 3\nversion: 4"},
		"second document":        {"name: s3", "---\na: b\n---\nname: s3"},
		"placeholder unfilled":   {"${prefix}*", "${prefixes}*"},
		"IAM variable":           {"${prefix}*", "${aws:username}/*"},
		"placeholder not shut":   {"s3:::${bucket}\"", "s3:::${bucket\""},
		"parameter in key":       {"aws:ResourceAccount: [", "\"aws:Resource${account}\": ["},
		"effect":                 {"Effect: Allow", "Effect: Maybe"},
		"no name":                {"name: s3-static-site", "name: S3_Static"},
		"no version":             {"version: 3", "version: 0"},
		"risk":                   {"level: low", "level: tiny"},
		"pattern":                {"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "[a-z"},
		"example against it":     {"example: shop-site-dev", "example: Shop"},
		"reserved parameter":     {"name: prefix", "name: account"},
		"unknown type":           {"type: folder", "type: anything"},
		"name without pattern":   {"type: bucket\n    pattern: \"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\"", "type: name"},
		"statement twice":        {"Sid: WriteSite", "Sid: ListSite"},
		"statement on no option": {"  - Sid: WriteSite", "  - with: bucket\n    Sid: WriteSite"},
		"exception without why":  {"pipeline:", "excepts: [{check: I19, statement: WriteSite, level: high}]\npipeline:"},
		"exception of nothing":   {"pipeline:", "excepts: [{check: I19, statement: Nothing, level: high, why: x}]\npipeline:"},
		"exception that is low":  {"pipeline:", "excepts: [{check: I19, statement: WriteSite, level: low, why: x}]\npipeline:"},
		"operator":               {"StringEquals:", "StringIs:"},
		"extends a base":         {"version: 3", "version: 3\nextends: terraform-apply"},
		"sentence on no option":  {"with: prefix\n", "with: bucket\n"},
		"script of two lines":    {"limit: It", "limit: \"It\\nmay\" #"},
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

func FuzzParseTemplate(f *testing.F) {
	for _, tpl := range builtins(f) {
		f.Add(tpl.Source())
	}
	f.Add([]byte("name: &a [*a]"))
	f.Add([]byte(ownTerraform(f)))
	f.Fuzz(func(t *testing.T, source []byte) {
		if _, err := mustBuiltin(t).With(Source{"own.yaml", source}); err != nil && !errors.Is(err, ErrTemplate) {
			t.Fatalf("as an own template: %v is not ErrTemplate", err)
		}
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
