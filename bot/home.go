package bot

import (
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// mostHome is how many lines a part of the home tab has; the list has the rest.
const mostHome = 5

// soon is how long before its end an owner team is asked.
const soon = 30 * 24 * time.Hour

// mine is one federation as somebody sees it.
type mine struct {
	F     workflows.Federation
	Roles workflows.Roles
	Scene scene
	Link  string // of its live card; empty: none
}

// home is what one person's home tab shows.
type home struct {
	Who     workflows.Actor
	Now     time.Time
	Seen    []mine // what the person may see
	Console string
	NotReal bool
	Unread  []string // groups that could not be read: what they own or decide is not shown
}

// waits says why a federation waits for this person; empty if it does not. Urgent
// ones have a smaller rank.
func (h home) waits(m mine) (why text, rank int) {
	f := m.F
	if r, ok := f.Open(); ok && r.State == workflows.RequestOpen && r.Checked != nil && r.By.Actor != h.Who && h.Now.Before(r.Checked.Lapses) {
		stage, _ := r.Stage()
		stages := r.Checked.Verdict.Stages
		pressed := slices.ContainsFunc(r.Approvals, func(a workflows.Approval) bool { return a.By.Actor == h.Who })
		if stage < len(stages) && !pressed && m.Roles.Approver && slices.Contains(stages[stage].Could, h.Who) {
			risk := r.Checked.Words.Risk
			line := say("%s %s, %s.", bold(capital(string(risk))+" risk"), title(f, m.Scene), r.ID)
			if len(stages) > 1 {
				line = say("%s Stage %d of %d,", line, stage+1, len(stages))
			} else {
				line = say("%s Undecided", line)
			}
			return say("%s by %s.", line, at(r.Checked.Lapses)), 3 - rankOf(risk)
		}
	}
	closing := m.Roles.Requester || m.Roles.OwnerTeam || m.Roles.AccountOwner || m.Roles.Approver
	switch {
	case f.Parked != nil && (closing || m.Roles.Administrator):
		return say("%s %s, %s, since %s: %s", bold("Parked"), title(f, m.Scene), f.ID, at(f.Updated), prose(cut(f.Parked.Say, 200))), 0
	case f.Quarantine != nil && (m.Roles.OwnerTeam || m.Roles.AccountOwner):
		return say("%s %s, %s, since %s: release it or revoke it.", bold("Quarantined"), title(f, m.Scene), f.ID, at(f.Quarantine.At)), 0
	case len(f.Findings) > 0 && (m.Roles.OwnerTeam || m.Roles.AccountOwner || m.Roles.Approver):
		return say("%s %s, %s: %s that were not approved.", bold("Changed outside fedbot"), title(f, m.Scene), f.ID, count(len(f.Findings), "difference")), 0
	}
	return text{}, 0
}

func rankOf(l workflows.Level) int {
	switch {
	case l.AtLeast(workflows.High):
		return 2
	case l.AtLeast(workflows.Medium):
		return 1
	}
	return 0
}

// view draws the tab. Pure.
func (h home) view() slack.HomeTabViewRequest {
	var sh sheet
	h.waiting(&sh)
	h.asked(&sh)
	h.owned(&sh)
	h.administer(&sh)
	if len(sh.blocks) == 0 {
		sh.section(say("Nothing is waiting for you, and you have not asked for anything yet."))
	}
	buttons := []*slack.ButtonBlockElement{
		button(actForm, "Ask for a federation", "typed ", "").WithStyle(slack.StylePrimary),
		button(actHomeList, "Show everything", "list", ""),
		button(actHomeHelp, "Help", "help", ""),
	}
	if h.Console != "" {
		buttons = append(buttons, link("Open console", h.Console))
	}
	sh.actions(buttons...)
	if len(h.Unread) > 0 {
		sh.context(say("Not read, so what they decide or own is not shown: %s. Open this tab again in a minute.", names(h.Unread)))
	}
	sh.context(say("As of %s.", at(h.Now)))
	if h.NotReal {
		sh.context(say("NOT REAL: this fedbot talks to emulators."))
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: sh.blocks[:min(len(sh.blocks), maxView)]}}
}

type waitingLine struct {
	m    mine
	why  text
	rank int
}

// waiting is what somebody can move on: urgent first, then what has waited longest.
func (h home) waiting(sh *sheet) {
	var all []waitingLine
	for _, m := range h.Seen {
		if why, rank := h.waits(m); why.mrkdwn != "" {
			all = append(all, waitingLine{m, why, rank})
		}
	}
	slices.SortStableFunc(all, func(a, b waitingLine) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return a.m.F.Updated.Compare(b.m.F.Updated)
	})
	if len(all) == 0 {
		return
	}
	sh.header(say("Waiting for you: %d", len(all)))
	for _, w := range all[:min(len(all), mostHome)] {
		sh.line(w.why, h.way(w.m))
	}
	more(sh, len(all))
}

// way is the button to a federation: to its live card, where the buttons count, or
// to its facts.
func (h home) way(m mine) *slack.ButtonBlockElement {
	if m.Link != "" {
		b := link("Open card", m.Link)
		b.AccessibilityLabel = middle("Open card of "+string(m.F.ID), maxButton)
		return b
	}
	return button(actShow, "Open", string(m.F.ID), string(m.F.ID))
}

// asked is what this person asked for: what is still being decided, then the newest.
func (h home) asked(sh *sheet) {
	type ask struct {
		m mine
		r workflows.Request
	}
	var all []ask
	for _, m := range h.Seen {
		for _, r := range m.F.Requests {
			if r.By.Actor == h.Who {
				all = append(all, ask{m, r})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b ask) int {
		if x, y := a.r.State == workflows.RequestOpen, b.r.State == workflows.RequestOpen; x != y {
			if x {
				return -1
			}
			return 1
		}
		return b.r.At.Compare(a.r.At)
	})
	if len(all) == 0 {
		return
	}
	sh.header(say("You asked for: %d", len(all)))
	for _, a := range all[:min(len(all), mostHome)] {
		way := h.way(a.m)
		if a.r.State == workflows.RequestOpen {
			way = button(actWithdraw, "Withdraw", string(a.r.ID), string(a.r.ID))
		} else if again := askAgain(a.r, "Ask again…"); again != nil {
			way = again
		}
		sh.line(say("%s, %s: %s.", title(a.m.F, a.m.Scene), a.r.ID, requestState(a.m.F, a.r)), way)
	}
	more(sh, len(all))
}

// askAgain opens the form with the answers of a request that came to nothing; nil if
// it did not, or its answers do not fit into a button.
func askAgain(r workflows.Request, label string) *slack.ButtonBlockElement {
	nothing := []workflows.Outcome{workflows.OutcomeRefused, workflows.OutcomeDenied, workflows.OutcomeWithdrawn, workflows.OutcomeLapsed}
	command := commandLine(r.Proposal)
	if r.State != workflows.RequestClosed || r.Proposal.Kind != workflows.Create || !slices.Contains(nothing, r.Outcome) || len(command) >= 1900 {
		return nil
	}
	return button(actForm, label, "typed "+command[len("/federate "):], string(r.ID))
}

// requestState is where a request is, in words: "requested; stage 1 of 2 is deciding".
func requestState(f workflows.Federation, r workflows.Request) text {
	switch {
	case r.State == workflows.RequestOpen && r.Checked == nil:
		return say("%s; fedbot is reading what it would change", bold("requested"))
	case r.State == workflows.RequestOpen && r.Decided():
		return say("%s; approved, and about to begin", bold("requested"))
	case r.State == workflows.RequestOpen:
		stage, _ := r.Stage()
		stages := r.Checked.Verdict.Stages
		return say("%s; %s decides, stage %d of %d, by %s", bold("requested"), stages[stage].Group, stage+1, len(stages), at(r.Checked.Lapses))
	case r.State == workflows.RequestClosed && r.Outcome != "":
		return say("%s %s", bold(r.Outcome), at(r.EndedAt))
	}
	return say("%s", bold(state(f)))
}

// owned is what the person's teams own: what needs a decision is named, what is
// well is counted.
func (h home) owned(sh *sheet) {
	var ending []mine
	total, well := 0, 0
	for _, m := range h.Seen {
		if !m.Roles.OwnerTeam || m.F.State == workflows.Closed {
			continue
		}
		total++
		switch {
		case m.F.State == workflows.Active && !m.F.Ends.IsZero() && m.F.Ends.Sub(h.Now) < soon:
			ending = append(ending, m)
		case m.F.State == workflows.Active && !needs(m.F):
			well++
		}
	}
	if total == 0 {
		return
	}
	slices.SortStableFunc(ending, func(a, b mine) int { return a.F.Ends.Compare(b.F.Ends) })
	sh.header(say("Your teams own: %s", count(total, "federation")))
	for _, m := range ending[:min(len(ending), mostHome)] {
		sh.line(say("%s %s: %s, %s.", bold("Ends"), on(m.F.Ends), title(m.F, m.Scene), m.F.ID), h.way(m))
	}
	rest := total - well - len(ending)
	sh.section(say("%s healthy, %d ending within 30 days, %d other.", bold(fmt.Sprint(well)), len(ending), rest))
}

// administer is what those who run fedbot look at first.
func (h home) administer(sh *sheet) {
	var findings, critical, waiting, parked, quarantined int
	var oldest time.Time
	admin := false
	accounts := map[string]bool{}
	for _, m := range h.Seen {
		admin = admin || m.Roles.Administrator || m.Roles.Auditor
		if m.F.State != workflows.Closed {
			accounts[m.F.Names.AccountID] = true
		}
		for _, x := range m.F.Findings {
			findings++
			if x.Level == workflows.Critical {
				critical++
			}
		}
		if m.F.Parked != nil {
			parked++
		}
		if m.F.Quarantine != nil {
			quarantined++
		}
		if r, ok := m.F.Open(); ok && r.State == workflows.RequestOpen {
			waiting++
			if oldest.IsZero() || r.At.Before(oldest) {
				oldest = r.At
			}
		}
	}
	if !admin {
		return
	}
	undecided := say("%d", waiting)
	if waiting > 0 {
		undecided = say("%d, oldest of %s", waiting, at(oldest))
	}
	sh.header(say("For those who run fedbot"))
	sh.fields(
		fact("Open findings", say("%d, of them %d critical", findings, critical)),
		fact("Undecided requests", undecided),
		fact("Parked", say("%d", parked)),
		fact("Quarantined", say("%d", quarantined)),
		fact("Accounts in use", say("%d", len(accounts))),
	)
}

func more(sh *sheet, all int) {
	if all > mostHome {
		sh.context(say("%d more: Show everything, below.", all-mostHome))
	}
}

// line is a section with one button beside it.
func (s *sheet) line(t text, b *slack.ButtonBlockElement) {
	s.blocks = append(s.blocks, slack.NewSectionBlock(mrkdwn(cutLines(t.mrkdwn, maxSection)), nil, slack.NewAccessory(b)))
	s.plain = append(s.plain, t.plain)
}
