package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fedbot/policies"
)

// Templates returns the templates that come with fedbot and, unless dir is empty,
// those of its *.yaml and *.yml files. All mistakes in all files are told at once. A
// directory that is not there is a mistake: somebody meant one.
func Templates(dir string) (*policies.Catalogue, error) {
	builtin, err := policies.Builtin()
	if err != nil || dir == "" {
		return builtin, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	var own []policies.Source
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); e.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read templates: %w", err)
		}
		own = append(own, policies.Source{File: filepath.Join(dir, e.Name()), Text: text})
	}
	return builtin.With(own...)
}
