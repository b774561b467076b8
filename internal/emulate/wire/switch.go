package wire

import (
	"encoding/json"
	"fmt"
	"time"
)

// Switch is a named setting of one emulator that is no fault of a single call: a
// lag, a bucket of calls, a pool that does not answer. Emulators offer them to their
// gate, so that one control API lists and sets them all.
type Switch struct {
	Name string // "iam_lag"
	Says string // one sentence: what it does, and in which unit
	Get  func() any
	Set  func(json.RawMessage) error // refuses what it does not understand, and then changes nothing
}

// Offer makes switches known. What they are now is what "as usual" means from now on.
func (g *Gate) Offer(switches ...Switch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.usual == nil {
		g.usual = map[string]any{}
	}
	for _, s := range switches {
		if _, ok := g.usual[s.Name]; ok {
			panic("two switches are called " + s.Name)
		}
		g.usual[s.Name] = s.Get()
		g.switches = append(g.switches, s)
	}
}

// Flag is a switch that is on or off.
func Flag(name, says string, get func() bool, set func(bool)) Switch {
	return Switch{name, says, func() any { return get() }, func(raw json.RawMessage) error {
		var v *bool
		if err := json.Unmarshal(raw, &v); err != nil || v == nil {
			return fmt.Errorf("%s is true or false, not %s", name, raw)
		}
		set(*v)
		return nil
	}}
}

// Count is a switch that is a whole number, zero or more.
func Count(name, says string, get func() int, set func(int)) Switch {
	return Switch{name, says, func() any { return get() }, func(raw json.RawMessage) error {
		var v *int
		if err := json.Unmarshal(raw, &v); err != nil || v == nil || *v < 0 {
			return fmt.Errorf("%s is a whole number from 0, not %s", name, raw)
		}
		set(*v)
		return nil
	}}
}

// Duration is a switch that is a time span, written like "1.5s", zero or more.
func Duration(name, says string, get func() time.Duration, set func(time.Duration)) Switch {
	return Switch{name, says, func() any { return get().String() }, func(raw json.RawMessage) error {
		var text string
		err := json.Unmarshal(raw, &text)
		var d time.Duration
		if err == nil {
			d, err = time.ParseDuration(text)
		}
		if err != nil || d < 0 {
			return fmt.Errorf(`%s is a time such as "0s" or "1.5s", not %s`, name, raw)
		}
		set(d)
		return nil
	}}
}

// find returns a switch by name. The caller holds the lock.
func (g *Gate) find(name string) (Switch, error) {
	all := ""
	for i, s := range g.switches {
		if s.Name == name {
			return s, nil
		}
		if i > 0 {
			all += ", "
		}
		all += s.Name
	}
	if all == "" {
		all = "none"
	}
	return Switch{}, fmt.Errorf("there is no setting %q; there are: %s", name, all)
}
