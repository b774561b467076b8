package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// ownFor is how long a channel that was found to be the company's own is taken to
// be so still.
const ownFor = time.Minute

// own refuses to be asked in a conversation that people of another company read, or
// that fedbot cannot see: what is asked there, and who is asked, is theirs to read
// too. What closes something is never refused for where it was typed.
func (b *Bot) own(ctx context.Context, p parcel) error {
	if p.Channel == "" {
		return nil // the home tab
	}
	b.mu.Lock()
	until := b.ours[p.Channel]
	b.mu.Unlock()
	if b.o.Now().Before(until) {
		return nil
	}
	unseen := workflows.Refuse("unseen_channel", "Not sent: fedbot is not in this conversation, so it cannot see whether another company reads it. Write to fedbot directly, or invite it here, and ask again.")
	if strings.HasPrefix(p.Channel, "D") {
		chat, err := b.chat(ctx, p.User)
		if err != nil {
			return fmt.Errorf("look up conversation: %w", err)
		}
		if chat != p.Channel {
			return unseen
		}
		return nil
	}
	var c *slack.Channel
	err := b.briefly(ctx, func() (err error) {
		c, err = b.o.Slack.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: p.Channel})
		return err
	})
	switch {
	case isType[slack.SlackErrorResponse](err) && !passes(err):
		b.o.Log.Warn("read channel", "channel", p.Channel, "error", err)
		return unseen
	case err != nil: // no answer of Slack's own is not "fedbot is not in it"
		b.o.Log.Warn("read channel", "channel", p.Channel, "error", err)
		return workflows.Refuse("unread_channel", "Not sent: Slack did not answer when fedbot asked who reads this conversation, and unread counts as no. Nothing is lost. Please send it again in a minute.")
	}
	if c.IsExtShared || c.IsPendingExtShared {
		return workflows.Refuse("shared_channel", "Not sent: people of another company read this channel. Write to fedbot directly, or ask in a channel of your own.")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ours) > 10_000 {
		clear(b.ours)
	}
	b.ours[p.Channel] = b.o.Now().Add(ownFor)
	return nil
}
