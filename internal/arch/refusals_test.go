package arch

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the list of refusals")

// refusalRooms are where people are refused.
var refusalRooms = []string{"../../bot", "../../workflows", "../identity", "../app", "../drift", "../azuredevops", "../awsiam"}

// refusals are every sentence with which somebody is refused, by its code, read from
// the code itself: no list of them can fall behind. What is filled in while running
// stands in angle quotes.
func refusals(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, room := range refusalRooms {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", room, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if f, is := n.(*ast.FuncDecl); is && f.Name.Name == "refusal" && f.Recv == nil { // who is nobody, in a switch
					for _, say := range returned(f) {
						if !slices.Contains(out["not_a_member"], say) {
							out["not_a_member"] = append(out["not_a_member"], say)
						}
					}
				}
				code, say, ok := refused(n)
				if ok && !strings.HasPrefix(code, "‹") && !slices.Contains(out[code], say) {
					out[code] = append(out[code], say)
				}
				return true
			})
		}
	}
	for _, all := range out {
		slices.Sort(all)
	}
	return out
}

// returned are the sentences that a function returns.
func returned(f *ast.FuncDecl) (out []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
			if say := spelled(r.Results[0]); say != "" {
				out = append(out, say)
			}
		}
		return true
	})
	return out
}

// refused reads Refuse(code, format, …) and Refusal{Code: …, Say: …}.
func refused(n ast.Node) (code, say string, ok bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if name != "Refuse" || len(n.Args) < 2 {
			return "", "", false
		}
		return spelled(n.Args[0]), filled(n.Args[1:]), true
	case *ast.CompositeLit:
		name := ""
		switch f := n.Type.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if name != "Refusal" {
			return "", "", false
		}
		for _, e := range n.Elts {
			kv, isPair := e.(*ast.KeyValueExpr)
			if !isPair {
				continue
			}
			switch kv.Key.(*ast.Ident).Name {
			case "Code":
				code = spelled(kv.Value)
			case "Say":
				say = spelled(kv.Value)
				if call, is := kv.Value.(*ast.CallExpr); is && len(call.Args) > 0 && strings.HasSuffix(source(call.Fun), "Sprintf") {
					say = filled(call.Args)
				}
			}
		}
		return code, say, code != "" && say != ""
	}
	return "", "", false
}

// spelled is a string expression with what is not literal in angle quotes.
func spelled(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return spelled(e.X) + spelled(e.Y)
	case *ast.ParenExpr:
		return spelled(e.X)
	}
	return "‹" + source(e) + "›"
}

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-z]`)

// filled puts the source of each argument into its place.
func filled(args []ast.Expr) string {
	rest := args[1:]
	return verb.ReplaceAllStringFunc(spelled(args[0]), func(string) string {
		if len(rest) == 0 {
			return "‹missing›"
		}
		arg := rest[0]
		rest = rest[1:]
		return "‹" + source(arg) + "›"
	})
}

func source(e ast.Expr) string {
	var b strings.Builder
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return "?"
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// TestRefusalsAreListed holds bot/gallery/refusals.txt to the code: every code with every
// sentence that somebody can be told. Room bot renders that list and has Slack's
// emulator take it, so that a refusal without a golden message fails here.
func TestRefusalsAreListed(t *testing.T) {
	all := refusals(t)
	if len(all) < 40 {
		t.Errorf("%d codes were found: is the code still read rightly?", len(all))
	}
	var b strings.Builder
	for _, code := range slices.Sorted(maps.Keys(all)) {
		for _, say := range all[code] {
			fmt.Fprintf(&b, "%s | %s\n", code, say)
			first := strings.TrimPrefix(say, "fedbot")
			capital := say != first || unicode.IsUpper([]rune(say)[0]) || strings.HasPrefix(say, "‹")
			whole := strings.HasSuffix(say, ".") || strings.HasSuffix(say, "›")
			if code != "not_a_member" && !capital || !whole { // that one goes on from "Not approved:"
				t.Errorf("%s is no sentence: %q", code, say)
			}
		}
	}
	path := filepath.Join("..", "..", "bot", "gallery", "refusals.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(raw), "\n"), strings.Split(b.String(), "\n")
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("in the code and not in %s (read it, then -update writes it): %s", path, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("in %s and not in the code any more (-update): %s", path, line)
		}
	}
}

// TestRefusalsAreFound: the reading can miss nothing that it should find.
func TestRefusalsAreFound(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
var a = Refuse("one", "Not %s: "+"%d.", verb, n)
var b = workflows.Refuse("two", "%s", why)
var c = &Refusal{Code: "three", Say: fmt.Sprintf("No %s.", f(x, y)), Field: "a"}
var d = &workflows.Refusal{Code: "four", Say: say + " it."}`, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if code, say, ok := refused(n); ok {
			got[code] = say
		}
		return true
	})
	want := map[string]string{"one": "Not ‹verb›: ‹n›.", "two": "‹why›", "three": "No ‹f(x, y)›.", "four": "‹say› it."}
	if !maps.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
