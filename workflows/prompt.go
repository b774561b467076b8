package workflows

import "time"

// Reminding is how often those are called again who have not decided: after a time,
// after twice that, after four times that, and so many times at most.
type Reminding struct {
	After time.Duration `json:"after"`
	Most  int           `json:"most"`
}

// Turned is when the deciding stage's turn began: when the plan was put to the
// approvers, or when the stage before was decided.
func (r *Request) Turned() time.Time {
	began := r.Checked.Lapses.Add(-r.Checked.Verdict.Lapse)
	now, _ := r.Stage()
	for _, a := range r.Approvals {
		if a.Stage < now && a.At.After(began) {
			began = a.At
		}
	}
	return began
}

// prompt is the next call that an undecided request owes, and when; the zero time if
// it owes none. It follows from the history alone, so that it is made once whoever
// makes it. A reminder waits its whole time after the one before: a fedbot that was
// away for days does not make up for them.
func (r *Request) prompt() (at time.Time, b Body) {
	if r.State != RequestOpen || r.Checked == nil || r.Decided() || !r.DecidedAt.IsZero() {
		return at, nil
	}
	i, _ := r.Stage()
	turned := r.Turned()
	for _, x := range r.Checked.Verdict.Stages[i].Escalate {
		if when := turned.Add(x.After); !r.widened(i, x.Group) && (b == nil || when.Before(at)) {
			at, b = when, Escalated{Request: r.ID, Stage: i, Group: x.Group}
		}
	}
	n := len(r.Reminders)
	if m := r.Checked.Verdict.Remind; n < m.Most && m.After > 0 {
		last := turned
		if n > 0 {
			last = r.Reminders[n-1]
		}
		if when := last.Add(m.After << n); b == nil || when.Before(at) {
			at, b = when, Reminded{Request: r.ID, Stage: i, Number: n + 1}
		}
	}
	if b == nil || !at.Before(r.Lapses()) {
		return time.Time{}, nil
	}
	return at, b
}
