package slack

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	selects = "static_select external_select users_select channels_select conversations_select "
	multis  = "multi_static_select multi_external_select multi_users_select multi_channels_select multi_conversations_select "
	acting  = "button checkboxes datepicker overflow radio_buttons timepicker workflow_button " + selects + multis

	everywhere = "message modal home"
)

// block is one block type: where it may stand and what it holds.
type block struct {
	surfaces string
	check    rule
}

var blockID = text(1, 255)

// holds is a block with these fields and a block_id.
func holds(surfaces, need string, f fields) block {
	f["block_id"] = blockID
	return block{surfaces, shape(need, f)}
}

func (b block) and(more func(*checker, string, object)) block {
	b.check = b.check.and(more)
	return b
}

var blocks = map[string]block{
	"divider": holds(everywhere, "", fields{}),
	"header":  holds(everywhere, "text", fields{"text": plain(1, 150), "level": number(1, 4)}),
	"section": holds(everywhere, "", fields{
		"text": words(3000), "fields": list(1, 10, words(2000)), "accessory": within(acting + "image"), "expand": boolean,
	}).and(func(c *checker, at string, o object) {
		if o["text"] == nil && o["fields"] == nil {
			c.bad(at, "must define either `text` or `fields`")
		}
	}),
	"context": holds(everywhere, "elements", fields{"elements": list(1, 10, contextElement)}),
	"actions": holds(everywhere, "elements", fields{
		"elements": list(1, 25, within(acting+"datetimepicker")),
	}).and(uniqueActions),
	"input": holds(everywhere, "label element", fields{
		"label": plain(1, 2000), "hint": plain(1, 2000), "optional": boolean, "dispatch_action": boolean,
		"element": within("checkboxes datepicker datetimepicker email_text_input file_input number_input plain_text_input " +
			"radio_buttons rich_text_input timepicker url_text_input " + selects + multis),
	}),
	"image": holds(everywhere, "alt_text", fields{
		"image_url": link(1, 3000), "slack_file": slackFile, "alt_text": text(1, 2000), "title": plain(0, 2000),
	}).and(exactlyOne("image_url", "slack_file")),
	"video": holds(everywhere, "alt_text title thumbnail_url video_url", fields{
		"alt_text": text(1, 200), "title": plain(1, 200), "thumbnail_url": link(1, 3000), "video_url": link(1, 3000),
		"author_name": text(1, 50), "description": plain(1, 200), "provider_icon_url": link(1, 3000),
		"provider_name": text(1, 50), "title_url": link(1, 3000),
	}),
	"rich_text": holds(everywhere, "elements", fields{"elements": list(1, noLimit, richPart)}),
	"file":      holds("message", "external_id source", fields{"external_id": text(1, 255), "source": oneOf("remote")}),
	"markdown":  holds("message", "text", fields{"text": text(1, 12000)}).and(countMarkdown),
	"table": holds("message home", "rows", fields{
		"rows": list(1, 100, list(1, 20, tableCell)), "column_settings": list(1, 20, columnSetting),
	}).and(tableShape),
	"alert": holds("modal", "text", fields{
		"text": words(200), "level": oneOf("default", "info", "warning", "error", "success"),
	}),
	"context_actions": holds("message", "elements", fields{
		"elements": list(1, 5, kind(feedback)),
	}),
	"card":               {"message home", card},
	"carousel":           holds("message home", "elements", fields{"elements": list(1, 10, cardOnly)}),
	"data_table":         dataTable,
	"data_visualization": dataVisualization,
	"task_card":          {"message", taskCard},
	"plan": holds("message", "title", fields{
		"title": text(1, 255), "tasks": list(0, noLimit, taskCard),
	}),
}

// block checks one block on the checker's surface.
func (c *checker) block(at string, v any) {
	kind(func(c *checker, kind string) rule {
		b, ok := blocks[kind]
		if kind == "container" {
			b, ok = block{"message home", container}, true
		}
		if !ok || !strings.Contains(b.surfaces, c.surface) {
			return nil
		}
		return b.check
	})(c, at, v)
	o, _ := v.(object)
	id, _ := o["block_id"].(string)
	if id == "" {
		return
	}
	if c.blockIDs[id] {
		c.bad(at+"/block_id", "`block_id` %q already exists", id)
	}
	c.blockIDs[id] = true
}

func contextElement(c *checker, at string, v any) {
	if o, ok := v.(object); ok && o["type"] == "image" {
		elements["image"](c, at, v)
		return
	}
	words(3000)(c, at, v)
}

func uniqueActions(c *checker, at string, o object) {
	seen := map[any]bool{}
	l, _ := o["elements"].([]any)
	for i, v := range l {
		e, _ := v.(object)
		id, ok := e["action_id"]
		if ok && seen[id] {
			c.bad(fmt.Sprintf("%s/elements/%d/action_id", at, i), "`action_id` %q already exists", id)
		}
		seen[id] = true
	}
}

func countMarkdown(c *checker, at string, o object) {
	t, _ := o["text"].(string)
	if n := utf8.RuneCountInString(t); n <= 12000 {
		if c.markdown += n; c.markdown > 12000 {
			c.bad(at+"/text", "must be less than 12001 characters over all markdown blocks")
		}
	}
}

// checkBlocks returns what Slack would refuse in the blocks of a surface, with
// pointers that start at root.
func checkBlocks(surface, root string, v any) []problem {
	c := &checker{surface: surface, blockIDs: map[string]bool{}}
	c.all(root, v)
	return c.problems
}

func (c *checker) all(at string, v any) {
	lo, most := 0, 50
	if c.surface != "message" {
		lo, most = 1, 100
	}
	list(lo, most, (*checker).block)(c, at, v)
}

// checkView returns what Slack would refuse in a modal or a home tab.
func checkView(root string, v any) []problem {
	o, ok := v.(object)
	if !ok {
		return []problem{{root, "must provide an object"}}
	}
	c := &checker{blockIDs: map[string]bool{}}
	c.surface, _ = o["type"].(string)
	f := fields{
		"blocks":           func(c *checker, at string, v any) { c.all(at, v) },
		"private_metadata": text(0, 3000), "callback_id": text(0, 255), "external_id": text(0, 255),
	}
	switch c.surface {
	case "home":
		shape("type blocks", f)(c, root, v)
	case "modal":
		f["title"], f["submit"], f["close"] = plain(1, 24), plain(1, 24), plain(1, 24)
		f["clear_on_close"], f["notify_on_close"], f["submit_disabled"] = boolean, boolean, boolean
		shape("type title blocks", f).and(inputNeedsSubmit)(c, root, v)
	default:
		c.bad(root+"/type", "unsupported type: %s", c.surface)
	}
	return c.problems
}

func inputNeedsSubmit(c *checker, at string, o object) {
	l, _ := o["blocks"].([]any)
	for i, v := range l {
		b, _ := v.(object)
		if b["type"] == "input" && o["submit"] == nil {
			c.bad(fmt.Sprintf("%s/blocks/%d/input", at, i), "must define `submit` to use an `input` block in modals")
		}
	}
}
