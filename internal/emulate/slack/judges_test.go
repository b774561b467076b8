package slack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"fedbot/internal/emulate/judge"
	"fedbot/internal/emulate/wire"
)

// judged runs Slack's own client in node against a workspace, with addresses and keys
// in its environment: the Web API, what people do, the control API, and a trigger.
func judged(t *testing.T, script string, change func(*Options)) *world {
	t.Helper()
	w := newWorld(t, func(o *Options) {
		o.Now = time.Now // what the clients wait for, they wait for by the machine's clock
		if change != nil {
			change(o)
		}
	})
	routes := http.NewServeMux()
	routes.Handle("/control/{system}", wire.Control(map[string]*wire.Gate{"slack": w.gate}))
	routes.HandleFunc("/trigger", func(out http.ResponseWriter, r *http.Request) {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		fmt.Fprint(out, w.s.newTrigger("U0REQ", r.URL.Query().Get("view")))
	})
	helper := httptest.NewServer(routes)
	t.Cleanup(helper.Close)
	all, err := json.Marshal(documented)
	if err != nil {
		t.Fatal(err)
	}
	judge.Node(t, "testdata/"+script+".cjs", "SLACK_API="+w.base+"/api/", "SLACK_CLIENT="+w.base+"/client/",
		"SLACK_CONTROL="+helper.URL+"/control/slack", "TRIGGER="+helper.URL+"/trigger", "BOT_TOKEN=xoxb-bot", "OBSERVER_TOKEN=xoxp-eyes",
		"APP_TOKEN=xapp-app", "SIGNING_SECRET="+secretOfApp, "DOCUMENTED="+string(all), "COMMON="+commonErrors)
	return w
}

func TestSlackWebAPI(t *testing.T) { judged(t, "slack-web-api", nil) }
