package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func houseRules() Rules {
	return Rules{
		Organizations: []Organization{{Name: "contoso"}},
		Projects:      []Project{{Organization: "contoso", Name: "Web Shop", Owners: "web-shop"}},
		Accounts:      []Account{{ID: "111122223333", Name: "shop-dev", Region: "eu-west-1", Owners: "shop-accounts", Boundary: "b"}},
		Lapse:         72 * time.Hour,
	}
}

func TestCompile(t *testing.T) {
	if err := houseRules().Compile(); err != nil {
		t.Fatalf("good rules: %v", err)
	}
	for name, spoil := range map[string]func(*Rules){
		"no lapse":                 func(r *Rules) { r.Lapse = 0 },
		"an account's number":      func(r *Rules) { r.Accounts[0].ID = "12" },
		"an account without owner": func(r *Rules) { r.Accounts[0].Owners = "" },
		"an account without bound": func(r *Rules) { r.Accounts[0].Boundary = "" },
		"a ticket":                 func(r *Rules) { r.Accounts[0].Ticket = "([" },
		"two of one name": func(r *Rules) {
			a := r.Accounts[0]
			a.ID, a.Name = "444455556666", "SHOP-dev"
			r.Accounts = append(r.Accounts, a)
		},
		"two of one number":           func(r *Rules) { a := r.Accounts[0]; a.Name = "other"; r.Accounts = append(r.Accounts, a) },
		"a project without owner":     func(r *Rules) { r.Projects[0].Owners = "" },
		"an unknown organization":     func(r *Rules) { r.Projects[0].Organization = "other" },
		"two projects of one name":    func(r *Rules) { p := r.Projects[0]; p.Name = "web shop"; r.Projects = append(r.Projects, p) },
		"a rule without stages":       func(r *Rules) { r.Approvals = []Rule{{Name: "r"}} },
		"a rule without name":         func(r *Rules) { r.Approvals = []Rule{{Stages: []Stage{{Group: "g", Count: 1}}}} },
		"a count of zero":             func(r *Rules) { r.Approvals = []Rule{{Name: "r", Stages: []Stage{{Group: "g"}}}} },
		"an empty group":              func(r *Rules) { r.Approvals = []Rule{{Name: "r", Stages: []Stage{{Count: 1}}}} },
		"a rule of the owners' name":  func(r *Rules) { r.Approvals = []Rule{{Name: "account", Lapse: time.Hour}} },
		"a reason":                    func(r *Rules) { r.Approvals = []Rule{{Name: "r", Reason: "(["}} },
		"reminders without number":    func(r *Rules) { r.Approvals = []Rule{{Name: "r", Remind: Reminding{After: time.Hour}}} },
		"reminders every minute":      func(r *Rules) { r.Approvals = []Rule{{Name: "r", Remind: Reminding{time.Minute, 2}}} },
		"auto at medium risk":         func(r *Rules) { r.Approvals = []Rule{{Name: "r", Auto: true, Risk: Medium}} },
		"a vote of administrators":    func(r *Rules) { r.Administrators = "Admins"; r.Approvals = escalating("g", "admins", time.Hour) },
		"a stage of auditors":         func(r *Rules) { r.Auditors = "g"; r.Approvals = escalating("g", "h", time.Hour) },
		"an escalation to itself":     func(r *Rules) { r.Approvals = escalating("g", "G", time.Hour) },
		"an escalation to nobody":     func(r *Rules) { r.Approvals = escalating("g", "", time.Hour) },
		"an escalation at once":       func(r *Rules) { r.Approvals = escalating("g", "h", 0) },
		"an escalation after the end": func(r *Rules) { r.Approvals = escalating("g", "h", 72*time.Hour) },
		"a delegate of nobody":        func(r *Rules) { r.Delegates = []Delegate{{By: "a", From: morning, Until: morning.Add(1)}} },
		"a delegate of themselves":    func(r *Rules) { r.Delegates = []Delegate{{"", "a", "a", morning, morning.Add(1)}} },
		"a delegate for ever":         func(r *Rules) { r.Delegates = []Delegate{{For: "a", By: "b", From: morning}} },
		"a delegate for no time":      func(r *Rules) { r.Delegates = []Delegate{{"", "a", "b", morning, morning}} },
		"a risk of its own": func(r *Rules) {
			r.Approvals = []Rule{{Name: "r", Risk: "awful", Stages: []Stage{{Group: "g", Count: 1}}}}
		},
	} {
		r := houseRules()
		spoil(&r)
		err := r.Compile()
		if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 1 {
			t.Errorf("%s: got %v, want one mistake", name, err)
		}
	}
	r := houseRules()
	r.Lapse, r.Accounts[0].ID, r.Projects[0].Owners = 0, "1", ""
	if n := len(strings.Split(r.Compile().Error(), "\n")); n != 3 {
		t.Errorf("%d mistakes at once, want 3:\n%v", n, r.Compile())
	}
}

func escalating(group, to string, after time.Duration) []Rule {
	return []Rule{{Name: "r", Stages: []Stage{{Group: group, Count: 1, Escalate: []Escalation{{After: after, Group: to}}}}}}
}

func subject() Subject {
	r := houseRules()
	return Subject{Proposal: Proposal{Organization: "contoso", Project: "Web Shop", Grants: []Grant{{Template: "s3-site", Params: map[string]string{"bucket": "shop-a"}}}},
		Project: r.Projects[0], Account: r.Accounts[0], Risk: Medium}
}

func seats(v Verdict) string {
	var out []string
	for _, s := range v.Stages {
		out = append(out, fmt.Sprintf("%d %s", s.Count, s.Group))
	}
	return strings.Join(out, ", ")
}

func TestJudge(t *testing.T) {
	rule := func(change func(*Rule)) []Rule {
		r := Rule{Name: "r", Stages: []Stage{{Group: "risk", Count: 1}}}
		change(&r)
		return []Rule{r}
	}
	always, more := "1 web-shop, 1 shop-accounts", "1 web-shop, 1 shop-accounts, 1 risk"
	for _, c := range []struct {
		name  string
		rules []Rule
		bend  func(*Subject)
		want  string
	}{
		{"no rule", nil, nil, always},
		{"an owner asks", nil, func(s *Subject) { s.Owner = true }, "1 shop-accounts"},
		{"a rule for everything", rule(func(*Rule) {}), nil, more},
		{"an account", rule(func(r *Rule) { r.Accounts = []string{"SHOP-*"} }), nil, more},
		{"another account", rule(func(r *Rule) { r.Accounts = []string{"*-prod"} }), nil, always},
		{"an organization", rule(func(r *Rule) { r.Organizations = []string{"Contoso"} }), nil, more},
		{"a project", rule(func(r *Rule) { r.Projects = []string{"web*"} }), nil, more},
		{"another project", rule(func(r *Rule) { r.Projects = []string{"web"} }), nil, always},
		{"a template", rule(func(r *Rule) { r.Templates = []string{"s3-*"} }), nil, more},
		{"another template", rule(func(r *Rule) { r.Templates = []string{"ecr-*"} }), nil, always},
		{"a risk at least", rule(func(r *Rule) { r.Risk = Low }), nil, more},
		{"a risk as high", rule(func(r *Rule) { r.Risk = Medium }), nil, more},
		{"a higher risk", rule(func(r *Rule) { r.Risk = High }), nil, always},
		{"a parameter", rule(func(r *Rule) { r.Params = map[string]string{"bucket": "shop-*"} }), nil, more},
		{"another value", rule(func(r *Rule) { r.Params = map[string]string{"bucket": "bank-*"} }), nil, always},
		{"a tag", rule(func(r *Rule) { r.Tags = map[string]string{"pci": "yes"} }), func(s *Subject) { s.Account.Tags = map[string]string{"pci": "yes"} }, more},
		{"no such tag", rule(func(r *Rule) { r.Tags = map[string]string{"pci": "yes"} }), nil, always},
		{"a unit", rule(func(r *Rule) { r.OUs = []string{"/prod/*"} }), func(s *Subject) { s.Account.OU = "/prod/shop" }, more},
		{"another unit", rule(func(r *Rule) { r.OUs = []string{"/prod/*"} }), nil, always},
		{"one of two does not match", rule(func(r *Rule) { r.Accounts, r.Templates = []string{"*"}, []string{"ecr"} }), nil, always},
		{"the larger count wins", []Rule{{Name: "a", Stages: []Stage{{Group: "shop-accounts", Count: 2}}}, {Name: "b", Stages: []Stage{{Group: "shop-accounts", Count: 1}, {Group: "risk", Count: 1}}}},
			nil, "1 web-shop, 2 shop-accounts, 1 risk"},
	} {
		r := houseRules()
		r.Approvals = c.rules
		s := subject()
		if c.bend != nil {
			c.bend(&s)
		}
		if got := seats(r.Judge(s)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestJudgeLapseTypedDigest(t *testing.T) {
	r := houseRules()
	r.Approvals = []Rule{
		{Name: "short", Lapse: time.Hour, Stages: []Stage{{Group: "g", Count: 1}}},
		{Name: "long", Lapse: 900 * time.Hour, Stages: []Stage{{Group: "g", Count: 1}}},
		{Name: "elsewhere", Accounts: []string{"other"}, Lapse: time.Minute, Stages: []Stage{{Group: "g", Count: 9}}},
	}
	v := r.Judge(subject())
	if v.Lapse != time.Hour || v.Typed || !slices.Equal(v.Rules, []string{"short", "long"}) {
		t.Errorf("lapse %s, typed %v, rules %v", v.Lapse, v.Typed, v.Rules)
	}
	if len(v.Because) != 4 {
		t.Errorf("because %q", v.Because)
	}
	s := subject()
	s.Risk = High
	if !r.Judge(s).Typed {
		t.Error("high risk asks for no typing")
	}
	same := r
	same.Approvals = append(slices.Clone(r.Approvals), Rule{Name: "too", Accounts: []string{"other"}, Stages: []Stage{{Group: "g", Count: 1}}})
	if same.Judge(subject()).Digest != v.Digest {
		t.Error("a rule about something else voids approvals")
	}
	more := r
	more.Approvals = slices.Clone(r.Approvals)
	more.Approvals[0].Lapse = 2 * time.Hour
	if more.Judge(subject()).Digest == v.Digest {
		t.Error("a rule that matched was changed, and approvals stand")
	}
	if diff := cmp.Diff(v, r.Judge(subject())); diff != "" {
		t.Errorf("judged otherwise the second time:\n%s", diff)
	}
}

func TestSeat(t *testing.T) {
	stage := func(group string, count int) Stage {
		return Stage{Group: group, Count: count, Rules: []string{"account"}}
	}
	groups := map[string][]Actor{
		"ab": {"a", "b"}, "bc": {"b", "c"}, "b": {"b"}, "abc": {"a", "b", "c"}, "twice": {"a", "a"}, "empty": {}, "me": {"me", "a"},
	}
	for _, c := range []struct {
		name   string
		stages []Stage
		ok     bool
	}{
		{"one of two", []Stage{stage("ab", 1)}, true},
		{"two of two", []Stage{stage("ab", 2)}, true},
		{"three of two", []Stage{stage("ab", 3)}, false},
		{"nobody", []Stage{stage("empty", 1)}, false},
		{"no such group", []Stage{stage("other", 1)}, false},
		{"one person listed twice", []Stage{stage("twice", 2)}, false},
		{"the requester counts not", []Stage{stage("me", 2)}, false},
		{"somebody beside the requester", []Stage{stage("me", 1)}, true},
		{"one person, two seats", []Stage{stage("b", 1), stage("ab", 2)}, false},
		{"greedily wrong, and possible", []Stage{stage("abc", 1), stage("bc", 1), stage("b", 1)}, true},
		{"three seats for two", []Stage{stage("ab", 1), stage("ab", 1), stage("b", 1)}, false},
		{"all of three groups", []Stage{stage("ab", 1), stage("bc", 1), stage("abc", 1)}, true},
		{"four seats for three", []Stage{stage("ab", 2), stage("bc", 1), stage("abc", 1)}, false},
	} {
		in := Verdict{Stages: c.stages}
		v, err := in.Seat("me", groups)
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if r, refused := errors.AsType[*Refusal](err); err != nil && (!refused || r.Code != "nobody_could") {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, s := range v.Stages {
			if slices.Contains(s.Could, "me") {
				t.Errorf("%s: the requester could decide", c.name)
			}
		}
		if c.stages[0].Could != nil {
			t.Errorf("%s: Seat wrote into its receiver", c.name)
		}
	}
}

// TestFillable compares the matching with trying everything.
func TestFillable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v Verdict
		var all [][]Actor
		for i := range rapid.IntRange(1, 3).Draw(t, "stages") {
			could := rapid.SliceOfDistinct(rapid.SampledFrom([]Actor{"a", "b", "c", "d"}), rapid.ID[Actor]).Draw(t, "could")
			count := rapid.IntRange(1, 2).Draw(t, "count")
			v.Stages = append(v.Stages, Stage{Group: fmt.Sprint(i), Count: count, Could: could})
			for range count {
				all = append(all, could)
			}
		}
		if got, want := v.fillable(), try(all, nil); got != want {
			t.Fatalf("fillable %v, by trying %v: %+v", got, want, v.Stages)
		}
	})
}

func try(seats [][]Actor, taken []Actor) bool {
	if len(seats) == 0 {
		return true
	}
	return slices.ContainsFunc(seats[0], func(a Actor) bool {
		return !slices.Contains(taken, a) && try(seats[1:], append(slices.Clone(taken), a))
	})
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "A", false}, {"a", "ab", false}, {"*", "", true}, {"*", "a/b", true},
		{"shop-*", "shop-", true}, {"shop-*", "shop-dev", true}, {"shop-*", "my-shop-dev", false}, {"*-prod", "shop-prod", true},
		{"*-prod", "shop-prod2", false}, {"a*b*c", "a-b-c", true}, {"a*b*c", "a-c-b", false}, {"a*a", "a", false}, {"ab*ba", "aba", false},
		{"a**b", "ab", true}, {"a.c", "abc", false}, {"a?c", "abc", false}, {"[a]", "a", false}, {"a*bc*c", "abcc", true}, {"a*bc*c", "abc", false},
	} {
		if got := Glob(c.pattern, c.name); got != c.want {
			t.Errorf("Glob(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// FuzzGlob compares with a matcher that is slow and plain.
func FuzzGlob(f *testing.F) {
	f.Add("shop-*", "shop-dev")
	f.Add("a*bc*c", "abcc")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 40 || len(name) > 40 || strings.Count(pattern, "*") > 4 {
			return
		}
		if got, want := Glob(pattern, name), plainGlob(pattern, name); got != want {
			t.Errorf("Glob(%q, %q) = %v", pattern, name, got)
		}
	})
}

func plainGlob(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if pattern[0] == '*' {
		return plainGlob(pattern[1:], name) || name != "" && plainGlob(pattern, name[1:])
	}
	return name != "" && name[0] == pattern[0] && plainGlob(pattern[1:], name[1:])
}
