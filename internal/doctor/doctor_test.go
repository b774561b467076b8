package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	emslack "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/internal/identity"
	"fedbot/workflows"
)

const team = "T0000000001"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// visit examines an emulated workspace that change has made ill.
func visit(t *testing.T, change func(*emslack.Options, *Workspace)) []Check {
	t.Helper()
	web := httptest.NewServer(nil)
	t.Cleanup(web.Close)
	clock := wire.NewClock(func() time.Time { return noon }, 0)
	o := emslack.Options{Now: clock.Now, Gate: &wire.Gate{}, BaseURL: func() string { return web.URL }, NoRateLimit: true,
		App: emslack.App{BotToken: "xoxb-1", SigningSecret: "s", AppToken: "xapp-1", ObserverToken: "xoxp-1",
			Scopes: []string{"commands", "users:read", "users:read.email", "usergroups:read", "channels:read", "groups:read"}},
		Seed: emslack.Seed{Team: emslack.Team{ID: team, Name: "contoso", Domain: "contoso"},
			People: []emslack.Person{{ID: "U1", Name: "one"}, {ID: "U2", Name: "two"}, {ID: "U3", Name: "three"}},
			Groups: []emslack.Group{{ID: "S1", Handle: "owners", Name: "Owners", Members: []string{"U1", "U2"}},
				{ID: "S2", Handle: "web", Name: "Web", Members: []string{"U3"}}},
			Channels: []emslack.Channel{{ID: "C1", Name: "approvals", Members: []string{"U1", "U2", "U3"}, Bot: true}}}}
	client := slack.New("xoxb-1", slack.OptionAPIURL(web.URL+"/api/"))
	w := Workspace{Client: client, Directory: identity.New(client, team, []string{"contoso.example"}, clock.Now, time.Minute), Team: team, Now: func() time.Time { return time.Now().UTC() },
		User:   func(a workflows.Actor) string { _, u, _ := identity.Split(a); return u },
		Scopes: map[string]string{"commands": "a", "users:read": "b", "users:read.email": "c", "usergroups:read": "d", "channels:read": "e", "groups:read": "f"},
		Rules: workflows.Rules{Channel: "C1", Lapse: time.Hour,
			Projects: []workflows.Project{{Organization: "contoso", Name: "Web Shop", Owners: "web"}},
			Accounts: []workflows.Account{{ID: "111122223333", Name: "shop-dev", Owners: "owners"}}}}
	if change != nil {
		change(&o, &w)
	}
	server, err := emslack.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { server.ServeHTTP(rw, r) })
	return Examine(context.Background(), Setup{Workspace: w}, []string{Slack}, nil)
}

func TestAHealthyWorkspaceHasNothingToMend(t *testing.T) {
	for _, c := range visit(t, nil) {
		if c.Result != OK {
			t.Errorf("%+v", c)
		}
	}
}

func actor(user string) workflows.Actor { return identity.Actor(team, user) }

func TestIllnesses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*emslack.Options, *Workspace)
		result Result
		detail string
	}{
		"another workspace's token": {func(_ *emslack.Options, w *Workspace) { w.Team = "T0000000009" }, Fail, "slack.team is T0000000009"},
		"a scope is missing":        {func(o *emslack.Options, _ *Workspace) { o.App.Scopes = o.App.Scopes[1:] }, Fail, "5 of 6 scopes; missing: commands (a)"},
		"a scope too many": {func(o *emslack.Options, _ *Workspace) { o.App.Scopes = append(o.App.Scopes, "files:write") }, Warn,
			"more than fedbot ever needs: files:write"},
		"not in the channel":  {func(o *emslack.Options, _ *Workspace) { o.Seed.Channels[0].Bot = false }, Fail, "not a member of #approvals"},
		"an archived channel": {func(o *emslack.Options, _ *Workspace) { o.Seed.Channels[0].Archived = true }, Fail, "#approvals is archived"},
		"a shared channel":    {func(o *emslack.Options, _ *Workspace) { o.Seed.Channels[0].External = true }, Warn, "shared with another workspace"},
		"no such channel":     {func(_ *emslack.Options, w *Workspace) { w.Rules.Accounts[0].Channel = "C9" }, Fail, "there is no channel C9"},
		"an empty group":      {func(o *emslack.Options, _ *Workspace) { o.Seed.Groups[0].Members = nil }, Fail, "nobody is in owners, which owns account shop-dev"},
		"no such group":       {func(_ *emslack.Options, w *Workspace) { w.Rules.Accounts[0].Owners = "nobody" }, Fail, "nobody is in nobody"},
		"only one to decide": {func(o *emslack.Options, _ *Workspace) { o.Seed.Groups[0].Members = []string{"U1"} }, Warn,
			"owners has 1 full member, just as many as must decide"},
		"a guest among them": {func(o *emslack.Options, _ *Workspace) {
			o.Seed.People = append(o.Seed.People, emslack.Person{ID: "U4", Name: "guest", Guest: true})
			o.Seed.Groups[0].Members = append(o.Seed.Groups[0].Members, "U4")
		}, Warn, "1 member of owners can never decide"},
		"only guests": {func(o *emslack.Options, _ *Workspace) { o.Seed.People[0].Guest, o.Seed.People[1].Guest = true, true }, Fail, "nobody is in owners"},
		"too few for the rule": {func(_ *emslack.Options, w *Workspace) {
			w.Rules.Approvals = []workflows.Rule{{Name: "two", Stages: []workflows.Stage{{Group: "web", Count: 2}}}}
		}, Fail, "web has 1 full member and 2 must decide"},
		"nobody to escalate to": {func(_ *emslack.Options, w *Workspace) {
			w.Rules.Approvals = []workflows.Rule{{Name: "two", Stages: []workflows.Stage{{Group: "owners", Count: 1, Escalate: []workflows.Escalation{{After: 1, Group: "oncall"}}}}}}
		}, Warn, "nobody is in oncall, which is called by rule two when nobody decides in time"},
		"no such channel of a rule": {func(_ *emslack.Options, w *Workspace) {
			w.Rules.Approvals = []workflows.Rule{{Name: "two", Channel: "C7"}}
		}, Fail, "there is no channel C7"},
		"a delegate who is a guest": {func(o *emslack.Options, w *Workspace) {
			o.Seed.People = append(o.Seed.People, emslack.Person{ID: "U4", Name: "guest", Guest: true})
			w.Rules.Delegates = []workflows.Delegate{{For: actor("U1"), By: actor("U4"), Until: time.Now().Add(time.Hour)}}
		}, Fail, "U4 can never decide"},
		"a delegate of nobody who decides": {func(o *emslack.Options, w *Workspace) {
			o.Seed.People = append(o.Seed.People, emslack.Person{ID: "U4", Name: "four"})
			w.Rules.Delegates = []workflows.Delegate{{For: actor("U4"), By: actor("U1"), Until: time.Now().Add(time.Hour)}}
		}, Warn, "U4 is in no group that decides"},
		"a delegate whose time is over": {func(_ *emslack.Options, w *Workspace) {
			w.Rules.Delegates = []workflows.Delegate{{For: actor("U1"), By: actor("U2"), Until: noon.Add(-time.Hour)}}
		}, Warn, "U2 for U1 is over"},
		"out of the channel's reach": {func(o *emslack.Options, _ *Workspace) { o.Seed.Channels[0].Members = []string{"U1", "U3"} }, Warn,
			"1 of 2 people of owners is not in the channel"},
		"groups cannot be read": {func(o *emslack.Options, _ *Workspace) {
			o.Gate.Set(wire.Fault{Call: "slack:usergroups.list", When: "before", Kind: "error"})
		}, Fail, "unread counts as no"},
		"no socket": {func(_ *emslack.Options, w *Workspace) {
			client := w.Client.(*slack.Client) // with no app-level token
			w.Socket = func(ctx context.Context) error { _, _, err := client.StartSocketModeContext(ctx); return err }
		}, Fail, "did not let fedbot open a socket"},
		"the clock is wrong": {func(_ *emslack.Options, w *Workspace) {
			w.Now = func() time.Time { return time.Now().Add(4 * time.Minute) }
		}, Warn, "away from Slack's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checks := visit(t, tt.change)
			for _, c := range checks {
				if c.Result == tt.result && strings.Contains(c.Detail, tt.detail) {
					if c.Fix == "" || tt.result == Fail && c.Hurts == "" {
						t.Errorf("no word on how to mend it, or on what it hurts: %+v", c)
					}
					return
				}
			}
			t.Errorf("not seen: %+v", checks)
		})
	}
}

func TestHouse(t *testing.T) {
	ill := func(s Store, err error) []Check {
		h := House{Path: "fedbot.db", Rules: workflows.Rules{Accounts: []workflows.Account{{Name: "shop-prod", Production: true}}},
			Store: func(context.Context) (Store, error) { return s, err }}
		return Examine(context.Background(), Setup{House: h}, []string{Fedbot}, nil)
	}
	if Failed(ill(Store{Running: true, Events: 7}, nil)) || Failed(ill(Store{Absent: true}, nil)) {
		t.Error("a store that is well, or not there yet, is no failure")
	}
	if !Failed(ill(Store{Wrong: 1}, nil)) || !Failed(ill(Store{}, errors.New("disk"))) {
		t.Error("a store that is wrong, or cannot be read, passed")
	}
	if c := ill(Store{Running: true}, nil)[0]; c.Result != Warn || c.Object != "shop-prod" {
		t.Errorf("a production account without a rule: %+v", c)
	}
}
