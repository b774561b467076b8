package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// channelOf is where a request is decided: where the most specific rule says, else
// where its account or project does.
func (b *Bot) channelOf(r workflows.Request) string {
	if r.Checked != nil && r.Checked.Verdict.Channel != "" {
		return r.Checked.Verdict.Channel
	}
	return b.o.Channel(r.Proposal)
}

// linkKey notes that a channel has been told where a request is decided.
func linkKey(id workflows.RequestID, channel string) string {
	return "link/" + string(id) + "/" + channel
}

// postLinks tells the channels that other rules name where the card is. They get no
// button that decides: presses count in one place.
func (b *Bot) postLinks(ctx context.Context, f workflows.Federation, id workflows.RequestID, s scene) error {
	r, ok := f.Request(id)
	if !ok || r.Checked == nil || len(r.Checked.Verdict.Elsewhere) == 0 {
		return nil
	}
	place, err := b.o.Feed.Note(ctx, Follower, cardKey(id))
	if err != nil || place == "" {
		return err
	}
	url := b.cardLink(ctx, place)
	for _, channel := range r.Checked.Verdict.Elsewhere {
		have, err := b.o.Feed.Note(ctx, Follower, linkKey(id, channel))
		if err != nil {
			return fmt.Errorf("look up link: %w", err)
		}
		if have != "" || url == "" {
			continue
		}
		m := linkMessage(f, *r, s, url)
		whole := context.WithoutCancel(ctx) // a stop between Slack's answer and our note would have it posted twice
		err = b.patiently(ctx, "link to "+string(id), func() error {
			_, _, err := b.o.Slack.PostMessageContext(whole, channel, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...), slack.MsgOptionDisableLinkUnfurl())
			return err
		})
		if err != nil {
			if err := b.tolerate(ctx, "link", string(id), err); err != nil {
				return err
			}
		}
		if err := b.note(whole, map[string]string{linkKey(id, channel): "posted"}); err != nil {
			return err
		}
	}
	return nil
}

// linkMessage says that something is decided elsewhere. Pure.
func linkMessage(f workflows.Federation, r workflows.Request, s scene, url string) message {
	var sh sheet
	sh.section(say("Request %s, %s, is decided in another channel. A rule that applies names this one too, so that you know.", r.ID, title(f, s)))
	sh.actions(link("Open card", url))
	if s.NotReal {
		sh.context(say("NOT REAL: sandbox or test endpoints"))
	}
	return sh.message()
}

// deputyKey notes the event of which a deputy was told last, and who that was.
const deputyKey = "deputy"

// writeDeputies tells those who stand in that it is their turn. Each is noted, so
// that a kill repeats one letter at most.
func (b *Bot) writeDeputies(ctx context.Context, f workflows.Federation, e Entry, who []workflows.Person) error {
	if len(who) == 0 {
		return nil
	}
	_, r := deputies(f, e.Event)
	told, err := b.o.Feed.Note(ctx, Follower, deputyKey)
	if err != nil {
		return fmt.Errorf("look up note: %w", err)
	}
	place, err := b.o.Feed.Note(ctx, Follower, cardKey(r.ID))
	if err != nil {
		return fmt.Errorf("look up card: %w", err)
	}
	noted := func(p workflows.Person) string { return fmt.Sprintf("%d %s", e.Seq, p.Actor) }
	if i := slices.IndexFunc(who, func(p workflows.Person) bool { return noted(p) == told }); i >= 0 {
		who = who[i+1:]
	}
	m := deputyLetter(f, *r, b.scene(f, nil), b.cardLink(ctx, place))
	for _, p := range who {
		if err := b.write(ctx, p, m); err != nil {
			return err
		}
		if err := b.note(ctx, map[string]string{deputyKey: noted(p)}); err != nil {
			return err
		}
	}
	return nil
}
