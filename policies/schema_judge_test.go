package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"fedbot/internal/emulate/judge"
	"fedbot/policies"
)

// TestSchemaTakesTheTemplates lets ajv hold every template that comes with fedbot
// against the schema, and templates that are none.
func TestSchemaTakesTheTemplates(t *testing.T) {
	c, err := policies.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	good, bad := map[string]any{}, map[string]any{}
	for _, name := range c.Names() {
		tpl, _ := c.Get(name)
		good[name] = document(t, string(tpl.Source()))
	}
	site, _ := c.Get("s3-static-site")
	for name, change := range map[string][2]string{
		"unknown key": {"purpose:", "porpoise:"}, "no version": {"version: 3\n", ""}, "level": {"level: low", "level: tiny"},
		"type": {"type: folder", "type: files"}, "effect": {"Effect: Allow", "Effect: Maybe"}, "operator": {"StringEquals:", "StringIs:"},
		"one action": {"Action:\n      - s3:ListBucket\n      - s3:GetBucketLocation", "Action: s3:ListBucket"}, "want": {"want: denied", "want: no"},
	} {
		text := strings.Replace(string(site.Source()), change[0], change[1], 1)
		if text == string(site.Source()) {
			t.Errorf("%s: nothing was changed", name)
		}
		bad[name] = document(t, text)
	}
	raw, err := json.Marshal(map[string]any{"schema": policies.Schema(), "good": good, "bad": bad})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "templates.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	judge.Node(t, "testdata/template-schema.cjs", "TEMPLATES="+file)
}

func document(t *testing.T, text string) any {
	t.Helper()
	var out any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
