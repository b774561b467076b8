package policies

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

// told is a suggestion as a terminal shows it, more or less.
func told(s Suggestion) string {
	var b strings.Builder
	for _, f := range s.Finds {
		fmt.Fprintf(&b, "%d %s\n", f.Line, f.What)
		for _, l := range f.Lines() {
			fmt.Fprintf(&b, "    %s\n", l)
		}
	}
	for _, r := range s.Requests {
		fmt.Fprintf(&b, "%s\n", r.Line)
		for _, m := range r.Missing {
			fmt.Fprintf(&b, "    missing %s\n", m)
		}
	}
	return b.String()
}

func ownShelf(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func suggestFile(t *testing.T, name string) Suggestion {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "suggest", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Suggest(source, ownShelf(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One pipeline for each of the toolkit's 22 tasks, and some of a kind of their own.
// What is proposed allows every action that the code of the task calls.
func TestSuggestEachTaskOfTheToolkit(t *testing.T) {
	if len(toolkit) != 22 {
		t.Fatalf("the toolkit has 22 tasks, and the table %d", len(toolkit))
	}
	wrong := 0
	for _, task := range toolkit {
		if task.wrong != "" {
			wrong++
		}
		t.Run(task.task, func(t *testing.T) {
			s := suggestFile(t, task.task)
			golden(t, "suggest/"+task.task+".txt", []byte(told(s)))
			if len(s.Finds) == 0 {
				t.Fatal("nothing was found")
			}
			can := map[string]bool{}
			for _, r := range s.Requests {
				for _, g := range r.Grants {
					for _, action := range granted(t, g) {
						can[action] = true
					}
				}
			}
			for _, call := range task.calls {
				if _, known := FindAction(call); !known {
					t.Errorf("%s is no action", call)
				}
				if !can[call] {
					t.Errorf("the task calls %s, and nothing that is proposed allows it", call)
				}
			}
		})
	}
	if wrong != 11 {
		t.Errorf("%d tasks have a note about the toolkit's documentation", wrong)
	}
}

// granted are the actions that a grant allows, with the template's own examples for
// what the file does not tell.
func granted(t *testing.T, g workflows.Grant) []string {
	t.Helper()
	template, _ := ownShelf(t).Get(g.Template)
	params := map[string]string{}
	for _, p := range template.Parameters {
		if params[p.Name] = g.Params[p.Name]; params[p.Name] == "" && !p.Optional {
			params[p.Name] = p.Example
		}
	}
	text, err := template.Document(params, "111122223333", "eu-west-1")
	if err != nil {
		t.Fatalf("%+v: %v", g, err)
	}
	var out []string
	for _, s := range document(t, text).Statement {
		if s.allows() {
			out = append(out, s.Action...)
		}
	}
	return out
}

// Whole pipelines as people write them.
func TestSuggestPipelines(t *testing.T) {
	files, err := filepath.Glob("testdata/suggest/pipeline-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".yaml")
		t.Run(name, func(t *testing.T) { golden(t, "suggest/"+name+".txt", []byte(told(suggestFile(t, name)))) })
	}
}

// What covers another template really allows all of it.
func TestAllowsToo(t *testing.T) {
	for more, less := range allowsToo {
		big := granted(t, workflows.Grant{Template: more, Params: map[string]string{}})
		for _, name := range less {
			for _, action := range granted(t, workflows.Grant{Template: name, Params: map[string]string{}}) {
				if !slices.Contains(big, action) {
					t.Errorf("%s is dropped for %s, which does not allow %s", name, more, action)
				}
			}
		}
	}
}

// Every template and parameter that the tables name is there.
func TestSuggestTablesNameWhatIsThere(t *testing.T) {
	c := ownShelf(t)
	check := func(where, template string, params map[string]string) {
		found, ok := c.Get(template)
		if !ok {
			t.Errorf("%s: there is no template %s", where, template)
			return
		}
		for name, from := range params {
			if _, ok := found.Parameter(name); !ok {
				t.Errorf("%s: %s has no parameter %s", where, template, name)
			}
			if _, form, _ := strings.Cut(from, "|"); form != "" && shapes[form] == nil {
				t.Errorf("%s: there is no form %s", where, form)
			}
		}
	}
	for _, task := range toolkit {
		for _, w := range task.wants {
			check(task.task, w.template, w.params)
		}
	}
	for op, n := range cliNeeds {
		check("aws "+op, n.template, n.params)
	}
	for name, x := range cmdlets {
		if _, ok := cliNeeds[x.op]; !ok && x.op != "ecr get-login-password" {
			t.Errorf("%s is %s, which is no operation of the table", name, x.op)
		}
	}
}

func TestSuggestRefuses(t *testing.T) {
	for name, source := range map[string]string{
		"not YAML": "a: [", "a tab": "a:\n\t- b", "too large": strings.Repeat("#", largestPipeline+1), "no text": "a: \x00",
	} {
		if _, err := Suggest([]byte(source), ownShelf(t)); !errors.Is(err, ErrPipeline) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, source := range []string{"", "just a text", "- a\n- b", "steps: 7", "steps:\n  - task:\n", "steps:\n  - script:\n"} {
		s, err := Suggest([]byte(source), ownShelf(t))
		if err != nil || len(s.Finds) > 0 {
			t.Errorf("%q: %+v, %v", source, s, err)
		}
	}
}

// The attack: a pipeline that makes fedbot propose more than it says, or a command
// line that says something else when it is pasted.
func TestAttackSuggestion(t *testing.T) {
	for _, evil := range []string{"*", "shop-*", "${aws:username}", `x --param bucket=other`, `x" --reason "ok`, "x\u2028y", "shop\u202esite", "аws-shop", "x\ny"} {
		source := fmt.Sprintf("steps:\n  - task: S3Download@1\n    inputs:\n      awsCredentials: %q\n      bucketName: %q\n      sourceFolder: %q\n", evil, evil, evil)
		s, err := Suggest([]byte(source), ownShelf(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Requests {
			words := splitLine(r.Line)
			want := []string{"/federate", "request", "--org", "ORGANIZATION", "--project", "PROJECT", "--connection", "CONNECTION", "--account", "ACCOUNT", "--template", "s3-download"}
			for _, p := range slices.Sorted(maps.Keys(r.Grants[0].Params)) {
				want = append(want, "--param", p+"="+r.Grants[0].Params[p])
			}
			for _, p := range []string{"bucket", "prefix"} {
				if r.Grants[0].Params[p] == "" {
					want = append(want, "--param", p+"="+strings.ToUpper(p))
				}
			}
			if words[7] == evil { // a name that may stand
				want[7] = evil
			}
			if diff := cmp.Diff(append(want, "--reason", "WHY"), words); diff != "" {
				t.Errorf("%q makes another line (-want +got):\n%s", evil, diff)
			}
		}
	}
}

// splitLine reads a command as people's shells and Slack do: words, with double
// quotes around some.
func splitLine(line string) []string {
	var out []string
	word, in, quoted := "", false, false
	for _, c := range line {
		switch {
		case c == '"':
			in, quoted = true, !quoted
		case c == ' ' && !quoted:
			if in {
				out = append(out, word)
			}
			word, in = "", false
		default:
			word, in = word+string(c), true
		}
	}
	return append(out, word)
}

// The attack: files that take long or much. None may.
func TestAttackSlowPipeline(t *testing.T) {
	deep := strings.Repeat("[", 5000)
	chain := "variables:\n"
	for i := range 40 {
		chain += fmt.Sprintf("  v%d: $(v%d)$(v%d)\n", i, i+1, i+1)
	}
	chain += "  v40: xxxxxxxx\nsteps:\n  - script: aws s3 ls s3://$(v0)\n"
	wide := "variables:\n"
	for i := range 12 {
		wide += fmt.Sprintf("  w%d: %s\n", i, strings.Repeat(fmt.Sprintf("$(w%d)", i+1), 200))
	}
	wide += "steps:\n" + strings.Repeat("  - script: aws s3 ls s3://$(w0)\n", 2000)
	for name, source := range map[string]string{
		"wide": wide, "deep": deep, "chain": chain, "itself": "variables:\n  a: $(b)\n  b: $(a)\nsteps:\n  - script: aws s3 ls s3://$(a)\n",
		"dollars":  "steps:\n  - script: |\n      " + strings.Repeat("$(", 60000) + "\n",
		"quotes":   "steps:\n  - script: |\n      " + strings.Repeat("`\"", 60000) + "\n",
		"heredocs": "steps:\n  - script: |\n      " + strings.Repeat("<<A ", 60000) + "\n",
		"braces":   "steps:\n  - script: |\n      " + strings.Repeat("${{", 60000) + "\n",
		"lines":    "steps:\n  - script: |\n" + strings.Repeat("      aws s3 ls\n", 20000),
	} {
		began := time.Now()
		s, err := Suggest([]byte(source), ownShelf(t))
		if err == nil && len(s.Finds) > mostFinds+1 {
			t.Errorf("%s: %d finds", name, len(s.Finds))
		}
		t.Logf("%s: %s, %d finds, %v", name, time.Since(began).Round(time.Millisecond), len(s.Finds), err)
	}
}

func FuzzSuggest(f *testing.F) {
	files, _ := filepath.Glob("testdata/suggest/*.yaml")
	for _, name := range files {
		if source, err := os.ReadFile(name); err == nil {
			f.Add(source)
		}
	}
	c := ownShelf(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		if len(source) > 20000 {
			return
		}
		s, err := Suggest(source, c)
		if err != nil {
			if !errors.Is(err, ErrPipeline) {
				t.Fatalf("%v is not ErrPipeline", err)
			}
			return
		}
		lines := strings.Count(string(source), "\n") + strings.Count(string(source), "\r") + 2
		for _, x := range s.Finds {
			if x.Line < 0 || x.Line > lines || x.What == "" || strings.ContainsAny(x.What+strings.Join(x.Says, ""), markOpen+markClose+"\n") {
				t.Fatalf("%+v of %d lines", x, lines)
			}
			for _, n := range x.Needs {
				template, ok := c.Get(n.Template)
				for name, v := range n.Params {
					p, known := template.Parameter(name)
					if !ok || !known || p.refuse(v) != "" {
						t.Fatalf("%s %s=%q is proposed", n.Template, name, v)
					}
				}
			}
		}
		for _, r := range s.Requests {
			if strings.ContainsAny(r.Line, markOpen+markClose+"\n\r") {
				t.Fatalf("the line is %q", r.Line)
			}
		}
	})
}

// Whoever can push a file must not be able to end fedbot with it, which reads the files
// of pipelines while somebody fills in the form: what is out of memory cannot be caught.
func TestSuggestIsNotExhausted(t *testing.T) {
	catalogue := mustBuiltin(t)
	doubling := func(first, next, use string) string {
		var b strings.Builder
		b.WriteString(first)
		for i := range 14 {
			fmt.Fprintf(&b, next, i+1, strings.Repeat(fmt.Sprintf(use, i), 10))
		}
		return b.String()
	}
	for name, file := range map[string]string{
		"lists in a line":   "steps:\n" + strings.Repeat("- ", 200_000) + "x\n",
		"brackets":          "a: " + strings.Repeat("[", 200_000) + "\n",
		"braces":            "a: " + strings.Repeat("{a: ", 100_000) + "\n",
		"keys in a line":    strings.Repeat("a: ", 100_000) + "\n",
		"indented keys":     staircase(700),
		"ends, beginnings":  "a: " + strings.Repeat("]", 100_000) + strings.Repeat("[", 100_000) + "\n",
		"documents":         strings.Repeat("---\n- a\n...\n", 30_000),
		"keys of one place": numbered(50_000),
		"shell variables":   doubling("steps:\n- script: |\n    v0=aaaaaaaaaa\n", "    v%d=%s\n", "$v%d") + "    aws s3 cp a s3://$v14\n",
		"pipeline variable": doubling("variables:\n  v0: aaaaaaaaaa\n", "  v%d: %s\n", "$(v%d)") + "steps:\n- script: aws s3 cp a s3://$(v14)\n",
	} {
		before := allocated()
		got, err := Suggest([]byte(file), catalogue)
		if grew := allocated() - before; grew > 1<<30 {
			t.Errorf("%s: %d MB", name, grew>>20)
		}
		if deep := strings.HasPrefix(name, "shell") || strings.HasPrefix(name, "pipeline"); !deep && !errors.Is(err, ErrPipeline) || deep && (err != nil || len(got.Finds) != 1) {
			t.Errorf("%s: %v, %v", name, got.Finds, err)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func staircase(deep int) string {
	var b strings.Builder
	for i := range deep {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
