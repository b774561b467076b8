package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fedbot/internal/emulate/wire"
)

// trouble is what the page's dial of one system says.
type trouble struct {
	Kind  string   `json:"kind"`            // "" is as usual, "other" what only the control API can set
	Call  string   `json:"call,omitempty"`  // "*" is every call
	Calls []string `json:"calls,omitempty"` // that came in so far, to choose one from
}

// dials are the kinds of trouble that the page offers, each a fault of every call or
// of one. A thousandth of what the control API can do, and what one tries first.
var dials = map[string]wire.Fault{
	"slow":         {When: wire.Before, Kind: wire.Slow, Delay: 50 * time.Millisecond}, // some hundred calls for one federation
	"late":         {When: wire.After, Kind: wire.Slow, Delay: turn, Times: 3},         // longer than fedbot waits
	"failing":      {When: wire.Before, Kind: wire.Error},
	"refusing":     {When: wire.Before, Kind: wire.Error},
	"throttling":   {When: wire.Before, Kind: wire.Error, Delay: time.Second},
	"lost-answers": {When: wire.After, Kind: wire.Reset, Times: 3},
	"page":         {When: wire.Before, Kind: wire.Page},
	"truncated":    {When: wire.After, Kind: wire.Truncated},
	"duplicate":    {When: wire.Before, Kind: wire.Duplicate},
	"reorder":      {When: wire.Before, Kind: wire.Reorder, Delay: 200 * time.Millisecond},
	"hang":         {When: wire.Before, Kind: wire.Hang},
}

// words are the errors of a dial in each system's own words.
var words = map[string]map[string]string{
	"refusing":   {"aws": "AccessDenied", "azuredevops": "Forbidden", "slack": "missing_scope"},
	"throttling": {"aws": "Throttling", "azuredevops": "TooManyRequests", "slack": "ratelimited"},
}

func dial(system, kind, call string) wire.Fault {
	f := dials[kind]
	f.Call, f.Error = call, words[kind][system]
	return f
}

// trouble turns the dial of a system, for every call or for one.
func (s *Sandbox) trouble(_ context.Context, in struct{ System, Kind, Call string }) (any, error) {
	gate, ok := s.gates[in.System]
	if !ok {
		return nil, fmt.Errorf("there is no system %q", in.System)
	}
	if in.Kind == "" {
		return nil, gate.AsUsual()
	}
	if _, ok := dials[in.Kind]; !ok {
		return nil, fmt.Errorf("there is no trouble %q", in.Kind)
	}
	if in.Call == "" {
		in.Call = "*"
	}
	faults := []wire.Fault{dial(in.System, in.Kind, in.Call)}
	return nil, gate.Apply(wire.Change{Faults: &faults})
}

// troubles are what the dials say now: what is switched on, whoever did it, until it
// is used up.
func (s *Sandbox) troubles() map[string]trouble {
	out := map[string]trouble{}
	for system, g := range s.gates {
		faults := g.Faults()
		if len(faults) == 0 {
			out[system] = trouble{}
			continue
		}
		t := trouble{Kind: "other", Call: faults[0].Call}
		for kind := range dials {
			want := dial(system, kind, t.Call)
			if want.Times > 0 { // some are used up
				want.Times = faults[0].Times
			}
			if len(faults) == 1 && faults[0] == want {
				t.Kind = kind
			}
		}
		t.Calls = slices.DeleteFunc(slices.Sorted(maps.Keys(g.Calls())), func(name string) bool { return strings.HasPrefix(name, "deliver/") })
		out[system] = t
	}
	return out
}
