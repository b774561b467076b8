package azuredevops

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"fedbot/internal/emulate/judge"
)

// judged says that the judge was heard: without it some calls are seen by no test.
var judged atomic.Bool

// TestMicrosoftsOwnClientIsContent lets azure-devops-node-api lead connections, checks and
// runs through their lives. The judge cannot wait for agents, so it asks for their steps.
func TestMicrosoftsOwnClientIsContent(t *testing.T) {
	const script = "testdata/azure-devops-node-api.cjs"
	if _, err := os.ReadFile(script); err != nil { // read here so that go test's cache knows the script
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) {
		o.Seed.Organizations[0].People[0].ProjectAdministrator = []string{"Web Shop", "Ops"}
		o.Seed.Organizations[0].People[1].Reader = []string{"Web Shop", "Ops"}
	})
	steps := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
			w.s.SetRateLimit(RateLimit{Units: limit})
		}
		if r.URL.Query().Has("areas") {
			w.s.SetResourceAreas(true)
		}
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		for range n {
			w.s.Step(r.Context())
		}
		id, _ := strconv.Atoi(r.URL.Query().Get("job"))
		job, err := w.s.Job(id)
		if err != nil && id != 0 {
			http.Error(rw, err.Error(), http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(rw).Encode(job)
	}))
	defer steps.Close()
	judge.Node(t, script, "URL="+w.url+"/Contoso-Ltd", "ADMIN=pat-requester", "READER=pat-outsider", "NARROW=pat-narrow", "STEP="+steps.URL,
		"SHOP="+shopID, "OPS="+opsID, "REPOSITORY="+repoID, "REQUESTER="+requester, "OTHER=0f0f0f0f-0000-4000-8000-000000000000")
	judged.Store(!t.Failed())
}
