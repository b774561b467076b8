package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"fedbot/workflows"
)

// The attack: fifty people ask for one connection at the same moment, so that two
// of them get a federation for it and one approves over another.
func TestFiftyAskAtOnce(t *testing.T) {
	t.Parallel()
	st := begin(t)
	text := askFor("aws-crowd")
	var all sync.WaitGroup
	for i := range 50 {
		asker := people[[]int{requester, administrator}[i%2]].ID
		all.Go(func() { send(t, st, commandBody(asker, text, fmt.Sprint("fifty.", i))) })
	}
	all.Wait()
	if _, err := st.await("F-1", "checked"); err != nil {
		t.Fatal(err)
	}
	refused := 0
	err := st.until(func() error {
		refused = 0
		for _, p := range []int{requester, administrator} {
			for _, m := range st.messages(people[p].ID) {
				if m.private && strings.HasPrefix(m.text, "Not sent: F-1 for connection aws-crowd of Web Shop exists already") {
					refused++
				}
			}
		}
		if refused != 49 {
			return fmt.Errorf("%d of 49 were told who was first", refused)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	list, err := st.running.app.Store().List(st.ctx)
	if err != nil || len(list) != 1 || len(list[0].Requests) != 1 {
		t.Errorf("%d federations, and there should be one: %v", len(list), err)
	}
}

// The attack: many presses on one card at the same moment, so that one of them is
// counted twice, or two workers make two roles.
func TestTwoHundredPressAtOnce(t *testing.T) {
	t.Parallel()
	st := begin(t)
	group, _ := groupID("shop-approvers")
	var could []string
	for _, i := range []int{approver, secondApprover, accountOwner, administrator, auditor} {
		could = append(could, people[i].ID)
	}
	if err := st.slack.SetGroup(group, could); err != nil {
		t.Fatal(err)
	}
	f := st.asked(t, "aws-rush")
	press, err := st.pressOf(could[0], "request_approve", string(f.ID)+".1 ")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 200 {
		p := press
		p.User, p.Trigger = could[i%len(could)], fmt.Sprint("rush.", i)
		all.Go(func() { send(t, st, p.delivery()) })
	}
	all.Wait()
	if f, err = st.await(f.ID, "active"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{counted(st, []string{string(f.ID), "approved", "granted", "activated"}), st.accountWords([]string{"roles", "shop-dev", "1"})} {
		if err != nil {
			t.Error(err)
		}
	}
	if found, err := st.connections(webShopID, "aws-rush"); err != nil || len(found) != 1 {
		t.Errorf("%d connections aws-rush, and there should be one: %v", len(found), err)
	}
	if calls := st.gates["aws"].Calls(); calls["iam:CreateRole"] != 1 {
		t.Errorf("fedbot asked AWS %d times for a role", calls["iam:CreateRole"])
	}
	err = st.until(func() error {
		left, err := st.running.app.Store().Pending(st.ctx)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d presses are not decided", len(left))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// send posts a delivery as Slack would and wants it taken.
func send(t *testing.T, st *stage, d delivery) {
	status, answer, err := st.deliver(d)
	if err != nil || status != http.StatusOK || answer != "" {
		t.Errorf("fedbot answered %d %q: %v", status, answer, err)
	}
}

func groupID(handle string) (string, error) {
	for _, g := range slackSeed().Groups {
		if g.Handle == handle {
			return g.ID, nil
		}
	}
	return "", fmt.Errorf("there is no group %s", handle)
}

// The attack: every way of ending at once. Whatever wins, nothing is left behind
// that no record claims.
func TestEverythingEndsAtOnce(t *testing.T) {
	t.Parallel()
	st := begin(t)
	f := st.asked(t, "aws-end")
	approve, err := st.pressOf(people[approver].ID, "request_approve", string(f.ID)+".1 ")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() { send(t, st, approve.delivery()) })
	all.Go(func() { send(t, st, commandBody(people[requester].ID, "withdraw "+string(f.ID)+".1", "end.1")) })
	all.Go(func() {
		send(t, st, commandBody(people[requester].ID, "revoke "+string(f.ID)+" --reason 'changed my mind'", "end.2"))
	})
	all.Wait()
	err = st.until(func() error {
		left, err := st.running.app.Store().Pending(st.ctx)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d deliveries are not decided", len(left))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if f, err = st.await(f.ID); err == nil && f.State != workflows.Active {
		f, err = st.settled(f.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := "0"
	if f.State == workflows.Active {
		want = "1"
	}
	if err := st.accountWords([]string{"roles", "shop-dev", want}); err != nil {
		t.Errorf("%s is %s: %v", f.ID, f.State, err)
	}
}

// settled waits until a federation is active or closed.
func (st *stage) settled(id workflows.FederationID) (f workflows.Federation, err error) {
	err = st.until(func() error {
		if f, err = st.federation(st.ctx, id); err == nil && f.State != workflows.Active && f.State != workflows.Closed {
			err = fmt.Errorf("%s is %s", id, explain(f))
		}
		return err
	})
	return f, err
}
