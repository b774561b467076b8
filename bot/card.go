package bot

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Action ids are object and verb, and never change: a card that was posted years
// ago still sends them.
const (
	actApprove    = "request_approve"
	actDeny       = "request_deny"
	actComment    = "request_comment"
	actAsk        = "request_ask"
	actAnswer     = "request_answer"
	actDetails    = "request_details"
	actWithdraw   = "request_withdraw"
	actRetry      = "step_retry"
	actCheck      = "proof_check"
	actGiveUp     = "step_give_up"
	actRestore    = "finding_restore"
	actQuarantine = "federation_quarantine"
	actRelease    = "federation_release"
	actRevoke     = "federation_revoke"
	actHistory    = "federation_history"
	actShow       = "federation_show"
	actForm       = "form_open"
)

// card is the one message of a request, as everything stands now. Pure.
func card(f workflows.Federation, r workflows.Request, s scene) message {
	var sh sheet
	switch {
	case r.State == workflows.RequestOpen && r.Proposal.Kind == workflows.Release:
		releaseCard(&sh, f, r, s)
	case r.State == workflows.RequestOpen:
		askingCard(&sh, f, r, s)
	case !standsFor(f, r):
		endedCard(&sh, f, r, s)
	case f.Parked != nil:
		parkedCard(&sh, f, r, s)
	case f.State == workflows.Provisioning:
		progressCard(&sh, f, r, s)
	case f.State == workflows.Active:
		activeCard(&sh, f, r, s)
	default:
		leavingCard(&sh, f, r, s)
	}
	if s.NotReal {
		sh.context(say("NOT REAL: sandbox or test endpoints"))
	}
	return sh.message()
}

// standsFor reports whether the request's card is the one that shows how the
// federation itself is: that of the newest request whose plan was granted.
func standsFor(f workflows.Federation, r workflows.Request) bool {
	standing, ok := standing(f)
	return ok && standing == r.ID
}

func standing(f workflows.Federation) (workflows.RequestID, bool) {
	var id workflows.RequestID
	for _, r := range f.Requests {
		granted := r.State == workflows.RequestGranted || r.State == workflows.RequestDone
		left := f.Outcome == workflows.OutcomeRevoked || f.Outcome == workflows.OutcomeExpired || f.Outcome == workflows.OutcomeFailed
		undone := r.State == workflows.RequestClosed && r.Outcome == f.Outcome && left && r.Checked != nil && !r.DecidedAt.IsZero()
		if r.Proposal.Kind != workflows.Release && (granted || undone) {
			id = r.ID
		}
	}
	return id, id != ""
}

// title is "Web Shop to shop-dev".
func title(f workflows.Federation, s scene) text {
	return say("%s to %s", f.Names.Project, accountName(f, s))
}

func accountName(f workflows.Federation, s scene) string {
	if s.Account.Name != "" {
		return s.Account.Name
	}
	if len(f.Requests) > 0 {
		return f.Requests[0].Proposal.Account
	}
	return f.Names.AccountID
}

// nothing says what did not happen when a request ended before it was granted.
func nothing(r workflows.Request) text {
	if r.Returned {
		return say("What was made is being removed.")
	}
	switch r.Proposal.Kind {
	case workflows.Create:
		return say("Nothing was created.")
	case workflows.Release:
		return say("It stays quarantined.")
	default:
		return say("Nothing was changed.")
	}
}

// requestValue is what a button of a request carries: ids, never authority.
func requestValue(r workflows.Request) string {
	if r.Checked == nil {
		return string(r.ID)
	}
	return string(r.ID) + " " + string(r.Checked.Digest)
}

// detailsButton and historyButton read and change nothing.
func detailsButton(f workflows.Federation, r workflows.Request, s scene) *slack.ButtonBlockElement {
	return button(actDetails, "Details", requestValue(r), string(r.ID)+", "+title(f, s).plain)
}

func historyButton(f workflows.Federation, s scene) *slack.ButtonBlockElement {
	return button(actHistory, "History", string(f.ID), string(f.ID)+", "+title(f, s).plain)
}

func federationButton(action, label string, f workflows.Federation, s scene) *slack.ButtonBlockElement {
	return button(action, label, string(f.ID), string(f.ID)+", "+title(f, s).plain)
}

func danger(b *slack.ButtonBlockElement) *slack.ButtonBlockElement {
	return b.WithStyle(slack.StyleDanger)
}

// target is what a button's value names. Anything that is no id is refused before
// it is looked up.
type target struct {
	Federation workflows.FederationID
	Request    workflows.RequestID // empty for a button of a federation
	Digest     workflows.Digest    // of the plan that was shown
	Question   int                 // that is answered
	Finding    string
	Hash       workflows.Digest // of what the finding showed
}

func parseTarget(value string) (target, bool) {
	parts := strings.Fields(value)
	if len(parts) == 0 || len(parts) > 3 {
		return target{}, false
	}
	t := target{Federation: workflows.FederationID(parts[0])}
	if strings.Contains(parts[0], ".") {
		t.Request = workflows.RequestID(parts[0])
		t.Federation = t.Request.Federation()
		if len(parts) > 1 {
			t.Digest = workflows.Digest(parts[1])
		}
		if len(parts) > 2 {
			t.Question, _ = strconv.Atoi(parts[2]) // 0 is the number of no question
		}
	} else if len(parts) == 3 {
		t.Finding, t.Hash = parts[1], workflows.Digest(parts[2])
	}
	return t, t.Federation.Number() > 0
}
