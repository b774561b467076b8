package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Compile checks the rules as a whole and reports all mistakes at once. Judge and
// the other methods may be called only on rules that compiled.
func (r Rules) Compile() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Lapse <= 0 {
		bad("lapse: an undecided request must end some day; say how soon, such as 72h")
	}
	seen := map[string]bool{}
	for _, a := range r.Accounts {
		if !accountID.MatchString(a.ID) {
			bad("account %q: id %q is not 12 digits", a.Name, a.ID)
		}
		if a.Name == "" || a.Owners == "" || a.Region == "" || a.Boundary == "" {
			bad("account %s: name, region, owners and boundary are required", a.ID)
		}
		if a.Proof != "" && a.Proof != ProofRun {
			bad("account %q: proof %q is neither run nor empty", a.Name, a.Proof)
		}
		if _, err := regexp.Compile(a.Ticket); err != nil {
			bad("account %q: ticket is not a regular expression", a.Name)
		}
		for _, name := range []string{"id " + a.ID, "name " + strings.ToLower(a.Name)} {
			if seen[name] {
				bad("account %q: there are two with %s", a.Name, name)
			}
			seen[name] = true
		}
	}
	for _, p := range r.Projects {
		if p.Organization == "" || p.Name == "" || p.Owners == "" {
			bad("project %q: organization, name and owners are required", p.Name)
		}
		if !slices.ContainsFunc(r.Organizations, func(o Organization) bool { return strings.EqualFold(o.Name, p.Organization) }) {
			bad("project %q: organization %q is not configured", p.Name, p.Organization)
		}
		key := "project " + strings.ToLower(p.Organization+"/"+p.Name)
		if seen[key] {
			bad("project %q: there are two of that name", p.Name)
		}
		seen[key] = true
	}
	for _, rule := range r.Approvals {
		r.compileApproval(rule, bad)
		if rule.Proof != "" && rule.Proof != ProofRun {
			bad("rule %q: proof %q is neither run nor empty", rule.Name, rule.Proof)
		}
		if rule.Risk != "" && rank[rule.Risk] == 0 {
			bad("rule %q: risk %q is none of low, medium, high", rule.Name, rule.Risk)
		}
	}
	for _, d := range r.Delegates {
		d.compile(bad)
	}
	return errors.Join(errs...)
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// Project finds the entry of a project.
func (r Rules) Project(organization, name string) (Project, bool) {
	i := slices.IndexFunc(r.Projects, func(p Project) bool {
		return strings.EqualFold(p.Organization, organization) && strings.EqualFold(p.Name, name)
	})
	if i < 0 {
		return Project{}, false
	}
	return r.Projects[i], true
}

// Account finds an account by its name or number.
func (r Rules) Account(nameOrID string) (Account, bool) {
	i := slices.IndexFunc(r.Accounts, func(a Account) bool {
		return a.ID == nameOrID || strings.EqualFold(a.Name, nameOrID)
	})
	if i < 0 {
		return Account{}, false
	}
	return r.Accounts[i], true
}

// Subject is what a verdict is about.
type Subject struct {
	Proposal Proposal
	Project  Project
	Account  Account
	Risk     Level
	Owner    bool // the requester is one of the project's owners
}

// Judge says who must consent. It is pure. Consent of the account's owners, and of
// the project's unless the requester is one, is always asked; rules add to that
// and never take away. All matching rules apply; stages of one group merge, and
// the larger count wins.
func (r Rules) Judge(s Subject) Verdict {
	v := Verdict{Lapse: r.Lapse, Typed: s.Risk.AtLeast(High)}
	if !s.Owner {
		v.add(Stage{Name: "Project owners", Group: s.Project.Owners, Count: 1, Rules: []string{ruleProject}})
		v.Because = append(v.Because, "the requester is not one of the project's owners")
	}
	v.add(Stage{Name: "Account owners", Group: s.Account.Owners, Count: 1, Rules: []string{ruleAccount}})
	v.Because = append(v.Because, "the account's owners always decide")
	matched := r.matching(s)
	auto := s.Risk == Low && len(matched) > 0 && !slices.ContainsFunc(matched, func(r Rule) bool { return !r.Auto })
	for _, rule := range matched {
		v.Rules = append(v.Rules, rule.Name)
		v.Because = append(v.Because, fmt.Sprintf("rule %q matches", rule.Name))
		for _, st := range rule.Stages {
			st.Rules = []string{rule.Name}
			if auto {
				v.Waived = append(v.Waived, st)
			} else {
				v.add(st)
			}
		}
		if rule.Proof == ProofRun {
			v.Proof = ProofRun
		}
		if rule.Lapse > 0 && rule.Lapse < v.Lapse {
			v.Lapse = rule.Lapse
		}
		v.manners(rule)
	}
	if auto {
		v.Auto = v.Rules
		v.Because = append(v.Because, "every rule that matches approves a low risk by itself; owners decide all the same")
	}
	v.Channel, v.Elsewhere = channels(matched)
	for i := range v.Stages {
		if st := &v.Stages[i]; len(st.Escalate) > 0 && st.own() >= st.Count {
			v.Because = append(v.Because, "the consent of "+st.Group+", who are owners, passes to nobody")
			st.Escalate = nil
		}
	}
	if slices.ContainsFunc(s.Proposal.Grants, Grant.Custom) {
		v.twoForCustom(s.Account)
	}
	v.Digest = digestOf(struct {
		Stages  []Stage
		Matched []Rule
		Lapse   time.Duration
		Typed   bool
	}{v.Stages, matched, v.Lapse, v.Typed})
	return v
}

// twoForCustom asks for a second person where a custom document would have one
// approver. No rule and no configuration can take that away.
func (v *Verdict) twoForCustom(a Account) {
	seats := 0
	for _, st := range v.Stages {
		seats += st.Count
	}
	v.Because = append(v.Because, "a custom document always needs two approvers")
	if seats < 2 {
		v.add(Stage{Name: "Account owners", Group: a.Owners, Count: 2, Rules: []string{"custom document"}})
	}
}

func (v *Verdict) add(s Stage) {
	for i := range v.Stages {
		if v.Stages[i].Group == s.Group {
			v.Stages[i].Count = max(v.Stages[i].Count, s.Count)
			v.Stages[i].Rules = append(v.Stages[i].Rules, s.Rules...)
			for _, x := range s.Escalate {
				v.Stages[i].escalate(x)
			}
			return
		}
	}
	v.Stages = append(v.Stages, s)
}

func (r Rule) matches(s Subject) bool {
	templates := make([]string, 0, len(s.Proposal.Grants))
	for _, g := range s.Proposal.Grants {
		templates = append(templates, g.Template)
	}
	for k, want := range r.Tags {
		if s.Account.Tags[k] != want {
			return false
		}
	}
	for name, pattern := range r.Params {
		if !slices.ContainsFunc(s.Proposal.Grants, func(g Grant) bool { return Glob(pattern, g.Params[name]) }) {
			return false
		}
	}
	return anyOf(r.Accounts, s.Account.Name) && anyOf(r.OUs, s.Account.OU) &&
		anyOf(r.Organizations, s.Proposal.Organization) && anyOf(r.Projects, s.Proposal.Project) &&
		anyOf(r.Templates, templates...) && (r.Risk == "" || s.Risk.AtLeast(r.Risk))
}

// anyOf reports whether one of the patterns matches one of the names; no pattern
// matches everything.
func anyOf(patterns []string, names ...string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		for _, n := range names {
			if Glob(strings.ToLower(p), strings.ToLower(n)) {
				return true
			}
		}
	}
	return false
}

// Glob matches a whole name against a pattern in which * stands for any run of
// characters, "/" included. Nothing else is special.
func Glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}

// Seat puts who could decide into the stages and refuses what nobody could
// approve: one person fills one seat, and never the requester's own.
func (v Verdict) Seat(requester Actor, members map[string][]Actor) (Verdict, error) {
	v.Stages = slices.Clone(v.Stages)
	for i := range v.Stages {
		s := &v.Stages[i]
		s.Could = nil
		for _, a := range members[s.Group] {
			if a != requester && !slices.Contains(s.Could, a) {
				s.Could = append(s.Could, a)
			}
		}
		slices.Sort(s.Could)
		s.Escalate = slices.Clone(s.Escalate)
		for j := range s.Escalate {
			x := &s.Escalate[j]
			x.Could = slices.DeleteFunc(slices.Clone(members[x.Group]), func(a Actor) bool { return a == requester })
			slices.Sort(x.Could)
			x.Could = slices.Compact(x.Could)
		}
		if len(s.Could) < s.Count {
			return v, Refuse("nobody_could", "Not sent: nobody could approve this. %s needs %d of %s; without the requester there %s %d. "+
				"Somebody who runs that group can add a member. Nothing was created.", ruleNames(s.Rules), s.Count, s.Group, isAre(len(s.Could)), len(s.Could))
		}
	}
	if !v.fillable() {
		return v, Refuse("nobody_could", "Not sent: nobody could approve this. Each person fills one seat only, and the groups %s together do not have "+
			"enough different people. Somebody who runs one of them can add a member. Nothing was created.", strings.Join(v.groups(), ", "))
	}
	return v, nil
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func ruleNames(names []string) string {
	if len(names) == 1 && (names[0] == ruleAccount || names[0] == ruleProject) {
		return "Every request"
	}
	return "Rule " + strings.Join(names, " and ")
}

func (v Verdict) groups() []string {
	var out []string
	for _, s := range v.Stages {
		out = append(out, s.Group)
	}
	return out
}

// after is what is left of the verdict when somebody has filled a seat of a stage,
// beside those that are filled: open seats, and the people who could still take them.
func (v Verdict) after(filled []Approval, stage int, by ...Actor) Verdict {
	spent := by
	left := map[int]int{stage: 1}
	for _, a := range filled {
		spent = append(spent, a.By.Actor, a.For.Actor)
		left[a.Stage]++
	}
	var out Verdict
	for i, s := range v.Stages {
		s.Count -= left[i]
		s.Could = slices.DeleteFunc(slices.Clone(s.Could), func(a Actor) bool { return slices.Contains(spent, a) })
		if s.Count > 0 {
			out.Stages = append(out.Stages, s)
		}
	}
	return out
}

// fillable reports whether all seats can be filled with different people:
// a matching of seats to people by augmenting paths.
func (v Verdict) fillable() bool {
	var seats [][]Actor
	for _, s := range v.Stages {
		for range s.Count {
			seats = append(seats, s.Could)
		}
	}
	taken := map[Actor]int{}
	var place func(seat int, tried map[Actor]bool) bool
	place = func(seat int, tried map[Actor]bool) bool {
		for _, a := range seats[seat] {
			if tried[a] {
				continue
			}
			tried[a] = true
			if held, ok := taken[a]; !ok || place(held, tried) {
				taken[a] = seat
				return true
			}
		}
		return false
	}
	for i := range seats {
		if !place(i, map[Actor]bool{}) {
			return false
		}
	}
	return true
}

// digestOf digests plain data. Encoding it cannot fail: it holds no channels,
// functions or cycles.
func digestOf(v any) Digest {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("digest of unencodable data: " + err.Error())
	}
	return Sum(raw)
}
