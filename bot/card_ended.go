package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// endedCard shows a request that is over and does not stand for the federation.
func endedCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	name := say("%s, %s", r.ID, title(f, s))
	when := at(r.EndedAt)
	switch r.Outcome {
	case workflows.OutcomeDenied:
		sh.header(say("Denied: %s", name))
		sh.section(join(" ", say("By %s, %s.", who(r.EndedBy), when), nothing(r)))
		sh.quote(who(r.EndedBy), r.Say)
		sh.context(say("%s can ask again once that is mended.", who(r.By)))
	case workflows.OutcomeWithdrawn:
		sh.header(say("Withdrawn: %s", name))
		sh.section(join(" ", say("By %s, %s.", who(r.EndedBy), when), nothing(r), say("Nothing for you to do.")))
		sh.quote(who(r.EndedBy), r.Say)
	case workflows.OutcomeLapsed:
		sh.header(say("Lapsed: %s", name))
		sh.section(join(" ", say("Nobody decided by %s.", when), nothing(r), say("%s can send it again.", who(r.By))))
	case workflows.OutcomeRefused:
		sh.header(say("Not sent on: %s", name))
		sh.section(join(" ", prose(r.Say), nothing(r)))
	case workflows.OutcomeDone:
		doneRequest(sh, f, r, name)
	default:
		sh.header(say("Over, %s: %s", r.Outcome, name))
		sh.section(join(" ", prose(r.Say), say("Ended %s.", when)))
	}
	var buttons []*slack.ButtonBlockElement
	if again := askAgain(r, "Ask again with the same answers…"); again != nil {
		buttons = append(buttons, again)
	}
	if r.Checked != nil {
		buttons = append(buttons, detailsButton(f, r, s), historyButton(f, s))
	}
	if len(buttons) > 0 {
		sh.actions(buttons...)
	}
}

func doneRequest(sh *sheet, f workflows.Federation, r workflows.Request, name text) {
	if r.Proposal.Kind == workflows.Release {
		sh.header(say("Released: %s", name))
		sh.section(join(" ", approvals(r), say("Sessions from before are ended, and the hold is lifted.")))
		return
	}
	sh.header(say("Replaced: %s", name))
	now, _ := standing(f)
	sh.section(say("%s is in force now; its card has the buttons.", now))
}

// leavingCard shows a federation on its way out, and one that is gone.
func leavingCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	why := map[workflows.Outcome]string{
		workflows.OutcomeRevoked: "Revoked", workflows.OutcomeExpired: "Expired", workflows.OutcomeFailed: "Failed",
	}[f.Outcome]
	if why == "" {
		why = "Over"
	}
	if f.State == workflows.Closed {
		sh.header(say("%s: %s, %s", why, f.ID, title(f, s)))
		sh.section(join(" ", reasonOf(f, s), say("Removed, %s: nothing of fedbot's is left. The OIDC provider stays.", at(f.Updated)), say("Nothing for you to do.")))
	} else {
		sh.header(say("%s, being removed: %s, %s", why, f.ID, title(f, s)))
		sh.section(join(" ", reasonOf(f, s), say("What was made is removed, last thing first. The OIDC provider stays.")))
		sh.pre(remaining(f))
		if f.Stumble != "" {
			sh.context(join(" ", bold("Asking again:"), prose(f.Stumble)))
		}
	}
	quoteReason(sh, s)
	if f.Quarantine != nil {
		sh.context(say("It was quarantined by %s, %s.", who(f.Quarantine.By), at(f.Quarantine.At)))
	}
	sh.actions(historyButton(f, s), detailsButton(f, r, s))
}

// reasonOf says why it left. The fold keeps the outcome; the event that began the
// way out has the person.
func reasonOf(f workflows.Federation, s scene) text {
	switch {
	case f.Outcome == workflows.OutcomeExpired:
		return say("Its time was up, %s.", on(f.Ends))
	case s.Left == nil:
		return say("The history says by whom, and why.")
	}
	switch b := s.Left.Body.(type) {
	case workflows.Abandoned:
		if s.Left.By.Actor == workflows.Fedbot {
			return prose(b.Say)
		}
		return say("Given up by %s, %s.", who(s.Left.By), at(s.Left.At))
	default:
		return say("By %s, %s.", who(s.Left.By), at(s.Left.At))
	}
}

// quoteReason quotes what the person who ended it wrote.
func quoteReason(sh *sheet, s scene) {
	if s.Left == nil {
		return
	}
	switch b := s.Left.Body.(type) {
	case workflows.Revoked:
		sh.quote(who(s.Left.By), b.Reason)
	case workflows.Abandoned:
		if s.Left.By.Actor != workflows.Fedbot {
			sh.quote(who(s.Left.By), b.Say)
		}
	}
}

// left finds the event that began the way out.
func left(events []workflows.Event) *workflows.Event {
	for i, e := range events {
		switch e.Kind() {
		case workflows.KindRevoked, workflows.KindExpired, workflows.KindAbandoned:
			return &events[i]
		}
	}
	return nil
}

// remaining lists what is still there, in the order in which it goes.
func remaining(f workflows.Federation) string {
	var out []string
	for _, st := range slices.Backward(f.Steps) {
		step, _ := f.Plan.Step(st.ID)
		name := ""
		switch {
		case step.Kind == workflows.StepPipelines:
			name = "permissions of the pipelines"
		case step.Kind == workflows.StepChecks:
			name = "checks on the connection"
		case step.Kind == workflows.StepPolicy && step.Policy != nil:
			name = "policy " + step.Policy.Name
		case step.Role != nil:
			name = "role " + step.Role.Name
		case step.Connection != nil:
			name = "connection " + step.Connection.Name
		default:
			continue
		}
		out = append(out, fmt.Sprintf("to be removed  %s", middle(name, 90)))
	}
	if len(out) == 0 {
		return "nothing is left but to look once more"
	}
	return strings.Join(out, "\n")
}
