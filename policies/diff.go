package policies

import (
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// none stands for what is not there.
const none = "none"

// Direction is what a change does to what is allowed.
type Direction = string

// The directions. Wider and narrower are conservative: narrower is said only where
// it is certain that nothing is allowed that was not, and wider only where besides
// nothing is lost for certain. What may do both is sideways.
const (
	Same     Direction = "same"
	Narrower Direction = "narrower"
	Wider    Direction = "wider"
	Sideways Direction = "sideways"
)

// Comparison is the difference of two documents, field by field.
type Comparison struct {
	Direction Direction `json:"direction"`
	Why       string    `json:"why"` // a sentence
	Changes   []Change  `json:"changes"`
}

// Change is the difference of one field.
type Change struct {
	Field     string    `json:"field"` // "statement Site, action"
	Was       string    `json:"was"`   // "none" if it was not there
	Is        string    `json:"is"`
	Direction Direction `json:"direction"`
	Why       string    `json:"why"` // after "it": "allows s3:PutObject as well"
	more      bool      // it is not certain that nothing new is allowed
	less      bool      // it is not certain that nothing is lost
}

// Compare compares two policy documents by meaning and not by spelling. Percent-
// encoded documents are decoded by the caller.
func Compare(was, is string) Comparison {
	d := &differ{}
	if was != is {
		d.documents(was, is)
	}
	c := Comparison{Direction: Same, Why: "They mean the same.", Changes: d.out}
	more := slices.ContainsFunc(d.out, func(c Change) bool { return c.more })
	less := slices.ContainsFunc(d.out, func(c Change) bool { return c.less })
	c.Direction = direction(more, less)
	var why []string
	for _, change := range d.out {
		if change.more == more && change.less == less || change.more && more {
			why = unique(why, change.Why)
		}
	}
	if len(d.out) > 0 && c.Direction == Same {
		c.Why = "They are spelled differently and allow the same."
	} else if len(why) > 0 {
		c.Why = sentenceCase(c.Direction) + ": it " + firstFew(why, 3) + "."
	}
	if c.Changes == nil {
		c.Changes = []Change{}
	}
	return c
}

func direction(more, less bool) Direction {
	switch {
	case more && less:
		return Sideways
	case more:
		return Wider
	case less:
		return Narrower
	}
	return Same
}

// firstFew joins the first few of many.
func firstFew(all []string, most int) string {
	if len(all) <= most {
		return and(all)
	}
	return strings.Join(all[:most], ", ") + ", and more"
}

// Diff compares two policy documents field by field, by meaning and not by
// spelling. Kind names the document in the fields: "trust policy". Wider is set
// wherever it is not certain that the difference lets nobody in and allows nothing
// that was not approved. Percent-encoded documents are decoded by the caller.
func Diff(kind, approved, found string) []workflows.Difference {
	var out []workflows.Difference
	for _, c := range Compare(approved, found).Changes {
		field := kind
		if c.Field != "" {
			field += ": " + c.Field
		}
		out = append(out, workflows.Difference{Field: field, Approved: c.Was, Found: c.Is, Wider: c.more})
	}
	return out
}

type differ struct{ out []Change }

func (d *differ) add(field, was, is string, more, less bool, why string) {
	d.out = append(d.out, Change{field, was, is, direction(more, less), why, more, less})
}

func (d *differ) documents(was, is string) {
	a, errA := Parse(was)
	f, errF := Parse(is)
	if errA != nil || errF != nil {
		d.add("", was, is, true, true, "cannot be read safely")
		return
	}
	if a.Version != f.Version {
		matters := strings.Contains(was+is, "${")
		d.add("version", said(one(a.Version)), said(one(f.Version)), matters || f.Version != policyVersion, matters || a.Version != policyVersion, "is of another version of the policy language")
	}
	pairs, gone, added := pair(a.Canonical().Statement, f.Canonical().Statement)
	for _, p := range pairs {
		d.statement(p[0], p[1])
	}
	for _, s := range gone {
		d.add(s.label(), compact(s), none, !s.allows(), s.allows(), "no longer "+does(s)+" what "+s.label()+" did")
	}
	for _, s := range added {
		d.add(s.label(), none, compact(s), s.allows(), !s.allows(), does(s)+" as well what "+s.label()+" says")
	}
}

// does is what a statement does with what it names.
func does(s Statement) string {
	if s.allows() {
		return "allows"
	}
	return "denies"
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

func said(l list) string {
	if len(l) == 0 {
		return none
	}
	return strings.Join(l, ", ")
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
