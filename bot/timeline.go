package bot

import (
	"encoding/json"
	"strings"

	"fedbot/workflows"
)

// digest is of what a message shows.
func digest(m message) workflows.Digest {
	raw, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return workflows.Sum(raw)
}

// timeline is the line in a card's thread that an event calls for, and whose card.
// One line per turn, and one mention at most: of those who must act now. f is the
// federation after the event. Pure.
func timeline(f workflows.Federation, e workflows.Event, s scene) (text, workflows.RequestID) {
	main, _ := standing(f)
	by := who(e.By)
	switch b := e.Body.(type) {
	case workflows.Checked:
		return askedLine(f, b, s), b.Request
	case workflows.Approved:
		return approvedLine(f, b, seatOf(e.By, b.For), s), b.Request
	case workflows.Reminded, workflows.Escalated:
		return promptLine(f, b, s)
	case workflows.Questioned:
		return join(" ", say("%s asks:", by), inQuotes(b.Text), address(requester(f, b.Request)), say("Answer on the card.")), b.Request
	case workflows.Answered:
		return answeredLine(f, b, by), b.Request
	case workflows.Made:
		if b.Step == workflows.PipelinesID && f.AwaitsUse() {
			return join(" ", join("", bold("Not yet proved; held"), say(".")), address(requester(f, main)), firstUseSteps(f)), main
		}
	case workflows.Denied:
		return say("%s denied it; the reason is on the card.", by), b.Request
	case workflows.Withdrawn:
		return say("%s withdrew it.", by), b.Request
	case workflows.Lapsed:
		return say("Lapsed: nobody decided in time."), b.Request
	case workflows.Refused:
		return join(" ", say("Stopped before anything was made:"), prose(b.Say)), b.Request
	case workflows.Activated:
		return join(" ", say("Proved and active."), address(requester(f, b.Request)), say("How to use it is on the card.")), b.Request
	case workflows.Released:
		return say("Released. Sessions from before are ended, then the hold is lifted."), main
	case workflows.Parked:
		return join(" ", say("Stopped:"), prose(b.Say), address(requester(f, main)), say("Try again, or give up, on the card.")), main
	case workflows.Resumed:
		return say("%s had it tried again.", by), main
	case workflows.Reversed:
		return join(" ", say("The change turns back:"), typed(b.Say)), b.Request
	case workflows.Reverted:
		return say("Back to what was before."), b.Request
	case workflows.Abandoned:
		if e.By.Actor != workflows.Fedbot {
			return say("%s gave it up; the reason is on the card. What was made is being removed.", by), b.Request
		}
		return join(" ", say("Failed:"), prose(b.Say), say("What was made is being removed.")), b.Request
	case workflows.Revoked:
		return join(" ", say("%s revoked it; what was made is being removed.", by), s.mention(f.Owner)), leavingCardOf(f)
	case workflows.Expired:
		return join(" ", say("Its time was up; it is being removed."), s.mention(f.Owner)), leavingCardOf(f)
	case workflows.ClosedNow:
		if f.Outcome == workflows.OutcomeRevoked || f.Outcome == workflows.OutcomeExpired || f.Outcome == workflows.OutcomeFailed {
			return say("Removed: nothing of fedbot's is left."), leavingCardOf(f)
		}
	case workflows.Quarantined:
		return join(" ", bold("Quarantined"), say("by %s. The reason is on the card.", by), s.mention(f.Owner), say("Release or revoke it.")), leavingCardOf(f)
	case workflows.Drifted:
		switch {
		case b.Again: // the card says it; nobody has to do anything new
			return text{}, ""
		case len(b.Findings) == 0:
			return say("Read again: as approved."), main
		}
		return join(" ", say("Drifted: %s.", count(len(b.Findings), "finding")), s.mention(f.Owner), say("Restore, on the card.")), main
	case workflows.Restored:
		return join(" ", say("%s had %s restored.", by, b.Finding), restorer(b)), main
	}
	return text{}, ""
}

// leavingCardOf is the card that tells of a federation that may have had no granted
// plan: the standing one, else the newest.
func leavingCardOf(f workflows.Federation) workflows.RequestID {
	if id, ok := standing(f); ok {
		return id
	}
	return lastRequest(f).ID
}

func requester(f workflows.Federation, id workflows.RequestID) workflows.Person {
	if r, ok := f.Request(id); ok {
		return r.By
	}
	return workflows.Person{Actor: workflows.Fedbot}
}

func askedLine(f workflows.Federation, b workflows.Checked, s scene) text {
	r, ok := f.Request(b.Request)
	if !ok {
		return text{}
	}
	if r.Decided() {
		return say("%s sent %s. It needs nobody's approval by the rules that matched.", who(r.By), r.ID)
	}
	first := say("%s sent %s.", who(r.By), r.ID)
	if r.Round > 1 {
		first = join(" ", say("The plan changed:"), prose(r.Because), say("Approvals given before no longer count."))
	}
	return join(" ", first, callStage(r, s))
}

// callStage mentions the group that decides now.
func callStage(r *workflows.Request, s scene) text {
	now, filled := r.Stage()
	st := r.Checked.Verdict.Stages[now]
	decide := "decides"
	if st.Count-filled > 1 {
		decide = "decide"
	}
	return say("%s: %d of you %s, by %s.", s.mention(st.Group), st.Count-filled, decide, at(r.Checked.Lapses))
}

func approvedLine(f workflows.Federation, b workflows.Approved, by text, s scene) text {
	r, ok := f.Request(b.Request)
	if !ok || r.Checked == nil {
		return text{}
	}
	line := say("%s approved.", by)
	if len(r.Checked.Verdict.Stages) > 1 {
		line = say("Stage %d: %s approved.", b.Stage+1, by)
	}
	if b.Comment != "" {
		line = join(" ", line, say("%s writes:", who(r.Approvals[len(r.Approvals)-1].By)), inQuotes(b.Comment))
	}
	if r.Decided() {
		return line
	}
	if now, _ := r.Stage(); now != b.Stage {
		return join(" ", line, callStage(r, s))
	}
	return line
}

// promptLine calls those again who have not decided, or a further group.
func promptLine(f workflows.Federation, b workflows.Body, s scene) (text, workflows.RequestID) {
	switch b := b.(type) {
	case workflows.Reminded:
		if r, ok := f.Request(b.Request); ok && r.Checked != nil && !r.Decided() {
			return join(" ", say("Not decided yet, reminder %d of %d.", b.Number, r.Checked.Verdict.Remind.Most), callAgain(r, s)), b.Request
		}
	case workflows.Escalated:
		if r, ok := f.Request(b.Request); ok && r.Checked != nil {
			return join(" ", say("Not decided in time."), say("%s: you can decide it too, by %s.", s.mention(b.Group), at(r.Checked.Lapses))), b.Request
		}
	}
	return text{}, ""
}

// answeredLine calls whoever asked.
func answeredLine(f workflows.Federation, b workflows.Answered, by text) text {
	r, ok := f.Request(b.Request)
	if !ok || b.Number < 1 || b.Number > len(r.Questions) {
		return text{}
	}
	return join(" ", say("%s answers:", by), inQuotes(b.Text), address(r.Questions[b.Number-1].By))
}

// inQuotes is what somebody typed, at the length at which it is shown, in a line of ours.
func inQuotes(s string) text {
	s = cut(strings.TrimSpace(s), maxReason)
	return text{"“" + lit(s) + "”", "“" + s + "”"}
}

// letter is the direct message that an event calls for: how a request ended, to the
// person who sent it. f is the federation after the event. Pure.
func letter(f workflows.Federation, e workflows.Event, s scene) (message, workflows.Person, bool) {
	var sh sheet
	var id workflows.RequestID
	name := title(f, s)
	switch b := e.Body.(type) {
	case workflows.Refused:
		id = b.Request
		sh.section(join(" ", bold(say("Not sent on: %s, %s.", id, name)), prose(b.Say), nothingOf(f, id)))
	case workflows.Denied:
		id = b.Request
		sh.section(join(" ", bold(say("Denied: %s, %s.", id, name)), say("By %s, %s.", who(e.By), at(e.At)), nothingOf(f, id)))
		sh.quote(who(e.By), b.Reason)
	case workflows.Lapsed:
		id = b.Request
		sh.section(join(" ", bold(say("Lapsed: %s, %s.", id, name)), say("Nobody decided by %s.", at(e.At)), nothingOf(f, id), say("You can send it again.")))
	case workflows.Abandoned:
		id = b.Request
		why := prose(b.Say)
		if e.By.Actor != workflows.Fedbot {
			why = say("%s gave it up.", who(e.By))
		}
		sh.section(join(" ", bold(say("Failed: %s, %s.", id, name)), why, say("What was made is being removed.")))
		if e.By.Actor != workflows.Fedbot {
			sh.quote(who(e.By), b.Say)
		}
	case workflows.Made:
		if b.Step != workflows.PipelinesID || !f.AwaitsUse() {
			return message{}, workflows.Person{}, false
		}
		id, _ = standing(f)
		sh.section(join(" ", bold(say("Your turn: %s, %s.", f.ID, name)), firstUseSteps(f), say("Check is on the card.")))
		use(&sh, f)
	case workflows.Activated:
		id = b.Request
		sh.section(join(" ", bold(say("Active: %s, %s.", f.ID, name)), say("It is proved and can be used.")))
		use(&sh, f)
	default:
		return message{}, workflows.Person{}, false
	}
	if r, ok := f.Request(id); ok && (e.Kind() == workflows.KindDenied || e.Kind() == workflows.KindLapsed || e.Kind() == workflows.KindRefused) &&
		r.Proposal.Kind == workflows.Create {
		if command := commandLine(r.Proposal); len(command) < 1900 {
			sh.actions(button(actForm, "Ask again with the same answers…", "typed "+command[len("/federate "):], string(r.ID)))
		}
	}
	return sh.message(), requester(f, id), true
}

func nothingOf(f workflows.Federation, id workflows.RequestID) text {
	if r, ok := f.Request(id); ok {
		return nothing(*r)
	}
	return text{}
}
