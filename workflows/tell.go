package workflows

import (
	"fmt"
	"strings"
)

// Tell says in a sentence what an event is about, for the history. What people
// typed is quoted.
func Tell(e Event) string {
	switch b := e.Body.(type) {
	case Submitted:
		return fmt.Sprintf("asked for %s in %s to use %s: “%s”", b.Proposal.Connection, b.Proposal.Project, b.Proposal.Account, b.Proposal.Reason)
	case Asked:
		return fmt.Sprintf("asked to %s: “%s” (%s)", b.Proposal.Kind, b.Proposal.Reason, b.Request)
	case Checked:
		return fmt.Sprintf("plan %s with %d steps, %s risk; asked: %s%s", b.Digest.Short(), len(b.Plan.Steps), b.Words.Risk, stages(b.Verdict), after(b.Because))
	case Refused:
		return "refused by the checks, and nothing was created: " + b.Say
	case Approved:
		return fmt.Sprintf("approved %s%s, stage %d, %s, plan %s%s", b.Request, standing(b.For), b.Stage+1, b.Group, b.Digest.Short(), quoted(b.Comment))
	case RefusedPress:
		return fmt.Sprintf("pressed %s on %s and may not (%s)", b.Verb, b.Request, strings.ReplaceAll(b.Code, "_", " "))
	case Questioned:
		return fmt.Sprintf("asked about %s%s", b.Request, quoted(b.Text))
	case Answered:
		return fmt.Sprintf("answered question %d about %s%s", b.Number, b.Request, quoted(b.Text))
	case Reminded:
		return fmt.Sprintf("%s: stage %d was called again, reminder %d", b.Request, b.Stage+1, b.Number)
	case Escalated:
		return fmt.Sprintf("%s was not decided in time: %s can fill seats of stage %d too", b.Request, b.Group, b.Stage+1)
	case Denied:
		return fmt.Sprintf("denied %s%s", b.Request, quoted(b.Reason))
	case Withdrawn:
		return fmt.Sprintf("withdrew %s%s", b.Request, quoted(b.Reason))
	case Lapsed:
		return fmt.Sprintf("%s lapsed: nobody decided in time", b.Request)
	case Granted:
		return fmt.Sprintf("%s begins: what was approved is still true, plan %s", b.Request, b.Digest.Short())
	case Revoked:
		return "revoked" + quoted(b.Reason)
	case Expired:
		return "ended: its time is up"
	case Abandoned:
		return "given up: " + b.Say
	case Reversed:
		return "turned round, back to what was approved before: " + b.Say
	case Reverted:
		return "back to what was approved before"
	case Activated:
		return "active"
	case ClosedNow:
		return "closed, " + string(b.Outcome) + "; nothing of it is left"
	case Quarantined:
		return "quarantined" + quoted(b.Reason)
	case Released:
		return "released by " + string(b.Request)
	case Drifted:
		if b.Again {
			return "read again: " + strings.Join(tellAuthors(b.Findings), "; ")
		}
		return tellFindings(b.Findings)
	case Returned:
		return fmt.Sprintf("%s goes back to its approvers: %s", b.Request, b.Say)
	case Restored:
		return fmt.Sprintf("ordered the %s to be put back as approved (%s)%s", stepWords(b.Step), b.Finding, after(tellRestorer(b)))
	}
	return tellWalk(e)
}

func tellWalk(e Event) string {
	switch b := e.Body.(type) {
	case Intended:
		return fmt.Sprintf("turn: %s %s, until %s at the latest", b.Verb, stepWords(b.Step), b.Until.UTC().Format("15:04:05"))
	case Made:
		s := stepWords(b.Step) + ": done"
		if b.Found {
			s += ", found and used as it is"
		}
		if b.Ref != "" {
			s += " (" + b.Ref + ")"
		}
		if len(b.Shut) > 0 {
			s += fmt.Sprintf("; %d of %d neighbours shut out", denied(b.Shut), len(b.Shut))
		}
		return s
	case Removed:
		if b.Step == ProviderID {
			return "OIDC provider: left as it is, because others use it"
		}
		return stepWords(b.Step) + ": removed"
	case Seen:
		if b.Step == FirstUseID {
			return fmt.Sprintf("first use, sign-in of %s UTC by CloudTrail: %s%s", stamp(b.Proof.SignedIn), b.Outcome, after(b.Say))
		}
		return fmt.Sprintf("proof run %d: %s%s", b.Proof.Run, b.Outcome, after(b.Say))
	case Stumbled:
		return fmt.Sprintf("%s: %s Asked again at %s", stepWords(b.Step), b.Say, b.Again.UTC().Format("15:04:05"))
	case Parked:
		return fmt.Sprintf("needs a person at %s: %s", stepWords(b.Step), b.Say)
	case Resumed:
		return "tried again" + quoted(b.Reason)
	}
	return string(e.Kind())
}

// standing is whose seat somebody filled.
func standing(p Person) string {
	if p.Actor == "" {
		return ""
	}
	return " for " + p.Name
}

func denied(list []Neighbour) (n int) {
	for _, x := range list {
		if x.Denied {
			n++
		}
	}
	return n
}

func stages(v Verdict) string {
	var out []string
	for _, s := range v.Stages {
		out = append(out, fmt.Sprintf("%d of %s", s.Count, s.Group))
	}
	return strings.Join(out, ", then ")
}

func tellFindings(list []Finding) string {
	if len(list) == 0 {
		return "as approved again"
	}
	var out []string
	for _, x := range list {
		what := fmt.Sprintf("%s, %s", x.Class, x.Field)
		if x.Field == "exists" {
			what = "it is not there any more"
		}
		out = append(out, fmt.Sprintf("%s, %s, %s: %s. %s", x.ID, x.Level, stepWords(x.Step), what, clause(TellAuthors(x))))
	}
	return "drifted: " + strings.Join(out, "; ")
}

func tellAuthors(list []Finding) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.ID+": "+clause(TellAuthors(x)))
	}
	return out
}

// tellRestorer says what is known about whether the presser made the change.
func tellRestorer(b Restored) string {
	switch {
	case b.Authors == nil:
		return ""
	case b.Unsure != "":
		return "It could not be checked whether the same person had changed it: " + b.Unsure
	}
	return "Changed by " + b.Authors.Writers[0].Who + ", and not by the presser"
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return ": “" + s + "”"
}

func after(s string) string {
	if s == "" {
		return ""
	}
	return ". " + s
}

// stepWords names a step as people do.
func stepWords(id StepID) string {
	if template, ok := strings.CutPrefix(string(id), "policy:"); ok {
		return "permissions " + template
	}
	if words, ok := stepNames[id]; ok {
		return words
	}
	return string(id)
}

var stepNames = map[StepID]string{
	ProviderID: "OIDC provider", ConnectionID: "service connection", RoleID: "role", HoldID: "hold on the role",
	FirstReadID: "reading it back", AllowID: "permit for the proof run", RunID: "start of the proof run", WatchID: "proof run", FirstUseID: "first use",
	WithdrawID: "end of the permit for the proof run", ChecksID: "checks on the connection", PipelinesID: "permitted pipelines",
	LastReadID: "reading both sides back", LiftID: "lifting the hold", SessionsID: "end of older sessions",
}
