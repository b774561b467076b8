package slack

import (
	"fmt"
	"strings"
)

// place finds the conversation that an argument names: an id, a channel's name,
// or a person's id for the direct message with them.
func (s *Server) place(name string) (Channel, bool) {
	if c, ok := s.channels.Get(name); ok {
		return c, s.sees(c)
	}
	if p, ok := s.people.Get(name); ok && p.ID != s.o.App.BotUser {
		return s.direct(p.ID), true
	}
	for _, c := range s.channels.All() {
		if c.Direct == "" && !c.Private && "#"+c.Name == "#"+strings.TrimPrefix(name, "#") {
			return c, true
		}
	}
	return Channel{}, false
}

// sees says whether the app can know of a conversation: private ones only from inside.
func (s *Server) sees(c Channel) bool { return c.Bot || c.kind() == "channels" }

// writable is the conversation that the app may post to.
func (s *Server) writable(c *call) (Channel, error) {
	name, err := c.need("channel")
	if err != nil {
		return Channel{}, err
	}
	ch, ok := s.place(name)
	switch {
	case !ok:
		return ch, no("channel_not_found")
	case ch.Archived:
		return ch, no("is_archived")
	case !ch.Bot:
		return ch, no("not_in_channel")
	}
	return ch, nil
}

// thread returns the thread that a reply goes to. A reply to a message that is not
// there becomes a message of its own, as in Slack.
func (s *Server) thread(channel, ts string) string {
	m, ok := s.messages.Get(key(channel, ts))
	switch {
	case !ok || m.For != "":
		return ""
	case m.ThreadTS != "":
		return m.ThreadTS
	}
	return ts
}

func chatPostMessage(s *Server, c *call) (object, error) {
	ch, err := s.writable(c)
	if err != nil {
		return nil, err
	}
	body, err := s.content(c.args)
	if err != nil {
		return nil, err
	}
	m := s.post(message{
		Channel: ch.ID, ThreadTS: s.thread(ch.ID, c.args["thread_ts"]), Broadcast: c.flag("reply_broadcast"),
	}, body)
	out := object{"channel": ch.ID, "ts": m.TS, "message": s.withMetadata(m)}
	if m.Text != body.text {
		out["warning"] = "message_truncated"
	}
	return out, nil
}

func (s *Server) withMetadata(m message) object {
	out := s.wire(m)
	if m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	return out
}

func chatPostEphemeral(s *Server, c *call) (object, error) {
	ch, err := s.writable(c)
	if err != nil {
		return nil, err
	}
	person, err := c.need("user")
	if err != nil {
		return nil, err
	}
	if !ch.has(person) {
		return nil, no("user_not_in_channel")
	}
	if len([]rune(c.args["text"])) > mostText {
		return nil, no("msg_too_long")
	}
	delete(c.args, "metadata") // not an argument here
	body, err := s.content(c.args)
	if err != nil {
		return nil, err
	}
	m := s.post(message{Channel: ch.ID, ThreadTS: s.thread(ch.ID, c.args["thread_ts"]), For: person}, body)
	return object{"message_ts": m.TS}, nil
}

// own finds the message of the app that a call is about. Ephemeral messages can't
// be found: nobody can edit them but by their response URL.
func (s *Server) own(c *call) (message, error) {
	name, err := c.need("channel")
	if err != nil {
		return message{}, err
	}
	ts, err := c.need("ts")
	if err != nil {
		return message{}, err
	}
	ch, ok := s.place(name)
	if !ok {
		return message{}, no("channel_not_found")
	}
	m, ok := s.messages.Get(key(ch.ID, ts))
	if !ok || m.For != "" || m.Gone {
		return message{}, no("message_not_found")
	}
	return m, nil
}

func chatUpdate(s *Server, c *call) (object, error) {
	m, err := s.own(c)
	if err != nil {
		return nil, err
	}
	if len([]rune(c.args["text"])) > mostText {
		return nil, no("msg_too_long")
	}
	body, err := s.content(c.args)
	if err != nil {
		return nil, err
	}
	m = s.edit(m, body)
	return object{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": s.withMetadata(m)}, nil
}

func chatDelete(s *Server, c *call) (object, error) {
	m, err := s.own(c)
	if err != nil {
		return nil, err
	}
	s.remove(m)
	return object{"channel": m.Channel, "ts": m.TS}, nil
}

func chatGetPermalink(s *Server, c *call) (object, error) {
	name, err := c.need("channel")
	if err != nil {
		return nil, err
	}
	ts, err := c.need("message_ts")
	if err != nil {
		return nil, err
	}
	ch, ok := s.channels.Get(name)
	if !ok || !s.sees(ch) {
		return nil, no("channel_not_found")
	}
	m, ok := s.messages.Get(key(name, ts))
	if !ok || m.For != "" {
		return nil, no("message_not_found")
	}
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", s.o.Seed.Team.Domain, name, strings.ReplaceAll(ts, ".", ""))
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + name
	}
	return object{"channel": name, "permalink": link}, nil
}
