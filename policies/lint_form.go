package policies

import (
	"encoding/base64"
	"slices"
	"strings"

	"fedbot/workflows"
)

// elements looks for what AWS would refuse in a statement.
func (l *linter) elements(seen map[string]bool) {
	s := l.statement
	if s.Action == nil && s.NotAction == nil || s.Resource == nil && s.NotResource == nil {
		l.add("D4", workflows.Medium, "", l.say("names no action or no resource: AWS refuses it."))
	}
	if s.Action != nil && s.NotAction != nil || s.Resource != nil && s.NotResource != nil {
		l.add("D4", workflows.Medium, "", l.say("says what is meant and what is not: AWS refuses both at once."))
	}
	if s.Sid == "" {
		return
	}
	if !sid.MatchString(s.Sid) {
		l.add("D4", workflows.Medium, ".Sid", l.say("has a Sid with other characters than letters and digits: AWS refuses it."))
	}
	if seen[s.Sid] {
		l.add("D4", workflows.Medium, ".Sid", l.say("has the Sid of another one: AWS refuses it."))
	}
	seen[s.Sid] = true
}

// meets asks that every named action can be used on one of the named resources, and
// that conditions test keys that AWS sends with it.
func (l *linter) meets() {
	s := l.statement
	for _, a := range s.Action {
		have, ok := FindAction(a)
		if !ok || s.Resource == nil {
			continue
		}
		var on []ResourceType
		star := slices.Contains(s.Resource, "*")
		for _, r := range s.Resource {
			on = append(on, usable(have, r)...)
		}
		if len(on) == 0 && !star {
			fix := "Write \"*\", which is all that AWS knows for it."
			if len(have.On) > 0 {
				fix = "Put it beside a resource such as " + have.On[0].Pattern() + "."
			}
			l.add("D5", workflows.Medium, ".Resource", l.say("allows %s on nothing that it can be used on, so it never allows it.", have.Name), fix)
			continue
		}
		l.keys(have, on)
	}
}

// usable are the kinds of a resource pattern that an action can be used on. A bucket's
// name has no slash: whoever adds one means the files in it.
func usable(a Action, pattern string) []ResourceType {
	var out []ResourceType
	for _, kind := range a.Resources(widest(pattern)) {
		file := strings.HasPrefix(pattern, "arn:aws:s3:::") && strings.Contains(pattern, "/")
		if sameKind(widest(pattern), kind.Pattern()) && !(kind.Name == "bucket" && file) {
			out = append(out, kind)
		}
	}
	return out
}

// sameKind compares the parts of two ARN patterns each for itself: no real ARN has a
// colon in its region or account.
func sameKind(a, b string) bool {
	x, y := strings.SplitN(a, ":", 6), strings.SplitN(b, ":", 6)
	if len(x) != 6 || len(y) != 6 {
		return true
	}
	for i := range x {
		if !overlaps(x[i], y[i]) {
			return false
		}
	}
	return true
}

// keys looks at the keys that a statement's conditions test with one action.
func (l *linter) keys(a Action, on []ResourceType) {
	for _, op := range keysOf(l.statement.Condition, nil) {
		o := parseOperator(op)
		for _, key := range keysOf(l.statement.Condition[op], nil) {
			if _, sent := a.Key(key, on); sent || !o.known() {
				continue
			}
			where := ".Condition." + op + "[" + shown(key) + "]"
			if o.ifExists || o.forAll || o.negated && !o.set || o.base == "null" && !slices.Equal(l.statement.Condition[op][key], list{"false"}) {
				l.add("D6", workflows.High, where, l.say("tests %s, which AWS does not send with %s: %s holds without it and limits nothing.", shown(key), a.Name, op))
			} else {
				l.add("D6", workflows.Medium, where, l.say("tests %s, which AWS does not send with %s: it never allows it.", shown(key), a.Name))
			}
		}
	}
}

// operators looks at the operators of conditions and at what they are given.
func (l *linter) operators(version string) {
	s := l.statement
	for _, op := range keysOf(s.Condition, nil) {
		o := parseOperator(op)
		if !o.known() {
			l.add("D7", workflows.High, ".Condition."+op, l.say("uses %s, which is no operator of IAM: AWS refuses it.", shown(op)))
			continue
		}
		for _, key := range keysOf(s.Condition[op], nil) {
			where := ".Condition." + op + "[" + shown(key) + "]"
			for _, v := range s.Condition[op][key] {
				if !o.reads(v) && !(version == policyVersion && strings.Contains(v, "${")) {
					l.add("D7", workflows.Medium, where, l.say("gives %s the value %s, which it cannot read: AWS refuses it or it never holds.", op, shown(v)))
				}
			}
			if o.forAll && s.allows() && !s.guarded(key) {
				l.add("D7", workflows.High, where, l.say("lets everything pass that has no %s, because %s holds for no value.", shown(key), op),
					`Add "Null": {"`+shown(key)+`": "false"}.`)
			}
			if o.ifExists && s.allows() {
				l.add("D7", workflows.Low, where, l.say("lets everything pass that has no %s.", shown(key)), "Leave IfExists away, unless calls without the key are meant.")
			}
		}
	}
}

// guarded reports whether a Null condition demands that the key is there.
func (s Statement) guarded(key string) bool {
	for op, keys := range s.Condition {
		for k, values := range keys {
			if parseOperator(op).base == "null" && strings.EqualFold(k, key) && slices.Equal(values, list{"false"}) {
				return true
			}
		}
	}
	return false
}

// reads reports whether an operator can compare with a value of a policy.
func (o operator) reads(v string) bool {
	ok := true
	switch {
	case o.base == "bool" || o.base == "null":
		ok = strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	case strings.HasPrefix(o.base, "numeric"):
		_, ok = readNumber(v)
	case strings.HasPrefix(o.base, "date"):
		_, ok = readMoment(v)
	case o.base == "ipaddress":
		_, ok = readPrefix(v)
	case o.base == "binaryequals":
		_, err := base64.StdEncoding.DecodeString(v)
		ok = err == nil
	case strings.HasPrefix(o.base, "arn"):
		ok = v == "*" || strings.Count(v, ":") >= 5
	}
	return ok
}
