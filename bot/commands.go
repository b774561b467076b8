package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// command does what a slash command asks.
func (b *Bot) command(ctx context.Context, p parcel) error {
	in, err := parse(p.Text)
	if wrong, ok := errors.AsType[*misread](err); ok {
		b.tell(ctx, p, misreadMessage(wrong, p.Text))
		return nil
	}
	if err != nil {
		return err
	}
	switch in.Verb {
	case "request":
		if err := b.own(ctx, p); err != nil {
			return err
		}
		if in.Ask {
			return b.ask(ctx, p, in.Wish)
		}
		return b.openForm(ctx, p, in.Wish)
	case "help":
		b.tell(ctx, p, helpMessage())
	case "console":
		b.tell(ctx, p, consoleMessage(b.o.Console))
	case "list":
		return b.list(ctx, p, 0)
	case "explain":
		return b.explain(ctx, p, in)
	case "history":
		return b.history(ctx, p, in.Project, 0)
	case "drift":
		return b.driftNow(ctx, p, in.Federation)
	default:
		return b.about(ctx, p, in)
	}
	return nil
}

// about does what concerns one federation.
func (b *Bot) about(ctx context.Context, p parcel, in intent) error {
	var done text
	switch in.Verb {
	case "show":
		f, err := b.visible(ctx, p, in.Federation)
		if err != nil {
			return err
		}
		return b.tellShow(ctx, p, f)
	case "withdraw":
		if _, err := b.o.Desk.Withdraw(ctx, workflows.Press{Delivery: p.Key, By: p.actor(), Request: in.Request}); err != nil {
			return err
		}
		done = say("Withdrawn: %s. Nothing was created or changed.", in.Request)
	case "revoke":
		if err := b.order(ctx, p, in.Federation, workflows.OrderRevoke, in.Reason); err != nil {
			return err
		}
		done = say("Revoked: %s. Its role and connection are being removed; the card shows how far it is. Sessions of other roles that were reached through it can live up to an hour.", in.Federation)
	case "quarantine":
		if err := b.order(ctx, p, in.Federation, workflows.OrderQuarantine, in.Reason); err != nil {
			return err
		}
		done = say("Quarantined: %s. The hold is being put on; the card says when it is there. Nothing is deleted.", in.Federation)
	case "release":
		if err := b.own(ctx, p); err != nil {
			return err
		}
		if _, err := b.visible(ctx, p, in.Federation); err != nil {
			return err
		}
		f, err := b.release(ctx, p, in.Federation, in.Reason)
		if err != nil {
			return err
		}
		done = join(" ", say("Sent: %s.", lastRequest(f).ID), say("It stays quarantined until it is approved."))
	}
	var sh sheet
	sh.section(done)
	b.tell(ctx, p, sh.message())
	return nil
}

// visible loads a federation for somebody who may see it.
func (b *Bot) visible(ctx context.Context, p parcel, id workflows.FederationID) (workflows.Federation, error) {
	f, err := b.o.Histories.Load(ctx, id)
	if err != nil {
		return f, fmt.Errorf("load %s: %w", id, err)
	}
	return f, b.sees(ctx, f, p.actor())
}

// ask sends a request that came as one command.
func (b *Bot) ask(ctx context.Context, p parcel, a answers) error {
	proposal, err := a.proposal(b.o.Now())
	if err != nil {
		return err
	}
	if len(a.accounts()) > 1 {
		m, err := b.sendAll(ctx, p, a.proposals(b.o.Now()))
		if err == nil {
			b.tell(ctx, p, m)
		}
		return err
	}
	f, err := b.o.Desk.Submit(ctx, workflows.Ask{Delivery: p.Key, By: p.actor(), Proposal: proposal})
	if err != nil {
		return err
	}
	b.tell(ctx, p, sentMessage(f, b.o.Channel(proposal)))
	return nil
}

func lastRequest(f workflows.Federation) workflows.Request {
	if len(f.Requests) == 0 {
		return workflows.Request{ID: f.ID.Request(1)}
	}
	return f.Requests[len(f.Requests)-1]
}

func sentText(f workflows.Federation, channel string) text {
	where := text{"<#" + escape(channel) + ">", "the channel"}
	r := lastRequest(f)
	return lines(
		join("", bold(say("Sent. %s", r.ID)), say(" is being checked; then its card is in "), where, say(".")),
		say("You will hear by direct message. Nothing is created until it is approved."))
}

func sentBlocks(f workflows.Federation, channel string) []slack.Block {
	r := lastRequest(f)
	return []slack.Block{
		slack.NewSectionBlock(mrkdwn(sentText(f, channel).mrkdwn), nil, nil),
		slack.NewContextBlock("", mrkdwn(say("To take it back: /federate withdraw %s", r.ID).mrkdwn)),
	}
}

func sentMessage(f workflows.Federation, channel string) message {
	var sh sheet
	sh.section(sentText(f, channel))
	r := lastRequest(f)
	sh.actions(button(actWithdraw, "Withdraw", string(r.ID), string(r.ID)))
	return sh.message()
}

// misreadMessage says which word, what it could have been, how it is written, and
// takes what was typed into the form.
func misreadMessage(e *misread, typed string) message {
	var sh sheet
	sh.section(prose(e.Say))
	sh.pre(e.Usage)
	if e.Typed && len(typed) <= 1900 {
		sh.actions(button(actForm, "Open the form with what you typed", "typed "+typed, ""))
	}
	return sh.message()
}

// typedAgain reads the value of that button.
func typedAgain(value string) answers {
	typed, ok := strings.CutPrefix(value, "typed ")
	if !ok {
		return answers{}
	}
	words, err := split(typed)
	if err != nil || len(words) == 0 {
		return answers{}
	}
	return lenient(words[1:])
}

func helpMessage() message {
	var sh sheet
	sh.section(say("fedbot lets Azure DevOps pipelines use AWS accounts without access keys. Nothing happens before the people who own the account approve."))
	var b strings.Builder
	for _, u := range usages {
		fmt.Fprintf(&b, "%s\n    %s\n", strings.TrimRight("/federate "+u.verb+" "+u.args, " "), u.means)
	}
	sh.pre(b.String())
	sh.actions(button(actForm, "Ask for a federation", "typed ", "").WithStyle(slack.StylePrimary))
	return sh.message()
}

func consoleMessage(address string) message {
	var sh sheet
	if address == "" {
		sh.section(say("There is no console here. /federate list and /federate show have the same facts."))
		return sh.message()
	}
	sh.section(say("The console is at %s", address))
	sh.actions(link("Open the console", address))
	return sh.message()
}
