package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Escalation is a further group that may fill seats of a stage when it was not decided
// in time. It adds people and never lowers a count.
type Escalation struct {
	After time.Duration `json:"after"` // since the stage's turn began
	Group string        `json:"group"`
	Could []Actor       `json:"could,omitempty"` // who was in the group when the request was checked, without the requester
}

// Delegate is somebody who fills the seat of somebody else for some days: that seat
// and no other, so that no one gains a vote by it.
type Delegate struct {
	Group string    `json:"group,omitempty"` // only where this group decides; empty: wherever the person could
	For   Actor     `json:"for"`
	By    Actor     `json:"by"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"` // the first moment when it is over
}

func (d Delegate) same(o Delegate) bool {
	return strings.EqualFold(d.Group, o.Group) && d.For == o.For && d.By == o.By && d.From.Equal(o.From) && d.Until.Equal(o.Until)
}

// Now reports whether the delegation holds at a time.
func (d Delegate) Now(at time.Time) bool { return !at.Before(d.From) && at.Before(d.Until) }

// Live is what is so at the moment of a press.
type Live struct {
	Members   map[string][]Actor // of the groups that can fill the deciding stage
	Delegates []Delegate         // as configured
}

func (l Live) in(group string, who Actor) bool { return slices.Contains(l.Members[group], who) }

func (l Live) delegated(d Delegate) bool { return slices.ContainsFunc(l.Delegates, d.same) }

// own is how many seats of a stage nobody but its group can fill: the consent of
// owners, which no rule replaces.
func (s Stage) own() int {
	if slices.Contains(s.Rules, ruleAccount) || slices.Contains(s.Rules, ruleProject) {
		return 1
	}
	return 0
}

// The names under which owners are asked; no rule may bear them.
const (
	ruleAccount = "account"
	ruleProject = "project"
)

// standIns are the delegates who could fill seats of the stages, as they are
// configured when the request is checked. The requester stands in for nobody, and
// nobody for the requester, who is in no stage.
func (v Verdict) standIns(requester Actor, all []Delegate, now time.Time) Verdict {
	v.Stages = slices.Clone(v.Stages)
	for i := range v.Stages {
		s := &v.Stages[i]
		s.StandIns = nil
		for _, d := range all {
			if !v.NoDelegates && (d.Group == "" || strings.EqualFold(d.Group, s.Group)) && slices.Contains(s.Could, d.For) && d.By != requester && now.Before(d.Until) {
				s.StandIns = append(s.StandIns, d)
			}
		}
	}
	return v
}

// widened reports whether an escalation has added a group to a stage.
func (r *Request) widened(stage int, group string) bool {
	return slices.ContainsFunc(r.Escalated, func(w Widening) bool { return w.Stage == stage && w.Group == group })
}

// seat finds the seat that somebody may fill in the deciding stage: their own, one
// that an escalation opened to them, or that of the person they stand in for.
func (r *Request) seat(i int, who Person, live Live, at time.Time) (Approved, error) {
	stage := r.Checked.Verdict.Stages[i]
	out := Approved{Request: r.ID, Stage: i, Group: stage.Group}
	if live.in(stage.Group, who.Actor) && slices.Contains(stage.Could, who.Actor) {
		return out, nil
	}
	var refusal error
	late := "" // the group that was joined too late
	if live.in(stage.Group, who.Actor) {
		late = stage.Group
	}
	for _, x := range stage.Escalate {
		switch {
		case !r.widened(i, x.Group) || !live.in(x.Group, who.Actor):
		case !slices.Contains(x.Could, who.Actor):
			late = x.Group
		case !r.room(i):
			refusal = Refuse("owners_only", "Not approved: the seat that is left is for %s, whose consent nobody replaces.", stage.Group)
		default:
			out.Group = x.Group
			return out, nil
		}
	}
	for _, d := range stage.StandIns {
		if d.By != who.Actor {
			continue
		}
		if refusal = r.mayStandIn(stage, d, live, at); refusal == nil {
			out.For = Person{Actor: d.For}
			return out, nil
		}
	}
	switch {
	case refusal != nil:
		return out, refusal
	case late != "":
		return out, Refuse("joined_later", "Not approved: you joined %s after this request was sent, so you cannot decide it. "+
			"Those who were in the group then can.", late)
	case slices.ContainsFunc(live.Delegates, func(d Delegate) bool { return d.By == who.Actor && d.For == r.By.Actor }):
		return out, Refuse("not_in_group", "Not approved: you stand in for %s, who asked for this, and nobody decides on what they asked for, nor does somebody for them. "+
			"Your press was recorded as refused.", r.By.Name)
	}
	return out, Refuse("not_in_group", "Not approved: you are not in %s, which decides this stage (read just now). "+
		"If you should be, ask somebody who runs the group to add you, then press again. Your press was recorded as refused.", stage.Group)
}

// room reports whether a stage has a seat that need not be its own group's.
func (r *Request) room(i int) bool {
	stage := r.Checked.Verdict.Stages[i]
	filled, own := 0, 0
	for _, a := range r.Approvals {
		if a.Stage == i {
			filled++
			if a.Group == stage.Group {
				own++
			}
		}
	}
	return stage.Count-filled > max(0, stage.own()-own)
}

func (r *Request) mayStandIn(stage Stage, d Delegate, live Live, at time.Time) error {
	spent := slices.IndexFunc(r.Approvals, func(a Approval) bool { return a.By.Actor == d.For || a.For.Actor == d.For })
	switch {
	case !live.delegated(d):
		return Refuse("delegation_gone", "Not approved: you no longer stand in for anybody of %s. Those who are in it decide.", stage.Group)
	case at.Before(d.From):
		return Refuse("delegation_early", "Not approved: you stand in for somebody of %s from %s UTC on, and not before.", stage.Group, stamp(d.From))
	case !at.Before(d.Until):
		return Refuse("delegation_over", "Not approved: you stood in for somebody of %s until %s UTC, and that is over. Those who are in it decide.", stage.Group, stamp(d.Until))
	case !live.in(stage.Group, d.For):
		return Refuse("delegation_gone", "Not approved: the person you stand in for is not in %s any more (read just now).", stage.Group)
	case spent >= 0:
		return Refuse("seat_filled", "Not approved: the seat of the person you stand in for is filled already, since %s UTC. It counts once.", clock(r.Approvals[spent].At))
	}
	return nil
}

// asks reports whether somebody is among those who are asked: in a group of any
// stage, in one that an escalation added, or standing in today.
func (r *Request) asks(who Actor, in func(group string) bool, delegates []Delegate, at time.Time) bool {
	for i, s := range r.Checked.Verdict.Stages {
		if in(s.Group) || slices.ContainsFunc(s.Escalate, func(x Escalation) bool { return r.widened(i, x.Group) && in(x.Group) }) {
			return true
		}
	}
	return r.standsIn(who, delegates, at)
}

// standsIn reports whether somebody fills somebody's seat today.
func (r *Request) standsIn(who Actor, delegates []Delegate, at time.Time) bool {
	if r.Checked == nil || r.State != RequestOpen {
		return false
	}
	return slices.ContainsFunc(r.Checked.Verdict.Stages, func(s Stage) bool {
		return slices.ContainsFunc(s.StandIns, func(d Delegate) bool {
			return d.By == who && d.Now(at) && (Live{Delegates: delegates}).delegated(d)
		})
	})
}

// present reads who is in the groups that can fill the deciding stage. The stage's own
// group must be read; others that cannot be read have nobody in them, and are named.
func (e *Engine) present(ctx context.Context, r *Request) (live Live, unread string, err error) {
	live = Live{Members: map[string][]Actor{}, Delegates: e.Rules.Delegates}
	i, _ := r.Stage()
	stage := r.Checked.Verdict.Stages[i]
	if live.Members[stage.Group], err = e.Directory.Members(ctx, stage.Group); err != nil {
		return live, "", unreadGroup("approved", stage.Group)
	}
	for _, x := range stage.Escalate {
		if members, err := e.Directory.Members(ctx, x.Group); err != nil {
			unread = x.Group
		} else {
			live.Members[x.Group] = members
		}
	}
	return live, unread, nil
}

// named puts a name to the person whose seat was filled. They must be somebody who
// could have decided: not gone, not a guest, and not the requester or an approver
// under a second account.
func (e *Engine) named(ctx context.Context, r *Request, bodies []Body) ([]Body, error) {
	for i, b := range bodies {
		a, ok := b.(Approved)
		if !ok || a.For.Actor == "" {
			continue
		}
		owner, err := e.Directory.Person(ctx, a.For.Actor)
		switch {
		case errors.Is(err, ErrRefused):
			return nil, Refuse("delegation_gone", "Not approved: the person you stand in for can decide nothing any more (Slack says, read just now).")
		case err != nil:
			return nil, unreadGroup("approved", a.Group)
		case same(owner, r.By):
			return nil, Refuse("own_request", "Not approved: you stand in for %s, who asked for this, so somebody else must decide.", owner.Name)
		case slices.ContainsFunc(r.Approvals, func(x Approval) bool { return same(x.By, owner) || same(x.For, owner) }):
			return nil, Refuse("seat_filled", "Not approved: the seat of %s is filled already. It counts once.", owner.Name)
		}
		a.For = owner
		bodies[i] = a
	}
	return bodies, nil
}

// stillStandsIn makes sure that who filled somebody's seat still may: that the
// delegation holds today, and that the seat is still that person's.
func (e *Engine) stillStandsIn(ctx context.Context, r Request, a Approval, members []Actor) (string, error) {
	holds := slices.ContainsFunc(r.Checked.Verdict.Stages[a.Stage].StandIns, func(d Delegate) bool {
		return d.By == a.By.Actor && d.For == a.For.Actor && d.Now(e.Now()) && (Live{Delegates: e.Rules.Delegates}).delegated(d)
	})
	_, err := e.Directory.Person(ctx, a.For.Actor)
	switch {
	case errors.Is(err, ErrRefused):
		return a.By.Name + " approved for " + a.For.Name + ", who may no longer decide.", nil
	case err != nil:
		return "", fmt.Errorf("identify whom an approver stands in for: %w", err)
	case !holds:
		return a.By.Name + " approved for " + a.For.Name + " and no longer stands in.", nil
	case !slices.Contains(members, a.For.Actor):
		return a.By.Name + " approved for " + a.For.Name + ", who has left " + a.Group + " since.", nil
	}
	return "", nil
}
