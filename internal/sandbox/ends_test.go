package sandbox

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"fedbot/workflows"
)

// whole demands that everything of an active federation exists exactly once.
func (st *stage) whole(t *testing.T, f workflows.Federation) {
	t.Helper()
	s := &story{Sandbox: st.Sandbox, ctx: st.ctx, f: f}
	_, err1 := s.awsAsApproved()
	_, err2 := s.devopsAsApproved()
	if err := errors.Join(err1, err2); err != nil {
		t.Errorf("%s is active: %v", f.ID, err)
	}
	if roles, connections := st.holdings(f.Approved.Connection); len(roles) != 1 || len(connections) != 1 {
		t.Errorf("%s is active, with roles %v and connections %v", f.ID, roles, connections)
	}
}

// onlyLater removes the younger of two equal branch checks. A call that takes effect
// after fedbot has given up and asked again makes a second one, and nothing can tell
// when it will. It lets nobody in whom the first would not, and goes when the
// federation goes; a change of branches finds both.
func (st *stage) onlyLater(t *testing.T, f workflows.Federation) {
	t.Helper()
	path := webShopID + "/_apis/pipelines/checks/configurations"
	var checks struct {
		Value []struct {
			ID       int
			Settings any
		}
	}
	query := "?resourceType=endpoint&resourceId=" + f.Steps.Get(workflows.ConnectionID).Ref + "&$expand=settings&api-version=7.1-preview.1"
	if err := st.devops(st.ctx, "GET", path+query, "", &checks); err != nil {
		t.Fatal(err)
	}
	if len(checks.Value) != 2 || !reflect.DeepEqual(checks.Value[0].Settings, checks.Value[1].Settings) {
		return
	}
	younger := max(checks.Value[0].ID, checks.Value[1].ID)
	if err := st.devops(st.ctx, "DELETE", fmt.Sprintf("%s/%d?api-version=7.1-preview.1", path, younger), "", nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s has had two equal branch checks", f.ID)
}

// gone demands that nothing of a closed federation is left.
func (st *stage) gone(t *testing.T, f workflows.Federation) {
	t.Helper()
	if roles, connections := st.holdings(f.Approved.Connection); len(roles)+len(connections) > 0 {
		t.Errorf("%s is closed as %s, and there are roles %v and connections %v", f.ID, f.Outcome, roles, connections)
	}
}

// holdings are all roles and connections of a connection's name, whoever made them.
func (st *stage) holdings(connection string) (roles, connections []string) {
	for _, a := range st.aws.Snapshot().Accounts {
		for _, r := range a.Roles {
			if strings.Contains(r.Name, "-"+connection+"-") {
				roles = append(roles, r.Name)
			}
		}
	}
	for _, o := range st.azure.Snapshot().Organizations {
		for _, p := range o.Projects {
			for _, c := range p.Connections {
				if c.Name == connection && !c.Deleting {
					connections = append(connections, c.ID)
				}
			}
		}
	}
	return roles, connections
}

// honest demands of one that waits for a person, or was not made, a sentence that
// says what was tried, where and what came of it, in words for people.
func (st *stage) honest(t *testing.T, f workflows.Federation) {
	t.Helper()
	say := f.Requests[len(f.Requests)-1].Say
	if f.Parked != nil {
		say = f.Parked.Say
		if f.Parked.Todo == "" {
			t.Errorf("%s waits for a person, and says not what to do", f.ID)
		}
	}
	t.Logf("%s %s: %s", f.ID, f.State, say)
	if !honestly.MatchString(say) || machinery.MatchString(say) {
		t.Errorf("%s is %s and says: %q", f.ID, f.State, say)
	}
}

var (
	honestly  = regexp.MustCompile(`(AWS|Azure DevOps|Slack|The connection) .*(no clear answer|did not answer|did not accept|took too long|slow down|does not let|does not show|not ready yet|refused|would not|could not)`)
	machinery = regexp.MustCompile(`EOF|dial|context|http:|unmarshal|invalid character|%!|nil`)
)

// tells demands that Slack shows how it ended, once: one card says so, and no other
// card of it has a button that still counts.
func (st *stage) tells(t *testing.T, f workflows.Federation) {
	t.Helper()
	end := time.Now().Add(long) // fedbot waits for Slack for twenty seconds, where Slack hangs
	count := func() error {
		var cards []string
		for _, c := range st.slack.Snapshot(person("approver")).Channels {
			for _, m := range c.Messages {
				if c.ID == channel && !m.Deleted && strings.HasPrefix(m.Text, "Revoked: "+string(f.ID)+",") {
					cards = append(cards, m.TS)
				}
			}
		}
		if len(cards) != 1 {
			return fmt.Errorf("%d cards say that %s is revoked", len(cards), f.ID)
		}
		return nil
	}
	err := count()
	for ; err != nil && time.Now().Before(end); err = count() {
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
}
