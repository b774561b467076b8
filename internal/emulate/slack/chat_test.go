package slack

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/slack-go/slack"
)

func TestAuthTestNamesTheAppAndItsScopes(t *testing.T) {
	w := newWorld(t, nil)
	got := must[*client.AuthTestResponse](t)(w.bot.AuthTest())
	if got.UserID != "U0FEDBOT01" || got.BotID != "B0FEDBOT01" || got.TeamID != "T0001" {
		t.Errorf("auth.test = %+v", got)
	}
	r, err := http.Post(w.base+"/api/auth.test", "application/x-www-form-urlencoded", strings.NewReader("token=xoxb-bot"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if got := r.Header.Get("X-Oauth-Scopes"); got != strings.Join(DefaultScopes, ",") {
		t.Errorf("x-oauth-scopes = %q", got)
	}
}

func TestTokensAndScopes(t *testing.T) {
	w := newWorld(t, nil)
	at := client.OptionAPIURL(w.base + "/api/")
	history := func(c *client.Client) error {
		_, err := c.GetConversationHistory(&client.GetConversationHistoryParameters{ChannelID: "C0001"})
		return err
	}
	post := func(c *client.Client) error {
		_, _, err := c.PostMessage("C0001", client.MsgOptionText("hello", false))
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no token", post(client.New("", at)), "not_authed"},
		{"wrong token", post(client.New("xoxb-other", at)), "invalid_auth"},
		{"app token", post(client.New("xapp-app", at)), "not_allowed_token_type"},
		{"bot reads no history", history(w.bot), "missing_scope"},
		{"observer reads history", history(w.eyes), ""},
		{"observer writes nothing", post(w.eyes), "missing_scope"},
	} {
		if got := code(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	var e client.SlackErrorResponse
	if err := history(w.bot); !errors.As(err, &e) || e.Needed != "channels:history" || !strings.Contains(e.Provided, "chat:write") {
		t.Errorf("missing_scope says needed %q, provided %q", e.Needed, e.Provided)
	}
	for _, scope := range DefaultScopes {
		without := slices.DeleteFunc(slices.Clone(DefaultScopes), func(s string) bool { return s == scope })
		w := newWorld(t, func(o *Options) { o.App.Scopes = without })
		calls := map[string]func() error{
			"chat:write":       func() error { return post(w.bot) },
			"users:read":       func() error { _, err := w.bot.GetUserInfo("U0REQ"); return err },
			"users:read.email": func() error { _, err := w.bot.GetUserByEmail("requester@contoso.example"); return err },
			"usergroups:read":  func() error { _, err := w.bot.GetUserGroups(); return err },
			"im:write": func() error {
				_, _, _, err := w.bot.OpenConversation(&client.OpenConversationParameters{Users: []string{"U0REQ"}})
				return err
			},
			"channels:read": func() error {
				_, err := w.bot.GetConversationInfo(&client.GetConversationInfoInput{ChannelID: "C0001"})
				return err
			},
			"groups:read": func() error {
				_, err := w.bot.GetConversationInfo(&client.GetConversationInfoInput{ChannelID: "G0004"})
				return err
			},
			"files:write": func() error {
				_, err := w.bot.UploadFile(client.UploadFileParameters{Content: "x", FileSize: 1, Filename: "x.txt"})
				return err
			},
		}
		if call := calls[scope]; call != nil && code(call()) != "missing_scope" {
			t.Errorf("without %s the call went through", scope)
		}
	}
}

func TestPostEditDeleteAndRead(t *testing.T) {
	w := newWorld(t, nil)
	blocks := client.MsgOptionBlocks(sectionOf("Who asks?"), client.NewActionBlock("", button("request_approve", "F-17.1", "Approve")))
	meta := client.MsgOptionMetadata(client.SlackMetadata{EventType: "request", EventPayload: map[string]any{"id": "F-17.1"}})
	card := w.post("C0001", client.MsgOptionText("twin", false), blocks, meta)
	reply := w.post("C0001", client.MsgOptionText("a turn", false), client.MsgOptionTS(card))
	if reply <= card || len(card) != len("1760000000.000100") {
		t.Errorf("ts %s then %s", card, reply)
	}
	link := must[string](t)(w.bot.GetPermalink(&client.PermalinkParameters{Channel: "C0001", Ts: card}))
	if want := "https://contoso.slack.com/archives/C0001/p" + strings.ReplaceAll(card, ".", ""); link != want {
		t.Errorf("permalink %s, want %s", link, want)
	}
	history := func() []client.Message {
		h := must[*client.GetConversationHistoryResponse](t)(w.eyes.GetConversationHistory(
			&client.GetConversationHistoryParameters{ChannelID: "C0001", IncludeAllMetadata: true}))
		return h.Messages
	}
	got := history()
	if len(got) != 1 || got[0].ReplyCount != 1 || got[0].Metadata.EventType != "request" || len(got[0].Blocks.BlockSet) != 2 {
		t.Fatalf("history = %+v", got)
	}
	if a := got[0].Blocks.BlockSet[1].(*client.ActionBlock); a.BlockID == "" {
		t.Error("a missing block_id was not filled in")
	}
	if _, _, _, err := w.bot.UpdateMessage("C0001", card, client.MsgOptionText("decided", false)); err != nil {
		t.Fatal(err)
	}
	got = history()
	if got[0].Text != "decided" || got[0].Edited == nil || len(got[0].Blocks.BlockSet) != 0 || got[0].Metadata.EventType != "request" {
		t.Errorf("after an edit with text alone: %+v", got[0])
	}
	replies, _, _, err := w.eyes.GetConversationReplies(&client.GetConversationRepliesParameters{ChannelID: "C0001", Timestamp: card})
	if err != nil || len(replies) != 2 || replies[1].ThreadTimestamp != card {
		t.Errorf("replies = %+v, %v", replies, err)
	}
	if _, _, err := w.bot.DeleteMessage("C0001", card); err != nil {
		t.Fatal(err)
	}
	if got = history(); len(got) != 1 || got[0].SubType != "tombstone" {
		t.Errorf("a deleted message with replies: %+v", got)
	}
	if _, _, _, err := w.bot.UpdateMessage("C0001", card, client.MsgOptionText("x", false)); code(err) != "message_not_found" {
		t.Errorf("edit of a deleted message: %v", err)
	}
}

func TestWhereTheAppMayPost(t *testing.T) {
	w := newWorld(t, nil)
	for channel, want := range map[string]string{
		"C0001": "", "#shop-approvals": "", "U0REQ": "", "C0002": "not_in_channel", "G0003": "channel_not_found", "G0004": "",
		"C0005": "is_archived", "C0404": "channel_not_found",
	} {
		if _, _, err := w.bot.PostMessage(channel, client.MsgOptionText("hello", false)); code(err) != want {
			t.Errorf("%s: %q, want %q", channel, code(err), want)
		}
	}
}

func TestEphemeralsBelongToOnePerson(t *testing.T) {
	w := newWorld(t, nil)
	ts := must[string](t)(w.bot.PostEphemeral("C0001", "U0APP", client.MsgOptionText("Not approved", false)))
	if _, err := w.bot.PostEphemeral("C0001", "U0GONE", client.MsgOptionText("x", false)); code(err) != "user_not_in_channel" {
		t.Errorf("to somebody outside: %v", err)
	}
	if _, _, _, err := w.bot.UpdateMessage("C0001", ts, client.MsgOptionText("x", false)); code(err) != "message_not_found" {
		t.Errorf("an ephemeral was edited: %v", err)
	}
	seen := func(user string) int { return len(w.s.Snapshot(user).Channels[0].Messages) }
	if seen("U0APP") != 1 || seen("U0REQ") != 0 {
		t.Errorf("seen by its person %d times, by another %d times", seen("U0APP"), seen("U0REQ"))
	}
	h := must[*client.GetConversationHistoryResponse](t)(w.eyes.GetConversationHistory(
		&client.GetConversationHistoryParameters{ChannelID: "C0001"}))
	if len(h.Messages) != 0 {
		t.Error("an ephemeral is in the history")
	}
}

func TestHistoryPages(t *testing.T) {
	w := newWorld(t, nil)
	var want []string
	for range 5 {
		want = append(want, w.post("C0001", client.MsgOptionText("m", false)))
	}
	slices.Reverse(want)
	var got []string
	for cursor := ""; ; {
		h := must[*client.GetConversationHistoryResponse](t)(w.eyes.GetConversationHistory(
			&client.GetConversationHistoryParameters{ChannelID: "C0001", Limit: 2, Cursor: cursor}))
		for _, m := range h.Messages {
			got = append(got, m.Timestamp)
		}
		if cursor = h.ResponseMetaData.NextCursor; !h.HasMore {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages give %v, want %v", got, want)
	}
	if _, err := w.eyes.GetConversationHistory(&client.GetConversationHistoryParameters{ChannelID: "C0001", Cursor: "bogus"}); code(err) != "invalid_cursor" {
		t.Errorf("a bogus cursor: %v", err)
	}
}

func TestPostingTooFastIs429(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.NoRateLimit = false })
	var limited *client.RateLimitedError
	n := 0
	for ; n < 30; n++ {
		if _, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("m", false)); errors.As(err, &limited) {
			break
		}
	}
	if n != postBurst || limited.RetryAfter != time.Second {
		t.Fatalf("limited after %d posts, retry after %v", n, limited)
	}
	if _, _, err := w.bot.PostMessage("G0004", client.MsgOptionText("m", false)); err != nil {
		t.Errorf("another channel: %v", err)
	}
	w.clock.Advance(time.Second)
	if _, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("m", false)); err != nil {
		t.Errorf("a second later: %v", err)
	}
	for n = 0; n < 100; n++ {
		if _, err := w.bot.GetUserGroups(); errors.As(err, &limited) {
			break
		}
	}
	if n != tier2 || limited.RetryAfter != 3*time.Second {
		t.Errorf("usergroups.list limited after %d calls, retry after %v", n, limited.RetryAfter)
	}
}

func TestContentRules(t *testing.T) {
	w := newWorld(t, nil)
	call := func(form string) string {
		r, err := http.Post(w.base+"/api/chat.postMessage", "application/x-www-form-urlencoded", strings.NewReader("token=xoxb-bot&channel=C0001&"+form))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		var out struct{ Error, Warning string }
		decodeBody(t, r, &out)
		return out.Error + out.Warning
	}
	long := strings.Repeat("x", 3000)
	many := `[` + strings.TrimSuffix(strings.Repeat(`{"type":"section","text":{"type":"mrkdwn","text":"`+long+`"}},`, 5), ",") + `]`
	for form, want := range map[string]string{
		"": "no_text", "text=hi": "", "blocks=[]": "no_text", "blocks=nonsense": "invalid_blocks_format", `blocks={"type":"divider"}`: "invalid_blocks_format",
		`blocks=[{"type":"wibble"}]`: "invalid_blocks", "blocks=" + many: "msg_blocks_too_long",
		"text=hi&metadata=x": "invalid_metadata_format", `text=hi&metadata={"event_type":"x"}`: "invalid_metadata_schema",
		`text=hi&metadata={"event_type":"x","event_payload":{"a":"` + strings.Repeat("x", 17000) + `"}}`: "metadata_too_large",
		"text=" + strings.Repeat("x", 40001):            "message_truncated",
		`attachments=[{"blocks":[{"type":"section"}]}]`: "invalid_arguments", `attachments=[{"text":"x"}]`: "",
	} {
		if got := call(form); got != want {
			t.Errorf("%.60s: %q, want %q", form, got, want)
		}
	}
}

func TestBodiesAndUnknownMethods(t *testing.T) {
	w := newWorld(t, nil)
	call := func(method, kind, token, body string) (out struct {
		OK    bool
		Error string
	}) {
		r, err := http.NewRequest(http.MethodPost, w.base+"/api/"+method, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		decodeBody(t, resp, &out)
		return out
	}
	const form, json = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
	for _, c := range []struct{ method, kind, token, body, want string }{
		{"chat.unheard", form, "", "", "unknown_method"},
		{"chat.postMessage", json, "xoxb-bot", `{"channel":"C0001","text":"hi","blocks":[{"type":"divider"}]}`, ""},
		{"chat.postMessage", json, "", `{"token":"xoxb-bot","channel":"C0001","text":"hi"}`, "not_authed"},
		{"chat.postMessage", json, "xoxb-bot", `{`, "invalid_arguments"},
		{"chat.postMessage?token=xoxb-bot", form, "", "channel=C0001&text=hi", "not_authed"},
		{"chat.postMessage", form, "", "token=xoxb-bot&text=hi", "invalid_arguments"},
		{"users.info", json, "xoxb-bot", `{"user":"U0REQ"}`, "invalid_arguments"},
		{"users.info", form, "xoxb-bot", "user=U0REQ", ""},
		{"api.test", form, "", "error=my_error", "my_error"},
		{"blocks.validate", json, "", `{"blocks":[{"type":"divider"}]}`, ""},
		{"blocks.validate", json, "", `{"view":{"type":"modal","blocks":[]}}`, "invalid_blocks"},
		{"blocks.validate", json, "", `{}`, "invalid_arguments"},
	} {
		if got := call(c.method, c.kind, c.token, c.body); got.Error != c.want || got.OK != (c.want == "") {
			t.Errorf("%s %s %s: %+v, want %q", c.method, c.kind, c.body, got, c.want)
		}
	}
}
