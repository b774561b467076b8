package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// trialNumber gives each connection a name of its own.
var trialNumber atomic.Int64

// learned are the calls that a story makes, by half of the story and system.
type learned map[string]map[string][]string

// learn lets one federation live and go in good weather and notes the calls.
func (st *stage) learn(t *testing.T) learned {
	t.Helper()
	out, before := learned{}, st.calls()
	note := func(half string) {
		out[half] = map[string][]string{}
		for system, calls := range st.calls() {
			for _, name := range slices.Sorted(maps.Keys(calls)) {
				if calls[name] > before[system][name] {
					out[half][system] = append(out[half][system], name)
				}
			}
		}
		before = st.calls()
	}
	p := &pursuit{stage: st, connection: "aws-learn"}
	st.arrive(t, []*pursuit{p}, workflows.Active)
	note("create")
	st.arrive(t, []*pursuit{p}, workflows.Closed)
	note("revoke")
	return out
}

func (st *stage) calls() map[string]map[string]int {
	out := map[string]map[string]int{}
	for system, g := range st.gates {
		out[system] = g.Calls()
	}
	return out
}

// repace edits fedbot's configuration, pair by pair, and starts it again.
func (st *stage) repace(pairs []string) error {
	if err := st.StopFedbot(); err != nil {
		return err
	}
	raw, err := os.ReadFile(st.file("fedbot.yaml"))
	if err != nil {
		return err
	}
	text := strings.NewReplacer(pairs...).Replace(string(raw))
	return errors.Join(writeFile(st.file("fedbot.yaml"), []byte(text)), st.StartFedbot())
}

// storm switches a trial's fault on, at each of its calls.
func (st *stage) storm(tr trial, half map[string][]string) {
	for system, names := range half {
		var list []wire.Fault
		for _, name := range names {
			if tr.calls(name) {
				f := tr.fault
				f.Call, f.Error, f.Times = name, tr.errors[system], 1
				if tr.stays {
					f.Times = 0
				}
				list = append(list, f)
			}
		}
		st.gates[system].Set(list...)
	}
}

func (st *stage) calm() {
	for _, g := range st.gates {
		g.Set()
	}
}

// struck counts how often faults have struck.
func (st *stage) struck() (n int) {
	for _, g := range st.gates {
		for _, times := range g.Struck() {
			n += times
		}
	}
	return n
}

// suffer tells the story of one trial, of one federation or of some side by side.
func (st *stage) suffer(t *testing.T, tr trial, calls learned) {
	began, before := time.Now(), st.struck()
	defer st.calm()
	var pairs []*pursuit
	for range max(tr.side, 1) {
		pairs = append(pairs, &pursuit{stage: st, connection: fmt.Sprintf("aws-trial-%d", trialNumber.Add(1))})
	}
	st.storm(tr, calls["create"])
	st.arrive(t, pairs, workflows.Active)
	st.calm()
	for _, p := range pairs {
		if tr.late() {
			st.onlyLater(t, p.f)
		}
		st.whole(t, p.f)
	}
	if tr.guards {
		st.storm(tr, calls["revoke"])
		pairs[0].guard(t)
		st.calm()
		st.whole(t, pairs[0].f)
	}
	if !tr.first {
		st.storm(tr, calls["revoke"])
	}
	st.arrive(t, pairs, workflows.Closed)
	st.calm()
	for _, p := range pairs {
		st.gone(t, p.f)
		st.tells(t, p.f)
	}
	met := st.struck() - before
	if met == 0 {
		t.Error("the fault has struck nobody")
	}
	t.Logf("%s, struck %d times", time.Since(began).Round(10*time.Millisecond), met)
}

// pursuit is what people want of one connection. What Slack did not take they do
// again.
type pursuit struct {
	*stage
	connection string
	f          workflows.Federation
	asked      bool
	ordered    bool            // the revocation
	pressed    map[string]bool // cards
	answers    []string        // to what did not work
	head       uint64          // of fedbot's store, when it was last read
	heard      uint64          // what Slack's revision was then
	looked     string          // for which button, at which of Slack's revisions
}

// long is far more than anything takes, on a machine that has much else to do too.
const long = 4 * time.Minute

// arrive lets people pursue all until each is as wanted. One that waits for a person
// must say honestly why; then the weather clears, and somebody tries again.
func (st *stage) arrive(t *testing.T, all []*pursuit, goal workflows.State) {
	t.Helper()
	calm := false
	for _, p := range all {
		for {
			if err := st.settle(p, goal); err != nil {
				t.Fatalf("%s: %v", p.connection, err)
			}
			if p.f.State == goal && p.f.Parked == nil {
				break
			}
			if calm && p.f.Parked == nil {
				t.Fatalf("%s is %s in good weather: %s", p.connection, p.f.State, explain(p.f))
			}
			st.honest(t, p.f)
			st.calm()
			calm = true
			p.again(t)
		}
	}
}

// settle pursues one until it is as wanted, waits for a person or has ended.
func (st *stage) settle(p *pursuit, goal workflows.State) error {
	end := time.Now().Add(long)
	for {
		if err := p.look(); err != nil {
			return err
		}
		if p.f.Parked != nil || p.f.State == goal || p.f.State == workflows.Closed {
			return nil
		}
		p.act(goal)
		if time.Now().After(end) {
			return fmt.Errorf("it does not move: %s, asked %v, pressed %v, attempts %d, answers %q, news %v", explain(p.f), p.asked, p.pressed, p.f.Attempts, p.answers, p.news(person("requester")))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// look reads the youngest federation of the connection.
func (p *pursuit) look() error {
	head, err := p.running.app.Store().Head(p.ctx)
	if err != nil || head == p.head {
		return err
	}
	p.head = head
	list, err := p.running.app.Store().List(p.ctx)
	for _, f := range list {
		if f.Approved.Connection == p.connection {
			p.f = f
		}
	}
	return err
}

func (p *pursuit) act(goal workflows.State) {
	p.listen()
	switch {
	case p.f.ID == "" && !p.asked:
		p.asked = p.types(person("requester"), askFor(p.connection)) == nil
	case p.f.State == workflows.Requested && p.f.Requests[0].Checked != nil:
		p.press("request_approve", string(p.f.ID)+".1 ")
	case p.f.State == workflows.Active && goal == workflows.Closed && !p.ordered:
		p.ordered = p.types(person("requester"), "revoke "+string(p.f.ID)+" --reason 'Moved elsewhere. SHOP-500'") == nil
	}
}

// listen hears what fedbot could not do for want of Slack's answers, in its own
// words, and then people do it again.
func (p *pursuit) listen() {
	now := p.slack.Revision()
	if now == p.heard {
		return
	}
	p.heard = now
	for _, who := range []string{"requester", "approver"} {
		for _, m := range p.news(person(who)) {
			if !m.private || !notDone.MatchString(m.text) {
				continue
			}
			p.acts(person(who))
			p.answers = append(p.answers, m.text)
			switch {
			case who == "approver":
				clear(p.pressed)
			case p.f.ID == "":
				p.asked = false
			default:
				p.ordered = false
			}
		}
	}
}

var notDone = regexp.MustCompile(`^Not done: .* Please try again`)

// press presses the youngest card with the button, once, if Slack takes it.
func (p *pursuit) press(action, id string) {
	looked := fmt.Sprint(action, id, p.slack.Revision())
	if p.looked == looked {
		return
	}
	b, ok := p.button(person("approver"), action, id)
	if key := action + b.ts; ok && !p.pressed[key] {
		if p.pressed == nil {
			p.pressed = map[string]bool{}
		}
		p.acts(person("approver"))
		p.pressed[key] = p.slack.Press(p.ctx, person("approver"), b.channel, b.ts, b.block, b.action, b.value) == nil
		return
	}
	p.looked = looked
}

// again is what people do in good weather about one that waits for them: try again;
// about one that was refused: ask again.
func (p *pursuit) again(t *testing.T) {
	t.Helper()
	if p.f.Parked == nil {
		p.gone(t, p.f)
		p.asked, p.f, p.head = true, workflows.Federation{}, 0
		if err := p.types(person("requester"), askFor(p.connection)); err != nil {
			t.Fatal(err)
		}
		err := p.until(func() error {
			if err := p.look(); err != nil || p.f.State != workflows.Closed {
				return err
			}
			return fmt.Errorf("%s was asked for again and is still %s", p.connection, explain(p.f))
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	clear(p.pressed)
	err := p.until(func() error {
		if err := p.look(); err != nil || p.f.Parked == nil {
			return err
		}
		p.press("step_retry", string(p.f.ID))
		return fmt.Errorf("%s: try again was pressed, and it still waits: %s", p.connection, explain(p.f))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// guard quarantines the federation and has it released.
func (p *pursuit) guard(t *testing.T) {
	t.Helper()
	id := string(p.f.ID)
	wants := func(what string, is func(workflows.Federation) bool, act func()) {
		t.Helper()
		err := p.until(func() error {
			if err := p.look(); err != nil || is(p.f) {
				return err
			}
			act()
			return fmt.Errorf("%s is not %s: %s", id, what, explain(p.f))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var said [2]bool
	say := func(i int, who, text string) func() {
		return func() {
			if !said[i] {
				said[i] = p.types(person(who), text) == nil
			}
		}
	}
	wants("quarantined", func(f workflows.Federation) bool { return f.Quarantine != nil && f.Quarantine.Held },
		say(0, "administrator", "quarantine "+id+" --reason 'INC-7'"))
	st := &story{Sandbox: p.Sandbox, ctx: p.ctx, f: p.f}
	if text, err := st.awsAsApproved(); err == nil || !strings.Contains(err.Error(), "hold") {
		t.Errorf("%s is quarantined, and its role is not held: %s %v", id, text, err)
	}
	request := id + ".2"
	wants("asked to be released", func(f workflows.Federation) bool {
		return len(f.Requests) == 2 && f.Requests[1].Checked != nil || f.Quarantine == nil
	},
		say(1, "requester", "release "+id+" --reason 'Rebuilt. INC-7'"))
	wants("released", func(f workflows.Federation) bool { return f.Quarantine == nil && len(f.Errands) == 0 },
		func() { p.press("request_approve", request) })
}
