package policies

import (
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
)

// cloud is a CloudFormation that knows Ref, Fn::Sub, Fn::If, Fn::Not and Fn::Equals,
// and gives every parameter its default.
type cloud struct {
	t          *testing.T
	values     map[string]string
	conditions map[string]any
	resources  map[string]any
}

func newStack(t *testing.T, text []byte) cloud {
	t.Helper()
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	c := cloud{t, map[string]string{"AWS::AccountId": bootAccount, "AWS::Partition": "aws"}, tree["Conditions"].(map[string]any), tree["Resources"].(map[string]any)}
	for name, p := range tree["Parameters"].(map[string]any) {
		c.values[name] = p.(map[string]any)["Default"].(string)
		if !regexp.MustCompile(p.(map[string]any)["AllowedPattern"].(string)).MatchString(c.values[name]) {
			t.Errorf("the default of %s is not allowed", name)
		}
	}
	return c
}

func (c cloud) at(resource, property string, then ...string) any {
	c.t.Helper()
	v := c.value(c.resources[resource].(map[string]any)["Properties"].(map[string]any)[property])
	for _, key := range then {
		list, ok := v.([]any)
		if !ok || len(list) != 1 {
			c.t.Fatalf("%s of %s is not one thing: %v", property, resource, v)
		}
		v = list[0].(map[string]any)[key]
	}
	return v
}

var nothing = struct{ no string }{"value"}

func (c cloud) value(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, item := range v {
			if got := c.value(item); got != nothing {
				out = append(out, got)
			}
		}
		return out
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			if name == "AWS::NoValue" {
				return nothing
			}
			return c.known(name)
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			return regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(text, func(s string) string { return c.known(s[2 : len(s)-1]) })
		}
		if branch, ok := v["Fn::If"].([]any); ok {
			if c.holds(c.conditions[branch[0].(string)]) {
				return c.value(branch[1])
			}
			return c.value(branch[2])
		}
		out := map[string]any{}
		for key, item := range v {
			if got := c.value(item); got != nothing {
				out[key] = got
			}
		}
		return out
	}
	return v
}

func (c cloud) known(name string) string {
	got, ok := c.values[name]
	if !ok {
		c.t.Fatalf("nothing is called %s", name)
	}
	return got
}

func (c cloud) holds(condition any) bool {
	m := condition.(map[string]any)
	if not, ok := m["Fn::Not"].([]any); ok {
		return !c.holds(not[0])
	}
	same := m["Fn::Equals"].([]any)
	return c.value(same[0]) == c.value(same[1])
}
