package arch_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// file is one parsed Go file of the house.
type file struct {
	path  string
	test  bool
	lines int
	fset  *token.FileSet
	*ast.File
}

// house is every Go file, by directory. It is read once for all tests.
func house(t *testing.T) map[string][]file {
	t.Helper()
	out, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var read = sync.OnceValues(func() (map[string][]file, error) {
	out := map[string][]file{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || strings.HasPrefix(d.Name(), "_")
		if d.IsDir() && (hidden || d.Name() == "testdata" || d.Name() == "vendor" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || hidden || filepath.Ext(name) != ".go" {
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, rel, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(rel)
		out[dir] = append(out[dir], file{rel, strings.HasSuffix(rel, "_test.go"), bytes.Count(raw, []byte("\n")), fset, parsed})
		return nil
	})
	return out, err
})

func (f file) imports() []string {
	var out []string
	for _, s := range f.Imports {
		if p, err := strconv.Unquote(s.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// clocks returns where the file reads the machine's clock: a use of time.Now,
// Since or Until, called or passed on, under whatever name time is imported.
func (f file) clocks() []string {
	name := ""
	for _, s := range f.Imports {
		if s.Path.Value == `"time"` {
			name = "time"
			if s.Name != nil {
				name = s.Name.Name
			}
		}
	}
	var out []string
	ast.Inspect(f.File, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := s.X.(*ast.Ident)
		if ok && name != "" && x.Name == name && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
			out = append(out, f.fset.Position(s.Pos()).String())
		}
		return true
	})
	return out
}

// mayReadClock are the rooms that hand the time to all others.
var mayReadClock = map[string]bool{"internal/app": true, "internal/sandbox": true, "internal/emulate/wire": true, "cmd/fedbot": true}

func TestTimeIsAnArgument(t *testing.T) {
	for dir, files := range house(t) {
		for _, f := range files {
			for _, at := range f.clocks() {
				if !f.test && !mayReadClock[dir] {
					t.Errorf("%s reads the machine's clock; time is an argument or a func() time.Time", at)
				}
			}
		}
	}
}

func TestClocksAreFound(t *testing.T) { // the rule must be able to fail
	fset := token.NewFileSet()
	const source = `package x
import clock "time"
var a = clock.Now
func b(time struct{ Now func() }) { time.Now(); _ = clock.Since(clock.Time{}) } // the parameter is no clock
`
	parsed, err := parser.ParseFile(fset, "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := (file{fset: fset, File: parsed}).clocks(); len(got) != 2 {
		t.Errorf("found %v, want two places", got)
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	for dir, files := range house(t) {
		var with []string
		for _, f := range files {
			if !f.test && f.Doc != nil {
				with = append(with, f.path)
			}
			if f.test || f.Doc == nil {
				continue
			}
			if first := f.Doc.Text(); !strings.HasPrefix(first, "Package "+f.Name.Name+" ") && !strings.HasPrefix(first, "Command "+path.Base(dir)+" ") {
				t.Errorf("%s: the package comment begins with %q", f.path, strings.SplitN(first, "\n", 2)[0])
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has %d package comments %v; it must have one", dir, len(with), with)
		}
	}
}

func TestNobodyHasAnInit(t *testing.T) {
	for _, files := range house(t) {
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s has an init; what must be made is made by whoever needs it", f.path)
				}
			}
		}
	}
}

// long are the files that may have more than 400 lines, each with its reason.
var long = map[string]string{
	"internal/awsiam/conformance_test.go": "one list of promises, read from top to bottom; both AWS that run it start from it",
	"internal/awsiam/unit_test.go":        "one small test a case, each of a few lines, on one world",
	"internal/sandbox/stage_test.go":      "the words that plays are written in; each is a few lines, and one looks for them here",
	"workflows/engine_test.go":            "the life of a federation from the first event on, in the order in which it happens",
	"workflows/world_test.go":             "the world that all tests of the engine live in",
}

func TestFilesAreShort(t *testing.T) {
	for _, files := range house(t) {
		for _, f := range files {
			if f.lines > 400 && long[f.path] == "" {
				t.Errorf("%s has %d lines; split it, or say in long why it is one thing", f.path, f.lines)
			}
		}
	}
}
