package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// LintFrame is what is known around permissions policies that are linted. What is
// left empty is not known, and is not held against them.
type LintFrame struct {
	Account  string                 // 12 digits
	Region   string                 // eu-west-1
	Approved map[string]string      // policy name → document, as rendered and approved; nil: nobody approved any
	Boundary string                 // document of the permissions boundary, for what it rules out
	Excepts  map[string][]Exception // policy name → what its template takes out of which check, and why
}

// LintPermissions looks at the permissions policies of one role (name → document)
// with every check that documents alone can show. It runs on templates, plans,
// documents that were read back, and files. An excepted problem is told with its
// reason and does not count.
func LintPermissions(found map[string]string, frame LintFrame) []Problem {
	l := &linter{frame: frame, found: found}
	if b, err := Parse(frame.Boundary); err == nil {
		l.boundary = &b
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		l.policy = name
		l.characters(found[name])
		d, err := Parse(found[name])
		if err != nil {
			l.unread = true
			l.add("D1", workflows.High, placeOf(err), "The policy "+unread(err))
			continue
		}
		l.docs = append(l.docs, named{name, d})
		l.document(d)
	}
	l.policy = ""
	l.rendered()
	l.size()
	l.ways()
	return ordered(l.problems)
}

type named struct {
	name string
	doc  Document
}

// linter is a role's permissions while they are looked at.
type linter struct {
	frame    LintFrame
	found    map[string]string
	docs     []named
	boundary *Document
	unread   bool
	problems []Problem

	// the place that is looked at
	policy    string
	statement Statement
	at        string
}

// add notes a problem at the place that is looked at. The fix is the check's own,
// unless one is given.
func (l *linter) add(code string, level workflows.Level, where, say string, fix ...string) *Problem {
	c := checkNamed(code)
	p := Problem{Code: code, Name: c.Name, Level: level, Where: l.place(where), Say: say, Fix: c.Fix}
	if len(fix) > 0 {
		p.Fix = fix[0]
	}
	for _, x := range l.frame.Excepts[l.policy] {
		if x.Check == code && x.Statement == l.statement.Sid {
			p.Except = x.Why
		}
	}
	l.problems = append(l.problems, p)
	return &l.problems[len(l.problems)-1]
}

func (l *linter) place(where string) string {
	var parts []string
	for _, p := range []string{l.policy, l.at + where} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// document looks at every statement of a document.
func (l *linter) document(d Document) {
	switch {
	case d.Version == policyVersion:
	case strings.Contains(d.String(), "${"):
		l.add("D2", workflows.Medium, "Version", "The policy is not of version "+policyVersion+", so what looks like a variable in it is plain text.")
	default:
		l.add("D2", workflows.Low, "Version", "The policy is not of version "+policyVersion+".")
	}
	seen := map[string]bool{}
	for i, s := range d.Statement {
		l.statement, l.at = s, fmt.Sprintf("Statement[%d]", i)
		l.elements(seen)
		if s.allows() {
			l.wildcards()
			l.known()
			l.handover()
			l.becoming()
			l.powers()
			l.pinned()
			l.meets()
		}
		l.operators(d.Version)
	}
	l.statement, l.at = Statement{}, ""
}

// say begins a sentence about the statement that is looked at.
func (l *linter) say(format string, args ...any) string {
	s := l.statement.short()
	return strings.ToUpper(s[:1]) + s[1:] + " " + fmt.Sprintf(format, args...)
}

func (l *linter) rendered() {
	if l.frame.Approved == nil {
		return
	}
	for _, name := range keysOf(l.frame.Approved, nil) {
		if found, ok := l.found[name]; !ok {
			l.add("I16", workflows.Medium, name, "The policy "+name+" is not there.")
		} else if diff := Diff(name, l.frame.Approved[name], found); len(diff) > 0 {
			level := workflows.Medium
			if slices.ContainsFunc(diff, func(d workflows.Difference) bool { return d.Wider }) {
				level = workflows.High
			}
			l.add("I16", level, name, "The policy "+name+" is not as it was rendered.")
		}
	}
	for _, name := range keysOf(l.found, nil) {
		if _, ok := l.frame.Approved[name]; !ok || !strings.HasPrefix(name, "tmpl-") {
			l.add("I16", workflows.High, name, "The policy "+shown(name)+" comes from no template.")
		}
	}
}

func (l *linter) size() {
	total := 0
	for _, document := range l.found {
		total += Size(document)
	}
	if total > MostCharacters {
		l.add("I24", workflows.Medium, "", fmt.Sprintf("The permissions have %d characters; %d are free, because AWS takes %d in all and the hold needs room.",
			total, MostCharacters, inlineQuota))
	}
}

// characters looks for what IAM refuses in a document.
func (l *linter) characters(document string) {
	for i, r := range document {
		if r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r > 0xFF) {
			line := strings.Count(document[:i], "\n") + 1
			l.add("D3", workflows.High, fmt.Sprintf("line %d", line), fmt.Sprintf("The policy holds %U, which IAM takes in no document.", r))
			return
		}
	}
}
