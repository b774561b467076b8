package bot

import (
	"strings"
	"testing"

	emulator "fedbot/internal/emulate/slack"
	"fedbot/workflows"
)

// TestOneLiveCardAndLinks: a rule sends the card to another channel, and the channel
// of a second rule gets a link and no button that decides. A bot that was killed after
// posting tells nobody twice.
func TestOneLiveCardAndLinks(t *testing.T) {
	w := newWorld(t)
	c := checked("F-17.1")
	c.Verdict.Channel, c.Verdict.Elsewhere = "C0003", []string{"C0001"}
	w.store.append("F-17", submitted(t).say(machine, c).events...)
	w.until("the card and the link", func() bool {
		return len(cardsIn(w, "C0003", "needs a decision")) == 1 && len(cardsIn(w, "C0001", "is decided in another channel")) == 1
	})
	for _, p := range cardsIn(w, "C0001", "") {
		if strings.Contains(string(p.Blocks), actApprove) {
			t.Errorf("a second card decides too: %s", p.Text)
		}
	}
	w.stop()
	w.begin()
	w.store.append("F-17", workflows.Event{At: start, By: approver, Body: workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Why?"}})
	w.until("the question", func() bool { return len(cardsIn(w, "C0003", "1 question open.")) == 1 })
	if n := len(cardsIn(w, "C0001", "is decided in another channel")); n != 1 {
		t.Errorf("%d links", n)
	}
}

func cardsIn(w *world, channel, words string) (out []emulator.Post) {
	for _, c := range w.slack.Snapshot("U0REQ").Channels {
		for _, p := range c.Messages {
			if c.ID == channel && strings.Contains(p.Text, words) {
				out = append(out, p)
			}
		}
	}
	return out
}
