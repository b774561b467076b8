package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"fedbot/internal/app"
	emslack "fedbot/internal/emulate/slack"
)

// The words of the plays for forms that are open, for the home tab, and for what is
// asked of Slack itself.

// opens opens the home tab. fedbot draws it after that, if it does.
func (st *stage) opens(user string) error {
	st.acts(user)
	return st.slack.OpenHome(st.ctx, user)
}

// touched is a block of a view, as far as somebody touches it.
type touched struct {
	ID      string `json:"block_id"`
	Element struct {
		Type   string `json:"type"`
		Action string `json:"action_id"`
	}
}

// chooses fills in one field of the form on top, as a person does who has not sent it
// yet. A field is called as its block begins: "project", "param/s3-static-site/bucket".
func (st *stage) chooses(user, field, value string) error {
	return st.until(func() error {
		modals := st.slack.Snapshot(user).Modals
		if len(modals) == 0 {
			return errors.New("no form is open")
		}
		v := modals[len(modals)-1]
		var blocks []touched
		if err := json.Unmarshal(v.Blocks, &blocks); err != nil {
			return err
		}
		for _, b := range blocks {
			if b.ID != field && !strings.HasPrefix(b.ID, field+"/") {
				continue
			}
			var what any = value
			if strings.HasPrefix(b.Element.Type, "multi_") {
				what = strings.Split(value, ",")
			}
			st.acts(user)
			return st.slack.PressInView(st.ctx, user, v.ID, b.ID, b.Element.Action, what)
		}
		return fmt.Errorf("the form has no field %q: %s", field, plain(v.Blocks))
	})
}

// touches presses a button of the form on top, or of the home tab if none is open.
func (st *stage) touches(user, action, id string) error {
	return st.until(func() error {
		var v emslack.AppView
		home, ok := st.slack.Home(user)
		if ok {
			v = home
		}
		if modals := st.slack.Snapshot(user).Modals; len(modals) > 0 {
			v = modals[len(modals)-1]
		}
		if v.ID == "" {
			return errors.New("neither a form nor the home tab is open")
		}
		for _, e := range elements(v.Blocks) {
			if e.Action == action && strings.Contains(e.Value, id) {
				st.acts(user)
				return st.slack.PressInView(st.ctx, user, v.ID, e.block, e.Action, nil)
			}
		}
		return fmt.Errorf("there is no button %s on %s: %s", action, id, plain(v.Blocks))
	})
}

// closes closes the form on top without sending it.
func (st *stage) closes(user string) error {
	modals := st.slack.Snapshot(user).Modals
	if len(modals) == 0 {
		return errors.New("no form is open")
	}
	return st.slack.CloseView(st.ctx, user, modals[len(modals)-1].ID)
}

// examined is what the doctor finds in one area, a check a line.
func examined(st *stage, args []string) (string, error) {
	c, err := st.config()
	if err != nil {
		return "", err
	}
	checks, err := app.Doctor(st.ctx, c, args, func(string) {})
	var out strings.Builder
	for _, x := range checks {
		fmt.Fprintln(&out, x.Result, x.Name, x.Object, x.Detail, x.Fix)
	}
	return out.String(), err
}

// numbered counts the messages that a person can see and that hold the words.
func numbered(st *stage, args []string) (string, error) {
	p, err := who(args[0])
	if err != nil {
		return "", err
	}
	var want int
	if _, err := fmt.Sscan(args[1], &want); err != nil {
		return "", err
	}
	n := 0
	for _, m := range st.messages(p.ID) {
		if holds(m.said, args[2:]) {
			n++
		}
	}
	if n != want {
		return "", fmt.Errorf("%s can see %d of %q, not %d", p.Name, n, args[2:], want)
	}
	return "", nil
}

// reconfigure edits fedbot.yaml in one place and starts fedbot again.
func (st *stage) reconfigure(old, text string) error {
	if err := st.StopFedbot(); err != nil {
		return err
	}
	raw, err := os.ReadFile(st.file("fedbot.yaml"))
	if err != nil {
		return err
	}
	if strings.Count(string(raw), old) != 1 {
		return fmt.Errorf("%q is %d times in the configuration", old, strings.Count(string(raw), old))
	}
	if err := writeFile(st.file("fedbot.yaml"), []byte(strings.Replace(string(raw), old, text, 1))); err != nil {
		return err
	}
	return st.starts()
}

// starts starts fedbot, and returns when it can be asked.
func (st *stage) starts() error {
	if err := st.StartFedbot(); err != nil {
		return err
	}
	return st.until(func() error {
		res, err := lone.Get(st.url(st.ports.Fedbot) + "/healthz")
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
}
