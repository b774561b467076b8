package policies

import (
	"maps"
	"slices"
	"strings"
)

// statement compares two statements that are about the same. In an Allow, more is
// wider; in a Deny, less is.
func (d *differ) statement(a, f Statement) {
	if a.Effect != f.Effect {
		d.add(a.label(), compact(a), compact(f), f.allows(), !f.allows(), "now "+does(f)+" what "+a.label()+" "+did[a.allows()])
		return
	}
	in := a.label() + ", "
	if a.Sid != f.Sid {
		d.add(in+"name", said(one(a.Sid)), said(one(f.Sid)), false, false, "has another name")
	}
	d.lists(a, in+"action", a.Action, f.Action, "")
	d.lists(a, in+"resource", a.Resource, f.Resource, "on ")
	d.exceptions(a, in+"not action", a.NotAction, f.NotAction)
	d.exceptions(a, in+"not resource", a.NotResource, f.NotResource)
	for _, kind := range keysOf(a.Principal, f.Principal) {
		d.principals(a, in+"principal "+kind, a.Principal[kind], f.Principal[kind])
	}
	for _, kind := range keysOf(a.NotPrincipal, f.NotPrincipal) {
		if x, y := a.NotPrincipal[kind], f.NotPrincipal[kind]; !slices.Equal(x, y) {
			d.add(in+"not principal "+kind, said(x), said(y), true, true, "excepts others")
		}
	}
	d.conditions(in, a, f)
}

var did = map[bool]string{true: "allowed", false: "denied"}

// lists compares what a statement names. A list that is there on one side only
// changes the statement's sense, and then anything may be.
func (d *differ) lists(s Statement, field string, was, is list, on string) {
	if slices.Equal(was, is) {
		return
	}
	if len(was) == 0 || len(is) == 0 {
		d.add(field, said(was), said(is), true, true, "says in another way what it "+does(s))
		return
	}
	added, gone := outside(is, was), outside(was, is)
	verb := does(s)
	if on != "" && s.allows() {
		verb, on = "reaches", ""
	}
	partly := slices.ContainsFunc(gone, func(g string) bool {
		return anyOf(is, func(i string) bool { return overlaps(widest(g), widest(i)) })
	})
	var why []string
	switch {
	case partly && len(added) == 0:
		why = append(why, verb+" "+on+firstFew(is, 3)+" alone")
	case len(gone) > 0:
		why = append(why, "no longer "+verb+" "+on+firstFew(gone, 3))
	}
	if len(added) > 0 {
		why = append([]string{verb + " " + on + firstFew(added, 3) + " as well"}, why...)
	}
	if len(why) == 0 {
		why = append(why, "says the same in other words")
	}
	more, less := len(added) > 0, len(gone) > 0
	if !s.allows() {
		more, less = less, more
	}
	d.add(field, said(was), said(is), more, less, and(why))
}

// exceptions compares what a statement leaves out: more exceptions of an Allow are
// narrower.
func (d *differ) exceptions(s Statement, field string, was, is list) {
	if slices.Equal(was, is) {
		return
	}
	if len(was) == 0 || len(is) == 0 {
		d.add(field, said(was), said(is), true, true, "says in another way what it "+does(s))
		return
	}
	more, less := len(outside(was, is)) > 0, len(outside(is, was)) > 0
	if !s.allows() {
		more, less = less, more
	}
	d.add(field, said(was), said(is), more, less, "excepts something else from what it "+does(s))
}

func (d *differ) principals(s Statement, field string, was, is list) {
	if slices.Equal(was, is) {
		return
	}
	added, gone := outside(is, was), outside(was, is)
	more, less := len(added) > 0, len(gone) > 0
	why := []string{}
	if more {
		why = append(why, "is about "+firstFew(added, 3)+" as well")
	}
	if less {
		why = append(why, "is no longer about "+firstFew(gone, 3))
	}
	if !s.allows() {
		more, less = less, more
	}
	d.add(field, said(was), said(is), more, less, and(why))
}

// outside are the patterns that none of the others certainly covers.
func outside(patterns, of list) list {
	var out list
	for _, p := range patterns {
		if !within(list{p}, of) {
			out = append(out, p)
		}
	}
	return out
}

// conditions compares what is demanded of each key, one difference a key, whatever
// the operators: "StringEquals x" became "StringLike y".
func (d *differ) conditions(in string, a, f Statement) {
	x, y := byKey(a.Condition), byKey(f.Condition)
	for _, key := range keysOf(x, y) {
		was, is := x[key], y[key]
		if maps.EqualFunc(was, is, func(v, w list) bool { return slices.Equal(v, w) }) {
			continue
		}
		var more, less bool
		for _, op := range keysOf(was, is) {
			if !slices.Equal(was[op], is[op]) {
				more = more || looser(op, was[op], is[op], a.allows())
				less = less || looser(op, is[op], was[op], a.allows())
			}
		}
		why := "demands something else of " + key
		switch {
		case len(is) == 0:
			why = "no longer demands anything of " + key
		case len(was) == 0:
			why = "demands something of " + key
		case more == a.allows() && less != a.allows():
			why = "demands less of " + key
		case less == a.allows() && more != a.allows():
			why = "demands more of " + key
		}
		d.add(in+"condition "+key, demands(was), demands(is), more, less, why)
	}
}

// byKey turns conditions round: what is demanded of each key, by operator.
func byKey(c conditions) map[string]map[string]list {
	out := map[string]map[string]list{}
	for op, keys := range c {
		for key, values := range keys {
			if out[key] == nil {
				out[key] = map[string]list{}
			}
			out[key][op] = values
		}
	}
	return out
}

func demands(ops map[string]list) string {
	if len(ops) == 0 {
		return none
	}
	var all []string
	for _, op := range keysOf(ops, nil) {
		all = append(all, op+" "+said(ops[op]))
	}
	return strings.Join(all, " and ")
}

// looser reports whether a condition may hold where it did not before (in a Deny:
// may fail where it held). Conditions are all of them needed, so one more makes an
// Allow narrower and one less makes it wider.
func looser(op string, approved, found list, allow bool) bool {
	if !allow {
		approved, found = found, approved
	}
	switch {
	case len(found) == 0:
		return true
	case len(approved) == 0:
		return false
	}
	o := parseOperator(op)
	if o.set || !o.known() {
		return true
	}
	contains := subset
	if o.base == "stringlike" {
		contains = func(small, large list) bool { return within(small, large) }
	}
	if o.negated {
		return !contains(approved, found)
	}
	return !contains(found, approved)
}

// within reports whether every pattern of narrow is certainly covered by one of wide.
func within(narrow, wide list) bool {
	for _, n := range narrow {
		sure := func(w string) bool {
			return w == n || w == "*" || !strings.Contains(w+n, "${") && covers(w, n)
		}
		if !anyOf(wide, sure) {
			return false
		}
	}
	return true
}

func subset(small, large list) bool {
	return !slices.ContainsFunc(small, func(v string) bool { return !slices.Contains(large, v) })
}
