package bot

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// limits checks blocks as Slack does, on their JSON: counts, lengths, and no empty
// text.
func limits(blocks []slack.Block, most int) []string {
	var wrong []string
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(blocks) == 0 || len(blocks) > most {
		bad("%d blocks", len(blocks))
	}
	for i, b := range blocks {
		raw, err := json.Marshal(b)
		if err != nil {
			bad("block %d: %v", i, err)
			continue
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			bad("block %d: %v", i, err)
			continue
		}
		at := fmt.Sprintf("block %d (%s)", i, v["type"])
		switch v["type"] {
		case "header":
			length(bad, at, v["text"], 150)
		case "section":
			if v["text"] == nil && v["fields"] == nil {
				bad("%s says nothing", at)
			}
			length(bad, at, v["text"], 3000)
			list(bad, at, v["fields"], 10, 2000)
		case "context":
			list(bad, at, v["elements"], 10, 2000)
		case "actions":
			elements, _ := v["elements"].([]any)
			if len(elements) == 0 || len(elements) > 25 {
				bad("%s has %d elements", at, len(elements))
			}
			for _, e := range elements {
				element(bad, at, e)
			}
		case "input":
			length(bad, at, v["label"], 2000)
			length(bad, at, v["hint"], 2000)
			element(bad, at, v["element"])
		case "rich_text", "divider":
		default:
			bad("%s: a type that is not used here", at)
		}
		if id, _ := v["block_id"].(string); len(id) > 255 {
			bad("%s: block id has %d characters", at, len(id))
		}
	}
	return wrong
}

func length(bad func(string, ...any), at string, text any, most int) {
	o, ok := text.(map[string]any)
	if !ok {
		return
	}
	s, _ := o["text"].(string)
	if n := utf8.RuneCountInString(s); n == 0 || n > most {
		bad("%s: a text has %d characters, not 1 to %d", at, n, most)
	}
}

func list(bad func(string, ...any), at string, texts any, most, each int) {
	all, _ := texts.([]any)
	if texts != nil && (len(all) == 0 || len(all) > most) {
		bad("%s has %d texts", at, len(all))
	}
	for _, t := range all {
		length(bad, at, t, each)
	}
}

func element(bad func(string, ...any), at string, v any) {
	e, _ := v.(map[string]any)
	length(bad, at, e["placeholder"], 150)
	if e["type"] == "button" {
		length(bad, at, e["text"], 75)
	}
	for key, most := range map[string]int{"action_id": 255, "value": 2000, "url": 3000, "accessibility_label": 75} {
		if s, _ := e[key].(string); utf8.RuneCountInString(s) > most {
			bad("%s: %s has more than %d characters", at, key, most)
		}
	}
	options, _ := e["options"].([]any)
	if len(options) > 100 || e["type"] == "radio_buttons" && len(options) > 10 {
		bad("%s has %d options", at, len(options))
	}
	for _, o := range options {
		option, _ := o.(map[string]any)
		length(bad, at, option["text"], 75)
		length(bad, at, option["description"], 75)
		if s, _ := option["value"].(string); s == "" || len(s) > 150 {
			bad("%s: an option's value has %d characters", at, len(s))
		}
	}
}
