package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/bot"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// TestEverythingOutlivesAStop stops the whole sandbox and starts it again on the
// same directory: histories, Slack, AWS and Azure DevOps are as they were, and
// everything goes on under the same addresses.
func TestEverythingOutlivesAStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st, err := open(dir, Options{young: true, Hasty: true})
	if err != nil {
		t.Fatal(err)
	}
	f := st.active(t, "aws-shop-dev")
	second := st.asked(t, "aws-second")
	if err := st.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := st.until(st.idle); err != nil {
		t.Fatal(err)
	}
	before, was := histories(t, st), st.Ready()
	roles, cards := mustRoles(t, st), len(st.messages(people[approver].ID))
	if err := st.close(); err != nil {
		t.Fatal(err)
	}

	st, err = open(dir, Options{young: true, Hasty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	if diff := cmp.Diff(before, histories(t, st)); diff != "" {
		t.Errorf("histories differ after a stop and a start:\n%s", diff)
	}
	if diff := cmp.Diff(was, st.Ready(), cmp.AllowUnexported(Person{})); diff != "" {
		t.Errorf("addresses or keys differ:\n%s", diff)
	}
	if diff := cmp.Diff(roles, mustRoles(t, st)); diff != "" {
		t.Errorf("roles differ:\n%s", diff)
	}
	if now := len(st.messages(people[approver].ID)); now != cards {
		t.Errorf("Slack has %d messages, and had %d", now, cards)
	}
	if ahead := time.Until(st.clock.Now()); ahead < 59*time.Minute {
		t.Errorf("the clock is %s ahead, and was an hour", ahead)
	}
	if _, err := st.enter(f); err != nil {
		t.Errorf("the pipeline does not get in any more: %v", err)
	}
	// The card from before the stop is the live card.
	if err := st.presses(people[approver].ID, "request_approve", string(second.ID)+".1 "); err != nil {
		t.Fatal(err)
	}
	if _, err := st.await(second.ID, "active"); err != nil {
		t.Error(err)
	}
}

// idle reports whether Slack has been told everything.
func (st *stage) idle() error {
	db := st.running.app.Store()
	head, err := db.Head(st.ctx)
	if err != nil {
		return err
	}
	at, err := db.Cursor(st.ctx, bot.Follower)
	if err == nil && at != head {
		err = fmt.Errorf("Slack was told %d of %d events", at, head)
	}
	return err
}

// histories are all events of all federations, after a check of the store.
func histories(t *testing.T, st *stage) map[workflows.FederationID][]string {
	t.Helper()
	db := st.running.app.Store()
	report, err := db.Check(st.ctx)
	if err == nil {
		err = report.Err()
	}
	if err != nil {
		t.Error(err)
	}
	list, err := db.List(st.ctx)
	if err != nil {
		t.Fatal(err)
	}
	out, n := map[workflows.FederationID][]string{}, 0
	for _, f := range list {
		events, err := db.History(st.ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			raw, err := e.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			out[f.ID] = append(out[f.ID], string(raw))
		}
		if n += len(events); f.Version != len(events) {
			t.Errorf("%s is at version %d and has %d events", f.ID, f.Version, len(events))
		}
	}
	if report.Events != n || report.Federations != len(list) {
		t.Errorf("the check counts %d events of %d federations; the histories have %d of %d", report.Events, report.Federations, n, len(list))
	}
	return out
}

func mustRoles(t *testing.T, st *stage) []string {
	t.Helper()
	names, err := st.roles(devAccount)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestNothingSecretIsKept holds everything that a sandbox writes about a whole life
// against the secrets that are in it: the store, and what fedbot logs. (close scans
// the store for shapes of secrets after every test.)
func TestNothingSecretIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st, err := open(dir, Options{young: true, Hasty: true})
	if err != nil {
		t.Fatal(err)
	}
	f := st.active(t, "aws-shop-dev")
	token, err := st.jobToken(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.types(people[requester].ID, "revoke "+string(f.ID)+" --reason 'Done'"); err != nil {
		t.Fatal(err)
	}
	if _, err := st.await(f.ID, "closed"); err != nil {
		t.Fatal(err)
	}
	x := st.secrets
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "fedbot.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"signing secret": x.SlackSigning, "bot token": x.SlackBot, "Azure DevOps token": x.DevOps,
		"administrator's token": x.DevOpsAdmin, "access key": x.FedbotKey, "access key's id": x.FedbotKeyID, "job's token": token,
		"token's signature": token[strings.LastIndex(token, ".")+1:], "response address": "/response/"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the store holds the %s", name)
		}
		if strings.Contains(st.out.String(), secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}

// TestStopWithAConnectionThatAsksNothing: a load balancer keeps a connection open on
// which it never asked for anything. fedbot still stops, and without an error.
func TestStopWithAConnectionThatAsksNothing(t *testing.T) {
	t.Parallel() // it waits for the patience that fedbot has with callers
	st := begin(t)
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(st.ports.Fedbot)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := st.StopFedbot(); err != nil {
		t.Error(err)
	}
}

// TestStopWhileACardIsPosted: Slack has taken the card and fedbot is told to stop
// before it has heard so. There is one card afterwards, and it is the live one.
func TestStopWhileACardIsPosted(t *testing.T) {
	t.Parallel()
	st := begin(t)
	st.gates["slack"].Set(wire.Fault{Call: "slack:chat.postMessage", When: "after", Kind: "slow", Delay: 300 * time.Millisecond})
	st.asked(t, "aws-shop-dev")
	press, err := st.pressOf(people[approver].ID, "request_approve", "F-1.1 ")
	if err == nil {
		err = st.StopFedbot()
	}
	if err != nil {
		t.Fatal(err)
	}
	st.gates["slack"].Set()
	if err := errors.Join(st.StartFedbot(), st.until(st.idle)); err != nil {
		t.Fatal(err)
	}
	if now, err := st.pressOf(people[approver].ID, "request_approve", "F-1.1 "); err != nil || now.Message != press.Message {
		t.Errorf("there are two cards, %s and %s: %v", press.Message, now.Message, err)
	}
	send(t, st, press.delivery())
	if _, err := st.await("F-1", "active"); err != nil {
		t.Error(err)
	}
}
