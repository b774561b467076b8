package workflows

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// What a rule says beside its stages, and what cannot be meant.

const (
	leastReminding = 10 * time.Minute // more often is no help to anybody
	mostReminders  = 10
)

// compileApproval reports what is wrong with a rule.
func (r Rules) compileApproval(rule Rule, bad func(format string, args ...any)) {
	asks := len(rule.Stages) > 0 || rule.Channel != "" || rule.Reason != "" || rule.Remind != Reminding{} || rule.NoDelegates || rule.Auto || rule.Lapse > 0 || rule.Proof != ""
	switch {
	case rule.Name == "" || !asks:
		bad("rule %q: a name, and at least one stage or something else that it asks for, are required", rule.Name)
	case rule.Name == ruleAccount || rule.Name == ruleProject:
		bad("rule %q: owners are asked under that name; choose another", rule.Name)
	}
	lapse := r.Lapse
	if rule.Lapse > 0 {
		lapse = min(lapse, rule.Lapse)
	}
	for i, s := range rule.Stages {
		if s.Group == "" || s.Count < 1 {
			bad("rule %q, stage %d: a group and a count of at least 1 are required; an empty one would mean nobody", rule.Name, i+1)
		}
		r.compileVoters(s.Group, rule.Name, bad)
		for _, x := range s.Escalate {
			switch {
			case x.Group == "" || x.After <= 0:
				bad("rule %q, stage %d: an escalation needs a group and a time after which it begins", rule.Name, i+1)
			case strings.EqualFold(x.Group, s.Group):
				bad("rule %q, stage %d: it escalates to %s, which decides already", rule.Name, i+1, x.Group)
			case x.After >= lapse:
				bad("rule %q, stage %d: it escalates after %s, and by then the request has lapsed (%s)", rule.Name, i+1, x.After, lapse)
			}
			r.compileVoters(x.Group, rule.Name, bad)
		}
	}
	if rule.Auto && rule.Risk.AtLeast(Medium) {
		bad("rule %q: auto is for low risk only, and the rule is about %s and more", rule.Name, rule.Risk)
	}
	if _, err := regexp.Compile(rule.Reason); err != nil {
		bad("rule %q: reason is not a regular expression", rule.Name)
	}
	if m := rule.Remind; m != (Reminding{}) && (m.After < leastReminding || m.Most < 1 || m.Most > mostReminders) {
		bad("rule %q: remind needs after, %s or more, and most, 1 to %d", rule.Name, leastReminding, mostReminders)
	}
}

// compileVoters refuses groups that have no vote.
func (r Rules) compileVoters(group, rule string, bad func(format string, args ...any)) {
	switch {
	case group == "":
	case strings.EqualFold(group, r.Administrators):
		bad("rule %q: %s are the administrators, and being one gives no vote; name a group of those who own the risk", rule, group)
	case strings.EqualFold(group, r.Auditors):
		bad("rule %q: %s are the auditors, who press nothing; name a group of those who own the risk", rule, group)
	}
}

func (d Delegate) compile(bad func(format string, args ...any)) {
	switch {
	case d.For == "" || d.By == "":
		bad("a delegate: for and delegate are required, each the id of a person")
	case d.For == d.By:
		bad("a delegate: %s cannot stand in for themselves", d.For)
	case d.From.IsZero() || d.Until.IsZero() || !d.From.Before(d.Until):
		bad("the delegate of %s: from and until are required, and until is not before from", d.For)
	}
}

// matching are the rules that apply, in the order of the configuration.
func (r Rules) matching(s Subject) []Rule {
	var out []Rule
	for _, rule := range r.Approvals {
		if rule.matches(s) {
			out = append(out, rule)
		}
	}
	return out
}

// manners adds what a rule says about how it is asked. Of several rules the stricter
// wins: reminded soonest and most often, every pattern, no delegates if one says so.
func (v *Verdict) manners(rule Rule) {
	if m := rule.Remind; m.Most > 0 {
		if v.Remind.Most == 0 || m.After < v.Remind.After {
			v.Remind.After = m.After
		}
		v.Remind.Most = max(v.Remind.Most, m.Most)
	}
	if rule.Reason != "" {
		v.Reasons = append(v.Reasons, rule.Reason)
	}
	v.NoDelegates = v.NoDelegates || rule.NoDelegates
}

// escalate adds a group to those that may fill the stage; of two times the earlier.
func (s *Stage) escalate(x Escalation) {
	s.Escalate = slices.Clone(s.Escalate)
	for i := range s.Escalate {
		if strings.EqualFold(s.Escalate[i].Group, x.Group) {
			s.Escalate[i].After = min(s.Escalate[i].After, x.After)
			return
		}
	}
	s.Escalate = append(s.Escalate, x)
}

// channels are where it is decided, by the most specific rule that names a channel,
// and the others that were named. Of two that are as specific, the first wins.
func channels(matched []Rule) (live string, others []string) {
	best := -1
	for _, rule := range matched {
		if n := rule.specific(); rule.Channel != "" && n > best {
			live, best = rule.Channel, n
		}
	}
	for _, rule := range matched {
		if rule.Channel != "" && rule.Channel != live && !slices.Contains(others, rule.Channel) {
			others = append(others, rule.Channel)
		}
	}
	return live, others
}

// specific counts what a rule looks at.
func (r Rule) specific() int {
	n := 0
	for _, looks := range []bool{len(r.Accounts) > 0, len(r.OUs) > 0, len(r.Tags) > 0, len(r.Organizations) > 0, len(r.Projects) > 0,
		len(r.Templates) > 0, r.Risk != "", len(r.Params) > 0} {
		if looks {
			n++
		}
	}
	return n
}

// reasonFits refuses a reason that a rule wants otherwise.
func (v Verdict) reasonFits(reason string) error {
	for _, pattern := range v.Reasons {
		if ok, err := regexp.MatchString(pattern, reason); err != nil || !ok {
			r := Refuse("preflight", "Not sent: a rule that applies asks for a reason that matches %s, such as the number of a ticket. Send it again with one.", pattern)
			r.Field = "reason"
			return r
		}
	}
	return nil
}
