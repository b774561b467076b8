package sandbox_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fedbot/internal/sandbox"
	"fedbot/workflows"
)

// weather is what a system does to every call for a while.
type weather struct {
	mu  sync.Mutex
	now func(crossing) trouble
}

func (w *weather) meet(c crossing) trouble {
	w.mu.Lock()
	now := w.now
	w.mu.Unlock()
	if now == nil {
		return trouble{}
	}
	return now(c)
}

func (w *weather) turn(now func(crossing) trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

// of is a weather over one system alone.
func of(system string, t trouble) func(crossing) trouble {
	return func(c crossing) trouble {
		if strings.HasPrefix(c.call, system+" ") {
			return t
		}
		return trouble{}
	}
}

// times lets each call meet its trouble so often; met counts by call.
func times(n int, met map[string]int, t func(crossing) trouble) func(crossing) trouble {
	var mu sync.Mutex
	return func(c crossing) trouble {
		mu.Lock()
		defer mu.Unlock()
		if met[c.call]++; met[c.call] > n {
			return trouble{}
		}
		return t(c)
	}
}

// throttling is how AWS says it.
const throttling = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>Throttling</Code>` +
	`<Message>Rate exceeded</Message></Error><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE0</RequestId></ErrorResponse>`

// everyOther lets every other call meet trouble.
func everyOther(t func(crossing) trouble) func(crossing) trouble {
	var n atomic.Int64
	return func(c crossing) trouble {
		if n.Add(1)%2 == 0 {
			return trouble{}
		}
		return t(c)
	}
}

// TestOutages lets whole systems be away, slow or lossy while a federation is
// made. Each ends as one that was made in good weather, its card word for word.
func TestOutages(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for outages to end; left out by -short")
	}
	t.Parallel()
	h := newHouse(t)
	ready := h.emulate()
	sky := &weather{}
	h.borders(ready, sky.meet)
	h.configure(briskly...)
	stop := h.inside()
	c := &crowd{t: t, h: h, ready: func() (sandbox.Ready, bool) { return ready, true }}

	clean := c.liveThrough(t, "good weather", nil, nil)
	met := map[string]int{}
	for _, bad := range []struct {
		name  string
		begin workflows.State // when it comes up
		now   func(crossing) trouble
		clear func(workflows.Federation) bool // when it is over; nil: never by itself
	}{
		{"Slack is away for the whole story", workflows.Provisioning, of("slack", trouble{status: http.StatusServiceUnavailable}), active},
		{"Slack loses an answer to every call", workflows.Provisioning, times(1, map[string]int{}, of("slack", trouble{cut: true})), nil},
		{"Slack limits every call once", workflows.Provisioning, times(1, map[string]int{}, of("slack", trouble{status: http.StatusTooManyRequests, again: "1"})), nil},
		{"Azure DevOps is away in the middle", workflows.Provisioning, of("azure", trouble{status: http.StatusServiceUnavailable}), stumbled},
		{"AWS is away in the middle", workflows.Provisioning, of("aws", trouble{status: http.StatusServiceUnavailable}), stumbled},
		{"AWS throttles", workflows.Provisioning, everyOther(of("aws", trouble{status: http.StatusBadRequest, says: throttling})), nil},
		{"AWS and Azure DevOps are slow", workflows.Provisioning, slowly, nil},
		{"AWS and Azure DevOps lose three answers to every call", workflows.Provisioning, times(3, met, abroad), nil},
	} {
		sky.turn(nil)
		began := time.Now()
		card := c.liveThrough(t, bad.name, func(f workflows.Federation) {
			switch {
			case bad.clear != nil && bad.clear(f):
				sky.turn(nil)
				bad.now = nil
			case f.State == bad.begin:
				sky.turn(bad.now)
			}
		}, bad.clear)
		if card != clean {
			t.Errorf("%s: the card in the end is\n%s\nand in good weather it is\n%s", bad.name, card, clean)
		}
		t.Logf("%s: %s", bad.name, time.Since(began).Round(100*time.Millisecond))
	}
	sky.turn(nil)
	stop()
	demand(t, h, ready, c, 3*len(met)) // a message whose answer was lost is posted again
}

func active(f workflows.Federation) bool   { return f.State == workflows.Active }
func stumbled(f workflows.Federation) bool { return f.Attempts >= 3 }

func slowly(c crossing) trouble {
	if !strings.HasPrefix(c.call, "slack ") {
		time.Sleep(20 * time.Millisecond)
	}
	return trouble{}
}

// liveThrough makes one federation while each sees what happens, and returns its
// card in the end without what differs from federation to federation.
func (c *crowd) liveThrough(t *testing.T, what string, each func(workflows.Federation), over func(workflows.Federation) bool) string {
	t.Helper()
	c.wants("sky", kept)
	w := c.wishes[len(c.wishes)-1]
	wasOver := over == nil
	find := func() (workflows.Federation, bool) {
		list, _ := c.h.list()
		for _, f := range list {
			if f.Approved.Connection == w.connection {
				return f, true
			}
		}
		return workflows.Federation{}, false
	}
	c.until(what+": it is active", time.Minute, func() bool {
		f, ok := find()
		if ok && each != nil {
			each(f)
			wasOver = wasOver || over(f)
		}
		return w.done
	})
	if !wasOver {
		t.Errorf("%s: nothing was seen of it", what)
	}
	f, _ := find()
	var card string
	c.until(what+": the card shows it", 30*time.Second, func() bool {
		seen, err := c.see(approverID)
		live := living(seen, f)
		if err != nil || len(live) != 1 {
			return false
		}
		card = live[0].Text
		return true
	})
	return plain.ReplaceAllString(card, "#")
}

// plain is what differs between the cards of two federations: numbers, dates,
// ids.
var plain = regexp.MustCompile(`(AROA[A-Z0-9]+|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-9]+ [A-Z][a-z]+|[0-9]+)`)

// abroad loses the answers of both clouds.
func abroad(c crossing) trouble { return trouble{cut: !strings.HasPrefix(c.call, "slack ")} }
