package policies

import (
	"slices"
	"testing"
)

// The cases of a built-in template hold it to every statement and to every condition:
// without one of them, or with a longer list of roles to hand over or to take, some case
// is not as told. Otherwise a slip in a later version would pass its own tests.
func TestCasesHoldEveryStatement(t *testing.T) {
	catalogue := mustBuiltin(t)
	for _, name := range catalogue.Names() {
		whole, _ := catalogue.Get(name)
		if caught(whole) {
			t.Errorf("%s fails its cases as it is", name)
		}
		for i, s := range whole.Statements {
			must := func(what string, change func(*TemplateStatement)) {
				bent := whole
				bent.Statements = slices.Clone(whole.Statements)
				change(&bent.Statements[i])
				if !caught(bent) {
					t.Errorf("%s, %s: no case notices %s", name, s.Sid, what)
				}
			}
			must("that it is gone", func(s *TemplateStatement) { s.Action = []string{"none:Nothing"} })
			for op, keys := range s.Condition {
				for key := range keys {
					must("that it does not test "+key, func(s *TemplateStatement) { s.Condition = withoutKey(s.Condition, op, key) })
				}
			}
			if !slices.Contains(s.Action, "iam:PassRole") && !slices.Contains(s.Action, "sts:AssumeRole") {
				continue
			}
			for j := range s.Resource {
				must("roles whose names go on", func(s *TemplateStatement) {
					s.Resource = slices.Clone(s.Resource)
					s.Resource[j] += "*"
				})
			}
		}
	}
}

// caught reports whether a case of a template is not as told.
func caught(t Template) bool {
	return slices.ContainsFunc(t.Test(), func(r CaseResult) bool { return !r.OK })
}

func withoutKey(from map[string]map[string][]string, op, key string) map[string]map[string][]string {
	out := map[string]map[string][]string{}
	for o, keys := range from {
		out[o] = map[string][]string{}
		for k, values := range keys {
			if o != op || k != key {
				out[o][k] = values
			}
		}
	}
	return out
}
