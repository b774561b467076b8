package bot

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// The histories behind the gallery: distinct events, and for each state which of them
// happened, in order. A test writes it from the histories of the golden cards, and
// holds what Gallery draws to them.
//
//go:embed gallery/histories.json
var galleryHistories []byte

// Every sentence of refusal that the code has; what is filled in while running stands
// in angle quotes. A test of room arch holds the list to the code.
//
//go:embed gallery/refusals.txt
var galleryRefusals string

// Exhibit is one thing that people see, drawn by the code that draws it for them.
type Exhibit struct {
	Name   string        `json:"name"` // "waiting-low", "refusal: own_request"
	Kind   string        `json:"kind"` // card, form, home, answer or refusal
	Title  string        `json:"title,omitempty"`
	Text   string        `json:"text"` // the plain twin
	Blocks []slack.Block `json:"blocks"`
}

// told is histories.json.
type toldHistories struct {
	Events    []workflows.Event `json:"events"`
	Histories map[string][]int  `json:"histories"`
}

// Gallery draws every state of a card, the forms, home tabs, answers, and every
// refusal. It is for looking at: its people and accounts do not exist.
func Gallery() ([]Exhibit, error) {
	var all toldHistories
	if err := json.Unmarshal(galleryHistories, &all); err != nil {
		return nil, fmt.Errorf("read gallery: %w", err)
	}
	s := scene{Account: workflows.Account{ID: "111122223333", Name: "shop-dev", Owners: "shop-approvers", Region: "eu-west-1"},
		Console: "https://fedbot.example/console/", Mention: func(group string) string { return "@" + lit(group) }}
	var out []Exhibit
	lives := map[string]life{}
	for _, name := range slices.Sorted(maps.Keys(all.Histories)) {
		var events []workflows.Event
		for _, i := range all.Histories[name] {
			if i < 0 || i >= len(all.Events) {
				return nil, fmt.Errorf("gallery, %s: there is no event %d", name, i)
			}
			events = append(events, all.Events[i])
		}
		f, err := workflows.Fold("F-17", events)
		if err != nil {
			return nil, fmt.Errorf("gallery, %s: %w", name, err)
		}
		lives[name] = life{f, events}
		s.Left = left(events)
		r := shownRequest(f)
		m := card(f, r, s)
		out = append(out, Exhibit{name, "card", "", m.Text, m.Blocks})
		if name == "waiting-high" {
			t := target{Federation: f.ID, Request: r.ID}
			for form, v := range map[string]*slack.ModalViewRequest{"approve": approveModal(f, r, s), "deny": reasonModal(actDeny, f, t, s),
				"revoke": reasonModal(actRevoke, f, t, s), "details": detailsModal(f, r, s)} {
				out = append(out, Exhibit{"form: " + form, "form", v.Title.Text, "", v.Blocks.BlockSet})
			}
		}
	}
	s.Left = nil
	out = append(out, whole(lives, s)...)
	help := helpMessage()
	out = append(out, Exhibit{"answer: help", "answer", "", help.Text, help.Blocks})
	for i, line := range strings.Split(strings.TrimSpace(galleryRefusals), "\n") {
		code, words, _ := strings.Cut(line, " | ")
		m := refusalMessage(parcel{Value: "F-17.1"}, &workflows.Refusal{Code: code, Say: words})
		out = append(out, Exhibit{fmt.Sprintf("refusal %d: %s", i+1, code), "refusal", "", m.Text, m.Blocks})
	}
	slices.SortStableFunc(out, func(a, b Exhibit) int { return kindOrder(a) - kindOrder(b) })
	return out, nil
}

func kindOrder(e Exhibit) int {
	return slices.Index([]string{"card", "form", "home", "answer", "refusal"}, e.Kind)
}
