package azuredevops

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExtensionIsInstalledAndDisabled(t *testing.T) {
	w := newWorld(t, nil)
	byName := "/contoso-ltd/_apis/extensionmanagement/installedextensionsbyname/AmazonWebServices/aws-vsts-tools"
	all := "/contoso-ltd/_apis/extensionmanagement/installedextensions"
	const version = "?api-version=7.1-preview.1"
	types := func() int {
		var v struct{ Count int }
		w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/serviceendpoint/types?type=aws", "", &v)
		return v.Count
	}
	w.want(403, "pat-fedbot", "DELETE", byName+version, "", nil)
	w.want(409, "pat-requester", "POST", byName+"/1.22.0"+version, "", nil)
	w.want(204, "pat-requester", "DELETE", byName+version, "", nil)
	w.want(404, "pat-requester", "GET", byName+version, "", nil)
	if types() != 0 {
		t.Error("the connection type outlives the extension")
	}
	var x struct {
		Version      string
		InstallState struct{ Flags string }
	}
	w.want(404, "pat-requester", "POST", "/contoso-ltd/_apis/extensionmanagement/installedextensionsbyname/other/thing"+version, "", nil)
	w.want(200, "pat-requester", "POST", byName+"/1.20.0"+version, "", &x)
	if x.Version != "1.20.0" || types() != 1 {
		t.Errorf("installed: %+v, %d types", x, types())
	}
	w.want(200, "pat-requester", "PATCH", all+version, `{"publisherId":"AmazonWebServices","extensionId":"aws-vsts-tools","installState":{"flags":"disabled"}}`, &x)
	if x.InstallState.Flags != "disabled" || types() != 0 {
		t.Errorf("disabled: %+v, %d types", x, types())
	}
	for query, n := range map[string]int{"": 1, "&includeDisabledExtensions=false": 0} {
		var v struct{ Count int }
		w.want(200, "pat-requester", "GET", all+version+query, "", &v)
		if v.Count != n {
			t.Errorf("list%s: %d", query, v.Count)
		}
	}
	if err := w.s.SetToolkitState("contoso-ltd", "needsReauthorization, warning"); err != nil || types() != 0 {
		t.Errorf("needs reauthorization: %v, %d types", err, types())
	}
	if w.want(200, "pat-requester", "GET", byName+version, "", &x); x.InstallState.Flags != "needsReauthorization, warning" {
		t.Errorf("flags: %+v", x)
	}
	if err := w.s.SetToolkitState("contoso-ltd", "warning"); err != nil || types() != 1 {
		t.Errorf("a warning: %v, %d types", err, types())
	}
}

func TestAuditLog(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	w.queue("main")
	w.steps(8)
	w.want(200, "pat-fedbot", "PATCH", apis+"pipelines/pipelinepermissions/endpoint/"+id+"?api-version=7.1-preview.1", `{"pipelines":[{"id":7,"authorized":false}]}`, nil)
	w.want(204, "pat-fedbot", "PATCH", endpoints+"/"+id+"?api-version=7.1", `[{"name":"aws","projectReference":{"id":"`+opsID+`"}}]`, nil)
	w.now = w.now.Add(101 * 24 * time.Hour)
	w.steps(1)
	w.want(204, "pat-fedbot", "DELETE", endpoints+"/"+id+"?projectIds="+shopID+","+opsID+"&api-version=7.1", "", nil)
	type page struct {
		DecoratedAuditLogEntries []struct{ ActionID, ActorDisplayName, Details, ProjectID string }
		ContinuationToken        string
		HasMore                  bool
	}
	read := func(query string) (actions []string, pages int) {
		t.Helper()
		for next := ""; ; {
			var p page
			w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/audit/auditlog?api-version=7.1-preview.1&batchSize=2"+query+"&continuationToken="+next, "", &p)
			for _, e := range p.DecoratedAuditLogEntries {
				actions = append(actions, e.ActorDisplayName+" "+e.ActionID)
			}
			if pages++; !p.HasMore {
				return actions, pages
			}
			next = p.ContinuationToken
		}
	}
	got, pages := read("")
	want := []string{"fedbot Library.ServiceConnectionDeletedFromMultipleProjects", "Azure DevOps Service Library.ServiceConnectionModified"}
	if diff := cmp.Diff(want, got); diff != "" || pages != 1 {
		t.Errorf("what is not older than 90 days (-want +got):\n%s", diff)
	}
	w.now = w.now.Add(-20 * 24 * time.Hour) // the clock of this test alone: what was kept then
	got, pages = read("&endTime=2027-06-01T00:00:00Z")
	want = append(want, "fedbot Library.ServiceConnectionShared", "fedbot Pipelines.ResourceUnauthorizedForPipeline", "fedbot Library.ServiceConnectionExecuted",
		"Azure DevOps Service CheckSuite.Completed", "fedbot Pipelines.ResourceAuthorizedForPipeline", "fedbot Library.ServiceConnectionCreated")
	if diff := cmp.Diff(want, got); diff != "" || pages != 4 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	w.want(403, "pat-outsider", "GET", "/contoso-ltd/_apis/audit/auditlog?api-version=7.1-preview.1", "", nil)
	w.want(401, "pat-fedbot", "GET", "/contoso-ltd/_apis/audit/auditlog?api-version=7.1-preview.1", "", nil)
	var actions struct {
		Value []struct{ ActionID, Area string }
	}
	w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/audit/actions?areaName=Library&api-version=7.1-preview.1", "", &actions)
	if len(actions.Value) != 8 || actions.Value[0].Area != "Library" {
		t.Errorf("actions: %+v", actions)
	}
	silent := newWorld(t, func(o *Options) { o.Seed.Organizations[0].NoAudit = true })
	silent.connect("aws-prod")
	var p page
	if silent.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/audit/auditlog?api-version=7.1-preview.1", "", &p); len(p.DecoratedAuditLogEntries) != 0 {
		t.Errorf("an organization without auditing: %+v", p)
	}
}

func TestOnlyANameInOneProjectIsAnotherAction(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.want(204, "pat-fedbot", "PATCH", endpoints+"/"+id+"?api-version=7.1", `[{"name":"aws","projectReference":{"id":"`+opsID+`"}}]`, nil)
	put := func(name, role string) string {
		t.Helper()
		body := strings.Replace(fmt.Sprintf(awsBody, "aws-prod", name, opsID), "role/ado/x", role, 1)
		w.want(200, "pat-fedbot", "PUT", endpoints+"/"+id+"?api-version=7.1", body, nil)
		all := w.s.audits.All()
		return all[len(all)-1].Action
	}
	put("aws", "role/ado/x") // the body has other words for what is empty
	if got := put("aws-ops", "role/ado/x"); got != "Library.ServiceConnectionForProjectModified" {
		t.Errorf("another name in one project: %s", got)
	}
	if got := put("aws-ops", "role/ado/y"); got != "Library.ServiceConnectionModified" {
		t.Errorf("another role: %s", got)
	}
}

func TestAnAuditEntrySaysWhoDidWhatFromWhere(t *testing.T) {
	w := newWorld(t, nil)
	w.connect("aws-prod")
	var p struct{ DecoratedAuditLogEntries []map[string]any }
	w.want(200, "pat-requester", "GET", "/contoso-ltd/_apis/audit/auditlog?api-version=7.1-preview.1", "", &p)
	e := p.DecoratedAuditLogEntries[0]
	for _, field := range []string{"id", "correlationId", "activityId", "actorCUID", "actorUserId", "actorClientId", "actorUPN", "actorDisplayName", "authenticationMechanism", "timestamp",
		"scopeType", "scopeId", "scopeDisplayName", "projectId", "projectName", "ipAddress", "userAgent", "actionId", "data", "details", "area", "category", "categoryDisplayName"} {
		if e[field] == nil || e[field] == "" {
			t.Errorf("no %s in %v", field, e)
		}
	}
	if e["ipAddress"] != "127.0.0.1" || e["area"] != "Library" || e["category"] != "create" || e["data"].(map[string]any)["ConnectionName"] != "aws-prod" {
		t.Errorf("%v", e)
	}
}

func TestPagesAreNamedByWhatIsOnThem(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		p := &o.Seed.Organizations[0].Projects[0]
		for i := range 4 {
			p.Pipelines = append(p.Pipelines, Pipeline{ID: 20 + i, Name: fmt.Sprintf("p%d", i), Repository: "web-shop", Path: "/aws-check.yml"})
		}
	})
	w.permit(w.connect("aws-prod"))
	for range 5 {
		w.queue("main")
	}
	for path, want := range map[string]string{"pipelines": "7 20 21 22 23", "build/definitions": "7 20 21 22 23", "build/builds": "405 404 403 402 401"} {
		var ids []string
		pages, next := 0, ""
		for {
			resp, body := w.get(apis + path + "?$top=2&continuationToken=" + next)
			var page struct{ Value []struct{ ID int } }
			if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Value) > 2 {
				t.Fatalf("%s: %s %v", path, body, err)
			}
			for _, x := range page.Value {
				ids = append(ids, fmt.Sprint(x.ID))
			}
			pages++
			if next = resp.Header.Get("X-MS-ContinuationToken"); next == "" {
				break
			}
			if path == "build/builds" && pages == 1 {
				w.queue("main") // a newer one shifts nothing
			}
		}
		if got := strings.Join(ids, " "); got != want || pages != 3 {
			t.Errorf("%s: %s in %d pages", path, got, pages)
		}
	}
}

func TestEveryAuditedActionIsKnown(t *testing.T) {
	for action, category := range auditActions {
		if category == "" || !strings.Contains(action, ".") {
			t.Errorf("%q is of category %q", action, category)
		}
	}
	w := newWorld(t, nil)
	w.connect("aws-prod")
	for _, e := range w.s.audits.All() {
		if auditActions[e.Action] == "" {
			t.Errorf("%s has no category", e.Action)
		}
	}
}

func TestGitItemsOfAFolder(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Seed.Organizations[0].Projects[0].Repositories[0].Branches["main"]["/deploy/prod/a.yml"] = "a"
		o.Seed.Organizations[0].Projects[0].Repositories[0].Branches["main"]["/deploy/b.yml"] = "b"
	})
	for query, want := range map[string]string{
		"":                        "/ /aws-check.yml /deploy",
		"?scopePath=/deploy":      "/deploy /deploy/b.yml /deploy/prod",
		"?recursionLevel=Full":    "/ /aws-check.yml /deploy /deploy/b.yml /deploy/prod /deploy/prod/a.yml",
		"?scopePath=/deploy/prod": "/deploy/prod /deploy/prod/a.yml",
		"?recursionLevel=Full&versionDescriptor.version=feature/x&versionDescriptor.versionType=branch": "/ /aws-check.yml",
	} {
		var all struct {
			Value []struct {
				Path     string
				IsFolder bool
			}
		}
		w.want(200, "pat-fedbot", "GET", apis+"git/repositories/web-shop/items"+query, "", &all)
		var paths []string
		for _, x := range all.Value {
			paths = append(paths, x.Path)
			if x.IsFolder == strings.HasSuffix(x.Path, ".yml") {
				t.Errorf("%s is a folder: %v", x.Path, x.IsFolder)
			}
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%q: %s", query, got)
		}
	}
}

func TestWritingChecksNeedsBothScopes(t *testing.T) {
	for _, c := range []struct {
		scopes []string
		status int
	}{
		{[]string{"vso.project", "vso.build_execute"}, 401},
		{[]string{"vso.project", "vso.pipelineresources_manage"}, 401},
		{[]string{"vso.project", "vso.build_execute", "vso.pipelineresources_manage"}, 200},
	} {
		w := newWorld(t, func(o *Options) {
			o.Seed.Organizations[0].People[0].Scopes = c.scopes
		})
		id := w.connect("aws-prod")
		w.want(c.status, "pat-requester", "POST", apis+"pipelines/checks/configurations?api-version=7.1-preview.1", `{"type":{"id":"`+kindApproval+`"},
 "resource":{"type":"endpoint","id":"`+id+`","name":"aws-prod"},"settings":{"approvers":[{"id":"`+requester+`"}],"minRequiredApprovers":1}}`, nil)
	}
}
