package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/slack-go/slack"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/workflows"
)

// foresight is what the clerk foresees, for a proposal.
func foresight(p workflows.Proposal) (workflows.Foresight, error) {
	c := checked("F-17.1")
	c.Verdict.Because = []string{"the account's owners always decide"}
	return workflows.Foresight{By: asker, Proposal: p, Words: c.Words, Checks: c.Checks, Verdict: c.Verdict, Lapses: c.Lapses, ReadAt: start,
		Standing: c.Facts.AzureDevOps.Standing, Branches: c.Facts.AzureDevOps.Branches}, nil
}

func fedOf(in workflows.Ask, id workflows.FederationID) workflows.Federation {
	return workflows.Federation{ID: id, Requests: []workflows.Request{{ID: id.Request(1), Proposal: in.Proposal}}}
}

// TestAskingGoldens: what is shown while asking, and its limits.
func TestAskingGoldens(t *testing.T) {
	seen, _ := foresight(wanted())
	two := seen
	two.Verdict.Typed = true
	two.Verdict.Stages = append([]workflows.Stage{{Name: "Project owners", Group: "web-shop", Count: 2, Could: []workflows.Actor{"a", "b", "c"}}}, two.Verdict.Stages...)
	refused := outcome{Proposal: wanted(), Refused: workflows.Refuse("taken", "Not sent: F-3 for connection aws-shop-prod exists already.")}
	refused.Proposal.Account = "shop-prod"
	done := outcome{Proposal: wanted(), F: fedOf(workflows.Ask{Proposal: wanted()}, "F-17")}
	channel := func(workflows.Proposal) string { return "C0001" }
	for name, m := range map[string]message{
		"explain": explainMessage(seen), "explain-stages": explainMessage(two), "explained": explainedMessage(waiting(t).fold(), stage),
		"explained-active": explainedMessage(active(t).fold(), stage),
		"together":         together([]outcome{done, refused}, channel, true), "together-view": together([]outcome{done, refused}, channel, false),
	} {
		golden(t, name+".json", pretty(t, m.Blocks))
		golden(t, name+".txt", []byte(m.Text+"\n"))
		for _, wrong := range limits(m.Blocks, maxBlocks) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	c := choice{Projects: []Project{{"contoso", "Web Shop"}}, Accounts: catalogue{}.Accounts(), Templates: catalogue{}.Templates(), Now: start,
		Listed: func(string, string, workflows.Account) []string { return []string{"shop-*"} },
		Wrong:  map[string]string{"apart/shop-prod/s3-static-site/bucket": "payroll is not on the list."}, Ahead: foreseen(seen)}
	a := answers{Organization: "contoso", Project: "Web Shop", Account: "shop-dev", More: []string{"shop-prod"}, Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site"},
		Apart: map[string]map[string]map[string]string{"shop-prod": {"s3-static-site": {"bucket": "payroll"}}}}
	for name, v := range map[string]any{"view-form-several.json": requestForm(c, a, ""), "view-draft.json": draftOffer(draft{start, a}, start)} {
		golden(t, name, pretty(t, v))
	}
	for _, wrong := range limits(requestForm(c, a, "").Blocks.BlockSet, maxView) {
		t.Error(wrong)
	}
	// The sheets are the same person's whatever is typed.
	evil := wanted()
	evil.Project, evil.Account, evil.Pipelines = "<!channel> *x*", "<@U1>", []string{"<!here>"}
	bad, _ := foresight(evil)
	for _, s := range texts(explainMessage(bad).Blocks[1:]) { // the header knows no formatting
		if strings.Contains(s, "<!channel>") || strings.Contains(s, "<@U1>") || strings.Contains(s, "<!here>") {
			t.Errorf("a mention got through: %s", s)
		}
	}
}

// TestFormSaysWhoIsAsked: the section is there once enough is chosen, from the desk,
// and says what is missing before that; a wrong value is said while it is typed.
func TestFormSaysWhoIsAsked(t *testing.T) {
	w := newWorld(t)
	w.desk.onForesee = foresight
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "once there is an account and what it may do")
	choose := func(block string, value any) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	choose(blockAccount, "shop-dev")
	choose(blockTemplate, "s3-static-site")
	w.modal("U0REQ", "once there is bucket")
	choose("param/s3-static-site/bucket", "shop-site")
	w.modal("U0REQ", "1 of shop-approvers: 2 people can")
	w.modal("U0REQ", "Undecided by")
	w.desk.mu.Lock()
	p := w.desk.foreseen[len(w.desk.foreseen)-1]
	w.desk.mu.Unlock()
	if p.Account != "shop-dev" || p.Grants[0].Params["bucket"] != "shop-site" {
		t.Errorf("foresaw %+v", p)
	}
	if w.desk.count("submit") != 0 {
		t.Error("looking ahead asked")
	}
	// A refusal is said there, before anything is sent.
	w.desk.mu.Lock()
	w.desk.onForesee = func(workflows.Proposal) (workflows.Foresight, error) {
		return workflows.Foresight{}, workflows.Refuse("preflight", "Not sent: shop-prod has 1,000 of 1,000 roles.")
	}
	w.desk.mu.Unlock()
	choose(blockAccount, "shop-prod")
	w.modal("U0REQ", "It would be refused for shop-prod")
}

// TestSeveralAccounts: one form, one request an account, shown together; one may be
// refused while the other goes on, and a delivery that comes again sends nothing twice.
func TestSeveralAccounts(t *testing.T) {
	w := newWorld(t)
	n := 16
	w.desk.onAsk = func(in workflows.Ask) (workflows.Federation, error) {
		if in.Proposal.Account == "shop-prod" {
			return workflows.Federation{}, workflows.Refuse("taken", "Not sent: F-3 exists already.")
		}
		n++
		return fedOf(in, "F-17"), nil
	}
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "storefront-deploy")
	choose := func(block string, value any) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	choose(blockAccount, "shop-dev")
	w.modal("U0REQ", "And also in")
	choose(blockMore, []string{"shop-prod"})
	choose(blockTemplate, "s3-static-site")
	v = w.modal("U0REQ", "shop-prod: s3-static-site: bucket")
	r := w.submit("U0REQ", v, map[string]map[string]emulator.Value{
		"param/s3-static-site/bucket": {blockParam: "dev-bucket"}, "apart/shop-prod/s3-static-site/bucket": {blockApart: "prod-bucket"}, blockReason: {blockReason: "SHOP-1"}})
	w.decided("submit")
	w.decided("submit")
	w.modal("U0REQ", "Sent 1 of 2.")
	if r.Action != "update" {
		t.Errorf("%+v", r)
	}
	dm := w.sees("U0REQ", "Sent 1 of 2.")
	if !strings.Contains(dm.Text, "shop-dev: F-17.1") || !strings.Contains(dm.Text, "Not sent: shop-prod. F-3 exists already.") || dm.Ephemeral {
		t.Errorf("told %q", dm.Text)
	}
	w.desk.mu.Lock()
	asks := slices.Clone(w.desk.asks)
	w.desk.mu.Unlock()
	for i, want := range []struct{ account, bucket, connection string }{{"shop-dev", "dev-bucket", "aws-shop-dev"}, {"shop-prod", "prod-bucket", "aws-shop-prod"}} {
		p := asks[i].Proposal
		if p.Account != want.account || p.Grants[0].Params["bucket"] != want.bucket || p.Connection != want.connection || !strings.HasSuffix(asks[i].Delivery, "/"+want.account) {
			t.Errorf("asked %+v with %s", p, asks[i].Delivery)
		}
	}
	// The same delivery once more, after a kill: what was sent is found, not sent again.
	w.store.append("F-17", submitted(t).events...)
	w.desk.onAsk = func(in workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{}, &workflows.TakenError{Key: "seen/" + in.Delivery, Holder: "F-17"}
	}
	a := answers{Organization: "contoso", Project: "Web Shop", Account: "shop-dev", More: []string{"shop-prod"}, Template: "ecr-push", Reason: "x"}
	all, err := w.bot.submitAll(w.ctx, parcel{Key: "k", Team: "T0001", User: "U0REQ"}, a.proposals(start))
	if err != nil || len(all) != 2 || all[0].F.ID != "F-17" {
		t.Errorf("%v %+v", err, all)
	}
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{}, workflows.Refuse("x", "Not sent: no.")
	}
	if _, err := w.bot.submitAll(w.ctx, parcel{Key: "k2"}, a.proposals(start)); !errors.Is(err, workflows.ErrRefused) || !strings.Contains(err.Error(), "shop-dev: no. shop-prod: no.") {
		t.Errorf("all refused is %v", err)
	}
}

// TestSeveralInOneLine: what holds for all accounts, and what for one.
func TestSeveralInOneLine(t *testing.T) {
	in, err := parse(`request --org contoso --project "Web Shop" --account a --account b --template s3 --param bucket=x --param b:bucket=y --param folder=web/ --template ecr --param a:repository=r --param b:repository=q --reason x`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]workflows.Grant{}
	for _, p := range in.Wish.proposals(start) {
		got[p.Account+" "+p.Connection] = p.Grants
	}
	want := map[string][]workflows.Grant{
		"a aws-a": {{Template: "s3", Params: map[string]string{"bucket": "x", "folder": "web/"}}, {Template: "ecr", Params: map[string]string{"repository": "r"}}},
		"b aws-b": {{Template: "s3", Params: map[string]string{"bucket": "y", "folder": "web/"}}, {Template: "ecr", Params: map[string]string{"repository": "q"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	base := `request --org contoso --project P --template t --reason x --account a `
	for more, want := range map[string]string{
		"--account A": "An account is there twice.", "--account b --param c:x=1": "c is none of the accounts",
		"--account b --account c --account d --account e --account f": "6 accounts, and one request takes 5 at most",
	} {
		var wrong *misread
		if _, err := parse(base + more); !errors.As(err, &wrong) || !strings.Contains(wrong.Say, want) {
			t.Errorf("%s: %v", more, err)
		}
	}
	named := in.Wish
	named.Connection = "deploy"
	if p := named.proposals(start); p[0].Connection != "deploy-a" || p[1].Connection != "deploy-b" {
		t.Errorf("connections %s and %s", p[0].Connection, p[1].Connection)
	}
}

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

// TestSearch: what is offered while somebody types is what that person may ask for,
// whatever the form says it is for.
func TestSearch(t *testing.T) {
	w := newWorld(t)
	ask := func(user, block, typed string, state map[string][]string) string {
		raw, err := json.Marshal(w.bot.options(w.ctx, parcel{Team: "T0001", User: user, Kind: kindOptions, Action: baseID(block), Value: block, Text: typed, Answers: state}))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := ask("U0REQ", "account", "prod", nil); !strings.Contains(got, "shop-prod") || strings.Contains(got, "shop-dev") || strings.Contains(got, "Web Shop") {
		t.Errorf("accounts: %s", got)
	}
	if got := ask("U0REQ", "more", "4444", nil); !strings.Contains(got, "shop-prod") {
		t.Errorf("accounts by number: %s", got)
	}
	if got := ask("U0REQ", "pipelines/contoso/Payroll", "", map[string][]string{blockProject: {"contoso/Payroll"}}); strings.Contains(got, "text\":{") {
		t.Errorf("pipelines of a project that the person may not ask for: %s", got)
	}
	if got := ask("U0REQ", "project", "payroll", nil); strings.Contains(got, "Payroll") {
		t.Errorf("%s", got)
	}
}

// TestLongLists: a search offers what Slack takes, says that there is more, and takes
// that line for no answer; accounts that could not be read stand apart.
func TestLongLists(t *testing.T) {
	w := newWorld(t)
	var many []Project
	for i := range 250 {
		many = append(many, Project{"contoso", fmt.Sprintf("Shop %03d", i)})
	}
	w.bot.o.Places = catalogue{projects: many, unready: map[string]string{"444455556666": "Its reader role cannot be assumed."}}
	got, ok := w.bot.options(w.ctx, parcel{Team: "T0001", User: "U0REQ", Kind: kindOptions, Action: blockProject, Text: "shop"}).(slack.OptionsResponse)
	if !ok || len(got.Options) != mostOptions || got.Options[mostOptions-1].Text.Text != "151 more: type more of the name" {
		t.Errorf("%d options, the last %+v", len(got.Options), got.Options[len(got.Options)-1].Text)
	}
	a := read(map[string][]string{blockProject: {noChoice}, blockAccount: {noChoice}, blockMore: {noChoice}, "pipelines//": {noChoice}})
	if diff := cmp.Diff(answers{}, a, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("it counts as an answer: %s", diff)
	}
	w.command("U0REQ", "request Shop 007")
	v := w.modal("U0REQ", "Not set up yet")
	options, err := w.slack.Options(w.ctx, "U0REQ", v.ID, blockProject, blockProject, "shop 00")
	if err != nil || len(options) != 10 {
		t.Errorf("%v, %d options", err, len(options))
	}
	groups, ok := w.bot.options(w.ctx, parcel{Team: "T0001", User: "U0REQ", Kind: kindOptions, Action: blockAccount}).(slack.OptionGroupsResponse)
	if !ok || len(groups.OptionGroups) != 2 || groups.OptionGroups[1].Options[0].Value != "shop-prod" {
		t.Errorf("%+v", groups)
	}
}

// closedPlaces list nothing in one account.
type closedPlaces struct{ catalogue }

func (closedPlaces) Listed(_, param string, account workflows.Account) []string {
	if account.Production && param == "repository" {
		return nil
	}
	return []string{"*"}
}

func (p closedPlaces) Refuse(template, param, value string, account workflows.Account, project string) string {
	if len(p.Listed(template, param, account)) == 0 {
		return value + " is not on the list."
	}
	return ""
}

// TestFormOffersWhatMayBeAsked: a template that the chosen account keeps out is not
// offered there, and one that was chosen before stays, with what is wrong with it.
func TestFormOffersWhatMayBeAsked(t *testing.T) {
	w := newWorld(t)
	w.bot.o.Places = closedPlaces{catalogue{projects: []Project{{"contoso", "Web Shop"}}}}
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "ecr-push")
	choose := func(block, value string) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	choose(blockAccount, "shop-prod")
	v = w.modal("U0REQ", "1 more cannot be asked for in shop-prod")
	if strings.Contains(string(v.Blocks), "ecr-push") {
		t.Errorf("it is offered: %s", v.Blocks)
	}
	choose(blockAccount, "shop-dev")
	w.modal("U0REQ", "ecr-push")
	choose(blockTemplate, "ecr-push")
	w.modal("U0REQ", "ecr-push: repository")
	choose("param/ecr-push/repository", "shop/site")
	choose(blockAccount, "shop-prod")
	v = w.modal("U0REQ", "shop/site is not on the list.")
	if !strings.Contains(string(v.Blocks), "ecr-push") {
		t.Error("what was chosen is gone")
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
