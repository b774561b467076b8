package sandbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fedbot/internal/sandbox"
)

// briskly is the pace of tests that meet many troubles. Where nobody dies, a turn
// may be long: each ends with its call.
var briskly = []string{"turn: 2s", "turn: 20s", "backoff: 200ms", "backoff: 50ms", "poll: 200ms", "poll: 100ms", "lag: 100ms", "lag: 50ms"}

const (
	edits = 100 * time.Millisecond
	fresh = time.Second
)

// seams are troubles at chosen calls: each federation meets its own.
type seams struct {
	mu     sync.Mutex
	record bool
	seen   []string                                             // of the first federation: its calls that change something, in order
	count  map[string]int                                       // such calls so far, by connection
	at     map[string]func(n int, c crossing) (trouble, string) // by connection
	struck map[string]string                                    // what each has met
}

func newSeams() *seams {
	return &seams{count: map[string]int{}, at: map[string]func(int, crossing) (trouble, string){}, struck: map[string]string{}}
}

func (s *seams) meet(c crossing) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.writes || c.connection == "" {
		return trouble{}
	}
	n := s.count[c.connection]
	s.count[c.connection]++
	if s.record {
		s.seen = append(s.seen, c.call)
	}
	do := s.at[c.connection]
	if do == nil {
		return trouble{}
	}
	t, what := do(n, c)
	if what != "" {
		s.struck[c.connection] = what
	}
	return t
}

// calls are the calls of the first federation so far.
func (s *seams) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// TestEverySeam lets every call with which fedbot changes something fail in two
// ways, each call in a federation of its own: first it is refused three times, so
// that no client can hide it, and then it is done without an answer.
func TestEverySeam(t *testing.T) {
	if testing.Short() {
		t.Skip("makes some twenty federations; left out by -short")
	}
	t.Parallel()
	h := newHouse(t)
	ready := h.emulate()
	s := newSeams()
	h.borders(ready, s.meet)
	h.configure(briskly...)
	stop := h.inside()
	c := &crowd{t: t, h: h, ready: func() (sandbox.Ready, bool) { return ready, true }}

	provision, revoke := s.clean(c)
	t.Logf("provisioning changes something with %d calls: %s", len(provision), strings.Join(provision, ", "))
	t.Logf("revoking changes something with %d calls: %s", len(revoke), strings.Join(revoke, ", "))
	if len(provision) < 8 || len(revoke) < 5 {
		t.Fatal("these are too few to be all")
	}
	for n := range append(provision, revoke...) {
		c.wants("seam", map[bool]string{true: kept, false: revoked}[n < len(provision)])
		s.mu.Lock()
		s.at[c.wishes[len(c.wishes)-1].connection] = func(i int, c crossing) (trouble, string) {
			switch {
			case i >= n && i < n+3:
				return trouble{status: http.StatusInternalServerError}, "refused " + c.call
			case i == n+3:
				return trouble{cut: true}, "lost " + c.call
			}
			return trouble{}, ""
		}
		s.mu.Unlock()
	}
	c.until("every federation outlives its trouble", 2*time.Minute, func() bool { return c.open() == 0 })
	for _, w := range c.wishes[1:] {
		if !strings.HasPrefix(s.struck[w.connection], "lost ") {
			t.Errorf("%s has not met its trouble, only %q", w.connection, s.struck[w.connection])
		}
	}
	c.until("Slack shows it", time.Minute, func() bool { return shown(c) })
	stop()
	demand(t, h, ready, c, 0)
}

// clean lets one federation live and go without trouble, and returns the calls
// that it took.
func (s *seams) clean(c *crowd) (provision, revoke []string) {
	s.record = true
	c.wants("clean", kept)
	c.until("a federation is active", time.Minute, func() bool { return c.open() == 0 })
	provision = s.calls()
	c.wishes[0].end, c.wishes[0].done = revoked, false
	c.until("a federation is gone", time.Minute, func() bool { return c.open() == 0 })
	revoke = s.calls()[len(provision):]
	s.mu.Lock()
	s.record = false
	s.mu.Unlock()
	return provision, revoke
}

// TestKillEverySeam kills fedbot before each call that changes something, after
// each but before its answer, and at each event: in the life of one federation
// from the ask to the end, die at the first, at the second … until one process
// survives. There are three such lives, side by side.
func TestKillEverySeam(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes; left out by -short")
	}
	t.Parallel()
	var crowds []*crowd
	killers := map[*crowd]*killer{}
	for _, when := range []string{"before", "after", "event"} {
		h := newHouse(t)
		ready := h.emulate()
		k := &killer{when: when, died: map[string]bool{}, passed: map[string]int{}}
		if when != "event" {
			h.borders(ready, k.meet)
		}
		h.configure(briskly...)
		h.configure("turn: 20s", "turn: 1s") // a dead holder's turn is waited for each time
		k.p = h.fedbot()
		if when == "event" {
			k.p.line = k.event
		}
		c := &crowd{t: t, h: h, ready: func() (sandbox.Ready, bool) { return ready, true }, before: k.p.restart}
		c.wants(when, revoked)
		crowds, killers[c] = append(crowds, c), k
	}
	together(t, "it is gone", 2*time.Minute, func(c *crowd) bool { return c.open() == 0 }, crowds...)
	together(t, "Slack shows it", time.Minute, shown, crowds...)
	for _, c := range crowds {
		p := killers[c].p
		p.stop()
		ready, _ := c.ready()
		demand(t, c.h, ready, c, p.lives-1)
		t.Logf("%s: %d deaths", killers[c].when, p.lives-1)
		if p.lives < 15 {
			t.Errorf("it died %d times only", p.lives-1)
		}
	}
}

// killer kills a process once at each seam.
type killer struct {
	p    *process
	when string // "before" a call's effect, "after" it, or when an "event" was stored

	mu     sync.Mutex
	died   map[string]bool
	passed map[string]int // calls that nobody died of, by name
}

func (k *killer) meet(c crossing) trouble {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !c.writes || c.connection == "" {
		return trouble{}
	}
	seam := fmt.Sprintf("%s %d", c.call, k.passed[c.call])
	if k.died[seam] {
		k.passed[c.call]++
		return trouble{}
	}
	k.died[seam] = true
	die := func() { k.p.strike(); k.p.await() }
	if k.when == "before" {
		return trouble{before: die}
	}
	return trouble{after: die}
}

var stored = regexp.MustCompile(`msg=([a-z-]+) federation=(F-[0-9]+) version=([0-9]+)`)

// event kills when fedbot logs that it has stored an event.
func (k *killer) event(line string) {
	m := stored.FindStringSubmatch(line)
	if m == nil || m[1] == "intended" { // that seam is "before"
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.died[m[3]] {
		k.died[m[3]] = true
		k.p.strike()
	}
}
