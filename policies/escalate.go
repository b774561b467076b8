package policies

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"fedbot/workflows"
)

//go:embed escalation.txt
var escalations string

// path is one way to more rights, or to what belongs to others.
type path struct {
	code, name string
	level      workflows.Level
	always     bool       // at its level even where it is limited to named objects
	needs      [][]string // all of them, each with alternatives; "pass:…" is iam:PassRole to a service
	does       string
}

const pathFix = "Take the action out, or name the one object that it is for."

// paths reads the table once. A mistake in it is found by a test.
var paths = sync.OnceValue(func() []path {
	var out []path
	for line := range strings.Lines(escalations) {
		f := strings.Split(strings.TrimSpace(line), " | ")
		if len(f) != 5 || f[0][0] == '#' {
			continue
		}
		level, always := strings.CutSuffix(f[1], "!")
		p := path{code: f[0], name: f[3], level: workflows.Level(level), always: always, does: f[4]}
		for _, need := range strings.Split(f[2], "+") {
			p.needs = append(p.needs, strings.Split(need, "/"))
		}
		out = append(out, p)
	}
	return out
})

// reach is how far a permission goes. A wider one is greater.
type reach int

const (
	nowhere reach = iota
	theOne        // objects that are named
	some          // objects whose names begin alike, or that a condition singles out
	every         // everything of its kind
)

// ways looks for every path that the policies open together, within the boundary.
func (l *linter) ways() {
	if l.unread {
		return
	}
	for _, p := range paths() {
		l.way(p)
	}
}

func (l *linter) way(p path) {
	narrowest := every
	var used []string
	var at grantedBy
	for _, need := range p.needs {
		widest, by, name := nowhere, grantedBy{}, ""
		for _, action := range need {
			if r, g := l.reaches(action); r > widest {
				widest, by, name = r, g, g.action
			}
		}
		if widest == nowhere {
			return
		}
		used = unique(used, name)
		if narrowest = min(narrowest, widest); at.policy == "" || widest == narrowest {
			at = by
		}
	}
	level := p.level
	if narrowest < every && !p.always {
		level = workflows.Low
	}
	l.policy, l.statement, l.at = at.policy, at.statement, at.at
	problem := l.add(p.code, level, "", fmt.Sprintf("It allows %s%s.", and(used), reachSaid[narrowest]), pathFix)
	problem.Name = p.name
	problem.Attack = "Whoever uses the role can " + p.does + reachDone[narrowest] + "."
	l.policy, l.statement, l.at = "", Statement{}, ""
}

var (
	reachSaid = map[reach]string{theOne: " on what is named", some: " on names that begin alike, or under a condition", every: " on everything"}
	reachDone = map[reach]string{theOne: ", of what is named here", some: ", of what is named here", every: ""}
)

// grantedBy is the statement that grants an action.
type grantedBy struct {
	policy, at, action string
	statement          Statement
}

// reaches finds how far an action goes: in the widest of the statements that allow
// it, where no Deny and no boundary surely rules it out.
func (l *linter) reaches(action string) (reach, grantedBy) {
	service, pass := strings.CutPrefix(action, "pass:")
	if pass {
		action = "iam:PassRole"
	}
	low := strings.ToLower(action)
	if !l.allowsSome(low) {
		return nowhere, grantedBy{}
	}
	known, _ := FindAction(action)
	best, by := nowhere, grantedBy{}
	for _, d := range l.docs {
		for i, s := range d.doc.Statement {
			if !s.allows() || s.acts(low) == no || pass && !s.passesTo(service) {
				continue
			}
			r := nowhere
			for _, on := range s.Resource {
				meets := on == "*" || len(usable(known, on)) > 0 // else it is never used on that
				if meets && !l.ruledOut(low, widest(on)) {
					r = max(r, s.reachOf(on))
				}
			}
			if s.NotResource != nil && !l.ruledOut(low, "*") {
				r = every
			}
			if r > best {
				best, by = r, grantedBy{d.name, fmt.Sprintf("Statement[%d]", i), action, s}
			}
		}
	}
	return best, by
}

// allowsSome reports whether any statement allows an action at all.
func (l *linter) allowsSome(action string) bool {
	return slices.ContainsFunc(l.docs, func(d named) bool {
		return slices.ContainsFunc(d.doc.Statement, func(s Statement) bool { return s.allows() && s.acts(action) != no })
	})
}

// passesTo reports whether a statement could hand a role to this service.
func (s Statement) passesTo(service string) bool {
	to := s.Condition.equal("iam:PassedToService")
	return len(to) == 0 || slices.Contains(to, service)
}

// reachOf is how far a resource pattern goes, under the statement's conditions.
func (s Statement) reachOf(on string) reach {
	r := theOne
	part := strings.SplitN(widest(on), ":", 6)
	name := part[len(part)-1]
	switch {
	case on == "*", strings.Trim(name, "*?") == "":
		r = every
	case strings.ContainsAny(name, "*?"):
		// bucket/* and function:f:* are all of one named object; role/*, function:* and
		// log-group:* are every object.
		head := fixed(name)
		kind := strings.Trim(head, "/:")
		if bare := !strings.ContainsAny(kind, "/:"); bare && len(part) == 6 && part[2] != "s3" && part[2] != "sns" && part[2] != "sqs" {
			r = every
			if head != "" && !strings.HasSuffix(head, "/") && !strings.HasSuffix(head, ":") {
				r = some
			}
		} else {
			r = some
		}
	}
	if r == every && s.narrowed() {
		r = some
	}
	return r
}

// narrowed reports whether a condition singles out some of a statement's resources
// or calls: one that fails where its key is missing, and that is more than where and
// whose it is.
func (s Statement) narrowed() bool {
	for op, keys := range s.Condition {
		o := parseOperator(op)
		if o.ifExists || o.forAll || o.negated || o.base == "null" || !o.known() {
			continue
		}
		for key, values := range keys {
			low := strings.ToLower(key)
			wide := slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, "*?") == "" })
			if !wide && !slices.Contains([]string{"aws:requestedregion", "aws:resourceaccount", "aws:principalaccount", "aws:securetransport", "iam:passedtoservice", "aws:resourceorgid"}, low) {
				return true
			}
		}
	}
	return false
}

// ruledOut reports whether a Deny without conditions, or the boundary, surely keeps
// an action from a resource.
func (l *linter) ruledOut(action, resource string) bool {
	for _, d := range l.docs {
		for _, s := range d.doc.Statement {
			if !s.allows() && len(s.Condition) == 0 && s.surelyMeets(action, resource) {
				return true
			}
		}
	}
	return l.boundary != nil && !couldAllow(*l.boundary, action, resource)
}
