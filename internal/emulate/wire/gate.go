package wire

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// Gate stands in front of an emulator's calls, and behind its deliveries: it counts
// them and lets them go wrong as it was told. The zero value lets everything pass.
type Gate struct {
	mu       sync.Mutex
	faults   []Fault
	held     []*hold
	calls    map[string]int
	struck   map[string]int
	failures []Failure
	switches []Switch
	usual    map[string]any // what each switch was when it was offered
}

// Failure is one of a system's ways to say that a call failed.
type Failure struct {
	Name string `json:"name"` // as the system calls it: "Throttling", "internal_error"
	Says string `json:"says"` // one line: status and what it means
}

// hold is a call of kind reorder that waits for the next one.
type hold struct {
	call, when string
	free       chan struct{}
}

// Speak tells the gate which failures the system knows. The first is the one that
// is meant where a fault names none.
func (g *Gate) Speak(failures ...Failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = slices.Clone(failures)
}

// Set replaces all faults. It panics on a fault that Check refuses: one that was
// written in Go was written by hand.
func (g *Gate) Set(faults ...Fault) {
	if err := g.replace(faults); err != nil {
		panic("set faults: " + err.Error())
	}
}

func (g *Gate) replace(faults []Fault) error {
	if err := g.check(faults); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = slices.Clone(faults)
	return nil
}

func (g *Gate) check(faults []Fault) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, f := range faults {
		if err := f.Check(); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		if f.Error != "" && !slices.ContainsFunc(g.failures, func(x Failure) bool { return x.Name == f.Error }) {
			return fmt.Errorf("fault %d: the system has no error %q; it has %s", i+1, f.Error, names(g.failures))
		}
	}
	return nil
}

func names(failures []Failure) (out string) {
	if len(failures) == 0 {
		return "only one, without a name"
	}
	for i, f := range failures {
		if i > 0 {
			out += ", "
		}
		out += f.Name
	}
	return out
}

// Faults returns what is switched on and not used up.
func (g *Gate) Faults() []Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.faults)
}

// Calls returns how often each call came in.
func (g *Gate) Calls() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.calls)
}

// Struck returns how often each fault has struck: "error before iam:CreateRole".
func (g *Gate) Struck() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.struck)
}

// due is what a call meets.
type due struct {
	before, after *Fault
	waits         [2]*hold // a hold of its own, before and after the effect
	frees         [2]*hold // another's hold, that this call ends
}

func (d due) nothing() bool { return d == due{} }

// take counts a call and finds what it meets.
func (g *Gate) take(call string) (d due) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls == nil {
		g.calls, g.struck = map[string]int{}, map[string]int{}
	}
	g.calls[call]++
	d.frees[0], d.frees[1] = g.partner(call, Before), g.partner(call, After)
	d.before, d.waits[0] = g.meet(call, Before, d.frees[0] != nil)
	d.after, d.waits[1] = g.meet(call, After, d.frees[1] != nil)
	return d
}

// partner is the hold that waits for this call.
func (g *Gate) partner(call, when string) *hold {
	for i, h := range g.held {
		if ok, _ := path.Match(h.call, call); ok && h.when == when {
			g.held = slices.Delete(g.held, i, i+1)
			return h
		}
	}
	return nil
}

// meet finds the first fault for a call at a moment and uses it up. A call that
// ends another's hold is not held itself.
func (g *Gate) meet(call, when string, frees bool) (*Fault, *hold) {
	for i := range g.faults {
		f := &g.faults[i]
		if ok, _ := path.Match(f.Call, call); !ok || f.When != when || frees && f.Kind == Reorder {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		met := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				g.faults = slices.Delete(g.faults, i, i+1)
			}
		}
		g.struck[met.Kind+" "+when+" "+call]++
		if met.Kind != Reorder {
			return &met, nil
		}
		h := &hold{met.Call, when, make(chan struct{})}
		g.held = append(g.held, h)
		return &met, h
	}
	return nil, nil
}

// pair is how long a call of kind reorder waits for the next one, if it does not say.
const pair = time.Second

// wait waits until another call ends the hold, or for as long as the fault says.
func (g *Gate) wait(h *hold, f *Fault) {
	most := f.Delay
	if most == 0 {
		most = pair
	}
	select {
	case <-h.free:
	case <-time.After(most):
		g.mu.Lock()
		g.held = slices.DeleteFunc(g.held, func(x *hold) bool { return x == h })
		g.mu.Unlock()
	}
}

// Serve runs next for the named call, with the faults that are due. fail says no
// in the system's own words: f.Error is the name of one of its failures, or empty.
func (g *Gate) Serve(w http.ResponseWriter, r *http.Request, call string, fail func(w http.ResponseWriter, r *http.Request, f Fault), next http.HandlerFunc) {
	d := g.take(call)
	if d.nothing() {
		next(w, r)
		return
	}
	s, err := newServing(g, w, r, d, fail, next)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away while it spoke
	}
	s.run()
}
