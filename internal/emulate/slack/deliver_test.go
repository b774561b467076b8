package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/slack-go/slack"
)

func TestCommandAsSlackSendsIt(t *testing.T) {
	w := newWorld(t, nil)
	w.app.onCommand = func(client.SlashCommand) (int, string) { return 200, "Not understood" }
	r := must[Reply](t)(w.s.Command(t.Context(), "U0REQ", "C0001", "request Web & <Shop>"))
	if r.Type != "ephemeral" || r.Text != "Not understood" {
		t.Errorf("reply = %+v", r)
	}
	c := w.app.commands[0]
	c.ResponseURL, c.TriggerID = "", ""
	want := client.SlashCommand{
		Token: verificationToken, TeamID: "T0001", TeamDomain: "contoso", ChannelID: "C0001", ChannelName: "shop-approvals",
		UserID: "U0REQ", UserName: "requester", Command: "/federate", Text: "request Web & <Shop>", APIAppID: "A0FEDBOT01",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	w.app.onCommand = func(client.SlashCommand) (int, string) {
		return 200, `{"response_type":"in_channel","text":"all see it"}`
	}
	if r = must[Reply](t)(w.s.Command(t.Context(), "U0REQ", "C0001", "")); r.Type != "in_channel" || r.TS == "" {
		t.Errorf("reply = %+v", r)
	}
	if n := len(w.s.Snapshot("U0APP").Channels[0].Messages); n != 1 {
		t.Errorf("somebody else sees %d replies, want the one in the channel", n)
	}
	for who, where := range map[string]string{"U0GONE": "C0001", "U0FAR": "C0001", "U0APP": "C0002", "U0404": "C0001", "U0BOT": "C0001"} {
		if _, err := w.s.Command(t.Context(), who, where, ""); !errors.Is(err, ErrRefused) && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s in %s: %v", who, where, err)
		}
	}
	if len(w.app.commands) != 2 {
		t.Error("a refused command was delivered")
	}
}

// The library's own verifier wants a timestamp of the machine's present.
func TestDeliveriesPassTheVerifier(t *testing.T) {
	var verified, parsed error
	there := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		v, err := client.NewSecretsVerifier(r.Header, secretOfApp)
		if err != nil {
			verified = err
			return
		}
		var raw bytes.Buffer
		_, _ = raw.ReadFrom(r.Body)
		_, _ = v.Write(raw.Bytes())
		verified = v.Ensure()
		r.Body = http.NoBody
		r2 := httptest.NewRequest(http.MethodPost, "/", &raw)
		r2.Header = r.Header
		_, parsed = client.SlashCommandParse(r2)
	}))
	defer there.Close()
	w := newWorld(t, func(o *Options) {
		o.Now = time.Now
		o.App.CommandsURL = func() string { return there.URL }
	})
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", "list"); err != nil || verified != nil || parsed != nil {
		t.Errorf("command: %v, verifier: %v, parser: %v", err, verified, parsed)
	}
}

func TestFailuresAsAPersonSeesThem(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Deadline = 50 * time.Millisecond })
	w.app.onCommand = func(client.SlashCommand) (int, string) { return 500, "" }
	_, err := w.s.Command(t.Context(), "U0REQ", "C0001", "")
	var f *Failure
	if !errors.As(err, &f) || !errors.Is(err, ErrDispatchFailed) || f.Error() != `/federate failed with the error "dispatch_failed"` {
		t.Errorf("status 500: %v", err)
	}
	release := make(chan struct{})
	w.app.onCommand = func(client.SlashCommand) (int, string) { <-release; return 200, "" }
	_, err = w.s.Command(t.Context(), "U0REQ", "C0001", "")
	close(release)
	if !errors.As(err, &f) || !errors.Is(err, ErrOperationTimeout) || f.Error() != `/federate failed with the error "operation_timeout"` {
		t.Errorf("no answer in time: %v", err)
	}
	w = newWorld(t, func(o *Options) { o.App.CommandsURL = func() string { return "http://127.0.0.1:1/" } })
	if _, err = w.s.Command(t.Context(), "U0REQ", "C0001", ""); !errors.Is(err, ErrDispatchFailed) {
		t.Errorf("nobody listens: %v", err)
	}
}

func postCard(w *world) string {
	overflow := client.NewOverflowBlockElement("more",
		client.NewOptionBlockObject("history", plainText("History"), nil), client.NewOptionBlockObject("revoke", plainText("Revoke"), nil))
	return w.post("C0001", client.MsgOptionText("twin", false), client.MsgOptionBlocks(
		sectionOf("*Requester* asks"), client.NewActionBlock("decide", button("request_approve", "F-17.1 digest", "Approve"), overflow)))
}

func TestPress(t *testing.T) {
	w := newWorld(t, nil)
	ts := postCard(w)
	press := func(who, where, block, action, value string) error {
		return w.s.Press(t.Context(), who, where, ts, block, action, value)
	}
	if err := press("U0APP", "C0001", "decide", "request_approve", ""); err != nil {
		t.Fatal(err)
	}
	c := w.app.interactions[0]
	a := c.ActionCallback.BlockActions[0]
	if c.User.ID != "U0APP" || c.User.TeamID != "T0001" || c.Team.ID != "T0001" || c.Channel.ID != "C0001" || c.Message.Timestamp != ts ||
		c.Container.MessageTs != ts || c.Container.ChannelID != "C0001" || c.ResponseURL == "" || c.TriggerID == "" ||
		a.ActionID != "request_approve" || a.Value != "F-17.1 digest" || a.BlockID != "decide" || a.ActionTs == "" || a.Text.Text != "Approve" {
		t.Errorf("payload = %+v, action = %+v", c, a)
	}
	raw := w.app.payloads[0]
	if v, ok := raw["enterprise"]; !ok || v != nil || raw["is_enterprise_install"] != false {
		t.Errorf("enterprise = %v, %v", v, raw["is_enterprise_install"])
	}
	if err := press("U0APP", "C0001", "decide", "more", "revoke"); err != nil {
		t.Fatal(err)
	}
	if a := w.app.interactions[1].ActionCallback.BlockActions[0]; a.SelectedOption.Value != "revoke" {
		t.Errorf("overflow = %+v", a)
	}
	if err := press("U0FAR", "C0001", "decide", "request_approve", ""); err != nil {
		t.Fatal(err)
	}
	if c := w.app.interactions[2]; c.User.TeamID != "T0002" || c.Team.ID != "T0001" {
		t.Errorf("somebody of another workspace: user %s, team %s", c.User.TeamID, c.Team.ID)
	}
	for name, err := range map[string]error{
		"another value":        press("U0APP", "C0001", "decide", "request_approve", "F-18.1 forged"),
		"an option not there":  press("U0APP", "C0001", "decide", "more", "explode"),
		"a button not there":   press("U0APP", "C0001", "decide", "request_deny", ""),
		"outside the channel":  press("U0ULTRA", "C0001", "decide", "request_approve", ""),
		"deactivated":          press("U0GONE", "C0001", "decide", "request_approve", ""),
		"a bot":                press("U0BOT", "C0001", "decide", "request_approve", ""),
		"another conversation": press("U0REQ", "C0002", "decide", "request_approve", ""),
	} {
		if !errors.Is(err, ErrRefused) && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.app.interactions) != 3 {
		t.Error("a press that Slack would not let happen was delivered")
	}
}

func TestPressOnAnEphemeral(t *testing.T) {
	w := newWorld(t, nil)
	ts := must[string](t)(w.bot.PostEphemeral("C0001", "U0APP", client.MsgOptionText("x", false), client.MsgOptionBlocks(
		client.NewActionBlock("own", button("request_withdraw", "F-17.1", "Withdraw")))))
	if err := w.s.Press(t.Context(), "U0REQ", "C0001", ts, "own", "request_withdraw", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("somebody else pressed it: %v", err)
	}
	if err := w.s.Press(t.Context(), "U0APP", "C0001", ts, "own", "request_withdraw", ""); err != nil {
		t.Fatal(err)
	}
	if c := w.app.interactions[0]; !c.Container.IsEphemeral || c.Container.MessageTs != ts || w.app.payloads[0]["message"] != nil {
		t.Errorf("payload = %+v", c.Container)
	}
	if status, _ := respond(t, w.app.interactions[0].ResponseURL, `{"delete_original":true}`); status != 200 ||
		len(w.s.Snapshot("U0APP").Channels[0].Messages) != 0 {
		t.Errorf("delete: %d", status)
	}
}

func TestPressInsideAContainer(t *testing.T) {
	w := newWorld(t, nil)
	raw := `[{"type":"container","child_blocks":[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Go"}}]}]}]`
	r, err := http.PostForm(w.base+"/api/chat.postMessage", url.Values{"token": {"xoxb-bot"}, "channel": {"C0001"}, "text": {"x"}, "blocks": {raw}})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	m := w.s.Snapshot("U0APP").Channels[0].Messages[0]
	var blockID, actionID string
	parts(m.Blocks, func(b, e object) { blockID, actionID = b["block_id"].(string), e["action_id"].(string) })
	if err := w.s.Press(t.Context(), "U0APP", "C0001", m.TS, blockID, actionID, ""); err != nil || len(w.app.interactions) != 1 {
		t.Errorf("press of %s/%s: %v", blockID, actionID, err)
	}
}

func respond(t *testing.T, address, body string) (int, string) {
	t.Helper()
	r, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var out bytes.Buffer
	_, _ = out.ReadFrom(r.Body)
	var e struct{ Error string }
	if json.Unmarshal(out.Bytes(), &e) == nil && e.Error != "" {
		return r.StatusCode, e.Error
	}
	return r.StatusCode, out.String()
}

func TestResponseURL(t *testing.T) {
	w := newWorld(t, nil)
	ts := postCard(w)
	pressed := func() string {
		if err := w.s.Press(t.Context(), "U0APP", "C0001", ts, "decide", "request_approve", ""); err != nil {
			t.Fatal(err)
		}
		return w.app.interactions[len(w.app.interactions)-1].ResponseURL
	}
	messages := func(who string) []Post { return w.s.Snapshot(who).Channels[0].Messages }
	url := pressed()
	if status, body := respond(t, url, `{"text":"only you see it"}`); status != 200 || body != "ok" {
		t.Errorf("%d %s", status, body)
	}
	if a, b := messages("U0APP"), messages("U0REQ"); len(a) != 2 || !a[1].Ephemeral || len(b) != 1 {
		t.Errorf("the presser sees %d, somebody else %d", len(a), len(b))
	}
	if status, body := respond(t, url, `{"text":"all see it","response_type":"in_channel"}`); status != 200 {
		t.Error(status, body)
	}
	if status, body := respond(t, url, `{"text":"replaced","replace_original":"true"}`); status != 200 || messages("U0REQ")[0].Text != "replaced" {
		t.Errorf("replace: %d %s, %+v", status, body, messages("U0REQ")[0])
	}
	if status, body := respond(t, url, `{"blocks":[{"type":"wibble"}]}`); status != 400 || body != "invalid_blocks" {
		t.Errorf("bad blocks: %d %s", status, body)
	}
	if status, _ := respond(t, url, `{"delete_original":true}`); status != 200 || messages("U0REQ")[0].Text != "all see it" {
		t.Errorf("delete: %d %+v", status, messages("U0REQ"))
	}
	if status, body := respond(t, url, `{"text":"sixth"}`); status != 404 || body != "used_url" {
		t.Errorf("sixth use: %d %s", status, body)
	}
	ts = postCard(w)
	url = pressed()
	w.clock.Advance(hookAge + time.Second)
	if status, body := respond(t, url, `{"text":"late"}`); status != 404 || body != "expired_url" {
		t.Errorf("after half an hour: %d %s", status, body)
	}
	w.app.onCommand = func(client.SlashCommand) (int, string) { return 200, "Looking…" }
	if _, err := w.s.Command(t.Context(), "U0GUEST", "C0001", ""); err != nil {
		t.Fatal(err)
	}
	url = w.app.commands[0].ResponseURL
	if _, _, _, err := w.bot.SendMessage("", client.MsgOptionResponseURL(url, client.ResponseTypeEphemeral),
		client.MsgOptionReplaceOriginal(url), client.MsgOptionText("Found", false)); err != nil {
		t.Fatal(err)
	}
	own := messages("U0GUEST")
	if last := own[len(own)-1]; last.Text != "Found" || last.Edited == "" {
		t.Errorf("a command's reply was not replaced: %+v", last)
	}
}

func TestEventsAreRetried(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.s.VerifyEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.app.events, w.app.eventBodies = nil, nil
	w.app.onEvent = func(n int) (int, http.Header) {
		if n < 3 {
			return 500, nil
		}
		return 200, nil
	}
	if err := w.s.OpenHome(t.Context(), "U0REQ"); !errors.Is(err, ErrDispatchFailed) {
		t.Errorf("first attempt: %v", err)
	}
	w.s.tasks.Wait()
	if len(w.app.events) != 3 {
		t.Fatalf("%d attempts, want 3", len(w.app.events))
	}
	for i, h := range w.app.events {
		num, why := h.Get("X-Slack-Retry-Num"), h.Get("X-Slack-Retry-Reason")
		if i == 0 && num+why != "" || i > 0 && (num != strconv.Itoa(i) || why != "http_error") {
			t.Errorf("attempt %d: num %q, reason %q", i, num, why)
		}
		if w.app.eventBodies[i]["event_id"] != w.app.eventBodies[0]["event_id"] {
			t.Error("a retry has another event id")
		}
	}
	event := w.app.eventBodies[0]["event"].(map[string]any)
	if event["type"] != "app_home_opened" || event["user"] != "U0REQ" || event["tab"] != "home" || event["channel"] == "" {
		t.Errorf("event = %v", event)
	}
	w.app.events = nil
	w.app.onEvent = func(int) (int, http.Header) { return 500, http.Header{"X-Slack-No-Retry": {"1"}} }
	if err := w.s.OpenHome(t.Context(), "U0REQ"); err == nil {
		t.Error("a failed event is no error")
	}
	if w.s.tasks.Wait(); len(w.app.events) != 1 {
		t.Errorf("%d attempts in spite of x-slack-no-retry", len(w.app.events))
	}
}

func TestClientTwins(t *testing.T) {
	w := newWorld(t, nil)
	ts := postCard(w)
	act := func(kind, name, body string) (out struct {
		OK             bool
		Error, Message string
		Result         json.RawMessage
	}) {
		r, err := http.Post(w.base+"/client/"+name, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		decodeBody(t, r, &out)
		return out
	}
	const asJSON = "application/json"
	press := `{"user":"U0APP","channel":"C0001","ts":"` + ts + `","block_id":"decide","action_id":"request_approve"}`
	if r := act(asJSON, "press", press); !r.OK || len(w.app.interactions) != 1 {
		t.Errorf("press: %+v", r)
	}
	if r := act("text/plain", "press", press); r.OK || len(w.app.interactions) != 1 {
		t.Error("a request that any web page could send was taken")
	}
	w.app.onCommand = func(client.SlashCommand) (int, string) { return 500, "" }
	if r := act(asJSON, "command", `{"user":"U0REQ","channel":"C0001","text":"list"}`); r.OK || r.Error != "dispatch_failed" {
		t.Errorf("command: %+v", r)
	}
	if r := act(asJSON, "deactivate", `{"user":"U0APP"}`); !r.OK {
		t.Errorf("deactivate: %+v", r)
	}
	if r := act(asJSON, "press", press); r.Error != "refused" {
		t.Errorf("press by a deactivated person: %+v", r)
	}
	var v View
	if r := act(asJSON, "snapshot", `{"user":"U0REQ"}`); json.Unmarshal(r.Result, &v) != nil || v.Me.ID != "U0REQ" || len(v.Channels) != 2 {
		t.Errorf("snapshot: %+v", v)
	}
	before := w.s.Revision()
	w.post("C0001", client.MsgOptionText("x", false))
	if w.s.Revision() <= before {
		t.Error("a post did not change the revision")
	}
}

func TestFaultsAndCounts(t *testing.T) {
	w := newWorld(t, nil)
	w.gate.Set(fault("slack:chat.postMessage", "after", "error"))
	if _, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("x", false)); code(err) != "internal_error" {
		t.Errorf("fault: %v", err)
	}
	if n := len(w.s.Snapshot("U0REQ").Channels[0].Messages); n != 1 {
		t.Errorf("%d messages after an answer that was lost", n)
	}
	if n := w.gate.Calls()["slack:chat.postMessage"]; n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestNothingIsPromisedThatIsNotWritten(t *testing.T) {
	j := journal(t, t.TempDir())
	w := newWorld(t, func(o *Options) { o.Journal = j })
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("x", false)); code(err) != "internal_error" {
		t.Errorf("a post that the journal does not hold: %v", err)
	}
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", ""); err == nil || len(w.app.commands) != 0 {
		t.Errorf("a command that the journal does not hold: %v", err)
	}
}
