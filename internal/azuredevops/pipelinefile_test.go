package azuredevops_test

import (
	"errors"
	"testing"

	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// A pipeline's file is read from its default branch; what is not there, and what
// Azure DevOps did not say, are told apart.
func TestReadPipelineFile(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"storefront-deploy", "Storefront-Deploy", `ops\nightly`} {
		f, err := w.ours.ReadPipelineFile(w.ctx(), "contoso", "Web Shop", name)
		if err != nil || f.Text == "" || f.String() != "build.yml on main" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	for project, name := range map[string]string{"Web Shop": "none-such", "web shop": "fedbot-verify-2"} {
		if f, err := w.ours.ReadPipelineFile(w.ctx(), "contoso", project, name); !errors.As(err, new(*workflows.Refusal)) || f.Text != "" {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	w.gate.Set(wire.Fault{Call: "*", When: "before", Kind: "error"})
	if f, err := w.ours.ReadPipelineFile(w.ctx(), "contoso", "Web Shop", "storefront-deploy"); !errors.Is(err, workflows.ErrUnreadable) || f.Text != "" {
		t.Errorf("while it fails: %+v, %v", f, err)
	}
}
