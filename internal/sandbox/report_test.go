package sandbox

import (
	"strings"
	"testing"
	"time"
)

// reports counts the drift reports in the channel.
func reports(s *stage) (n int) {
	for _, c := range s.slack.Snapshot(people[administrator].ID).Channels {
		for _, m := range c.Messages {
			if c.ID == channel && strings.HasPrefix(m.Text, "Drift report") {
				n++
			}
		}
	}
	return n
}

// Three weeks of downtime owe one report and not three, and a restart owes none.
func TestReportOnceAfterDowntime(t *testing.T) {
	t.Parallel()
	s := begin(t)
	noted := func() string {
		s.mu.Lock()
		defer s.mu.Unlock()
		text, err := s.running.app.Store().Note(t.Context(), "report", "last")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	until(t, "the first start notes the time", func() bool { return noted() != "" })
	first := noted()

	must(t, s.StopFedbot())
	must(t, s.Advance(22*24*time.Hour))
	must(t, s.StartFedbot())
	until(t, "the report that was owed", func() bool { return noted() != first })
	second := noted()
	if n := reports(s); n != 1 {
		t.Fatalf("%d reports for three weeks of downtime, want 1", n)
	}

	must(t, s.StopFedbot())
	must(t, s.StartFedbot())
	must(t, s.Advance(8*24*time.Hour))
	until(t, "the next week's report", func() bool { return noted() != second })
	if n := reports(s); n != 2 {
		t.Fatalf("%d reports after a restart and a week, want 2", n)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for something that takes as long as it takes.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 3000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: not seen", what)
}
