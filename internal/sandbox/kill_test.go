package sandbox_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"fedbot/internal/sandbox"
)

var (
	kills = flag.Int("kills", 4, "how often each of the tests of kills sends SIGKILL")
	seed  = flag.Uint64("seed", 0, "of the moments at which it does; 0: another one each time")
)

// moments are the times at which to kill.
func moments(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-kills %d -seed %d", *kills, s)
	return rand.New(rand.NewPCG(s, 0))
}

// reap kills a process again and again, at random moments of its life: in most
// lives while it works, in some while it starts. Then it lets it live.
func reap(p *process, dice *rand.Rand, n int, longest time.Duration) {
	for i := range n {
		p.start()
		wait := time.Duration(dice.Int64N(int64(longest)))
		if dice.IntN(5) == 0 {
			wait /= 10
		}
		time.Sleep(wait)
		if early := p.kill(); early {
			p.t.Errorf("life %d ended before anybody killed it", i+1)
			return
		}
	}
	p.start()
}

// TestKillServe kills `fedbot serve` at random moments while the emulators run on
// and people go on asking and pressing.
func TestKillServe(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes; left out by -short")
	}
	t.Parallel()
	dice := moments(t)
	h := newHouse(t)
	ready := h.emulate()
	p := h.fedbot()
	c := &crowd{t: t, h: h, ready: func() (sandbox.Ready, bool) { return ready, true }}
	c.among(p, dice, 2*time.Second, 5+*kills)
	p.stop()
	demand(t, h, ready, c, *kills)
}

// TestKillSandbox kills the whole sandbox: fedbot, Slack, AWS, Azure DevOps and
// whatever runs there.
func TestKillSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes; left out by -short")
	}
	t.Parallel()
	dice := moments(t)
	h := newHouse(t)
	p := h.process(nil, "sandbox", "--listen", "127.0.0.1:0", "--dir", h.dir, "--ready", h.file("ready.json"), "--verbose")
	ready := func() (r sandbox.Ready, ok bool) {
		raw, err := os.ReadFile(h.file("ready.json"))
		return r, err == nil && json.Unmarshal(raw, &r) == nil
	}
	c := &crowd{t: t, h: h, ready: ready}
	c.among(p, dice, 3*time.Second, 4+*kills/4) // Slack counts calls here
	r, _ := ready()
	// The store can be read when fedbot has let go of it; the emulators cannot be
	// read then. So fedbot alone is stopped, as its page can.
	if err := post(t.Context(), r.Page+"api/fedbot", map[string]bool{"run": false}, nil); err != nil {
		t.Fatal(err)
	}
	demand(t, h, r, c, *kills)
}

// among lets people pursue wishes among kills, a few at a time, and then until
// every wish has come to its end and Slack shows it.
func (c *crowd) among(p *process, dice *rand.Rand, longest time.Duration, most int) {
	c.t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		reap(p, dice, *kills, longest)
	}()
	for killing := true; killing; {
		if c.open() < 4 && len(c.wishes) < most {
			c.wants("kill", []string{kept, revoked, denied, withdrawn, revoked}[len(c.wishes)%5])
		}
		c.act()
		select {
		case <-over:
			killing = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	c.until("every wish comes to its end", 2*time.Minute, func() bool { return c.open() == 0 })
	c.until("Slack shows it", 5*time.Minute, func() bool { return shown(c) })
	c.t.Logf("%d wishes, %d things that Slack did not take, %d lives", len(c.wishes), c.tries, p.lives)
}
