package slack

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var kindOfType = map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}

func conversationTypes(c *call) []string {
	if c.args["types"] == "" {
		return []string{"public_channel"}
	}
	return strings.Split(strings.ReplaceAll(c.args["types"], " ", ""), ",")
}

// visible says whether the caller can know of a conversation. The observer sees all.
func (c *call) visible(ch Channel) bool { return !c.bot || c.server.sees(ch) }

func (c *call) conversation() (Channel, error) {
	id, err := c.need("channel")
	if err != nil {
		return Channel{}, err
	}
	ch, ok := c.server.channels.Get(id)
	if !ok || !c.visible(ch) {
		return ch, no("channel_not_found")
	}
	return ch, nil
}

func (s *Server) conversation(ch Channel, withCount bool) object {
	if ch.Direct != "" {
		return object{
			"id": ch.ID, "created": 1700000000, "is_im": true, "is_org_shared": false, "is_archived": false,
			"user": ch.Direct, "is_user_deleted": s.person(ch.Direct).Deactivated, "context_team_id": s.o.Seed.Team.ID,
		}
	}
	out := object{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "created": 1700000000, "creator": "",
		"is_channel": !ch.Private, "is_group": ch.Private, "is_im": false, "is_mpim": false, "is_private": ch.Private,
		"is_archived": ch.Archived, "is_general": false, "is_member": ch.Bot, "unlinked": 0,
		"context_team_id": s.o.Seed.Team.ID, "topic": object{"value": ""}, "purpose": object{"value": ""},
	}
	maps.Copy(out, s.shared(ch))
	if withCount {
		out["num_members"] = len(s.members(ch))
	}
	return out
}

func (s *Server) person(id string) Person {
	p, _ := s.people.Get(id)
	return p
}

// members lists who is in a conversation, the app included.
func (s *Server) members(ch Channel) []string {
	out := slices.Clone(ch.Members)
	if ch.Bot {
		out = append(out, s.o.App.BotUser)
	}
	return out
}

func conversationsList(s *Server, c *call) (object, error) {
	kinds := map[string]bool{}
	for _, t := range conversationTypes(c) {
		kind, ok := kindOfType[t]
		if !ok {
			return nil, no("invalid_types")
		}
		kinds[kind] = true
	}
	some, next, err := page(c, slices.DeleteFunc(s.channels.All(), func(ch Channel) bool {
		return !kinds[ch.kind()] || !c.visible(ch) || ch.Archived && c.flag("exclude_archived")
	}), 1000)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, ch := range some {
		list = append(list, s.conversation(ch, true))
	}
	return object{"channels": list, "response_metadata": object{"next_cursor": next}}, nil
}

func conversationsInfo(s *Server, c *call) (object, error) {
	ch, err := c.conversation()
	if err != nil {
		return nil, err
	}
	return object{"channel": s.conversation(ch, c.flag("include_num_members"))}, nil
}

func conversationsMembers(s *Server, c *call) (object, error) {
	ch, err := c.conversation()
	if err != nil {
		return nil, err
	}
	some, next, err := page(c, s.members(ch), 1000)
	if err != nil {
		return nil, err
	}
	return object{"members": append([]string{}, some...), "response_metadata": object{"next_cursor": next}}, nil
}

func conversationsOpen(s *Server, c *call) (object, error) {
	if c.args["channel"] != "" {
		ch, err := c.conversation()
		if err != nil {
			return nil, err
		}
		return object{"channel": object{"id": ch.ID}, "no_op": true, "already_open": true}, nil
	}
	if c.args["users"] == "" {
		return nil, no("users_list_not_supplied")
	}
	if strings.Contains(c.args["users"], ",") {
		return nil, no("method_not_supported_for_channel_type")
	}
	p, ok := s.people.Get(c.args["users"])
	switch {
	case !ok || p.ID == s.o.App.BotUser:
		return nil, no("user_not_found")
	case p.Hidden || p.Stranger:
		return nil, no("user_not_visible")
	case p.Deactivated:
		return nil, no("user_disabled")
	}
	ch := s.direct(p.ID)
	if c.flag("return_im") {
		return object{"channel": s.conversation(ch, false)}, nil
	}
	return object{"channel": object{"id": ch.ID}}, nil
}

// listing shows the messages of a page, with what is known of their threads.
func (s *Server) listing(c *call, channel string, some []string, next string) object {
	list := []object{}
	for _, ts := range some {
		m, _ := s.messages.Get(key(channel, ts))
		o := s.wire(m)
		if c.flag("include_all_metadata") {
			o = s.withMetadata(m)
		}
		if replies := s.index.replies[key(channel, ts)]; len(replies) > 0 {
			o["thread_ts"], o["reply_count"] = m.TS, len(replies)
			o["latest_reply"] = replies[len(replies)-1]
			o["reply_users"], o["reply_users_count"] = []string{s.o.App.BotUser}, 1
		}
		list = append(list, o)
	}
	return object{"messages": list, "has_more": next != "", "response_metadata": object{"next_cursor": next}}
}

func conversationsHistory(s *Server, c *call) (object, error) {
	ch, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if c.bot && !ch.Bot {
		return nil, no("not_in_channel")
	}
	all := between(c, s.index.shown[ch.ID])
	limit, from, err := window(c, 100, 999)
	if err != nil {
		return nil, err
	}
	if from != "" { // the cursor names the newest message of its page, whatever was posted since
		n, found := slices.BinarySearch(all, from)
		if found {
			n++
		}
		all = all[:n]
	}
	rest := all[:max(0, len(all)-limit)]
	some, next := slices.Clone(all[len(rest):]), ""
	slices.Reverse(some) // newest first
	if len(rest) > 0 {
		next = cursor(rest[len(rest)-1])
	}
	return s.listing(c, ch.ID, some, next), nil
}

func conversationsReplies(s *Server, c *call) (object, error) {
	ch, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if c.bot && !ch.Bot {
		return nil, no("channel_not_found") // the documentation knows no not_in_channel here
	}
	ts, err := c.need("ts")
	if err != nil {
		return nil, err
	}
	m, ok := s.messages.Get(key(ch.ID, ts))
	if !ok || m.For != "" {
		return nil, no("thread_not_found")
	}
	limit, from, err := window(c, 999, 999)
	if err != nil {
		return nil, err
	}
	rest := between(c, s.index.replies[key(ch.ID, ts)])
	var some []string
	if from == "" {
		some = append(some, m.TS)
	} else {
		n, _ := slices.BinarySearch(rest, from)
		rest = rest[n:]
	}
	n, next := min(len(rest), limit-len(some)), ""
	if n < len(rest) {
		next = cursor(rest[n])
	}
	return s.listing(c, ch.ID, append(some, rest[:n]...), next), nil
}

// cursor begins a page at a message, so that what is posted between two pages moves
// neither.
func cursor(ts string) string { return base64.StdEncoding.EncodeToString([]byte("next_ts:" + ts)) }

// window is how many messages a page holds and the message that it begins with.
func window(c *call, otherwise, most int) (limit int, from string, err error) {
	if limit = otherwise; c.args["limit"] != "" && c.args["limit"] != "0" {
		if limit, err = strconv.Atoi(c.args["limit"]); err != nil || limit < 1 || limit > most {
			return 0, "", no("invalid_limit")
		}
	}
	if v := c.args["cursor"]; v != "" {
		raw, err := base64.StdEncoding.DecodeString(v)
		ts, ok := strings.CutPrefix(string(raw), "next_ts:")
		if err != nil || !ok {
			return 0, "", no("invalid_cursor")
		}
		from = ts
	}
	return limit, from, nil
}
