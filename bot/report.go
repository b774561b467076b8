package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Report posts a drift report to the channel for everything. It returns when Slack
// has it, or why not.
func (b *Bot) Report(ctx context.Context, r workflows.Report) error {
	m, channel := reportMessage(r, b.o.Console, b.o.NotReal), b.o.Channel(workflows.Proposal{})
	err := b.patiently(ctx, "drift report", func() error {
		_, _, err := b.o.Slack.PostMessageContext(ctx, channel, slack.MsgOptionText(m.Text, true), slack.MsgOptionBlocks(m.Blocks...))
		return err
	})
	if err != nil {
		return fmt.Errorf("post report: %w", err)
	}
	return nil
}

// mostReported is how many findings the message has room for.
const mostReported = 20

// reportMessage is the drift report: verdict and what to do; what was not read;
// what was found. A quiet week is one line and still says what was read. Pure.
func reportMessage(r workflows.Report, console string, notReal bool) message {
	var sh sheet
	date := r.At.UTC().Format("Mon 2 Jan 2006")
	if r.Alarm != "" {
		sh.section(join(" ", bold("Critical:"), say("%s", r.Alarm)))
	}
	if len(r.Findings) == 0 && len(r.Unread) == 0 && len(r.Closed) == 0 {
		sh.section(say("Drift report, %s: nothing to do. %d of %d federations read, all as approved.", date, r.Read, r.Of))
	} else {
		reportHead(&sh, r, date)
		reportTable(&sh, r.Findings)
		if len(r.Closed) > 0 {
			sh.section(join("", bold("Closed since the last reading"), say(" %d: ", len(r.Closed)), foundNames(r.Closed)))
		}
		if console != "" {
			sh.actions(link("Open in console", console+"findings"))
		}
	}
	if r.Head != "" {
		sh.context(say("Cost: %d AWS and %d Azure DevOps calls. History: %d events, head %s. Keep it elsewhere: it shows whether history was rewritten later.",
			r.Calls["AWS"], r.Calls["Azure DevOps"], int(r.Events), r.Head))
	}
	if notReal {
		sh.context(say("NOT REAL: sandbox or test endpoints"))
	}
	return sh.message()
}

func reportHead(sh *sheet, r workflows.Report, date string) {
	verdict := fmt.Sprintf("act on %d", len(urgent(r.Findings)))
	if len(urgent(r.Findings)) == 0 {
		verdict = "nothing urgent"
	}
	if len(r.Unread) > 0 {
		verdict += ". " + count(len(r.Unread), "federation") + " not read"
	}
	sh.header(say("Drift report, %s: %s", date, verdict))
	fresh := 0
	for _, f := range r.Findings {
		if f.New {
			fresh++
		}
	}
	var act []text
	for _, f := range urgent(r.Findings) {
		act = append(act, say("%s, %s, %s", f.Finding.ID, f.Finding.Level, f.Owner))
	}
	first := text{}
	if len(act) > 0 {
		first = join("", bold("Act:"), say(" "), join("; ", act[:min(len(act), 10)]...), say("."))
	}
	sh.section(lines(first, say("%d new, %d still open, %d closed since the last reading.", fresh, len(r.Findings)-fresh, len(r.Closed))))
	read := say("Read %s to %s UTC: %d of %d federations.", r.Began.UTC().Format("2 Jan 15:04"), r.Ended.UTC().Format("15:04"), r.Read, r.Of)
	if len(r.Unread) > 0 {
		var un []text
		for _, u := range r.Unread[:min(len(r.Unread), 10)] {
			un = append(un, join("", say("%s (", u.Federation), prose(cut(u.Say, 120)), say(")")))
		}
		if rest := len(r.Unread) - len(un); rest > 0 {
			un = append(un, say("%d more", rest))
		}
		read = join(" ", read, bold("Not read, so nothing is claimed about them:"), join(", ", un...))
	}
	sh.context(read)
}

// urgent are the findings that cannot wait for the next report.
func urgent(all []workflows.FoundIn) []workflows.FoundIn {
	return slices.DeleteFunc(slices.Clone(all), func(f workflows.FoundIn) bool { return !f.Finding.Level.AtLeast(workflows.High) })
}

// reportTable has one section a finding, worst first, with the button that leads to
// its card. What puts it back is on the card, and only there.
func reportTable(sh *sheet, all []workflows.FoundIn) {
	shown := slices.Clone(all)
	slices.SortStableFunc(shown, func(a, b workflows.FoundIn) int {
		switch {
		case a.Finding.Level == b.Finding.Level:
			return 0
		case a.Finding.Level.AtLeast(b.Finding.Level):
			return -1
		}
		return 1
	})
	for i, f := range shown {
		if i == mostReported {
			sh.context(say("%d more: on fedbot's host, fedbot drift lists them all.", len(shown)-i))
			return
		}
		word := ""
		if f.New {
			word = ", new"
		}
		head := join(" ", bold(say("%s %s%s", f.Finding.ID, f.Finding.Level, word)), say("%s, %s, %s: %s.", f.Federation, f.Title, f.Owner, f.Finding.Class))
		sh.section(lines(head, say("%s: approved %s, found %s", f.Finding.Field, finding(cut(f.Finding.Approved, 120)), finding(cut(f.Finding.Found, 120))), author(f.Finding)))
		if i < 10 {
			sh.actions(button(actShow, "Show", string(f.Federation), string(f.Federation)+", "+f.Title))
		}
	}
}

func foundNames(all []workflows.FoundIn) text {
	var out []text
	for _, f := range all[:min(len(all), 15)] {
		out = append(out, say("%s of %s", f.Finding.ID, f.Federation))
	}
	if rest := len(all) - len(out); rest > 0 {
		out = append(out, say("%d more", rest))
	}
	return join(", ", out...)
}

// driftNow reads what the person may see and answers with the report.
func (b *Bot) driftNow(ctx context.Context, p parcel, id workflows.FederationID) error {
	if b.o.Drift == nil {
		return workflows.Refuse("no_drift", "Not read: this fedbot has no reading identity. An administrator can configure one.")
	}
	var of []workflows.Federation
	if id != "" {
		f, err := b.visible(ctx, p, id)
		if err != nil {
			return err
		}
		of = append(of, f)
	} else {
		all, err := b.o.Histories.List(ctx)
		if err != nil {
			return fmt.Errorf("list federations: %w", err)
		}
		all = slices.DeleteFunc(all, func(f workflows.Federation) bool { return f.State != workflows.Active })
		if of, err = b.seen(ctx, p, all); err != nil {
			return err
		}
	}
	if len(of) == 0 {
		return workflows.Refuse("none", "Nothing to read: no active federation that you may see.")
	}
	var ids []workflows.FederationID
	for _, f := range of {
		ids = append(ids, f.ID)
	}
	report, err := b.o.Drift.Drift(ctx, ids...)
	if err != nil {
		return fmt.Errorf("read drift: %w", err)
	}
	b.tell(ctx, p, reportMessage(report, b.o.Console, b.o.NotReal))
	return nil
}
