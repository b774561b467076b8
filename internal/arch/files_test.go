package arch_test

import (
	"bytes"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

func text(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The sandbox embeds the example, because a package cannot embed what lies above it.
func TestTheSandboxIsTheExample(t *testing.T) {
	if !bytes.Equal(text(t, "config.example.yaml"), text(t, "internal/sandbox/config.yaml")) {
		t.Error("internal/sandbox/config.yaml is not config.example.yaml any more: cp config.example.yaml internal/sandbox/config.yaml")
	}
}

// The table of legal moves is rendered and compared in its own package, where it
// can be seen. Here is only asked that somebody does.
func TestTheStateDiagramIsTested(t *testing.T) {
	for _, f := range house(t)[vocabulary] {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test && strings.HasPrefix(fn.Name.Name, "TestLife") {
				return
			}
		}
	}
	t.Error("no TestLife in workflows: nobody compares the table of legal moves with the diagram in doc.go")
}

// dependencies are the modules that may be required directly, each with what it is
// for. A library is taken for what fedbot does not exist for; a workflow engine, an
// object mapper, a web framework and an assertion library are not.
var dependencies = map[string]string{
	"github.com/slack-go/slack":                 "Slack's Web API and payloads",
	"github.com/gorilla/websocket":              "the emulated Socket Mode; Slack's client brings it along",
	"github.com/aws/aws-sdk-go-v2":              "AWS",
	"github.com/microsoft/azure-devops-go-api":  "Azure DevOps",
	"github.com/Azure/azure-sdk-for-go":         "a token for Azure DevOps from Entra",
	"github.com/aws/smithy-go":                  "AWS's errors",
	"github.com/hashicorp/go-retryablehttp":     "Retry-After, under Azure DevOps's client",
	"github.com/google/uuid":                    "ids in Azure DevOps's client",
	"go.etcd.io/bbolt":                          "the store's file",
	"github.com/spf13/cobra":                    "the command line",
	"github.com/goccy/go-yaml":                  "configuration and templates, with lines in errors",
	"github.com/robfig/cron":                    "when the report is due",
	"github.com/prometheus/client_golang":       "metrics",
	"github.com/go-analyze/charts":              "charts in reports",
	"github.com/hashicorp/hcl":                  "export to Terraform",
	"github.com/go-jose/go-jose":                "tokens that the emulated issuer signs",
	"golang.org/x/mod":                          "the audit tree; go.mod in this test",
	"golang.org/x/sync":                         "groups of goroutines",
	"golang.org/x/time":                         "pace of calls",
	"github.com/google/go-cmp":                  "tests: differences",
	"github.com/rogpeppe/go-internal":           "tests: plays as scripts",
	"pgregory.net/rapid":                        "tests: properties",
	"github.com/chromedp/chromedp":              "tests: a browser",
	"github.com/hashicorp/awspolicyequivalence": "tests: a second opinion on policies",
}

func TestGoModIsPlain(t *testing.T) {
	mod, err := modfile.Parse("go.mod", text(t, "go.mod"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		t.Error("go.mod replaces or excludes a module: whoever installs fedbot would get another program")
	}
	if mod.Module.Mod.Path != "fedbot" {
		t.Errorf("the module is called %s", mod.Module.Mod.Path)
	}
	for _, r := range mod.Require {
		known := r.Indirect
		for name := range dependencies {
			known = known || r.Mod.Path == name || strings.HasPrefix(r.Mod.Path, name+"/")
		}
		if !known {
			t.Errorf("%s is a new dependency; say in dependencies what it is for", r.Mod.Path)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, rel)
		}
	}
	if len(pages) < 3 {
		t.Fatalf("found only %v", pages)
	}
	for _, page := range pages {
		for _, m := range link.FindAllSubmatch(text(t, page), -1) {
			to := filepath.Join(root, filepath.Dir(page), string(m[1]))
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// Other pages point to a decision by its number, so that each has one of its own, in
// its name and in its title.
func TestDecisionsHaveNumbersOfTheirOwn(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs/decisions/*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	seen := map[string]string{}
	for _, page := range pages {
		name := filepath.Base(page)
		number, _, _ := strings.Cut(name, "-")
		if seen[number] != "" {
			t.Errorf("%s and %s have one number", seen[number], name)
		}
		seen[number] = name
		title := "# " + strings.TrimLeft(number, "0") + ". "
		if !strings.HasPrefix(string(text(t, filepath.Join("docs/decisions", name))), title) {
			t.Errorf("%s does not begin with %q", name, title)
		}
	}
}
