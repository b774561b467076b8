package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fedbot/internal/sandbox"
	"fedbot/workflows"
)

// The ends that a wish can come to.
const (
	kept      = "Active" // as the card of each begins in the end
	revoked   = "Revoked"
	denied    = "Denied"
	withdrawn = "Withdrawn"
)

// wish is one federation that people want, and what they want to become of it.
type wish struct {
	connection string
	end        string

	asked, ended bool                // Slack has taken it
	pressed      map[string]struct{} // cards on which Slack has taken the press
	last         time.Time           // of the last press
	done         bool
}

func (w *wish) command() string {
	return `request --org contoso --project "Web Shop" --connection ` + w.connection + ` --account shop-dev --template s3-static-site ` +
		`--param bucket=shop-site-dev --param prefix=web/ --pipeline storefront-deploy --branch main --reason "Deploy from CI. SHOP-412"`
}

// crowd is Requester and Approver in front of Slack. What Slack takes they never
// do again; what it does not take they try again, as people do.
type crowd struct {
	t     testing.TB
	h     *house
	ready func() (sandbox.Ready, bool) // false: nothing answers now

	wishes []*wish
	before func() // is called before people act; nil: nothing
	tries  int    // things that Slack did not take, because fedbot was down
}

const (
	requesterID = "U0000000001"
	approverID  = "U0000000002"
	channelID   = "C0000000001"
)

// message is one that a person sees.
type message struct {
	TS        string          `json:"ts"`
	Thread    string          `json:"thread_ts"`
	Text      string          `json:"text"`
	Ephemeral bool            `json:"ephemeral"`
	Deleted   bool            `json:"deleted"`
	Blocks    json.RawMessage `json:"blocks"`

	buttons []button // of the blocks
}

type button struct {
	block  string
	Action string `json:"action_id"`
	Value  string `json:"value"`
}

func (m message) read() (out []button) {
	var list []struct {
		ID        string `json:"block_id"`
		Elements  []json.RawMessage
		Accessory json.RawMessage
	}
	_ = json.Unmarshal(m.Blocks, &list) // a message without blocks has no buttons
	for _, b := range list {
		for _, raw := range append(b.Elements, b.Accessory) {
			var e button
			if len(raw) > 0 && json.Unmarshal(raw, &e) == nil && e.Action != "" {
				e.block = b.ID
				out = append(out, e)
			}
		}
	}
	return out
}

// card reports whether this is a card of a federation's first request, live or not.
func (m message) card(id workflows.FederationID) bool {
	if m.Ephemeral || m.Thread != "" && m.Thread != m.TS {
		return false
	}
	return slices.ContainsFunc(m.buttons, func(b button) bool {
		of, _, _ := strings.Cut(b.Value, " ")
		return of == string(id) || of == string(id)+".1"
	})
}

// sight is what one person sees of Slack.
type sight struct {
	Slack struct {
		Channels []struct {
			ID, Kind string
			Messages []message
		}
		Modals []struct {
			ID       string
			Callback string `json:"callback_id"`
			About    string `json:"private_metadata"`
		}
	}
}

func (s sight) in(channel string) []message {
	for _, c := range s.Slack.Channels {
		if c.ID == channel {
			return c.Messages
		}
	}
	return nil
}

func (s sight) direct() []message {
	for _, c := range s.Slack.Channels {
		if c.Kind == "direct" {
			return c.Messages
		}
	}
	return nil
}

// see is what a person sees now.
func (c *crowd) see(person string) (s sight, err error) {
	r, ok := c.ready()
	if !ok {
		return s, fmt.Errorf("nothing answers")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Page+"api/state?as="+person, nil)
	if err != nil {
		return s, err
	}
	err = fetch(req, &s)
	for i := range s.Slack.Channels {
		for j := range s.Slack.Channels[i].Messages {
			m := &s.Slack.Channels[i].Messages[j]
			m.buttons = m.read()
		}
	}
	return s, err
}

// does does something in Slack and reports whether Slack took it.
func (c *crowd) does(what, person string, more map[string]any) bool {
	r, ok := c.ready()
	if !ok {
		return false
	}
	in := map[string]any{"as": person, "channel": channelID}
	for k, v := range more {
		in[k] = v
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := post(ctx, r.Page+"api/slack/"+what, in, nil)
	if err != nil {
		c.tries++
	}
	return err == nil
}

func (c *crowd) says(person, text string) bool {
	return c.does("command", person, map[string]any{"text": text})
}

// wants adds wishes, one of each end.
func (c *crowd) wants(name string, ends ...string) {
	for _, end := range ends {
		c.wishes = append(c.wishes, &wish{connection: fmt.Sprintf("aws-%s-%d", name, len(c.wishes)), end: end, pressed: map[string]struct{}{}})
	}
}

// open counts the wishes that have not come to their end.
func (c *crowd) open() (n int) {
	for _, w := range c.wishes {
		if !w.done {
			n++
		}
	}
	return n
}

// act lets everybody do once what is to be done now.
func (c *crowd) act() {
	if c.before != nil {
		c.before()
	}
	if c.open() == 0 {
		return
	}
	list, err := c.h.list()
	down := err != nil
	seen, err := c.see(approverID)
	down = down || err != nil
	for _, w := range c.wishes {
		i := slices.IndexFunc(list, func(f workflows.Federation) bool { return f.Approved.Connection == w.connection })
		switch {
		case w.done:
		case !w.asked:
			w.asked = c.says(requesterID, w.command())
		case down || i < 0: // it was taken, so it must appear
		default:
			c.pursue(w, list[i], seen)
		}
	}
}

func (c *crowd) pursue(w *wish, f workflows.Federation, seen sight) {
	r := f.Requests[0]
	deciding := f.State == workflows.Requested && r.State == workflows.RequestOpen && r.Checked != nil && !r.Decided()
	switch {
	case f.Parked != nil:
		c.t.Errorf("%s for %s waits for a person at %s: %s", f.ID, w.connection, f.Parked.Step, f.Parked.Say)
		w.done = true
	case w.end == withdrawn && deciding && !w.ended:
		w.ended = c.says(requesterID, "withdraw "+string(r.ID))
	case w.end == denied && deciding && !w.ended:
		c.deny(w, f.ID, seen)
	case (w.end == kept || w.end == revoked) && deciding:
		c.press(w, "request_approve", f.ID, seen)
	case w.end == revoked && f.State == workflows.Active && !w.ended:
		w.ended = c.says(requesterID, "revoke "+string(f.ID)+" --reason 'Moved elsewhere. SHOP-500'")
	case w.end == kept && f.State == workflows.Active, w.end != kept && f.State == workflows.Closed:
		w.done = true
	case w.end == kept && f.State == workflows.Closed:
		c.t.Errorf("%s for %s is closed as %s: %s", f.ID, w.connection, f.Outcome, r.Say)
		w.done = true
	}
}

// press presses the youngest card that has the button, once: a press that Slack
// has taken counts, or its presser is told why not. A copy that a kill left behind
// does not count, so people look for a younger one.
func (c *crowd) press(w *wish, action string, id workflows.FederationID, seen sight) {
	for _, m := range slices.Backward(seen.in(channelID)) {
		if !m.card(id) {
			continue
		}
		i := slices.IndexFunc(m.buttons, func(b button) bool { return b.Action == action })
		_, pressed := w.pressed[m.TS]
		if i < 0 || pressed {
			return
		}
		b := m.buttons[i]
		if c.does("press", approverID, map[string]any{"ts": m.TS, "block": b.block, "action": b.Action, "value": b.Value}) {
			w.pressed[m.TS] = struct{}{}
			w.last = time.Now()
		}
		return
	}
}

// deny opens the form and sends it. The form opens within three seconds or not at
// all, so that a kill between press and form means to press again.
func (c *crowd) deny(w *wish, id workflows.FederationID, seen sight) {
	for _, m := range seen.Slack.Modals {
		if m.Callback == "request_deny" && strings.HasPrefix(m.About, string(id)+".1 ") {
			w.ended = c.does("submit", approverID, map[string]any{"view": m.ID,
				"state": map[string]any{"reason": map[string]string{"reason": "Name a narrower prefix."}}})
			return
		}
	}
	if time.Since(w.last) > 3*time.Second {
		clear(w.pressed)
	}
	c.press(w, "request_deny", id, seen)
}

// until lets people act until something is true.
func (c *crowd) until(what string, patience time.Duration, is func() bool) {
	c.t.Helper()
	together(c.t, what, patience, func(*crowd) bool { return is() }, c)
}

// together lets several crowds act, side by side, until something is true of each.
func together(t testing.TB, what string, patience time.Duration, is func(*crowd) bool, crowds ...*crowd) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for left := slices.Clone(crowds); ; time.Sleep(tick) {
		if left = slices.DeleteFunc(left, is); len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, c := range left {
				c.explain()
			}
			t.Fatalf("%s: not within %s", what, patience)
		}
		for _, c := range left {
			c.act()
		}
	}
}

const tick = 50 * time.Millisecond

// explain logs what has not come to its end.
func (c *crowd) explain() {
	list, err := c.h.list()
	if err != nil {
		c.t.Logf("fedbot does not answer: %v", err)
	}
	for _, f := range list {
		c.t.Logf("%s %s: %s %s, next %s", f.ID, f.Approved.Connection, f.State, f.Stumble, f.Due())
	}
	for _, w := range c.wishes {
		if !w.done {
			c.t.Logf("not done: %+v", *w)
		}
	}
}
