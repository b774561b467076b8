package azuredevops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// document is one file, operation one call in it with what it answers.
type (
	openAPI struct {
		Definitions map[string]*schema
		Paths       map[string]map[string]json.RawMessage
	}
	answering struct {
		file, id, method, path string
		segments               []string
		newer                  bool // of the file for 7.2
		models                 map[string]*schema
		answers                map[string]*schema // by status
		scopes                 []string
	}
)

// published is what Microsoft publishes, and what came of comparing answers with it.
type published struct {
	operations []answering

	mu     sync.Mutex
	rows   map[string]string // disagreements that docs/emulators.md lists, with their reasons
	seen   map[string]bool   // fields that an answer had, as "Model.field"
	differ map[string]string // disagreements, with the first answer in which each happened
	calls  map[string]bool   // operations that were answered well
}

// microsoft is read once; it is nil where the files are not.
var microsoft = sync.OnceValues(func() (*published, error) {
	root := os.Getenv("AZURE_DEVOPS_EXAMPLES")
	if root == "" {
		return nil, nil
	}
	rows, err := listed("OpenAPI")
	if err != nil {
		return nil, err
	}
	p := &published{rows: rows, seen: map[string]bool{}, differ: map[string]string{}, calls: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no OpenAPI files in %s: %w", root, err)
	}
	for _, file := range files {
		var d openAPI
		if err := readPublished(file, &d); err != nil {
			return nil, err
		}
		for path, calls := range d.Paths {
			for method, raw := range calls {
				var o struct {
					ID        string `json:"operationId"`
					Responses map[string]struct{ Schema *schema }
					Security  []map[string][]string
				}
				if method == "parameters" {
					continue
				}
				if err := json.Unmarshal(raw, &o); err != nil {
					return nil, fmt.Errorf("%s %s: %w", file, path, err)
				}
				op := answering{file: file, id: strings.ReplaceAll(o.ID, "  ", " "), method: strings.ToUpper(method), path: path, segments: strings.Split(strings.Trim(path, "/"), "/"),
					newer: strings.Contains(file, "/7.2/"), models: d.Definitions, answers: map[string]*schema{}}
				for status, r := range o.Responses {
					op.answers[status] = r.Schema
				}
				for _, s := range o.Security {
					op.scopes = append(op.scopes, s["oauth2"]...)
				}
				p.operations = append(p.operations, op)
			}
		}
	}
	return p, nil
})

// readPublished reads a JSON file with or without the mark that Microsoft begins some with.
func readPublished(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// find is the operation that a request is, of the file for the version it asked for.
func (p *published) find(method, path string, newer bool) (answering, bool) {
	have := strings.Split(strings.Trim(path, "/"), "/")
	var found []answering
	for _, o := range p.operations {
		if o.method != method || len(o.segments) != len(have) {
			continue
		}
		fits := true
		for i, s := range o.segments {
			if !strings.HasPrefix(s, "{") && !strings.EqualFold(s, have[i]) || strings.HasPrefix(s, "{") && strings.HasPrefix(have[i], "_apis") {
				fits = false
			}
		}
		if fits {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b answering) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	for _, want := range []bool{newer, false, true} {
		if i := slices.IndexFunc(found, func(o answering) bool { return o.newer == want }); i >= 0 {
			return found[i], true
		}
	}
	return answering{}, false
}

// watch passes calls on and compares what is answered with what is published.
func (p *published) watch(next http.Handler) http.Handler {
	if p == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &keeper{ResponseWriter: w}
		next.ServeHTTP(kept, r)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || kept.status == http.StatusNoContent {
			v, f := parseVersion(r)
			p.compare(r.Method, r.URL, f == nil && v.atLeast(7, 2), kept.status, kept.body.Bytes())
		}
	})
}

type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeper) Write(b []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

// compare holds one good answer to its operation; refusals are not in the files.
func (p *published) compare(method string, u *url.URL, newer bool, status int, body []byte) {
	o, ok := p.find(method, u.Path, newer)
	if !ok || status < 200 || status > 299 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[o.id] = true
	note := func(key string) {
		if p.differ[key] == "" {
			p.differ[key] = fmt.Sprintf("%s %s: %d %.300s", method, u, status, body)
		}
	}
	answer, known := o.answers[fmt.Sprint(status)]
	if !known {
		note(fmt.Sprintf("%s: status %d", o.id, status))
		return
	}
	var v any
	if status == http.StatusNoContent {
		return
	}
	if err := json.Unmarshal(body, &v); err != nil {
		note(o.id + ": no JSON")
		return
	}
	if answer == nil {
		return
	}
	if v == nil {
		note(o.id + ": null")
		return
	}
	o.top(answer, v, note, func(field string) { p.seen[field] = true })
}

// top checks a whole answer: what the files call an array comes in a wrapper.
func (o answering) top(s *schema, v any, note, seen func(string)) {
	if wrapped, ok := v.(map[string]any); ok && s.Type == "array" {
		items, isList := wrapped["value"].([]any)
		if n, isCount := wrapped["count"].(float64); isList && isCount && int(n) == len(items) {
			note("top: array")
			v = items
		}
	}
	o.check(s, v, "top", note, seen)
}

// lacks are the fields that Microsoft's examples have in answers and no answer of ours had,
// for operations that were called.
func (p *published) lacks(root string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(file, "/httpExamples/") {
			return err
		}
		var e struct {
			Method    string `json:"x-ms-vss-request-method"`
			URL       string `json:"x-ms-vss-request-url"`
			Responses map[string]struct{ Body any }
		}
		if err := readPublished(file, &e); err != nil {
			return err
		}
		u, err := url.Parse(e.URL)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		o, ok := p.find(e.Method, u.Path, strings.Contains(file, "/7.2/"))
		s := o.answers["200"]
		if body := e.Responses["200"].Body; ok && p.calls[o.id] && s != nil && body != nil {
			o.top(s, body, func(string) {}, func(field string) {
				if !p.seen[field] {
					found[field+": lacking"] = strings.TrimPrefix(file, root+"/")
				}
			})
		}
		return nil
	})
	return found, err
}

// TestMain compares, when all tests have run, the disagreements that happened with those
// that docs/emulators.md lists: neither may have one that the other has not.
func TestMain(m *testing.M) {
	code := m.Run()
	p, err := microsoft() // not before: what tests read is what go test's cache goes by
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if code == 0 && p != nil {
		code = p.verdict()
	}
	os.Exit(code)
}
