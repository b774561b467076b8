package azuredevops

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

// verified checks a token with the keys of vstoken and returns its claims.
func (w *world) verified(token string) map[string]any {
	w.t.Helper()
	return w.signedBy("/.well-known/jwks", token)
}

// signedBy checks a token with the keys published at a path and returns its claims.
func (w *world) signedBy(path, token string) map[string]any {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.s.Issuer().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(rec.Body.Bytes(), &keys); err != nil {
		w.t.Fatalf("%s: %s: %v", path, rec.Body, err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		w.t.Fatal(err)
	}
	key := keys.Key(parsed.Headers[0].KeyID)
	if len(key) != 1 {
		w.t.Fatalf("no key %q in the set", parsed.Headers[0].KeyID)
	}
	claims := map[string]any{}
	if err := parsed.Claims(key[0].Key, &claims); err != nil {
		w.t.Fatal(err)
	}
	return claims
}

func TestTokenOfAConnection(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	token, err := w.s.MintServiceConnectionToken("contoso-ltd", "web shop", id, TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := w.verified(token)
	delete(got, "jti")
	at := float64(w.now.Unix())
	want := map[string]any{"sub": "sc://Contoso-Ltd/Web Shop/aws-prod", "aud": "api://AzureADTokenExchange",
		"iss": "https://vstoken.dev.azure.com/" + orgID, "nbf": at - 600, "iat": at, "exp": at + 300}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	token, err = w.s.MintServiceConnectionToken(orgID, shopID, id, TokenOptions{Audience: "sts.amazonaws.com", IssuedAt: w.now.Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.verified(token); got["aud"] != "sts.amazonaws.com" || got["exp"] != at-3300 {
		t.Errorf("attack: %v", got)
	}
	token, err = w.s.MintPipelineToken("Contoso-Ltd", "Web Shop", 7, TokenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.verified(token); got["sub"] != "p://Contoso-Ltd/Web Shop/aws check" || got["rpo_ref"] != "refs/heads/main" || got["org_id"] != orgID {
		t.Errorf("pipeline token: %v", got)
	}
}

func TestDiscovery(t *testing.T) {
	w := newWorld(t, nil)
	srv := httptest.NewTLSServer(w.s.Issuer())
	defer srv.Close()
	for path, status := range map[string]int{
		"/" + orgID + "/.well-known/openid-configuration": 200, "/.well-known/jwks": 200,
		"/" + shopID + "/.well-known/openid-configuration": 404, "/.well-known/openid-configuration": 404, "/" + orgID + "/.well-known/jwks": 404,
	} {
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		if status == 200 && strings.Contains(path, "openid") && !strings.Contains(string(body), `"issuer":"https://vstoken.dev.azure.com/`+orgID+`"`) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestOnlyARunningJobGetsATokenAndOnlyForWhatItNames(t *testing.T) {
	w := newWorld(t, nil)
	id, sibling := w.connect("aws-prod"), w.connect("aws-other")
	w.permit(id)
	r := w.queue("main")
	w.steps(2)
	j, err := w.s.Job(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(secret, connection string) (int, map[string]any) {
		url := fmt.Sprintf("%s%s/_apis/distributedtask/hubs/%s/plans/%s/jobs/%s/oidctoken", j.CollectionURI, j.ProjectID, j.Hub, j.PlanID, j.JobID)
		if connection != "" {
			url += "?serviceConnectionId=" + connection
		}
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		req.Header.Set("Accept", "application/json;api-version=7.1-preview.1")
		req.Header.Set("X-TFS-FedAuthRedirect", "Suppress")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		out := map[string]any{}
		_ = json.NewDecoder(resp.Body).Decode(&out)
		return resp.StatusCode, out
	}
	status, out := ask(j.AccessToken, id)
	if status != 200 || w.verified(out["oidcToken"].(string))["sub"] != "sc://Contoso-Ltd/Web Shop/aws-prod" {
		t.Errorf("own connection: %d %v", status, out)
	}
	status, out = ask(j.AccessToken, "")
	if status != 200 || w.verified(out["oidcToken"].(string))["sub"] != "p://Contoso-Ltd/Web Shop/aws check" {
		t.Errorf("no connection: %d %v", status, out)
	}
	status, out = ask(j.AccessToken, sibling)
	want := "There is no explicit reference to service connection " + sibling + " from current stage __default.Job.__default."
	if status != 400 || out["value"] != want || out["count"] != float64(len(want)) {
		t.Errorf("a sibling: %d %v", status, out)
	}
	if status, _ = ask("pat-fedbot", id); status != 401 {
		t.Errorf("a personal access token: %d", status)
	}
	w.steps(6)
	if status, _ = ask(j.AccessToken, id); status != 401 {
		t.Errorf("after the job: %d", status)
	}
}
