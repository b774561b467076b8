package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func xs(n int) string { return strings.Repeat("x", n) }

// emoji has n code points, four bytes each.
func emoji(n int) string { return strings.Repeat("😀", n) }

func of(kind string, pairs ...any) object {
	o := object{"type": kind}
	for i := 0; i < len(pairs); i += 2 {
		o[pairs[i].(string)] = pairs[i+1]
	}
	return o
}

func plainOf(s string) object { return of("plain_text", "text", s) }
func mrkOf(s string) object   { return of("mrkdwn", "text", s) }

func times(n int, f func(i int) any) []any {
	out := []any{}
	for i := range n {
		out = append(out, f(i))
	}
	return out
}

func opt(i int) any       { return object{"text": plainOf("o"), "value": fmt.Sprint(i)} }
func opts(n int) []any    { return times(n, opt) }
func cell(int) any        { return of("raw_text", "text", "x") }
func inActions(e any) any { return of("actions", "elements", []any{e}) }
func inInput(e any) any   { return of("input", "label", plainOf("l"), "element", e) }
func buttonOf(pairs ...any) object {
	o := of("button", append([]any{"text", plainOf("b"), "action_id", "a"}, pairs...)...)
	return o
}

func confirmWith(field string, v any) any {
	c := object{"title": plainOf("t"), "text": plainOf("t"), "confirm": plainOf("y"), "deny": plainOf("n")}
	c[field] = v
	return inActions(buttonOf("confirm", c))
}

func optionWith(field string, v any) any {
	o := object{"text": plainOf("o"), "value": "v"}
	o[field] = v
	return inActions(of("overflow", "options", []any{o}))
}

func selectWith(pairs ...any) any { return inActions(of("static_select", pairs...)) }
func groupOf(label string, n int) any {
	return object{"label": plainOf(label), "options": opts(n)}
}

func videoWith(field string, v any) any {
	b := of("video", "alt_text", "a", "title", plainOf("t"), "thumbnail_url", "https://x.example/t", "video_url", "https://x.example/v")
	b[field] = v
	return b
}

func chart(kind string, pairs ...any) any {
	return of("data_visualization", "title", "t", "chart", of(kind, pairs...))
}

func axesOf(series, categories []any, pairs ...any) any {
	config := object{"categories": categories}
	for i := 0; i < len(pairs); i += 2 {
		config[pairs[i].(string)] = pairs[i+1]
	}
	return chart("bar", "series", series, "axis_config", config)
}

func point(label string, value any) any { return object{"label": label, "value": value} }
func seriesOf(name string, n int) any {
	return object{"name": name, "data": times(n, func(int) any { return point("x", 1) })}
}
func cats(n int) []any { return times(n, func(int) any { return "x" }) }

func urlOf(n int) string { return "https://x.example/" + xs(n-len("https://x.example/")) }

func viewWith(field string, v any) object {
	o := of("modal", "title", plainOf("t"), "blocks", []any{of("divider")})
	o[field] = v
	return o
}

// limits holds, for each limit, a payload that has n of what is limited. Blocks are
// checked on the surface they may stand on; views whole.
var limits = map[string]struct {
	n     int
	build func(n int) any
}{
	"text.max_length":                       {3000, func(n int) any { return of("section", "text", mrkOf(emoji(n))) }},
	"action_id.max_length":                  {255, func(n int) any { return inActions(buttonOf("action_id", xs(n))) }},
	"block_id.max_length":                   {255, func(n int) any { return of("divider", "block_id", xs(n)) }},
	"button.text.max_length":                {75, func(n int) any { return inActions(buttonOf("text", plainOf(xs(n)))) }},
	"button.url.max_length":                 {3000, func(n int) any { return inActions(buttonOf("url", urlOf(n))) }},
	"button.value.max_length":               {2000, func(n int) any { return inActions(buttonOf("value", xs(n))) }},
	"button.accessibility_label.max_length": {75, func(n int) any { return inActions(buttonOf("accessibility_label", xs(n))) }},
	"confirmation.title.max_length":         {100, func(n int) any { return confirmWith("title", plainOf(xs(n))) }},
	"confirmation.text.max_length":          {300, func(n int) any { return confirmWith("text", mrkOf(xs(n))) }},
	"confirmation.confirm.max_length":       {30, func(n int) any { return confirmWith("confirm", plainOf(xs(n))) }},
	"confirmation.deny.max_length":          {30, func(n int) any { return confirmWith("deny", plainOf(xs(n))) }},
	"option.text.max_length":                {75, func(n int) any { return optionWith("text", plainOf(xs(n))) }},
	"option.value.max_length":               {150, func(n int) any { return optionWith("value", xs(n)) }},
	"option.description.max_length":         {75, func(n int) any { return optionWith("description", plainOf(xs(n))) }},
	"option.url.max_length":                 {3000, func(n int) any { return optionWith("url", "https://"+emoji(n-8)) }},
	"option_group.label.max_length":         {75, func(n int) any { return selectWith("option_groups", []any{groupOf(xs(n), 1)}) }},
	"option_group.options.max_items":        {100, func(n int) any { return selectWith("option_groups", []any{groupOf("g", n)}) }},
	"select.placeholder.max_length":         {150, func(n int) any { return selectWith("options", opts(1), "placeholder", plainOf(xs(n))) }},
	"select.options.max_items":              {100, func(n int) any { return selectWith("options", opts(n)) }},
	"select.option_groups.max_items": {100, func(n int) any {
		return selectWith("option_groups", times(n, func(int) any { return groupOf("g", 1) }))
	}},
	"overflow.options.max_items":      {5, func(n int) any { return inActions(of("overflow", "options", opts(n))) }},
	"checkboxes.options.max_items":    {10, func(n int) any { return inActions(of("checkboxes", "options", opts(n))) }},
	"radio_buttons.options.max_items": {10, func(n int) any { return inActions(of("radio_buttons", "options", opts(n))) }},
	"file_input.max_files.max":        {10, func(n int) any { return inInput(of("file_input", "max_files", n)) }},
	"plain_text_input.max_length.max": {3000, func(n int) any { return inInput(of("plain_text_input", "max_length", n)) }},
	"actions.elements.max_items": {25, func(n int) any {
		return of("actions", "elements", times(n, func(i int) any { return buttonOf("action_id", fmt.Sprint(i)) }))
	}},
	"alert.text.max_length":    {200, func(n int) any { return of("alert", "text", plainOf(xs(n))) }},
	"card.title.max_length":    {150, func(n int) any { return of("card", "title", mrkOf(xs(n))) }},
	"card.subtitle.max_length": {150, func(n int) any { return of("card", "title", mrkOf("t"), "subtitle", mrkOf(xs(n))) }},
	"card.body.max_length":     {200, func(n int) any { return of("card", "body", mrkOf(xs(n))) }},
	"card.actions.max_items":   {3, func(n int) any { return of("card", "actions", times(n, func(int) any { return buttonOf() })) }},
	"card.subtext.max_length":  {200, func(n int) any { return of("card", "title", mrkOf("t"), "subtext", mrkOf(xs(n))) }},
	"carousel.elements.max_items": {10, func(n int) any {
		return of("carousel", "elements", times(n, func(int) any { return of("card", "title", mrkOf("t")) }))
	}},
	"container.title.max_length": {150, func(n int) any { return of("container", "title", plainOf(xs(n)), "child_blocks", []any{of("divider")}) }},
	"container.subtitle.max_length": {150, func(n int) any {
		return of("container", "subtitle", plainOf(xs(n)), "child_blocks", []any{of("divider")})
	}},
	"container.child_blocks.max_items": {10, func(n int) any {
		return of("container", "child_blocks", times(n, func(int) any { return of("divider") }))
	}},
	"context.elements.max_items":                     {10, func(n int) any { return of("context", "elements", times(n, func(int) any { return mrkOf("x") })) }},
	"context_actions.elements.max_items":             {5, func(n int) any { return of("context_actions", "elements", times(n, func(int) any { return icon() })) }},
	"feedback_button.text.max_length":                {75, func(n int) any { return feedbackWith("text", plainOf(xs(n))) }},
	"feedback_button.value.max_length":               {2000, func(n int) any { return feedbackWith("value", xs(n)) }},
	"feedback_button.accessibility_label.max_length": {75, func(n int) any { return feedbackWith("accessibility_label", xs(n)) }},
	"icon_button.visible_to_user_ids.max_items":      {10, func(n int) any { return of("context_actions", "elements", []any{icon("visible_to_user_ids", cats(n))}) }},
	"data_table.rows.max_items":                      {201, func(n int) any { return of("data_table", "rows", times(n, func(int) any { return times(1, cell) })) }},
	"data_table.columns.max_items":                   {20, func(n int) any { return of("data_table", "rows", times(2, func(int) any { return times(n, cell) })) }},
	"data_table.page_size.max": {100, func(n int) any {
		return of("data_table", "rows", times(2, func(int) any { return times(1, cell) }), "page_size", n)
	}},
	"data_table.content.max_length": {20000, func(n int) any {
		return of("data_table", "rows", []any{times(1, cell), []any{of("raw_text", "text", xs(n-1))}})
	}},
	"data_visualization.title.max_length": {50, func(n int) any {
		return of("data_visualization", "title", xs(n), "chart", of("pie", "segments", []any{point("x", 1)}))
	}},
	"data_visualization.segments.max_items":        {12, func(n int) any { return chart("pie", "segments", times(n, func(int) any { return point("x", 1) })) }},
	"data_visualization.segment.label.max_length":  {20, func(n int) any { return chart("pie", "segments", []any{point(xs(n), 1)}) }},
	"data_visualization.series.max_items":          {12, func(n int) any { return axesOf(times(n, func(int) any { return seriesOf("s", 1) }), cats(1)) }},
	"data_visualization.series_name.max_length":    {20, func(n int) any { return axesOf([]any{seriesOf(xs(n), 1)}, cats(1)) }},
	"data_visualization.data.max_items":            {20, func(n int) any { return axesOf([]any{seriesOf("s", n)}, cats(1)) }},
	"data_visualization.point_label.max_length":    {20, func(n int) any { return axesOf([]any{object{"name": "s", "data": []any{point(xs(n), 1)}}}, cats(1)) }},
	"data_visualization.categories.max_items":      {20, func(n int) any { return axesOf([]any{seriesOf("s", 1)}, cats(n)) }},
	"data_visualization.category_label.max_length": {20, func(n int) any { return axesOf([]any{seriesOf("s", 1)}, []any{xs(n)}) }},
	"data_visualization.axis_label.max_length":     {50, func(n int) any { return axesOf([]any{seriesOf("s", 1)}, cats(1), "x_label", xs(n)) }},
	"header.text.max_length":                       {150, func(n int) any { return of("header", "text", plainOf(emoji(n))) }},
	"image.image_url.max_length":                   {3000, func(n int) any { return of("image", "alt_text", "a", "image_url", urlOf(n)) }},
	"image.alt_text.max_length":                    {2000, func(n int) any { return of("image", "alt_text", xs(n), "image_url", urlOf(30)) }},
	"input.label.max_length":                       {2000, func(n int) any { return of("input", "label", plainOf(xs(n)), "element", of("url_text_input")) }},
	"input.hint.max_length": {2000, func(n int) any {
		return of("input", "label", plainOf("l"), "hint", plainOf(xs(n)), "element", of("url_text_input"))
	}},
	"markdown.text.max_length":         {12000, func(n int) any { return of("markdown", "text", xs(n)) }},
	"section.text.max_length":          {3000, func(n int) any { return of("section", "text", plainOf(xs(n))) }},
	"section.fields.max_items":         {10, func(n int) any { return of("section", "fields", times(n, func(int) any { return mrkOf("x") })) }},
	"section.fields.item_max_length":   {2000, func(n int) any { return of("section", "fields", []any{mrkOf(xs(n))}) }},
	"url_source.url.max_length":        {3000, func(n int) any { return taskWith(urlOf(n)) }},
	"video.alt_text.max_length":        {200, func(n int) any { return videoWith("alt_text", xs(n)) }},
	"video.title.max_length":           {200, func(n int) any { return videoWith("title", plainOf(xs(n))) }},
	"video.author_name.max_length":     {50, func(n int) any { return videoWith("author_name", xs(n)) }},
	"video.description.max_length":     {200, func(n int) any { return videoWith("description", plainOf(xs(n))) }},
	"video.provider_name.max_length":   {50, func(n int) any { return videoWith("provider_name", xs(n)) }},
	"view.blocks.max_items":            {100, func(n int) any { return viewWith("blocks", times(n, func(int) any { return of("divider") })) }},
	"view.private_metadata.max_length": {3000, func(n int) any { return viewWith("private_metadata", xs(n)) }},
	"view.callback_id.max_length":      {255, func(n int) any { return viewWith("callback_id", xs(n)) }},
	"view.title.max_length":            {24, func(n int) any { return viewWith("title", plainOf(xs(n))) }},
	"view.close.max_length":            {24, func(n int) any { return viewWith("close", plainOf(xs(n))) }},
	"view.submit.max_length":           {24, func(n int) any { return viewWith("submit", plainOf(xs(n))) }},
}

func icon(pairs ...any) any {
	return of("icon_button", append([]any{"icon", "trash", "text", plainOf("x")}, pairs...)...)
}

func feedbackWith(field string, v any) any {
	good := object{"text": plainOf("y"), "value": "y"}
	bad := maps.Clone(good)
	good[field] = v
	return of("context_actions", "elements", []any{of("feedback_buttons", "positive_button", good, "negative_button", bad)})
}

func taskWith(url string) any {
	return of("task_card", "task_id", "t", "title", "t", "sources", []any{of("url", "url", url, "text", "t")})
}

func TestLimits(t *testing.T) {
	for name, l := range limits {
		if got := verdict(t, l.build(l.n)); len(got) > 0 {
			t.Errorf("%s: %d is refused: %v", name, l.n, got)
		}
		if got := verdict(t, l.build(l.n+1)); len(got) == 0 {
			t.Errorf("%s: %d passes", name, l.n+1)
		}
	}
}

// TestLimitsAreThePublishedOnes compares the table above with the list of limits
// from which a well-known builder library is generated.
func TestLimitsAreThePublishedOnes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(facts(t), "limits.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	published := map[string]int{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		for k, v := range v.(map[string]any) {
			name := strings.TrimPrefix(at+"."+k, ".")
			if n, ok := v.(float64); ok {
				published[name] = int(n)
			} else {
				walk(name, v)
			}
		}
	}
	walk("", doc)
	for name, n := range published {
		if strings.Contains(name, "min") {
			continue // TestRefusals
		}
		if l, ok := limits[name]; !ok {
			t.Errorf("%s = %d is not tested", name, n)
		} else if l.n != n {
			t.Errorf("%s is %d, published as %d", name, l.n, n)
		}
	}
}
