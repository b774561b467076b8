package slack

import (
	"errors"
	"slices"
	"testing"

	client "github.com/slack-go/slack"
)

// grid makes the workspace one of an organization's two; W0HERE is of it, W0THERE of
// the other one, U0FAR of another organization.
func grid(orgInstall bool) func(*Options) {
	return func(o *Options) {
		o.App.OrgInstall = orgInstall
		o.Seed.Team.Enterprise, o.Seed.Team.EnterpriseName = "E0001", "Contoso Group"
		o.Seed.People = append(slices.Clone(o.Seed.People), Person{ID: "W0HERE", Name: "here", Email: "here@contoso.example"},
			Person{ID: "W0THERE", Name: "there", Email: "there@contoso.example", Team: "T0009", Enterprise: "E0001"},
			Person{ID: "U0STRANGE", Name: "strange", Team: "T0007", Enterprise: "E0007", Stranger: true},
			Person{ID: "U0FLOW", Name: "flow", Bot: true, Workflow: true})
		o.Seed.Channels = []Channel{
			{ID: "C0010", Name: "org", Bot: true, Org: true, Teams: []string{"T0009"}, Members: []string{"W0HERE", "W0THERE"}},
			{ID: "C0011", Name: "partner", Bot: true, External: true, Pending: true, Teams: []string{"T0002"}, Members: []string{"W0HERE", "U0FAR"}},
		}
	}
}

func TestAnOrganizationsPeople(t *testing.T) {
	w := newWorld(t, grid(false))
	user := func(id string) *client.User { return must[*client.User](t)(w.bot.GetUserInfo(id)) }
	if u := user("W0HERE"); u.Enterprise.EnterpriseID != "E0001" || u.Enterprise.ID != "W0HERE" || u.TeamID != "T0001" || u.IsStranger {
		t.Errorf("of this workspace: %+v", u)
	}
	if u := user("W0THERE"); u.Enterprise.EnterpriseID != "E0001" || u.TeamID != "T0009" || !slices.Equal(u.Enterprise.Teams, []string{"T0009"}) {
		t.Errorf("of the organization's other workspace: %+v", u)
	}
	if u := user("U0STRANGE"); u.Enterprise.EnterpriseID != "E0007" || !u.IsStranger {
		t.Errorf("a stranger: %+v", u)
	}
	if u := user("U0FAR"); u.Enterprise.EnterpriseID != "" || u.IsStranger || u.TeamID != "T0002" {
		t.Errorf("of another company, in a shared channel: %+v", u)
	}
	if !user("U0FLOW").IsWorkflowBot {
		t.Error("a workflow's bot looks like another")
	}
	info := func(id string) *client.Channel {
		return must[*client.Channel](t)(w.bot.GetConversationInfo(&client.GetConversationInfoInput{ChannelID: id}))
	}
	if c := info("C0010"); !c.IsOrgShared || c.IsExtShared || !slices.Equal(c.InternalTeamIDs, []string{"T0001", "T0009"}) {
		t.Errorf("shared in the organization: %+v", c)
	}
	if c := info("C0011"); c.IsOrgShared || !c.IsExtShared || !c.IsPendingExtShared || !slices.Equal(c.InternalTeamIDs, []string{"T0001"}) {
		t.Errorf("shared with others: %+v", c)
	}
	if a := must[*client.AuthTestResponse](t)(w.bot.AuthTest()); a.EnterpriseID != "E0001" {
		t.Errorf("auth.test: %+v", a)
	}
	if _, err := w.bot.GetUserByEmail("there@contoso.example"); code(err) != "users_not_found" {
		t.Errorf("somebody of another workspace by address: %v", err)
	}
}

// An app of one workspace serves its people; an app of the organization serves all.
func TestWhomAnAppServes(t *testing.T) {
	for _, org := range []bool{false, true} {
		w := newWorld(t, grid(org))
		_, err := w.s.Command(t.Context(), "W0THERE", "C0010", "list")
		if org != (err == nil) || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("org %v: a command from the other workspace: %v", org, err)
		}
		if _, err := w.s.Command(t.Context(), "U0FAR", "C0011", "list"); !errors.Is(err, ErrRefused) {
			t.Errorf("org %v: a command from another company: %v", org, err)
		}
		if _, err := w.s.Command(t.Context(), "W0HERE", "C0010", "list"); err != nil {
			t.Fatal(err)
		}
		c := w.app.commands[len(w.app.commands)-1]
		if c.EnterpriseID != "E0001" || c.IsEnterpriseInstall != org || c.TeamID != "T0001" {
			t.Errorf("org %v: %+v", org, c)
		}
		if org && w.app.commands[0].TeamID != "T0009" {
			t.Errorf("from the other workspace: %+v", w.app.commands[0])
		}
		ts := w.post("C0010", client.MsgOptionText("x", false), client.MsgOptionBlocks(client.NewActionBlock("b", button("go", "1", "Go"))))
		if err := w.s.Press(t.Context(), "W0THERE", "C0010", ts, "b", "go", ""); err != nil {
			t.Fatal(err)
		}
		p := w.app.interactions[0]
		if team := map[bool]string{false: "T0001", true: "T0009"}[org]; p.User.TeamID != "T0009" || p.Team.ID != team || p.Enterprise.ID != "E0001" || p.IsEnterpriseInstall != org {
			t.Errorf("org %v: user of %s, team %s, %+v, %v", org, p.User.TeamID, p.Team.ID, p.Enterprise, p.IsEnterpriseInstall)
		}
		v, err := w.bot.OpenView(w.triggerOf("W0HERE", "C0010"), modal("Ask", inputBlock("why", "text")))
		if installed := map[bool]string{false: "T0001", true: "E0001"}[org]; err != nil || v.AppInstalledTeamID != installed || v.TeamID != "T0001" {
			t.Errorf("org %v: view %+v, %v", org, v, err)
		}
		if err := w.s.OpenHome(t.Context(), "W0HERE"); err != nil {
			t.Fatal(err)
		}
		a := w.app.eventBodies[0]["authorizations"].([]any)[0].(map[string]any)
		if a["enterprise_id"] != "E0001" || a["is_enterprise_install"] != org || (a["team_id"] == nil) != org {
			t.Errorf("org %v: %v", org, a)
		}
		_, err = w.bot.GetUserGroups()
		if want := map[bool]string{true: "missing_argument"}[org]; code(err) != want {
			t.Errorf("org %v: user groups without a workspace: %v", org, err)
		}
		if _, err = w.bot.GetUserGroups(client.GetUserGroupsOptionTeamID("T0001")); err != nil {
			t.Errorf("org %v: user groups of the workspace: %v", org, err)
		}
	}
}

// triggerOf is a fresh trigger of somebody in a conversation.
func (w *world) triggerOf(person, channel string) string {
	w.t.Helper()
	if _, err := w.s.Command(w.t.Context(), person, channel, ""); err != nil {
		w.t.Fatal(err)
	}
	return w.app.commands[len(w.app.commands)-1].TriggerID
}
