package slack

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	client "github.com/slack-go/slack"
)

func decodeBody(t *testing.T, r *http.Response, v any) {
	t.Helper()
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

func TestKindsOfPeople(t *testing.T) {
	w := newWorld(t, nil)
	get := func(id string) client.User {
		u, err := w.bot.GetUserInfo(id)
		if err != nil {
			t.Fatal(err)
		}
		return *u
	}
	if u := get("U0REQ"); u.TeamID != "T0001" || u.Profile.Email != "requester@contoso.example" || !u.IsEmailConfirmed || u.TZOffset != 3600 {
		t.Errorf("a member: %+v", u)
	}
	if u := get("U0GUEST"); !u.IsRestricted || u.IsUltraRestricted {
		t.Errorf("a guest: %+v", u)
	}
	if u := get("U0ULTRA"); !u.IsRestricted || !u.IsUltraRestricted {
		t.Errorf("a single-channel guest: %+v", u)
	}
	if u := get("U0FAR"); u.TeamID != "T0002" || u.IsStranger {
		t.Errorf("a person of another workspace who shares a channel: %+v", u)
	}
	if !get("U0GONE").Deleted || !get("U0BOT").IsBot {
		t.Error("deactivated people and bots look like members")
	}
	for id, want := range map[string]string{"U0404": "user_not_found", "U0HIDDEN": "user_not_visible"} {
		if _, err := w.bot.GetUserInfo(id); code(err) != want {
			t.Errorf("%s: %v, want %s", id, err, want)
		}
	}
	if _, err := w.bot.GetUserByEmail("nobody@contoso.example"); code(err) != "users_not_found" {
		t.Errorf("lookup of nobody: %v", err)
	}
	all := must[[]client.User](t)(w.bot.GetUsers(client.GetUsersOptionLimit(3)))
	if len(all) != 8 { // the app and everybody but the hidden one
		t.Errorf("users.list has %d people", len(all))
	}
	if err := w.s.Deactivate("U0APP"); err != nil || !get("U0APP").Deleted {
		t.Errorf("deactivate: %v", err)
	}
	noEmail := slices.DeleteFunc(slices.Clone(DefaultScopes), func(s string) bool { return s == "users:read.email" })
	w = newWorld(t, func(o *Options) { o.App.Scopes = noEmail })
	if u := get("U0REQ"); u.Profile.Email != "" {
		t.Error("an address without its scope")
	}
}

func TestUserGroupsAreLive(t *testing.T) {
	w := newWorld(t, nil)
	groups := must[[]client.UserGroup](t)(w.bot.GetUserGroups(client.GetUserGroupsOptionIncludeUsers(true)))
	if len(groups) != 1 || groups[0].Handle != "shop-approvers" || !slices.Equal(groups[0].Users, []string{"U0APP", "U0GONE"}) {
		t.Errorf("usergroups.list = %+v", groups)
	}
	if err := w.s.SetGroup("S0001", []string{"U0REQ"}); err != nil {
		t.Fatal(err)
	}
	if got := must[[]string](t)(w.bot.GetUserGroupMembers("S0001")); !slices.Equal(got, []string{"U0REQ"}) {
		t.Errorf("members = %v", got)
	}
	if _, err := w.bot.GetUserGroupMembers("S0404"); code(err) != "no_such_subteam" {
		t.Errorf("unknown group: %v", err)
	}
}

func TestConversations(t *testing.T) {
	w := newWorld(t, nil)
	names := func(c *client.Client, types ...string) []string {
		all, _, err := c.GetConversations(&client.GetConversationsParameters{Types: types, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range all {
			out = append(out, c.Name)
		}
		return out
	}
	if got := names(w.bot); !slices.Equal(got, []string{"shop-approvals", "random", "old"}) {
		t.Errorf("public channels: %v", got)
	}
	if got := names(w.bot, "private_channel"); !slices.Equal(got, []string{"owners"}) {
		t.Errorf("private channels of the app: %v", got)
	}
	if got := names(w.eyes, "private_channel"); !slices.Equal(got, []string{"secret", "owners"}) {
		t.Errorf("private channels of the observer: %v", got)
	}
	ch := must[*client.Channel](t)(w.bot.GetConversationInfo(&client.GetConversationInfoInput{ChannelID: "C0001", IncludeNumMembers: true}))
	if !ch.IsExtShared || ch.NumMembers != 6 || !ch.IsMember {
		t.Errorf("info = %+v", ch)
	}
	members, _, err := w.bot.GetUsersInConversation(&client.GetUsersInConversationParameters{ChannelID: "C0001"})
	if err != nil || !slices.Contains(members, "U0FEDBOT01") || !slices.Contains(members, "U0REQ") {
		t.Errorf("members = %v, %v", members, err)
	}
	if _, err := w.bot.GetConversationInfo(&client.GetConversationInfoInput{ChannelID: "G0003"}); code(err) != "channel_not_found" &&
		code(err) != "missing_scope" {
		t.Errorf("a private channel from outside: %v", err)
	}
	open := func(user string) (string, error) {
		c, _, _, err := w.bot.OpenConversation(&client.OpenConversationParameters{Users: []string{user}})
		if err != nil {
			return "", err
		}
		return c.ID, nil
	}
	first, again := must[string](t)(open("U0REQ")), must[string](t)(open("U0REQ"))
	if first != again || !strings.HasPrefix(first, "D") {
		t.Errorf("direct message %s, then %s", first, again)
	}
	for user, want := range map[string]string{"U0GONE": "user_disabled", "U0HIDDEN": "user_not_visible", "U0404": "user_not_found"} {
		if _, err := open(user); code(err) != want {
			t.Errorf("%s: %v, want %s", user, err, want)
		}
	}
}

func TestUpload(t *testing.T) {
	w := newWorld(t, nil)
	f, err := w.bot.UploadFile(client.UploadFileParameters{
		Content: "a chart", FileSize: 7, Filename: "report.png", Title: "Report", AltTxt: "39 of 40", Channel: "C0001",
		InitialComment: "This week",
	})
	if err != nil || f.Title != "Report" {
		t.Fatalf("upload: %+v, %v", f, err)
	}
	seen := w.s.Snapshot("U0REQ").Channels[0].Messages
	if len(seen) != 1 || seen[0].Text != "This week" || len(seen[0].Files) != 1 {
		t.Errorf("shared as %+v", seen)
	}
	if name, content, err := w.s.File(f.ID); err != nil || name != "report.png" || string(content) != "a chart" {
		t.Errorf("file = %s %q %v", name, content, err)
	}
	if _, err := w.bot.UploadFile(client.UploadFileParameters{Content: "short", FileSize: 70, Filename: "x.png"}); err == nil {
		t.Error("a file of another length than announced was taken")
	}
	_, err = w.bot.UploadFile(client.UploadFileParameters{Content: "x", FileSize: 1, Filename: "x.txt", Channel: "C0002"})
	if err == nil || !strings.Contains(err.Error(), "not_in_channel") {
		t.Errorf("shared where the app is not: %v", err)
	}
}

func TestRestartFindsEverythingAgain(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, func(o *Options) { o.Journal = journal(t, dir) })
	first := w.post("C0001", client.MsgOptionText("first", false))
	_ = w.post("U0REQ", client.MsgOptionText("direct", false))
	if err := w.s.SetGroup("S0001", []string{"U0REQ"}); err != nil {
		t.Fatal(err)
	}
	w.app.onCommand = func(c client.SlashCommand) (int, string) {
		_, err := w.bot.OpenView(c.TriggerID, modal("Ask", inputBlock("why", "text")))
		if err != nil {
			t.Error(err)
		}
		return 200, ""
	}
	if _, err := w.s.Command(t.Context(), "U0REQ", "C0001", "request"); err != nil {
		t.Fatal(err)
	}
	before := w.s.Snapshot("U0REQ")
	w.closed()

	w = newWorld(t, func(o *Options) { o.Journal = journal(t, dir) })
	after := w.s.Snapshot("U0REQ")
	before.Revision, after.Revision = 0, 0
	a, _ := json.Marshal(before)
	b, _ := json.Marshal(after)
	if string(a) != string(b) {
		t.Errorf("after the restart:\n%s\nbefore:\n%s", b, a)
	}
	if second := w.post("C0001", client.MsgOptionText("second", false)); second <= first {
		t.Errorf("ts went from %s to %s", first, second)
	}
	if _, _, _, err := w.bot.UpdateMessage("C0001", first, client.MsgOptionText("edited", false)); err != nil {
		t.Errorf("a post from before the restart: %v", err)
	}
	raw, err := os.ReadFile(dir + "/slack.journal")
	if err != nil || strings.Contains(string(raw), "xoxb-") || strings.Contains(string(raw), secretOfApp) {
		t.Errorf("a token or secret is in the journal (%v)", err)
	}
}
