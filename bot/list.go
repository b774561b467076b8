package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// mostListed is how many lines an answer has room for.
const mostListed = 20

// list answers "what must somebody do, and what is mine?".
func (b *Bot) list(ctx context.Context, p parcel, from int) error {
	all, err := b.o.Histories.List(ctx)
	if err != nil {
		return fmt.Errorf("list federations: %w", err)
	}
	seen, err := b.seen(ctx, p, all)
	if err != nil {
		return err
	}
	b.tell(ctx, p, listMessage(seen, b.sceneOf, from))
	return nil
}

func (b *Bot) sceneOf(f workflows.Federation) scene { return b.scene(f, nil) }

// seen keeps what the person may see.
func (b *Bot) seen(ctx context.Context, p parcel, all []workflows.Federation) ([]workflows.Federation, error) {
	var out []workflows.Federation
	for _, f := range all {
		roles, err := b.o.Desk.May(ctx, f, p.actor())
		if err != nil {
			return nil, fmt.Errorf("read roles: %w", err)
		}
		if roles.Sees() {
			out = append(out, f)
		}
	}
	return out, nil
}

// listMessage: what needs somebody first, then what works, newest first. Closed
// ones are history. It begins with the line from. Pure.
func listMessage(seen []workflows.Federation, sceneOf func(workflows.Federation) scene, from int) message {
	var need, fine []workflows.Federation
	closed := 0
	for _, f := range seen {
		switch {
		case f.State == workflows.Closed:
			closed++
		case needs(f):
			need = append(need, f)
		default:
			fine = append(fine, f)
		}
	}
	newest := func(a, b workflows.Federation) int { return b.Updated.Compare(a.Updated) }
	slices.SortStableFunc(need, newest)
	slices.SortStableFunc(fine, newest)
	var sh sheet
	if len(need)+len(fine) == 0 {
		sh.section(say("Nothing is waiting for you, and no federation of yours exists. /federate asks for one."))
		return sh.message()
	}
	sh.header(say("Needs someone: %d of %d", len(need), len(need)+len(fine)))
	shown := append(need, fine...)
	pg := pageOf(from, mostListed, len(shown))
	var some []text
	for i, f := range shown[pg.From:pg.end()] {
		some = append(some, listLine(f, sceneOf(f)))
		if len(some) == 5 || pg.From+i == pg.end()-1 {
			sh.section(lines(some...))
			some = nil
		}
	}
	sh.context(say("%d closed are not shown: /federate history PROJECT has them. /federate show and an id shows a card.", closed))
	pg.turns(&sh, actListNewer, actListOlder, "")
	return sh.message()
}

func needs(f workflows.Federation) bool {
	r, open := f.Open()
	return f.Parked != nil || f.Quarantine != nil || len(f.Findings) > 0 || open && r.State == workflows.RequestOpen
}

func listLine(f workflows.Federation, s scene) text {
	line := say("%s %s: %s", bold(f.ID), title(f, s), state(f))
	if next := nextStep(f); next.plain != "" {
		line = join(". ", line, next)
	}
	return line
}

// state is the state with its extra facts: "active, quarantined".
func state(f workflows.Federation) string {
	out := []string{string(f.State)}
	if f.Parked != nil {
		out = append(out, "parked")
	}
	if f.AwaitsUse() {
		out = append(out, "not yet proved")
	}
	if f.Quarantine != nil {
		out = append(out, "quarantined")
	}
	if len(f.Findings) > 0 {
		out = append(out, "drifted")
	}
	if f.State == workflows.Closed && f.Outcome != "" {
		out = append(out, string(f.Outcome))
	}
	return strings.Join(out, ", ")
}

func nextStep(f workflows.Federation) text {
	if r, ok := f.Open(); ok && r.State == workflows.RequestOpen && r.Checked != nil && !r.Decided() {
		now, filled := r.Stage()
		st := r.Checked.Verdict.Stages[now]
		return say("%s: %d of %d, by %s", st.Group, filled, st.Count, at(r.Checked.Lapses))
	}
	switch {
	case f.Parked != nil:
		return say("Try again or give up, on its card")
	case f.AwaitsUse():
		return say("Run %s once, then Check on its card", strings.Join(f.Approved.Pipelines, " or "))
	case f.Quarantine != nil:
		return say("%s: release or revoke", f.Owner)
	case len(f.Findings) > 0:
		return say("%s: restore, on its card", f.Owner)
	}
	return text{}
}

// tellShow answers with the card as it is now, without its buttons: those are on
// the live card.
func (b *Bot) tellShow(ctx context.Context, p parcel, f workflows.Federation) error {
	events, err := b.o.Histories.History(ctx, f.ID)
	if err != nil {
		return fmt.Errorf("read history of %s: %w", f.ID, err)
	}
	r := shownRequest(f)
	m := card(f, r, b.scene(f, events))
	m = withoutButtons(m)
	place, err := b.o.Feed.Note(ctx, Follower, cardKey(r.ID))
	if err != nil {
		return fmt.Errorf("look up card: %w", err)
	}
	if where := b.permalink(ctx, place); where != "" {
		var sh sheet
		sh.context(say("The buttons are on the live card.%s", where))
		m.Blocks, m.Text = append(m.Blocks, sh.blocks...), m.Text+"\n"+sh.plain[0]
	}
	b.tell(ctx, p, m)
	return nil
}

// shownRequest is the request whose card says most about the federation now.
func shownRequest(f workflows.Federation) workflows.Request {
	if r, ok := f.Open(); ok {
		return *r
	}
	if id, ok := standing(f); ok {
		if r, ok := f.Request(id); ok {
			return *r
		}
	}
	return lastRequest(f)
}
