package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Follower is our name at the feed: its cursor says how far Slack has been told.
const Follower = "slack"

// cardKey notes where the live card of a request is: "C0001/1700000000.000100".
func cardKey(id workflows.RequestID) string { return "card/" + string(id) }

// drawnKey notes the digest of what the card shows.
func drawnKey(id workflows.RequestID) string { return "drawn/" + string(id) }

// follow shows what happened, in order: cards and lines are posted as each event
// comes, edits of cards are gathered and made once per interval. The cursor moves
// after the post, so that a kill repeats at most one line and loses none.
func (b *Bot) follow(ctx context.Context) error {
	after, err := b.o.Feed.Cursor(ctx, Follower)
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	dirty, err := b.posted(ctx)
	if err != nil {
		return err
	}
	var quiet <-chan time.Time
	for ctx.Err() == nil {
		entries, err := b.o.Feed.Feed(ctx, after, 100)
		if err != nil {
			return ended(ctx, fmt.Errorf("read feed: %w", err))
		}
		for _, e := range entries {
			if !silent(e.Event) {
				if err := b.show(ctx, e); err != nil {
					return ended(ctx, fmt.Errorf("show event %d of %s: %w", e.Version, e.ID, err))
				}
			}
			after = e.Seq
			dirty[e.ID] = true
		}
		if n := len(entries); n > 0 && silent(entries[n-1].Event) {
			if err := b.o.Feed.Mark(ctx, Follower, after, nil); err != nil {
				return ended(ctx, fmt.Errorf("move cursor: %w", err))
			}
		}
		if quiet == nil && len(dirty) > 0 {
			if err := b.redrawCards(ctx, dirty); err != nil {
				return ended(ctx, err)
			}
			clear(dirty)
			quiet = time.After(b.o.Edits)
		}
		quiet = b.await(ctx, after, quiet, len(dirty) > 0)
	}
	return nil
}

// silent tells events that change the card and are said nowhere else. They are most
// of all events, and cost one move of the cursor for all of them together.
func silent(e workflows.Event) bool {
	if made, ok := e.Body.(workflows.Made); ok && made.Step == workflows.PipelinesID {
		return false // a first use may be somebody's turn now
	}
	switch e.Kind() {
	case workflows.KindIntended, workflows.KindMade, workflows.KindRemoved, workflows.KindStumbled, workflows.KindSeen:
		return true
	}
	return false
}

// await waits for the next event, or for the time when cards may be edited again.
func (b *Bot) await(ctx context.Context, after uint64, quiet <-chan time.Time, edits bool) <-chan time.Time {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	if quiet != nil && edits {
		wait, cancel = context.WithTimeout(wait, b.o.Edits)
		defer cancel()
	}
	if err := b.o.Feed.Wait(wait, after); err != nil && wait.Err() == nil {
		b.o.Log.Error("wait for the feed", "error", err)
		b.pause(ctx, err, 0)
	}
	select {
	case <-quiet:
		return nil
	default:
		if quiet != nil && wait.Err() != nil {
			return nil // a whole interval has passed
		}
		return quiet
	}
}

func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// posted are the federations that have cards: at start, each is looked at once, so
// that an edit that a kill prevented is made.
func (b *Bot) posted(ctx context.Context) (map[workflows.FederationID]bool, error) {
	notes, err := b.o.Feed.Notes(ctx, Follower, "card/")
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	dirty := map[workflows.FederationID]bool{}
	for key := range notes {
		dirty[workflows.RequestID(strings.TrimPrefix(key, "card/")).Federation()] = true
	}
	return dirty, nil
}

// show posts what one event calls for, then moves the cursor.
func (b *Bot) show(ctx context.Context, e Entry) error {
	events, err := b.o.Histories.History(ctx, e.ID)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	now, err := workflows.Fold(e.ID, events)
	if err != nil {
		return err
	}
	then, err := workflows.Fold(e.ID, events[:min(e.Version, len(events))])
	if err != nil {
		return err
	}
	if c, ok := e.Event.Body.(workflows.Checked); ok {
		if err := b.postCard(ctx, now, c.Request, b.scene(now, events)); err != nil {
			return err
		}
		if err := b.postLinks(ctx, now, c.Request, b.scene(now, events)); err != nil {
			return err
		}
	}
	line, about := timeline(then, e.Event, b.scene(then, events))
	m, to, ok := letter(then, e.Event, b.scene(then, events))
	deputised, _ := deputies(then, e.Event)
	if line.mrkdwn != "" {
		if err := b.sayOnce(ctx, e.Seq, ok || len(deputised) > 0, func() error { return b.postLine(ctx, about, line) }); err != nil {
			return err
		}
	}
	if err := b.writeDeputies(ctx, then, e, deputised); err != nil {
		return err
	}
	if ok {
		if err := b.write(ctx, to, m); err != nil {
			return err
		}
	}
	if err := b.o.Feed.Mark(ctx, Follower, e.Seq, nil); err != nil {
		return fmt.Errorf("move cursor: %w", err)
	}
	return nil
}

// halfKey notes the event whose line is posted and whose letter is not yet.
const halfKey = "half"

// sayOnce posts the line of an event. Where a letter follows, it notes the line, so
// that a kill repeats one of the two and not both.
func (b *Bot) sayOnce(ctx context.Context, seq uint64, more bool, post func() error) error {
	half, err := b.o.Feed.Note(ctx, Follower, halfKey)
	if err != nil {
		return fmt.Errorf("look up note: %w", err)
	}
	said := strconv.FormatUint(seq, 10)
	if half == said {
		return nil
	}
	if err := post(); err != nil || !more {
		return err
	}
	return b.note(ctx, map[string]string{halfKey: said})
}

// postCard posts the card of a request, once, and notes at once where it is: only
// there do presses count. If the channel does not take it, the operators and the
// requester hear of it: a request that nobody sees is not asked.
func (b *Bot) postCard(ctx context.Context, f workflows.Federation, id workflows.RequestID, s scene) error {
	have, err := b.o.Feed.Note(ctx, Follower, cardKey(id))
	r, ok := f.Request(id)
	if err != nil || have != "" || !ok {
		return err
	}
	defer b.posting(id)()
	m := card(f, *r, s)
	channel := b.channelOf(*r)
	whole := context.WithoutCancel(ctx) // a stop between Slack's answer and our note would leave a card that is none
	var where, ts string
	err = b.patiently(ctx, "card "+string(id), func() (err error) {
		where, ts, err = b.o.Slack.PostMessageContext(whole, channel, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...))
		return err
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		b.o.Log.Error("card cannot be posted: is fedbot a member of the channel?", "request", id, "channel", channel, "error", err)
		var sh sheet
		sh.section(say("%s cannot be decided yet: Slack did not let fedbot post its card in the channel where it is decided. The operators were told. It is posted as soon as fedbot is let in.", id))
		return b.write(ctx, r.By, sh.message())
	}
	return b.note(whole, map[string]string{cardKey(id): where + "/" + ts, drawnKey(id): string(digest(m))})
}

func (b *Bot) note(ctx context.Context, notes map[string]string) error {
	if err := b.o.Feed.Mark(ctx, Follower, 0, notes); err != nil {
		return fmt.Errorf("note what is posted: %w", err)
	}
	return nil
}

// posting says that a card is on its way, until the returned function is called:
// people can see it a moment before we have noted where it is.
func (b *Bot) posting(id workflows.RequestID) (done func()) {
	noted := make(chan struct{})
	b.mu.Lock()
	b.onItsWay[id] = noted
	b.mu.Unlock()
	return func() {
		b.mu.Lock()
		delete(b.onItsWay, id)
		b.mu.Unlock()
		close(noted)
	}
}

// noted waits for a card of the federation that is on its way.
func (b *Bot) noted(ctx context.Context, id workflows.FederationID) {
	var noted <-chan struct{}
	b.mu.Lock()
	for request, way := range b.onItsWay {
		if request.Federation() == id {
			noted = way
		}
	}
	b.mu.Unlock()
	if noted == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-noted:
	case <-ctx.Done():
	}
}

// postLine replies in the thread of a card.
func (b *Bot) postLine(ctx context.Context, id workflows.RequestID, line text) error {
	place, err := b.o.Feed.Note(ctx, Follower, cardKey(id))
	if err != nil {
		return fmt.Errorf("look up card: %w", err)
	}
	channel, ts, ok := strings.Cut(place, "/")
	if !ok {
		return nil // there is no card, so nobody was asked here
	}
	err = b.patiently(ctx, "thread of "+string(id), func() error {
		_, _, err := b.o.Slack.PostMessageContext(ctx, channel, slack.MsgOptionTS(ts), slack.MsgOptionText(line.mrkdwn, false), slack.MsgOptionDisableLinkUnfurl())
		return err
	})
	return b.tolerate(ctx, "thread", string(id), err)
}

// write sends a direct message to a person who is in Slack.
func (b *Bot) write(ctx context.Context, to workflows.Person, m message) error {
	_, user, ok := slackUser(to.Actor)
	if !ok {
		return nil
	}
	err := b.patiently(ctx, "direct message", func() error { return b.direct(ctx, user, m) })
	return b.tolerate(ctx, "direct message", user, err)
}

// tolerate goes on past what Slack refuses for good: an archived channel must not
// stop all others.
func (b *Bot) tolerate(ctx context.Context, what, whose string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		b.o.Log.Error("Slack refused a message", "what", what, "of", whose, "error", err)
	}
	return nil
}

// redrawCards edits the cards that no longer show what is.
func (b *Bot) redrawCards(ctx context.Context, dirty map[workflows.FederationID]bool) error {
	for _, id := range slices.Sorted(maps.Keys(dirty)) {
		events, err := b.o.Histories.History(ctx, id)
		if err != nil {
			return fmt.Errorf("read history of %s: %w", id, err)
		}
		f, err := workflows.Fold(id, events)
		if err != nil {
			return err
		}
		for _, r := range f.Requests {
			if err := b.redrawCard(ctx, f, r, b.scene(f, events)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Bot) redrawCard(ctx context.Context, f workflows.Federation, r workflows.Request, s scene) error {
	place, err := b.o.Feed.Note(ctx, Follower, cardKey(r.ID))
	if err != nil {
		return fmt.Errorf("look up card: %w", err)
	}
	channel, ts, ok := strings.Cut(place, "/")
	if !ok {
		if r.Checked == nil || r.State != workflows.RequestOpen {
			return nil
		}
		if err := b.postCard(ctx, f, r.ID, s); err != nil {
			return err
		}
		return b.postLinks(ctx, f, r.ID, s)
	}
	m := card(f, r, s)
	drawn, err := b.o.Feed.Note(ctx, Follower, drawnKey(r.ID))
	if err != nil || drawn == string(digest(m)) {
		return err
	}
	err = b.patiently(ctx, "card "+string(r.ID), func() error {
		_, _, _, err := b.o.Slack.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...))
		return err
	})
	if err != nil {
		return b.tolerate(ctx, "card", string(r.ID), err)
	}
	return b.note(ctx, map[string]string{drawnKey(r.ID): string(digest(m))})
}
