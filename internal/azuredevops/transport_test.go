package azuredevops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"

	"fedbot/workflows"
)

// speak starts a server with scripted answers and a session that talks to it.
func speak(t *testing.T, answer http.HandlerFunc) (*DevOps, *clients) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/_apis") {
			_, _ = w.Write([]byte(`{"count":1,"value":[{"id":"e81700f7-3be2-46de-8624-2eb35882fcaa","area":"Location","resourceName":"ResourceAreas","routeTemplate":"_apis/{resource}/{areaId}","resourceVersion":1,"minVersion":"3.2","maxVersion":"7.2","releasedVersion":"0.0"},
			 {"id":"35a80daf-7f30-45fc-86e8-6b813d9c90df","area":"build","resourceName":"logs","routeTemplate":"{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}","resourceVersion":2,"minVersion":"2.0","maxVersion":"7.2","releasedVersion":"7.1"}]}`))
			return
		}
		if strings.HasSuffix(r.URL.Path, "/ResourceAreas") {
			_, _ = w.Write([]byte(`{"count":0,"value":[]}`))
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	d, err := New(Options{Now: func() time.Time { return time.Unix(0, 0) }, PerSecond: 1000,
		Organizations: []Organization{{Name: "contoso", URL: server.URL + "/contoso", Token: pat("secret")}}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.orgs["contoso"].writer.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func pat(token string) Credential {
	return func(context.Context) (string, string, error) { return "Basic", token, nil }
}

func TestRefusalsHaveOneForm(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		kind, body string
		want       int
		key        string
	}{
		"an error object":    {404, "application/json", `{"message":"no","typeKey":"GoneException"}`, 404, "GoneException"},
		"a wrapped object":   {400, "application/json", `{"count":1,"value":{"Message":"no"}}`, 400, ""},
		"a wrapped text":     {400, "application/json", `{"count":151,"value":"no"}`, 400, ""},
		"plain text":         {403, "text/plain", `no`, 403, ""},
		"an empty body":      {401, "", ``, 401, ""},
		"a hidden project":   {404, "application/json", `{"message":"no","typeKey":"ProjectDoesNotExistException"}`, 404, "ProjectDoesNotExistException"},
		"a wrong address":    {404, "application/json", `{"message":"no","typeKey":"VssResourceNotFoundException"}`, 404, "VssResourceNotFoundException"},
		"a proxy":            {404, "text/plain", `404 page not found`, 404, ""},
		"a sign-in page":     {203, "text/html", `<html>`, 401, "SignInPage"},
		"a page with 200":    {200, "text/html; charset=utf-8", `<html>`, 401, "SignInPage"},
		"a redirect":         {302, "text/html", `<html>`, 401, "SignInPage"},
		"a page of an error": {404, "text/html", `<html>`, 404, "Page"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := speak(t, func(w http.ResponseWriter, r *http.Request) {
				if c.status == 302 {
					w.Header().Set("Location", "https://login.example/")
				}
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			err := client.call(t.Context(), http.MethodGet, "x/_apis/y", nil, "7.1", nil, nil)
			status, key := refusal(err)
			if status != c.want || key != c.key {
				t.Errorf("%d %q, want %d %q: %v", status, key, c.want, c.key, err)
			}
			if absent(err) != (name == "an error object") {
				t.Errorf("absent: %v", absent(err))
			}
			if !errors.Is(unread("it", err), workflows.ErrUnreadable) {
				t.Error("a read that failed is not unreadable")
			}
		})
	}
}

func TestReadsAreRepeatedAndWritesAreNot(t *testing.T) {
	seen := map[string]int{}
	d, client := speak(t, func(w http.ResponseWriter, r *http.Request) {
		if seen[r.Method]++; seen[r.Method] < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{}`))
	})
	if err := client.call(t.Context(), http.MethodGet, "p/_apis/things/7", nil, "7.1", nil, nil); err != nil {
		t.Errorf("the third answer was good: %v", err)
	}
	err := client.call(t.Context(), http.MethodPost, "p/_apis/things", nil, "7.1", map[string]string{}, nil)
	if err = failed("do it", err); err == nil || errors.Is(err, workflows.ErrPermanent) {
		t.Errorf("a write that met an outage is unknown, not %v", err)
	}
	want := map[string]int{"GET things/*": 3, "POST things": 1}
	got := d.Calls()
	for call, n := range want {
		if got[call] != n {
			t.Errorf("%s: %d calls, want %d", call, got[call], n)
		}
	}
}

func TestRetryAfterOnSuccess(t *testing.T) {
	times := 0
	_, client := speak(t, func(w http.ResponseWriter, r *http.Request) {
		if times++; times == 1 {
			w.Header().Set("Retry-After", "30")
		}
		_, _ = w.Write([]byte(`{}`))
	})
	if err := client.call(t.Context(), http.MethodGet, "_apis/one", nil, "7.1", nil, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := client.call(ctx, http.MethodPost, "_apis/two", nil, "7.1", map[string]string{}, nil)
	if !errors.Is(err, errPause) || times != 1 {
		t.Errorf("%d calls in spite of the pause: %v", times, err)
	}
}

func TestTokenStaysHome(t *testing.T) {
	for _, c := range []struct {
		home, to string
		want     bool
	}{
		{"https://dev.azure.com/contoso", "https://dev.azure.com/contoso", true},
		{"https://dev.azure.com/contoso", "https://extmgmt.dev.azure.com/contoso", true},
		{"https://dev.azure.com/contoso", "https://contoso.vssps.visualstudio.com/", true},
		{"https://dev.azure.com/contoso", "http://extmgmt.dev.azure.com/contoso", false},
		{"https://dev.azure.com/contoso", "https://dev.azure.com.evil.example/", false},
		{"https://dev.azure.com/contoso", "https://evildev.azure.com/", false},
		{"http://127.0.0.1:7073/contoso", "http://127.0.0.1:7074/contoso", false},
		{"http://127.0.0.1:7073/contoso", "https://dev.azure.com/contoso", false},
	} {
		home, _ := url.Parse(c.home)
		to, _ := url.Parse(c.to)
		if got := trusted(home, to); got != c.want {
			t.Errorf("from %s to %s: %v", c.home, c.to, got)
		}
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger was called, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	_, client := speak(t, nil)
	client.base = elsewhere.URL
	if err := client.call(t.Context(), http.MethodGet, "_apis/x", nil, "7.1", nil, nil); err == nil {
		t.Error("a stranger was called")
	}
}

func TestOnlyTheSigningTaskIsEvidence(t *testing.T) {
	_, client := speak(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"count":1,"value":["from ` + path.Base(r.URL.Path) + `"]}`))
	})
	var records []build.TimelineRecord
	if err := json.Unmarshal([]byte(`[{"type":"Task","task":{"id":"6d15af64-176c-496d-b583-fd2ae21d4df4"},"log":{"id":1}},{"type":"Job","log":{"id":2}},
		{"type":"Task","task":{"id":"3aea39d2-803c-43c7-b8d6-8e71b670f816"},"log":{"id":3}},{"type":"Task","log":{"id":4}}]`), &records); err != nil {
		t.Fatal(err)
	}
	watch := &task{Task: workflows.Task{Step: workflows.Step{Proof: &workflows.ProofSpec{ProjectID: someProject}}}, c: client}
	lines, err := watch.shellLog(t.Context(), 412, records)
	if diff := cmp.Diff([]string{"from 3"}, lines); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestCallSaysWhatItSends(t *testing.T) {
	var got []string
	_, client := speak(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		got = append(got, user, password, r.Header.Get("Accept"), r.Header.Get("X-TFS-FedAuthRedirect"), r.URL.RequestURI())
		_, _ = w.Write([]byte(`null`))
	})
	e, err := client.endpoint(t.Context(), someProject, "id")
	if e != nil || err != nil {
		t.Errorf("null is a connection that is not there: %v %v", e, err)
	}
	want := []string{"", "secret", "application/json;api-version=7.2-preview.4", "Suppress",
		"/contoso/" + someProject + "/_apis/serviceendpoint/endpoints/id"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
