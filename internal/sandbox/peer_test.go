package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fedbot/internal/emulate/judge"
	emslack "fedbot/internal/emulate/slack"
)

// mirror stands between fedbot and our Slack and sends everything that ours has
// taken to another Slack too, one that others wrote. Ids are the other's own there.
type mirror struct {
	t          *testing.T
	ours, peer string // base addresses without a slash at the end

	mu      sync.Mutex
	ids     map[string]string // channels, people, messages, views and hashes: ours to theirs
	taken   []string          // methods that both have taken
	refused []string
}

const peerToken = "xoxb-fedbot-abroad"

// unknownAbroad are the methods that the other Slack does not have.
var unknownAbroad = []string{"usergroups.list", "usergroups.users.list", "auth.test"}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	m.mu.Lock() // calls reach both in one order
	defer m.mu.Unlock()
	status, header, answer := m.send(m.ours, r, body)
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if ours := decodeAnswer(answer); ours.OK && !slices.Contains(unknownAbroad, method) {
		theirs := m.abroad(method, r, body)
		switch {
		case theirs.OK:
			m.taken = append(m.taken, method)
			m.learn(ours, theirs)
		default:
			m.refused = append(m.refused, fmt.Sprintf("%s: %s: %.300s", method, theirs.Error, body))
		}
	}
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

func (m *mirror) send(base string, r *http.Request, body []byte) (int, http.Header, []byte) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, base+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	out.Header = r.Header.Clone()
	out.Header.Del("Accept-Encoding")
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return res.StatusCode, res.Header, raw
}

// answered is what is learned from an answer.
type answered struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	TS      string `json:"ts"`
	Trigger string `json:"trigger_id"`
	Channel json.RawMessage
	View    struct{ ID, Hash string }
	Members []struct{ ID, Name string }
	List    []struct{ ID, Name string } `json:"channels"`
}

func decodeAnswer(raw []byte) (a answered) {
	_ = json.Unmarshal(raw, &a) // what is no answer is not ok
	return a
}

func (a answered) channel() string {
	var id string
	var object struct{ ID string }
	if json.Unmarshal(a.Channel, &id) != nil {
		_ = json.Unmarshal(a.Channel, &object)
		id = object.ID
	}
	return id
}

func (m *mirror) learn(ours, theirs answered) {
	for _, pair := range [][2]string{{ours.TS, theirs.TS}, {ours.channel(), theirs.channel()}, {ours.View.ID, theirs.View.ID}, {ours.View.Hash, theirs.View.Hash}} {
		if pair[0] != "" && pair[1] != "" {
			m.ids[pair[0]] = pair[1]
		}
	}
}

// abroad sends a call to the other Slack, with its ids and in the same encoding.
func (m *mirror) abroad(method string, r *http.Request, body []byte) answered {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var args map[string]any
		if err := json.Unmarshal(body, &args); err != nil {
			m.t.Errorf("%s: %v", method, err)
			return answered{}
		}
		for k, v := range args {
			if text, ok := v.(string); ok {
				args[k] = cmp.Or(m.ids[text], text)
			}
		}
		if args["trigger_id"] != nil {
			args["trigger_id"] = m.peerCall("views.generateTriggerId", url.Values{"user_id": {m.ids[person("requester")]}}).Trigger
		}
		raw, err := json.Marshal(args)
		if err != nil {
			m.t.Errorf("%s: %v", method, err)
		}
		return m.post(method, "application/json", raw)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		m.t.Errorf("%s: %v", method, err)
	}
	for k, v := range r.URL.Query() {
		form[k] = v
	}
	form.Del("token")
	for k, v := range form {
		form[k] = []string{cmp.Or(m.ids[v[0]], v[0])}
	}
	return m.peerCall(method, form)
}

func (m *mirror) peerCall(method string, form url.Values) answered {
	return m.post(method, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func (m *mirror) post(method, kind string, body []byte) answered {
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.peer+"/api/"+method, bytes.NewReader(body))
	if err != nil {
		m.t.Error(err)
		return answered{}
	}
	r.Header.Set("Authorization", "Bearer "+peerToken)
	r.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answered{Error: err.Error()}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answered{Error: err.Error()}
	}
	return decodeAnswer(raw)
}

// newPeer starts the other Slack with the sandbox's people and channel, and with the
// scopes of fedbot's manifest and no more.
func newPeer(t *testing.T, st *stage) *mirror {
	t.Helper()
	type object = map[string]any
	users := []object{{"name": "fedbot", "email": "fedbot@example.com"}}
	for _, p := range people {
		users = append(users, object{"name": p.Name, "email": p.Email})
	}
	seed, err := json.Marshal(object{"slack": object{"strict_scopes": true, "users": users, "channels": []object{{"name": "shop-approvals"}},
		"bots": []object{{"name": "fedbot"}}, "tokens": []object{{"token": peerToken, "user": "fedbot", "type": "bot", "scopes": emslack.DefaultScopes}}}})
	if err == nil {
		err = os.WriteFile(filepath.Join(st.dir, "peer.json"), seed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	judge.Peer(t, "emulate/dist/index.js", "start", "--service", "slack", "--port", strconv.Itoa(port), "--seed", st.file("peer.json"))
	m := &mirror{t: t, ours: st.url(st.ports.Slack), peer: st.url(port), ids: map[string]string{}}
	err = st.until(func() error {
		for _, x := range m.peerCall("conversations.list", url.Values{}).List {
			if x.Name == "shop-approvals" {
				m.ids[channel] = x.ID
				return nil
			}
		}
		return fmt.Errorf("the other Slack does not show its channel")
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range m.peerCall("users.list", url.Values{}).Members {
		for _, p := range people {
			if x.Name == p.Name {
				m.ids[p.ID] = x.ID
			}
		}
	}
	return m
}

// TestOutsideSlack lets the real bot live its stories and sends everything that our
// Slack has taken from it to npm's emulate as well, with strict scopes: what ours
// takes must not be what only ours takes.
func TestOutsideSlack(t *testing.T) {
	t.Parallel()
	st := begin(t)
	m := newPeer(t, st)
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	if err := st.repace([]string{st.url(st.ports.Slack) + "/api/", server.URL + "/api/"}); err != nil {
		t.Fatal(err)
	}
	requester, approver := person("requester"), person("approver")
	must := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	f := st.active(t, "aws-abroad")
	g := st.asked(t, "aws-abroad-too")
	must(st.presses(approver, "request_details", string(g.ID)+".1"))
	_, err := st.told(approver, true, "Details of "+string(g.ID)) // else it could open above the form that comes next
	must(err)
	must(st.presses(approver, "request_deny", string(g.ID)+".1"), st.submits(approver, map[string]string{"reason": "Name a narrower prefix."}))
	_, err = st.await(g.ID, "denied")
	must(err, st.slack.OpenHome(st.ctx, requester), st.types(requester, "list"), st.types(requester, ""))
	_, err = st.told(requester, true, "Project")
	must(err, st.types(requester, "revoke "+string(f.ID)+" --reason 'Moved elsewhere. SHOP-500'"))
	_, err = st.await(f.ID, "revoked")
	must(err)
	st.tells(t, f)
	must(st.until(st.idle))

	m.mu.Lock()
	defer m.mu.Unlock()
	m.private(st, requester, approver)
	for _, no := range m.refused {
		t.Errorf("ours takes what the other Slack refuses: %s", no)
	}
	for _, method := range []string{"chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.open", "users.info", "views.open", "views.update", "views.publish"} {
		if !slices.Contains(m.taken, method) {
			t.Errorf("nothing was sent by %s", method)
		}
	}
	judge.Called(t, "slack-emulate", m.taken)
	t.Logf("%d calls were taken by both", len(m.taken))
}

// private sends what fedbot has told single people by their response URLs, which the
// other Slack does not have, as ephemeral messages.
func (m *mirror) private(st *stage, users ...string) {
	for _, user := range users {
		for _, c := range st.slack.Snapshot(user).Channels {
			for _, p := range c.Messages {
				if !p.Ephemeral || c.ID != channel {
					continue
				}
				got := m.peerCall("chat.postEphemeral", url.Values{"channel": {m.ids[channel]}, "user": {m.ids[user]}, "text": {p.Text}, "blocks": {string(p.Blocks)}})
				if got.OK {
					m.taken = append(m.taken, "chat.postEphemeral")
				} else {
					m.refused = append(m.refused, "chat.postEphemeral: "+got.Error+": "+p.Text)
				}
			}
		}
	}
}
