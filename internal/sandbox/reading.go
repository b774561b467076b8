package sandbox

import (
	"encoding/json"
	"strings"

	emslack "fedbot/internal/emulate/slack"
)

// post is a message with one of its buttons.
type post struct {
	channel, ts, block, action, value string
	text                              string
	message                           emslack.Post
}

// button finds, in what a person sees, the youngest message that has a button
// with this action and whose value speaks of id.
func (s *Sandbox) button(person, action, id string) (post, bool) {
	view := s.slack.Snapshot(person)
	for _, c := range view.Channels {
		for i := len(c.Messages) - 1; i >= 0; i-- {
			m := c.Messages[i]
			for _, e := range elements(m.Blocks) {
				if e.Action == action && strings.Contains(e.Value, id) {
					return post{c.ID, m.TS, e.block, e.Action, e.Value, m.Text, m}, true
				}
			}
		}
	}
	return post{}, false
}

// element is a button, or an option of an overflow menu.
type element struct {
	block  string
	Action string `json:"action_id"`
	Value  string `json:"value"`
}

// elements are the buttons of a message, wherever they stand.
func elements(blocks json.RawMessage) []element {
	var list []struct {
		ID        string `json:"block_id"`
		Elements  []json.RawMessage
		Accessory json.RawMessage
	}
	if json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	var out []element
	for _, b := range list {
		for _, raw := range append(b.Elements, b.Accessory) {
			var e element
			if len(raw) == 0 || json.Unmarshal(raw, &e) != nil || e.Action == "" {
				continue
			}
			e.block = b.ID
			out = append(out, e)
		}
	}
	return out
}
