package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fedbot/workflows"
)

func TestTemplates(t *testing.T) {
	builtin, err := Templates("")
	if err != nil || len(builtin.Names()) < 28 {
		t.Fatalf("%v, %d templates", err, len(builtin.Names()))
	}
	if _, err := Templates(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("a directory that is not there was taken")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "name: a", "b.YML": "x: y", "c.txt": "not a template"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Templates(dir)
	if err == nil || !strings.Contains(err.Error(), "a.yaml: ") || !strings.Contains(err.Error(), "b.YML: ") || strings.Contains(err.Error(), "c.txt") {
		t.Errorf("%v", err)
	}
}

func TestCheckValues(t *testing.T) {
	c, err := Templates("")
	if err != nil {
		t.Fatal(err)
	}
	account := func(names ...string) workflows.Account {
		a := workflows.Account{Name: "shop-dev", Values: map[string][]string{}}
		for _, n := range names {
			a.Values[n] = []string{"shop-*"}
		}
		return a
	}
	if err := CheckValues([]workflows.Account{account("bucket", "role", "task_role", "prefix", "folder")}, c); err != nil {
		t.Error(err)
	}
	err = CheckValues([]workflows.Account{account("buckets"), account("tables", "bucket")}, c)
	if err == nil || !strings.Contains(err.Error(), `"buckets"`) || !strings.Contains(err.Error(), `"tables"`) || strings.Contains(err.Error(), `"bucket"`) {
		t.Errorf("%v", err)
	}
}
