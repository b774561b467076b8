package bot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/workflows"
)

// TestFormWithTwoTemplates chooses two in the emulated Slack's form.
func TestFormWithTwoTemplates(t *testing.T) {
	w := newWorld(t)
	w.desk.onAsk = func(workflows.Ask) (workflows.Federation, error) {
		return workflows.Federation{ID: "F-17", Requests: []workflows.Request{{ID: "F-17.1"}}}, nil
	}
	w.command("U0REQ", `request --org contoso --project "Web Shop" --account shop-dev --template s3-static-site --param bucket=shop-site --reason "SHOP-1" --acount`)
	w.press("U0REQ", w.sees("U0REQ", `Did you mean --account?`), actForm)
	v := w.modal("U0REQ", "And also")
	if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, blockAlso, blockAlso, []string{"ecr-push"}); err != nil {
		t.Fatal(err)
	}
	v = w.modal("U0REQ", "ecr-push: repository")
	w.submit("U0REQ", v, map[string]map[string]emulator.Value{"param/ecr-push/repository": {blockParam: "shop/checkout"}})
	w.decided("submit")
	want := []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site"}},
		{Template: "ecr-push", Params: map[string]string{"repository": "shop/checkout"}}}
	if diff := cmp.Diff(want, w.desk.asks[0].Proposal.Grants); diff != "" {
		t.Error(diff)
	}
}

// TestFormOfTwoTemplates: each template keeps the answers that were given for it, and
// a slip is shown at the field of the template that has it.
func TestFormOfTwoTemplates(t *testing.T) {
	values := map[string][]string{
		"template": {"s3-upload"}, "also": {"kms-for-bucket", "s3-upload", "audit-read"}, "reason": {"SHOP-1"},
		"param/s3-upload/bucket": {"shop-site-dev"}, "param/kms-for-bucket/key": {" 1234 "}, "param/lambda-code/function": {"left from before"},
	}
	a := read(values)
	want := answers{Template: "s3-upload", Params: map[string]string{"bucket": "shop-site-dev"}, Reason: "SHOP-1", Also: []workflows.Grant{
		{Template: "kms-for-bucket", Params: map[string]string{"key": "1234"}}, {Template: "audit-read"}}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	p, err := a.proposal(start)
	if err != nil || len(p.Grants) != 3 || p.Grants[1].Params["key"] != "1234" {
		t.Errorf("%v %+v", err, p.Grants)
	}
	c := choice{Now: start, Accounts: []workflows.Account{{ID: "111122223333", Name: "shop-dev", Values: map[string][]string{"key": {"9*"}}}}, Templates: []Template{
		{Name: "s3-upload", Params: []Param{{Name: "bucket"}}}, {Name: "kms-for-bucket", Params: []Param{{Name: "key"}}}, {Name: "audit-read"}}}
	a.Account = "shop-dev"
	b := Bot{o: Options{Places: catalogue{}}}
	if got := b.slips(c, a).in(values); len(got) != 1 || got["param/kms-for-bucket/key"] == "" {
		t.Errorf("%v", got)
	}
}
