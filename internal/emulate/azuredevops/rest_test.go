package azuredevops

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
)

func TestVersionsScopesAndRights(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	one := apis + "serviceendpoint/endpoints/" + id
	for _, c := range []struct {
		name, token, method, path, body string
		status                          int
		key                             string
	}{
		{"no version on a read", "pat-fedbot", "GET", one, "", 200, ""},
		{"no version on a write", "pat-fedbot", "POST", "/contoso-ltd/_apis/serviceendpoint/endpoints", "{}", 400, "VssVersionNotSpecifiedException"},
		{"preview only", "pat-fedbot", "GET", apis + "pipelines/checks/configurations?api-version=7.1", "", 400, "VssInvalidPreviewVersionException"},
		{"7.2 is preview", "pat-fedbot", "GET", one + "?api-version=7.2", "", 400, "VssInvalidPreviewVersionException"},
		{"from the future", "pat-fedbot", "GET", one + "?api-version=9.0", "", 400, "VssVersionOutOfRangeException"},
		{"nonsense", "pat-fedbot", "GET", one + "?api-version=new", "", 400, "VssInvalidApiResourceVersionException"},
		{"scope missing", "pat-narrow", "GET", one, "", 401, "UnauthorizedRequestException"},
		{"unknown call", "pat-fedbot", "GET", apis + "wiki/wikis", "", 404, "VssResourceNotFoundException"},
		{"unknown organization", "pat-fedbot", "GET", "/fabrikam/_apis/projects", "", 404, "VssServiceException"},
		{"invisible project", "pat-outsider", "GET", "/contoso-ltd/Ops/_apis/serviceendpoint/endpoints", "", 404, "ProjectDoesNotExistException"},
		{"no right to delete", "pat-outsider", "DELETE", "/contoso-ltd/_apis/serviceendpoint/endpoints/" + id + "?projectIds=" + shopID + "&api-version=7.1", "", 403, "ServiceEndpointException"},
		{"no right to create", "pat-outsider", "POST", "/contoso-ltd/_apis/serviceendpoint/endpoints?api-version=7.1", fmt.Sprintf(awsBody, "x", "x", shopID), 403, "ServiceEndpointException"},
		{"no right to permit", "pat-outsider", "PATCH", apis + "pipelines/pipelinepermissions/endpoint/" + id + "?api-version=7.1-preview.1", `{}`, 403, "AccessCheckException"},
	} {
		var f struct{ TypeKey, Message string }
		w.want(c.status, c.token, c.method, c.path, c.body, &f)
		if f.TypeKey != c.key {
			t.Errorf("%s: %+v", c.name, f)
		}
		if c.name == "unknown call" && !strings.Contains(f.Message, "GET "+strings.ReplaceAll(apis, "%20", " ")+"wiki/wikis") {
			t.Errorf("the answer does not name the call: %s", f.Message)
		}
	}
	var stripped map[string]any
	w.want(200, "pat-outsider", "GET", one, "", &stripped)
	if len(stripped) != 1 || stripped["id"] != id {
		t.Errorf("a reader sees %v", stripped)
	}
	if status := w.do("wrong", "GET", one, "", nil); status != 401 {
		t.Errorf("a bad token: %d", status)
	}
	resp, err := http.Get(w.url + one)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 203 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("without a token: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
}

func TestConnectionFieldsOfTheNewerVersionAndSecrets(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	one := apis + "serviceendpoint/endpoints/" + id
	put := "/contoso-ltd/_apis/serviceendpoint/endpoints/" + id + "?api-version=7.2-preview.4"
	body := func(password, disabled, name string) string {
		return fmt.Sprintf(`{"id":%q,"name":%q,"type":"aws","url":"x","isDisabled":%s,"authorization":{"scheme":"UsernamePassword","parameters":{"username":"AKIA","password":%s}},
 "serviceEndpointProjectReferences":[{"name":%q,"projectReference":{"id":%q}}]}`, id, name, disabled, password, name, shopID)
	}
	w.want(200, "pat-fedbot", "PUT", put, body(`"s3cret"`, "true", "aws-prod"), nil)
	var older, newer map[string]any
	w.want(200, "pat-fedbot", "GET", one+"?api-version=7.1", "", &older)
	w.want(200, "pat-fedbot", "GET", one+"?api-version=7.2-preview.4", "", &newer)
	if _, ok := older["isDisabled"]; ok || newer["isDisabled"] != true {
		t.Errorf("isDisabled: %v, then %v", older["isDisabled"], newer["isDisabled"])
	}
	if v, ok := older["authorization"].(map[string]any)["parameters"].(map[string]any)["password"]; !ok || v != nil {
		t.Errorf("password is %v", v)
	}
	secret := func() string { k, _ := w.s.connections.Get(id); return k.Parameters["password"] }
	w.want(200, "pat-fedbot", "PUT", put, body(`null`, "false", "aws-prod"), nil)
	if secret() != "s3cret" {
		t.Error("null erased the secret")
	}
	w.want(200, "pat-fedbot", "PUT", put, body(`""`, "false", "renamed"), nil)
	if secret() != "" {
		t.Error("an empty secret did not erase it")
	}
	var found struct{ Value []struct{ ID, Name string } }
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints?endpointNames=aws-prod,RENAMED&api-version=7.1", "", &found)
	if len(found.Value) != 1 || found.Value[0].Name != "renamed" {
		t.Errorf("by names: %+v", found)
	}
}

func TestShareGivesAnotherSubject(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.want(204, "pat-fedbot", "PATCH", "/contoso-ltd/_apis/serviceendpoint/endpoints/"+id+"?api-version=7.1", `[{"name":"aws","projectReference":{"id":"`+opsID+`"}}]`, nil)
	token, err := w.s.MintServiceConnectionToken("contoso-ltd", "Ops", id, TokenOptions{})
	if err != nil || w.verified(token)["sub"] != "sc://Contoso-Ltd/Ops/aws" {
		t.Errorf("shared: %v", err)
	}
	w.want(204, "pat-fedbot", "DELETE", "/contoso-ltd/_apis/serviceendpoint/endpoints/"+id+"?projectIds="+shopID+"&api-version=7.1", "", nil)
	if k, ok := w.s.connection(id); !ok || len(k.References) != 1 {
		t.Errorf("after leaving one project: %+v", k)
	}
}

func TestDeletionTakesItsTime(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Lag = time.Minute })
	id := w.connect("aws-prod")
	w.want(204, "pat-fedbot", "DELETE", "/contoso-ltd/_apis/serviceendpoint/endpoints/"+id+"?projectIds="+shopID+"&api-version=7.1", "", nil)
	var k *struct {
		OperationStatus struct{ State string }
		IsReady         bool
	}
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints/"+id, "", &k)
	if k == nil || k.OperationStatus.State != "InProgress" || k.IsReady {
		t.Fatalf("being deleted: %+v", k)
	}
	w.now = w.now.Add(time.Minute)
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints/"+id, "", &k)
	if k != nil {
		t.Errorf("deleted: %+v", k)
	}
}

func TestRenamedProjectKeepsItsIDAndFreesItsName(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.want(202, "pat-requester", "PATCH", "/contoso-ltd/_apis/projects/"+shopID+"?api-version=7.1", `{"name":"Shop"}`, nil)
	w.want(404, "pat-requester", "GET", "/contoso-ltd/_apis/projects/Web%20Shop?api-version=7.1", "", nil)
	var old struct{ ID, Name string }
	w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/projects/Web%20Shop?includeHistory=true&api-version=7.1", "", &old)
	if old.ID != shopID || old.Name != "Shop" {
		t.Errorf("by its old name: %+v", old)
	}
	token, err := w.s.MintServiceConnectionToken("contoso-ltd", shopID, id, TokenOptions{})
	if err != nil || w.verified(token)["sub"] != "sc://Contoso-Ltd/Shop/aws-prod" {
		t.Errorf("subject after the rename: %v", err)
	}
	w.want(202, "pat-requester", "POST", "/contoso-ltd/_apis/projects?api-version=7.1", `{"name":"Web Shop"}`, nil)
	var taken struct{ ID string }
	w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/projects/Web%20Shop?includeHistory=true&api-version=7.1", "", &taken)
	if taken.ID == shopID {
		t.Error("the old name still means the old project")
	}
	w.want(400, "pat-requester", "POST", "/contoso-ltd/_apis/projects?api-version=7.1", `{"name":"a/b"}`, nil)
}

func TestSeedIsNotPlantedTwice(t *testing.T) {
	open := journalIn(t)
	w := newWorld(t, func(o *Options) { o.Journal = open() })
	w.connect("aws-prod")
	w.want(202, "pat-requester", "PATCH", "/contoso-ltd/_apis/projects/"+shopID+"?api-version=7.1", `{"name":"Shop"}`, nil)
	again := newWorld(t, func(o *Options) { o.Journal = open() })
	snap := again.s.Snapshot()
	if got := snap.Organizations[0].Projects; len(got) != 2 || len(got[1].Connections) != 1 || got[1].Name != "Shop" {
		t.Errorf("after a restart: %+v", got)
	}
}

func TestUnusedConnectionSwitchesItselfOff(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	w.now = w.now.Add(99 * 24 * time.Hour)
	w.steps(1)
	if k, _ := w.s.connection(id); k.Disabled {
		t.Fatal("disabled too early")
	}
	w.now = w.now.Add(2 * 24 * time.Hour)
	w.steps(1)
	if k, _ := w.s.connection(id); !k.Disabled {
		t.Error("still enabled after 101 days")
	}
}

func TestToolkitCanBeOldOrMissing(t *testing.T) {
	w := newWorld(t, nil)
	var types struct {
		Value []struct {
			AuthenticationSchemes []struct{ InputDescriptors []struct{ ID string } }
		}
	}
	for version, inputs := range map[string]int{"1.14.9": 6, "1.9.0": 6, "1.15.0": 7, "2.0.0": 7} {
		if err := w.s.SetToolkit("contoso-ltd", version); err != nil {
			t.Fatal(err)
		}
		w.want(200, "pat-fedbot", "GET", "/contoso-ltd/_apis/serviceendpoint/types?type=aws", "", &types)
		if got := len(types.Value[0].AuthenticationSchemes[0].InputDescriptors); got != inputs {
			t.Errorf("%s: %d inputs", version, got)
		}
	}
	if err := w.s.SetToolkit("contoso-ltd", ""); err != nil {
		t.Fatal(err)
	}
	w.want(404, "pat-fedbot", "GET", "/contoso-ltd/_apis/extensionmanagement/installedextensionsbyname/AmazonWebServices/aws-vsts-tools?api-version=7.1-preview.1", "", nil)
	w.want(400, "pat-fedbot", "POST", "/contoso-ltd/_apis/serviceendpoint/endpoints?api-version=7.1", fmt.Sprintf(awsBody, "x", "x", shopID), nil)
}

func TestProtectedBranchTakesNoPush(t *testing.T) {
	w := newWorld(t, nil)
	push := func(ref, old string) string {
		return `{"refUpdates":[{"name":"` + ref + `","oldObjectId":"` + old + `"}],"commits":[{"comment":"c","changes":[{"changeType":"add","item":{"path":"/x.txt"},"newContent":{"content":"x","contentType":"rawtext"}}]}]}`
	}
	path := apis + "git/repositories/web-shop/pushes?api-version=7.1"
	w.want(403, "pat-requester", "POST", path, push("refs/heads/main", noCommit), nil)
	w.want(201, "pat-requester", "POST", path, push("refs/heads/new", noCommit), nil)
	w.want(409, "pat-requester", "POST", path, push("refs/heads/new", noCommit), nil)
}

func TestFaultsAndRetryAfter(t *testing.T) {
	gate := &wire.Gate{}
	w := newWorld(t, func(o *Options) { o.Gate, o.RetryAfter = gate, 2*time.Second })
	gate.Set(wire.Fault{Call: "core:*", When: "before", Kind: "error", Times: 1})
	w.want(500, "pat-fedbot", "GET", "/contoso-ltd/_apis/projects", "", nil)
	req, err := http.NewRequest(http.MethodGet, w.url+"/contoso-ltd/_apis/projects", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("", "pat-fedbot")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Retry-After") != "2" || gate.Calls()["core:ListProjects"] != 2 {
		t.Errorf("%d %q %v", resp.StatusCode, resp.Header.Get("Retry-After"), gate.Calls())
	}
}
