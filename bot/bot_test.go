package bot

import (
	"strings"
	"testing"
	"time"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// TestCardLives: one card from asking to active, edited; its thread is the timeline;
// the requester hears by direct message.
func TestCardLives(t *testing.T) {
	w := newWorld(t)
	s := active(t)
	w.store.append("F-17", s.events[:2]...)
	first := w.sees("U0APP", "Low risk request F-17.1 needs a decision")
	w.sees("U0APP", "<!subteam^S0001>: 1 of you decides")
	w.store.append("F-17", s.events[2:]...)
	last := w.sees("U0APP", "Active: Web Shop can deploy files to shop-dev")
	if first.TS != last.TS {
		t.Errorf("the card is at %s and was at %s", last.TS, first.TS)
	}
	w.sees("U0APP", "Approver approved.")
	line := w.sees("U0APP", "Proved and active. <@U0REQ>")
	if line.ThreadTS != first.TS {
		t.Errorf("the timeline is not in the card's thread")
	}
	w.sees("U0REQ", "awsCredentials: aws-shop-dev")
	cards := 0
	for _, p := range w.posts("U0APP") {
		if p.ThreadTS == "" && !p.Ephemeral {
			cards++
		}
	}
	if cards != 1 {
		t.Errorf("%d cards", cards)
	}
}

// TestRefusedBeforeAsking: nobody else hears of it.
func TestRefusedBeforeAsking(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", submitted(t).say(machine, workflows.Refused{Request: "F-17.1", Say: "The AWS Toolkit is missing in contoso."}).events...)
	w.sees("U0REQ", "The AWS Toolkit is missing in contoso. Nothing was created.")
	if posts := w.posts("U0APP"); len(posts) > 0 {
		t.Errorf("others see %v", posts)
	}
}

// TestRestart: nothing is posted twice, and an edit that a kill prevented is made.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	s := active(t)
	w.store.append("F-17", s.events[:2]...)
	w.sees("U0APP", "<!subteam^S0001>: 1 of you decides")
	w.stop()
	w.store.append("F-17", s.events[2])
	w.store.Mark(w.ctx, Follower, 3, nil) // killed between the cursor and the edit
	w.begin()
	w.sees("U0APP", "Everything is read once more")
	if n := len(w.posts("U0APP")); n != 2 {
		t.Errorf("%d posts, want the card and one line\n%s", n, w.everything())
	}
}

// TestSlackDown: events wait, and come in order.
func TestSlackDown(t *testing.T) {
	w := newWorld(t)
	w.gate.Set(wire.Fault{Call: "slack:chat.postMessage", When: "before", Kind: "error", Times: 3})
	s := active(t)
	w.store.append("F-17", s.events[:3]...)
	w.sees("U0APP", "Approver approved.")
	var texts []string
	for _, p := range w.posts("U0APP") {
		texts = append(texts, p.Text)
	}
	if len(texts) != 3 || !strings.Contains(texts[1], "sent F-17.1") || !strings.Contains(texts[2], "approved") {
		t.Errorf("posts: %q", texts)
	}
}

func TestApprove(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", waiting(t).events...)
	card := w.sees("U0APP", "needs a decision")
	w.press("U0APP", card, actApprove)
	w.decided("approve")
	got := w.desk.lastPress()
	if got.By != "slack:T0001/U0APP" || got.Request != "F-17.1" || got.Digest != checked("F-17.1").Digest || got.Delivery == "" {
		t.Errorf("pressed: %+v", got)
	}
	w.desk.answer = workflows.Refuse("own_request", "Not approved: you asked for this yourself, so somebody else must decide.")
	w.press("U0REQ", card, actApprove)
	answer := w.sees("U0REQ", "Not approved: you asked for this yourself")
	if !answer.Ephemeral {
		t.Error("a refusal is for the presser alone")
	}
	if _, ok := w.post("U0APP", "Not approved"); ok {
		t.Error("others see the refusal")
	}
	w.decided("approve")
	w.press("U0REQ", answer, actWithdraw)
	w.decided("withdraw")
}

// TestTyped: a high risk is approved with the account's name.
func TestTyped(t *testing.T) {
	w := newWorld(t)
	c := checked("F-17.1")
	c.Words.Risk, c.Verdict.Typed = workflows.High, true
	w.store.append("F-17", submitted(t).say(machine, c).events...)
	w.press("U0APP", w.sees("U0APP", "High risk request"), actApprove)
	v := w.modal("U0APP", "Approve F-17.1")
	r := w.submit("U0APP", v, map[string]map[string]emulator.Value{blockTyped: {blockTyped: "shop-prod"}})
	if !strings.Contains(r.Errors[blockTyped], "The request is for shop-dev. Nothing was recorded.") {
		t.Errorf("errors: %v", r.Errors)
	}
	w.submit("U0APP", v, map[string]map[string]emulator.Value{blockTyped: {blockTyped: "shop-dev"}, blockReason: {blockReason: "fine"}})
	w.decided("approve")
	if got := w.desk.lastPress(); got.Typed != "shop-dev" || got.Comment != "fine" || got.Digest != c.Digest {
		t.Errorf("pressed: %+v", got)
	}
}

func TestReasons(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", waiting(t).events...)
	w.press("U0APP", w.sees("U0APP", "needs a decision"), actDeny)
	w.submit("U0APP", w.modal("U0APP", "Deny F-17.1"), map[string]map[string]emulator.Value{blockReason: {blockReason: "No boundary."}})
	w.decided("deny")
	if got := w.desk.lastPress(); got.Comment != "No boundary." {
		t.Errorf("denied with %+v", got)
	}
	w.store.append("F-17", active(t).events[2:]...)
	card := w.sees("U0APP", "Active: Web Shop")
	w.press("U0APP", card, actQuarantine)
	w.submit("U0APP", w.modal("U0APP", "Quarantine F-17"), map[string]map[string]emulator.Value{blockReason: {blockReason: "Strange."}})
	w.decided("quarantine")
	w.press("U0APP", card, actDetails)
	w.modal("U0APP", "sts:AssumeRoleWithWebIdentity")
	w.press("U0APP", card, actHistory)
	w.sees("U0APP", "History of F-17")
}

// TestCopy: only the message that the follower posted counts.
func TestCopy(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", waiting(t).events...)
	card := w.sees("U0APP", "needs a decision")
	w.sees("U0APP", "1 of you decides")
	w.store.Mark(w.ctx, Follower, 0, map[string]string{cardKey("F-17.1"): "C0001/1.000001"})
	w.press("U0APP", card, actApprove)
	w.sees("U0APP", "Not done: this message is a copy")
	if n := w.desk.count("approve"); n != 0 {
		t.Errorf("a press on a copy was decided %d times", n)
	}
	live := w.sees("U0APP", "1 of you decides") // stands for a card that is really there, so that there is a link to it
	w.store.Mark(w.ctx, Follower, 0, map[string]string{cardKey("F-17.1"): "C0001/" + live.TS})
	w.press("U0APP", card, actApprove)
	w.sees("U0APP", "This is a copy of a card. It is at ")
	if _, still := w.post("U0APP", "needs a decision"); still {
		t.Error("the copy kept its buttons")
	}
}

func TestRestoreCarriesWhatWasShown(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", drifted(t).events...)
	w.press("U0APP", w.sees("U0APP", "Active, drifted"), actRestore)
	w.decided("restore")
	got := w.desk.orders[0]
	if got.Federation != "F-17" || got.Finding != "D-4f9c21ab" || got.Hash != workflows.Sum([]byte("found")) {
		t.Errorf("ordered: %+v", got)
	}
}

// TestStranger: somebody of another workspace is not even asked about.
func TestStranger(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", waiting(t).events...)
	w.press("U0FAR", w.sees("U0APP", "needs a decision"), actApprove)
	w.stop()
	if n := w.desk.count("approve"); n != 0 {
		t.Errorf("a stranger's press was decided")
	}
}

func TestForm(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(in workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{ID: "F-17", Requests: []workflows.Request{{ID: "F-17.1"}}}, nil
	}
	w.command("U0REQ", "")
	w.until("the projects", func() bool {
		return strings.Contains(string(w.modal("U0REQ", "Ask for a federation").Blocks), "Web Shop")
	})
	v := w.modal("U0REQ", "Ask for a federation")
	choose := func(block, value string) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	w.submit("U0REQ", v, map[string]map[string]emulator.Value{blockReason: {blockReason: "Deploy. SHOP-1"}}) // fills it; required ones are missing
	choose(blockProject, "contoso/Web Shop")
	w.modal("U0REQ", "storefront-deploy")
	choose(blockTemplate, "s3-static-site")
	w.modal("U0REQ", "s3-static-site: bucket")
	choose(blockAccount, "shop-prod")
	w.modal("U0REQ", "asks for a ticket")
	v = w.modal("U0REQ", "asks for a ticket")
	if got := v.State[blockReason]; len(got) == 0 {
		t.Errorf("what was typed is gone: %v", v.State)
	}
	filled := map[string]map[string]emulator.Value{
		"pipelines/contoso/Web Shop":  {blockPipelines: []string{"storefront-deploy"}},
		"param/s3-static-site/bucket": {blockParam: "shop-site"}, blockBranches: {blockBranches: "main, release/*"},
		blockReason: {blockReason: "no ticket"},
	}
	if r := w.submit("U0REQ", v, filled); !strings.Contains(r.Errors[blockReason], "shop-prod asks for a ticket") {
		t.Fatalf("errors: %+v", r)
	}
	filled[blockReason] = map[string]emulator.Value{blockReason: "Deploy. SHOP-1"}
	w.submit("U0REQ", v, filled)
	w.decided("submit")
	w.modal("U0REQ", "Sent. F-17.1")
	p := w.desk.asks[0].Proposal
	want := workflows.Proposal{Kind: workflows.Create, Organization: "contoso", Project: "Web Shop", Connection: "aws-shop-prod", Account: "shop-prod",
		Pipelines: []string{"storefront-deploy"}, Branches: []string{"main", "release/*"}, Reason: "Deploy. SHOP-1", Ends: time.Date(2027, 5, 24, 0, 0, 0, 0, time.UTC),
		Grants: []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site"}}}}
	if got, want := pretty(t, p), pretty(t, want); string(got) != string(want) {
		t.Errorf("asked:\n%s\nwant:\n%s", got, want)
	}
}

// TestFormRefused: what the desk refuses later is shown above the form, and nothing
// typed is lost.
func TestFormRefused(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{}, workflows.Refuse("taken", "Not sent: F-3 for connection aws-shop-dev exists already.")
	}
	w.command("U0REQ", `request --org contoso --project Web Shop --account shop-dev --template s3-static-site --param bucket=shop-site --reason "SHOP-1" --acount`)
	w.press("U0REQ", w.sees("U0REQ", `Did you mean --account?`), actForm)
	v := w.modal("U0REQ", "s3-static-site: bucket")
	w.submit("U0REQ", v, map[string]map[string]emulator.Value{blockAccount: {blockAccount: "shop-dev"}})
	w.decided("submit")
	again := w.modal("U0REQ", "F-3 for connection aws-shop-dev exists already")
	if !strings.Contains(string(again.Blocks), "shop-site") || again.Submit == "" {
		t.Errorf("the form lost what was typed: %s", again.Blocks)
	}
	w.submit("U0REQ", again, nil)
	w.decided("submit")
}

func TestCommands(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{ID: "F-18", Requests: []workflows.Request{{ID: "F-18.1"}}}, nil
	}
	w.store.append("F-17", quarantined(t).events...)
	w.sees("U0APP", "Active, quarantined")
	for text, want := range map[string]string{
		"help":             "/federate quarantine F-17 --reason TEXT",
		"console":          "There is no console here",
		"list":             "Needs someone: 1 of 1",
		"show F-17":        "The buttons are on the live card",
		"history web shop": "History of F-17",
		"show F-99":        "Not found: there is no such federation",
		"requst":           "Did you mean request?",
		"drift":            "this fedbot has no reading identity",
		"release F-17 --reason it was our own test": "Sent: F-18.1.",
		"request --org contoso --project Web Shop --account shop-dev --template ecr-push --param repository=r --reason x": "Sent. F-18.1",
		"revoke F-17 --reason the end": "Revoked: F-17.",
	} {
		w.command("U0REQ", text)
		if p := w.sees("U0REQ", want); !p.Ephemeral {
			t.Errorf("/federate %s is answered to everybody", text)
		}
	}
	w.command("U0OUT", "show F-17")
	w.sees("U0OUT", "Not found")
	w.command("U0OUT", "list")
	w.sees("U0OUT", "Nothing is waiting for you")
}

func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	w.store.full = true
	if r := w.command("U0REQ", "revoke F-17 --reason x"); !strings.Contains(r.Text, "Nothing was recorded") {
		t.Errorf("answered %+v", r)
	}
	w.stop()
	if n := w.desk.count("revoke"); n != 0 {
		t.Error("what was not stored was decided")
	}
}

// TestFormSlow: what takes longer than Slack waits is shown when it is known.
func TestFormSlow(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		<-release
		r := workflows.Refuse("no_account", "Not sent: fedbot is not set up for account shop-dev.")
		r.Field = "account"
		return workflows.Federation{}, r
	}
	w.bot.patience = 10 * time.Millisecond
	w.command("U0REQ", `request --org contoso --project Web Shop --account shop-dev --template ecr-push --param repository=r --reason x --acount`)
	w.press("U0REQ", w.sees("U0REQ", `Did you mean --account?`), actForm)
	v := w.modal("U0REQ", "ecr-push: repository")
	if r := w.submit("U0REQ", v, map[string]map[string]emulator.Value{blockAccount: {blockAccount: "shop-dev"}}); r.Action != "update" {
		t.Errorf("acknowledged with %+v", r)
	}
	w.modal("U0REQ", "Sending.")
	close(release)
	w.modal("U0REQ", "fedbot is not set up for account shop-dev")
}

// TestFieldRefused: a refusal that belongs to a field is shown there.
func TestFieldRefused(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		r := workflows.Refuse("may_not_ask", "Not sent: you may not ask for Web Shop.")
		r.Field = "project"
		return workflows.Federation{}, r
	}
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "storefront-deploy")
	filled := map[string]map[string]emulator.Value{blockAccount: {blockAccount: "shop-dev"}, blockTemplate: {blockTemplate: "ecr-push"}, blockReason: {blockReason: "x"}}
	for range 2 { // and it can be sent again
		if r := w.submit("U0REQ", v, filled); r.Errors[blockProject] != "Not sent: you may not ask for Web Shop." {
			t.Errorf("answered %+v", r)
		}
		w.decided("submit")
	}
}
