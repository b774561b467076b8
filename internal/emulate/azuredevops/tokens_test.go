package azuredevops

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokensEnd(t *testing.T) {
	w := newWorld(t, nil)
	const projects = "/contoso-ltd/_apis/projects"
	if err := w.s.AddToken("contoso-ltd", "requester@example.com", "pat-short", []string{"vso.project"}, w.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.want(200, "pat-short", "GET", projects, "", nil)
	w.want(401, "pat-short", "GET", apis+"build/builds", "", nil)
	w.now = w.now.Add(time.Hour)
	w.want(401, "pat-short", "GET", projects, "", nil)
	w.want(200, "pat-requester", "GET", projects, "", nil)
	if err := w.s.RevokeToken("pat-requester"); err != nil {
		t.Fatal(err)
	}
	w.want(401, "pat-requester", "GET", projects, "", nil)
	if w.s.RevokeToken("pat-requester") == nil || w.s.AddToken("contoso-ltd", "nobody", "x", nil, time.Time{}) == nil || w.s.AddToken("contoso-ltd", requester, "", nil, time.Time{}) == nil {
		t.Error("a token of nobody, or none at all")
	}
	if err := w.s.AddToken("contoso-ltd", "fedbot", "pat-second", nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.want(200, "pat-second", "GET", "/contoso-ltd/_apis/connectionData", "", nil)
	w.want(200, "pat-fedbot", "GET", "/contoso-ltd/_apis/connectionData", "", nil)
}

func TestAKnownAddressRefusesOtherMethods(t *testing.T) {
	w := newWorld(t, nil)
	for path, allow := range map[string]string{
		"/contoso-ltd/" + shopID + "/_apis/distributedtask/hubs/build/plans/x/jobs/y/oidctoken": "POST",
		apis + "pipelines/7/preview":                   "POST",
		"/contoso-ltd/_apis/serviceendpoint/endpoints": "POST, PUT",
	} {
		resp, body := w.get(path)
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != allow || !strings.Contains(body, "does not support http method 'GET'") {
			t.Errorf("%s: %d %q %s", path, resp.StatusCode, resp.Header.Get("Allow"), body)
		}
	}
}

// FuzzServe sends whatever to the server: it answers everything and fails on nothing.
func FuzzServe(f *testing.F) {
	for _, c := range benchCalls {
		f.Add(c.method, "/contoso-ltd/"+c.path, c.body)
	}
	f.Add("GET", apis+"git/repositories/web-shop/items?scopePath=/&recursionLevel=120", "")
	f.Add("POST", apis+"git/repositories/web-shop/pushes?api-version=7.1", `{"refUpdates":[{}],"commits":[{"changes":[{"changeType":16}]}]}`)
	f.Add("PATCH", "/contoso-ltd/_apis/extensionmanagement/installedextensions?api-version=7.1-preview", `{"installState":{"flags":1}}`)
	f.Add("PATCH", apis+"pipelines/approvals?api-version=7.1", `[{"approvalId":"x","status":"approved"}]`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || len(path)+len(body) > 2000 || strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) || method == "" {
			return
		}
		s, err := New(Options{Now: func() time.Time { return time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC) }, Seed: seed(), key: testKey()})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.SetBasicAuth("", "pat-requester")
		rec := httptest.NewRecorder()
		if s.ServeHTTP(rec, r); rec.Code == http.StatusInternalServerError {
			t.Fatalf("%s %s %s: %s", method, path, body, rec.Body)
		}
	})
}
