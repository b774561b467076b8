package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fedbot/internal/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fedbot": func() { os.Exit(run(os.Args[1:])) }})
}

// TestScripts runs fedbot as its users do: as a program, against a sandbox that is
// another process.
//
//	exits N fedbot …        runs it and holds it to its exit code
//	await FILE              waits until a file is there
//	until TEXT fedbot …     runs it until it prints the text
//	keys DIR                gives the environment the AWS keys of the sandbox in DIR
//	example FILE READY      writes the example configuration with the sandbox's addresses, and its secrets into the environment
//	slack READY ACTOR /federate …            types a command, as the emulated Slack's own client
//	slack READY ACTOR press ACTION VALUE     presses the button whose value begins so
//	measure TEXT            waits until the metrics hold the text
//	mode FILE 0600          holds a file to its mode
func TestScripts(t *testing.T) {
	example, err := filepath.Abs("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("EXAMPLE", example)
		return nil
	}, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits, "await": await, "until": until, "keys": keys, "example": exampleFile, "slack": slackActs, "mode": mode, "measure": measure,
	}})
}

const patience = 60 * time.Second // far more than anything takes

func wait(ts *testscript.TestScript, what string, is func() bool) {
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("it exits %d, and should %d", got, want)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	wait(ts, args[0], func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	})
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	wait(ts, strings.Join(args, " "), func() bool {
		return ts.Exec(args[1], args[2:]...) == nil && strings.Contains(ts.ReadFile("stdout"), args[0])
	})
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

func measure(ts *testscript.TestScript, _ bool, args []string) {
	wait(ts, args[0], func() bool {
		res, err := http.Get("http://" + ts.Getenv("METRICS") + "/metrics")
		ts.Check(err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		ts.Check(err)
		return strings.Contains(string(raw), args[0])
	})
}

func keys(ts *testscript.TestScript, _ bool, args []string) {
	var s struct{ FedbotKeyID, FedbotKey, SlackBot, SlackSigning, SlackApp, DevOps string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], "secrets.json"))), &s))
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": s.FedbotKeyID, "AWS_SECRET_ACCESS_KEY": s.FedbotKey, "AWS_EC2_METADATA_DISABLED": "true",
		"FEDBOT_SLACK_BOT_TOKEN": s.SlackBot, "FEDBOT_SLACK_SIGNING_SECRET": s.SlackSigning,
		"FEDBOT_SLACK_APP_TOKEN": s.SlackApp, "FEDBOT_AZURE_DEVOPS_TOKEN": s.DevOps} {
		ts.Setenv(k, v)
	}
}

func readReady(ts *testscript.TestScript, path string) (r sandbox.Ready) {
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(path)), &r))
	return r
}

// exampleFile changes addresses and nothing else: not the pace, not the rules.
func exampleFile(ts *testscript.TestScript, _ bool, args []string) {
	r := readReady(ts, args[1])
	raw, err := os.ReadFile(ts.Getenv("EXAMPLE"))
	ts.Check(err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("METRICS", free.Addr().String())
	ts.Check(free.Close())
	ts.Setenv("READYZ", r.Fedbot.URL+"/readyz")
	text := string(raw)
	for old, address := range map[string]string{
		"https://slack.com/api/ ": r.Slack.API + " ", "listen: 127.0.0.1:7071 ": "listen: " + strings.TrimPrefix(r.Fedbot.URL, "http://") + " ",
		"https://dev.azure.com/contoso": r.AzureDevOps.URL, `endpoint: "" `: "endpoint: " + r.AWS.Endpoint + " ", "127.0.0.1:9090": ts.Getenv("METRICS"),
	} {
		if strings.Count(text, old) != 1 {
			ts.Fatalf("%q is %d times in the example", old, strings.Count(text, old))
		}
		text = strings.Replace(text, old, address, 1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// slackActs does what a person does, over the emulated Slack's own client calls.
func slackActs(ts *testscript.TestScript, _ bool, args []string) {
	r := readReady(ts, args[0])
	user := ""
	for _, p := range r.Slack.People {
		if strings.EqualFold(p.Name, args[1]) {
			user = p.ID
		}
	}
	client := strings.TrimSuffix(r.Slack.API, "/api/") + "/client/"
	if args[2] == "/federate" {
		_, err := act(client+"command", map[string]any{"user": user, "channel": r.Slack.Channel, "text": strings.Join(args[3:], " ")})
		ts.Check(err)
		return
	}
	var press map[string]any
	wait(ts, "a button "+args[3]+" "+args[4], func() bool {
		raw, err := act(client+"snapshot", map[string]any{"user": user})
		ts.Check(err)
		press = findButton(raw, args[3], args[4])
		return press != nil
	})
	press["user"] = user
	_, err := act(client+"press", press)
	ts.Check(err)
}

// act is one call to the emulated Slack's client.
func act(url string, in map[string]any) (json.RawMessage, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	res, err := http.Post(url, "application/json", bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var out struct {
		OK      bool            `json:"ok"`
		Message string          `json:"message"`
		Result  json.RawMessage `json:"result"`
	}
	if raw, err = io.ReadAll(res.Body); err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err == nil && !out.OK {
		err = errors.New(out.Message)
	}
	return out.Result, err
}

// findButton finds a button by its action and the beginning of its value.
func findButton(snapshot json.RawMessage, action, value string) map[string]any {
	var view struct {
		Channels []struct {
			ID       string `json:"id"`
			Messages []struct {
				TS     string `json:"ts"`
				Blocks []struct {
					ID       string `json:"block_id"`
					Elements []struct {
						Action string `json:"action_id"`
						Value  any    `json:"value"`
					} `json:"elements"`
				} `json:"blocks"`
			} `json:"messages"`
		} `json:"channels"`
	}
	if json.Unmarshal(snapshot, &view) != nil {
		return nil
	}
	for _, c := range view.Channels {
		for _, m := range c.Messages {
			for _, b := range m.Blocks {
				for _, e := range b.Elements {
					if v, _ := e.Value.(string); e.Action == action && strings.HasPrefix(v, value) {
						return map[string]any{"channel": c.ID, "ts": m.TS, "block_id": b.ID, "action_id": action, "value": v}
					}
				}
			}
		}
	}
	return nil
}
