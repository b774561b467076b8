package slack

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	client "github.com/slack-go/slack"

	"fedbot/internal/emulate/judge"
)

// disagreement is one thing that somebody else sees differently. Each is proved by a
// test below, in both directions: what is listed differs, what differs is listed.
type disagreement struct {
	judge, call, theirs, ours, right, why string
}

const (
	slackblocks = "slackblocks"
	schemaJudge = "Slack's manifest schema"
	slackGo     = "slack-go"
)

var disagreements = []disagreement{
	{slackblocks, "table-column-settings-mismatch", "fewer column settings than columns are refused", "taken; more are refused", "ours",
		"Slack's page on the table block says that further columns get the default"},
	{slackblocks, "valid/messages", "all blocks of a message have one block_id", "refused", "ours",
		"Slack says that a block_id is unique in its message; the fixtures' generator puts the same placeholder everywhere"},
	{slackGo, "a raw_number cell without text", "`text` is left out when it is empty", "invalid_blocks", "ours",
		"Slack's own types make it required, and slack-go notes that Slack once refused such cells"},
	{schemaJudge, "an unknown scope", "taken", "invalid_manifest", "ours", "the schema holds no names; the app's settings refuse it"},
	{schemaJudge, "an unknown event", "taken", "invalid_manifest", "ours", "the schema holds no names; the app's settings refuse it"},
	{schemaJudge, "an event without its scope", "taken", "invalid_manifest", "ours", "an event whose scope is missing is never sent"},
	{schemaJudge, "bot scopes without a bot user", "taken", "invalid_manifest", "ours", "an app without a bot user gets no bot token"},
	{schemaJudge, "a command without the scope", "taken", "invalid_manifest", "ours", "a slash command needs the scope `commands`"},
	{schemaJudge, "HTTP without a request URL", "taken", "invalid_manifest", "ours", "there is nowhere to deliver to"},
}

func calls(judge string) (out []string) {
	for _, d := range disagreements {
		if d.judge == judge {
			out = append(out, d.call)
		}
	}
	return out
}

// published are the cases that slackblocks refuses and that are no plain upper limit:
// those are in the table of limits.
var published = map[string]func() any{
	"text.min_length":                 func() any { return of("section", "text", mrkOf("")) },
	"option_group.options.min_items":  func() any { return selectWith("option_groups", []any{groupOf("g", 0)}) },
	"overflow.options.min_items":      func() any { return inActions(of("overflow", "options", []any{})) },
	"checkboxes.options.min_items":    func() any { return inActions(of("checkboxes", "options", []any{})) },
	"radio_buttons.options.min_items": func() any { return inActions(of("radio_buttons", "options", []any{})) },
	"url_source.url.min_length":       func() any { return taskWith("") },
	"table.rows.max_items":            func() any { return of("table", "rows", times(101, func(int) any { return times(1, cell) })) },
	"table.row_shape":                 func() any { return of("table", "rows", []any{times(1, cell), times(2, cell)}) },
	"table.column_settings":           func() any { return of("table", "rows", []any{times(2, cell)}, "column_settings", []any{object{}}) },
	"file_input.max_files.min":        func() any { return inInput(of("file_input", "max_files", 0)) },
	"markdown.text.min_length":        func() any { return of("markdown", "text", "") },
	"video.alt_text.min_length":       func() any { return videoWith("alt_text", "") },
	"view.blocks.min_items":           func() any { return viewWith("blocks", []any{}) },
	"section.content":                 func() any { return of("section") },
	"static_select.choice_source":     func() any { return selectWith("options", opts(1), "option_groups", []any{groupOf("g", 1)}) },
	"image.source": func() any {
		return of("image", "alt_text", "a", "image_url", urlOf(30), "slack_file", object{"id": "F1"})
	},
	"number_input.range": func() any {
		return inInput(of("number_input", "is_decimal_allowed", false, "min_value", "9", "max_value", "1"))
	},
	"context.elements":                               func() any { return of("context", "elements", []any{buttonOf()}) },
	"input.element":                                  func() any { return inInput(buttonOf()) },
	"carousel.elements.min_items":                    func() any { return of("carousel", "elements", []any{}) },
	"data_table.rows.min_items":                      func() any { return of("data_table", "rows", []any{times(1, cell)}) },
	"data_table.columns.min_items":                   func() any { return of("data_table", "rows", []any{[]any{}, []any{}}) },
	"data_table.page_size.min":                       func() any { return of("data_table", "rows", []any{times(1, cell), times(1, cell)}, "page_size", 0) },
	"data_table.cell_text.min_length":                func() any { return of("data_table", "rows", []any{times(1, cell), []any{of("raw_text", "text", "")}}) },
	"data_visualization.segments.min_items":          func() any { return chart("pie", "segments", []any{}) },
	"data_visualization.segment.value.exclusive_min": func() any { return chart("pie", "segments", []any{point("x", 0)}) },
	"data_visualization.series.min_items":            func() any { return axesOf([]any{}, cats(1)) },
	"data_visualization.data.min_items":              func() any { return axesOf([]any{seriesOf("s", 0)}, cats(1)) },
	"data_visualization.categories.min_items":        func() any { return axesOf([]any{seriesOf("s", 1)}, cats(0)) },
}

// Every case that slackblocks refuses is refused here, but for the listed ones.
func TestInvalidFixturesAreRefused(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(facts(t), "fixtures/invalid/manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Cases []struct{ ID, Constraint string }
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Cases) == 0 {
		t.Fatal(err)
	}
	var taken, heard []string
	used := map[string]bool{}
	for _, c := range list.Cases {
		build := published[c.Constraint]
		if l, ok := limits[c.Constraint]; ok {
			build = func() any { return l.build(l.n + 1) }
		}
		if used[c.Constraint] = true; build == nil {
			t.Errorf("%s: nobody builds a case of %s", c.ID, c.Constraint)
			continue
		}
		if heard = append(heard, "refuse:"+c.ID); len(verdict(t, build())) == 0 {
			taken = append(taken, c.ID)
		}
	}
	for name := range published {
		if !used[name] {
			t.Errorf("%s is not published", name)
		}
	}
	known := slices.DeleteFunc(calls(slackblocks), func(call string) bool { return strings.HasPrefix(call, "valid/") })
	if slices.Sort(known); !slices.Equal(taken, known) {
		t.Errorf("taken here and refused there: %v; listed: %v", taken, known)
	}
	valid, err := filepath.Glob(filepath.Join(facts(t), "fixtures/valid/*/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range valid { // TestValidFixturesPass goes through them
		heard = append(heard, "take:"+strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	judge.Called(t, slackblocks, heard)
}

// The messages among the valid fixtures pass only without their block ids.
func TestValidMessagesRepeatBlockIDs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(facts(t), "fixtures/valid/messages/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	differ := false
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		list, ok := v.(object)["blocks"]
		if !ok {
			continue
		}
		for _, p := range checkBlocks("message", "/blocks", list) {
			differ = true
			if !strings.Contains(p.Message, "already exists") {
				t.Errorf("%s: %s", f, p)
			}
		}
	}
	if listed := slices.Contains(calls(slackblocks), "valid/messages"); listed != differ {
		t.Errorf("they differ: %v; listed: %v", differ, listed)
	}
}

func TestANumberWithoutText(t *testing.T) {
	w := newWorld(t, nil)
	table := func(number *client.TableRawNumberCell) error {
		_, _, err := w.bot.PostMessage("C0001", client.MsgOptionText("x", false), client.MsgOptionBlocks(client.NewTableBlock("t").AddRow(number)))
		return err
	}
	if err := table(client.NewTableRawNumberCell(1)); code(err) != "invalid_blocks" {
		t.Errorf("without text: %v", err)
	}
	if err := table(client.NewTableRawNumberCell(1).WithText("1")); err != nil {
		t.Errorf("with text: %v", err)
	}
}

func TestSlackManifest(t *testing.T) {
	dir := facts(t)
	known, err := json.Marshal(calls(schemaJudge))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	both := map[string]any{"http": w.s.Manifest()}
	w.s.UseSockets(true)
	both["socket"] = w.s.Manifest()
	raw, err := json.Marshal(both)
	if err != nil {
		t.Fatal(err)
	}
	judged(t, "slack-manifest", nil, "FACTS="+dir, "MANIFESTS="+string(raw), "KNOWN="+string(known))
}

// The page lists the same disagreements, in the same words.
func TestThePageListsTheDisagreements(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/emulators.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(raw), "\n## Slack\n")
	if !ok {
		t.Fatal("the page has no section on Slack")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var want strings.Builder
	want.WriteString("| judge | call | it says | ours says | who is right, and why |\n|---|---|---|---|---|\n")
	for _, d := range disagreements {
		want.WriteString("| " + strings.Join([]string{d.judge, d.call, d.theirs, d.ours, d.right + ": " + d.why}, " | ") + " |\n")
	}
	if !strings.Contains(section, want.String()) {
		t.Errorf("the section on Slack must hold this table:\n%s", want.String())
	}
	if got := strings.Count(section, "\n| "); got != len(disagreements)+1 {
		t.Errorf("the section's table has %d lines, want %d", got-1, len(disagreements))
	}
}
