package azuredevops

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fedbot/internal/emulate/wire"
	"github.com/google/go-cmp/cmp"
)

// TestSettingsReachTheServer sets every switch through the control API, sees it take
// effect, and sees DELETE bring fine weather back.
func TestSettingsReachTheServer(t *testing.T) {
	gate := &wire.Gate{}
	w := newWorld(t, func(o *Options) { o.Gate = gate })
	mux := http.NewServeMux()
	mux.Handle("/{system}", wire.Control(map[string]*wire.Gate{"azuredevops": gate}))
	control := func(method, body string, status int) map[string]any {
		t.Helper()
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest(method, "http://127.0.0.1/azuredevops", strings.NewReader(body)))
		if rec.Code != status {
			t.Fatalf("%s %s: %d %s", method, body, rec.Code, rec.Body)
		}
		var state struct {
			Settings []struct {
				Name  string
				Value any
			}
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &state); status == 200 && err != nil {
			t.Fatalf("%s: %v", rec.Body, err)
		}
		out := map[string]any{}
		for _, x := range state.Settings {
			out[x.Name] = x.Value
		}
		return out
	}
	usual := control("GET", "", 200)
	want := map[string]any{"create_lag": "0s", "delete_lag": "0s", "permit_lag": "0s", "rate_limit": 0.0, "retry_after": "0s", "sign_in_page": false, "resource_areas": false, "creation_fails": "", "silent_pools": []any{}}
	if diff := cmp.Diff(want, usual); diff != "" {
		t.Fatalf("as usual (-want +got):\n%s", diff)
	}
	control("PUT", `{"settings":{"create_lag":"1m","delete_lag":"2m","rate_limit":7,"retry_after":"3s","creation_fails":"no","silent_pools":["azure PIPELINES"]}}`, 200)
	id := w.connect("aws-prod")
	k, _ := w.s.connection(id)
	if state, _ := w.s.state(k); state != "InProgress" || k.Failure != "no" || w.s.weather.lag.Delete.Minutes() != 2 || w.s.weather.limit.Units != 7 {
		t.Errorf("%s %+v %+v", state, k, w.s.weather)
	}
	if resp, _ := w.get("/contoso-ltd/_apis/projects"); resp.Header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
	}
	if q, _ := w.s.queueNamed(shopID, "Azure Pipelines"); !w.s.silent(q) {
		t.Error("the pool answers")
	}
	control("PUT", `{"settings":{"sign_in_page":true}}`, 200)
	if resp, _ := w.get("/contoso-ltd/_apis/projects"); resp.StatusCode != http.StatusNonAuthoritativeInfo {
		t.Errorf("sign-in page: %d", resp.StatusCode)
	}
	control("PUT", `{"settings":{"silent_pools":"Azure Pipelines"}}`, 400)
	control("PUT", `{"settings":{"creation_fails":3}}`, 400)
	if diff := cmp.Diff(usual, control("DELETE", "", 200)); diff != "" {
		t.Errorf("as usual again (-want +got):\n%s", diff)
	}
	w.connect("aws-next")
}
