package azuredevops

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const endpoints = "/contoso-ltd/_apis/serviceendpoint/endpoints"

// get sends a request of the project's administrator with headers, and returns answer and
// body.
func (w *world) get(path string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("", "pat-requester")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(body)
}

type connectionState struct {
	ID              string
	IsReady         bool
	IsShared        bool
	OperationStatus struct{ State, StatusMessage string }
}

func TestCreationTakesItsTime(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetLag(Lag{Create: time.Minute})
	id := w.connect("aws-prod")
	w.permit(id)
	var k connectionState
	one := apis + "serviceendpoint/endpoints/" + id
	w.want(200, "pat-fedbot", "GET", one, "", &k)
	if k.IsReady || k.OperationStatus.State != "InProgress" {
		t.Errorf("while it is made: %+v", k)
	}
	w.want(400, "pat-fedbot", "POST", apis+"pipelines/7/runs?api-version=7.1", fmt.Sprintf(queueBody, "main"), nil)
	w.now = w.now.Add(time.Minute)
	w.want(200, "pat-fedbot", "GET", one, "", &k)
	if !k.IsReady || k.OperationStatus.State != "Ready" {
		t.Errorf("after a minute: %+v", k)
	}
	r := w.queue("main")
	w.steps(8)
	if got := w.state(r.ID); got.Result != "succeeded" {
		t.Errorf("run: %+v", got)
	}
}

func TestAPermissionIsSeenLater(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetLag(Lag{Permit: time.Minute})
	id := w.connect("aws-prod")
	at := apis + "pipelines/pipelinepermissions/endpoint/" + id
	granted := func() int {
		t.Helper()
		var p struct{ Pipelines []struct{ ID int } }
		w.want(200, "pat-fedbot", "GET", at, "", &p)
		return len(p.Pipelines)
	}
	var said struct{ Pipelines []struct{ ID int } }
	w.want(200, "pat-fedbot", "PATCH", at+"?api-version=7.1-preview.1", `{"pipelines":[{"id":7,"authorized":true}]}`, &said)
	r := w.queue("main")
	w.steps(8)
	if len(said.Pipelines) != 1 || granted() != 0 || w.state(r.ID).State != "inProgress" {
		t.Errorf("at once: said %d, seen %d, %+v", len(said.Pipelines), granted(), w.state(r.ID))
	}
	w.now = w.now.Add(time.Minute)
	w.steps(8)
	if granted() != 1 || w.state(r.ID).Result != "succeeded" {
		t.Errorf("a minute later: seen %d, %+v", granted(), w.state(r.ID))
	}
}

func TestCreationCanFail(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetCreationFails("the service principal could not be made")
	id := w.connect("aws-prod")
	var k connectionState
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints/"+id, "", &k)
	if k.IsReady || k.OperationStatus.State != "Failed" || k.OperationStatus.StatusMessage != "the service principal could not be made" {
		t.Errorf("failed: %+v", k)
	}
	for query, n := range map[string]int{"": 0, "?includeFailed=true": 1} {
		var all struct{ Count int }
		w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints"+query, "", &all)
		if all.Count != n {
			t.Errorf("list%s: %d", query, all.Count)
		}
	}
	w.s.SetCreationFails("")
	w.want(409, "pat-fedbot", "POST", endpoints+"?api-version=7.1", fmt.Sprintf(awsBody, "aws-prod", "aws-prod", shopID), nil)
	w.connect("aws-next")
}

func TestProjectsAreMadeAndDeletedInTime(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetLag(Lag{Create: time.Minute, Delete: time.Minute})
	operation := func(method, path, body string, ends time.Duration) {
		t.Helper()
		var o struct{ ID, Status string }
		w.want(202, "pat-requester", method, path, body, &o)
		at := "/contoso-ltd/_apis/operations/" + o.ID
		if w.want(200, "pat-requester", "GET", at, "", &o); o.Status != "inProgress" {
			t.Errorf("%s at once: %+v", method, o)
		}
		w.now = w.now.Add(ends)
		if w.want(200, "pat-requester", "GET", at, "", &o); o.Status != "succeeded" {
			t.Errorf("%s then: %+v", method, o)
		}
	}
	count := func(filter string) int {
		t.Helper()
		var all struct{ Count int }
		w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/projects?stateFilter="+filter, "", &all)
		return all.Count
	}
	var o struct{ ID string }
	w.want(202, "pat-requester", "POST", "/contoso-ltd/_apis/projects?api-version=7.1", `{"name":"Early"}`, &o)
	if count("") != 1 || count("createPending") != 1 || count("all") != 2 {
		t.Errorf("while one is made: %d, %d, %d", count(""), count("createPending"), count("all"))
	}
	operation("POST", "/contoso-ltd/_apis/projects?api-version=7.1", `{"name":"Fresh"}`, time.Minute)
	if count("") != 3 {
		t.Errorf("made: %d", count(""))
	}
	operation("DELETE", "/contoso-ltd/_apis/projects/Fresh?api-version=7.1", "", time.Minute)
}

func TestSeveralConnectionsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	a, b := w.connect("aws-a"), w.connect("aws-b")
	body := func(id, name string) string {
		return strings.Replace(fmt.Sprintf(awsBody, name, name, shopID), `{"name"`, `{"id":"`+id+`","name"`, 1)
	}
	var all struct{ Value []struct{ ID, Name string } }
	w.want(200, "pat-fedbot", "PUT", endpoints+"?api-version=7.1", "["+body(a, "one")+","+body(b, "two")+"]", &all)
	if len(all.Value) != 2 || all.Value[0].Name != "one" || all.Value[1].Name != "two" {
		t.Errorf("updated: %+v", all)
	}
	w.want(404, "pat-fedbot", "PUT", endpoints+"?api-version=7.1", "["+body(a, "three")+","+body(repoID, "four")+"]", nil)
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints?endpointIds="+a+","+b, "", &all)
	if len(all.Value) != 2 || all.Value[0].Name != "one" {
		t.Errorf("a refused list changed something: %+v", all)
	}
	w.want(400, "pat-fedbot", "PUT", endpoints+"/"+a+"?operation=ConvertAuthenticationScheme&api-version=7.1", body(a, "one"), nil)
	w.want(200, "pat-fedbot", "POST", apis+"serviceendpoint/endpoints?endpointIds="+a+"&api-version=7.1", "[]", &all)
	if len(all.Value) != 1 {
		t.Errorf("refreshed: %+v", all)
	}
}

func TestRolesAndActionFilters(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	var outsider struct {
		Value []struct{ ID string }
	}
	w.want(200, "pat-fedbot", "GET", "/contoso-ltd/_apis/identities?searchFilter=MailAddress&filterValue=outsider@example.com", "", &outsider)
	who := outsider.Value[0].ID
	roles := "/contoso-ltd/_apis/securityroles/scopes/distributedtask.serviceendpointrole/roleassignments/resources/" + shopID + "_" + id
	one := apis + "serviceendpoint/endpoints/" + id
	sees := func(filter string) bool {
		t.Helper()
		var v map[string]any
		w.want(200, "pat-outsider", "GET", one+"?actionFilter="+filter, "", &v)
		if v["id"] != id {
			t.Errorf("%s: %v", filter, v)
		}
		return len(v) > 1
	}
	may := func() string { return fmt.Sprint(sees("view"), sees("use"), sees("manage")) }
	if got := may(); got != "false false false" {
		t.Errorf("without a role: %s", got)
	}
	for role, want := range map[string]string{"Reader": "true false false", "User": "true true false", "Administrator": "true true true"} {
		w.want(200, "pat-requester", "PUT", roles+"?api-version=7.1-preview.1", fmt.Sprintf(`[{"roleName":%q,"userId":%q}]`, role, who), nil)
		if got := may(); got != want {
			t.Errorf("%s: %s", role, got)
		}
	}
	w.want(204, "pat-requester", "DELETE", roles+"/"+who+"?api-version=7.1-preview.1", "", nil)
	if got := may(); got != "false false false" {
		t.Errorf("after losing the role: %s", got)
	}
	w.want(404, "pat-outsider", "PUT", roles+"?api-version=7.1-preview.1", fmt.Sprintf(`[{"roleName":"Administrator","userId":%q}]`, who), nil)
	w.want(400, "pat-requester", "PUT", roles+"?api-version=7.1-preview.1", fmt.Sprintf(`[{"roleName":"King","userId":%q}]`, who), nil)
	w.want(401, "pat-fedbot", "GET", roles, "", nil) // its token has not the scope
	w.want(400, "pat-fedbot", "GET", one+"?actionFilter=own", "", nil)
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetRateLimit(RateLimit{Units: 10})
	path := "/contoso-ltd/_apis/projects"
	for i := range 12 {
		w.now = w.now.Add(time.Second)
		resp, body := w.get(path)
		left := resp.Header.Get("X-RateLimit-Remaining")
		switch {
		case i < 7 && (resp.StatusCode != 200 || left != "" || resp.Header.Get("Retry-After") != ""),
			i >= 7 && i < 10 && (resp.StatusCode != 200 || left != fmt.Sprint(9-i) || resp.Header.Get("Retry-After") != fmt.Sprint(300-i)),
			i >= 10 && (resp.StatusCode != 429 || !strings.Contains(body, "TF400733") || resp.Header.Get("Retry-After") != fmt.Sprint(300-i)):
			t.Errorf("call %d: %d %v", i, resp.StatusCode, resp.Header)
		}
	}
	w.want(200, "pat-fedbot", "GET", path, "", nil) // another identity has its own
	w.now = w.now.Add(5 * time.Minute)
	if resp, _ := w.get(path); resp.StatusCode != 200 {
		t.Errorf("five minutes later: %d", resp.StatusCode)
	}
	w.s.SetRateLimit(RateLimit{})
	if resp, _ := w.get(path); resp.Header.Get("Retry-After") != "" {
		t.Errorf("without a limit: %v", resp.Header)
	}
}

func TestSignInPageForEverybody(t *testing.T) {
	w := newWorld(t, nil)
	w.s.SetSignInPage(true)
	if resp, body := w.get("/contoso-ltd/_apis/projects"); resp.StatusCode != 203 || !strings.Contains(body, "<html>") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := w.get("/contoso-ltd/_apis/projects", "X-TFS-FedAuthRedirect", "Suppress"); resp.StatusCode != 401 || body != "" || resp.ContentLength != 0 {
		t.Errorf("suppressed: %d %q", resp.StatusCode, body)
	}
	w.s.SetSignInPage(false)
	w.want(200, "pat-fedbot", "GET", "/contoso-ltd/_apis/projects", "", nil)
}

func TestAnswersNameTheirVersion(t *testing.T) {
	w := newWorld(t, nil)
	for accept, want := range map[string]string{
		"":                                  "7.1",
		"application/json":                  "7.1",
		"application/json;api-version=7.1":  "7.1",
		"application/json; api-version=7.0": "7.0",
		"application/json;api-version=7.2-preview.4": "7.2-preview.4",
		"application/json;api-version=7.1-preview":   "7.1-preview.4",
	} {
		resp, _ := w.get("/contoso-ltd/_apis/projects", "Accept", accept)
		if got := resp.Header.Get("Content-Type"); got != "application/json; charset=utf-8; api-version="+want {
			t.Errorf("%q: %q", accept, got)
		}
	}
	var areas struct{ Value []struct{ Area string } }
	for path, n := range map[string]int{"": len(w.s.routes), "/git": 6, "/GIT": 6, "/none": 0} {
		w.want(200, "", "OPTIONS", "/contoso-ltd/_apis"+path, "", &areas)
		if len(areas.Value) != n {
			t.Errorf("OPTIONS _apis%s: %d locations, want %d", path, len(areas.Value), n)
		}
	}
}

func TestAPoolThatFallsSilent(t *testing.T) {
	w := newWorld(t, nil)
	w.permit(w.connect("aws-prod"))
	if err := w.s.SetPool("contoso-ltd", "Web Shop", "azure pipelines", true); err != nil {
		t.Fatal(err)
	}
	r := w.queue("main")
	w.steps(10)
	if got := w.records(r.ID, "Job")[0]; got.State != "pending" {
		t.Errorf("a silent pool took the job: %+v", got)
	}
	if err := w.s.SetPool("contoso-ltd", "Web Shop", "Azure Pipelines", false); err != nil {
		t.Fatal(err)
	}
	w.steps(8)
	if got := w.state(r.ID); got.Result != "succeeded" {
		t.Errorf("after it answers again: %+v", got)
	}
	if w.s.SetPool("contoso-ltd", "Web Shop", "none", true) == nil || w.s.SetPool("contoso-ltd", "nowhere", "Azure Pipelines", true) == nil {
		t.Error("a pool that is not there was silenced")
	}
}
