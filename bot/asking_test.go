package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
