package identity_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	emulated "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/internal/identity"
	"fedbot/workflows"
)

const team = "T0000000001"

// office is a workspace with one person of each kind.
type office struct {
	slack  *emulated.Server
	gate   *wire.Gate
	clock  *wire.Clock
	people *identity.Slack
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{gate: &wire.Gate{}, clock: wire.NewClock(func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }, 0)}
	var server *httptest.Server
	base := func() string { return server.URL }
	who := func(id string, change func(*emulated.Person)) emulated.Person {
		p := emulated.Person{ID: id, Name: strings.ToLower(id), RealName: "Person " + id, Email: strings.ToLower(id) + "@contoso.example"}
		change(&p)
		return p
	}
	var err error
	o.slack, err = emulated.New(emulated.Options{Gate: o.gate, Now: o.clock.Now, BaseURL: base, NoRateLimit: true,
		App: emulated.App{SigningSecret: "signing", BotToken: "xoxb-test"},
		Seed: emulated.Seed{Team: emulated.Team{ID: team, Name: "contoso"},
			People: []emulated.Person{
				who("UMEMBER", func(*emulated.Person) {}),
				who("UOTHER", func(*emulated.Person) {}),
				who("UGUEST", func(p *emulated.Person) { p.Guest = true }),
				who("UULTRA", func(p *emulated.Person) { p.UltraGuest = true }),
				who("UGONE", func(p *emulated.Person) { p.Deactivated = true }),
				who("UBOT", func(p *emulated.Person) { p.Bot = true }),
				who("USTRANGER", func(p *emulated.Person) { p.Stranger, p.Team = true, "T0000000009" }),
				who("UPARTNER", func(p *emulated.Person) { p.Team = "T0000000009" }),
				who("UHIDDEN", func(p *emulated.Person) { p.Hidden = true }),
				who("UPRIVATE", func(p *emulated.Person) { p.Email = "member@gmail.example" }),
				who("UNEAR", func(p *emulated.Person) { p.Email = "umember@contoso.example.evil.example" }),
				who("UUNSURE", func(p *emulated.Person) { p.Unconfirmed = true }),
			},
			Groups: []emulated.Group{
				{ID: "S0000000001", Handle: "approvers", Name: "Approvers", Members: []string{"UMEMBER"}},
				{ID: "S0000000002", Handle: "closed", Name: "Closed", Members: []string{"UMEMBER"}, Disabled: true},
			}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.slack.Close)
	server = httptest.NewServer(o.slack)
	t.Cleanup(server.Close)
	client := slackgo.New("xoxb-test", slackgo.OptionAPIURL(server.URL+"/api/"))
	o.people = identity.New(client, team, []string{"contoso.example"}, o.clock.Now, 10*time.Second)
	return o
}

// Each of these decides nothing, whatever groups they are in.
func TestWhoIsNobody(t *testing.T) {
	o := open(t)
	for id, says := range map[string]string{
		"UGUEST": "guests", "UULTRA": "guests", "UGONE": "deactivated", "UBOT": "bots",
		"USTRANGER": "another Slack workspace", "UPARTNER": "another Slack workspace",
		"UHIDDEN": "does not show you", "UNOBODY": "does not show you",
	} {
		_, err := o.people.Person(t.Context(), identity.Actor(team, id))
		if !errors.Is(err, workflows.ErrRefused) || !strings.Contains(workflows.Said(err), says) {
			t.Errorf("%s: got %v, want a refusal with %q", id, err, says)
		}
	}
	for _, a := range []workflows.Actor{identity.Actor("T0000000009", "UMEMBER"), "slack:" + team + "/", "UMEMBER", "operator:0", "fedbot", ""} {
		if _, err := o.people.Person(t.Context(), a); !errors.Is(err, workflows.ErrRefused) {
			t.Errorf("%q: got %v, want a refusal", a, err)
		}
	}
}

// The attack: an address that its holder never confirmed matches an administrator's
// in Azure DevOps.
func TestOnlyConfirmedAddressesCount(t *testing.T) {
	o := open(t)
	p, err := o.people.Person(t.Context(), identity.Actor(team, "UMEMBER"))
	if err != nil || p.Email != "umember@contoso.example" || p.Name == "" || p.Actor != identity.Actor(team, "UMEMBER") {
		t.Errorf("a member is %+v, %v", p, err)
	}
	for _, id := range []string{"UUNSURE", "UPRIVATE", "UNEAR"} {
		if p, err = o.people.Person(t.Context(), identity.Actor(team, id)); err != nil || p.Email != "" {
			t.Errorf("%s: an address that is not confirmed, or not the company's, is %+v, %v", id, p, err)
		}
	}
	if p, err = o.people.ByAddress(t.Context(), "member@gmail.example"); err != nil || p.Actor != "" {
		t.Errorf("an address outside the company belongs to %+v, %v", p, err)
	}
}

func TestSilenceIsUnreadable(t *testing.T) {
	o := open(t)
	o.gate.Set(wire.Fault{Call: "slack:*", When: "before", Kind: "error"})
	if _, err := o.people.Person(t.Context(), identity.Actor(team, "UMEMBER")); !errors.Is(err, workflows.ErrUnreadable) || errors.Is(err, workflows.ErrRefused) {
		t.Errorf("a person is %v, want unreadable", err)
	}
	if _, err := o.people.Members(t.Context(), "approvers"); !errors.Is(err, workflows.ErrUnreadable) {
		t.Errorf("a group is %v, want unreadable", err)
	}
}

// The attack: somebody who was taken out of a group presses while Slack does not
// answer, and an old list would still hold them.
func TestOldMembershipDiesWithAFailedReading(t *testing.T) {
	o := open(t)
	in := func() bool {
		list, err := o.people.Members(t.Context(), "approvers")
		return err == nil && len(list) == 1 && list[0] == identity.Actor(team, "UMEMBER")
	}
	if !in() {
		t.Fatal("not a member at first")
	}
	o.clock.Advance(11 * time.Second)
	o.gate.Set(wire.Fault{Call: "slack:usergroups.list", When: "before", Kind: "error"})
	if in() {
		t.Error("a list older than it may be was used")
	}
	o.gate.Set()
	if err := o.slack.SetGroup("S0000000001", []string{"UOTHER"}); err != nil {
		t.Fatal(err)
	}
	if in() {
		t.Error("still a member after being taken out")
	}
}

func TestMembershipIsReadOnceForManyPresses(t *testing.T) {
	o := open(t)
	for range 50 {
		if _, err := o.people.Members(t.Context(), "approvers"); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.gate.Calls()["slack:usergroups.list"]; n != 1 {
		t.Errorf("%d readings for 50 questions at once, want 1", n)
	}
}

func TestGroups(t *testing.T) {
	o := open(t)
	ctx := context.WithoutCancel(t.Context())
	for name, want := range map[string]int{"approvers": 1, "Approvers": 1, "S0000000001": 1, "closed": 0, "nobody": 0} {
		if list, err := o.people.Members(ctx, name); err != nil || len(list) != want {
			t.Errorf("%s has %v, %v; want %d", name, list, err, want)
		}
	}
	if id, err := o.people.GroupID(ctx, "approvers"); err != nil || id != "S0000000001" {
		t.Errorf("approvers is %q, %v", id, err)
	}
}
