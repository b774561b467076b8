package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// TestPlays runs the plays of testdata/plays: scripts with named actors, on the
// real fedbot and the emulators. Each play has a sandbox of its own, and at its
// end the store is consistent and holds no secret.
//
//	requester /federate …           types the command
//	requester asks NAME             types the whole request for a connection of that name
//	approver press ACTION ID        presses the youngest such button that they can see
//	requester check ID              presses Check now, unless fedbot has looked by itself and found an answer
//	approver submit field=text …    fills in the form that is open, and sends it
//	requester opens home            opens the home tab
//	requester chooses FIELD VALUE   fills in one field of the form that is open, without sending it
//	requester touches ACTION ID     presses a button of the form that is open, or else of the home tab
//	requester closes                closes the form without sending it
//	sees approver 'words' …         something new to them since they last acted holds the words
//	told outsider 'words' …         the same, in a message that nobody else sees
//	unseen auditor 'words'          nothing that they can see holds the words
//	await F-1 active …              a state, an outcome, checked, parked, quarantined, released, drifted, restored
//	wire approver press ACTION ID   posts a signed press itself; secret=, ago=, value=, message=, team=, home=, wide=, times=
//	wire outsider command 'text'    posts a signed command itself
//	wire outsider submit CALLBACK HIDDEN field=text …   posts a signed form itself
//	remember approver ACTION ID     keeps an honest press, and sends nothing
//	wire approver remembered        posts it
//	group HANDLE actor …            says who is in a user group from now on
//	clock +73h                      moves the clock
//	aws / devops …                  looks at AWS and Azure DevOps, or changes them; see world_test.go
//	history F-1 kind …              the history holds these events, in this order, or soon will
//	lacks F-1 kind …                and none of these
//	once F-1 kind …                 and each of these once
//	slack fails CALL                lets calls fail from now on; slack answers: no more
//	counts approver N 'words' …     so many messages that they can see hold the words
//	doctor slack                    what the doctor finds there
//	configure OLD NEW               edits fedbot's configuration, and starts fedbot with it
//	db-check                        every history folds to what is stored
func TestPlays(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/plays",
		Setup: func(e *testscript.Env) error {
			st, err := open(e.WorkDir+"/box", Options{young: true})
			if err != nil {
				return err
			}
			e.Values["stage"] = st
			e.Defer(func() {
				err := st.close()
				if err != nil || testing.Verbose() {
					e.T().Log("fedbot's log:\n" + st.out.String())
				}
				if err != nil {
					e.T().Fatal(err)
				}
			})
			return nil
		},
		Cmds: commands(),
	})
}

type command = func(ts *testscript.TestScript, neg bool, args []string)

// commands are the words of the plays.
func commands() map[string]command {
	all := map[string]command{
		"sees": say(func(st *stage, args []string) (string, error) { return tells(st, false, args) }),
		"told": say(func(st *stage, args []string) (string, error) { return tells(st, true, args) }),
		"unseen": say(func(st *stage, args []string) (string, error) {
			p, err := who(args[0])
			for _, m := range st.messages(p.ID) {
				if holds(m.said, args[1:]) {
					return "", fmt.Errorf("%s can see: %s", p.Name, m.text)
				}
			}
			return "", err
		}),
		"await": say(func(st *stage, args []string) (string, error) {
			f, err := st.await(workflows.FederationID(args[0]), args[1:]...)
			return explain(f), err
		}),
		"wire":  say(wires),
		"group": say(sets),
		"clock": say(func(st *stage, args []string) (string, error) {
			d, err := time.ParseDuration(strings.TrimPrefix(args[0], "+"))
			if err != nil {
				return "", err
			}
			return "", st.Advance(d)
		}),
		"aws":    say(awsWords),
		"devops": say(devopsWords),
		"history": say(func(st *stage, args []string) (out string, err error) {
			return out, st.until(func() error { out, err = tellsHistory(st, args, true); return err })
		}),
		"lacks": say(func(st *stage, args []string) (string, error) { return tellsHistory(st, args, false) }),
		"db-check": say(func(st *stage, _ []string) (string, error) {
			report, err := st.running.app.Store().Check(st.ctx)
			if err != nil {
				return "", err
			}
			return "", report.Err()
		}),
		"once": say(func(st *stage, args []string) (string, error) { return "", counted(st, args) }),
		"deactivate": say(func(st *stage, args []string) (string, error) {
			p, err := who(args[0])
			if err != nil {
				return "", err
			}
			return "", st.slack.Deactivate(p.ID)
		}),
		"slack": say(func(st *stage, args []string) (string, error) { return "", st.fault("slack", args) }),
		"remember": say(func(st *stage, args []string) (string, error) {
			p, err := who(args[0])
			if err == nil {
				st.held, err = st.pressOf(p.ID, args[1], args[2])
			}
			return "", err
		}),
		"doctor":        say(examined),
		"counts":        say(numbered),
		"configure":     say(func(st *stage, args []string) (string, error) { return "", st.reconfigure(args[0], args[1]) }),
		"fedbot-stops":  say(func(st *stage, _ []string) (string, error) { return "", st.StopFedbot() }),
		"fedbot-starts": say(func(st *stage, _ []string) (string, error) { return "", st.starts() }),
	}
	for _, p := range people {
		actor := strings.ReplaceAll(strings.ToLower(p.Name), " ", "-")
		all[actor] = say(func(st *stage, args []string) (string, error) { return "", does(st, p.ID, args) })
	}
	return all
}

// say makes a command of a function; what it returns is the command's output, and
// an error is its failure.
func say(do func(st *stage, args []string) (string, error)) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		st := ts.Value("stage").(*stage)
		if len(args) == 0 {
			args = []string{""}
		}
		out, err := do(st, args)
		fmt.Fprintln(ts.Stdout(), out)
		switch {
		case neg && err == nil:
			ts.Fatalf("it should have failed")
		case neg:
			fmt.Fprintln(ts.Stderr(), err)
		case err != nil:
			ts.Fatalf("%v", err)
		}
	}
}

// does is what a person does.
func does(st *stage, user string, args []string) error {
	switch args[0] {
	case "/federate":
		words := args[1:]
		for i, w := range words {
			if strings.ContainsAny(w, " \t") {
				words[i] = `"` + w + `"`
			}
		}
		return st.types(user, strings.Join(words, " "))
	case "asks":
		return st.types(user, askFor(args[1]))
	case "press":
		if len(args) != 3 {
			return fmt.Errorf("press takes an action and an id")
		}
		return st.presses(user, args[1], args[2])
	case "opens":
		return st.opens(user)
	case "closes":
		return st.closes(user)
	case "chooses", "touches":
		if len(args) != 3 {
			return fmt.Errorf("%s takes two words", args[0])
		}
		if args[0] == "chooses" {
			return st.chooses(user, args[1], args[2])
		}
		return st.touches(user, args[1], args[2])
	case "check":
		if len(args) != 2 {
			return fmt.Errorf("check takes an id")
		}
		return st.checks(user, args[1])
	case "submit":
		fields := map[string]string{}
		for _, a := range args[1:] {
			k, v, _ := strings.Cut(a, "=")
			fields[k] = v
		}
		return st.submits(user, fields)
	}
	return fmt.Errorf("nobody can %q", args[0])
}

func tells(st *stage, private bool, args []string) (string, error) {
	p, err := who(args[0])
	if err != nil {
		return "", err
	}
	return st.told(p.ID, private, args[1:]...)
}

func sets(st *stage, args []string) (string, error) {
	var members []string
	for _, a := range args[1:] {
		p, err := who(a)
		if err != nil {
			return "", err
		}
		members = append(members, p.ID)
	}
	for _, g := range slackSeed().Groups {
		if g.Handle == args[0] {
			if err := st.slack.SetGroup(g.ID, members); err != nil {
				return "", err
			}
			return "", st.Advance(2 * time.Second) // fedbot may remember for a second who is in a group
		}
	}
	return "", fmt.Errorf("there is no group %s", args[0])
}

// wires posts what Slack would post, or nearly. Its output is fedbot's answers.
func wires(st *stage, args []string) (string, error) {
	p, err := who(args[0])
	if err != nil {
		return "", err
	}
	words, edit := []string{}, map[string]string{}
	for _, a := range args[1:] {
		if k, v, ok := strings.Cut(a, "="); ok && !strings.Contains(k, " ") {
			edit[k] = v
			continue
		}
		words = append(words, a)
	}
	var d delivery
	switch words[0] {
	case "command":
		d = commandBody(p.ID, words[1], "wired."+p.ID)
	case "submit": // a form that was never open: callback id, hidden value, fields
		d = submissionBody(p.ID, words[1], words[2], edit)
	case "remembered":
		st.held.User = p.ID
		d = st.held.delivery()
	case "press":
		from := p.ID
		if actor := edit["sees"]; actor != "" {
			from = person(actor) // whose eyes find the card
		}
		x, err := st.pressOf(from, words[1], words[2])
		if err != nil {
			return "", err
		}
		x.User = p.ID
		for k, into := range map[string]*string{"value": &x.Value, "message": &x.Message, "action": &x.Action, "team": &x.Team, "home": &x.Home, "wide": &x.Wide} {
			if v, ok := edit[k]; ok {
				*into = strings.ReplaceAll(v, "SAME", *into)
			}
		}
		d = x.delivery()
	default:
		return "", fmt.Errorf("wire takes a press, a form or a command")
	}
	d.secret, d.unsigned = edit["secret"], edit["secret"] == "none"
	if edit["ago"] != "" {
		if d.ago, err = time.ParseDuration(edit["ago"]); err != nil {
			return "", err
		}
	}
	times := 1
	if edit["times"] != "" {
		if times, err = strconv.Atoi(edit["times"]); err != nil {
			return "", err
		}
	}
	st.acts(p.ID)
	var out strings.Builder
	for range times {
		status, answer, err := st.deliver(d)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&out, status, answer)
	}
	return out.String(), nil
}

// tellsHistory holds a history to events that are there in this order, or are not
// there at all. A kind may say who: denied/Approver.
func tellsHistory(st *stage, args []string, there bool) (string, error) {
	events, err := st.running.app.Store().History(st.ctx, workflows.FederationID(args[0]))
	if err != nil {
		return "", err
	}
	var all []string
	want := args[1:]
	for _, e := range events {
		name := string(e.Kind()) + "/" + strings.ReplaceAll(e.By.Name, " ", "-")
		all = append(all, name)
		matches := func(w string) bool { return w == name || w == string(e.Kind()) }
		if there && len(want) > 0 && matches(want[0]) {
			want = want[1:]
		}
		for _, w := range want {
			if !there && matches(w) {
				return "", fmt.Errorf("%s happened: %s", w, strings.Join(all, " "))
			}
		}
	}
	if there && len(want) > 0 {
		return "", fmt.Errorf("%s did not happen, or not in this order: %s", want[0], strings.Join(all, " "))
	}
	return strings.Join(all, "\n"), nil
}

// counted holds a history to exactly one event of each kind.
func counted(st *stage, args []string) error {
	events, err := st.running.app.Store().History(st.ctx, workflows.FederationID(args[0]))
	for _, kind := range args[1:] {
		n := 0
		for _, e := range events {
			if string(e.Kind()) == kind {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("%s happened %d times", kind, n)
		}
	}
	return err
}

// fault makes calls of a system fail, hang or work again: "fails [CALL]", "hangs
// [CALL]", "answers".
func (st *stage) fault(system string, args []string) error {
	call := "*"
	if len(args) > 1 {
		call = args[1]
	}
	switch args[0] {
	case "fails":
		st.gates[system].Set(wire.Fault{Call: call, When: "before", Kind: "error"})
	case "answers":
		st.gates[system].Set()
	default:
		return fmt.Errorf("%s cannot %q", system, args[0])
	}
	return nil
}

// inCI says that a check may not be skipped.
func inCI() bool { return os.Getenv("CI") != "" }
