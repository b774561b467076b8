package bot

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// parts are the nine lines of the progress list.
var parts = [...]string{1: "OIDC provider", "Service connection", "Role", "Permissions", "Proof run", "Checks", "Pipelines", "Read back", "Lift the hold"}

// firstUseParts are those of a plan that is proved by its first use: what lets
// pipelines in comes before it, under the hold.
var firstUseParts = [...]string{1: "OIDC provider", "Service connection", "Role", "Permissions", "Checks", "Pipelines", "First use", "Read back", "Lift the hold"}

func partName(f workflows.Federation, part int) string {
	if f.Plan != nil && f.Plan.ByFirstUse() {
		return firstUseParts[part]
	}
	return parts[part]
}

const lastPart = len(parts) - 1

// progressCard shows a plan being walked, in words.
func progressCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	now := partNow(f)
	if f.AwaitsUse() && f.Stumble == "" {
		firstUseCard(sh, f, r, s, now)
		return
	}
	switch {
	case f.Quarantine != nil:
		sh.header(say("Stopped, quarantined: %s", title(f, s)))
		sh.section(join(" ", approvals(r), say("Quarantined by %s, %s, at step %d of %d. It goes on when it is released.", who(f.Quarantine.By), at(f.Quarantine.At), now, lastPart)))
		sh.quote(who(f.Quarantine.By), f.Quarantine.Reason)
	case f.Reverse:
		sh.header(say("Going back to what was before: %s", title(f, s)))
		sh.section(join(" ", lead("Why"), prose(r.Say), say("Nothing for you to do.")))
	case f.Before != nil:
		sh.header(say("Being changed: %s", title(f, s)))
		sh.section(join(" ", approvals(r), say("Step %d of %d. Nothing for you to do.", now, lastPart)))
	default:
		sh.header(say("Being created: %s", title(f, s)))
		sh.section(join(" ", say("%s:", r.ID), approvals(r), say("Step %d of %d. Nothing for you to do.", now, lastPart)))
	}
	sh.pre(progress(f, now))
	if f.Stumble != "" {
		sh.context(join(" ", bold("Asking again:"), prose(f.Stumble)))
	} else if now == 5 && f.Quarantine == nil && !f.Plan.ByFirstUse() {
		sh.context(say("A proof run usually takes 1 to 3 minutes. If it cannot run, a person is asked here."))
	}
	if f.Quarantine != nil {
		sh.actions(federationButton(actRelease, "Ask for release…", f, s), danger(federationButton(actRevoke, "Revoke…", f, s)), detailsButton(f, r, s))
		return
	}
	sh.actions(detailsButton(f, r, s), federationButton(actQuarantine, "Quarantine…", f, s))
}

// firstUseCard asks for the one run that proves it. It is held until then, so that
// whoever runs it can sign in and do nothing.
func firstUseCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene, now int) {
	sh.header(say("Not yet proved, held: %s", title(f, s)))
	sh.section(join(" ", say("%s:", r.ID), approvals(r), say("Step %d of %d.", now, lastPart)))
	sh.section(join(" ", join("", bold("Not yet proved; held"), say(".")), firstUseSteps(f)))
	if f.Words.YAML != "" {
		sh.pre(cutLines(f.Words.YAML, maxPre))
	}
	sh.pre(progress(f, now))
	sh.context(say("CloudTrail's record of that sign-in is the proof: our provider, subject and role. A sign-in of anybody else stops it for a person. fedbot looks by itself from time to time."))
	check := federationButton(actCheck, "Check now", f, s)
	check.Style = "primary"
	sh.actions(check, danger(federationButton(actGiveUp, "Give up and remove…", f, s)), federationButton(actQuarantine, "Quarantine…", f, s), detailsButton(f, r, s))
}

// firstUseSteps says what a person has to do, and what will look like a failure.
func firstUseSteps(f workflows.Federation) text {
	run := say("Run %s once", join(" or ", each(f.Approved.Pipelines)...))
	if len(f.Approved.Branches) > 0 {
		run = join("", run, say(", from %s", branchList(f.Approved.Branches)))
	}
	return join(" ", say("There is no verification pipeline in %s.", f.Names.Project), join("", run, say(":")),
		say("its first AWS step will sign in and then be refused, on purpose. Then press Check. AWS's record can be 15 minutes late."))
}

// partNow is the part that the walk is in; past the last when it is through.
func partNow(f workflows.Federation) int {
	if f.Plan == nil {
		return 1
	}
	if f.Parked != nil {
		if s, ok := f.Plan.Step(f.Parked.Step); ok {
			return s.Part
		}
	}
	f.Errands, f.Quarantine = nil, nil // what is done out of turn does not move the walk
	if m, ok := f.Next(); ok && m.Step.Part > 0 {
		return m.Step.Part
	}
	for _, s := range f.Plan.Steps {
		if !slices.Contains(f.Finished, s.ID) && !f.Steps.Get(s.ID).Made {
			return s.Part
		}
	}
	return lastPart
}

// progress is the list itself: number, part, word, detail.
func progress(f workflows.Federation, now int) string {
	var out strings.Builder
	for part := 1; part <= lastPart; part++ {
		word, detail := "to do", planned(f, part)
		switch {
		case part < now:
			word, detail = "done", noted(f, part, detail)
		case part == now && f.Parked != nil:
			word, detail = "stopped", f.Parked.Say
		case part == now && f.Quarantine != nil:
			word, detail = "stopped", "quarantined"
		case part == now:
			word, detail = "now", underWay(f, part)
		}
		line := fmt.Sprintf("%d %-19s %-8s %s", part, partName(f, part), word, middle(detail, 90))
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

// noted is what the steps of a part said when they were made; what was planned if
// they said nothing.
func noted(f workflows.Federation, part int, planned string) string {
	var notes []string
	for _, s := range f.Plan.Steps {
		if s.Part != part {
			continue
		}
		if note := f.Steps.Get(s.ID).Note; note != "" && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if len(notes) == 0 {
		return planned
	}
	return strings.Join(notes, "; ")
}

func underWay(f workflows.Federation, part int) string {
	if f.Stumble != "" {
		return f.Stumble
	}
	if m, ok := f.Next(); ok && m.Step.Title != "" {
		return m.Step.Title
	}
	return planned(f, part)
}

// planned is what a part will be about.
func planned(f workflows.Federation, part int) string {
	var out []string
	for _, s := range f.Plan.Steps {
		if s.Part != part {
			continue
		}
		switch {
		case s.Connection != nil:
			out = append(out, s.Connection.Name)
		case s.Role != nil:
			out = append(out, s.Role.Name)
		case s.Kind == workflows.StepPolicy:
			out = append(out, s.Policy.Name)
		case s.Kind == workflows.StepRun && s.Proof != nil:
			out = append(out, s.Proof.Pipeline.Name)
		case s.Kind == workflows.StepFirstUse:
			out = append(out, "a sign-in that CloudTrail shows")
		case s.Checks != nil:
			out = append(out, "branches "+shortRefs(s.Checks.Branches))
		case s.Pipelines != nil:
			out = append(out, pipelineNames(s.Pipelines.Pipelines))
		}
	}
	return strings.Join(out, ", ")
}

func shortRefs(refs []string) string {
	short := make([]string, len(refs))
	for i, r := range refs {
		short[i] = strings.TrimPrefix(r, "refs/heads/")
	}
	if len(short) == 0 {
		return "any"
	}
	return strings.Join(short, ", ")
}

func pipelineNames(list []workflows.Pipeline) string {
	all := make([]string, len(list))
	for i, p := range list {
		all[i] = p.Name
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

// parkedCard asks a person: fedbot cannot tell, so it neither goes on nor undoes.
func parkedCard(sh *sheet, f workflows.Federation, r workflows.Request, s scene) {
	p := f.Parked
	if f.State == workflows.Provisioning {
		sh.header(say("Needs a person: %s stopped at step %d of %d", title(f, s), partNow(f), lastPart))
	} else {
		sh.header(say("Needs a person: %s, %s, stopped", title(f, s), f.State))
	}
	sh.section(lines(sentence("Why", p.Say, ""), exists(f), sentence("What to do", p.Todo, "")))
	if f.State == workflows.Provisioning {
		sh.pre(progress(f, partNow(f)))
	}
	sh.section(join("", lead("Who can"), say(" %s, %s, the approvers, and administrators (try again only).", who(r.By), f.Owner)))
	retry := federationButton(actRetry, "Try again", f, s)
	retry.Style = "primary"
	if f.State == workflows.Provisioning {
		sh.actions(retry, danger(federationButton(actGiveUp, "Give up and remove…", f, s)), detailsButton(f, r, s))
		return
	}
	sh.actions(retry, detailsButton(f, r, s))
}

// exists says what is there of ours.
func exists(f workflows.Federation) text {
	var out []text
	for _, st := range f.Steps {
		step, ok := f.Plan.Step(st.ID)
		switch {
		case !ok:
		case step.Connection != nil:
			out = append(out, say("connection %s", code(step.Connection.Name)))
		case step.Role != nil:
			out = append(out, say("role %s", code(step.Role.Name)))
		case step.Kind == workflows.StepHold && st.Made:
			out = append(out, say("the hold on it"))
		}
	}
	if len(out) == 0 {
		return join("", lead("What exists"), say(" nothing that fedbot made."))
	}
	return join("", bold("What exists"), say(" or may exist: "), join(", ", out...), say("."))
}
