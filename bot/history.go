package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// mostEvents is how many lines of history an answer has room for.
const mostEvents = 40

// history answers with what happened in a project, or to one federation.
func (b *Bot) history(ctx context.Context, p parcel, what string, from int) error {
	if id := workflows.FederationID(federationID(what)); id.Number() > 0 {
		f, err := b.visible(ctx, p, id)
		if err != nil {
			return err
		}
		return b.tellHistory(ctx, p, []workflows.Federation{f}, what, from)
	}
	all, err := b.o.Histories.List(ctx)
	if err != nil {
		return fmt.Errorf("list federations: %w", err)
	}
	_, short, _ := strings.Cut(what, "/")
	all = slices.DeleteFunc(all, func(f workflows.Federation) bool {
		return !strings.EqualFold(f.Names.Project, what) && !strings.EqualFold(f.Names.Project, strings.TrimSpace(short))
	})
	seen, err := b.seen(ctx, p, all)
	if err != nil {
		return err
	}
	if len(seen) == 0 {
		return workflows.Refuse("none", "Not found: no federation of a project %s that you may see.", cut(what, 60))
	}
	return b.tellHistory(ctx, p, seen, what, from)
}

func (b *Bot) tellHistory(ctx context.Context, p parcel, of []workflows.Federation, what string, from int) error {
	var all []happened
	for _, f := range of {
		events, err := b.o.Histories.History(ctx, f.ID)
		if err != nil {
			return fmt.Errorf("read history of %s: %w", f.ID, err)
		}
		for _, e := range events {
			if told(e) {
				all = append(all, happened{f.ID, e})
			}
		}
	}
	b.tell(ctx, p, historyMessage(of, all, what, from))
	return nil
}

type happened struct {
	ID    workflows.FederationID
	Event workflows.Event
}

// told leaves out the steps of making and removing: the plan and the card have them.
func told(e workflows.Event) bool {
	switch e.Kind() {
	case workflows.KindIntended, workflows.KindMade, workflows.KindRemoved, workflows.KindStumbled:
		return false
	}
	return true
}

// historyMessage: newest first, beginning with the line from. what is what was asked
// for: the buttons ask for it again. Pure.
func historyMessage(of []workflows.Federation, all []happened, what string, from int) message {
	slices.SortStableFunc(all, func(a, b happened) int { return b.Event.At.Compare(a.Event.At) })
	var sh sheet
	if len(of) == 1 {
		sh.header(say("History of %s, %s: %s", of[0].ID, of[0].Names.Project, state(of[0])))
	} else {
		sh.header(say("History of %s: %s", of[0].Names.Project, count(len(of), "federation")))
	}
	var page []text
	pg := pageOf(from, mostEvents, len(all))
	shown := all[pg.From:pg.end()]
	for i, h := range shown {
		line := join("  ", at(h.Event.At), happenedLine(h.Event))
		if len(of) > 1 {
			line = join("  ", bold(h.ID), line)
		}
		page = append(page, line)
		if len(page) == 10 || i == len(shown)-1 {
			sh.section(lines(page...))
			page = nil
		}
	}
	sh.context(say("Steps of making and removing are not shown."))
	pg.turns(&sh, actHistoryNewer, actHistoryOlder, middle(what, 200))
	return sh.message()
}

// happenedLine is one event in words.
func happenedLine(e workflows.Event) text {
	by := who(e.By)
	switch b := e.Body.(type) {
	case workflows.Submitted:
		return say("%s asked: %s", by, typed(b.Proposal.Reason))
	case workflows.Asked:
		return say("%s asked for %s, %s: %s", by, b.Request, b.Proposal.Kind, typed(b.Proposal.Reason))
	case workflows.Checked:
		return say("%s was checked, plan %s", b.Request, b.Digest.Short())
	case workflows.Refused:
		return join(" ", say("%s was refused:", b.Request), prose(cut(b.Say, 200)))
	case workflows.Approved:
		line := say("%s approved %s for %s, stage %d, plan %s", seatOf(e.By, b.For), b.Request, b.Group, b.Stage+1, b.Digest.Short())
		if b.Comment != "" {
			line = join(": ", line, typed(b.Comment))
		}
		return line
	case workflows.Questioned:
		return say("%s asked about %s: %s", by, b.Request, typed(b.Text))
	case workflows.Answered:
		return say("%s answered about %s: %s", by, b.Request, typed(b.Text))
	case workflows.Reminded:
		return say("%s: stage %d was called again, reminder %d", b.Request, b.Stage+1, b.Number)
	case workflows.Escalated:
		return say("%s was not decided in time: %s can fill seats of stage %d too", b.Request, b.Group, b.Stage+1)
	case workflows.RefusedPress:
		return say("%s pressed %s on %s and was refused", by, b.Verb, b.Request)
	case workflows.Denied:
		return say("%s denied %s: %s", by, b.Request, typed(b.Reason))
	case workflows.Withdrawn:
		return say("%s withdrew %s", by, b.Request)
	case workflows.Lapsed:
		return say("%s lapsed: nobody decided in time", b.Request)
	case workflows.Granted:
		return say("%s was granted: everything was read once more", b.Request)
	case workflows.Quarantined:
		return say("%s quarantined it: %s", by, typed(b.Reason))
	case workflows.Revoked:
		return say("%s revoked it: %s", by, typed(b.Reason))
	}
	return laterLine(e, by)
}

func laterLine(e workflows.Event, by text) text {
	switch b := e.Body.(type) {
	case workflows.Seen:
		if b.Step == workflows.FirstUseID {
			return join(" ", say("First use, %s: %s.", at(b.Proof.SignedIn), b.Outcome), prose(cut(b.Say, 200)))
		}
		return join(" ", say("Proof run %d: %s.", b.Proof.Run, b.Outcome), prose(cut(b.Say, 200)))
	case workflows.Parked:
		return join(" ", say("Stopped for a person:"), prose(cut(b.Say, 200)))
	case workflows.Resumed:
		return say("%s had it tried again", by)
	case workflows.Activated:
		return say("Active")
	case workflows.Abandoned:
		return join(" ", say("Given up:"), prose(cut(b.Say, 200)))
	case workflows.Reversed:
		return join(" ", say("The change turns back:"), prose(cut(b.Say, 200)))
	case workflows.Reverted:
		return say("Back to what was before")
	case workflows.Expired:
		return say("Its time was up")
	case workflows.ClosedNow:
		return say("Closed, %s: nothing of fedbot's is left", b.Outcome)
	case workflows.Released:
		return say("Released by %s", b.Request)
	case workflows.Drifted:
		if len(b.Findings) == 0 {
			return say("Read: as approved")
		}
		if b.Again {
			return join(" ", say("Read again, %s:", b.Findings[0].ID), author(b.Findings[0]))
		}
		return join(" ", say("Read: %s, first %s, %s.", count(len(b.Findings), "finding"), b.Findings[0].ID, b.Findings[0].Class), author(b.Findings[0]))
	case workflows.Returned:
		return join(" ", say("%s goes back to its approvers.", b.Request), prose(cut(b.Say, 200)))
	case workflows.Restored:
		return join(" ", say("%s had %s restored.", by, b.Finding), restorer(b))
	}
	return say("%s", e.Kind())
}

// restorer says what could be checked about whoever restored: that it was not
// their own change.
func restorer(b workflows.Restored) text {
	switch {
	case b.Authors == nil:
		return text{}
	case b.Unsure != "":
		return say("It could not be checked whether they had changed it themselves: %s.", strings.TrimSuffix(cut(b.Unsure, 120), "."))
	}
	return say("It was not their own change.")
}

// typed is what somebody typed, in a line of ours.
func typed(s string) text { return say("“%s”", cut(s, 120)) }

// withoutButtons keeps the facts of a card.
func withoutButtons(m message) message {
	m.Blocks = slices.DeleteFunc(slices.Clone(m.Blocks), func(b slack.Block) bool { return b.BlockType() == slack.MBTAction })
	m.Text = strings.Join(slices.DeleteFunc(strings.Split(m.Text, "\n"), func(l string) bool { return strings.HasPrefix(l, "Buttons: ") }), "\n")
	return m
}
