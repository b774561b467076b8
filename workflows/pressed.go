package workflows

import (
	"context"
	"errors"
)

// What is decided about the buttons of an open request.

// Approve decides a press on Approve.
func (e *Engine) Approve(ctx context.Context, p Press) (Federation, error) {
	who, err := e.person(ctx, p.By)
	if err != nil {
		return Federation{}, e.recordPress(ctx, p, Person{Actor: p.By}, "approve", asPress(err, "approved"))
	}
	f, err := e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		var live Live
		var unread string
		r, ok := f.Request(p.Request)
		if ok && r.State == RequestOpen && r.Checked != nil && !r.Decided() {
			if live, unread, err = e.present(ctx, r); err != nil {
				return nil, err
			}
		}
		acct, _ := e.Rules.Account(f.Names.AccountID)
		bodies, err := f.Approve(p, who, live, acct.Name, e.Now())
		if refusal, ok := errors.AsType[*Refusal](err); ok && refusal.Code == "not_in_group" && unread != "" {
			return nil, unreadGroup("approved", unread)
		}
		if err != nil {
			return nil, err
		}
		return e.named(ctx, r, bodies)
	})
	return f, e.recordPress(ctx, p, who, "approve", err)
}

// Deny decides a press on Deny.
func (e *Engine) Deny(ctx context.Context, p Press) (Federation, error) {
	who, err := e.person(ctx, p.By)
	if err != nil {
		return Federation{}, asPress(err, "denied")
	}
	f, err := e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		in, unread := e.membership(ctx, who.Actor)
		out, err := f.Deny(p, who, in, e.Rules.Delegates, e.Now())
		if r, ok := errors.AsType[*Refusal](err); ok && r.Code == "not_in_group" && len(unread()) > 0 {
			return nil, unreadGroup("denied", unread()[0])
		}
		return out, err
	})
	return f, e.recordPress(ctx, p, who, "deny", err)
}

// Withdraw decides a press on Withdraw.
func (e *Engine) Withdraw(ctx context.Context, p Press) (Federation, error) {
	who, err := e.person(ctx, p.By)
	if err != nil {
		return Federation{}, asPress(err, "withdrawn")
	}
	return e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		roles, err := e.May(ctx, f, who.Actor)
		if err != nil {
			return nil, err
		}
		return f.Withdraw(p, roles, e.Now())
	})
}
