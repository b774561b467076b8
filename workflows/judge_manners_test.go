package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAutoApproval(t *testing.T) {
	risk := []Stage{{Group: "risk", Count: 1}}
	two := []Stage{{Group: "shop-accounts", Count: 2}}
	for _, c := range []struct {
		name   string
		level  Level
		rules  []Rule
		want   string
		waived int
	}{
		{"one rule, low", Low, []Rule{{Name: "a", Auto: true, Stages: risk}}, "1 web-shop, 1 shop-accounts", 1},
		{"one rule, medium", Medium, []Rule{{Name: "a", Auto: true, Stages: risk}}, "1 web-shop, 1 shop-accounts, 1 risk", 0},
		{"a risk that nobody told", "", []Rule{{Name: "a", Auto: true, Stages: risk}}, "1 web-shop, 1 shop-accounts, 1 risk", 0},
		{"another rule says nothing", Low, []Rule{{Name: "a", Auto: true, Stages: risk}, {Name: "b", Lapse: time.Hour}}, "1 web-shop, 1 shop-accounts, 1 risk", 0},
		{"another rule does not match", Low, []Rule{{Name: "a", Auto: true, Stages: risk}, {Name: "b", Accounts: []string{"other"}, Lapse: time.Hour}}, "1 web-shop, 1 shop-accounts", 1},
		{"both rules say so", Low, []Rule{{Name: "a", Auto: true, Stages: risk}, {Name: "b", Auto: true}}, "1 web-shop, 1 shop-accounts", 1},
		{"a rule that wants two owners", Low, []Rule{{Name: "a", Auto: true, Stages: two}}, "1 web-shop, 1 shop-accounts", 1},
		{"no rule at all", Low, nil, "1 web-shop, 1 shop-accounts", 0},
	} {
		r := houseRules()
		r.Approvals = c.rules
		s := subject()
		s.Risk = c.level
		v := r.Judge(s)
		if got := seats(v); got != c.want || len(v.Waived) != c.waived || c.waived > 0 != (len(v.Auto) > 0) {
			t.Errorf("%s: %s, waived %v, auto %v", c.name, got, v.Waived, v.Auto)
		}
	}
}

func TestChannels(t *testing.T) {
	wide, narrow := Rule{Name: "w", Channel: "C1"}, Rule{Name: "n", Channel: "C2", Projects: []string{"*"}, Accounts: []string{"*"}}
	alike := Rule{Name: "a", Channel: "C3", Projects: []string{"*"}, Templates: []string{"*"}}
	for _, c := range []struct {
		name  string
		rules []Rule
		live  string
		links []string
	}{
		{"none", []Rule{{Name: "x", Lapse: time.Hour}}, "", nil},
		{"one", []Rule{wide}, "C1", nil},
		{"the more specific", []Rule{wide, narrow}, "C2", []string{"C1"}},
		{"in any order", []Rule{narrow, wide}, "C2", []string{"C1"}},
		{"the first of two alike", []Rule{wide, narrow, alike}, "C2", []string{"C1", "C3"}},
		{"the same one twice", []Rule{wide, {Name: "v", Channel: "C1", Projects: []string{"*"}}}, "C1", nil},
		{"one that does not match", []Rule{wide, {Name: "o", Channel: "C9", Accounts: []string{"other"}, Projects: []string{"*"}}}, "C1", nil},
	} {
		r := houseRules()
		r.Approvals = c.rules
		v := r.Judge(subject())
		if v.Channel != c.live || !slices.Equal(v.Elsewhere, c.links) {
			t.Errorf("%s: %q and %v", c.name, v.Channel, v.Elsewhere)
		}
	}
}

// Owners' consent passes to nobody: an escalation that is about their seat alone is
// dropped, and one beside it stays.
func TestEscalationNeverReplacesOwners(t *testing.T) {
	for _, c := range []struct {
		group string
		count int
		want  []Escalation
	}{
		{"risk", 1, []Escalation{{After: time.Hour, Group: "pager"}}},
		{"shop-accounts", 1, nil},
		{"shop-accounts", 2, []Escalation{{After: time.Hour, Group: "pager"}}},
		{"web-shop", 1, nil},
	} {
		r := houseRules()
		r.Approvals = escalating(c.group, "pager", time.Hour)
		r.Approvals[0].Stages[0].Count = c.count
		v := r.Judge(subject())
		i := slices.IndexFunc(v.Stages, func(s Stage) bool { return s.Group == c.group })
		if diff := cmp.Diff(c.want, v.Stages[i].Escalate); diff != "" {
			t.Errorf("%d of %s:\n%s", c.count, c.group, diff)
		}
	}
}

func TestMannersOfSeveralRules(t *testing.T) {
	r := houseRules()
	r.Approvals = append(escalating("risk", "pager", 2*time.Hour), escalating("risk", "Pager", time.Hour)...)
	r.Approvals[0].Remind, r.Approvals[0].Reason = Reminding{After: time.Hour, Most: 1}, "SHOP"
	r.Approvals[1].Remind, r.Approvals[1].Reason, r.Approvals[1].NoDelegates = Reminding{After: 2 * time.Hour, Most: 3}, "[0-9]", true
	before := r.Approvals[0].Stages[0].Escalate[0].After
	v := r.Judge(subject())
	if v.Remind != (Reminding{After: time.Hour, Most: 3}) || !v.NoDelegates || len(v.Reasons) != 2 {
		t.Errorf("%+v", v)
	}
	if x := v.Stages[2].Escalate; len(x) != 1 || x[0].After != time.Hour {
		t.Errorf("escalates %+v", x)
	}
	if r.Approvals[0].Stages[0].Escalate[0].After != before {
		t.Error("judging changed the rules")
	}
	for reason, ok := range map[string]bool{"SHOP-1": true, "SHOP": false, "1": false, "": false} {
		if err := v.reasonFits(reason); ok != (err == nil) {
			t.Errorf("%q: %v", reason, err)
		}
	}
}

// What fedbot learned to say must not void what was approved before it could.
func TestRulesThatSayNothingNewHaveTheirOldDigest(t *testing.T) {
	r := houseRules()
	r.Approvals = []Rule{{Name: "r", Stages: []Stage{{Name: "Risk", Group: "risk", Count: 1}}}}
	const was = "667c4726f5829e30058185a4d251a8d60cbca5159e156772ccf5ca46c099c8c1"
	if got := r.Judge(subject()).Digest; got != was {
		t.Errorf("the digest is %s and was %s", got, was)
	}
}
