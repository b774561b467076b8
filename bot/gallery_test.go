package bot

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGallery holds the gallery's histories to those of the golden cards, and what it
// draws to what they show: nobody looks at cards that the code would draw otherwise.
func TestGallery(t *testing.T) {
	all := tales(t)
	var want toldHistories
	want.Histories = map[string][]int{}
	known := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, e := range all[name].events {
			raw, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			i, ok := known[string(raw)]
			if !ok {
				i = len(want.Events)
				known[string(raw)] = i
				want.Events = append(want.Events, e)
			}
			want.Histories[name] = append(want.Histories[name], i)
		}
	}
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	// An event a line, so that a change can be read.
	text := append(bytes.ReplaceAll(raw, []byte(`},{"kind"`), []byte("},\n{\"kind\"")), '\n')
	if *update {
		if err := os.WriteFile("gallery/histories.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, galleryHistories) {
		t.Error("gallery/histories.json is not the golden cards' any more; -update writes it")
	}
	shown, err := Gallery()
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{"form: request": "", "form: request, filled in": "s3-static-site: bucket", "form: request, not sent": "1,000 of 1,000", "form: draft": "Go on with your draft",
		"home tab: nothing yet": "Nothing is waiting for you", "home tab: who asks": "Ask again", "home tab: who decides": "Waiting for you: ", "home tab: owner team": "Your teams own",
		"home tab: administrator": "Open findings", "answer: list": "Needs someone", "answer: history": "F-17", "answer: report": "act on 1"}
	kinds, names := map[string]int{}, map[string]bool{}
	for _, e := range shown {
		kinds[e.Kind]++
		if names[e.Name] {
			t.Errorf("two exhibits are called %s", e.Name)
		}
		names[e.Name] = true
		for _, wrong := range limits(e.Blocks, maxView) {
			t.Errorf("%s: %s", e.Name, wrong)
		}
		if !strings.Contains(string(pretty(t, e.Blocks)), words[e.Name]) {
			t.Errorf("%s does not show %q: %s", e.Name, words[e.Name], pretty(t, e.Blocks))
		}
		delete(words, e.Name)
		s, ok := all[e.Name]
		if !ok {
			continue
		}
		f := s.fold()
		sc := stage
		sc.Left = left(s.events)
		if diff := cmp.Diff(drawnAs(t, card(f, shownRequest(f), sc).Blocks), drawnAs(t, e.Blocks)); diff != "" {
			t.Errorf("%s is drawn otherwise than its golden card:\n%s", e.Name, diff)
		}
	}
	if len(words) > 0 {
		t.Errorf("not there: %v", words)
	}
	if kinds["card"] != len(all) || kinds["refusal"] < 60 || kinds["form"] != 8 || kinds["home"] != 5 || kinds["answer"] != 6 {
		t.Errorf("exhibits: %v", kinds)
	}
}

// drawnAs is blocks as text, without how a group is mentioned: the gallery knows no ids.
func drawnAs(t *testing.T, v any) string {
	return strings.NewReplacer(`\u003c!subteam^S0001|`, "@", `\u003e`, "").Replace(string(pretty(t, v)))
}
