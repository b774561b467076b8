package bot

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	emulator "fedbot/internal/emulate/slack"

	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

const wholeAsk = `request --org contoso --project "Web Shop" --connection aws-shop-dev --account shop-dev --template s3-static-site --param bucket=b --reason SHOP-1`

// The attack: a request is typed where another company reads, so that who is asked
// and what for is theirs to read. Closing is not refused for where it is typed.
func TestNobodyAsksWhereOthersRead(t *testing.T) {
	w := newWorld(t)
	typed := func(channel, text, says string) {
		t.Helper()
		heard := func() (n int) {
			for _, p := range w.posts("U0REQ") {
				n += strings.Count(p.Text, says)
			}
			return n
		}
		before := heard()
		if _, err := w.slack.Command(w.ctx, "U0REQ", channel, text); err != nil {
			t.Fatal(err)
		}
		w.until(says+" once more", func() bool { return heard() > before })
	}
	typed("C0001", wholeAsk, "people of another company read this channel")
	typed("C0001", "release F-17 --reason x", "people of another company read this channel")
	typed("C0004", "request", "people of another company read this channel") // they are invited
	typed("C0005", wholeAsk, "cannot see whether another company reads it")  // fedbot is not in it
	if n := w.desk.count("submit"); n != 0 {
		t.Errorf("%d asks were decided", n)
	}
	typed("C0001", "revoke F-17 --reason x", "Revoked: F-17")
	if _, err := w.slack.Command(w.ctx, "U0REQ", "C0003", wholeAsk); err != nil {
		t.Fatal(err)
	}
	w.decided("revoke")
	w.decided("submit")
}

// In the conversation with fedbot itself nobody else reads; in another one of two
// people somebody may.
func TestAskingDirectly(t *testing.T) {
	w := newWorld(t)
	if err := w.bot.direct(w.ctx, "U0REQ", helpMessage()); err != nil {
		t.Fatal(err)
	}
	var direct string
	for _, c := range w.slack.Snapshot("U0REQ").Channels {
		if strings.HasPrefix(c.ID, "D") {
			direct = c.ID
		}
	}
	for channel, code := range map[string]bool{direct: true, "D0ELSEWHERE": false} {
		if err := w.bot.own(w.ctx, parcel{User: "U0REQ", Channel: channel}); (err == nil) != code {
			t.Errorf("%s: %v", channel, err)
		}
	}
}

// The attack: somebody's script sends without end, and approvers, Slack and the
// store are busy with that alone. Others are not slowed, and the flood is answered
// once.
func TestAFloodIsNotTaken(t *testing.T) {
	w := newWorld(t)
	w.stop()
	w.o.Presses = 10
	w.begin()
	knock := func(user, trigger string) string {
		t.Helper()
		body := []byte(strings.Replace(string(aCommand(trigger, "help")), "U0REQ", user, 1))
		status, answer := w.knock("/slack/commands", sign(secret, start, body), body)
		if status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		return answer
	}
	for i := range 30 {
		answer := knock("U0REQ", "flood."+string(rune('a'+i)))
		if refused := strings.Contains(answer, "Not taken: more than 10"); refused != (i >= 10) {
			t.Errorf("delivery %d: %q", i+1, answer)
		}
	}
	if answer := knock("U0APP", "calm"); answer != "" {
		t.Errorf("somebody else is told %q", answer)
	}
	if n := len(w.store.received); n != 11 {
		t.Errorf("%d deliveries were stored, want ten of the flood and one of somebody else", n)
	}
	f := &floods{most: 10}
	for i := range 12 {
		over, first := f.pour(parcel{User: "U", Kind: kindPress}, start)
		if over != (i >= 10) || first != (i == 10) {
			t.Errorf("press %d: over %v, first %v", i+1, over, first)
		}
	}
	if over, _ := f.pour(parcel{User: "U", Kind: kindOptions}, start); over {
		t.Error("suggestions are counted with presses")
	}
	if over, _ := f.pour(parcel{User: "U", Kind: kindPress}, start.Add(time.Minute)); over {
		t.Error("the next minute does not begin anew")
	}
}

// A flood of presses has no answer of its own, so its presser is told once.
func TestAFloodOfPressesIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.stop()
	w.o.Presses = 3
	w.begin()
	w.store.append("F-17", waiting(t).events...)
	post := w.sees("U0APP", "needs a decision")
	for range 8 {
		w.press("U0APP", post, actApprove)
	}
	w.sees("U0APP", "Not taken: more than 3")
	w.emptied()
	told := 0
	for _, p := range w.posts("U0APP") {
		told += strings.Count(p.Text, "Not taken")
	}
	if told != 1 || w.desk.count("approve") != 3 {
		t.Errorf("told %d times, %d presses decided", told, w.desk.count("approve"))
	}
}

// The attack: the app is installed for a whole organization of Enterprise Grid, so
// that people of any of its workspaces act as if they were of this one.
func TestAWholeOrganizationIsNotListenedTo(t *testing.T) {
	w := newWorld(t)
	body := append(aCommand("1", "revoke F-17 --reason x"), "&is_enterprise_install=true&enterprise_id=E0001"...)
	if _, answer := w.knock("/slack/commands", sign(secret, start, body), body); !strings.Contains(answer, "one workspace only") {
		t.Errorf("a command is answered %q", answer)
	}
	for trigger, team := range map[string]string{"a": `"team":{"id":"T0001"}`, "b": `"team":null`} {
		body = []byte("payload=" + url.QueryEscape(`{"type":"block_actions",`+team+`,"enterprise":{"id":"E0001"},"is_enterprise_install":true,
"user":{"id":"U0APP","team_id":"T0001"},"trigger_id":"1.`+trigger+`","actions":[{"type":"button","block_id":"b","action_id":"request_approve","value":"F-17.1 x"}]}`))
		if status, answer := w.knock("/slack/interactions", sign(secret, start, body), body); status != http.StatusOK || answer != "" {
			t.Errorf("a press is answered %d %q", status, answer)
		}
	}
	body = []byte(`{"type":"event_callback","event_id":"Ev1","team_id":"T0001","authorizations":[{"is_enterprise_install":true}],"event":{"type":"app_home_opened","tab":"home","user":"U0APP"}}`)
	if status, _ := w.knock("/slack/events", sign(secret, start, body), body); status != http.StatusOK {
		t.Errorf("an event is answered %d", status)
	}
	w.stop()
	if _, home := w.slack.Home("U0APP"); len(w.store.received) != 0 || home {
		t.Errorf("taken: %v, home drawn: %v", w.store.received, home)
	}
}

var otherChannels = []emulator.Channel{
	{ID: "C0004", Name: "invited", Bot: true, Pending: true, Members: []string{"U0REQ"}},
	{ID: "C0005", Name: "closed", Private: true, Members: []string{"U0REQ"}},
}

// "Slack did not answer" is not "fedbot is not in this conversation": a hiccup is
// asked again, and an outage is told as one.
func TestAnUnreadChannelIsNotAForeignOne(t *testing.T) {
	w := newWorld(t)
	for _, f := range []wire.Fault{{Kind: wire.Error}, {Kind: wire.Page, Status: 200}, {Kind: wire.Page, Status: 203}} {
		clear(w.bot.ours)
		f.Call, f.When, f.Times = "slack:conversations.info", wire.Before, 1
		w.gate.Set(f)
		if err := w.bot.own(w.ctx, parcel{User: "U0REQ", Channel: "C0003"}); err != nil {
			t.Errorf("after one %s %d: %v", f.Kind, f.Status, err)
		}
		f.Times = 0
		w.gate.Set(f)
		err := w.bot.own(w.ctx, parcel{User: "U0REQ", Channel: "C0001"})
		if refused, ok := errors.AsType[*workflows.Refusal](err); !ok || refused.Code != "unread_channel" {
			t.Errorf("while Slack is like that, %s %d: %v", f.Kind, f.Status, err)
		}
	}
}
