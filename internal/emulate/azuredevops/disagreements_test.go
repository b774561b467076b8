package azuredevops

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const emulatorsPage = "../../../docs/emulators.md"

// listed reads the disagreements of this emulator with a judge out of docs/emulators.md: the
// call, in backquotes, and the reason.
func listed(judge string) (map[string]string, error) {
	raw, err := os.ReadFile(emulatorsPage)
	if err != nil {
		return nil, err
	}
	_, section, ok := strings.Cut(string(raw), "\n## Azure DevOps\n")
	if !ok {
		return nil, fmt.Errorf("%s has no section on Azure DevOps", emulatorsPage)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]string{}
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 5 || cells[0] != judge {
			continue
		}
		for _, call := range strings.Split(cells[1], ", ") {
			key := strings.Trim(call, "` ")
			if rows[key] != "" {
				return nil, fmt.Errorf("%s lists %s twice", emulatorsPage, key)
			}
			rows[key] = strings.TrimSpace(cells[4])
		}
	}
	return rows, nil
}

// verdict says what happened and is not listed, and, when every test ran, what is listed and
// did not happen.
func (p *published) verdict() int {
	rows := p.rows
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && judged.Load() &&
		flag.Lookup("test.bench").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	code := 0
	for key, example := range p.differ {
		if rows[key] == "" {
			fmt.Printf("an answer is not as published, and docs/emulators.md does not say why: `%s`\n\t%s\n", key, example)
			code = 1
		}
	}
	if !whole {
		return code
	}
	if dir := os.Getenv("FEDBOT_JUDGED"); dir != "" { // as judge.Called does within a test
		text := strings.Join(slices.Sorted(maps.Keys(p.calls)), "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, "azure-devops-openapi"), []byte(strings.ReplaceAll(text, " ", "-")), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	lacking, err := p.lacks(os.Getenv("AZURE_DEVOPS_EXAMPLES"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for key, file := range lacking {
		if rows[key] == "" {
			fmt.Printf("no answer has a field of a published example, and docs/emulators.md does not say why: `%s`\n\t%s\n", key, file)
			code = 1
		}
	}
	for _, o := range p.operations {
		if !p.calls[o.id] && rows[o.id+": unanswered"] == "" {
			fmt.Printf("no test saw a good answer to an operation, and docs/emulators.md does not say why: `%s: unanswered`\n", o.id)
			code = 1
		}
		if !p.calls[o.id] {
			lacking[o.id+": unanswered"] = o.file
		}
	}
	for key := range rows {
		if p.differ[key] == "" && lacking[key] == "" {
			fmt.Printf("docs/emulators.md lists a disagreement that does not happen: `%s`\n", key)
			code = 1
		}
	}
	return code
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// scopeOf is the scope that this emulator wants for an operation, if it has it.
func (s *Server) scopeOf(o answering) (string, bool) {
	var path []string
	for _, part := range o.segments[1:] {
		if strings.HasPrefix(part, "{") {
			part = "x"
		}
		path = append(path, part)
	}
	l, vars, ok := s.find(path)
	call, has := l.calls[l.key(o.method, vars)]
	return call.scope, ok && has
}

// TestShapesAreThePublishedOnes shows that the comparison which TestMain makes of all answers
// finds what is wrong: each document here has one mistake.
func TestShapesAreThePublishedOnes(t *testing.T) {
	p, err := microsoft()
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		t.Skip("AZURE_DEVOPS_EXAMPLES names no folder with the published description of the REST API")
	}
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	if o, ok := p.find("GET", apis+"serviceendpoint/endpoints/"+id, false); !ok || o.id != "Endpoints_Get" || o.newer {
		t.Fatalf("the operation of a connection is %q", o.id)
	}
	if o, ok := p.find("GET", apis+"serviceendpoint/endpoints/"+id, true); !ok || !o.newer {
		t.Fatalf("the newer operation is of %s", o.file)
	}
	for body, want := range map[string]string{
		`{"id":"` + id + `"}`:             "",
		`{"id":"no guid"}`:                "ServiceEndpoint.id: string uuid",
		`{"isReady":"true"}`:              "ServiceEndpoint.isReady: boolean",
		`{"colour":"red"}`:                "ServiceEndpoint.colour: unknown",
		`{"name":null}`:                   "ServiceEndpoint.name: null",
		`{"data":{"x":1}}`:                "ServiceEndpoint.data: string",
		`{"createdBy":"me"}`:              "ServiceEndpoint.createdBy: object",
		`{"createdBy":{"displayName":7}}`: "IdentityRef.displayName: string",
		`{"serviceEndpointProjectReferences":[{"projectReference":{"id":"x"}}]}`: "ProjectReference.id: string uuid",
	} {
		o, _ := p.find("GET", apis+"serviceendpoint/endpoints/"+id, false)
		var got []string
		o.top(o.answers["200"], decoded(t, body), func(key string) { got = append(got, key) }, func(string) {})
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %v, want %q", body, got, want)
		}
	}
	compared := 0
	for _, o := range p.operations {
		scope, ok := w.s.scopeOf(o)
		if ok {
			compared++
		}
		if ok && scope != strings.Join(o.scopes, "&") {
			t.Errorf("%s needs the scopes %v, ours %s", o.id, o.scopes, scope)
		}
	}
	if compared < 40 {
		t.Errorf("scopes of %d published operations were compared", compared)
	}
	o, _ := p.find("GET", apis+"serviceendpoint/"+id+"/executionhistory", false)
	var got []string
	o.top(o.answers["200"], decoded(t, `[{"data":{"result":"fine","id":0.5,"startTime":"yesterday"}}]`), func(key string) { got = append(got, key) }, func(string) {})
	for _, want := range []string{"ServiceEndpointExecutionData.result: enum fine", "ServiceEndpointExecutionData.id: integer int64", "ServiceEndpointExecutionData.startTime: string date-time"} {
		if !strings.Contains(strings.Join(got, ","), want) {
			t.Errorf("no %q in %v", want, got)
		}
	}
}
