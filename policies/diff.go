package policies

import (
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// none stands for what is not there.
const none = "none"

// Diff compares two policy documents field by field, by meaning and not by
// spelling. Kind names the document in the fields: "trust policy". Wider is set
// wherever it is not certain that the difference lets nobody in and allows nothing
// that was not approved. Percent-encoded documents are decoded by the caller.
func Diff(kind, approved, found string) []workflows.Difference {
	if approved == found {
		return nil
	}
	a, errA := Parse(approved)
	f, errF := Parse(found)
	if errA != nil || errF != nil {
		return []workflows.Difference{{Field: kind, Approved: approved, Found: found, Wider: true}}
	}
	d := &differ{kind: kind}
	d.field("version", list{a.Version}, list{f.Version}, true)
	pairs, gone, added := pair(a.Canonical().Statement, f.Canonical().Statement)
	for _, p := range pairs {
		d.statement(p[0], p[1])
	}
	for _, s := range gone {
		d.add(s.label(), compact(s), none, !s.allows())
	}
	for _, s := range added {
		d.add(s.label(), none, compact(s), s.allows())
	}
	return d.out
}

type differ struct {
	kind string
	out  []workflows.Difference
}

func (d *differ) add(field, approved, found string, wider bool) {
	d.out = append(d.out, workflows.Difference{Field: d.kind + ": " + field, Approved: approved, Found: found, Wider: wider})
}

// field notes a difference of two lists, if there is one.
func (d *differ) field(name string, approved, found list, wider bool) {
	if !slices.Equal(approved, found) {
		d.add(name, said(approved), said(found), wider)
	}
}

func said(l list) string {
	if len(l) == 0 {
		return none
	}
	return strings.Join(l, ", ")
}

// statement compares two statements that are about the same. In an Allow, more is
// wider; in a Deny, less is. What is negated is always taken as wider.
func (d *differ) statement(a, f Statement) {
	if a.Effect != f.Effect {
		d.add(a.label(), compact(a), compact(f), f.allows())
		return
	}
	in := a.label() + ", "
	d.field(in+"name", one(a.Sid), one(f.Sid), false)
	wider := func(approved, found list) bool {
		if len(approved) == 0 || len(found) == 0 {
			return true
		}
		if !a.allows() {
			approved, found = found, approved
		}
		return !within(found, approved)
	}
	d.field(in+"action", a.Action, f.Action, wider(a.Action, f.Action))
	d.field(in+"resource", a.Resource, f.Resource, wider(a.Resource, f.Resource))
	d.field(in+"not action", a.NotAction, f.NotAction, true)
	d.field(in+"not resource", a.NotResource, f.NotResource, true)
	for _, kind := range keysOf(a.Principal, f.Principal) {
		x, y := a.Principal[kind], f.Principal[kind]
		more := !within(y, x)
		if !a.allows() {
			more = !within(x, y)
		}
		d.field(in+"principal "+kind, x, y, more)
	}
	for _, kind := range keysOf(a.NotPrincipal, f.NotPrincipal) {
		d.field(in+"not principal "+kind, a.NotPrincipal[kind], f.NotPrincipal[kind], true)
	}
	d.conditions(in, a, f)
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
		wider := slices.ContainsFunc(keysOf(was, is), func(op string) bool {
			return !slices.Equal(was[op], is[op]) && looser(op, was[op], is[op], a.allows())
		})
		d.add(in+"condition "+key, demands(was), demands(is), wider)
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
	if o.negated {
		return !subset(approved, found)
	}
	return !subset(found, approved)
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

// pair puts statements together that are about the same: equal ones are left out,
// then those of one name, then those that are left, in their order.
func pair(a, f []Statement) (pairs [][2]Statement, gone, added []Statement) {
	a, f = slices.Clone(a), slices.Clone(f)
	pass := func(same func(x, y Statement) bool, keep bool) {
		a = slices.DeleteFunc(a, func(x Statement) bool {
			i := slices.IndexFunc(f, func(y Statement) bool { return same(x, y) })
			if i < 0 {
				return false
			}
			if keep {
				pairs = append(pairs, [2]Statement{x, f[i]})
			}
			f = slices.Delete(f, i, i+1)
			return true
		})
	}
	pass(func(x, y Statement) bool { return compact(x) == compact(y) }, false)
	pass(func(x, y Statement) bool { x.Sid, y.Sid = "", ""; return compact(x) == compact(y) }, true)
	pass(func(x, y Statement) bool { return x.Sid != "" && x.Sid == y.Sid }, true)
	pass(func(x, y Statement) bool { return x.Effect == y.Effect && x.Sid == "" && y.Sid == "" }, true)
	return pairs, a, f
}

func one(s string) list {
	if s == "" {
		return nil
	}
	return list{s}
}

// keysOf returns the keys of both maps, each once, in order.
func keysOf[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
