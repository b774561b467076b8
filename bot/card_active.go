package bot

import (
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// activeCard shows a federation that works, or that was stopped by a quarantine.
func activeCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	switch {
	case f.Quarantine != nil:
		quarantinedHead(sh, f, s)
	case len(f.Findings) > 0:
		sh.header(say("Active, drifted: %s has %s", title(f, s), count(len(f.Findings), "finding")))
		sh.section(say("Something was changed outside fedbot. It works as it is now, not as it was approved."))
	default:
		sh.header(say("Active: %s can %s %s", f.Names.Project, prose(f.Words.Asks), accountName(f, s)))
	}
	sh.section(sinceWhen(f, r))
	findings(sh, f, s)
	if f.Quarantine == nil && len(f.Findings) == 0 {
		use(sh, f)
	}
	sh.section(lines(proved(f), shutOut(f)))
	sh.section(lines(sentence("It can", strings.Join(f.Words.Can, "; "), "."), sentence("It cannot", f.Words.Cannot, ".")))
	for _, o := range s.Offers {
		sh.context(join(" ", bold("Template"), say("%s. Nothing follows by itself: ask for a change.", o.Tell())))
	}
	sh.actions(activeButtons(f, r, s)...)
}

func quarantinedHead(sh *sheet, f workflows.Federation, s scene) {
	q := f.Quarantine
	sh.header(say("Active, quarantined: %s", title(f, s)))
	held := say("The hold is being put on now; until then its pipelines still work.")
	if q.Held {
		held = say("The hold is on: its pipelines fail at their AWS steps. Nothing was deleted.")
	}
	sh.section(join(" ", bold("Quarantined"), say("by %s, %s.", who(q.By), at(q.At)), held))
	sh.quote(who(q.By), q.Reason)
	sh.context(say("It stays so until a release is approved, and not by %s, or until it is revoked.", who(q.By)))
}

func sinceWhen(f workflows.Federation, r workflows.Request) text {
	first := say("%s, for team %s. Asked by %s. %s", f.ID, f.Owner, who(r.By), approvals(r))
	since := say("Active since %s.", at(f.ActiveAt))
	end := say("It has no end.")
	if !f.Ends.IsZero() {
		end = say("Ends %s.", on(f.Ends))
	}
	return join(" ", first, since, end)
}

// use shows what to paste into a pipeline.
func use(sh *sheet, f workflows.Federation) {
	if f.Words.YAML == "" {
		return
	}
	p := f.Approved
	where := say("in %s", join(" or ", each(p.Pipelines)...))
	if len(p.Pipelines) == 0 {
		where = say("once a pipeline is permitted; none is yet")
	}
	if len(p.Branches) > 0 {
		where = join("", where, say(", from %s", branchList(p.Branches)))
	}
	sh.section(join("", bold("Use it"), say(" %s:", where)))
	sh.pre(cutLines(f.Words.YAML, maxPre))
	sh.context(lines(prose(f.Words.Limit), say("Not there: access keys. Remove old ones from variable groups once this works.")))
}

func branchList(list []string) text {
	all := make([]text, len(list))
	for i, b := range list {
		all[i] = code(b)
	}
	return join(" or ", all...)
}

func proved(f workflows.Federation) text {
	if f.ProvedAt.IsZero() || f.Proof == nil {
		return join("", bold("Not yet proved"), say("."))
	}
	p := f.Proof
	if p.Source != "" {
		return join("", bold("Proved"), say(" %s by its first use, %s from %s (%s): AWS's record names the provider, subject and audience of the trust policy, and the role that was made (%s).",
			at(f.ProvedAt), at(p.SignedIn), p.From, p.Source, p.RoleID))
	}
	return join("", bold("Proved"), say(" %s by run %d of %s: the token's issuer, subject and audience are those of the trust policy, and AWS answered as the role that was made (%s).",
		at(f.ProvedAt), p.Run, p.Pipeline, p.RoleID))
}

// shutOut says who must not get in, with the denominator.
func shutOut(f workflows.Federation) text {
	if len(f.Shut) == 0 {
		return text{}
	}
	denied := 0
	var who []string
	var open []text
	for _, n := range f.Shut {
		if n.Denied {
			denied++
			who = append(who, n.Who)
		} else {
			open = append(open, say("%s", n.Who))
		}
	}
	t := join("", bold("Shut out"), say(" %d of %d: %s. Evaluated on the trust policy as read back from AWS; not tried with live tokens.",
		denied, len(f.Shut), cut(strings.Join(who, ", "), longestName)))
	if len(open) > 0 {
		t = lines(t, join("", bold("Not shut out:"), say(" %s", join(", ", open...))))
	}
	return t
}

// shownFindings is how many findings a card has room for, each with its button.
const shownFindings = 5

func findings(sh *sheet, f workflows.Federation, s scene) {
	for i, d := range f.Findings {
		if i == shownFindings {
			sh.context(say("%d more in the thread and in /federate show %s.", len(f.Findings)-i, f.ID))
			return
		}
		head := join(" ", bold(say("%s %s", d.ID, d.Level)), say("%s: %s.", d.Class, d.Field))
		sh.expanded(lines(head, say("• approved: %s", finding(d.Approved)), say("• found: %s", finding(d.Found)), sentence("Means", d.Means, ""), author(d)))
		value := strings.Join([]string{string(f.ID), d.ID, string(d.Hash)}, " ")
		sh.actions(button(actRestore, "Restore", value, d.ID+" of "+string(f.ID)+", "+title(f, s).plain))
	}
}

// author says who made the difference, or why that is not known; it is never nobody.
func author(d workflows.Finding) text {
	switch {
	case d.Authors == nil:
		return text{} // found by an older fedbot
	case !d.Authors.Known():
		return join("", lead("Author not known"), say(" %s.", strings.TrimSuffix(cut(d.Authors.Unknown, 200), ".")))
	}
	w := d.Authors.Writers[0]
	return join("", bold(d.Verb()+" by"), say(" %s%s, %s (%s)%s.", w.Name(), w.Where(), at(w.At), w.Source, d.Authors.Others()))
}

func finding(v string) text {
	if v == "" {
		return say("nothing")
	}
	return code(middle(v, 300))
}

func activeButtons(f workflows.Federation, r workflows.Request, s scene) []*slack.ButtonBlockElement {
	out := []*slack.ButtonBlockElement{historyButton(f, s), detailsButton(f, r, s)}
	switch {
	case f.Quarantine == nil:
		out = append(out, federationButton(actQuarantine, "Quarantine…", f, s))
	case !releaseOpen(f):
		out = append(out, federationButton(actRelease, "Ask for release…", f, s))
	}
	return append(out, danger(federationButton(actRevoke, "Revoke…", f, s)))
}

func releaseOpen(f workflows.Federation) bool {
	r, ok := f.Open()
	return ok && r.Proposal.Kind == workflows.Release
}
