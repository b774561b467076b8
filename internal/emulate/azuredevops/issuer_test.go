package azuredevops

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tenantID = "975f013f-7f24-47e8-a7d3-abc4752bf346"

func TestEntraIssuesTheTokens(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	if err := w.s.SetTenant("contoso-ltd", tenantID); err != nil {
		t.Fatal(err)
	}
	mint := func() map[string]any {
		t.Helper()
		token, err := w.s.MintServiceConnectionToken("contoso-ltd", "Web Shop", id, TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return w.signedBy("/"+tenantID+"/discovery/v2.0/keys", token)
	}
	got := mint()
	delete(got, "jti")
	at := float64(w.now.Unix())
	want := map[string]any{"iss": "https://login.microsoftonline.com/" + tenantID + "/v2.0", "aud": "api://AzureADTokenExchange", "tid": tenantID, "ver": "2.0",
		"sub": "/eid1/c/pub/t/PwFflyR_6Een06vEdSvzRg/a/rISbSSETf0KqFyZ8ppdXmA/sc/" + orgID + "/" + id, "nbf": at - 600, "iat": at, "exp": at + 300}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	w.want(202, "pat-requester", "PATCH", "/contoso-ltd/_apis/projects/"+shopID+"?api-version=7.1", `{"name":"Shop"}`, nil)
	w.want(202, "pat-requester", "PATCH", "/contoso-ltd/_apis/projects/"+shopID+"?api-version=7.1", `{"name":"Web Shop"}`, nil)
	if again := mint(); again["sub"] != got["sub"] {
		t.Errorf("the subject follows names: %v", again["sub"])
	}
	var v struct{ Issuer string }
	for _, c := range []struct {
		host, path string
		status     int
	}{
		{"login.microsoftonline.com", "/" + tenantID + "/v2.0/.well-known/openid-configuration", 200},
		{"vstoken.dev.azure.com", "/" + tenantID + "/v2.0/.well-known/openid-configuration", 404},
		{"vstoken.dev.azure.com", "/" + orgID + "/.well-known/openid-configuration", 200},
		{"login.microsoftonline.com", "/" + orgID + "/.well-known/openid-configuration", 404},
		{"127.0.0.1:1", "/" + orgID + "/.well-known/openid-configuration", 200},
		{"login.microsoftonline.com:443", "/" + shopID + "/v2.0/.well-known/openid-configuration", 404},
	} {
		req := httptest.NewRequest(http.MethodGet, c.path, nil)
		req.Host = c.host
		rec := httptest.NewRecorder()
		w.s.Issuer().ServeHTTP(rec, req)
		if rec.Code != c.status {
			t.Errorf("%s%s: %d", c.host, c.path, rec.Code)
		}
		if c.status == 200 {
			if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil || !strings.HasSuffix(v.Issuer, strings.TrimSuffix(c.path, "/.well-known/openid-configuration")) {
				t.Errorf("%s: %s %v", c.path, rec.Body, err)
			}
		}
	}
	if w.s.SetTenant("contoso-ltd", "no guid") == nil {
		t.Error("a tenant that is no GUID")
	}
	if err := w.s.SetTenant("contoso-ltd", ""); err != nil {
		t.Fatal(err)
	}
	token, err := w.s.MintServiceConnectionToken("contoso-ltd", "Web Shop", id, TokenOptions{})
	if err != nil || w.verified(token)["sub"] != "sc://Contoso-Ltd/Web Shop/aws-prod" {
		t.Errorf("back at vstoken: %v", err)
	}
}

func TestEachIssuerHasItsOwnKeys(t *testing.T) {
	open := journalIn(t)
	w := newWorld(t, func(o *Options) { o.Journal, o.Seed.Organizations[0].Tenant = open(), tenantID })
	w.s.mu.Lock()
	entra, err := w.s.entra()
	w.s.mu.Unlock()
	if err != nil || kid(entra) == kid(w.s.key) {
		t.Fatalf("one key for both: %v", err)
	}
	again := newWorld(t, func(o *Options) { o.Journal = open() })
	if same, err := again.s.entra(); err != nil || kid(same) != kid(entra) {
		t.Errorf("the restart made a new key: %v", err)
	}
}

func TestOrganizationsAreApart(t *testing.T) {
	const other = "11114b7e-3559-4b3c-afa0-1b6998330f84"
	w := newWorld(t, func(o *Options) {
		o.Seed.Organizations = append(o.Seed.Organizations, Organization{ID: other, Name: "Fabrikam", Projects: []Project{{Name: "Web Shop"}},
			People: []Person{{Name: "Boss", Email: "requester@example.com", Token: "pat-fabrikam", ProjectAdministrator: []string{"Web Shop"}}}})
	})
	id := w.connect("aws-prod")
	w.want(401, "pat-fabrikam", "GET", "/contoso-ltd/_apis/projects", "", nil)
	w.want(401, "pat-fedbot", "GET", "/fabrikam/_apis/projects", "", nil)
	var k *struct{ ID string }
	w.want(200, "pat-fabrikam", "GET", "/fabrikam/Web%20Shop/_apis/serviceendpoint/endpoints/"+id, "", &k)
	if k != nil {
		t.Errorf("a connection of another organization: %+v", k)
	}
	w.want(404, "pat-fabrikam", "DELETE", "/fabrikam/_apis/serviceendpoint/endpoints/"+id+"?projectIds="+shopID+"&api-version=7.1", "", nil)
	w.want(404, "pat-fabrikam", "GET", "/fabrikam/"+shopID+"/_apis/serviceendpoint/endpoints", "", nil)
	var data struct{ InstanceID string }
	w.want(200, "pat-fabrikam", "GET", "/FABRIKAM/_apis/connectionData", "", &data)
	if data.InstanceID != other {
		t.Errorf("instance %s", data.InstanceID)
	}
	var found struct{ Count int }
	w.want(200, "pat-fabrikam", "GET", "/fabrikam/_apis/identities?searchFilter=General&filterValue=requester@example.com", "", &found)
	if found.Count != 1 {
		t.Errorf("%d identities with one mail", found.Count)
	}
	w.want(400, "pat-fabrikam", "POST", "/fabrikam/_apis/serviceendpoint/endpoints?api-version=7.1", fmt.Sprintf(awsBody, "x", "x", "Web Shop"), nil) // no toolkit there
}

func TestRenamedOrganizationKeepsItsIssuer(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	if err := w.s.RenameOrganization("Contoso-Ltd", "Contoso"); err != nil {
		t.Fatal(err)
	}
	w.want(404, "pat-fedbot", "GET", "/contoso-ltd/_apis/projects", "", nil)
	w.want(200, "pat-fedbot", "GET", "/contoso/_apis/projects", "", nil)
	token, err := w.s.MintServiceConnectionToken("contoso", "Web Shop", id, TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.verified(token); got["sub"] != "sc://Contoso/Web Shop/aws-prod" || got["iss"] != "https://vstoken.dev.azure.com/"+orgID {
		t.Errorf("token: %v", got)
	}
	for _, name := range []string{"", "-a", "a b", strings.Repeat("x", 51)} {
		if w.s.RenameOrganization("contoso", name) == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
}
