package policies

import (
	"slices"
	"strings"
	"testing"

	"fedbot/workflows"
)

// Every action that the table of paths names is one that AWS publishes, and every
// code is there once.
func TestPathsAreReal(t *testing.T) {
	if len(paths()) < 80 || len(paths()) != strings.Count(escalations, " | ")/4-1 {
		t.Errorf("%d paths are read of %d lines", len(paths()), strings.Count(escalations, " | ")/4-1)
	}
	seen := map[string]bool{}
	for _, p := range paths() {
		if seen[p.code] || p.name == "" || p.does == "" || !p.level.AtLeast(workflows.High) || !checkCode.MatchString(p.code) {
			t.Errorf("incomplete or twice: %+v", p)
		}
		seen[p.code] = true
		for _, need := range slices.Concat(p.needs...) {
			if _, ok := FindAction(need); !ok && !strings.HasPrefix(need, "pass:") {
				t.Errorf("%s: %s is no action", p.code, need)
			}
		}
	}
}

// Each path is found where its actions are allowed on everything, in one policy or in
// several; it counts no more where they are limited to what is named, unless it
// always does; and it is gone where a Deny or the boundary rules an action out.
func TestPaths(t *testing.T) {
	level := func(p path, documents map[string]string, boundary string) workflows.Level {
		for _, found := range LintPermissions(documents, LintFrame{Boundary: boundary}) {
			if found.Code == p.code {
				if found.Attack == "" || found.Name != p.name {
					t.Errorf("incomplete: %+v", found)
				}
				return found.Level
			}
		}
		return ""
	}
	for _, p := range paths() {
		documents, named := map[string]string{}, map[string]string{}
		denied := ""
		limited := true
		for i, need := range p.needs {
			action, condition := need[len(need)-1], ""
			if service, ok := strings.CutPrefix(action, "pass:"); ok {
				action, condition = "iam:PassRole", `,"Condition":{"StringEquals":{"iam:PassedToService":"`+service+`"}}`
			}
			denied = action
			statement := func(on string) string {
				return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + on + `"` + condition + `}]}`
			}
			known, _ := FindAction(action)
			documents[string(rune('a'+i))] = statement("*")
			if len(known.On) == 0 {
				limited = false // IAM cannot limit this one
				continue
			}
			one := strings.NewReplacer("${Partition}", "aws", "${Region}", "eu-west-1", "${Account}", "111122223333").Replace(known.On[0].ARN)
			named[string(rune('a'+i))] = statement(openPlaces.ReplaceAllString(one, "x1"))
		}
		if got := level(p, documents, ""); got != p.level {
			t.Errorf("%s (%s) on everything: %q, want %q", p.code, p.name, got, p.level)
		}
		if got := level(p, named, ""); limited && (got == workflows.Low) == p.always {
			t.Errorf("%s (%s) on what is named: %q, always is %v", p.code, p.name, got, p.always)
		}
		if got := level(p, documents, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"`+denied+`","Resource":"*"}]}`); got != "" {
			t.Errorf("%s (%s) although the boundary leaves %s out: %q", p.code, p.name, denied, got)
		}
		documents["z"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + denied + `","Resource":"*"}]}`
		if got := level(p, documents, ""); got != "" {
			t.Errorf("%s (%s) although %s is denied: %q", p.code, p.name, denied, got)
		}
	}
}
