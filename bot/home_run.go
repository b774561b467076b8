package bot

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// The buttons of the home tab that lead to no federation.
const (
	actHomeList = "home_list"
	actHomeHelp = "home_help"
)

// queueHome has a person's home tab drawn, once at a time for each person: whoever
// opens it again and again must not fill the worker's slots.
func (b *Bot) queueHome(p parcel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, busy := b.drawing[p.User]; busy {
		b.drawing[p.User] = true // what is being drawn may be behind by now
		return
	}
	b.startDrawing(p)
}

func (b *Bot) startDrawing(p parcel) {
	select {
	case b.work <- p:
		b.drawing[p.User] = false
	default:
		b.o.Log.Warn("worker is behind; a home tab is not drawn", "user", p.User)
	}
}

// drawn ends a drawing. Whoever opened the tab meanwhile gets one more.
func (b *Bot) drawn(p parcel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	again := b.drawing[p.User]
	delete(b.drawing, p.User)
	if again {
		b.startDrawing(p)
	}
}

// publishHome draws the person's home tab. It is made anew whenever the tab is
// opened and after each press on it; in between it can be behind, and its last line
// says as of when it is.
func (b *Bot) publishHome(ctx context.Context, p parcel) error {
	h, err := b.homeOf(ctx, p)
	if err != nil {
		return err
	}
	err = b.briefly(ctx, func() error {
		_, err := b.o.Slack.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: p.User, View: h.view()})
		return err
	})
	if err != nil {
		b.o.Log.Warn("publish a home tab", "error", err)
	}
	return nil
}

func (b *Bot) homeOf(ctx context.Context, p parcel) (home, error) {
	all, err := b.o.Histories.List(ctx)
	if err != nil {
		return home{}, fmt.Errorf("list federations: %w", err)
	}
	h := home{Who: p.actor(), Now: b.o.Now(), Console: b.o.Console, NotReal: b.o.NotReal}
	unread := map[string]bool{}
	for _, f := range all {
		roles, err := b.o.Desk.May(ctx, f, h.Who)
		if err != nil {
			return home{}, fmt.Errorf("read roles: %w", err)
		}
		for _, g := range roles.Unread {
			if !unread[g] {
				unread[g] = true
				h.Unread = append(h.Unread, g)
			}
		}
		if roles.Sees() {
			h.Seen = append(h.Seen, mine{F: f, Roles: roles, Scene: b.scene(f, nil)})
		}
	}
	return h, b.linkHome(ctx, &h)
}

// linkHome finds the live cards of what waits, which is all that needs one: a link
// costs a call.
func (b *Bot) linkHome(ctx context.Context, h *home) error {
	linked := 0
	for i := range h.Seen {
		m := &h.Seen[i]
		if why, _ := h.waits(*m); why.mrkdwn == "" || linked == mostHome {
			continue
		}
		place, err := b.o.Feed.Note(ctx, Follower, cardKey(shownRequest(m.F).ID))
		if err != nil {
			return fmt.Errorf("look up card: %w", err)
		}
		if m.Link = b.cardLink(ctx, place); m.Link != "" {
			linked++
		}
	}
	return nil
}

// pressedHome does what a button of the home tab asks, then has the tab drawn anew:
// in the same line as everybody who opens it, or an older picture could come last.
func (b *Bot) pressedHome(ctx context.Context, p parcel) error {
	defer b.queueHome(parcel{Kind: kindHome, Key: p.Key + "/home", Team: p.Team, Home: p.Home, User: p.User})
	switch p.Action {
	case actHomeList:
		h, err := b.homeOf(ctx, p)
		if err != nil {
			return err
		}
		seen := make([]workflows.Federation, len(h.Seen))
		for i, m := range h.Seen {
			seen[i] = m.F
		}
		return b.openModal(ctx, p, view("Your federations", withoutButtons(listMessage(seen, b.sceneOf, 0)).Blocks))
	case actHomeHelp:
		return b.openModal(ctx, p, view("Help", helpMessage().Blocks))
	case actShow:
		t, ok := parseTarget(p.Value)
		if !ok {
			break
		}
		f, err := b.visible(ctx, p, t.Federation)
		if err != nil {
			return err
		}
		events, err := b.o.Histories.History(ctx, f.ID)
		if err != nil {
			return fmt.Errorf("read history of %s: %w", f.ID, err)
		}
		return b.openModal(ctx, p, view(string(f.ID), withoutButtons(card(f, shownRequest(f), b.scene(f, events))).Blocks))
	}
	return b.press(ctx, p)
}
