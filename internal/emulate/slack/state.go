package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Value is what a person entered in one element: a string (text, the value of an
// option, a date, a person's id), a list of strings (checkboxes, multi selects), or
// the object of Slack's own state for what neither can say (rich text).
type Value any

// state is what the elements of one block hold, by action id, in Slack's words.
type state map[string]object

// stateful names, for each element that has a state, the field that holds it.
var stateful = map[string]string{
	"plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
	"rich_text_input": "rich_text_value", "file_input": "files", "checkboxes": "selected_options",
	"radio_buttons": "selected_option", "static_select": "selected_option", "external_select": "selected_option",
	"multi_static_select": "selected_options", "multi_external_select": "selected_options",
	"users_select": "selected_user", "multi_users_select": "selected_users", "channels_select": "selected_channel",
	"multi_channels_select": "selected_channels", "conversations_select": "selected_conversation",
	"multi_conversations_select": "selected_conversations", "datepicker": "selected_date", "timepicker": "selected_time",
	"datetimepicker": "selected_date_time",
}

// initialField is the field of an element that its state begins with.
func initialField(field string) string {
	if name, ok := strings.CutPrefix(field, "selected_"); ok {
		return "initial_" + name
	}
	return "initial_value"
}

func isList(field string) bool { return strings.HasSuffix(field, "s") && field != "value" }

// parts calls do for every interactive element of a list of blocks.
func parts(raw json.RawMessage, do func(block, element object)) {
	v, _ := decode(string(raw)) // it was checked when it came in
	eachBlock(v, func(b object) {
		for _, e := range elementsOf(b) {
			do(b, e)
		}
	})
}

// find returns one element by its ids.
func find(raw json.RawMessage, blockID, actionID string) (block, element object, ok bool) {
	parts(raw, func(b, e object) {
		if b["block_id"] == blockID && e["action_id"] == actionID && !ok {
			block, element, ok = b, e, true
		}
	})
	return block, element, ok
}

func initialState(raw json.RawMessage) map[string]state {
	out := map[string]state{}
	parts(raw, func(b, e object) {
		kind, _ := e["type"].(string)
		field, ok := stateful[kind]
		if !ok {
			return
		}
		value := e[initialField(field)]
		if value == nil && isList(field) {
			value = []any{}
		}
		set(out, b, e, object{"type": kind, field: value})
	})
	return out
}

func set(all map[string]state, block, element, value object) {
	id := block["block_id"].(string)
	if all[id] == nil {
		all[id] = state{}
	}
	all[id][element["action_id"].(string)] = value
}

// carryOver keeps what was entered before in the elements that are still there.
func carryOver(old, next map[string]state, raw json.RawMessage) map[string]state {
	parts(raw, func(b, e object) {
		blockID, _ := b["block_id"].(string)
		actionID, _ := e["action_id"].(string)
		before, ok := old[blockID][actionID]
		if !ok || before["type"] != e["type"] {
			return
		}
		if o, _ := before["selected_option"].(object); o != nil && e["options"] != nil && !offered(optionsOf(e), o) {
			return // the option is gone
		}
		set(next, b, e, before)
	})
	return next
}

// values is the state of a view as deliveries carry it.
func values(v view) map[string]state {
	if v.State == nil {
		return map[string]state{}
	}
	return v.State
}

// entered turns a person's value into the state of an element. known finds the
// options that an external select was offered.
func entered(element object, v Value, known func(value string) (Option, bool)) (object, error) {
	kind, _ := element["type"].(string)
	field, ok := stateful[kind]
	if !ok {
		return nil, fmt.Errorf("%s holds nothing: %w", kind, ErrRefused)
	}
	out := object{"type": kind, field: nil}
	if kind == "rich_text_input" {
		out[field] = v
		return out, nil
	}
	texts, err := asStrings(v)
	if err != nil {
		return nil, err
	}
	var all []any
	for _, t := range texts {
		one, err := choose(element, field, t, known)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	switch {
	case isList(field):
		out[field] = append([]any{}, all...)
	case len(all) > 1:
		return nil, fmt.Errorf("%s takes one value: %w", kind, ErrRefused)
	case len(all) == 1:
		out[field] = all[0]
	}
	return out, nil
}

// choose checks one value against what the element lets a person choose.
func choose(element object, field, value string, known func(string) (Option, bool)) (any, error) {
	switch field {
	case "selected_option", "selected_options":
		for _, o := range optionsOf(element) {
			if o["value"] == value {
				return o, nil
			}
		}
		if o, ok := known(value); ok {
			return object{"text": object{"type": "plain_text", "text": o.Text, "emoji": true}, "value": o.Value}, nil
		}
		return nil, fmt.Errorf("no option %q: %w", value, ErrRefused)
	case "selected_date":
		if !datePattern.MatchString(value) {
			return nil, fmt.Errorf("no date %q: %w", value, ErrRefused)
		}
	case "selected_time":
		if !timePattern.MatchString(value) {
			return nil, fmt.Errorf("no time %q: %w", value, ErrRefused)
		}
	case "selected_date_time":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("no time %q: %w", value, ErrRefused)
		}
		return n, nil
	}
	return value, nil
}

// asStrings reads a value as a list of strings; nothing and "" are an empty list.
func asStrings(v Value) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		return []string{v}, nil
	case []string:
		return v, nil
	case json.Number:
		return []string{v.String()}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []any:
		var out []string
		for _, one := range v {
			t, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("a value that is no string: %w", ErrRefused)
			}
			out = append(out, t)
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value of type %T: %w", v, ErrRefused)
}

func copyState(all map[string]state) map[string]state {
	out := map[string]state{}
	for _, id := range slices.Collect(maps.Keys(all)) {
		out[id] = maps.Clone(all[id])
	}
	return out
}
