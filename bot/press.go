package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// press decides about a button. What the button says names things; what may be done
// to them is looked up.
func (b *Bot) press(ctx context.Context, p parcel) error {
	switch p.Action {
	case actForm:
		if err := b.own(ctx, p); err != nil {
			return err
		}
		return b.openForm(ctx, p, typedAgain(p.Value))
	case actListNewer, actListOlder, actHistoryNewer, actHistoryOlder:
		return b.turn(ctx, p)
	case "link_open":
		return nil // Slack tells about links too
	}
	t, ok := parseTarget(p.Value)
	if !ok {
		return workflows.Refuse("unknown_button", "Not done: this button is not one of fedbot's. Nothing was recorded.")
	}
	f, err := b.o.Histories.Load(ctx, t.Federation)
	if err != nil {
		return fmt.Errorf("load %s: %w", t.Federation, err)
	}
	switch p.Action {
	case actDetails, actHistory, actShow:
		return b.look(ctx, p, f, t)
	case actWithdraw:
		_, err := b.o.Desk.Withdraw(ctx, workflows.Press{Delivery: p.Key, By: p.actor(), Request: t.Request, Digest: t.Digest})
		return err
	}
	if err := b.live(ctx, p, t); err != nil {
		return err
	}
	return b.decisive(ctx, p, f, t)
}

// decisive presses count only on the live card.
func (b *Bot) decisive(ctx context.Context, p parcel, f workflows.Federation, t target) error {
	switch p.Action {
	case actApprove:
		if r, ok := f.Request(t.Request); ok && r.Checked != nil && asksToType(*r) {
			return b.openModal(ctx, p, approveModal(f, *r, b.scene(f, nil)))
		}
		_, err := b.o.Desk.Approve(ctx, workflows.Press{Delivery: p.Key, By: p.actor(), Request: t.Request, Digest: t.Digest})
		return err
	case actComment, actAsk, actAnswer:
		return b.openField(ctx, p, f, t)
	case actDeny, actGiveUp, actQuarantine, actRelease, actRevoke:
		return b.openModal(ctx, p, reasonModal(p.Action, f, t, b.scene(f, nil)))
	case actRetry:
		return b.order(ctx, p, f.ID, workflows.OrderRetry, "")
	case actCheck:
		return b.order(ctx, p, f.ID, workflows.OrderCheck, "")
	case actRestore:
		_, err := b.o.Desk.Order(ctx, workflows.Order{Delivery: p.Key, By: p.actor(), Federation: f.ID,
			Verb: workflows.OrderRestore, Finding: t.Finding, Hash: t.Hash})
		return err
	}
	return workflows.Refuse("unknown_button", "Not done: this button is not one of fedbot's. Nothing was recorded.")
}

// openField opens the form of one field behind a button of an open request. Who may
// send it is decided when it is sent.
func (b *Bot) openField(ctx context.Context, p parcel, f workflows.Federation, t target) error {
	r, ok := f.Request(t.Request)
	if !ok || r.Checked == nil || r.State != workflows.RequestOpen {
		return workflows.Refuse("decided", "Not done: %s is not waiting for a decision. Nothing was recorded. The card says how it ended.", t.Request)
	}
	s := b.scene(f, nil)
	switch {
	case p.Action == actAsk:
		return b.openModal(ctx, p, askModal(f, *r, s))
	case p.Action == actComment && asksToType(*r):
		return b.openModal(ctx, p, approveModal(f, *r, s))
	case p.Action == actComment:
		return b.openModal(ctx, p, commentModal(f, *r, s))
	}
	open := r.OpenQuestions()
	if !slices.Contains(open, t.Question) {
		return workflows.Refuse("answered_already", "Already answered: that question about %s is not open any more. Nothing for you to do.", r.ID)
	}
	return b.openModal(ctx, p, answerModal(f, *r, t.Question, s))
}

func asksToType(r workflows.Request) bool {
	return r.Checked.Verdict.Typed || r.Checked.Words.Risk.AtLeast(workflows.High)
}

func (b *Bot) order(ctx context.Context, p parcel, id workflows.FederationID, verb workflows.OrderVerb, reason string) error {
	_, err := b.o.Desk.Order(ctx, workflows.Order{Delivery: p.Key, By: p.actor(), Federation: id, Verb: verb, Reason: reason})
	return err
}

// live refuses a press on anything but a message that the follower posted: a copy,
// a forward, or the first of two after a kill.
func (b *Bot) live(ctx context.Context, p parcel, t target) error {
	here := p.Channel + "/" + p.Message
	prefix := cardKey(t.Request)
	if t.Request == "" {
		prefix = "card/" + string(t.Federation) + "."
	}
	b.noted(ctx, t.Federation)
	cards, err := b.o.Feed.Notes(ctx, Follower, prefix)
	if err != nil {
		return fmt.Errorf("look up card: %w", err)
	}
	where := ""
	for key, place := range cards {
		if t.Request != "" && key != prefix {
			continue
		}
		if place == here {
			return nil
		}
		where = place
	}
	link := b.permalink(ctx, where)
	b.retire(ctx, p, where, link)
	r := workflows.Refuse("stale_card", "Not done: this message is a copy, and only the live card counts.%s Nothing was recorded.", link)
	r.Next = string(t.Federation)
	return r
}

// retire turns a copy of a card, which a kill between Slack's answer and our note
// can leave, into a link to the live one. It touches nothing outside the channel of
// the live card, where cards alone have such buttons, and no card that is live.
func (b *Bot) retire(ctx context.Context, p parcel, where, link string) {
	channel, live, ok := strings.Cut(where, "/")
	if !ok || link == "" || p.Channel != channel || p.Message == "" || p.Message == live {
		return
	}
	cards, err := b.o.Feed.Notes(ctx, Follower, "card/")
	if err != nil {
		return
	}
	for _, place := range cards {
		if place == p.Channel+"/"+p.Message {
			return
		}
	}
	var sh sheet
	sh.section(say("This is a copy of a card.%s", link))
	m := sh.message()
	_, _, _, err = b.o.Slack.UpdateMessageContext(ctx, channel, p.Message, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...))
	if err != nil {
		b.o.Log.Warn("turn a copy into a link", "error", err)
	}
}

// permalink is " It is at https://…", or nothing.
func (b *Bot) permalink(ctx context.Context, place string) string {
	if url := b.cardLink(ctx, place); url != "" {
		return " It is at " + url
	}
	return ""
}

// cardLink is the address of a message that was noted; empty where there is none.
func (b *Bot) cardLink(ctx context.Context, place string) string {
	channel, ts, ok := strings.Cut(place, "/")
	if !ok {
		return ""
	}
	url, err := b.o.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
	if err != nil {
		b.o.Log.Warn("read permalink", "error", err)
		return ""
	}
	return url
}

// look answers buttons that change nothing, for those who may see.
func (b *Bot) look(ctx context.Context, p parcel, f workflows.Federation, t target) error {
	if err := b.sees(ctx, f, p.actor()); err != nil {
		return err
	}
	switch p.Action {
	case actDetails:
		r, ok := f.Request(t.Request)
		if !ok {
			return fmt.Errorf("details of %s: %w", t.Request, workflows.ErrNotFound)
		}
		return b.openModal(ctx, p, detailsModal(f, *r, b.scene(f, nil)))
	case actHistory:
		return b.tellHistory(ctx, p, []workflows.Federation{f}, string(f.ID), 0)
	}
	return b.tellShow(ctx, p, f)
}

// sees says "not found" to those who may not see: that there is an F-17 is itself
// something to know.
func (b *Bot) sees(ctx context.Context, f workflows.Federation, by workflows.Actor) error {
	roles, err := b.o.Desk.May(ctx, f, by)
	if err != nil {
		return fmt.Errorf("read roles: %w", err)
	}
	if !roles.Sees() {
		if len(roles.Unread) > 0 {
			return workflows.Refuse("unread", "Not shown: Slack did not say who is in %s, and unread counts as no. Please try again in a minute.", strings.Join(roles.Unread, ", "))
		}
		return fmt.Errorf("show %s: %w", f.ID, workflows.ErrNotFound)
	}
	return nil
}

func (b *Bot) openModal(ctx context.Context, p parcel, v *slack.ModalViewRequest) error {
	late := workflows.Refuse("late", "The form could not be opened: Slack allows three seconds for it, and they had passed. Please press again.")
	if p.trigger == "" {
		return late
	}
	if _, err := b.o.Slack.OpenViewContext(ctx, p.trigger, *v); err != nil {
		b.o.Log.Warn("open modal", "action", p.Action, "error", err)
		return late
	}
	return nil
}

// mistakes are what is wrong with a form at a glance; nil if nothing is. It reads
// the store and nothing remote: Slack waits.
func (b *Bot) mistakes(ctx context.Context, p parcel) any {
	wrong := map[string]string{}
	switch p.Action {
	case formCallback:
		c := choice{Accounts: b.o.Places.Accounts(), Templates: b.o.Places.Templates(), Now: b.o.Now()}
		wrong = b.slips(c, read(p.Answers)).in(p.Answers)
	case actApprove:
		t, _ := parseTarget(p.Value)
		f, err := b.o.Histories.Load(ctx, t.Federation)
		if err != nil {
			break // the decision will say what is the matter
		}
		name := accountName(f, b.scene(f, nil))
		if typed := strings.TrimSpace(one(p.Answers[blockTyped])); !strings.EqualFold(typed, name) {
			wrong[blockTyped] = fmt.Sprintf("%q is not this account. The request is for %s. Nothing was recorded.", cut(typed, 60), name)
		}
	case actComment, actAsk, actAnswer:
		if strings.TrimSpace(one(p.Answers[blockReason])) == "" {
			wrong[blockReason] = "Nothing is written here yet. Nothing was sent."
		}
	default:
		if strings.TrimSpace(one(p.Answers[blockReason])) == "" {
			wrong[blockReason] = "A reason is needed. Others read it in the history."
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return slack.NewErrorsViewSubmissionResponse(wrong)
}

func one(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// submission decides about a form that was sent. A modal remembers the channel
// behind its button's value, for the answer.
func (b *Bot) submission(ctx context.Context, p parcel) error {
	if p.Action == formCallback {
		return b.formSent(ctx, p)
	}
	t, ok := parseTarget(p.Value)
	if !ok {
		return workflows.Refuse("unknown_button", "Not done: this form is not one of fedbot's. Nothing was recorded.")
	}
	reason := strings.TrimSpace(one(p.Answers[blockReason]))
	pressed := workflows.Press{Delivery: p.Key, By: p.actor(), Request: t.Request, Digest: t.Digest, Comment: reason, Question: t.Question,
		Typed: strings.TrimSpace(one(p.Answers[blockTyped]))}
	var err error
	switch p.Action {
	case actApprove, actComment:
		_, err = b.o.Desk.Approve(ctx, pressed)
	case actAsk:
		_, err = b.o.Desk.Inquire(ctx, pressed)
	case actAnswer:
		_, err = b.o.Desk.Reply(ctx, pressed)
	case actDeny:
		_, err = b.o.Desk.Deny(ctx, pressed)
	case actGiveUp:
		err = b.order(ctx, p, t.Federation, workflows.OrderGiveUp, reason)
	case actQuarantine:
		err = b.order(ctx, p, t.Federation, workflows.OrderQuarantine, reason)
	case actRevoke:
		err = b.order(ctx, p, t.Federation, workflows.OrderRevoke, reason)
	case actRelease:
		_, err = b.release(ctx, p, t.Federation, reason)
	default:
		err = workflows.Refuse("unknown_button", "Not done: this form is not one of fedbot's. Nothing was recorded.")
	}
	return err
}

// release asks for a release by the rules of a create.
func (b *Bot) release(ctx context.Context, p parcel, id workflows.FederationID, reason string) (workflows.Federation, error) {
	f, err := b.o.Histories.Load(ctx, id)
	if err != nil {
		return f, fmt.Errorf("load %s: %w", id, err)
	}
	want := f.Approved
	want.Kind, want.Reason = workflows.Release, reason
	return b.o.Desk.Submit(ctx, workflows.Ask{Delivery: p.Key, By: p.actor(), Proposal: want, Federation: id})
}
