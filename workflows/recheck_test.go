package workflows

import "testing"

func TestTemplateOf(t *testing.T) {
	for policy, want := range map[string][2]string{
		"tmpl-s3-static-site-v3": {"s3-static-site", "3"}, "tmpl-a-v1-v12": {"a-v1", "12"},
		"fedbot-hold": {}, "tmpl-x": {}, "tmpl-x-v": {}, "tmpl-x-vy": {}, "tmpl--v1": {}, "": {},
	} {
		name, version, ok := TemplateOf(policy)
		if got := [2]string{name, version}; got != want || ok != (want[0] != "") {
			t.Errorf("%q is %v, %v", policy, got, ok)
		}
	}
}

func TestNewerNamesTheTemplate(t *testing.T) {
	plan := func(policy string) Plan {
		return Plan{Steps: []Step{{ID: "policy:x", Policy: &PolicySpec{Name: policy}}, {ID: "hold", Policy: &PolicySpec{Name: "fedbot-hold"}}}}
	}
	for _, c := range []struct{ old, new, want string }{
		{"tmpl-x-v3", "tmpl-x-v4", "Template x went from version 3 to 4."},
		{"tmpl-x-v3", "tmpl-x-v3", ""},
		{"fedbot-hold", "tmpl-x-v3", ""},
	} {
		if got := newer(plan(c.old), plan(c.new)); got != c.want {
			t.Errorf("%s to %s: %q", c.old, c.new, got)
		}
	}
}
