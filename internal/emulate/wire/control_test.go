package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestRefused holds the control API to a sentence for each mistake.
func TestRefused(t *testing.T) {
	var g Gate
	g.Speak(Failure{"Busy", "429"})
	lag := time.Second
	g.Offer(Duration("lag", "How long.", func() time.Duration { return lag }, func(d time.Duration) { lag = d }),
		Flag("silent", "Whether.", func() bool { return false }, func(bool) {}),
		Count("burst", "How many.", func() int { return 3 }, func(int) {}))
	server := httptest.NewServer(mux(map[string]*Gate{"shop": &g}))
	defer server.Close()
	for body, want := range map[string]string{
		`{"faults":[{"call":"*","when":"before","kind":"errror"}]}`:              `there is no kind "errror"; the kinds are error, slow,`,
		`{"faults":[{"call":"*","when":"during","kind":"error"}]}`:               `when is "before" or "after" the effect, not "during"`,
		`{"faults":[{"call":"*","when":"before","kind":"error","delays":"2s"}]}`: `unknown field "delays"`,
		`{"fault":[]}`:                `unknown field "fault"`,
		`{}`:                          `neither "faults" nor "settings"`,
		`{"faults":[]} {"faults":[]}`: "more than one JSON value",
		`{"faults":[{"when":"before","kind":"error"}]}`:                            "a fault needs a call",
		`{"faults":[{"call":"iam:[","when":"before","kind":"error"}]}`:             "is not a pattern",
		`{"faults":[{"call":"*","when":"before","kind":"truncated"}]}`:             "after the effect only",
		`{"faults":[{"call":"*","when":"before","kind":"slow"}]}`:                  "needs a delay",
		`{"faults":[{"call":"*","when":"before","kind":"slow","delay":"1h"}]}`:     "at most 10m0s",
		`{"faults":[{"call":"*","when":"before","kind":"slow","delay":"soon"}]}`:   `not "soon"`,
		`{"faults":[{"call":"*","when":"before","kind":"hang","delay":"1s"}]}`:     "hang takes no delay",
		`{"faults":[{"call":"*","when":"before","kind":"hang","error":"Busy"}]}`:   "hang takes no error",
		`{"faults":[{"call":"*","when":"before","kind":"error","error":"Bussy"}]}`: `fault 1: the system has no error "Bussy"; it has Busy`,
		`{"faults":[{"call":"*","when":"before","kind":"error","status":500}]}`:    "error takes no status",
		`{"faults":[{"call":"*","when":"before","kind":"page","status":99}]}`:      "from 200 to 599",
		`{"faults":[{"call":"*","when":"before","kind":"error","times":-1}]}`:      "not negative",
		`{"settings":{"leg":"1s"}}`:                                                `there is no setting "leg"; there are: lag, silent, burst`,
		`{"settings":{"lag":5}}`:                                                   `lag is a time such as`,
		`{"settings":{"lag":"-1s"}}`:                                               `lag is a time such as`,
		`{"settings":{"silent":"yes"}}`:                                            "silent is true or false",
		`{"settings":{"silent":null}}`:                                             "silent is true or false",
		`{"settings":{"burst":-1}}`:                                                "burst is a whole number from 0",
		`{"settings":{"lag":"9s","silent":"perhaps"}}`:                             "silent is true or false",
	} {
		status, got := ask(t, http.MethodPut, server.URL+"/shop", body)
		if status != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s, want 400 and %q", body, status, got, want)
		}
		if len(g.Faults()) != 0 || lag != time.Second {
			t.Fatalf("%s: refused, and yet it changed something: %v, lag %s", body, g.Faults(), lag)
		}
	}
}

func mux(gates map[string]*Gate) *http.ServeMux {
	m := http.NewServeMux()
	m.Handle("/{$}", Control(gates))
	m.Handle("/{system}", Control(gates))
	return m
}

func ask(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// TestControl goes through the control API of two systems.
func TestControl(t *testing.T) {
	gates := map[string]*Gate{"aws": {}, "slack": {}}
	lag := time.Second
	gates["aws"].Offer(Duration("lag", "How long.", func() time.Duration { return lag }, func(d time.Duration) { lag = d }))
	server := httptest.NewServer(mux(gates))
	defer server.Close()
	want := `{"faults":[{"call":"iam:*","when":"before","kind":"slow","delay":"1.5s","times":2}],"settings":[{"name":"lag","value":"2s","says":"How long."}],"errors":[],"calls":{},"struck":{}}`
	if _, got := ask(t, "PUT", server.URL+"/aws", `{"faults":[{"call":"iam:*","when":"before","kind":"slow","delay":"1500ms","times":2}],"settings":{"lag":"2s"}}`); strings.TrimSpace(got) != want {
		t.Errorf("PUT answers %s", got)
	}
	var all map[string]State
	_, got := ask(t, "PUT", server.URL+"/", `{"slack":{"faults":[{"call":"*","when":"after","kind":"hang"}]}}`)
	if err := json.Unmarshal([]byte(got), &all); err != nil || len(all["slack"].Faults) != 1 || len(all["aws"].Faults) != 1 {
		t.Errorf("both: %s (%v)", got, err)
	}
	if status, got := ask(t, "PUT", server.URL+"/", `{"slack":{"faults":[]},"aws":{"faults":[{}]}}`); status != 400 || len(gates["slack"].Faults()) != 1 {
		t.Errorf("one of two is wrong, and: %d %s, %v", status, got, gates["slack"].Faults())
	}
	ask(t, "PUT", server.URL+"/aws", `{"settings":{"lag":"3s"}}`)
	if len(gates["aws"].Faults()) != 1 || lag != 3*time.Second {
		t.Errorf("settings alone leave faults alone: %v, lag %s", gates["aws"].Faults(), lag)
	}
	ask(t, "DELETE", server.URL+"/", "")
	if lag != time.Second || len(gates["aws"].Faults()) != 0 || len(gates["slack"].Faults()) != 0 {
		t.Errorf("not as usual: lag %s, %v %v", lag, gates["aws"].Faults(), gates["slack"].Faults())
	}
	if status, got := ask(t, "GET", server.URL+"/gcp", ""); status != 404 || !strings.Contains(got, "there are: aws, slack") {
		t.Errorf("%d %s", status, got)
	}
	if status, _ := ask(t, "POST", server.URL+"/aws", "{}"); status != 400 {
		t.Errorf("POST: %d", status)
	}
}

// FuzzParse demands that whatever is taken is in order, and is the same when it is
// written and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"faults":[{"call":"iam:*","when":"before","kind":"slow","delay":"1500ms","times":2,"skip":1}]}`))
	f.Add([]byte(`{"faults":[{"call":"*","when":"after","kind":"page","status":203},{"call":"*","when":"after","kind":"error","error":"x"}],"settings":{"lag":"1s"}}`))
	f.Add([]byte(`{"faults":null}`))
	f.Add([]byte(`{"faults":[null]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		if err != nil || c.Faults == nil {
			return
		}
		for _, x := range *c.Faults {
			if err := x.Check(); err != nil {
				t.Fatalf("%s was taken, and %v", raw, err)
			}
		}
		again, err := json.Marshal(map[string]any{"faults": *c.Faults})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(again)
		if err != nil || !reflect.DeepEqual(*c.Faults, *d.Faults) {
			t.Fatalf("%s became %s (%v)", raw, again, err)
		}
	})
}
