package sandbox

import (
	"testing"

	"fedbot/internal/emulate/wire"
)

// TestTrouble turns each dial of each system, for every call and for one, and holds
// what the page says to what is switched on.
func TestTrouble(t *testing.T) {
	st := begin(t)
	type wish = struct{ System, Kind, Call string }
	for system, gate := range st.gates {
		for kind := range dials {
			for _, call := range []string{"*", "iam:CreateRole"} {
				if _, err := st.trouble(st.ctx, wish{system, kind, call}); err != nil {
					t.Fatalf("%s %s for %s: %v", system, kind, call, err)
				}
				got := st.troubles()[system]
				if got.Kind != kind || got.Call != call || len(gate.Faults()) != 1 || gate.Faults()[0].Kind != dials[kind].Kind {
					t.Errorf("%s %s for %s: the page says %+v, and there is %v", system, kind, call, got, gate.Faults())
				}
			}
		}
		gate.Set(wire.Fault{Call: "*", When: wire.After, Kind: wire.Hang, Skip: 1000})
		if got := st.troubles()[system]; got.Kind != "other" {
			t.Errorf("%s: what no dial says is called %+v", system, got)
		}
		if _, err := st.trouble(st.ctx, wish{System: system}); err != nil || len(gate.Faults()) != 0 || st.troubles()[system].Kind != "" {
			t.Errorf("%s is not as usual: %v, %v", system, gate.Faults(), err)
		}
	}
	for _, wrong := range []wish{{"gcp", "slow", ""}, {"aws", "slower", ""}, {"aws", "slow", "["}} {
		if _, err := st.trouble(st.ctx, wrong); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}
