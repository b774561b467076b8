package bot

import (
	"fmt"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// askingCard asks for a decision. Its facts are in the order in which a decision
// needs them, and the buttons come after them.
func askingCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	c := r.Checked
	if c == nil {
		sh.header(say("Being checked: %s", title(f, s)))
		sh.section(say("%s asks for %s. Nobody has been asked yet.", who(r.By), r.ID))
		return
	}
	what := say("%s asks to %s %s", f.Names.Project, asks(r), accountName(f, s))
	sh.header(say("%s risk: %s", capital(string(c.Words.Risk)), what))
	sh.section(lines(introduction(f, r), standingOf(r)))
	sh.quote(who(r.By), r.Proposal.Reason)
	sh.fields(askingFields(f, r, s)...)
	sh.expanded(reach(c.Words))
	if r.Because != "" {
		sh.section(join(" ", bold("This plan is new."), prose(r.Because), say("Approvals given to the plan before no longer count.")))
	}
	sh.section(lines(compared(c.Words), sentence("Proof", c.Words.Proof, ""), checksLine(c.Checks)))
	if r.Decided() {
		comments(sh, r)
		sh.section(lines(approvals(r), waived(c.Verdict), say("Everything is read once more before anything is created.")))
		sh.context(say("Nothing for you to do. The thread has the timeline."))
		sh.actions(detailsButton(f, r, s))
		return
	}
	sh.notify(say("%s risk request %s needs a decision: %s", capital(string(c.Words.Risk)), r.ID, what))
	questions(sh, r)
	comments(sh, r)
	sh.section(lines(decides(r), besides(r)))
	sh.context(say("Undecided by %s, it lapses and %s. Plan %s.", at(c.Lapses), otherwise(r), c.Digest.Short()))
	sh.actions(decideButtons(f, r, s)...)
}

// otherwise is what does not happen if nobody decides.
func otherwise(r workflows.Request) string {
	if r.Returned {
		return "what was made, which is held, is removed"
	}
	if r.Proposal.Kind == workflows.Create {
		return "nothing is created"
	}
	return "nothing is changed"
}

func asks(r workflows.Request) text {
	if r.Proposal.Kind == workflows.Change {
		return say("change %s:", r.ID.Federation())
	}
	return prose(r.Checked.Words.Asks)
}

func introduction(f workflows.Federation, r workflows.Request) text {
	what := say("a new federation, %s,", f.ID)
	if r.Proposal.Kind == workflows.Change {
		what = say("a change of %s", f.ID)
	}
	return say("%s asks for %s for team %s. Request %s, %s.", bold(who(r.By)), what, f.Owner, r.ID, at(r.At))
}

// standingOf says whether the requester may ask, and when that was read.
func standingOf(r workflows.Request) text {
	facts := r.Checked.Facts
	when := at(facts.ReadAt)
	switch facts.AzureDevOps.Standing {
	case "administrator":
		return say("%s is an administrator of the project (Azure DevOps, read %s).", who(r.By), when)
	case "member":
		return say("%s is a member of the project, not an administrator (Azure DevOps, read %s).", who(r.By), when)
	case "none":
		return say("%s has no right in the project (Azure DevOps, read %s).", who(r.By), when)
	default:
		return say("What %s may do in the project was not read.", who(r.By))
	}
}

func askingFields(f workflows.Federation, r workflows.Request, s scene) []text {
	facts := r.Checked.Facts
	return []text{
		fact("From", say("%s / %s", f.Names.Organization, f.Names.Project)),
		fact("To", accountLine(f, s)),
		fact(fmt.Sprintf("Pipelines (%d)", len(r.Proposal.Pipelines)), pipelines(r.Proposal)),
		fact("Branches", branches(r.Proposal, facts)),
		fact("Owner", say("%s", f.Owner)),
		fact("Ends", ends(r.Proposal)),
	}
}

// accountLine is alias, number, kind.
func accountLine(f workflows.Federation, s scene) text {
	if s.Account.Name == "" {
		return say("%s, %s", accountName(f, s), f.Names.AccountID)
	}
	return say("%s, %s, %s", s.Account.Name, s.Account.ID, s.Account.Kind())
}

func pipelines(p workflows.Proposal) text {
	if len(p.Pipelines) == 0 {
		return say("none is permitted yet")
	}
	return names(p.Pipelines)
}

func branches(p workflows.Proposal, facts workflows.Facts) text {
	if len(p.Branches) == 0 {
		return join("", bold("any branch"), say(": no branch check was asked for"))
	}
	var all []text
	for _, name := range p.Branches {
		line := join("", code(name), say(": protection not read"))
		for _, b := range facts.AzureDevOps.Branches {
			switch {
			case b.Name != name:
			case b.Protected && b.Reviewers > 0:
				line = join("", code(name), say(": protected, %s", count(b.Reviewers, "reviewer")))
			case b.Protected:
				line = join("", code(name), say(": protected, no reviewer needed"))
			default:
				line = join("", code(name), say(": "), bold("not protected"))
			}
		}
		all = append(all, line)
	}
	return lines(all...)
}

func ends(p workflows.Proposal) text {
	if p.Ends.IsZero() {
		return say("no end was asked for")
	}
	return on(p.Ends)
}

// reach says what the role can and cannot do, and the worst case.
func reach(w workflows.Words) text {
	all := []text{lead("It can")}
	for _, can := range w.Can {
		all = append(all, join("", say("• "), prose(can)))
	}
	all = append(all, sentence("It cannot", w.Cannot, "."), sentence("Worst case", w.Worst, ""), sentence("Why "+string(w.Risk), w.Why, ""))
	return lines(all...)
}

// sentence is a bold lead-in and its prose; empty if there is none.
func sentence(label, rest, end string) text {
	if rest == "" {
		return text{}
	}
	return join("", lead(label), say(" "), prose(rest), say("%s", end))
}

func compared(w workflows.Words) text { return sentence("Compared with today", w.Today, "") }

// checksLine is "16 of 17 passed" with every warning in words.
func checksLine(checks []workflows.Check) text {
	passed := 0
	var warnings []text
	for _, c := range checks {
		if c.OK {
			passed++
		} else {
			warnings = append(warnings, join(" ", lead("Warning"), prose(c.Say)))
		}
	}
	first := join("", lead("Checked before asking"), say(" %d of %d passed.", passed, len(checks)))
	return lines(append([]text{first}, warnings...)...)
}

// decides says who decides, how many have, and who can.
func decides(r workflows.Request) text {
	stages := r.Checked.Verdict.Stages
	now, filled := r.Stage()
	if len(stages) == 1 {
		st := stages[0]
		return join("", lead("Who decides"), say(" %d of %s: %d so far. %s can; %s cannot.",
			st.Count, st.Group, filled, people(len(st.Could)), who(r.By)))
	}
	all := []text{lead("Who decides")}
	for i, st := range stages {
		line := say("%d. %s, %d of %s: ", i+1, st.Name, st.Count, st.Group)
		switch {
		case i < now:
			line = join("", line, say("done, %s", approvedBy(r, i)))
		case i == now:
			line = join("", line, bold("deciding now"), say(", %d so far, %s can", filled, people(len(st.Could))))
		default:
			line = join("", line, say("after %d, %s can", i, people(len(st.Could))))
		}
		all = append(all, line)
	}
	return lines(append(all, say("%s cannot, and one person counts in one stage only.", who(r.By)))...)
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func approvedBy(r workflows.Request, stage int) text {
	var by []text
	for _, a := range r.Approvals {
		if a.Stage == stage {
			by = append(by, seatOf(a.By, a.For))
		}
	}
	return join(" and ", by...)
}

// approvals says who approved, and when the last of them did.
func approvals(r workflows.Request) text {
	var by []text
	for _, a := range r.Approvals {
		by = append(by, say("%s, %s", seatOf(a.By, a.For), at(a.At)))
	}
	if len(by) == 0 {
		return bold("Approved by rule.")
	}
	return join("", bold("Approved"), say(" by "), join(" and ", by...), say("."))
}

// comments are what approvers said with their approval.
func comments(sh *sheet, r workflows.Request) {
	for _, a := range lastOf(r.Approvals, mostQuoted) {
		sh.said(who(a.By), "approves and writes", a.Comment)
	}
}

// decideButtons: no primary style where much is at stake.
func decideButtons(f workflows.Federation, r workflows.Request, s scene) []*slack.ButtonBlockElement {
	object := string(r.ID) + ", " + title(f, s).plain
	label := "Approve"
	typed := r.Checked.Verdict.Typed
	if typed {
		label = "Approve…"
	}
	approve := button(actApprove, label, requestValue(r), object)
	if !typed && !r.Checked.Words.Risk.AtLeast(workflows.High) {
		approve.WithStyle(slack.StylePrimary)
	}
	out := []*slack.ButtonBlockElement{approve}
	if !asksToType(r) { // otherwise the form has a field for it
		out = append(out, button(actComment, "Approve with a comment…", requestValue(r), object))
	}
	out = append(out, button(actDeny, "Deny…", requestValue(r), object), button(actAsk, "Ask a question…", requestValue(r), object))
	if answer := answerButton(r, object); answer != nil {
		out = append(out, answer)
	}
	return append(out, detailsButton(f, r, s))
}

// releaseCard asks whether a quarantine may be lifted.
func releaseCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	sh.header(say("Release asked: %s is quarantined", title(f, s)))
	sh.section(say("%s asks to lift the quarantine of %s, for team %s. Request %s, %s.", bold(who(r.By)), f.ID, f.Owner, r.ID, at(r.At)))
	sh.quote(who(r.By), r.Proposal.Reason)
	if q := f.Quarantine; q != nil {
		sh.section(say("Quarantined by %s, %s. That person cannot approve the release.", who(q.By), at(q.At)))
		sh.quote(who(q.By), q.Reason)
	}
	if r.Checked == nil {
		sh.context(say("Being checked. Nobody has been asked yet."))
		return
	}
	sh.expanded(reach(r.Checked.Words))
	sh.section(lines(findingsLine(f), checksLine(r.Checked.Checks)))
	if r.Decided() {
		sh.section(approvals(r))
		sh.context(say("Sessions that began before now are ended first, then the hold is lifted. Nothing for you to do."))
		return
	}
	questions(sh, r)
	comments(sh, r)
	sh.section(lines(decides(r), besides(r)))
	sh.context(say("Undecided by %s, the request lapses and it stays quarantined. Plan %s.", at(r.Checked.Lapses), r.Checked.Digest.Short()))
	sh.actions(decideButtons(f, r, s)...)
}

func findingsLine(f workflows.Federation) text {
	if len(f.Findings) == 0 {
		return join("", lead("Open findings"), say(" none at the last reading."))
	}
	return join("", lead("Open findings"), say(" %d: a release does not mend them.", len(f.Findings)))
}
