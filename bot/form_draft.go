package bot

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Drafts are what people typed into forms that they did not send. They are notes of a
// follower of their own, one a person, and outlive the process.
const (
	draftKeeper = "drafts"
	draftLives  = 7 * 24 * time.Hour
	actDraftGo  = "draft_go"
	actDraftNew = "draft_afresh"
)

// draft is one person's unsent answers.
type draft struct {
	At      time.Time `json:"at"`
	Answers answers   `json:"answers"`
}

// draftKey names the person by what Slack signed, never by what a form says.
func draftKey(by workflows.Actor) string { return "draft/" + string(by) }

// keep stores the answers as the person's draft; answers that say nothing are none.
// It also forgets what others left longer ago than drafts live.
func (b *Bot) keep(ctx context.Context, by workflows.Actor, a answers) {
	a = a.withoutSecrets()
	if a.empty() {
		return
	}
	raw, err := json.Marshal(draft{b.o.Now().UTC(), a})
	if err != nil {
		return
	}
	notes := map[string]string{draftKey(by): string(raw)}
	old, err := b.o.Feed.Notes(ctx, draftKeeper, "draft/")
	for key, note := range old {
		if d := readDraft(note); err == nil && key != draftKey(by) && b.o.Now().Sub(d.At) >= draftLives {
			notes[key] = ""
		}
	}
	if err := b.o.Feed.Mark(ctx, draftKeeper, 0, notes); err != nil && ctx.Err() == nil {
		b.o.Log.Warn("keep a draft", "error", err)
	}
}

func readDraft(note string) draft {
	var d draft
	if json.Unmarshal([]byte(note), &d) != nil {
		return draft{}
	}
	return d
}

// draftOf is the person's own draft, if there is one that has not been there too long.
func (b *Bot) draftOf(ctx context.Context, by workflows.Actor) (draft, bool) {
	note, err := b.o.Feed.Note(ctx, draftKeeper, draftKey(by))
	if err != nil || note == "" {
		return draft{}, false
	}
	d := readDraft(note)
	return d, !d.Answers.empty() && b.o.Now().Sub(d.At) < draftLives
}

func (b *Bot) discard(ctx context.Context, by workflows.Actor) {
	if err := b.o.Feed.Mark(ctx, draftKeeper, 0, map[string]string{draftKey(by): ""}); err != nil && ctx.Err() == nil {
		b.o.Log.Warn("discard a draft", "error", err)
	}
}

// empty reports whether nobody would miss the answers: an end alone is the form's own.
func (a answers) empty() bool {
	return a.Project == "" && a.Account == "" && a.Template == "" && a.Reason == "" && a.Branches == "" && a.Owner == "" && a.Connection == ""
}

// secretLooking are the shapes of credentials that people paste by mistake. Nothing of
// that shape is kept.
var secretLooking = regexp.MustCompile(`(AKIA|ASIA)[A-Z0-9]{16}|xox[a-z]-|xapp-|-----BEGIN|\b[A-Za-z0-9/+]{40}\b|\b[a-z2-7]{52}\b|eyJ[A-Za-z0-9_-]{10,}\.|[A-Za-z0-9]{76}AZDO`)

// withoutSecrets leaves out every answer that looks like a credential.
func (a answers) withoutSecrets() answers {
	raw, err := json.Marshal(a)
	if err != nil {
		return answers{}
	}
	if !secretLooking.Match(raw) {
		return a
	}
	clean := answers{Organization: a.Organization, Project: a.Project, Account: a.Account, Template: a.Template, Pipelines: a.Pipelines, Ends: a.Ends, Date: a.Date}
	for _, text := range []struct{ from, to *string }{{&a.Reason, &clean.Reason}, {&a.Branches, &clean.Branches}, {&a.Owner, &clean.Owner}, {&a.Connection, &clean.Connection}} {
		if !secretLooking.MatchString(*text.from) {
			*text.to = *text.from
		}
	}
	return clean
}

// draftOffer asks whether to go on. Pure.
func draftOffer(d draft, now time.Time) *slack.ModalViewRequest {
	var sh sheet
	what := []string{}
	for _, s := range []string{d.Answers.Project, d.Answers.Account, d.Answers.Template} {
		if s != "" {
			what = append(what, s)
		}
	}
	about := text{}
	if len(what) > 0 {
		about = say("It is about %s.", and(what))
	}
	sh.section(join(" ", join("", bold(say("Go on with your draft of %s?", at(d.At)))), about))
	sh.context(say("Drafts are kept until %s.", at(d.At.Add(draftLives))))
	sh.actions(button(actDraftGo, "Go on", "go", "with your draft").WithStyle(slack.StylePrimary), button(actDraftNew, "Start afresh", "afresh", "without your draft"))
	v := view("Ask for a federation", sh.blocks)
	v.CallbackID = formCallback
	return v
}

// drafted answers the buttons of the offer. It reports whether the press was one.
func (b *Bot) drafted(ctx context.Context, p parcel, a *answers) bool {
	switch p.Text {
	case actDraftGo:
		if d, ok := b.draftOf(ctx, p.actor()); ok {
			*a = d.Answers
		}
	case actDraftNew:
		b.discard(ctx, p.actor())
		*a = answers{}
	default:
		return false
	}
	return true
}

// closed keeps what was in a form that was closed. Slack shows what a closed view
// held; where it does not, what the last choice in it held is there already.
func (b *Bot) closed(ctx context.Context, p parcel) {
	if p.Action != formCallback || b.finished(p.View) {
		return
	}
	b.keep(ctx, p.actor(), read(p.Answers))
}

// finish marks a form as sent, so that a redraw which comes late leaves no draft.
func (b *Bot) finish(ctx context.Context, p parcel) {
	if p.View != "" {
		remember(&b.forms.mu, b.forms.order, p.View, formDone)
	}
	b.discard(ctx, p.actor())
}

// formDone is after every action's time.
const formDone = "~"

func (b *Bot) finished(view string) bool {
	b.forms.mu.Lock()
	defer b.forms.mu.Unlock()
	return strings.HasPrefix(b.forms.order[view], formDone)
}
