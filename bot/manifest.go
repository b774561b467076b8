package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// Scope is one right that fedbot asks of a workspace, and what it is for.
type Scope struct {
	Name  string   `json:"scope"`
	Why   string   `json:"why"`
	Calls []string `json:"calls"` // Web API methods that need it; none: it is not for a method
}

// Scopes are all rights of the bot's token. A test compares them with the methods
// that the code calls: one too many is a right that nobody needs.
var Scopes = []Scope{
	{"commands", "people ask with /federate", nil},
	{"chat:write", "cards, their threads, answers that one person sees, and direct messages", []string{"chat.postMessage", "chat.update", "chat.postEphemeral"}},
	{"im:write", "a direct message to the person who asked", []string{"conversations.open"}},
	{"users:read", "whether a person is a full member of this workspace, and not a guest, a bot or deactivated", []string{"users.info"}},
	{"users:read.email", "the confirmed address by which a person is found in Azure DevOps, and the author of a change in Slack", []string{"users.lookupByEmail", "users.info"}},
	{"channels:read", "whether fedbot is in a channel, and whether people of another workspace read it", []string{"conversations.info", "conversations.members"}},
	{"groups:read", "the same for private channels", []string{"conversations.info", "conversations.members"}},
	{"usergroups:read", "who is in the groups that decide", []string{"usergroups.list"}},
}

// Manifest describes the app to Slack, as JSON that Slack's create-app page takes.
// address is where Slack reaches fedbot from outside: https, without a path. Without
// an address the app uses Socket Mode, and fedbot opens sockets to Slack.
func Manifest(address string) ([]byte, error) {
	u, err := url.Parse(address)
	if address == "" {
		return manifest(nil)
	}
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not an address that Slack can reach: https and a host, such as https://fedbot.example.com", address)
	}
	return manifest(func(path string) string { return "https://" + u.Host + path })
}

// manifest describes the app that Slack calls at the given addresses; nil: at none.
func manifest(to func(path string) string) ([]byte, error) {
	names := make([]string, len(Scopes))
	for i, s := range Scopes {
		names[i] = s.Name
	}
	type object = map[string]any
	command := object{
		"command": "/federate", "description": "Ask for AWS access for a pipeline, without keys",
		"usage_hint": "request | list | show F-17 | help", "should_escape": false,
	}
	events := object{"bot_events": []string{"app_home_opened"}}
	interactivity := object{"is_enabled": true}
	if to != nil {
		command["url"], events["request_url"] = to("/slack/commands"), to("/slack/events")
		interactivity["request_url"], interactivity["message_menu_options_url"] = to("/slack/interactions"), to("/slack/interactions")
	}
	return json.MarshalIndent(object{
		"_metadata": object{"major_version": 2},
		"display_information": object{
			"name":             "fedbot",
			"description":      "Lets Azure DevOps pipelines into AWS without access keys",
			"background_color": "#0b5d6b",
		},
		"features": object{
			"app_home":       object{"home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": true},
			"bot_user":       object{"display_name": "fedbot", "always_online": true},
			"slash_commands": []object{command},
		},
		"oauth_config": object{"scopes": object{"bot": names}},
		"settings": object{
			"event_subscriptions": events, "interactivity": interactivity,
			"org_deploy_enabled": false, "socket_mode_enabled": to == nil, "token_rotation_enabled": false,
		},
	}, "", "  ")
}

// CreateAppLink opens Slack's create-app page with the manifest filled in.
func CreateAppLink(manifest []byte) (string, error) {
	var small bytes.Buffer
	if err := json.Compact(&small, manifest); err != nil {
		return "", fmt.Errorf("link to Slack's create-app page: %w", err)
	}
	return "https://api.slack.com/apps?new_app=1&manifest_json=" + url.QueryEscape(small.String()), nil
}
