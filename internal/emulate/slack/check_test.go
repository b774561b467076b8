package slack

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// verdict checks a view whole, and a block on the surface where it may stand.
func verdict(t *testing.T, payload any) []problem {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	v, err := decode(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	o := v.(object)
	kind, _ := o["type"].(string)
	if kind == "modal" || kind == "home" {
		return checkView("/view", v)
	}
	surface := "message"
	if kind == "alert" {
		surface = "modal"
	}
	return checkBlocks(surface, "/blocks", []any{v})
}

func facts(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("FEDBOT_SLACK_FACTS"), "../../../../shared/data/slack"} {
		if _, err := os.Stat(filepath.Join(dir, "limits.json")); dir != "" && err == nil {
			return dir
		}
	}
	t.Skip("the published limits and fixtures are not here; FEDBOT_SLACK_FACTS names their directory")
	return ""
}

func TestValidFixturesPass(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(facts(t), "fixtures/valid/*/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		var got []problem
		switch o := v.(object); filepath.Base(filepath.Dir(f)) {
		case "blocks", "views":
			got = verdict(t, o)
		case "elements":
			got = anywhere(t, o)
		case "messages":
			if l, ok := o["blocks"].([]any); ok {
				for _, b := range l { // the fixtures' generator gives every block the same id
					delete(b.(object), "block_id")
				}
				got = checkBlocks("message", "/blocks", o["blocks"])
			}
		case "rich_text":
			if kind, _ := o["type"].(string); strings.HasPrefix(kind, "rich_text_") {
				got = verdict(t, of("rich_text", "elements", []any{o}))
			} else {
				got = verdict(t, of("rich_text", "elements", []any{of("rich_text_section", "elements", []any{o})}))
			}
		}
		if len(got) > 0 {
			t.Errorf("%s: %v", f, got)
		}
	}
}

// anywhere checks an element in the first block that takes it.
func anywhere(t *testing.T, o object) []problem {
	var got []problem
	for _, b := range []any{inActions(o), inInput(o), of("context", "elements", []any{o}),
		of("task_card", "task_id", "t", "title", "t", "sources", []any{o})} {
		if got = verdict(t, b); len(got) == 0 {
			return nil
		}
	}
	return got
}

func TestRefusals(t *testing.T) {
	two := times(2, func(int) any { return times(1, cell) })
	for _, c := range []struct {
		name    string
		payload any
		want    []string
	}{
		{"empty text", of("section", "text", mrkOf("")), []string{
			"failed to match all allowed schemas [json-pointer:/blocks/0/text]",
			"must be more than 0 characters [json-pointer:/blocks/0/text/text]"}},
		{"long text", of("section", "text", mrkOf(xs(3001))), []string{
			"failed to match all allowed schemas [json-pointer:/blocks/0/text]",
			"must be less than 3001 characters [json-pointer:/blocks/0/text/text]"}},
		{"long title", viewWith("title", plainOf(xs(25))), []string{"must be less than 25 characters [json-pointer:/view/title/text]"}},
		{"too many options", inActions(of("overflow", "options", opts(6))), []string{
			"no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]"}},
		{"no options", inActions(of("overflow", "options", []any{})), []string{
			"must provide at least 1 items [json-pointer:/blocks/0/elements/0/options]"}},
		{"the same action twice", of("actions", "elements", []any{buttonOf(), buttonOf()}), []string{
			"`action_id` \"a\" already exists [json-pointer:/blocks/0/elements/1/action_id]"}},
		{"unknown block", of("wibble"), []string{"unsupported type: wibble [json-pointer:/blocks/0/type]"}},
		{"unknown field", of("divider", "page_size", 1), []string{"invalid additional property: page_size [json-pointer:/blocks/0]"}},
		{"missing field", of("header"), []string{"missing required field: text [json-pointer:/blocks/0]"}},
		{"a string for a text object", of("header", "text", "x"), []string{"must provide an object [json-pointer:/blocks/0/text]"}},
		{"empty section", of("section"), []string{"must define either `text` or `fields` [json-pointer:/blocks/0]"}},
		{"input without submit", viewWith("blocks", []any{inInput(of("url_text_input"))}), []string{
			"must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]"}},
		{"mrkdwn in a header", of("header", "text", mrkOf("x")), []string{"unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"}},
		{"emoji in mrkdwn", of("section", "text", of("mrkdwn", "text", "x", "emoji", true)), nil},
		{"options and groups", selectWith("options", opts(1), "option_groups", []any{groupOf("g", 1)}), nil},
		{"neither options nor groups", selectWith(), nil},
		{"no groups", selectWith("option_groups", []any{groupOf("g", 0)}), nil},
		{"two image sources", of("image", "alt_text", "a", "image_url", urlOf(30), "slack_file", object{"id": "F1"}), nil},
		{"initial option not offered", selectWith("options", opts(1), "initial_option", opt(7)), nil},
		{"initial options not offered", inActions(of("checkboxes", "options", opts(2), "initial_options", []any{opt(0), opt(7)})), nil},
		{"inverted range", inInput(of("number_input", "is_decimal_allowed", false, "min_value", "9", "max_value", "1")), nil},
		{"inverted length", inInput(of("plain_text_input", "min_length", 9, "max_length", 1)), nil},
		{"button in context", of("context", "elements", []any{buttonOf()}), nil},
		{"button in input", inInput(buttonOf()), nil},
		{"input element in actions", inActions(of("plain_text_input")), nil},
		{"bad style", inActions(buttonOf("style", "green")), nil},
		{"bad date", inActions(of("datepicker", "initial_date", "2026-13-01")), nil},
		{"bad time", inActions(of("timepicker", "initial_time", "24:00")), nil},
		{"no URL", inActions(buttonOf("url", "nowhere")), nil},
		{"no checkboxes", inActions(of("checkboxes", "options", []any{})), nil},
		{"no radio buttons", inActions(of("radio_buttons", "options", []any{})), nil},
		{"max_files 0", inInput(of("file_input", "max_files", 0)), nil},
		{"empty markdown", of("markdown", "text", ""), nil},
		{"empty URL source", taskWith(""), nil},
		{"empty video alt text", videoWith("alt_text", ""), nil},
		{"empty view", viewWith("blocks", []any{}), nil},
		{"view without a title", of("modal", "blocks", []any{of("divider")}), nil},
		{"home with a title", of("home", "title", plainOf("t"), "blocks", []any{of("divider")}), nil},
		{"two elements in focus", viewWith("blocks", []any{
			inActions(of("users_select", "focus_on_load", true)), inActions(of("users_select", "focus_on_load", true))}), nil},
		{"table of 101 rows", of("table", "rows", times(101, func(int) any { return times(1, cell) })), nil},
		{"table of 21 columns", of("table", "rows", []any{times(21, cell)}), nil},
		{"ragged table", of("table", "rows", []any{times(1, cell), times(2, cell)}), nil},
		{"too many column settings", of("table", "rows", two, "column_settings", []any{object{}, object{}}), nil},
		{"empty cell", of("table", "rows", []any{[]any{of("raw_text", "text", "")}}), nil},
		{"number without text", of("table", "rows", []any{[]any{of("raw_number", "value", 1)}}), nil},
		{"one row of data", of("data_table", "rows", two[:1]), nil},
		{"data without columns", of("data_table", "rows", []any{[]any{}, []any{}}), nil},
		{"page of 0", of("data_table", "rows", two, "page_size", 0), nil},
		{"empty data cell", of("data_table", "rows", []any{times(1, cell), []any{of("raw_text", "text", "")}}), nil},
		{"empty pie", chart("pie", "segments", []any{}), nil},
		{"pie of nothing", chart("pie", "segments", []any{point("x", 0)}), nil},
		{"no series", axesOf([]any{}, cats(1)), nil},
		{"no points", axesOf([]any{seriesOf("s", 0)}, cats(1)), nil},
		{"no categories", axesOf([]any{seriesOf("s", 1)}, cats(0)), nil},
		{"empty carousel", of("carousel", "elements", []any{}), nil},
		{"unknown rich text", of("rich_text", "elements", []any{of("rich_text_section", "elements", []any{of("wibble")})}), nil},
		{"list in a list", of("rich_text", "elements", []any{of("rich_text_list", "style", "bullet", "elements", []any{
			of("rich_text_list", "style", "bullet", "elements", []any{})})}), nil},
		{"a table in a modal", viewWith("blocks", []any{of("table", "rows", two)}), nil},
		{"markdown in a modal", viewWith("blocks", []any{of("markdown", "text", "x")}), nil},
		{"a chart in a home tab", of("home", "blocks", []any{chart("pie", "segments", []any{point("x", 1)})}), nil},
	} {
		var got []string
		for _, p := range verdict(t, c.payload) {
			got = append(got, p.String())
		}
		if len(got) == 0 || c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWholeMessages(t *testing.T) {
	divider := func(int) any { return of("divider") }
	table := of("table", "rows", []any{[]any{cell(0)}})
	half := of("markdown", "text", xs(6001))
	for _, c := range []struct {
		name    string
		surface string
		blocks  []any
		want    string
	}{
		{"50 blocks", "message", times(50, divider), ""},
		{"51 blocks", "message", times(51, divider), "no more than 50 items allowed [json-pointer:/blocks]"},
		{"the same block id", "message", []any{of("divider", "block_id", "a"), of("divider", "block_id", "a")},
			"`block_id` \"a\" already exists [json-pointer:/blocks/1/block_id]"},
		{"two tables", "message", []any{table, table}, "only_one_table_allowed [json-pointer:/blocks/1]"},
		{"too much markdown", "message", []any{half, half},
			"must be less than 12001 characters over all markdown blocks [json-pointer:/blocks/1/text]"},
		{"an alert in a message", "message", []any{of("alert", "text", plainOf("x"))}, "unsupported type: alert [json-pointer:/blocks/0/type]"},
	} {
		got := fmt.Sprint(checkBlocks(c.surface, "/blocks", c.blocks))
		if want := "[" + c.want + "]"; got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

func FuzzCheckView(f *testing.F) {
	for _, seed := range []string{
		`{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]}`,
		`{"type":"modal","submit":1,"blocks":[{"type":"actions","elements":[{"type":"static_select","options":[{}],"initial_option":[]}]}]}`,
		`{"type":"home","blocks":[{"type":"table","rows":[[null],[{}]]},{"type":"input","element":{"type":"checkboxes","options":[{"value":[]}]}}]}`,
		`{"blocks":[{"type":"container","child_blocks":[{"type":"data_table","rows":[[]]}]}]}`, `[]`, `null`, `{"type":{}}`,
	} {
		f.Add(seed)
	}
	fixed := func() time.Time { return time.Unix(1_800_000_000, 0) }
	s, err := New(Options{Now: fixed, BaseURL: func() string { return "" }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := s.readView(raw, "modal")
		if err != nil {
			return
		}
		for block, actions := range v.State {
			for action := range actions {
				if _, _, ok := find(v.Blocks, block, action); !ok {
					t.Fatalf("state of %s/%s without an element", block, action)
				}
			}
		}
	})
}
