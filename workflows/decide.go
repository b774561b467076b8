package workflows

import (
	"slices"
	"strings"
	"time"
)

// The decisions are pure: values in, events or a *Refusal out. The engine reads
// what they need, appends what they say, and asks again when somebody was faster.

// Approve decides a press on Approve. live is who is in the groups that can fill
// the deciding stage now, and who stands in for whom.
func (f Federation) Approve(p Press, who Person, live Live, account string, now time.Time) ([]Body, error) {
	r, err := f.decidable(p.Request, "approved", now)
	if err != nil {
		return nil, err
	}
	i, _ := r.Stage()
	stage := r.Checked.Verdict.Stages[min(i, len(r.Checked.Verdict.Stages)-1)]
	for _, a := range r.Approvals {
		if a.For.Actor != "" && same(a.For, who) && !r.Decided() {
			return nil, Refuse("seat_filled", "Not approved: %s approved for you at %s UTC. Your seat is filled, and one person fills one seat.", a.By.Name, clock(a.At))
		}
		if !same(a.By, who) {
			continue
		}
		if a.Stage == i && i < len(r.Checked.Verdict.Stages) || r.Decided() {
			return nil, Refuse("approved_already", "You have approved this already, at %s UTC. It counts once.", clock(a.At))
		}
		return nil, Refuse("one_seat", "Not approved: you approved stage %d. Stage %d needs a different person.", a.Stage+1, i+1)
	}
	switch {
	case r.Decided():
		return nil, Refuse("decided", "Already decided: everybody who was asked has approved. Nothing for you to do.")
	case same(who, r.By):
		return nil, Refuse("own_request", "Not approved: you asked for this yourself, so somebody else must decide. %d of %s can. You can withdraw it.",
			len(stage.Could), stage.Group)
	case f.Quarantine != nil && r.Proposal.Kind == Release && same(f.Quarantine.By, who):
		return nil, Refuse("own_quarantine", "Not approved: you quarantined this federation, so somebody else must release it.")
	}
	out, err := r.seat(i, who, live, now)
	switch {
	case err != nil:
		return nil, err
	case p.Digest != r.Checked.Digest:
		return nil, Refuse("stale_plan", "Not approved: this card shows an older plan. %s The current card says what is different.", sentence(r.Because))
	case !r.Checked.Verdict.after(r.Approvals, i, who.Actor, out.For.Actor).fillable():
		return nil, Refuse("needed_later", "Not approved: a later stage needs you, and nobody else could fill your seat there. Somebody else of %s decides this one.", stage.Group)
	case r.Checked.Verdict.Typed && !strings.EqualFold(strings.TrimSpace(p.Typed), account):
		return nil, &Refusal{Code: "typed_wrong", Field: "typed", Say: quoteTyped(p.Typed) + " is not this account. The request is for " + account + ". Nothing was recorded."}
	}
	out.Digest, out.Comment = p.Digest, p.Comment
	return []Body{out}, nil
}

// same reports whether two are one person: one account, or two with one confirmed
// address.
func same(a, b Person) bool {
	return a.Actor == b.Actor || a.Email != "" && strings.EqualFold(a.Email, b.Email)
}

// Deny decides a press on Deny. Any member of any group that was asked may deny,
// but the requester withdraws instead.
func (f Federation) Deny(p Press, who Person, in func(group string) bool, delegates []Delegate, now time.Time) ([]Body, error) {
	r, err := f.decidable(p.Request, "denied", now)
	if err != nil {
		return nil, err
	}
	asked := r.asks(who.Actor, in, delegates, now)
	switch {
	case who.Actor == r.By.Actor:
		return nil, Refuse("own_request", "Not denied: you asked for this yourself. You can withdraw it.")
	case !asked:
		return nil, Refuse("not_in_group", "Not denied: you are in none of the groups that decide this (%s; read just now). Your press was recorded as refused.",
			strings.Join(r.Checked.Verdict.groups(), ", "))
	case strings.TrimSpace(p.Comment) == "":
		return nil, &Refusal{Code: "no_reason", Field: "reason", Say: "Not denied: a reason is needed. The requester reads it and can mend the request."}
	}
	return append([]Body{Denied{Request: r.ID, Reason: p.Comment}}, f.unmake(r.ID, "The new plan was denied.")...), nil
}

// Withdraw decides a press on Withdraw.
func (f Federation) Withdraw(p Press, roles Roles, now time.Time) ([]Body, error) {
	r, ok := f.Request(p.Request)
	switch {
	case !ok:
		return nil, Refuse("unknown", "There is no request %s.", p.Request)
	case r.State != RequestOpen:
		return nil, ended(r, "withdrawn")
	case r.By.Actor != p.By && !roles.OwnerTeam:
		return nil, Refuse("not_yours", "Not withdrawn: only %s and the owner team %s can withdraw %s.", r.By.Name, f.Owner, r.ID)
	}
	return append([]Body{Withdrawn{Request: r.ID, Reason: p.Comment}}, f.unmake(r.ID, "It was withdrawn.")...), nil
}

// decidable finds a request that can be decided now.
func (f Federation) decidable(id RequestID, verb string, now time.Time) (*Request, error) {
	r, ok := f.Request(id)
	switch {
	case !ok:
		return nil, Refuse("unknown", "There is no request %s.", id)
	case r.State != RequestOpen:
		return nil, ended(r, verb)
	case r.Checked == nil || r.Returned && !r.DecidedAt.IsZero() && !r.Decided(): // what it had is written anew
		return nil, Refuse("too_early", "Not %s: fedbot is still reading what %s would change. The card appears when it knows.", verb, id)
	case !now.Before(r.Lapses()):
		return nil, Refuse("lapsed", "Not %s: this request lapsed on %s UTC. Nothing was created. %s can send it again with the same answers.",
			verb, stamp(r.Lapses()), r.By.Name)
	}
	return r, nil
}

func ended(r *Request, verb string) error {
	switch r.Outcome {
	case OutcomeDenied:
		return Refuse("decided", "Already decided: %s denied it at %s UTC. Nothing was created. The reason is in the thread.", r.EndedBy.Name, clock(r.EndedAt))
	case OutcomeLapsed:
		return Refuse("lapsed", "Not %s: this request lapsed on %s UTC. Nothing was created. %s can send it again with the same answers.", verb, stamp(r.EndedAt), r.By.Name)
	case OutcomeWithdrawn:
		return Refuse("decided", "Already decided: %s withdrew it at %s UTC. Nothing was created.", r.EndedBy.Name, clock(r.EndedAt))
	case "":
		return Refuse("decided", "Already decided: %s was approved and is being carried out. Nothing for you to do.", r.ID)
	default:
		return Refuse("decided", "Already decided: %s ended as %s. Nothing for you to do.", r.ID, r.Outcome)
	}
}

// Obey decides an order: what entitled people do at once, asking nobody.
func (f Federation) Obey(o Order, roles Roles, author Wrote, now time.Time) ([]Body, error) {
	closing := roles.Requester || roles.OwnerTeam || roles.AccountOwner || roles.Approver
	if f.State == Closed {
		return nil, Refuse("closed", "%s is closed (%s). Nothing of it is left, so there is nothing to do.", f.ID, f.Outcome)
	}
	if (o.Verb == OrderRevoke || o.Verb == OrderQuarantine || o.Verb == OrderGiveUp) && strings.TrimSpace(o.Reason) == "" {
		return nil, &Refusal{Code: "no_reason", Field: "reason", Say: "A reason is needed. It stays in the history, and the owner team reads it."}
	}
	switch o.Verb {
	case OrderRevoke:
		if !closing {
			return nil, f.mayNot("revoked", "the requester, the owner team, the account's owners and the approvers", roles)
		}
		if f.State == Revoking {
			return nil, Refuse("already", "%s is being revoked already. Nothing for you to do.", f.ID)
		}
		return []Body{Revoked{Reason: o.Reason}}, nil
	case OrderQuarantine:
		if !closing && !roles.Administrator {
			return nil, f.mayNot("quarantined", "the requester, the owner team, the account's owners, the approvers and administrators", roles)
		}
		if f.Quarantine != nil {
			return nil, Refuse("already", "%s is quarantined already, by %s since %s UTC.", f.ID, f.Quarantine.By.Name, stamp(f.Quarantine.At))
		}
		return []Body{Quarantined{Reason: o.Reason}}, nil
	case OrderRetry:
		if f.Parked == nil {
			return nil, Refuse("not_parked", "%s is not waiting for a person. Nothing was changed.", f.ID)
		}
		if !closing && !roles.Administrator {
			return nil, f.mayNot("tried again", "the requester, the owner team, the approvers and administrators", roles)
		}
		return []Body{Resumed{Reason: o.Reason}}, nil
	case OrderGiveUp:
		if !closing {
			return nil, f.mayNot("given up", "the requester, the owner team, the account's owners and the approvers", roles)
		}
		return f.giveUp(o)
	case OrderCheck: // what the look comes to is for the engine to read
		switch {
		case !f.AwaitsUse():
			return nil, notWaiting(f)
		case !closing && !roles.Administrator:
			return nil, f.mayNot("checked", "the requester, the owner team, the account's owners, the approvers and administrators", roles)
		}
		return nil, nil
	case OrderRestore:
		return f.restore(o, roles, author)
	}
	return nil, Refuse("unknown", "There is no order %q.", string(o.Verb))
}

func (f Federation) giveUp(o Order) ([]Body, error) {
	r, ok := f.inState(RequestGranted)
	switch {
	case f.State != Provisioning || !ok:
		return nil, Refuse("nothing_begun", "Nothing is being made for %s, so there is nothing to give up.", f.ID)
	case f.Before != nil && f.Reverse:
		return nil, Refuse("already", "%s is on its way back to what was approved before. Nothing for you to do.", f.ID)
	case f.Before != nil:
		return []Body{Reversed{Request: r.ID, Say: o.Reason}}, nil
	}
	return []Body{Abandoned{Request: r.ID, Say: o.Reason}}, nil
}

func (f Federation) restore(o Order, roles Roles, author Wrote) ([]Body, error) {
	i := slices.IndexFunc(f.Findings, func(x Finding) bool { return x.ID == o.Finding })
	switch {
	case i < 0:
		return nil, Refuse("gone", "Not restored: %s is not open any more. Nothing was changed.", o.Finding)
	case !roles.OwnerTeam && !roles.AccountOwner && !roles.Approver:
		return nil, f.mayNot("restored", "the owner team, the account's owners and the approvers", roles)
	case author.Self:
		return nil, Refuse("author", "Not restored: you made this change yourself, so somebody else must put it back.")
	case f.Findings[i].Hash != o.Hash:
		return nil, &Refusal{Code: "moved", Next: o.Finding, Say: "Not restored: it changed again after this report was written, so fedbot did not touch it. Read it again."}
	case f.Findings[i].Step == LiftID && f.Quarantine != nil:
		return nil, Refuse("quarantined", "Not restored: %s is quarantined, and the hold stays until it is released.", f.ID)
	case f.Findings[i].Step == HoldID && f.Quarantine == nil:
		return nil, Refuse("gone", "Not restored: %s has been released, so the hold is no longer wanted. Nothing was changed.", f.ID)
	case f.State != Active:
		return nil, Refuse("not_active", "Not restored: %s is %s. Wait until that is over.", f.ID, f.State)
	case slices.ContainsFunc(f.Errands, func(e Errand) bool { return e.Step == f.Findings[i].Step }):
		return nil, Refuse("already", "%s is being restored already. Nothing for you to do.", o.Finding)
	}
	return []Body{Restored{Finding: o.Finding, Step: f.Findings[i].Step, Authors: author.of(), Unsure: author.Unsure}}, nil
}

func (f Federation) mayNot(done, who string, roles Roles) error {
	if len(roles.Unread) > 0 {
		return Refuse("unread", "Not %s: the directory did not answer when fedbot asked who is in %s, and unread counts as no. Nothing is lost. Press again in a minute.",
			done, strings.Join(roles.Unread, ", "))
	}
	return Refuse("may_not", "Not %s: you are not among those who can. For %s they are %s.", done, f.ID, who)
}

// Standing says what a person is to this federation, given who is in a group.
func (f Federation) Standing(who Actor, rules Rules, in func(group string) bool) Roles {
	var roles Roles
	for i, r := range f.Requests {
		if r.By.Actor == who { // asking for a change of somebody's federation makes it nobody else's
			roles.Requester = roles.Requester || i == 0 || r.State == RequestGranted || r.State == RequestDone
			roles.Asks = roles.Asks || i > 0 && r.State == RequestOpen && r.Checked != nil
		}
		if r.Checked == nil {
			continue
		}
		for stage, s := range r.Checked.Verdict.Stages {
			roles.Approver = roles.Approver || in(s.Group)
			for _, x := range s.Escalate {
				roles.Approver = roles.Approver || r.widened(stage, x.Group) && in(x.Group)
			}
		}
	}
	roles.OwnerTeam = f.Owner != "" && in(f.Owner)
	if a, ok := rules.Account(f.Names.AccountID); ok {
		roles.AccountOwner = in(a.Owners)
	}
	roles.Administrator = rules.Administrators != "" && in(rules.Administrators)
	roles.Auditor = rules.Auditors != "" && in(rules.Auditors)
	return roles
}

func sentence(s string) string {
	if s == "" {
		return "What it stands on has changed since."
	}
	return s
}

func quoteTyped(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "Nothing"
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return "“" + s + "”"
}

func clock(t time.Time) string { return t.UTC().Format("15:04") }
func stamp(t time.Time) string { return t.UTC().Format("Mon 2 Jan at 15:04") }
