package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fedbot/internal/emulate/judge"
	"fedbot/policies"
)

// TestActionsAreThePackages lets the npm package's own interface say what it knows
// of every action.
func TestActionsAreThePackages(t *testing.T) {
	version, _ := policies.ActionData()
	all := map[string]any{"version": version, "everywhere": policies.EverywhereKeys()}
	byService := map[string][]policies.Action{}
	for _, s := range policies.ServiceNames() {
		byService[s] = policies.ServiceActions(s)
	}
	all["services"] = byService
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "actions.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	judge.Node(t, "testdata/iam-data.cjs", "ACTIONS="+file)
}
