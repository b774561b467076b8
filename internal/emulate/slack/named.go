package slack

import (
	"encoding/json"
	"strconv"
)

// named fills in the block and action ids that the app left out, as Slack does.
func (s *Server) named(v any) json.RawMessage {
	eachBlock(v, func(b object) {
		if id, _ := b["block_id"].(string); id == "" {
			b["block_id"] = strconv.FormatInt(46656+s.count("block"), 36)
		}
		for _, e := range elementsOf(b) {
			if id, _ := e["action_id"].(string); id == "" && e["type"] != "image" {
				e["action_id"] = strconv.FormatInt(46656+s.count("block"), 36)
			}
		}
	})
	raw, _ := json.Marshal(v) // it was JSON a moment ago
	return raw
}

// eachBlock calls do for every block of a list, and for those that stand in them.
func eachBlock(list any, do func(object)) {
	l, _ := list.([]any)
	for _, b := range l {
		b, ok := b.(object)
		if !ok {
			continue
		}
		do(b)
		switch b["type"] {
		case "container":
			eachBlock(b["child_blocks"], do)
		case "carousel":
			eachBlock(b["elements"], do)
		}
	}
}

// elementsOf returns the interactive elements of a block.
func elementsOf(b object) []object {
	var out []object
	add := func(v any) {
		if o, ok := v.(object); ok {
			out = append(out, o)
		}
	}
	switch b["type"] {
	case "actions", "context_actions":
		l, _ := b["elements"].([]any)
		for _, e := range l {
			add(e)
		}
	case "card":
		l, _ := b["actions"].([]any)
		for _, e := range l {
			add(e)
		}
	case "section":
		add(b["accessory"])
	case "input":
		add(b["element"])
	}
	return out
}
