package identity_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"fedbot/internal/identity"
	"fedbot/workflows"
)

// The attack: in Enterprise Grid one person can be known by a local and by a global
// id. Whoever asks by one and approves by the other would be two people.
func TestOnePersonHasOneID(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		is     bool
	}{
		"no organization":  {`"id":"U1","team_id":"T1"`, true},
		"one id":           {`"id":"W1","team_id":"T1","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T1"]}`, true},
		"another id back":  {`"id":"W9","team_id":"T1"`, false},
		"a global id also": {`"id":"U1","team_id":"T1","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T1"]}`, false},
		"a sister's":       {`"id":"W1","team_id":"T2","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T1","T2"]}`, false},
		"an app's":         {`"id":"U1","team_id":"T1","is_app_user":true`, false},
		"a workflow's":     {`"id":"U1","team_id":"T1","is_workflow_bot":true`, false},
		"a connector's":    {`"id":"U1","team_id":"T1","is_connector_bot":true`, false},
		"invited":          {`"id":"U1","team_id":"T1","is_invited_user":true`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"ok":true,"user":{%s}}`, c.answer)
			}))
			defer s.Close()
			people := identity.New(slackgo.New("xoxb", slackgo.OptionAPIURL(s.URL+"/")), "T1", nil, time.Now, time.Minute)
			asked := "U1"
			if c.answer[6] == 'W' && name != "another id back" {
				asked = "W1"
			}
			_, err := people.Person(t.Context(), identity.Actor("T1", asked))
			if (err == nil) != c.is || err != nil && !errors.Is(err, workflows.ErrRefused) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Slack lists disabled groups only where it is asked to. One that it lists all the
// same has nobody in it.
func TestADisabledGroupHasNobodyInIt(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"ok":true,"usergroups":[{"id":"S1","handle":"open","users":["U1"]},{"id":"S2","handle":"closed","date_delete":1700000001,"users":["U1"]}]}`)
	}))
	defer s.Close()
	people := identity.New(slackgo.New("xoxb", slackgo.OptionAPIURL(s.URL+"/")), "T1", nil, time.Now, time.Minute)
	for group, want := range map[string]int{"open": 1, "S1": 1, "closed": 0, "S2": 0} {
		if list, err := people.Members(t.Context(), group); err != nil || len(list) != want {
			t.Errorf("%s has %v, %v; want %d", group, list, err, want)
		}
	}
}
