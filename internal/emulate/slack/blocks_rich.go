package slack

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

var (
	style = shape("", fields{
		"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
		"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
	})
	border = number(0, noLimit)

	// inline holds what may stand in a line of rich text.
	inline = map[string]rule{
		"text":      shape("text", fields{"text": text(1, noLimit), "style": style}),
		"link":      shape("url", fields{"url": link(1, 3000), "text": text(0, noLimit), "unsafe": boolean, "style": style}),
		"user":      shape("user_id", fields{"user_id": text(1, 255), "style": style}),
		"usergroup": shape("usergroup_id", fields{"usergroup_id": text(1, 255), "style": style}),
		"channel":   shape("channel_id", fields{"channel_id": text(1, 255), "style": style}),
		"team":      shape("team_id", fields{"team_id": text(1, 255), "style": style}),
		"emoji":     shape("name", fields{"name": text(1, 255), "skin_tone": number(1, 6), "unicode": text(1, 255), "style": style}),
		"broadcast": shape("range", fields{"range": oneOf("here", "channel", "everyone"), "style": style}),
		"color":     shape("value", fields{"value": text(1, 255), "style": style}),
		"date": shape("timestamp format", fields{
			"timestamp": number(0, 1e12), "format": text(1, 255), "timezone": text(1, 255), "url": link(1, 3000),
			"fallback": text(0, noLimit), "style": style,
		}),
	}
	inlines  = list(0, noLimit, kind(func(_ *checker, kind string) rule { return inline[kind] }))
	section  = shape("elements", fields{"elements": inlines})
	richPart = kind(func(_ *checker, kind string) rule {
		switch kind {
		case "rich_text_section":
			return section
		case "rich_text_quote":
			return shape("elements", fields{"elements": inlines, "border": border})
		case "rich_text_preformatted":
			return shape("elements", fields{"elements": inlines, "border": border, "language": text(1, 255)})
		case "rich_text_list":
			return shape("elements style", fields{
				"elements": list(0, noLimit, sectionOnly), "style": oneOf("bullet", "ordered"),
				"indent": number(0, 8), "offset": number(0, noLimit), "border": border,
			})
		}
		return nil
	})
	sectionOnly = kind(func(_ *checker, kind string) rule {
		if kind == "rich_text_section" {
			return section
		}
		return nil
	})
	columnSetting = shape("", fields{"align": oneOf("left", "center", "right"), "is_wrapped": boolean})
	tableCell     = kind(func(_ *checker, kind string) rule {
		switch kind {
		case "raw_text":
			return shape("text", fields{"text": text(1, noLimit)})
		case "raw_number": // Slack's own types make text required; it answered invalid_blocks without
			return shape("value text", fields{"value": number(-1e18, 1e18), "text": text(1, noLimit)})
		case "rich_text":
			return shape("elements", fields{"elements": list(1, noLimit, richPart), "block_id": blockID})
		}
		return nil
	})
	dataTable = holds("message", "rows", fields{
		"rows": list(2, 201, list(1, 20, tableCell)), "page_size": number(1, 100), "caption": text(1, noLimit),
		"row_header_column_index": number(0, 19),
	}).and(dataTableSize)
)

func tableShape(c *checker, at string, o object) {
	if c.tables++; c.tables > 1 {
		c.bad(at, "only_one_table_allowed")
	}
	rows, _ := o["rows"].([]any)
	columns := sameWidth(c, at, rows)
	if l, ok := o["column_settings"].([]any); ok && len(rows) > 0 && len(l) > columns {
		c.bad(at+"/column_settings", "no more than %d items allowed", columns)
	}
}

func sameWidth(c *checker, at string, rows []any) int {
	columns := 0
	for i, row := range rows {
		cells, _ := row.([]any)
		if i == 0 {
			columns = len(cells)
		} else if len(cells) != columns {
			c.bad(fmt.Sprintf("%s/rows/%d", at, i), "must have %d cells like the first row", columns)
		}
	}
	return columns
}

func dataTableSize(c *checker, at string, o object) {
	rows, _ := o["rows"].([]any)
	sameWidth(c, at, rows)
	if n := characters(rows); n > 20000 {
		c.bad(at+"/rows", "must be less than 20001 characters")
	}
}

// characters counts the text that people read in a payload: every string under a
// "text" key.
func characters(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, v := range v {
			n += characters(v)
		}
	case object:
		for k, v := range v {
			if t, ok := v.(string); ok && k == "text" {
				n += utf8.RuneCountInString(t)
			} else {
				n += characters(v)
			}
		}
	}
	return n
}

var (
	card = shape("", fields{
		"block_id": blockID, "title": words(150), "subtitle": words(150), "body": words(200), "subtext": words(200),
		"hero_image": within("image"), "icon": within("image"), "actions": list(0, 3, within("button")),
		"slack_icon": shape("name", fields{"name": text(1, 255)}),
	}).and(func(c *checker, at string, o object) {
		if !slices.ContainsFunc([]string{"title", "body", "hero_image", "actions"}, func(k string) bool { return o[k] != nil }) {
			c.bad(at, "must define at least one of `hero_image`, `title`, `actions` or `body`")
		}
	})
	cardOnly = kind(func(_ *checker, kind string) rule {
		if kind == "card" {
			return card
		}
		return nil
	})
	taskCard = shape("task_id title", fields{
		"block_id": blockID, "task_id": text(1, 255), "title": text(1, 255), "details": richText, "output": richText,
		"sources": list(0, noLimit, shape("url text", fields{"url": link(1, 3000), "text": text(1, noLimit)})),
		"status":  oneOf("pending", "in_progress", "complete", "error"),
	})
	richText = shape("elements", fields{"elements": list(1, noLimit, richPart), "block_id": blockID})
)

func container(c *checker, at string, v any) {
	shape("child_blocks", fields{
		"block_id": blockID, "title": words(150), "subtitle": words(150), "child_blocks": list(1, 10, (*checker).block),
		"icon": within("image"), "is_collapsible": boolean, "default_collapsed": boolean,
		"has_header_divider": boolean, "width": oneOf("narrow", "standard", "wide", "full"),
	})(c, at, v)
}

func feedback(_ *checker, kind string) rule {
	button := shape("text value", fields{
		"text": plain(1, 75), "value": text(1, 2000), "accessibility_label": text(1, 75),
	})
	switch kind {
	case "feedback_buttons":
		return shape("positive_button negative_button", fields{
			"action_id": actionID, "positive_button": button, "negative_button": button,
		})
	case "icon_button":
		return shape("icon text", fields{
			"action_id": actionID, "icon": text(1, 255), "text": plain(1, 75), "value": text(0, 2000), "confirm": confirm,
			"accessibility_label": text(1, 75), "visible_to_user_ids": list(0, 10, text(1, 255)),
		})
	}
	return nil
}

var (
	label  = text(1, 20)
	points = list(1, 20, shape("label value", fields{"label": label, "value": number(-1e18, 1e18)}))
	pie    = shape("segments", fields{"segments": list(1, 12, shape("label value", fields{"label": label, "value": positive}))})
	axes   = shape("series axis_config", fields{
		"series": list(1, 12, shape("name data", fields{"name": text(1, 20), "data": points})),
		"axis_config": shape("categories", fields{
			"categories": list(1, 20, label), "x_label": text(1, 50), "y_label": text(1, 50),
		}),
	})
	dataVisualization = holds("message", "title chart", fields{
		"title": text(1, 50),
		"chart": kind(func(_ *checker, kind string) rule {
			switch kind {
			case "pie":
				return pie
			case "bar", "line", "area":
				return axes
			}
			return nil
		}),
	})
)

func positive(c *checker, at string, v any) {
	before := len(c.problems)
	number(0, 1e18)(c, at, v)
	if len(c.problems) == before && fmt.Sprint(v) == "0" {
		c.bad(at, "must be greater than 0")
	}
}
