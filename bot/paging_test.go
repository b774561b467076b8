package bot

import (
	"fmt"
	"strings"
	"testing"

	"fedbot/workflows"
)

// longHistory is a federation that was looked at many times.
func longHistory(t *testing.T, n int) *tale {
	s := active(t)
	for range n {
		s.say(machine, workflows.Drifted{})
	}
	return s
}

// TestPages: every line is on exactly one page, whichever way the pages are turned.
func TestPages(t *testing.T) {
	s := longHistory(t, 100)
	f := s.fold()
	all := happenings(s)
	seen := map[string]int{}
	from, pages := 0, 0
	for {
		m := historyMessage([]workflows.Federation{f}, all, "F-17", from)
		for _, wrong := range limits(m.Blocks, maxBlocks) {
			t.Error(wrong)
		}
		for _, line := range strings.Split(m.Text, "\n") {
			if strings.Contains(line, " UTC  ") {
				seen[line]++
			}
		}
		pages++
		b := buttons(m)
		if (b[actHistoryNewer] == "") != (from == 0) {
			t.Errorf("page from %d has %v", from, b)
		}
		if b[actHistoryOlder] == "" {
			break
		}
		from, _ = turned(b[actHistoryOlder])
	}
	if len(seen) != len(all) || pages != 3 {
		t.Errorf("%d of %d lines on %d pages", len(seen), len(all), pages)
	}
	for _, value := range []string{"", "x", "-1 F-17", "999999 F-17", "99999999999999999999 F-17"} {
		from, _ := turned(value)
		if m := historyMessage([]workflows.Federation{f}, all, "F-17", from); len(limits(m.Blocks, maxBlocks)) > 0 {
			t.Errorf("%q: %v", value, limits(m.Blocks, maxBlocks))
		}
	}
	if m := historyMessage([]workflows.Federation{f}, nil, "F-17", 40); len(limits(m.Blocks, maxBlocks)) > 0 {
		t.Error("no lines")
	}
}

// TestTurning: a page takes the place of the one before; what is on it is read for
// whoever presses, and a value that somebody made up opens nothing.
func TestTurning(t *testing.T) {
	w := newWorld(t)
	w.store.append("F-17", longHistory(t, 60).events...)
	for i := range 30 {
		w.store.append(workflows.FederationID(fmt.Sprintf("F-%d", 100+i)), submitted(t).events...)
	}
	w.command("U0REQ", "history F-17")
	first := w.sees("U0REQ", "1 to 40 of")
	w.press("U0REQ", first, actHistoryOlder)
	second := w.sees("U0REQ", "41 to ")
	if _, both := w.post("U0REQ", "1 to 40 of"); both || second.TS != first.TS {
		t.Error("the second page does not stand in the place of the first")
	}
	w.press("U0REQ", second, actHistoryNewer)
	w.sees("U0REQ", "1 to 40 of")
	w.command("U0REQ", "list")
	w.press("U0REQ", w.sees("U0REQ", "1 to 20 of 31"), actListOlder)
	w.sees("U0REQ", "21 to 31 of 31")

	// An outsider who makes up values, and a person whose right has ended.
	hostile := func(user, action, value string) {
		w.bot.take(w.ctx, parcel{Key: "press/" + user + action + value, Kind: kindPress, Team: "T0001", User: user, Channel: "C0001", Action: action, Value: value})
	}
	hostile("U0OUT", actHistoryOlder, "0 F-17")
	w.sees("U0OUT", "Not found")
	hostile("U0OUT", actHistoryOlder, "0 Web Shop")
	w.sees("U0OUT", "no federation of a project Web Shop that you may see")
	hostile("U0OUT", actListOlder, "0")
	w.sees("U0OUT", "Nothing is waiting for you")
	hostile("U0OUT", actHistoryOlder, "0")
	w.sees("U0OUT", "not one of fedbot's")
	w.desk.mu.Lock()
	w.desk.roles["U0REQ"] = workflows.Roles{}
	w.desk.mu.Unlock()
	third, _ := w.post("U0REQ", "21 to 31 of 31")
	w.press("U0REQ", third, actListNewer)
	w.sees("U0REQ", "Nothing is waiting for you")
}
