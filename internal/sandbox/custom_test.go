package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	emslack "fedbot/internal/emulate/slack"
	"fedbot/policies"
	"fedbot/workflows"
)

// A custom document goes the whole way: typed into the form, decided by two people,
// who type the account's name, and then the role can do what it says and nothing
// beside it. One approver is not enough, not even twice.
func TestCustomDocumentTakesTwo(t *testing.T) {
	const document = `{"Version": "2012-10-17", "Statement": [{"Sid": "In", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
 "Resource": "arn:aws:s3:::shop-site-dev/in/*", "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}}}]}`
	st, err := open(t.TempDir(), Options{young: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	}()
	requester, approver, second := people[0].ID, people[1].ID, people[2].ID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	shows := func(words string) (view string) {
		t.Helper()
		must(st.until(func() error {
			for _, m := range st.slack.Snapshot(requester).Modals {
				if view = m.ID; strings.Contains(string(m.Blocks), words) {
					return nil
				}
			}
			return fmt.Errorf("no form shows %q", words)
		}))
		return view
	}
	must(st.types(requester, ""))
	for _, c := range []struct {
		before, block string
		value         emslack.Value
	}{{"Web Shop", "project", organization + "/" + webShop}, {"Choose what it may do", "template", workflows.CustomTemplate}} {
		must(st.slack.PressInView(st.ctx, requester, shows(c.before), c.block, c.block, c.value))
	}
	shows("param/custom/policy")
	must(st.submits(requester, map[string]string{"account": "shop-dev", "branches": "main", "reason": "SHOP-412", "param/custom/policy": document}))
	f, err := st.await("F-1", "checked")
	must(err)
	if v := f.Requests[0].Checked.Verdict; len(v.Stages) != 1 || v.Stages[0].Group != "shop-approvers" || v.Stages[0].Count != 2 || !v.Typed {
		t.Fatalf("it asks %+v", v)
	}
	press := func(user string) {
		t.Helper()
		must(st.presses(user, "request_approve", "F-1.1"))
		must(st.submits(user, map[string]string{"typed": "shop-dev"}))
	}
	press(approver)
	_, err = st.told(approver, false, "Approver approved")
	must(err)
	must(st.presses(approver, "request_approve", "F-1.1")) // a second time, which counts for nothing
	if f, err = st.await("F-1", "requested"); err != nil || len(f.Requests[0].Approvals) != 1 {
		t.Fatalf("after one person: %+v, %v", f.Requests[0].Approvals, err)
	}
	press(second)
	f, err = st.await("F-1", "active")
	must(err)
	step, _ := f.Plan.Step("policy:custom")
	if step.Policy == nil || len(policies.Diff("document", document, step.Policy.Document)) > 0 {
		t.Errorf("the role has %+v", step.Policy)
	}
	session, err := st.enter(f)
	must(err)
	for _, c := range []struct {
		key     string
		allowed bool
	}{{"in/a.txt", true}, {"web/index.html", false}, {"inside.txt", false}} {
		code, err := st.call(st.ctx, session, apiCall{say: c.key, service: "s3", method: http.MethodPut, path: "/shop-site-dev/" + c.key, body: "x"})
		if err != nil || (code == "") != c.allowed {
			t.Errorf("PUT %s: AWS answered %q, %v", c.key, code, err)
		}
	}
}
