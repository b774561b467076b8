package bot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

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
	if got := slips(c, a, values); len(got) != 1 || got["param/kms-for-bucket/key"] == "" {
		t.Errorf("%v", got)
	}
}
