package slack

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"fedbot/internal/emulate/judge"
	"fedbot/internal/emulate/wire"
)

// judged runs Slack's own client in node against a workspace, with addresses and keys
// in its environment: the Web API, what people do, the control API, and a trigger.
func judged(t *testing.T, script string, change func(*Options), more ...string) {
	t.Helper()
	w := newWorld(t, func(o *Options) {
		o.App.ConfigToken = "xoxe.xoxp-config"
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
	routes.HandleFunc("/verify", func(out http.ResponseWriter, r *http.Request) {
		if err := w.s.VerifyEvents(r.Context()); err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
		}
	})
	judge.Node(t, "testdata/"+script+".cjs", append(more, "SLACK_API="+w.base+"/api/", "SLACK_CLIENT="+w.base+"/client/",
		"SLACK_CONTROL="+helper.URL+"/control/slack", "TRIGGER="+helper.URL+"/trigger", "VERIFY="+helper.URL+"/verify", "BOT_TOKEN=xoxb-bot", "OBSERVER_TOKEN=xoxp-eyes",
		"APP_TOKEN=xapp-app", "CONFIG_TOKEN=xoxe.xoxp-config", "SIGNING_SECRET="+secretOfApp, "DOCUMENTED="+string(all), "COMMON="+commonErrors)...)
}

func TestSlackWebAPI(t *testing.T) { judged(t, "slack-web-api", nil) }

func TestSlackSocketMode(t *testing.T) {
	judged(t, "slack-socket-mode", func(o *Options) {
		o.App.Socket, o.PingInterval, o.Deadline = true, 100*time.Millisecond, time.Second
		o.EventRetries = slices.Repeat([]time.Duration{200 * time.Millisecond}, 20)
	})
}

func TestSlackBolt(t *testing.T) {
	t.Run("socket", func(t *testing.T) { judged(t, "slack-bolt-socket", func(o *Options) { o.App.Socket = true }) })
	t.Run("http", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close() // bolt opens its own listener and takes a number only
		at := func() string { return fmt.Sprintf("http://127.0.0.1:%d/slack/events", port) }
		judged(t, "slack-bolt-http", func(o *Options) {
			o.App.CommandsURL, o.App.InteractionsURL, o.App.EventsURL = at, at, at
		}, fmt.Sprintf("PORT=%d", port))
	})
}
