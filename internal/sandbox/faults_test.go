package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
)

// trial is one story in bad weather: a federation is made and revoked, and each of
// the chosen calls meets the fault, in either half of the story.
type trial struct {
	about  string
	fault  wire.Fault
	errors map[string]string // of fault.Error, by system
	calls  func(name string) bool
	side   int  // so many federations at once; 0 is one
	guards bool // also quarantined and released
	first  bool // in the first half alone
	stays  bool // until the test takes it away, not once
}

func (tr trial) name() string {
	name := tr.about + ", " + tr.fault.Kind + " " + tr.fault.When
	if tr.fault.Status != 0 {
		name += fmt.Sprint(" ", tr.fault.Status)
	}
	for _, s := range systems {
		if e := tr.errors[s]; e != "" {
			name += " " + e
		}
	}
	return name
}

// late says whether a call can take effect after fedbot has given it up.
func (tr trial) late() bool { return tr.fault.Kind == wire.Slow && tr.fault.When == wire.Before }

var systems = []string{"aws", "azuredevops", "slack"}

// abroad are the calls to both clouds, at home those to Slack.
func abroad(name string) bool { return !athome(name) && !strings.HasPrefix(name, "deliver/") }
func athome(name string) bool { return strings.HasPrefix(name, "slack:") }
func outgoing(name string) bool {
	return strings.HasPrefix(name, "deliver/")
}

// writes are the calls with which fedbot changes a cloud. Each may take half a turn
// if it hangs.
func writes(name string) bool {
	_, call, _ := strings.Cut(name, ":")
	return abroad(name) && slices.ContainsFunc([]string{"Create", "Put", "Delete", "Update", "Run"}, func(verb string) bool { return strings.HasPrefix(call, verb) })
}

// changes are those of writes that a story cannot do without.
func changes(name string) bool {
	return only("serviceendpoint:CreateEndpoint", "iam:CreateRole", "iam:PutRolePolicy", "pipelines:RunPipeline", "PipelinesChecks:CreateCheck",
		"pipelinePermissions:UpdatePipelinePermissions", "serviceendpoint:DeleteEndpoint", "iam:DeleteRole")(name)
}

// matters are the calls on which a story turns: those that change something, the
// sign-in, and the reads by which fedbot finds out what became of a call.
func matters(name string) bool {
	return writes(name) || only("sts:AssumeRole", "iam:GetPolicy", "iam:GetRole", "iam:GetRolePolicy", "core:GetProject", "serviceendpoint:ListEndpoints",
		"serviceendpoint:GetEndpoint", "PipelinesChecks:ListChecks", "pipelines:ListRuns", "build:GetBuild", "build:GetLog")(name)
}

func only(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// brief are the faults that take no time.
func brief() []wire.Fault {
	return []wire.Fault{
		{Kind: wire.Error, When: wire.Before}, {Kind: wire.Error, When: wire.After},
		{Kind: wire.Reset, When: wire.Before}, {Kind: wire.Reset, When: wire.After},
		{Kind: wire.Page, When: wire.Before}, {Kind: wire.Page, When: wire.After, Status: 203},
		{Kind: wire.Truncated, When: wire.After},
		{Kind: wire.Duplicate, When: wire.Before}, {Kind: wire.Duplicate, When: wire.After},
		{Kind: wire.Reorder, When: wire.Before, Delay: 200 * time.Millisecond}, {Kind: wire.Reorder, When: wire.After, Delay: 200 * time.Millisecond},
	}
}

// lasting are the faults in which calls last longer than fedbot waits for them.
func lasting() []wire.Fault {
	return []wire.Fault{
		{Kind: wire.Slow, When: wire.Before, Delay: 2200 * time.Millisecond}, {Kind: wire.Slow, When: wire.After, Delay: 2200 * time.Millisecond},
		{Kind: wire.Hang, When: wire.Before}, {Kind: wire.Hang, When: wire.After},
	}
}

func trials(about string, faults []wire.Fault, calls func(string) bool) (out []trial) {
	for _, f := range faults {
		tr := trial{about: about, fault: f, calls: calls, guards: about == "clouds" && f.When == wire.After && (f.Kind == wire.Reset || f.Kind == wire.Duplicate)}
		if f.Kind == wire.Reorder {
			tr.side = 2
		}
		out = append(out, tr)
	}
	return out
}

// answers are all ways in which the systems say no, one of each system in a trial.
func answers(gates map[string]*wire.Gate) (out []trial) {
	for i := range 8 {
		tr := trial{about: "answers", fault: wire.Fault{Kind: wire.Error, When: wire.Before}, errors: map[string]string{}}
		for system, g := range gates {
			if list := g.State().Errors; i < len(list) {
				tr.errors[system] = list[i].Name
			}
		}
		tr.calls = func(name string) bool { return matters(name) || athome(name) }
		out = append(out, tr)
	}
	return out
}

// TestFaults drives whole stories through the real fedbot in every kind of weather.
// Whatever the fault, in the end an active federation exists exactly once, of a
// closed one nothing is left, and everything else waits for a person with a
// sentence that says what is not known; when the fault is gone, it ends right.
//
// The stories mostly wait, so several are told at once, each in a sandbox of its own.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("tells some fifty stories; left out by -short")
	}
	t.Parallel()
	st := begin(t)
	calls := st.learn(t)
	lost := brief()[:2] // a delivery is lost in one way
	once := slices.Concat(
		answers(st.gates),
		trials("deliveries", slices.Concat(lasting(), lost, brief()[7:]), outgoing),
		trials("Slack", slices.Concat(lasting()[:1], brief()), athome),
		trials("clouds", brief(), matters),
	)
	hanging := slices.Concat(trials("Slack", lasting()[2:3], only("slack:chat.postMessage")), trials("Slack", lasting()[3:], only("slack:chat.update")))
	for i := range hanging {
		hanging[i].first = true // each waits for twenty seconds
	}
	hopeless := []wire.Fault{brief()[0], brief()[2], brief()[4]} // there is no effect, so that asking again never helps
	stay := func(list []trial) []trial {
		for i := range list {
			list[i].stays, list[i].guards, list[i].side = true, false, 0
		}
		return list
	}
	slow := []string{"turn: 2s", "turn: 4s"} // and a call has half of it
	steady := []string{"turn: 2s", "turn: 20s"}
	stuck := only("serviceendpoint:CreateEndpoint", "iam:DeleteRole")
	var all sync.WaitGroup
	tell(t, &all, 3, slices.Concat(steady, []string{"tries: 12", "tries: 60"}), once, calls)
	tell(t, &all, 2, slices.Concat(slow, []string{"tries: 12", "tries: 60"}), slices.Concat(hanging, trials("clouds", lasting(), changes)), calls)
	tell(t, &all, 1, slices.Concat(slow, []string{"tries: 12", "tries: 3"}), stay(trials("until somebody helps", slices.Concat(hopeless, lasting()[2:3]), stuck)), calls)
	all.Wait()
}

// tell starts sandboxes that share a list of trials.
func tell(t *testing.T, all *sync.WaitGroup, houses int, pace []string, trials []trial, calls learned) {
	t.Helper()
	next := make(chan trial)
	for range houses {
		st := begin(t)
		if err := st.repace(append(pace, brisk...)); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for tr := range next {
				t.Run(tr.name(), func(t *testing.T) { st.suffer(t, tr, calls) })
			}
		})
	}
	all.Go(func() {
		for _, tr := range trials {
			next <- tr
		}
		close(next)
	})
}

var brisk = []string{"backoff: 200ms", "backoff: 20ms", "poll: 200ms", "poll: 50ms", "lag: 100ms", "lag: 20ms"}
