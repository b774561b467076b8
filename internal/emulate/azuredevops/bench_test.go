package azuredevops

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// benchCalls are calls about one object, of a world with many connections.
var benchCalls = []struct{ name, method, path, body string }{
	{"connection", "GET", "{project}/_apis/serviceendpoint/endpoints/{id}", ""},
	{"by-name", "GET", "{project}/_apis/serviceendpoint/endpoints?endpointNames={name}", ""},
	{"update", "PUT", "_apis/serviceendpoint/endpoints/{id}?api-version=7.1", ""},
	{"permission", "GET", "{project}/_apis/pipelines/pipelinepermissions/endpoint/{id}", ""},
	{"permit", "PATCH", "{project}/_apis/pipelines/pipelinepermissions/endpoint/{id}?api-version=7.1-preview.1", `{"pipelines":[{"id":7,"authorized":true}]}`},
	{"checks", "GET", "{project}/_apis/pipelines/checks/configurations?resourceType=endpoint&resourceId={id}&$expand=settings", ""},
	{"check", "GET", "{project}/_apis/pipelines/checks/configurations/5", ""},
	{"history", "GET", "{project}/_apis/serviceendpoint/{id}/executionhistory", ""},
	{"run", "GET", "{project}/_apis/pipelines/7/runs/405", ""},
	{"project", "GET", "_apis/projects/{project}", ""},
	{"identity", "GET", "_apis/identities?searchFilter=MailAddress&filterValue=requester@example.com&queryMembership=Expanded", ""},
}

// crowd fills a server with n connections, each with a permission, a check and a finished
// run that used it, and returns the middle one.
func crowd(tb testing.TB, n int) (s *Server, id, name string) {
	tb.Helper()
	d := seed()
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	for i := range n {
		d.Organizations[0].Projects[0].Connections = append(d.Organizations[0].Projects[0].Connections,
			Connection{Name: fmt.Sprintf("aws-%d", i), Parameters: map[string]string{"useOIDC": "true", "assumeRoleArn": "arn:aws:iam::123456789012:role/x"}, Pipelines: []int{7}})
		d.Organizations[0].People = append(d.Organizations[0].People, Person{Name: fmt.Sprintf("P %d", i), Email: fmt.Sprintf("p%d@example.com", i), Reader: []string{"Ops"}})
	}
	s, err := New(Options{Now: func() time.Time { return now }, Seed: d, key: testKey()})
	if err != nil {
		tb.Fatal(err)
	}
	for i, k := range s.connections.where(term("in", shopID)) {
		ch := check{ID: i + 1, Project: shopID, ResourceType: "endpoint", ResourceID: k.ID, Kind: kindTask, KindName: "Task Check", Settings: []byte("{}"), Timeout: 60}
		r := run{ID: 401 + i, Pipeline: 7, Org: orgID, Project: shopID, Name: fmt.Sprint(i), State: "completed", Result: "succeeded", Used: []string{k.ID}, Records: []record{{ID: newID(), Type: "Job"}}}
		if err := s.saved(s.checks.Put(number(ch.ID), ch), s.runs.Put(number(r.ID), r)); err != nil {
			tb.Fatal(err)
		}
	}
	k, ok := s.connectionNamed(shopID, fmt.Sprintf("aws-%d", n/2))
	if !ok {
		tb.Fatal("the middle connection is not there")
	}
	return s, k.ID, k.References[0].Name
}

// asked is a call of benchCalls about a connection.
func asked(method, path, body, id, name string) *http.Request {
	path = strings.NewReplacer("{project}", shopID, "{id}", id, "{name}", name).Replace(path)
	if method == "PUT" {
		body = fmt.Sprintf(awsBody, name, name, shopID)
	}
	r := httptest.NewRequest(method, "/contoso-ltd/"+path, strings.NewReader(body))
	r.SetBasicAuth("", "pat-requester")
	return r
}

// BenchmarkOneObject shows that a call about one object costs with ten thousand connections
// what it costs with ten. "floor" is a handler that reads the body and answers with {}.
func BenchmarkOneObject(b *testing.B) {
	floor := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	})
	measure := func(h http.Handler, method, path, body, id, name string) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rec := httptest.NewRecorder()
				if h.ServeHTTP(rec, asked(method, path, body, id, name)); rec.Code != http.StatusOK {
					b.Fatalf("%d %s", rec.Code, rec.Body)
				}
			}
		}
	}
	b.Run("floor", measure(floor, "GET", "{project}/_apis/serviceendpoint/endpoints/{id}", "", "x", "x"))
	for _, n := range []int{10, 10_000} {
		s, id, name := crowd(b, n)
		for _, c := range benchCalls {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), measure(s, c.method, c.path, c.body, id, name))
		}
		b.Run(fmt.Sprintf("step/%d", n), func(b *testing.B) {
			for b.Loop() {
				s.Step(b.Context())
			}
		})
	}
}

// TestOneObjectCostsTheSameAmongMany counts allocations instead of time, which no test may: a
// call that walks all objects allocates for each of them.
func TestOneObjectCostsTheSameAmongMany(t *testing.T) {
	few, fewID, fewName := crowd(t, 10)
	many, manyID, manyName := crowd(t, 1000)
	cost := func(s *Server, method, path, body, id, name string) float64 {
		return testing.AllocsPerRun(5, func() {
			rec := httptest.NewRecorder()
			if s.ServeHTTP(rec, asked(method, path, body, id, name)); rec.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
			}
		})
	}
	for _, c := range benchCalls {
		a, b := cost(few, c.method, c.path, c.body, fewID, fewName), cost(many, c.method, c.path, c.body, manyID, manyName)
		if b > a+200 {
			t.Errorf("%s: %.0f allocations with 10 connections, %.0f with 1000", c.name, a, b)
		}
	}
	walk := cost(many, "GET", "{project}/_apis/serviceendpoint/endpoints", "", manyID, manyName)
	if walk < 1000 {
		t.Errorf("a list of 1000 connections costs %.0f allocations: this test finds nothing", walk)
	}
}
