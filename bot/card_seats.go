package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fedbot/workflows"
)

// besides are the lines about who else may fill seats: those who stand in, and those
// who come when it is not decided in time. Both are shown before they matter.
func besides(r workflows.Request) text {
	v := r.Checked.Verdict
	now, _ := r.Stage()
	var all []text
	for i, st := range v.Stages {
		if i < now {
			continue
		}
		where := text{}
		if len(v.Stages) > 1 {
			where = say(" in stage %d", i+1)
		}
		for _, d := range st.StandIns {
			all = append(all, say("1 person stands in for somebody of %s%s, in that person's seat, from %s until %s.", st.Group, where, on(d.From), on(d.Until.Add(-time.Second))))
		}
		for _, x := range st.Escalate {
			all = append(all, escalation(r, i, i == now, x, where))
		}
	}
	if v.NoDelegates {
		all = append(all, say("Nobody stands in for anybody: a rule says so."))
	}
	return lines(append(all, waived(v))...)
}

func escalation(r workflows.Request, stage int, now bool, x workflows.Escalation, where text) text {
	for _, w := range r.Escalated {
		if w.Stage == stage && w.Group == x.Group {
			return say("Not decided in time%s: also %s since %s, %s.", where, x.Group, at(w.At), people(len(x.Could)))
		}
	}
	if now {
		return say("Not decided%s by %s: also %s, %s.", where, at(r.Turned().Add(x.After)), x.Group, people(len(x.Could)))
	}
	return say("Not decided%s within %s of its turn: also %s, %s.", where, spell(x.After), x.Group, people(len(x.Could)))
}

// spell writes a duration in days, hours or minutes, whichever are whole.
func spell(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return count(int(d/day), "day")
	case d >= time.Hour && d%time.Hour == 0:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/time.Minute), "minute")
}

// waived says which seats rules would have asked for, and why nobody fills them.
func waived(v workflows.Verdict) text {
	if len(v.Waived) == 0 {
		return text{}
	}
	var seats []string
	for _, st := range v.Waived {
		seats = append(seats, fmt.Sprintf("%d of %s", st.Count, st.Group))
	}
	return join("", lead("Approved by rule"), say(" %s: not asked, because the risk is low and every rule that matches says so (%s). Owners decide all the same.",
		strings.Join(seats, ", "), strings.Join(v.Auto, ", ")))
}

// seatOf is who filled a seat: "Deputy for Account owner" where somebody stands in.
func seatOf(by, whose workflows.Person) text {
	if whose.Actor == "" {
		return who(by)
	}
	return say("%s for %s", who(by), who(whose))
}

// callAgain mentions those who have not decided: one person if only one is left who
// could, else the group.
func callAgain(r *workflows.Request, s scene) text {
	now, filled := r.Stage()
	st := r.Checked.Verdict.Stages[now]
	left := slices.DeleteFunc(slices.Clone(st.Could), func(a workflows.Actor) bool {
		return slices.ContainsFunc(r.Approvals, func(x workflows.Approval) bool { return x.By.Actor == a || x.For.Actor == a })
	})
	if len(left) != 1 {
		return callStage(r, s)
	}
	return say("%s: %d of %s is left to decide, by %s.", address(workflows.Person{Actor: left[0], Name: "the one who is left"}), st.Count-filled, st.Group, at(r.Checked.Lapses))
}

// deputies are those whose turn an event brings, because they stand in for somebody
// of the deciding stage that day. No mention of the group reaches them, so that they
// are told by direct message. f is the federation after the event. Pure.
func deputies(f workflows.Federation, e workflows.Event) (out []workflows.Person, r *workflows.Request) {
	var id workflows.RequestID
	before := -1
	switch b := e.Body.(type) {
	case workflows.Checked:
		id = b.Request
	case workflows.Reminded:
		id = b.Request
	case workflows.Approved:
		id, before = b.Request, b.Stage
	default:
		return nil, nil
	}
	r, ok := f.Request(id)
	if !ok || r.Checked == nil || r.State != workflows.RequestOpen || r.Decided() {
		return nil, nil
	}
	now, _ := r.Stage()
	if now == before {
		return nil, nil // their turn was before, and they know
	}
	for _, d := range r.Checked.Verdict.Stages[now].StandIns {
		p := workflows.Person{Actor: d.By}
		spent := slices.ContainsFunc(r.Approvals, func(a workflows.Approval) bool {
			return a.By.Actor == d.By || a.By.Actor == d.For || a.For.Actor == d.For
		})
		if d.Now(e.At) && !spent && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, r
}

// deputyLetter tells somebody that their turn is another person's. Pure.
func deputyLetter(f workflows.Federation, r workflows.Request, s scene, url string) message {
	now, _ := r.Stage()
	st := r.Checked.Verdict.Stages[now]
	var sh sheet
	sh.section(join(" ", bold(say("Your turn, standing in: %s, %s.", r.ID, title(f, s))),
		say("%d of %s decides, and you stand in for somebody of it. Undecided by %s, it lapses.", st.Count, st.Group, at(r.Checked.Lapses))))
	if url != "" {
		sh.actions(link("Open card", url))
	}
	return sh.message()
}
