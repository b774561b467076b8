package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	emslack "fedbot/internal/emulate/slack"
	"fedbot/store"
	"fedbot/store/storetest"
	"fedbot/workflows"
)

// stage is a running sandbox with actors, as a play or a test needs it. Its
// methods return errors, so that scripts and tests share them.
type stage struct {
	*Sandbox
	ctx  context.Context
	out  *logBuffer
	stop context.CancelFunc
	done chan error

	mu   sync.Mutex
	seen map[string]map[string]string // by person: what each message said when they last acted

	held    pressed         // a press that is sent later
	session aws.Credentials // a session that is used later
}

// logBuffer keeps what fedbot logged.
type logBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// open starts a sandbox on a directory, and returns when everything answers.
func open(dir string, o Options) (*stage, error) {
	out := &logBuffer{}
	o.Listen, o.Dir, o.Log = "127.0.0.1:0", dir, slog.New(slog.NewTextHandler(out, nil))
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	st := &stage{Sandbox: s, ctx: ctx, out: out, stop: stop, done: make(chan error, 1), seen: map[string]map[string]string{}}
	ready := make(chan struct{})
	go func() { st.done <- s.Run(ctx, func() error { close(ready); return nil }) }()
	select {
	case <-ready:
		return st, nil
	case err := <-st.done:
		stop()
		return nil, errors.Join(err, s.Close())
	}
}

// close ends the sandbox and looks at what it leaves: a store that is consistent
// and holds no secret.
func (st *stage) close() error {
	err := st.StopFedbot()
	if !st.o.Bare {
		err = errors.Join(err, st.leavings())
	}
	st.stop()
	return errors.Join(err, <-st.done, st.Close())
}

// leavings checks the store that a stopped fedbot has left.
func (st *stage) leavings() error {
	found, err := storetest.ScanSecrets(st.file("fedbot.db"))
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("the store holds secrets: %v", found)
	}
	db, err := store.Open(st.file("fedbot.db"), store.Options{Now: st.clock.Now})
	if err != nil {
		return err
	}
	report, err := db.Check(context.Background())
	if err == nil {
		err = report.Err()
	}
	return errors.Join(err, db.Close())
}

// begin starts a sandbox for a test and ends it with the test.
func begin(t testing.TB) *stage {
	t.Helper()
	st, err := open(t.TempDir(), Options{young: true, Hasty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(st.out.String())
		}
	})
	return st
}

// who finds a person by an actor's name: "second-approver".
func who(actor string) (Person, error) {
	for _, p := range people {
		if strings.EqualFold(strings.ReplaceAll(p.Name, " ", "-"), actor) {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("nobody is called %q", actor)
}

// person is who for a name that is known to be somebody's.
func person(actor string) string {
	p, err := who(actor)
	if err != nil {
		panic(err)
	}
	return p.ID
}

// patience is far more than anything takes here; no pass depends on it.
const patience = 20 * time.Second

// until looks until something is so; the last error says why it was not.
func (st *stage) until(is func() error) error {
	end := time.Now().Add(patience)
	for {
		err := is()
		if err == nil || time.Now().After(end) || errors.Is(err, errNever) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// errNever marks what waiting cannot mend.
var errNever = errors.New("and it will never be")

// message is one message, or one open form, as one person sees it.
type message struct {
	key, said string // said holds the text and the blocks
	text      string
	private   bool // only this person sees it
}

func (st *stage) messages(user string) []message {
	var out []message
	view := st.slack.Snapshot(user)
	if view.Home != nil {
		text := plain(view.Home.Blocks)
		out = append(out, message{"home", text, text, true})
	}
	for _, m := range view.Modals {
		text := m.Title + "\n" + plain(m.Blocks)
		out = append(out, message{"form/" + m.ID, text, text, true})
	}
	for _, c := range view.Channels {
		for _, m := range c.Messages {
			if !m.Deleted {
				out = append(out, message{c.ID + "/" + m.TS, m.Text + "\n" + plain(m.Blocks), m.Text, m.Ephemeral || c.Kind == "direct"})
			}
		}
	}
	return out
}

// plain takes the strings out of blocks, so that what is read is what is shown
// and not how it is encoded.
func plain(blocks json.RawMessage) string {
	var all any
	if json.Unmarshal(blocks, &all) != nil {
		return ""
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			if s, ok := x["text"].(string); ok {
				out = append(out, s)
			}
			if s, ok := x["initial_value"].(string); ok { // what a field holds is read too
				out = append(out, s)
			}
			for _, v := range x {
				walk(v)
			}
		case []any:
			for _, v := range x {
				walk(v)
			}
		}
	}
	walk(all)
	return strings.Join(out, "\n")
}

// acts notes what a person has seen until now: what they see next is the answer.
func (st *stage) acts(user string) {
	now := map[string]string{}
	for _, m := range st.messages(user) {
		now[m.key] = m.said
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.seen[user] = now
}

// news are the messages that came or changed since the person last acted.
func (st *stage) news(user string) []message {
	st.mu.Lock()
	seen := st.seen[user]
	st.mu.Unlock()
	return slices.DeleteFunc(st.messages(user), func(m message) bool { return seen[m.key] == m.said })
}

// told waits until a person sees something new that holds all the words. Private
// is what nobody else sees.
func (st *stage) told(user string, private bool, words ...string) (string, error) {
	var found string
	err := st.until(func() error {
		var all []string
		for _, m := range slices.Backward(st.news(user)) {
			if private && !m.private {
				continue
			}
			if holds(m.said, words) {
				found = m.said
				return nil
			}
			all = append(all, m.text)
		}
		return fmt.Errorf("nothing new with %q; there is:\n%s", words, strings.Join(all, "\n---\n"))
	})
	return found, err
}

// types sends a slash command.
func (st *stage) types(user, text string) error {
	st.acts(user)
	_, err := st.slack.Command(st.ctx, user, channel, text)
	return err
}

// presses waits for a button and presses it.
func (st *stage) presses(user, action, id string) error {
	var p post
	err := st.until(func() error {
		var ok bool
		if p, ok = st.button(user, action, id); !ok {
			return fmt.Errorf("there is no button %s on %s", action, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	st.acts(user)
	return st.slack.Press(st.ctx, user, p.channel, p.ts, p.block, p.action, p.value)
}

// checks presses Check now, unless fedbot has looked by itself meanwhile and found
// an answer: then the button is gone, as it should be.
func (st *stage) checks(user, id string) error {
	var answered bool
	err := st.until(func() error {
		f, err := st.running.app.Store().Load(st.ctx, workflows.FederationID(id))
		if err != nil {
			return err
		}
		r, walking := f.Open()
		back := walking && r.State == workflows.RequestOpen // with its approvers again: tokens say the subject otherwise
		if answered = f.Parked != nil || !f.ProvedAt.IsZero() || f.State == workflows.Active || back; answered {
			return nil
		}
		if _, ok := st.button(user, "proof_check", id); !ok {
			return fmt.Errorf("there is no button proof_check on %s, and no answer", id)
		}
		return nil
	})
	if err != nil || answered {
		return err
	}
	return st.presses(user, "proof_check", id)
}

// submits fills in the modal on top, by block, and sends it. The error holds what
// the fields say.
func (st *stage) submits(user string, fields map[string]string) error {
	var view string
	var blocks json.RawMessage
	err := st.until(func() error {
		modals := st.slack.Snapshot(user).Modals
		if len(modals) == 0 || modals[len(modals)-1].Submit == "" {
			return fmt.Errorf("no form is open; there is:\n%v", st.news(user))
		}
		view, blocks = modals[len(modals)-1].ID, modals[len(modals)-1].Blocks
		return nil
	})
	if err != nil {
		return err
	}
	state := map[string]map[string]emslack.Value{}
	for block, value := range fields {
		action, err := actionOf(blocks, block)
		if err != nil {
			return err
		}
		state[block] = map[string]emslack.Value{action: value}
	}
	st.acts(user)
	r, err := st.slack.Submit(st.ctx, user, view, state)
	if err == nil && len(r.Errors) > 0 {
		raw, _ := json.Marshal(r.Errors)
		err = fmt.Errorf("the form says %s", raw)
	}
	return err
}

func actionOf(blocks json.RawMessage, block string) (string, error) {
	var list []struct {
		ID      string `json:"block_id"`
		Element struct {
			Action string `json:"action_id"`
		}
	}
	if err := json.Unmarshal(blocks, &list); err != nil {
		return "", err
	}
	for _, b := range list {
		if b.ID == block && b.Element.Action != "" {
			return b.Element.Action, nil
		}
	}
	return "", fmt.Errorf("the form has no field %q: %s", block, blocks)
}

// await waits for a federation to be as the words say: a state, an outcome,
// "checked", "parked", "quarantined", "released", "drifted" or "restored".
func (st *stage) await(id workflows.FederationID, words ...string) (workflows.Federation, error) {
	var f workflows.Federation
	err := st.until(func() (err error) {
		if f, err = st.federation(st.ctx, id); err != nil {
			return err
		}
		for _, w := range words {
			if !is(f, w) {
				err = fmt.Errorf("%s is not %s; it is %s", id, w, explain(f))
				if f.State == workflows.Closed || f.Parked != nil && w != "parked" {
					err = fmt.Errorf("%w %w", err, errNever)
				}
				return err
			}
		}
		return nil
	})
	return f, err
}

func is(f workflows.Federation, word string) bool {
	r := f.Requests[len(f.Requests)-1]
	switch word {
	case "checked":
		return r.Checked != nil
	case "parked":
		return f.Parked != nil
	case "granted":
		r, ok := f.Open()
		return ok && r.State == workflows.RequestGranted
	case "quarantined":
		return f.Quarantine != nil && f.Quarantine.Held
	case "released":
		return f.Quarantine == nil && len(f.Errands) == 0
	case "drifted":
		return len(f.Findings) > 0
	case "restored":
		return len(f.Findings) == 0 && len(f.Errands) == 0
	}
	return word == string(f.State) || word == string(f.Outcome)
}

// role is the name of a federation's role.
func roleOf(f workflows.Federation) string {
	return workflows.RoleName(f.Names.Project, f.Approved.Connection, f.Key)
}

// active asks for a federation and approves it.
func (st *stage) active(t testing.TB, connection string) workflows.Federation {
	t.Helper()
	f := st.asked(t, connection)
	if err := st.presses(person("approver"), "request_approve", string(f.ID)+".1 "); err != nil {
		t.Fatal(err)
	}
	f, err := st.await(f.ID, "active")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// asked asks for a federation and waits until it is put to the approvers.
func (st *stage) asked(t testing.TB, connection string) workflows.Federation {
	t.Helper()
	if err := st.types(person("requester"), askFor(connection)); err != nil {
		t.Fatal(err)
	}
	var f workflows.Federation
	err := st.until(func() error {
		list, err := st.running.app.Store().List(st.ctx)
		for _, x := range list {
			if x.Approved.Connection == connection && x.State != workflows.Closed {
				f = x
				return nil
			}
		}
		return errors.Join(fmt.Errorf("no federation for %s", connection), err)
	})
	if err == nil {
		f, err = st.await(f.ID, "checked")
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func askFor(connection string) string {
	return strings.Replace(askCommand, "aws-shop-dev", connection, 1)
}
