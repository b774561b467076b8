package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// drawn renders the table to lines "state: event event → state", each state in
// the order of its life and each row in the order of the alphabet.
func drawn() string {
	var b strings.Builder
	for _, from := range []State{"", Requested, Provisioning, Active, Revoking, Closed} {
		name := string(from)
		if from == "" {
			name = "(nothing)"
		}
		fmt.Fprintf(&b, "%s\n", name)
		rows := map[State][]string{}
		for kind, to := range life[from] {
			rows[to] = append(rows[to], string(kind))
		}
		for _, to := range []State{Requested, Provisioning, Active, Revoking, Closed} {
			kinds := rows[to]
			if len(kinds) == 0 {
				continue
			}
			slices.Sort(kinds)
			arrow := "→ " + string(to)
			if to == from {
				arrow = "stays"
			}
			for i, line := range wrapped(kinds, 58) {
				if i > 0 {
					arrow = ""
				}
				fmt.Fprintf(&b, "    %-15s%s\n", arrow, line)
			}
		}
		if len(rows) == 0 {
			fmt.Fprintln(&b, "    the end")
		}
	}
	return b.String()
}

func wrapped(words []string, width int) []string {
	var out []string
	line := ""
	for _, w := range words {
		if line != "" && len(line)+1+len(w) > width {
			out, line = append(out, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(out, line)
}

// TestLife holds three things equal: the table that Apply obeys, the diagram in
// testdata, and the one in the package's essay. To redraw after a change of the
// table: FEDBOT_REDRAW=1 go test -run TestLife, and paste the file into doc.go.
func TestLife(t *testing.T) {
	const file = "testdata/life.txt"
	got := drawn()
	if os.Getenv("FEDBOT_REDRAW") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the table draws\n%s\nand %s says\n%s", got, file, want)
	}
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var quoted strings.Builder
	for line := range strings.Lines(doc.Doc.Text()) {
		if rest, ok := strings.CutPrefix(line, "\t"); ok {
			quoted.WriteString(rest)
		}
	}
	if quoted.String() != string(want) {
		t.Errorf("doc.go quotes\n%s\nand %s says\n%s", quoted.String(), file, want)
	}
}

func TestEveryKindHasALife(t *testing.T) {
	for kind, make := range kinds {
		if got := make().kind(); got != kind {
			t.Errorf("%s decodes to %s", kind, got)
		}
		legal := 0
		for _, row := range life {
			if _, ok := row[kind]; ok {
				legal++
			}
		}
		if legal == 0 {
			t.Errorf("%s can never happen", kind)
		}
	}
	for from, row := range life {
		for kind, to := range row {
			if kinds[kind] == nil {
				t.Errorf("%s while %s cannot be decoded", kind, from)
			}
			if _, ok := life[to]; !ok {
				t.Errorf("%s while %s leads to %q, which has no life", kind, from, to)
			}
		}
	}
}

// TestIllegalMoves gives every event to every state. What the table does not
// allow is refused, and nothing is changed, neither by refusing nor by accepting:
// a federation is a value.
func TestIllegalMoves(t *testing.T) {
	for _, from := range []State{"", Requested, Provisioning, Active, Revoking, Closed} {
		for kind, make := range kinds {
			f := lived(from)
			before := mustJSON(t, f)
			e := Event{At: time.Unix(1000, 0).UTC(), By: Person{Actor: "a"}, Body: withRequest(deref(make()))}
			after, err := f.Apply(e)
			if got := mustJSON(t, f); got != before {
				t.Errorf("%s while %q changed its receiver\nfrom %s\nto %s", kind, from, before, got)
			}
			to, legal := life[from][kind]
			switch {
			case legal && (err != nil || after.State != to || after.Version != f.Version+1):
				t.Errorf("%s while %q: got %s, version %d, error %v", kind, from, after.State, after.Version, err)
			case !legal && !errors.Is(err, ErrIllegalMove):
				t.Errorf("%s while %q: got error %v, want an illegal move", kind, from, err)
			case !legal && mustJSON(t, after) != before:
				t.Errorf("%s while %q was refused and changed something", kind, from)
			}
		}
	}
	if _, err := lived(Requested).Apply(Event{Body: Denied{Request: "F-1.9"}}); !errors.Is(err, ErrIllegalMove) {
		t.Errorf("denying a request that is not there: %v", err)
	}
}

// lived is a federation with something in every list that Apply may touch.
func lived(s State) Federation {
	plan := Plan{Federation: "F-1", Steps: []Step{{ID: RoleID, Kind: StepRole}, {ID: HoldID, Kind: StepHold, Policy: &PolicySpec{}}, {ID: LiftID, Kind: StepLift}}}
	f := Federation{ID: "F-1", State: s, Version: 7, Plan: &plan, Facts: &Facts{}}
	if s == "" {
		f.Version = 0
	}
	f.Requests = []Request{{ID: "F-1.1", State: RequestOpen, Checked: &Checked{Plan: plan, Verdict: Verdict{Stages: []Stage{{Group: "g", Count: 2}}}}, Approvals: []Approval{{Stage: 0}}}}
	f.Steps = Steps{{ID: RoleID, Intended: time.Unix(1, 0).UTC(), Made: true, Ref: "r"}, {ID: RunID, Intended: time.Unix(1, 0).UTC()}, {ID: WatchID, Intended: time.Unix(1, 0).UTC()}, {ID: LiftID, Made: true}}
	f.Errands = []Errand{{Step: LiftID, Verb: Ensure}, {Step: HoldID, Verb: Ensure}}
	f.Finished = []StepID{RunID, WatchID}
	f.Findings = []Finding{{ID: "D-1", Step: LiftID}, {ID: "D-2", Step: RoleID, Class: "missing"}}
	f.Quarantine = &Quarantine{Reason: "r"}
	f.Before = &Shelf{Plan: plan}
	f.Turn = Turn{RoleID, Ensure, time.Unix(2, 0).UTC(), false}
	return f
}

// withRequest names a request in the bodies that need one, and a step.
func withRequest(b Body) Body {
	raw, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		panic(err)
	}
	for k, v := range map[string]string{"request": "F-1.1", "step": string(LiftID)} {
		if _, ok := fields[k]; ok {
			fields[k] = v
		}
	}
	if raw, err = json.Marshal(fields); err != nil {
		panic(err)
	}
	into := kinds[b.kind()]()
	if err := json.Unmarshal(raw, into); err != nil {
		panic(err)
	}
	return deref(into)
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
