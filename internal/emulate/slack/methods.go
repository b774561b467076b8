package slack

import "strings"

var observerScopes = []string{
	"channels:history", "channels:read", "groups:history", "groups:read", "im:history", "im:read", "mpim:history",
	"mpim:read", "usergroups:read", "users:read", "users:read.email",
}

var appScopes = []string{"connections:write"}

// Tiers of Slack's rate limits, in calls a minute.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
)

func scopes(all ...string) func(*call) []string {
	return func(*call) []string { return all }
}

// ofConversation is for scopes that depend on what kind of conversation it is.
func ofConversation(suffix string) func(*call) []string {
	return func(c *call) []string {
		ch, ok := c.server.channels.Get(c.args["channel"])
		if !ok {
			return nil // the method itself says channel_not_found
		}
		return []string{ch.kind() + suffix}
	}
}

func ofTypes(c *call) []string {
	var out []string
	for _, t := range conversationTypes(c) {
		if prefix, ok := kindOfType[t]; ok {
			out = append(out, prefix+":read")
		}
	}
	return out
}

func forOpening(c *call) []string {
	if strings.Contains(c.args["users"], ",") {
		return []string{"mpim:write"}
	}
	return []string{"im:write"}
}

// wrongLimit is for methods that page and whose documentation knows no invalid_limit.
var wrongLimit = map[string]string{"invalid_limit": "invalid_arguments"}

// methods is the Web API. What is not here is an unknown_method.
var methods = map[string]method{
	"api.test":        {open: true, json: true, run: apiTest},
	"auth.test":       {json: true, run: authTest},
	"blocks.validate": {open: true, json: true, run: blocksValidate},

	"apps.manifest.validate": {tier: tier3, token: configToken, json: true, run: appsManifestValidate},
	"apps.connections.open":  {tier: tier3, token: appToken, json: true, scopes: scopes("connections:write"), run: appsConnectionsOpen},

	"chat.postMessage": {tier: perChannel, json: true, scopes: scopes("chat:write"), run: chatPostMessage,
		instead: map[string]string{"invalid_attachments": "invalid_arguments"}},
	"chat.postEphemeral": {tier: tier4, json: true, scopes: scopes("chat:write"), run: chatPostEphemeral,
		instead: map[string]string{"msg_blocks_too_long": "msg_too_long"}},
	"chat.update": {tier: tier3, json: true, scopes: scopes("chat:write"), run: chatUpdate,
		instead: map[string]string{"msg_blocks_too_long": "msg_too_long"}},
	"chat.delete":       {tier: tier3, json: true, scopes: scopes("chat:write"), run: chatDelete},
	"chat.getPermalink": {run: chatGetPermalink},

	"views.open":    {tier: tier4, json: true, run: viewsOpen},
	"views.push":    {tier: tier4, json: true, run: viewsPush},
	"views.update":  {tier: tier4, json: true, run: viewsUpdate},
	"views.publish": {tier: tier4, json: true, run: viewsPublish},

	"users.info":            {tier: tier4, scopes: scopes("users:read"), run: usersInfo},
	"users.list":            {tier: tier2, scopes: scopes("users:read"), run: inTeam(usersList), instead: wrongLimit},
	"users.lookupByEmail":   {tier: tier3, scopes: scopes("users:read.email"), run: usersLookupByEmail},
	"usergroups.list":       {tier: tier2, scopes: scopes("usergroups:read"), run: inTeam(usergroupsList)},
	"usergroups.users.list": {tier: tier2, scopes: scopes("usergroups:read"), run: inTeam(usergroupsUsersList), instead: map[string]string{"missing_argument": "invalid_arguments"}},

	"conversations.list":    {tier: tier2, scopes: ofTypes, run: inTeam(conversationsList)},
	"conversations.info":    {tier: tier3, scopes: ofConversation(":read"), run: conversationsInfo},
	"conversations.members": {tier: tier4, scopes: ofConversation(":read"), run: conversationsMembers},
	"conversations.open":    {tier: tier3, json: true, scopes: forOpening, run: conversationsOpen},
	"conversations.history": {tier: tier3, scopes: ofConversation(":history"), run: conversationsHistory, instead: wrongLimit},
	"conversations.replies": {tier: tier3, scopes: ofConversation(":history"), run: conversationsReplies, instead: wrongLimit},

	"files.getUploadURLExternal": {tier: tier4, scopes: scopes("files:write"), run: filesGetUploadURL},
	"files.completeUploadExternal": {tier: tier4, json: true, scopes: scopes("files:write"), run: filesCompleteUpload,
		instead: map[string]string{"invalid_blocks_format": "invalid_blocks", "msg_blocks_too_long": "invalid_blocks", "no_text": "invalid_blocks"}},
}

func apiTest(_ *Server, c *call) (object, error) {
	if code := c.args["error"]; code != "" {
		return nil, &apiError{code: code, more: object{"args": c.args}}
	}
	return object{"args": c.args}, nil
}

func authTest(s *Server, c *call) (object, error) {
	out := object{
		"url": "https://" + s.o.Seed.Team.Domain + ".slack.com/", "team": s.o.Seed.Team.Name, "team_id": s.o.Seed.Team.ID,
		"is_enterprise_install": s.o.App.OrgInstall, "user": "observer", "user_id": "U0OBSERVER",
	}
	if id := s.o.Seed.Team.Enterprise; id != "" {
		out["enterprise_id"] = id
	}
	if c.bot {
		out["user"], out["user_id"], out["bot_id"] = s.o.App.Name, s.o.App.BotUser, s.o.App.BotID
	}
	return out, nil
}

func blocksValidate(_ *Server, c *call) (object, error) {
	var problems []problem
	given := 0
	for _, name := range []string{"blocks", "view", "message"} {
		raw, ok := c.args[name]
		if !ok {
			continue
		}
		given++
		v, err := decode(raw)
		o, _ := v.(object)
		switch {
		case err != nil:
			problems = append(problems, problem{"", "must be valid JSON"})
		case name == "view":
			problems = checkView("", v)
		case name == "message":
			problems = checkBlocks("message", "/blocks", o["blocks"])
		default:
			problems = checkBlocks("message", "", v)
		}
	}
	if given != 1 {
		return nil, no("invalid_arguments", "must provide exactly one of `blocks`, `view`, or `message`")
	}
	if len(problems) == 0 {
		return object{}, nil
	}
	var errs []object
	for _, p := range problems {
		errs = append(errs, object{"pointer": p.Pointer, "code": "failed_constraint", "message": p.Message})
	}
	return nil, &apiError{code: "invalid_blocks", more: object{"errors": errs}}
}
