package bot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// tell answers one person: by the response address while it lives, else in the
// channel for that person's eyes, else by direct message. An answer explains; it
// never carries the only button for anything.
func (b *Bot) tell(ctx context.Context, p parcel, m message) {
	options := []slack.MsgOption{slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...)}
	if p.response != "" {
		address := slack.MsgOptionResponseURL(p.response, slack.ResponseTypeEphemeral)
		if p.inPlace {
			address = slack.MsgOptionReplaceOriginal(p.response)
		}
		if err := b.briefly(ctx, func() error {
			_, _, err := b.o.Slack.PostMessageContext(ctx, p.Channel, append([]slack.MsgOption{address}, options...)...)
			return err
		}); err == nil {
			return
		}
	}
	if p.Channel != "" {
		if err := b.briefly(ctx, func() error {
			_, err := b.o.Slack.PostEphemeralContext(ctx, p.Channel, p.User, options...)
			return err
		}); err == nil {
			return
		}
	}
	if err := b.briefly(ctx, func() error { return b.direct(ctx, p.User, m) }); err != nil && ctx.Err() == nil {
		b.o.Log.Error("answer a person", "key", p.Key, "error", err)
	}
}

// chat is the id of the direct conversation with a person.
func (b *Bot) chat(ctx context.Context, user string) (string, error) {
	b.mu.Lock()
	chat := b.chats[user]
	b.mu.Unlock()
	if chat != "" {
		return chat, nil
	}
	c, _, _, err := b.o.Slack.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", fmt.Errorf("open direct conversation: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chats[user] = c.ID
	return c.ID, nil
}

// direct posts to one person.
func (b *Bot) direct(ctx context.Context, user string, m message) error {
	chat, err := b.chat(ctx, user)
	if err != nil {
		return err
	}
	_, _, err = b.o.Slack.PostMessageContext(ctx, chat, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...))
	if err != nil {
		return fmt.Errorf("post direct message: %w", err)
	}
	return nil
}

// briefly tries a call three times: somebody waits for it.
func (b *Bot) briefly(ctx context.Context, call func() error) error {
	var err error
	for n := range 3 {
		if err = call(); err == nil || !passes(err) {
			return err
		}
		if !b.pause(ctx, err, n) {
			return err
		}
	}
	return err
}

// patiently tries a call until it works, fails for good, or ctx ends: the feed
// waits for it, in order.
func (b *Bot) patiently(ctx context.Context, what string, call func() error) error {
	for n := 0; ; n++ {
		err := call()
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		b.o.Log.Warn("Slack did not take it; trying again", "what", what, "error", err)
		if !b.pause(ctx, err, n) {
			return err
		}
	}
}

// pause waits as long as Slack asks for, else twice as long each time, a minute at
// most. It reports false if ctx ended meanwhile.
func (b *Bot) pause(ctx context.Context, err error, n int) bool {
	wait := min(b.o.Backoff<<min(n, 10), time.Minute)
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		wait = limited.RetryAfter
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// passes reports whether a failure may pass by itself: limits, the network, and
// Slack's own troubles. A wrong channel or block will not.
func passes(err error) bool {
	if isType[*slack.RateLimitedError](err) || isType[net.Error](err) {
		return true
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		return status.Code >= 500 || status.Code == 429 || status.Code < 400 // a page that somebody between us and Slack put in
	}
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		switch answer.Err {
		case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited", "team_added_to_org":
			return true
		}
		return false
	}
	return !errors.Is(err, context.Canceled) && !isType[*workflows.Refusal](err)
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
