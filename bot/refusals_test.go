package bot

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// TestRefusals renders every refusal there is as its presser sees it (internal/arch
// holds the list to the code), and holds it to Slack's limits and to the emulator of
// Slack, which rejects what Slack rejects.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	raw, err := os.ReadFile("gallery/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, line := range lines {
		code, say, ok := strings.Cut(line, " | ")
		if !ok {
			t.Fatalf("no code in %q", line)
		}
		// What is filled in is somebody else's words at their longest and worst.
		for _, value := range []string{"‹", "<!channel> *Approved* `x` " + strings.Repeat("w", 60)} {
			words := filledIn.ReplaceAllLiteralString(say, value)
			if value == "‹" {
				words = say
			}
			m := refusalMessage(parcel{Value: "F-17.1 x"}, &workflows.Refusal{Code: code, Say: words, Next: "F-17"})
			for _, wrong := range limits(m.Blocks, maxBlocks) {
				t.Errorf("%s: %s", code, wrong)
			}
			shown, _ := json.Marshal(m.Blocks[0])
			if strings.Contains(string(shown), `\u003c!channel`) || strings.Contains(string(shown), "<!channel") {
				t.Errorf("%s: what is filled in can call everybody: %s", code, shown)
			}
			if _, _, err := w.o.Slack.PostMessageContext(w.ctx, "C0003", slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...)); err != nil {
				t.Errorf("%s: Slack would not take it: %v", code, err)
			}
			if value == "‹" {
				continue
			}
			if _, ok := w.post("U0REQ", strings.TrimSpace(strings.SplitN(say, "‹", 2)[0])); !ok {
				t.Errorf("%s cannot be read in Slack: %s", code, say)
			}
		}
	}
	if len(lines) < 60 {
		t.Errorf("%d sentences", len(lines))
	}
}

var filledIn = regexp.MustCompile("‹[^›]*›")

// TestSlackTakesEveryGolden posts every golden message as it is in the file, so that
// what is looked at is what Slack takes.
func TestSlackTakesEveryGolden(t *testing.T) {
	w := newWorld(t)
	files, err := filepath.Glob("testdata/cards/*.json")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var blocks slack.Blocks
		if raw[0] != '[' {
			continue // forms, home tabs and manifests: other tests hold them
		}
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, _, err := w.o.Slack.PostMessageContext(w.ctx, "C0003", slack.MsgOptionText("x", true), slack.MsgOptionBlocks(blocks.BlockSet...)); err != nil {
			t.Errorf("%s: Slack would not take it: %v", name, err)
		}
	}
}

// TestSlackOpensEveryGolden opens every golden form, and publishes every golden home
// tab, as they are in the files.
func TestSlackOpensEveryGolden(t *testing.T) {
	w := newWorld(t)
	w.stop()
	triggers := make(chan string, 1)
	w.http.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { triggers <- r.FormValue("trigger_id") })
	files, err := filepath.Glob("testdata/cards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	opened := map[string]int{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		switch {
		case strings.HasPrefix(base, "view-"):
			var v slack.ModalViewRequest
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			w.command("U0REQ", "request")
			if _, err := w.o.Slack.OpenViewContext(w.ctx, <-triggers, v); err != nil {
				t.Errorf("%s: Slack would not open it: %v", name, err)
			}
			opened["form"]++
		case strings.HasPrefix(base, "home-"):
			var v slack.HomeTabViewRequest
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := w.o.Slack.PublishViewContext(w.ctx, slack.PublishViewContextRequest{UserID: "U0REQ", View: v}); err != nil {
				t.Errorf("%s: Slack would not show it: %v", name, err)
			}
			opened["home"]++
		}
	}
	if opened["form"] < 5 || opened["home"] < 3 {
		t.Errorf("opened: %v", opened)
	}
}

// TestFactsBeforeButtons: whoever decides reads what it is about first. Nothing but
// small print stands below the first button of a card that can be decided.
func TestFactsBeforeButtons(t *testing.T) {
	for name, m := range cards(t) {
		pressed := false
		for i, b := range m.Blocks {
			switch b := b.(type) {
			case *slack.ActionBlock:
				for _, e := range b.Elements.ElementSet {
					if x, ok := e.(*slack.ButtonBlockElement); ok && (x.ActionID == actApprove || x.ActionID == actDeny) {
						pressed = true
					}
				}
				if i == 0 {
					t.Errorf("%s begins with buttons", name)
				}
			case *slack.ContextBlock:
			default:
				if pressed {
					t.Errorf("%s: block %d (%s) is below the buttons that decide", name, i, b.BlockType())
				}
			}
		}
	}
}
