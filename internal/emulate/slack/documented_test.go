package slack

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	client "github.com/slack-go/slack"

	"fedbot/internal/emulate/wire"
)

// The lists in the code are those of Slack's documentation, as others have copied them.
func TestErrorsAreThePublishedOnes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(facts(t), "methods.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	var common []string
	if err := json.Unmarshal(all["_common_errors"], &common); err != nil || !slices.Equal(common, strings.Fields(commonErrors)) {
		t.Errorf("common errors are published as %v, %v", common, err)
	}
	tiers := map[int]string{tier2: "Tier 2", tier3: "Tier 3", tier4: "Tier 4", perChannel: "Special", 0: "Special"}
	for name, m := range methods {
		own, published := documented[name], all[name]
		if published == nil {
			if name != "api.test" && name != "blocks.validate" {
				t.Errorf("%s is not published", name)
			}
			continue
		}
		var p struct {
			Errors []string
			Limit  struct{ Label string } `json:"rate_limit"`
			Scopes map[string][]struct{ Name string }
		}
		if err := json.Unmarshal(published, &p); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Errors, strings.Fields(own)) {
			t.Errorf("%s: errors are published as %v", name, p.Errors)
		}
		if !strings.HasPrefix(p.Limit.Label, tiers[m.tier]) {
			t.Errorf("%s: %q, and here %d", name, p.Limit.Label, m.tier)
		}
		for _, scope := range p.Scopes["bot"] {
			if !slices.Contains(m.scopes(&call{args: map[string]string{}}), scope.Name) {
				t.Errorf("%s does not want the scope %s", name, scope.Name)
			}
		}
	}
	for name := range documented {
		if _, ok := methods[name]; !ok {
			t.Errorf("%s is documented and not there", name)
		}
	}
}

func TestRefuse(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.s.Refuse("files.getUploadURLExternal", "storage_limit_reached", 1); err != nil {
		t.Fatal(err)
	}
	upload := func() error {
		_, err := w.bot.UploadFile(client.UploadFileParameters{Reader: strings.NewReader("a"), Filename: "a", FileSize: 1})
		return err
	}
	if got := code(upload()); got != "storage_limit_reached" {
		t.Errorf("as told: %q", got)
	}
	if err := upload(); err != nil {
		t.Errorf("once: %v", err)
	}
	for method, code := range map[string]string{"chat.postMessage": "hash_conflict", "chat.whisper": "no_text"} {
		if err := w.s.Refuse(method, code, 1); !errors.Is(err, ErrRefused) {
			t.Errorf("%s of %s: %v", code, method, err)
		}
	}
	if err := w.s.Refuse("chat.postMessage", "ratelimited", 1); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("x", false))
	var limited *client.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter <= 0 {
		t.Errorf("ratelimited: %v", err)
	}
}

// A slip would be found: the harness fails every test in which one happens.
func TestUndocumentedAnswersAreSlips(t *testing.T) {
	w := newWorld(t, nil)
	err := w.s.onlyDocumented("users.info", no("is_archived"))
	if code := err.(*apiError).code; code != "internal_error" || len(w.s.refusals.slips) != 1 {
		t.Errorf("%s, %v", code, w.s.refusals.slips)
	}
	w.s.refusals.slips = nil
}

func TestSettings(t *testing.T) {
	w := newWorld(t, nil)
	apply := func(name, value string) error {
		return w.gate.Apply(wire.Change{Settings: map[string]json.RawMessage{name: json.RawMessage(value)}})
	}
	for name, value := range map[string]string{
		"disconnect": `"soon"`, "refuse": `{"users.info":["is_archived"]}`, "socket_life": `"never"`,
	} {
		if apply(name, value) == nil {
			t.Errorf("%s took %s", name, value)
		}
	}
	if err := errors.Join(apply("socket_mode", "true"), apply("rate_limits", "true"), apply("refuse", `{"users.info":["user_not_visible"]}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.bot.GetUserInfo("U0REQ"); code(err) != "user_not_visible" || !w.s.Sockets() {
		t.Errorf("%v, sockets %v", err, w.s.Sockets())
	}
	l := w.dial("")
	l.next()
	if err := apply("disconnect", `"refresh_requested"`); err != nil || l.next().Reason != ReasonRefresh {
		t.Error(err)
	}
	if err := w.gate.AsUsual(); err != nil || w.s.Sockets() {
		t.Errorf("as usual: %v", err)
	}
}
