package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"fedbot/workflows"
)

// atOnce is how many deliveries are decided at the same time. Decisions wait for
// Slack, AWS and Azure DevOps, not for the processor.
const atOnce = 32

// workInbox decides what was taken in: first what an earlier process left.
func (b *Bot) workInbox(ctx context.Context) error {
	left, err := b.o.Inbox.Pending(ctx)
	if err != nil {
		return fmt.Errorf("read inbox: %w", err)
	}
	slots := make(chan struct{}, atOnce)
	var busy sync.WaitGroup
	defer busy.Wait()
	begin := func(p parcel) {
		slots <- struct{}{}
		busy.Go(func() {
			defer func() { <-slots }()
			b.one(ctx, p)
		})
	}
	begun := map[string]bool{}
	for range len(b.work) { // taken in before Run: these still have their triggers
		p := <-b.work
		begun[p.Key] = true
		begin(p)
	}
	for _, d := range left {
		var p parcel
		if begun[d.Key] {
			continue
		}
		if err := json.Unmarshal(d.Body, &p); err != nil {
			b.o.Log.Error("delivery in the inbox cannot be read", "key", d.Key, "error", err)
			continue
		}
		begun[p.Key] = true
		begin(p)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-b.work:
			if !p.kept() || !begun[p.Key] { // a parcel can be in the inbox and in the queue at start
				begin(p)
			}
			delete(begun, p.Key)
		}
	}
}

// one decides one parcel, answers, and takes it out of the inbox. What was
// interrupted by the end of the process stays there.
func (b *Bot) one(ctx context.Context, p parcel) {
	err := b.decide(ctx, p)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		b.refuse(ctx, p, err)
	}
	p.form.give(nil) // a form that is not answered yet may close
	if !p.kept() {
		return
	}
	if err := b.o.Inbox.Finish(ctx, p.Key); err != nil {
		b.o.Log.Error("finish delivery", "key", p.Key, "error", err)
	}
}

func (b *Bot) decide(ctx context.Context, p parcel) error {
	switch p.Kind {
	case kindCommand:
		return b.command(ctx, p)
	case kindPress:
		if p.AtHome {
			return b.pressedHome(ctx, p)
		}
		return b.press(ctx, p)
	case kindFlood:
		return workflows.Refuse("too_fast", "%s", b.floods.words())
	case kindHome:
		defer b.drawn(p)
		return b.publishHome(ctx, p)
	case kindSubmission:
		return b.submission(ctx, p)
	case kindRedraw:
		return b.redraw(ctx, p)
	}
	return fmt.Errorf("decide %s: %w", p.Kind, errNotSlack)
}

// refuse tells the presser, and nobody else, why not.
func (b *Bot) refuse(ctx context.Context, p parcel, err error) {
	if taken, ok := errors.AsType[*workflows.TakenError](err); ok && strings.HasPrefix(taken.Key, "seen/") {
		return // this delivery was decided before a kill; its answer is on the card
	}
	refusal, isRefusal := errors.AsType[*workflows.Refusal](err)
	switch {
	case isRefusal:
	case errors.Is(err, workflows.ErrNotFound): // anybody can ask for what is not there; the log is not theirs to fill
		refusal = &workflows.Refusal{Code: "unknown", Say: said(err)}
	default:
		b.o.Log.Error("decide delivery", "key", p.Key, "action", p.Action, "error", err)
		refusal = &workflows.Refusal{Say: said(err)}
	}
	if p.Kind == kindSubmission && b.formRefused(ctx, p, refusal) {
		return
	}
	b.tell(ctx, p, refusalMessage(p, refusal))
}

func said(err error) string {
	switch {
	case errors.Is(err, workflows.ErrNotFound):
		return "Not found: there is no such federation or request that you may see."
	case errors.Is(err, workflows.ErrConflict):
		return "Not done: somebody else acted at the same moment. Nothing of yours was recorded. Please look at the card, then try again."
	case errors.Is(err, workflows.ErrUnreadable):
		return "Not done: fedbot could not read what it needs, and unread counts as no. Nothing is lost. Please try again in a minute."
	}
	return workflows.Said(err)
}

// refusalMessage is the sentence, and a button to where it leads.
func refusalMessage(p parcel, r *workflows.Refusal) message {
	var sh sheet
	sh.section(prose(r.Say))
	id, ok := parseTarget(r.Next)
	if !ok {
		id, ok = parseTarget(p.Value)
	}
	switch {
	case ok && id.Request != "" && r.Code == "own_request":
		sh.actions(button(actWithdraw, "Withdraw "+string(id.Request), string(id.Request), string(id.Request)))
	case ok && r.Next != "":
		sh.actions(button(actShow, "Show "+string(id.Federation), string(id.Federation), string(id.Federation)))
	}
	return sh.message()
}
