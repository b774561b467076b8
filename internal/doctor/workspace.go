package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// client is the part of Slack's Web API that is read here. *slack.Client is one.
type client interface {
	AuthTestContext(ctx context.Context) (*slack.AuthTestResponse, error)
	GetConversationInfoContext(ctx context.Context, in *slack.GetConversationInfoInput) (*slack.Channel, error)
	GetUsersInConversationContext(ctx context.Context, in *slack.GetUsersInConversationParameters) ([]string, string, error)
}

// directory knows people and groups, as the engine does.
type directory interface {
	Members(ctx context.Context, group string) ([]workflows.Actor, error)
	Person(ctx context.Context, a workflows.Actor) (workflows.Person, error)
}

// Workspace is Slack as the configuration describes it.
type Workspace struct {
	Client    client
	Directory directory
	User      func(workflows.Actor) string // the user id in an actor
	Team      string
	Scopes    map[string]string // name to reason: those of the manifest
	Rules     workflows.Rules
	Now       func() time.Time
	Socket    func(context.Context) error // asks Slack for a socket; nil: Slack is heard over HTTP
}

// skewed is how far the clock may be off before Slack's requests are in danger:
// they are refused when they are five minutes old.
const skewed = 5 * time.Second

func (s Workspace) examine(ctx context.Context, c *chart) {
	me, err := s.Client.AuthTestContext(ctx)
	if err != nil {
		c.fail("token", "", "Slack did not take the bot's token: "+reason(err),
			"put the Bot User OAuth Token of the app (OAuth & Permissions) where slack.bot_token points", "everything in Slack")
		c.skip("channels and groups", "", "not read without a token")
		return
	}
	if me.TeamID != s.Team {
		c.fail("token", me.Team, fmt.Sprintf("the token belongs to workspace %s (%s), and slack.team is %s", me.Team, me.TeamID, s.Team),
			"set slack.team to "+me.TeamID+", or use the token of the other workspace", "everything in Slack: nobody of that workspace is listened to")
	} else {
		c.ok("token", me.Team, "token of %s in %s", me.User, strings.TrimSuffix(strings.TrimPrefix(me.URL, "https://"), "/"))
	}
	s.scopes(c, me.Header)
	s.clock(c, me.Header)
	s.socket(ctx, c)
	reached := s.channels(ctx, c)
	s.groups(ctx, c, reached)
	s.delegates(ctx, c)
}

func (s Workspace) scopes(c *chart, header http.Header) {
	said := header.Get("X-OAuth-Scopes")
	if said == "" {
		c.skip("scopes", "", "Slack did not say which scopes the token has")
		return
	}
	var have, missing, extra []string
	for _, name := range strings.Split(said, ",") {
		have = append(have, strings.TrimSpace(name))
	}
	for name, why := range s.Scopes {
		if !slices.Contains(have, name) {
			missing = append(missing, name+" ("+why+")")
		}
	}
	for _, name := range have {
		if _, known := s.Scopes[name]; !known {
			extra = append(extra, name)
		}
	}
	slices.Sort(missing)
	slices.Sort(extra)
	again := "in the app's settings, OAuth & Permissions, then install it again"
	if len(missing) > 0 {
		c.fail("scopes", "", fmt.Sprintf("%d of %d scopes; missing: %s", len(s.Scopes)-len(missing), len(s.Scopes), names(missing)),
			"add them "+again, "what each of them is for")
	}
	if len(extra) > 0 {
		c.warn("scopes", "", "the token may do more than fedbot ever needs: "+names(extra), "take them away "+again)
	}
	if len(missing)+len(extra) == 0 {
		c.ok("scopes", "", "%d of %d scopes, none that is not needed", len(s.Scopes), len(s.Scopes))
	}
}

func (s Workspace) clock(c *chart, header http.Header) {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		c.skip("clock", "", "Slack did not say what time it is")
		return
	}
	off := s.Now().Sub(theirs).Abs().Round(time.Second)
	if off > skewed {
		c.warn("clock", "", fmt.Sprintf("the clock here is %s away from Slack's; at 5 minutes every request of Slack's is refused", off), "set the clock, or let NTP do it")
		return
	}
	c.ok("clock", "", "%s from Slack's", off)
}

// socket asks for the address of a socket and does not open it.
func (s Workspace) socket(ctx context.Context, c *chart) {
	if s.Socket == nil {
		return
	}
	if err := s.Socket(ctx); err != nil {
		c.fail("socket", "", "Slack did not let fedbot open a socket: "+reason(err),
			"in the app's settings make an app-level token with connections:write and put it where slack.app_token points, and switch Socket Mode on",
			"everything that people do in Slack: fedbot does not hear it")
		return
	}
	c.ok("socket", "", "Slack lets fedbot open sockets")
}

// channels looks at every channel where cards are posted and returns who is in
// those that could be read.
func (s Workspace) channels(ctx context.Context, c *chart) map[string][]string {
	reached := map[string][]string{}
	posted := map[string]string{s.Rules.Channel: "requests whose project and account name no other channel"}
	for _, p := range s.Rules.Projects {
		if p.Channel != "" {
			posted[p.Channel] = "requests of project " + p.Name
		}
	}
	for _, a := range s.Rules.Accounts {
		if a.Channel != "" {
			posted[a.Channel] = "requests for account " + a.Name
		}
	}
	for _, r := range s.Rules.Approvals {
		if r.Channel != "" {
			posted[r.Channel] = "requests that rule " + r.Name + " is about"
		}
	}
	for _, id := range sorted(posted) {
		ch, err := s.Client.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		switch {
		case said(err) == "channel_not_found":
			c.fail("channel", id, "there is no channel "+id+", or it is private and fedbot is not in it",
				"in the channel, type  /invite @fedbot  ; its id is at the end of its details", posted[id])
		case err != nil:
			c.fail("channel", id, "channel "+id+" could not be read: "+reason(err), "try again; if it lasts, look at the scopes above", "not known: "+posted[id])
		case ch.IsArchived:
			c.fail("channel", "#"+ch.Name, "#"+ch.Name+" is archived", "unarchive it, or name another channel", posted[id])
		case !ch.IsMember:
			c.fail("channel", "#"+ch.Name, "fedbot is not a member of #"+ch.Name+", so its cards cannot be posted",
				"in that channel, type  /invite @fedbot", posted[id])
		case ch.IsExtShared || ch.IsPendingExtShared:
			c.warn("channel", "#"+ch.Name, "#"+ch.Name+" is shared with another workspace: its people read every card, and cannot decide",
				"use a channel that is not shared")
			reached[id] = s.inside(ctx, id)
		default:
			c.ok("channel", "#"+ch.Name, "#%s: fedbot is a member", ch.Name)
			reached[id] = s.inside(ctx, id)
		}
	}
	return reached
}

// inside is who is in a channel; nil where that could not be read.
func (s Workspace) inside(ctx context.Context, id string) []string {
	all := []string{}
	for cursor := ""; ; {
		some, next, err := s.Client.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: id, Cursor: cursor, Limit: 1000})
		if err != nil {
			return nil
		}
		all = append(all, some...)
		if cursor = next; cursor == "" {
			return all
		}
	}
}

// duty is what a group has to do.
type duty struct {
	need    int  // how many of it must be able to decide
	asked   bool // also when one of them asks, who cannot decide then
	channel string
	of      string
}

// duties are all groups that the rules name.
func (s Workspace) duties() map[string]duty {
	out := map[string]duty{}
	add := func(group string, need int, asked bool, channel, of string) {
		if group == "" {
			return
		}
		d, ok := out[group]
		if !ok || need > d.need {
			d.need, d.of = need, of
		}
		d.asked = d.asked || asked
		if channel != "" {
			d.channel = channel
		}
		out[group] = d
	}
	at := func(channel string) string {
		if channel == "" {
			return s.Rules.Channel
		}
		return channel
	}
	for _, p := range s.Rules.Projects {
		add(p.Owners, 1, false, at(p.Channel), "owns project "+p.Name)
		for _, g := range p.Ask {
			add(g, 0, false, "", "may ask for project "+p.Name)
		}
	}
	for _, a := range s.Rules.Accounts {
		add(a.Owners, 1, true, at(a.Channel), "owns account "+a.Name)
	}
	for _, r := range s.Rules.Approvals {
		for _, st := range r.Stages {
			add(st.Group, st.Count, true, r.Channel, "decides by rule "+r.Name)
			for _, x := range st.Escalate {
				add(x.Group, 0, false, "", "is called by rule "+r.Name+" when nobody decides in time")
			}
		}
	}
	add(s.Rules.Administrators, 0, false, "", "runs fedbot")
	add(s.Rules.Auditors, 0, false, "", "may read everything")
	return out
}

func (s Workspace) groups(ctx context.Context, c *chart, reached map[string][]string) {
	duties := s.duties()
	whole := 0
	for _, group := range sorted(duties) {
		if s.group(ctx, c, group, duties[group], reached) {
			whole++
		}
	}
	if whole > 0 {
		c.ok("groups", "", "%d of %d user groups: enough full members, all of them reached", whole, len(duties))
	}
}

// group looks at one group and reports whether all is well with it.
func (s Workspace) group(ctx context.Context, c *chart, name string, d duty, reached map[string][]string) bool {
	members, err := s.Directory.Members(ctx, name)
	if err != nil {
		c.fail("group", name, "who is in "+name+" could not be read, and unread counts as no: "+reason(err), "try again; if it lasts, look at the scopes above", "what "+name+" decides")
		return false
	}
	var full, not []string
	for _, m := range members {
		p, err := s.Directory.Person(ctx, m)
		switch refused := (*workflows.Refusal)(nil); {
		case errors.As(err, &refused):
			not = append(not, s.User(m))
		case err != nil:
			c.fail("group", name, "a member of "+name+" could not be read: "+reason(err), "try again", "what "+name+" decides")
			return false
		default:
			full = append(full, s.User(p.Actor))
		}
	}
	switch {
	case len(full) == 0 && d.need > 0:
		c.fail("group", name, "nobody is in "+name+", which "+d.of+", or there is no such group", "make the user group "+name+" in Slack and put full members into it", "every request that it decides")
		return false
	case len(full) < d.need:
		c.fail("group", name, fmt.Sprintf("%s %s and %d must decide", name, has(len(full)), d.need), "add members to "+name, "every request that it decides")
		return false
	case len(full) == 0:
		c.warn("group", name, "nobody is in "+name+", which "+d.of, "make the user group, or name another")
		return false
	case d.asked && len(full) == d.need:
		c.warn("group", name, fmt.Sprintf("%s %s, just as many as must decide: when one of them asks, nobody can approve", name, has(len(full))), "add a member to "+name)
		return false
	}
	if len(not) > 0 {
		c.warn("group", name, fmt.Sprintf("%s of %s can never decide: guests, bots, deactivated or of another workspace", count(len(not), "member", "members"), name), "take them out of "+name)
		return false
	}
	inside, read := reached[d.channel], reached[d.channel] != nil
	outside := 0
	for _, u := range full {
		if read && !slices.Contains(inside, u) {
			outside++
		}
	}
	if d.need > 0 && outside > 0 {
		c.warn("group", name, fmt.Sprintf("%d of %s of %s not in the channel where it decides, so a mention does not reach them", outside, count(len(full), "person", "people"), name+are(outside)), "invite them to "+d.channel)
		return false
	}
	return true
}

func are(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

func has(n int) string { return "has " + count(n, "full member", "full members") }

func said(err error) string {
	var answer slack.SlackErrorResponse
	if errors.As(err, &answer) {
		return answer.Err
	}
	return ""
}

// reason is Slack's own word, or that there was none. Other errors may hold an
// address with a token in it.
func reason(err error) string {
	if word := said(err); word != "" {
		return word
	}
	if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
		return "too many calls; Slack asks to wait " + limited.RetryAfter.String()
	}
	return "no answer that could be read"
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
