package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	emulator "fedbot/internal/emulate/slack"

	"fedbot/workflows"
)

// homes are the faces of the home tab.
func homes(t *testing.T) map[string]home {
	at := start.Add(2 * time.Hour)
	one := func(s *tale, roles workflows.Roles) mine { return mine{F: s.fold(), Roles: roles, Scene: stage} }
	ends := active(t).fold()
	ends.Ends = at.Add(10 * 24 * time.Hour)
	parked := granted(t).walk(workflows.RunID).say(machine, workflows.Parked{Step: workflows.WatchID, Say: "No agent took the proof run for 30 minutes."})
	decider := one(waiting(t), workflows.Roles{Approver: true, AccountOwner: true})
	decider.Link = "https://contoso.slack.com/archives/C0001/p1700000000000100"
	crowd := home{Who: approver.Actor, Now: at}
	for range 7 {
		crowd.Seen = append(crowd.Seen, decider)
	}
	return map[string]home{
		"empty": {Who: "slack:T0001/U0OUT", Now: at},
		"requester": {Who: asker.Actor, Now: at, Seen: []mine{one(active(t), workflows.Roles{Requester: true}), one(waiting(t), workflows.Roles{Requester: true}),
			one(waiting(t).say(owner, workflows.Denied{Request: "F-17.1", Reason: "Not yet."}), workflows.Roles{Requester: true})}},
		"approver": {Who: approver.Actor, Now: at, Seen: []mine{one(parked, workflows.Roles{Approver: true}), decider, one(active(t), workflows.Roles{Approver: true})}},
		"owner-team": {Who: owner.Actor, Now: at, Console: "https://fedbot.example/console/", Seen: []mine{{F: ends, Roles: workflows.Roles{OwnerTeam: true}, Scene: stage},
			one(drifted(t), workflows.Roles{OwnerTeam: true}), one(active(t), workflows.Roles{OwnerTeam: true})}},
		"administrator": {Who: "slack:T0001/U0ADM", Now: at, NotReal: true, Unread: []string{"data"},
			Seen: []mine{one(drifted(t), workflows.Roles{Administrator: true}), one(waiting(t), workflows.Roles{Administrator: true}), one(quarantined(t), workflows.Roles{Administrator: true})}},
		"crowd": crowd,
	}
}

func TestHomes(t *testing.T) {
	for name, h := range homes(t) {
		t.Run(name, func(t *testing.T) {
			v := h.view()
			golden(t, "home-"+name+".json", pretty(t, v))
			for _, wrong := range limits(v.Blocks.BlockSet, maxView) {
				t.Error(wrong)
			}
		})
	}
}

// Opening the tab again and again draws it once at a time; others' are drawn beside it.
func TestHomeTabsDoNotFlood(t *testing.T) {
	b := &Bot{o: Options{Team: "T0001", Now: func() time.Time { return start }}, floods: floods{most: 120}, work: make(chan parcel, 10), drawing: map[string]bool{}}
	open := func(user string) {
		if got := b.take(t.Context(), parcel{Kind: kindHome, Key: "event/x", Team: "T0001", User: user}); got != nil {
			t.Errorf("answered %v", got)
		}
	}
	for range 5 {
		open("U1")
	}
	open("U2")
	if len(b.work) != 2 {
		t.Errorf("%d tabs wait for one person's five and another's one", len(b.work))
	}
	b.drawn(parcel{Kind: kindHome, User: "U1"})
	open("U1")
	if len(b.work) != 3 {
		t.Error("a tab that was opened while it was drawn is not drawn once more")
	}
	b.drawn(parcel{Kind: kindHome, User: "U2"})
	open("U2")
	if len(b.work) != 4 {
		t.Error("a tab that was drawn is not drawn again")
	}
}

// Only those whose turn it is are told that something waits for them.
func TestWaitsForThoseWhoCanActOnly(t *testing.T) {
	at := start.Add(time.Hour)
	approved := waiting(t).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"})
	for name, tt := range map[string]struct {
		who   workflows.Actor
		s     *tale
		roles workflows.Roles
		now   time.Time
		waits bool
	}{
		"an approver of the stage":             {approver.Actor, waiting(t), workflows.Roles{Approver: true}, at, true},
		"the requester":                        {asker.Actor, waiting(t), workflows.Roles{Requester: true, Approver: true}, at, false},
		"somebody who joined the group later":  {"slack:T0001/U0NEW", waiting(t), workflows.Roles{Approver: true}, at, false},
		"somebody who has left the group":      {approver.Actor, waiting(t), workflows.Roles{}, at, false},
		"an administrator, who has no vote":    {"slack:T0001/U0ADM", waiting(t), workflows.Roles{Administrator: true}, at, false},
		"who pressed already":                  {approver.Actor, approved, workflows.Roles{Approver: true}, at, false},
		"after it lapsed":                      {approver.Actor, waiting(t), workflows.Roles{Approver: true}, start.Add(80 * time.Hour), false},
		"an auditor, of what is parked":        {"slack:T0001/U0AUD", granted(t).say(machine, workflows.Parked{Step: workflows.RoleID, Say: "x"}), workflows.Roles{Auditor: true}, at, false},
		"an administrator, of what is parked":  {"slack:T0001/U0ADM", granted(t).say(machine, workflows.Parked{Step: workflows.RoleID, Say: "x"}), workflows.Roles{Administrator: true}, at, true},
		"the owner team, of what is different": {owner.Actor, drifted(t), workflows.Roles{OwnerTeam: true}, at, true},
		"the requester, of what is different":  {asker.Actor, drifted(t), workflows.Roles{Requester: true}, at, false},
	} {
		t.Run(name, func(t *testing.T) {
			why, _ := home{Who: tt.who, Now: tt.now}.waits(mine{F: tt.s.fold(), Roles: tt.roles, Scene: stage})
			if (why.mrkdwn != "") != tt.waits {
				t.Errorf("%q", why.plain)
			}
		})
	}
}

// A person opens the tab, acts with one press, and sees what came of it; somebody
// else's press on the same button is refused.
func TestHomeTab(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", waiting(t).events...)
	w.sees("U0APP", "needs a decision")
	if err := w.slack.OpenHome(w.ctx, "U0REQ"); err != nil {
		t.Fatal(err)
	}
	w.until("the home tab", func() bool { return w.slack.Snapshot("U0REQ").Home != nil })
	v := w.slack.Snapshot("U0REQ").Home
	if text := string(pretty(t, v)); !strings.Contains(text, "You asked for: 1") || !strings.Contains(text, "shop-approvers decides") {
		t.Fatal(text)
	}
	if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, blockOf(t, v, actWithdraw), actWithdraw, nil); err != nil {
		t.Fatal(err)
	}
	w.decided("withdraw")
	w.store.append("F-17", workflows.Event{At: start.Add(time.Hour), By: asker, Body: workflows.Withdrawn{Request: "F-17.1"}})
	if err := w.slack.OpenHome(w.ctx, "U0REQ"); err != nil {
		t.Fatal(err)
	}
	w.until("withdrawn on the home tab", func() bool { return strings.Contains(string(pretty(t, w.slack.Snapshot("U0REQ").Home)), "withdrawn") })

	if err := w.slack.OpenHome(w.ctx, "U0OUT"); err != nil {
		t.Fatal(err)
	}
	w.until("an empty home tab", func() bool { return w.slack.Snapshot("U0OUT").Home != nil })
	if text := string(pretty(t, w.slack.Snapshot("U0OUT").Home)); !strings.Contains(text, "Nothing is waiting for you") || strings.Contains(text, "F-17") {
		t.Errorf("an outsider sees %s", text)
	}
}

// blockOf is the id that Slack gave to the block with this button.
func blockOf(t *testing.T, v *emulator.AppView, action string) string {
	t.Helper()
	var blocks []struct {
		ID        string `json:"block_id"`
		Accessory struct {
			Action string `json:"action_id"`
		} `json:"accessory"`
	}
	raw, err := json.Marshal(v.Blocks)
	if err != nil || json.Unmarshal(raw, &blocks) != nil {
		t.Fatal("blocks that cannot be read", err)
	}
	for _, b := range blocks {
		if b.Accessory.Action == action {
			return b.ID
		}
	}
	t.Fatalf("no %s on it", action)
	return ""
}

// What the home tab opens is opened for those who may see it only, whatever the
// button's value says.
func TestHomeShowsNothingToOutsiders(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", active(t).events...)
	w.sees("U0APP", "Active:")
	for _, user := range []string{"U0OUT", "U0REQ"} {
		p := parcel{Kind: kindPress, Key: "press/" + user, Team: "T0001", User: user, AtHome: true, Action: actShow, Value: "F-17"}
		err := w.bot.decide(w.ctx, p)
		if outsider := user == "U0OUT"; outsider != (err != nil && strings.Contains(said(err), "Not found")) {
			t.Errorf("%s: %v", user, err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"type":"url_verification","challenge":"x"}`))
	f.Add([]byte(`{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"app_home_opened","user":"U1","tab":"home"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, challenge, err := parseEvent(body)
		if err == nil && challenge == "" && p.Kind != "" && (p.Kind != kindHome || !plainID(p.User) || !plainID(p.Team)) {
			t.Errorf("%+v", p)
		}
	})
}
