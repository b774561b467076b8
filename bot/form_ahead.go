package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// aheadLives is how long what was foreseen is shown without reading it again. What
// counts is read anew when the request is sent.
const aheadLives = time.Minute

// ahead is what was foreseen of one account's request, and when.
type ahead struct {
	Say text
	At  time.Time
}

// drawForm draws a form twice: at once with what is known, and again when both sides
// were read for "what you are asking for". The second drawing is dropped as soon as
// somebody has chosen something else, or the view is not what it was.
func (b *Bot) drawForm(ctx context.Context, p parcel, c choice, a answers) error {
	known := false
	c.Ahead, known = b.aheadOf(p.actor(), c, a)
	form := requestForm(c, a, "")
	form.PrivateMetadata = p.Value
	hash, err := b.updateForm(ctx, p, form)
	if err != nil || known {
		return err
	}
	c.Ahead = b.foresee(ctx, p.actor(), c, a)
	if !b.newest(p) {
		return nil
	}
	form = requestForm(c, a, "")
	form.PrivateMetadata = p.Value
	if _, err := b.updateView(ctx, p.View, hash, *form); err != nil && !conflicts(err) {
		return err
	}
	return nil
}

// updateForm replaces what is shown, unless a newer choice is already.
func (b *Bot) updateForm(ctx context.Context, p parcel, form *slack.ModalViewRequest) (hash string, err error) {
	hash, err = b.updateView(ctx, p.View, p.Hash, *form)
	if conflicts(err) {
		if !b.newest(p) {
			return "", nil
		}
		hash, err = b.updateView(ctx, p.View, "", *form)
	}
	return hash, err
}

func conflicts(err error) bool {
	refused, ok := errors.AsType[slack.SlackErrorResponse](err)
	return ok && refused.Err == "hash_conflict"
}

// aheadOf is what can be said at once: what is still needed, or what was foreseen a
// moment ago. Otherwise it says that it is being read, and false.
func (b *Bot) aheadOf(by workflows.Actor, c choice, a answers) (text, bool) {
	if missing := foreseeable(c, a); len(missing) > 0 {
		return say("This says what it could do and who will be asked once there is %s.", and(missing)), true
	}
	all, known := []text{}, true
	for _, p := range a.proposals(c.Now) {
		b.forms.mu.Lock()
		seen, ok := b.forms.ahead[aheadKey(by, p)]
		b.forms.mu.Unlock()
		if !ok || c.Now.Sub(seen.At) >= aheadLives {
			seen.Say, known = say("Reading what it could do in %s and who would be asked…", p.Account), false
		}
		all = append(all, seen.Say)
	}
	return lines(all...), known
}

// foresee reads what each account's request would be.
func (b *Bot) foresee(ctx context.Context, by workflows.Actor, c choice, a answers) text {
	var all []text
	for _, p := range a.proposals(c.Now) {
		key := aheadKey(by, p)
		b.forms.mu.Lock()
		known, ok := b.forms.ahead[key]
		b.forms.mu.Unlock()
		if !ok || c.Now.Sub(known.At) >= aheadLives {
			known = ahead{b.foreseeOne(ctx, by, p), c.Now}
			remember(&b.forms.mu, b.forms.ahead, key, known)
		}
		all = append(all, known.Say)
	}
	return lines(all...)
}

func (b *Bot) foreseeOne(ctx context.Context, by workflows.Actor, p workflows.Proposal) text {
	p.Reason = "" // it is written last, and changes nothing here
	seen, err := b.o.Desk.Foresee(ctx, by, p)
	if _, refused := errors.AsType[*workflows.Refusal](err); refused {
		return join(" ", bold(say("It would be refused for %s.", p.Account)), prose(strings.TrimPrefix(said(err), "Not sent: ")))
	}
	if err != nil {
		b.o.Log.Warn("foresee a request", "project", p.Project, "account", p.Account, "error", err)
		return join(" ", say("What it could do in %s was not read, which does not keep you from sending it.", p.Account), prose(said(err)))
	}
	return foreseen(seen)
}

// aheadKey is the proposal without its reason, which changes nothing here.
func aheadKey(by workflows.Actor, p workflows.Proposal) string {
	p.Reason = ""
	raw, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(by) + " " + string(workflows.Sum(raw))
}

func and(items []string) string {
	if n := len(items); n > 1 {
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	}
	return strings.Join(items, "")
}
