package bot

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fedbot/internal/emulate/judge"

	"github.com/slack-go/slack"
)

// called is which Web API method a method of the client calls. A new one is added
// here when it is first used.
var called = map[string]string{
	"PostMessageContext":            "chat.postMessage",
	"PostEphemeralContext":          "chat.postEphemeral",
	"UpdateMessageContext":          "chat.update",
	"GetPermalinkContext":           "chat.getPermalink",
	"OpenConversationContext":       "conversations.open",
	"OpenViewContext":               "views.open",
	"UpdateViewContext":             "views.update",
	"PublishViewContext":            "views.publish",
	"GetUserInfoContext":            "users.info",
	"GetUserByEmailContext":         "users.lookupByEmail",
	"GetUserGroupsContext":          "usergroups.list",
	"GetConversationInfoContext":    "conversations.info",
	"GetUsersInConversationContext": "conversations.members",
	"AuthTestContext":               "auth.test",
	"StartSocketModeContext":        "apps.connections.open",
}

// free are methods for which any token will do, or, for sockets, the app's own.
var free = []string{"apps.connections.open", "auth.test", "chat.getPermalink", "views.open", "views.update", "views.publish"}

func TestScopesAreTheOnesThatTheCodeUses(t *testing.T) {
	client := reflect.TypeFor[*slack.Client]()
	used := map[string]bool{}
	for _, room := range []string{".", "../internal/identity", "../internal/doctor", "../internal/app"} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(room, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.SelectorExpr)
				if !ok || !strings.HasSuffix(call.Sel.Name, "Context") {
					return true
				}
				if _, ok := client.MethodByName(call.Sel.Name); !ok {
					return true
				}
				method, known := called[call.Sel.Name]
				if !known {
					t.Errorf("%s calls %s; say in this test which method of Slack that is", name, call.Sel.Name)
				}
				used[method] = true
				return true
			})
		}
	}
	for _, s := range Scopes {
		if s.Name != "commands" && !slices.ContainsFunc(s.Calls, func(c string) bool { return used[c] }) {
			t.Errorf("nothing calls what %s is for: %v", s.Name, s.Calls)
		}
		if s.Why == "" {
			t.Errorf("%s has no reason", s.Name)
		}
	}
	for method := range used {
		covered := slices.ContainsFunc(Scopes, func(s Scope) bool { return slices.Contains(s.Calls, method) })
		if !covered && !slices.Contains(free, method) {
			t.Errorf("%s is called, and no scope covers it", method)
		}
	}
}

// Slack's own list of what each method needs, where it is there to be read.
func TestScopesAreThePublishedOnes(t *testing.T) {
	dir := os.Getenv("FEDBOT_SLACK_FACTS")
	if dir == "" {
		t.Skip("the published methods are not here; FEDBOT_SLACK_FACTS names their directory")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "methods.json"))
	if err != nil {
		t.Fatal(err)
	}
	var methods map[string]json.RawMessage
	if err := json.Unmarshal(raw, &methods); err != nil {
		t.Fatal(err)
	}
	for _, s := range Scopes {
		for _, call := range s.Calls {
			var m struct {
				Scopes struct {
					Bot []struct{ Name string } `json:"bot"`
				} `json:"scopes"`
			}
			if err := json.Unmarshal(methods[call], &m); err != nil {
				t.Fatal(call, err)
			}
			// conversations.open is published without its scopes, and users.info without the one for the address.
			if len(m.Scopes.Bot) == 0 || s.Name == "users:read.email" {
				continue
			}
			if !slices.ContainsFunc(m.Scopes.Bot, func(x struct{ Name string }) bool { return x.Name == s.Name }) {
				t.Errorf("%s needs %v, and not %s", call, m.Scopes.Bot, s.Name)
			}
		}
	}
}

func TestManifestPassesSlacksSchema(t *testing.T) {
	if os.Getenv("FEDBOT_SLACK_FACTS") == "" {
		t.Skip("Slack's schema is not here; FEDBOT_SLACK_FACTS names its directory")
	}
	for _, address := range []string{"https://fedbot.example.com", ""} {
		m, err := Manifest(address)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "manifest.json")
		if err := os.WriteFile(file, m, 0o600); err != nil {
			t.Fatal(err)
		}
		judge.Node(t, "testdata/judge/slack-manifest-schema.cjs", "MANIFEST="+file)
	}
}

func TestManifest(t *testing.T) {
	m, err := Manifest("https://fedbot.example.com")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "manifest.json", m)
	sockets, err := Manifest("")
	if err != nil || strings.Contains(string(sockets), "https://") || !strings.Contains(string(sockets), `"socket_mode_enabled": true`) {
		t.Errorf("%s, %v", sockets, err)
	}
	golden(t, "manifest_sockets.json", sockets)
	link, err := CreateAppLink(m)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Host != "api.slack.com" || u.Query().Get("new_app") != "1" {
		t.Fatalf("%s %v", link, err)
	}
	var there, back any
	if json.Unmarshal([]byte(u.Query().Get("manifest_json")), &there) != nil || json.Unmarshal(m, &back) != nil || !reflect.DeepEqual(there, back) {
		t.Error("the link carries another manifest")
	}
	for _, wrong := range []string{"fedbot.example.com", "http://fedbot.example.com", "https://", "https://me:pw@fedbot.example.com", "https://fedbot.example.com/slack", "https://x/?a=b"} {
		if _, err := Manifest(wrong); err == nil {
			t.Errorf("%q was taken for an address", wrong)
		}
	}
}
