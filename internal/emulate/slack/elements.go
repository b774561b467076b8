package slack

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

const noLimit = 1 << 20

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

func pattern(p *regexp.Regexp) rule {
	return func(c *checker, at string, v any) {
		if t, ok := v.(string); !ok || !p.MatchString(t) {
			c.bad(at, "failed to match schema")
		}
	}
}

var (
	actionID = text(1, 255)
	ids      = list(0, noLimit, text(1, 255))

	confirm = shape("title text confirm deny", fields{
		"title": plain(1, 100), "text": words(300), "confirm": plain(1, 30), "deny": plain(1, 30),
		"style": oneOf("primary", "danger"),
	})
	plainOption = shape("text value", fields{
		"text": plain(1, 75), "value": text(1, 150), "description": plain(1, 75),
	})
	overflowOption = shape("text value", fields{
		"text": plain(1, 75), "value": text(1, 150), "description": plain(1, 75), "url": link(1, 3000),
	})
	richOption = shape("text value", fields{
		"text": words(75), "value": text(1, 150), "description": words(75),
	})
	optionGroup = shape("label options", fields{"label": plain(1, 75), "options": list(1, 100, plainOption)})
	filter      = shape("", fields{
		"include": list(1, 4, oneOf("im", "mpim", "private", "public")), "exclude_bot_users": boolean,
		"exclude_external_shared_channels": boolean,
	})
	dispatchConfig = shape("", fields{
		"trigger_actions_on": list(1, 2, oneOf("on_enter_pressed", "on_character_entered")),
	})
	slackFile = shape("", fields{"id": text(1, 255), "url": link(1, 3000)}).and(exactlyOne("id", "url"))
	workflow  = shape("trigger", fields{"trigger": shape("url", fields{
		"url": link(1, 3000),
		"customizable_input_parameters": list(0, noLimit,
			shape("name value", fields{"name": text(1, 255), "value": text(0, 3000)})),
	})})
)

// elements holds every element by its type.
var elements = map[string]rule{
	"button": shape("text", fields{
		"text": plain(1, 75), "action_id": actionID, "url": link(1, 3000), "value": text(0, 2000),
		"style": oneOf("primary", "danger"), "confirm": confirm, "accessibility_label": text(1, 75),
	}),
	"workflow_button": shape("text workflow", fields{
		"text": plain(1, 75), "action_id": actionID, "workflow": workflow,
		"style": oneOf("primary", "danger"), "accessibility_label": text(1, 75),
	}),
	"image": shape("alt_text", fields{
		"image_url": link(1, 3000), "slack_file": slackFile, "alt_text": text(1, 2000),
	}).and(exactlyOne("image_url", "slack_file")),
	"overflow": shape("options", fields{
		"action_id": actionID, "options": list(1, 5, overflowOption), "confirm": confirm,
	}),
	"checkboxes": choice("initial_options", list(1, 10, richOption)).and(initialsOffered),
	"radio_buttons": shape("options", fields{
		"action_id": actionID, "options": list(1, 10, richOption), "initial_option": richOption,
		"confirm": confirm, "focus_on_load": boolean,
	}).and(initialsOffered),
	"static_select": menu(fields{
		"options": list(1, 100, plainOption), "option_groups": list(1, 100, optionGroup), "initial_option": plainOption,
	}).and(exactlyOne("options", "option_groups")).and(initialsOffered),
	"multi_static_select": menu(fields{
		"options": list(1, 100, plainOption), "option_groups": list(1, 100, optionGroup),
		"initial_options": list(1, 100, plainOption), "max_selected_items": number(1, noLimit),
	}).and(exactlyOne("options", "option_groups")).and(initialsOffered),
	"external_select": menu(fields{"initial_option": plainOption, "min_query_length": number(0, 3000)}),
	"multi_external_select": menu(fields{
		"initial_options": list(1, 100, plainOption), "min_query_length": number(0, 3000),
		"max_selected_items": number(1, noLimit),
	}),
	"users_select":       menu(fields{"initial_user": text(1, 255)}),
	"multi_users_select": menu(fields{"initial_users": ids, "max_selected_items": number(1, noLimit)}),
	"channels_select":    menu(fields{"initial_channel": text(1, 255), "response_url_enabled": boolean}),
	"multi_channels_select": menu(fields{
		"initial_channels": ids, "max_selected_items": number(1, noLimit),
	}),
	"conversations_select": menu(fields{
		"initial_conversation": text(1, 255), "default_to_current_conversation": boolean,
		"response_url_enabled": boolean, "filter": filter,
	}),
	"multi_conversations_select": menu(fields{
		"initial_conversations": ids, "default_to_current_conversation": boolean, "filter": filter,
		"max_selected_items": number(1, noLimit),
	}),
	"datepicker":     menu(fields{"initial_date": pattern(datePattern)}),
	"timepicker":     menu(fields{"initial_time": pattern(timePattern), "timezone": text(1, 255)}),
	"datetimepicker": menu(fields{"initial_date_time": number(1_000_000_000, 9_999_999_999)}).and(noPlaceholder),
	"plain_text_input": entry(fields{
		"initial_value": text(0, 3000), "multiline": boolean, "min_length": number(0, 3000), "max_length": number(1, 3000),
	}).and(ordered("min_length", "max_length")),
	"email_text_input": entry(fields{"initial_value": text(0, 3000)}),
	"url_text_input":   entry(fields{"initial_value": text(0, 3000)}),
	"number_input": entry(fields{
		"is_decimal_allowed": boolean, "initial_value": text(0, 3000), "min_value": anything, "max_value": anything,
	}).and(ordered("min_value", "max_value")).and(needs("is_decimal_allowed")),
	"rich_text_input": entry(fields{"initial_value": anything}),
	"file_input": shape("", fields{
		"action_id": actionID, "filetypes": list(1, noLimit, text(1, 255)), "max_files": number(1, 10),
	}),
}

// menu is a select or a picker: what all of them share, and its own fields.
func menu(own fields) rule {
	own["action_id"], own["placeholder"] = actionID, plain(1, 150)
	own["confirm"], own["focus_on_load"] = confirm, boolean
	return shape("", own).and(countFocus)
}

// entry is a field that people type into.
func entry(own fields) rule {
	own["action_id"], own["placeholder"] = actionID, plain(1, 150)
	own["dispatch_action_config"], own["focus_on_load"] = dispatchConfig, boolean
	return shape("", own).and(countFocus)
}

func choice(initial string, options rule) rule {
	return shape("options", fields{
		"action_id": actionID, "options": options, initial: options, "confirm": confirm, "focus_on_load": boolean,
	}).and(countFocus)
}

func countFocus(c *checker, at string, o object) {
	if o["focus_on_load"] == true {
		if c.focus++; c.focus > 1 {
			c.bad(at+"/focus_on_load", "only one element can have `focus_on_load` set to true")
		}
	}
}

func noPlaceholder(c *checker, at string, o object) {
	if _, ok := o["placeholder"]; ok {
		c.bad(at, "invalid additional property: placeholder")
	}
}

func needs(name string) func(*checker, string, object) {
	return func(c *checker, at string, o object) {
		if _, ok := o[name]; !ok {
			c.bad(at, "missing required field: %s", name)
		}
	}
}

// ordered refuses a smallest value above the largest. Slack takes numbers and strings.
func ordered(lo, hi string) func(*checker, string, object) {
	value := func(v any) (float64, bool) {
		if t, ok := v.(string); ok {
			v = json.Number(t)
		}
		n, _ := v.(json.Number)
		f, err := n.Float64()
		return f, err == nil
	}
	return func(c *checker, at string, o object) {
		l, okL := value(o[lo])
		h, okH := value(o[hi])
		if okL && okH && l > h {
			c.bad(at+"/"+lo, "must be less than or equal to `%s`", hi)
		}
	}
}

// initialsOffered refuses an initial option that is not among the options.
func initialsOffered(c *checker, at string, o object) {
	values := optionsOf(o)
	wanted := map[string]any{}
	if v, ok := o["initial_option"]; ok {
		wanted[at+"/initial_option"] = v
	}
	if l, ok := o["initial_options"].([]any); ok {
		for _, v := range l {
			wanted[at+"/initial_options"] = v
			if !offered(values, v) {
				break
			}
		}
	}
	for at, v := range wanted {
		if !offered(values, v) {
			c.bad(at, "must be one of the provided options")
		}
	}
}

func offered(options []object, v any) bool {
	o, _ := v.(object)
	return slices.ContainsFunc(options, func(have object) bool {
		return have["value"] == o["value"] && textOf(have["text"]) == textOf(o["text"])
	})
}

// optionsOf returns the options of an element, grouped or not.
func optionsOf(o object) []object {
	var out []object
	add := func(v any) {
		l, _ := v.([]any)
		for _, v := range l {
			if o, ok := v.(object); ok {
				out = append(out, o)
			}
		}
	}
	add(o["options"])
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(object); ok {
			add(g["options"])
		}
	}
	return out
}

func textOf(v any) string {
	o, _ := v.(object)
	t, _ := o["text"].(string)
	return t
}

// within picks the elements that a block may hold.
func within(kinds string) rule {
	names := strings.Fields(kinds)
	return kind(func(_ *checker, kind string) rule {
		if slices.Contains(names, kind) {
			return elements[kind]
		}
		return nil
	})
}
