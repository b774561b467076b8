package aws

import (
	"slices"
	"strings"
)

// verdict is what one or more policies say about a call. A greater one wins.
type verdict int

const (
	silent verdict = iota
	allows
	denies
)

// question is what policies are asked.
type question struct {
	action   string // "iam:CreateRole"
	resource string // an ARN, or "*"
	keys     contextKeys
	who      []principal // the names that a Principal element may use for the caller; resource and trust policies only
}

// judge asks one policy: an explicit deny wins, and nothing said is nothing allowed.
func (d *document) judge(q question) verdict {
	out := silent
	for _, st := range d.statements {
		if !d.applies(st, q) {
			continue
		}
		if st.effect == "Deny" {
			return denies
		}
		out = allows
	}
	return out
}

// applies says whether a statement is about the question. A value with a variable that
// has no value matches nothing. AWS says that this "might" make the whole statement
// invalid, and not when.
func (d *document) applies(st statement, q question) bool {
	if st.hasPrincipal && !namesAny(st.principals, q.who) || st.hasNotPrincipal && namesAny(st.notPrincipals, q.who) {
		return false
	}
	if st.hasAction != anyOf(slices.Concat(st.actions, st.notActions), func(a string) bool {
		return newPattern(strings.ToLower(a), "", nil).matches(strings.ToLower(q.action))
	}) {
		return false
	}
	if st.hasResource || st.hasNotResource {
		hit := false
		for _, r := range slices.Concat(st.resources, st.notResources) {
			hit = hit || newResource(r, d.version, q.keys).matches(q.resource)
		}
		if hit != st.hasResource {
			return false
		}
	}
	return !anyOf(st.conditions, func(c condition) bool { return !d.meets(c, q.keys) })
}

func (d *document) meets(c condition, keys contextKeys) bool {
	got, present := keys[strings.ToLower(c.key)]
	version := d.version
	if !c.operator.variables() {
		version = ""
	}
	want := make([]pattern, len(c.values))
	for i, v := range c.values {
		want[i] = newPattern(v, version, keys)
	}
	return c.operator.holds(got, present, want)
}

// namesAny says whether a Principal element names the caller by one of its names.
func namesAny(listed, who []principal) bool {
	return anyOf(listed, func(p principal) bool {
		return p.kind == "*" || p.kind == "AWS" && p.value == "*" && hasKind(who, "AWS") || slices.Contains(who, p)
	})
}

func hasKind(who []principal, kind string) bool {
	return slices.ContainsFunc(who, func(p principal) bool { return p.kind == kind })
}

// judgeAll asks several policies that add up. A text that cannot be read allows
// nothing and denies everything: it should never have been stored.
func judgeAll(texts []string, q question) verdict {
	out := silent
	for _, text := range texts {
		d, err := parseDocument(text)
		if err != nil {
			return denies
		}
		out = max(out, d.judge(q))
	}
	return out
}
