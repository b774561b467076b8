package slack

import (
	"regexp"
	"slices"
	"strings"
)

// What an app's manifest may say, as far as this workspace can give it: app home, bot
// user and slash commands. Beyond Slack's published schema it wants scopes and events
// that exist and addresses where deliveries need them, as Slack's own settings do.

var (
	httpPattern    = regexp.MustCompile(`^https?://`)
	commandPattern = regexp.MustCompile(`^/\S+$`)
	colorPattern   = regexp.MustCompile(`^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$`)

	// botScopes are those of the methods here, and of events that an app can subscribe to.
	botScopes = strings.Fields(`app_mentions:read channels:history channels:read chat:write commands files:read files:write
		groups:history groups:read im:history im:read im:write mpim:history mpim:read mpim:write team:read usergroups:read
		users:read users:read.email`)
	// botEvents are the events of an app, each with the scope that it takes.
	botEvents = map[string]string{
		"app_home_opened": "", "app_uninstalled": "", "tokens_revoked": "", "app_mention": "app_mentions:read",
		"message.channels": "channels:history", "message.groups": "groups:history", "message.im": "im:history",
		"subteam_created": "usergroups:read", "subteam_members_changed": "usergroups:read", "subteam_updated": "usergroups:read",
		"user_change": "users:read", "team_join": "users:read", "member_joined_channel": "channels:read",
	}
)

func address(c *checker, at string, v any) {
	text(1, 3000)(c, at, v)
	pattern(httpPattern)(c, at, v)
}

var manifestRule = shape("display_information", fields{
	"_metadata": shape("", fields{"major_version": number(1, 2), "minor_version": number(0, noLimit)}),
	"display_information": shape("name", fields{
		"name": text(1, 35), "description": text(1, 140), "long_description": text(175, 4000), "background_color": pattern(colorPattern),
	}),
	"features": shape("", fields{
		"app_home": shape("", fields{"home_tab_enabled": boolean, "messages_tab_enabled": boolean, "messages_tab_read_only_enabled": boolean}),
		"bot_user": shape("display_name", fields{"display_name": text(1, 80), "always_online": boolean}),
		"slash_commands": list(1, 50, shape("command description", fields{
			"command": manifestCommand, "description": text(1, 2000), "url": address, "usage_hint": text(1, 1000), "should_escape": boolean,
		})),
	}),
	"oauth_config": shape("", fields{
		"redirect_urls": list(0, 1000, address), "token_management_enabled": boolean, "pkce_enabled": boolean,
		"scopes": shape("", fields{"bot": list(0, 255, scope), "user": list(0, 255, scope)}),
	}),
	"settings": shape("", fields{
		"event_subscriptions": shape("", fields{"request_url": address, "bot_events": list(0, 100, event)}),
		"interactivity":       shape("is_enabled", fields{"is_enabled": boolean, "request_url": address, "message_menu_options_url": address}),
		"org_deploy_enabled":  boolean, "socket_mode_enabled": boolean, "token_rotation_enabled": boolean, "is_hosted": boolean,
		"allowed_ip_address_ranges": list(1, 10, text(1, 45)),
	}),
}).and(manifestMakesSense)

func manifestCommand(c *checker, at string, v any) {
	text(2, 32)(c, at, v)
	pattern(commandPattern)(c, at, v)
}

func scope(c *checker, at string, v any) {
	if t, _ := v.(string); !slices.Contains(botScopes, t) {
		c.bad(at, "no such scope")
	}
}

func event(c *checker, at string, v any) {
	t, _ := v.(string)
	if _, ok := botEvents[t]; !ok {
		c.bad(at, "no such event")
	}
}

// at follows keys into nested objects.
func at(o object, keys ...string) any {
	var v any = o
	for _, k := range keys {
		o, _ := v.(object)
		v = o[k]
	}
	return v
}

func manifestMakesSense(c *checker, root string, o object) {
	bot, _ := at(o, "oauth_config", "scopes", "bot").([]any)
	if len(bot) > 0 && at(o, "features", "bot_user") == nil {
		c.bad(root+"/features", "bot scopes need a bot_user")
	}
	events, _ := at(o, "settings", "event_subscriptions", "bot_events").([]any)
	for i, e := range events {
		name, _ := e.(string)
		if needed := botEvents[name]; needed != "" && !slices.Contains(bot, any(needed)) {
			c.bad(root+"/settings/event_subscriptions/bot_events", "event %d needs the scope %s", i, needed)
		}
	}
	commands, _ := at(o, "features", "slash_commands").([]any)
	if len(commands) > 0 && !slices.Contains(bot, any("commands")) {
		c.bad(root+"/features/slash_commands", "slash commands need the scope commands")
	}
	if at(o, "settings", "socket_mode_enabled") == true {
		return
	}
	for _, v := range commands {
		if v, ok := v.(object); ok && v["url"] == nil {
			c.bad(root+"/features/slash_commands", "a command needs a url without Socket Mode")
		}
	}
	if len(events) > 0 && at(o, "settings", "event_subscriptions", "request_url") == nil {
		c.bad(root+"/settings/event_subscriptions", "events need a request_url without Socket Mode")
	}
	if at(o, "settings", "interactivity", "is_enabled") == true && at(o, "settings", "interactivity", "request_url") == nil {
		c.bad(root+"/settings/interactivity", "interactivity needs a request_url without Socket Mode")
	}
}

func appsManifestValidate(_ *Server, c *call) (object, error) {
	raw, err := c.need("manifest")
	if err != nil {
		return nil, err
	}
	v, err := decode(raw)
	if err != nil {
		return nil, no("invalid_manifest", "the manifest must be JSON")
	}
	check := &checker{}
	manifestRule(check, "", v)
	if len(check.problems) == 0 {
		return object{}, nil
	}
	var errs []object
	for _, p := range check.problems {
		errs = append(errs, object{"message": p.Message, "pointer": p.Pointer})
	}
	return nil, &apiError{code: "invalid_manifest", more: object{"errors": errs}}
}

// Manifest is the manifest of the app that is installed here.
func (s *Server) Manifest() map[string]any {
	command := object{"command": s.o.App.Command, "description": "Ask " + s.o.App.Name, "should_escape": true}
	events := object{"bot_events": []any{"app_home_opened"}}
	interactivity := object{"is_enabled": true}
	on := s.Sockets()
	if !on {
		command["url"], events["request_url"] = s.o.App.CommandsURL(), s.o.App.EventsURL()
		interactivity["request_url"] = s.o.App.InteractionsURL()
	}
	return object{
		"_metadata":           object{"major_version": 1, "minor_version": 1},
		"display_information": object{"name": s.o.App.Name},
		"features": object{
			"app_home": object{"home_tab_enabled": true, "messages_tab_enabled": false},
			"bot_user": object{"display_name": s.o.App.Name}, "slash_commands": []any{command},
		},
		"oauth_config": object{"scopes": object{"bot": s.o.App.Scopes}},
		"settings": object{
			"event_subscriptions": events, "interactivity": interactivity, "org_deploy_enabled": s.o.App.OrgInstall,
			"socket_mode_enabled": on, "token_rotation_enabled": false,
		},
	}
}
