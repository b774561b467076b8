package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// message is one post in a conversation.
type message struct {
	Channel     string          `json:"channel"`
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"`
	Broadcast   bool            `json:"reply_broadcast,omitempty"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Files       []string        `json:"files,omitempty"`
	Edited      string          `json:"edited,omitempty"` // ts of the last edit
	For         string          `json:"for,omitempty"`    // ephemeral: the one person who sees it
	Gone        bool            `json:"gone,omitempty"`   // deleted, but its thread is still there
}

func key(channel, ts string) string { return channel + "/" + ts }

// content is what a post says, checked and with the ids that Slack would fill in.
type content struct {
	text                          string
	blocks, attachments, metadata json.RawMessage
	hasBlocks, hasMetadata        bool
}

const (
	mostText     = 40000 // characters
	mostBlocks   = 13000 // characters of text over all blocks
	mostMetadata = 16 << 10
)

// content reads text, blocks, attachments and metadata of a post.
func (s *Server) content(args map[string]string) (content, error) {
	if err := spell(args); err != nil {
		return content{}, err
	}
	c := content{text: args["text"]}
	if raw, ok := args["blocks"]; ok && raw != "" {
		v, err := decode(raw)
		if !isListOfObjects(v) || err != nil {
			return c, no("invalid_blocks_format")
		}
		if err := refused("invalid_blocks", checkBlocks("message", "/blocks", v)); err != nil {
			return c, err
		}
		if characters(v) > mostBlocks {
			return c, no("msg_blocks_too_long")
		}
		c.hasBlocks = true
		if len(v.([]any)) > 0 {
			c.blocks = s.named(v)
		}
	}
	if err := s.attachments(&c, args["attachments"]); err != nil {
		return c, err
	}
	if err := c.readMetadata(args["metadata"]); err != nil {
		return c, err
	}
	if c.text == "" && c.blocks == nil && c.attachments == nil {
		return c, no("no_text")
	}
	return c, nil
}

// spell turns markdown_text into the block and the text that it becomes.
func spell(args map[string]string) error {
	markdown := args["markdown_text"]
	switch {
	case markdown == "":
		return nil
	case args["text"] != "" || args["blocks"] != "":
		return no("markdown_text_conflict")
	}
	raw, err := json.Marshal([]object{{"type": "markdown", "text": markdown}})
	args["text"], args["blocks"] = markdown, string(raw)
	return err
}

func isListOfObjects(v any) bool {
	l, ok := v.([]any)
	return ok && !slices.ContainsFunc(l, func(v any) bool { _, ok := v.(object); return !ok })
}

func (s *Server) attachments(c *content, raw string) error {
	if raw == "" {
		return nil
	}
	v, err := decode(raw)
	if err != nil || !isListOfObjects(v) {
		return no("invalid_attachments")
	}
	l := v.([]any)
	if len(l) > 100 {
		return no("too_many_attachments")
	}
	for i, a := range l {
		inner, ok := a.(object)["blocks"]
		if !ok {
			continue
		}
		at := fmt.Sprintf("/attachments/%d/blocks", i)
		if err := refused("invalid_attachments", checkBlocks("message", at, inner)); err != nil {
			return err
		}
		a.(object)["blocks"] = s.named(inner)
	}
	if len(l) > 0 {
		c.attachments, err = json.Marshal(v)
	}
	return err
}

func (c *content) readMetadata(raw string) error {
	if raw == "" {
		return nil
	}
	v, err := decode(raw)
	o, ok := v.(object)
	if err != nil || !ok {
		return no("invalid_metadata_format")
	}
	if len(raw) > mostMetadata {
		return no("metadata_too_large")
	}
	c.hasMetadata = true
	if len(o) == 0 {
		return nil // an empty object takes metadata away
	}
	name, _ := o["event_type"].(string)
	if _, ok := o["event_payload"].(object); name == "" || !ok {
		return no("invalid_metadata_schema")
	}
	c.metadata = json.RawMessage(raw)
	return nil
}

// post stores a new message and returns it.
func (s *Server) post(m message, c content) message {
	m.TS = s.timestamp()
	m.Text, m.Blocks, m.Attachments, m.Metadata = c.text, c.blocks, c.attachments, c.metadata
	if utf8.RuneCountInString(m.Text) > mostText {
		m.Text = string([]rune(m.Text)[:mostText])
	}
	s.keep(s.messages.Put(key(m.Channel, m.TS), m))
	s.index.add(m)
	return m
}

// edit replaces what a message says. Metadata stays unless new metadata is given;
// blocks and attachments go when they are not given again.
func (s *Server) edit(m message, c content) message {
	m.Text, m.Blocks, m.Attachments = c.text, c.blocks, c.attachments
	if c.hasMetadata {
		m.Metadata = c.metadata
	}
	m.Edited = s.timestamp()
	s.keep(s.messages.Put(key(m.Channel, m.TS), m))
	return m
}

// remove deletes a message; one with replies leaves its place behind.
func (s *Server) remove(m message) {
	if m.ThreadTS == "" && len(s.index.replies[key(m.Channel, m.TS)]) > 0 {
		s.keep(s.messages.Put(key(m.Channel, m.TS), message{
			Channel: m.Channel, TS: m.TS, Text: "This message was deleted.", Gone: true,
		}))
		return
	}
	s.keep(s.messages.Delete(key(m.Channel, m.TS)))
	s.index.drop(m)
}

// wire is a message as the API and deliveries show it.
func (s *Server) wire(m message) object {
	out := object{"type": "message", "ts": m.TS, "text": m.Text, "team": s.o.Seed.Team.ID}
	if m.Gone {
		out["subtype"], out["user"], out["hidden"] = "tombstone", "USLACKBOT", true
		return out
	}
	out["user"], out["bot_id"], out["app_id"] = s.o.App.BotUser, s.o.App.BotID, s.o.App.ID
	out["bot_profile"] = object{
		"id": s.o.App.BotID, "app_id": s.o.App.ID, "name": s.o.App.Name, "team_id": s.o.Seed.Team.ID, "deleted": false,
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.Attachments != nil {
		out["attachments"] = m.Attachments
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if m.Edited != "" {
		out["edited"] = object{"user": s.o.App.BotUser, "ts": m.Edited}
	}
	if len(m.Files) > 0 {
		out["files"] = s.fileObjects(m.Files)
	}
	return out
}
