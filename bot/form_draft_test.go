package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/workflows"
)

// TestDraft: a form that is closed is offered again, after a restart too, to the person
// who typed it and to nobody else; sending it discards it.
func TestDraft(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(in workflows.Ask) (workflows.Federation, error) { return fedOf(in, "F-17"), nil }
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "storefront-deploy")
	choose := func(user, block string, value any) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, user, v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	choose("U0REQ", blockTemplate, "s3-static-site")
	w.modal("U0REQ", "s3-static-site: bucket")
	choose("U0REQ", "param/s3-static-site/bucket", "shop-site")
	if err := w.slack.CloseView(w.ctx, "U0REQ", v.ID); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.begin()

	w.command("U0OUT", "request")
	other := w.modal("U0OUT", "Ask for a federation")
	w.until("the outsider's form", func() bool { return strings.Contains(string(w.modal("U0OUT", "Ask for").Blocks), "A federation lets") })
	if got := string(w.modal("U0OUT", "Ask for").Blocks); strings.Contains(got, "shop-site") || strings.Contains(got, "draft") {
		t.Errorf("somebody else is offered it: %s", got)
	}
	// Not even with a form whose hidden values were edited.
	w.bot.take(w.ctx, parcel{Kind: kindRedraw, Team: "T0001", User: "U0OUT", Action: formCallback, View: other.ID, Hash: other.Hash, Order: "9",
		Text: actDraftGo, Message: "draft/slack:T0001/U0REQ", Value: "draft/slack:T0001/U0REQ"})
	w.until("the outsider's form is drawn again", func() bool {
		w.bot.forms.mu.Lock()
		defer w.bot.forms.mu.Unlock()
		return w.bot.forms.order[other.ID] == "9"
	})
	if got := string(w.modal("U0OUT", "Ask for").Blocks); strings.Contains(got, "shop-site") {
		t.Errorf("the outsider has somebody else's draft: %s", got)
	}

	w.command("U0REQ", "")
	v = w.modal("U0REQ", "Go on with your draft")
	if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, w.blockOf(v, actDraftGo), actDraftGo, ""); err != nil {
		t.Fatal(err)
	}
	v = w.modal("U0REQ", "shop-site")
	r := w.submit("U0REQ", v, map[string]map[string]emulator.Value{blockAccount: {blockAccount: "shop-dev"}, blockReason: {blockReason: "SHOP-1"}})
	w.decided("submit")
	w.modal("U0REQ", "Sent. F-17.1")
	if r.Action != "update" || w.desk.asks[0].Proposal.Grants[0].Params["bucket"] != "shop-site" {
		t.Errorf("%+v", w.desk.asks)
	}
	if _, ok := w.bot.draftOf(w.ctx, asker.Actor); ok {
		t.Error("what was sent is still a draft")
	}
	// A choice that comes late makes no draft of what was sent.
	w.bot.closed(w.ctx, parcel{Action: formCallback, View: v.ID, Team: "T0001", User: "U0REQ", Answers: map[string][]string{blockProject: {"contoso/Web Shop"}}})
	if _, ok := w.bot.draftOf(w.ctx, asker.Actor); ok {
		t.Error("a late close made a draft of what was sent")
	}
}

func (w *world) blockOf(v emulator.AppView, action string) string {
	var blocks []struct {
		ID       string `json:"block_id"`
		Elements []struct {
			Action string `json:"action_id"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(v.Blocks, &blocks); err != nil {
		w.t.Fatal(err)
	}
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Action == action {
				return b.ID
			}
		}
	}
	w.t.Fatalf("no button %s", action)
	return ""
}

// TestDraftsEnd: after seven days, at once for Start afresh, and without what looks
// like a credential.
func TestDraftsEnd(t *testing.T) {
	w := newWorld(t)
	now := start
	w.bot.o.Now = func() time.Time { return now }
	w.bot.keep(w.ctx, asker.Actor, answers{Project: "Web Shop", Reason: "the key is AKIAIOSFODNN7EXAMPLE", Params: map[string]string{"bucket": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}})
	d, ok := w.bot.draftOf(w.ctx, asker.Actor)
	if raw, _ := json.Marshal(d); !ok || secretLooking.Match(raw) || d.Answers.Project != "Web Shop" {
		t.Errorf("kept %s", raw)
	}
	now = start.Add(draftLives)
	if _, ok := w.bot.draftOf(w.ctx, asker.Actor); ok {
		t.Error("a draft lives for ever")
	}
	w.bot.keep(w.ctx, approver.Actor, answers{Project: "Web Shop"})
	if notes, _ := w.store.Notes(w.ctx, draftKeeper, "draft/"); notes[draftKey(asker.Actor)] != "" {
		t.Error("an old draft is not forgotten")
	}
	w.bot.keep(w.ctx, approver.Actor, answers{Ends: "6m"})
	if d, ok := w.bot.draftOf(w.ctx, approver.Actor); !ok || d.Answers.Project == "" {
		t.Error("an empty form took a draft's place")
	}
	w.bot.discard(w.ctx, approver.Actor)
	if _, ok := w.bot.draftOf(w.ctx, approver.Actor); ok {
		t.Error("a discarded draft is there")
	}
}

// TestFormGivesBackItsAnswers: what the form is filled with is what comes back from it,
// for several accounts and templates too, so that a redraw or a draft loses nothing.
func TestFormGivesBackItsAnswers(t *testing.T) {
	c := choice{Projects: []Project{{"contoso", "Web Shop"}}, Pipelines: []workflows.Pipeline{{ID: 4, Name: "storefront-deploy"}}, Accounts: catalogue{}.Accounts(),
		Templates: catalogue{}.Templates(), Now: start}
	a := answers{Organization: "contoso", Project: "Web Shop", Pipelines: []string{"storefront-deploy"}, Branches: "main, release/*", Account: "shop-prod", More: []string{"shop-dev"},
		Template: "s3-static-site", Params: map[string]string{"bucket": "prod", "folder": "web/"}, Also: []workflows.Grant{{Template: "ecr-push", Params: map[string]string{"repository": "prod"}}},
		Apart: map[string]map[string]map[string]string{"shop-dev": {"s3-static-site": {"bucket": "dev"}, "ecr-push": {"repository": "dev"}}},
		Owner: "web-shop", Ends: "date", Date: "2027-01-31", Reason: "SHOP-1", Connection: "deploy"}
	for _, filled := range []string{"", "2"} {
		a.Filled = filled
		values := map[string][]string{}
		for id, value := range blockIDs(requestForm(c, a, "")) {
			switch {
			case value == "":
			case baseID(id) == blockBranches:
				values[id] = []string{value}
			default:
				values[id] = strings.Split(value, ",")
			}
		}
		values[blockEnds], values[blockDate] = []string{"date"}, []string{"2027-01-31"}
		if diff := cmp.Diff(a, read(values)); diff != "" {
			t.Errorf("filled %q (-in +back):\n%s", filled, diff)
		}
		raw, err := json.Marshal(draft{start, a})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, readDraft(string(raw)).Answers); diff != "" {
			t.Errorf("from a draft (-in +back):\n%s", diff)
		}
	}
}
