package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fedbot/workflows"
)

// Line is one step of a story.
type Line struct {
	Step   string `json:"step"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// story is a play with named actors: it does what people do, over the same wire as
// Slack, and checks each step against what the emulators hold.
type story struct {
	*Sandbox
	ctx  context.Context
	tell func(Line)
	f    workflows.Federation
}

var stories = map[string]func(*story) error{
	"federate": (*story).federate,
	"drift":    (*story).drift,
	"revoke":   (*story).revoke,
}

// Stories are the names of all stories, in the order of "all".
func Stories() []string { return []string{"federate", "drift", "revoke"} }

// Story reports whether there is a story of this name.
func Story(name string) bool { return name == "all" || slices.Contains(Stories(), name) }

var errStory = errors.New("the story is not as told")

// Play tells one story, or all of them, and stops at the first step that is not
// as told.
func (s *Sandbox) Play(ctx context.Context, name string, tell func(Line)) error {
	names := []string{name}
	if name == "all" {
		names = Stories()
	}
	st := &story{Sandbox: s, ctx: ctx, tell: tell}
	for _, n := range names {
		if err := stories[n](st); err != nil {
			return fmt.Errorf("story %s: %w", n, err)
		}
	}
	return nil
}

// step does one thing and tells what came of it.
func (t *story) step(name string, do func() (detail string, err error)) error {
	detail, err := do()
	if err != nil {
		t.tell(Line{name, false, err.Error()})
		return fmt.Errorf("%s: %w: %w", name, errStory, err)
	}
	t.tell(Line{name, true, detail})
	return nil
}

// steps does one after the other until one is not as told.
func (t *story) steps(list ...func() error) error {
	for _, do := range list {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// await looks until something is true. A minute is far more than anything takes
// here, and no pass or failure depends on how fast it was.
func (t *story) await(what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(t.ctx, time.Minute)
	defer cancel()
	for {
		ok, err := is()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not seen within a minute (%s: %s)", what, t.f.ID, explain(t.f))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// until waits until the federation is as wanted.
func (t *story) until(what string, is func(workflows.Federation) bool) error {
	return t.await(what, func() (bool, error) {
		f, err := t.federation(t.ctx, t.f.ID)
		if err != nil {
			return false, err
		}
		t.f = f
		if f.Parked != nil && !is(f) {
			return false, fmt.Errorf("%s: it waits for a person: %s", what, f.Parked.Say)
		}
		return is(f), nil
	})
}

// press presses a button as a person, on the youngest message that has it.
func (t *story) press(person int, action, id string) error {
	var p post
	err := t.await(action+" on "+id, func() (bool, error) {
		var ok bool
		p, ok = t.button(people[person].ID, action, id)
		return ok, nil
	})
	if err != nil {
		return err
	}
	return t.slack.Press(t.ctx, people[person].ID, p.channel, p.ts, p.block, p.action, p.value)
}

// answered waits for a message that only this person sees and that holds all the
// words, and returns it.
func (t *story) answered(person int, words ...string) (string, error) {
	var text string
	err := t.await(fmt.Sprintf("an answer to %s with %q", people[person].Name, words), func() (bool, error) {
		for _, c := range t.slack.Snapshot(people[person].ID).Channels {
			for _, m := range slices.Backward(c.Messages) {
				if (m.Ephemeral || c.Kind == "direct") && !m.Deleted && holds(m.Text+string(m.Blocks), words) {
					text = m.Text
					return true, nil
				}
			}
		}
		return false, nil
	})
	return text, err
}
