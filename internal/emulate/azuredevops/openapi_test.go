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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// schema is as much of Swagger 2.0 as Microsoft's files use.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Enum                 []any              `json:"enum"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	AllOf                []*schema          `json:"allOf"`
}

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

var guids = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// check compares a value with a schema; at is the model and field where it lies.
func (o answering) check(s *schema, v any, at string, note, seen func(string)) {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		model, ok := o.models[name]
		if !ok {
			note(at + ": no model " + name)
			return
		}
		if v == nil {
			note(at + ": null")
			return
		}
		o.object(model, v, at, name, note, seen)
		return
	}
	if v == nil {
		note(at + ": null")
		return
	}
	if len(s.Enum) > 0 {
		text, _ := v.(string)
		several := strings.Split(text, ", ")
		switch {
		case slices.Contains(s.Enum, v):
		case len(several) > 1 && !slices.ContainsFunc(several, func(x string) bool { return !slices.Contains(s.Enum, any(x)) }):
			note(at + ": several")
		default:
			note(fmt.Sprintf("%s: enum %v", at, v))
		}
		return
	}
	ok := true
	switch s.Type {
	case "string":
		var text string
		if text, ok = v.(string); ok {
			switch s.Format {
			case "uuid":
				ok = guids.MatchString(text)
			case "date-time":
				_, err := time.Parse(time.RFC3339Nano, text)
				ok = err == nil
			}
		}
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		var n float64
		n, ok = v.(float64)
		ok = ok && n == float64(int64(n)) && (s.Format != "int32" || n >= -1<<31 && n < 1<<31)
	case "number":
		_, ok = v.(float64)
	case "array":
		var items []any
		if items, ok = v.([]any); ok && s.Items != nil {
			for _, x := range items {
				o.check(s.Items, x, at, note, seen)
			}
		}
	case "object", "":
		o.object(s, v, at, at, note, seen)
		return
	}
	if !ok {
		note(at + ": " + strings.TrimSpace(s.Type+" "+s.Format))
	}
}

// object checks the fields of an object; name is what its fields are called after.
func (o answering) object(s *schema, v any, at, name string, note, seen func(string)) {
	if name == "JObject" {
		return // the file's word for anything
	}
	fields, more := o.fields(s)
	have, ok := v.(map[string]any)
	if !ok {
		if len(fields) > 0 || s.Type == "object" {
			note(at + ": object")
		}
		return
	}
	if len(fields) == 0 && more == nil {
		return // anything
	}
	for key, x := range have {
		field, known := fields[key]
		switch {
		case known:
			seen(name + "." + key)
			o.check(field, x, name+"."+key, note, seen)
		case more != nil:
			o.check(more, x, name, note, seen)
		case name == "ReferenceLinks":
			seen(name + "." + key)
			note(name + ": flat")
		default:
			seen(name + "." + key)
			note(name + "." + key + ": unknown")
		}
	}
}

// fields are the properties of a schema and of all that it is built on.
func (o answering) fields(s *schema) (map[string]*schema, *schema) {
	all, more := map[string]*schema{}, s.AdditionalProperties
	for _, base := range s.AllOf {
		if model := o.models[base.Ref[strings.LastIndex(base.Ref, "/")+1:]]; model != nil {
			f, m := o.fields(model)
			for k, v := range f {
				all[k] = v
			}
			if more == nil {
				more = m
			}
		}
	}
	for k, v := range s.Properties {
		all[k] = v
	}
	return all, more
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
