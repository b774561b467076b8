package bot

import (
	"fmt"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

const blockTyped = "typed"

// approveModal asks for the account's name: a press on a production card is made
// with the eyes open.
func approveModal(f workflows.Federation, r workflows.Request, s scene) *slack.ModalViewRequest {
	c := r.Checked
	now, _ := r.Stage()
	var sh sheet
	if stages := c.Verdict.Stages; now < len(stages) {
		sh.section(say("You approve as one of %s, stage %d of %d.", bold(stages[now].Group), now+1, len(stages)))
	}
	sh.section(lines(
		say("%s will be able to use %s, %s.", pipelinesOf(r.Proposal, f), bold(accountName(f, s)), untilWhen(r.Proposal)),
		sentence("Worst case", c.Words.Worst, "")))
	name := accountName(f, s)
	blocks := append(sh.blocks,
		textInput(blockTyped, "Type the account's name to approve", name, "", false),
		textInput(blockReason, "Comment", "The requester and the history see it.", "", true))
	v := view("Approve "+string(r.ID), blocks)
	v.CallbackID, v.PrivateMetadata = actApprove, requestValue(r)
	v.Submit, v.Close = plainText("Approve", maxTitle), plainText("Not now", maxTitle)
	return v
}

func pipelinesOf(p workflows.Proposal, f workflows.Federation) text {
	if len(p.Pipelines) == 0 {
		return say("No pipeline of %s yet, but those permitted later,", f.Names.Project)
	}
	return say("%s of %s", names(p.Pipelines), f.Names.Project)
}

func untilWhen(p workflows.Proposal) text {
	if p.Ends.IsZero() {
		return say("without an end")
	}
	return say("until %s", on(p.Ends))
}

// asked is what each modal with a reason says.
var asked = map[string]struct{ head, label, hint, submit, means string }{
	actDeny: {"Deny %s", "Why, and what would make it acceptable?", "The requester reads this.", "Deny",
		"Nothing is created. The requester can mend the request and ask again."},
	actGiveUp: {"Give up %s", "Why?", "The history keeps it.", "Give up and remove",
		"The role and the connection are removed. The OIDC provider stays."},
	actQuarantine: {"Quarantine %s", "Why?", "The owners and the channel read it.", "Quarantine",
		"At once, every use of the role is denied, sessions that run now included. Nothing is deleted. A release needs approval, and not yours."},
	actRelease: {"Release %s", "Why is it safe again?", "Approvers read this.", "Ask for release",
		"The people who would approve a new federation decide. Sessions from before the release are ended."},
	actRevoke: {"Revoke %s", "Why?", "The owners and the history see it.", "Revoke",
		"At once, the role and the connection are removed, and its pipelines fail. It cannot be undone: a new federation is a new request."},
}

// reasonModal asks for the reason that every closing and every denial needs.
func reasonModal(action string, f workflows.Federation, t target, s scene) *slack.ModalViewRequest {
	a := asked[action]
	object, value := string(f.ID), string(f.ID)
	if t.Request != "" {
		object, value = string(t.Request), fmt.Sprintf("%s %s", t.Request, t.Digest)
	}
	var sh sheet
	sh.section(lines(bold(title(f, s)), say("%s", a.means)))
	reason := textInput(blockReason, a.label, a.hint, "", false)
	if e, ok := reason.Element.(*slack.PlainTextInputBlockElement); ok {
		e.Multiline = true
	}
	v := view(fmt.Sprintf(a.head, object), append(sh.blocks, reason))
	v.CallbackID, v.PrivateMetadata = action, value
	v.Submit, v.Close = plainText(a.submit, maxTitle), plainText("Not now", maxTitle)
	return v
}
