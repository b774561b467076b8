package azuredevops

import (
	"strings"
	"testing"
)

// TestNames has the published rules for names of organizations and projects, a case for each.
func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"Contoso-Ltd": true, "a": true, "7": true, strings.Repeat("a", 50): true,
		"": false, strings.Repeat("a", 51): false, "-a": false, "a-": false, "a_b": false, "a b": false, "café": false, "a.b": false,
	} {
		if err := checkOrganizationName(name); (err == nil) != ok {
			t.Errorf("organization %q: %v", name, err)
		}
	}
	for name, ok := range map[string]bool{
		"Web Shop": true, "プロジェクト": true, "a-b_c.d!(e)": true, strings.Repeat("é", 64): true,
		"": false, strings.Repeat("é", 65): false, "_a": false, ".a": false, "a.": false, "a\tb": false, "a\x00": false, "\xff": false, "a\ufffd": false,
		"App_Data": false, "con": false, "Web.Config": false, "SERVERFOLDER": false,
	} {
		if err := checkProjectName(name); (err == nil) != ok {
			t.Errorf("project %q: %v", name, err)
		}
	}
	for _, c := range `/:\~&%;@'"?<>|#$*}{,+=[]` {
		if checkProjectName("a"+string(c)+"b") == nil {
			t.Errorf("a project's name may have %q", c)
		}
	}
}
