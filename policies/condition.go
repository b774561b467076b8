package policies

import "strings"

// tri is a truth value that knows when it does not know.
type tri int

const (
	no tri = iota
	perhaps
	yes
)

func truth(b bool) tri {
	if b {
		return yes
	}
	return no
}

func both(a, b tri) tri { return min(a, b) }

func not(a tri) tri { return yes - a }

// hold reports whether all conditions of a statement hold for a context whose keys
// are in lower case.
func (c conditions) hold(context map[string][]string) tri {
	out := yes
	for op, keys := range c {
		for key, values := range keys {
			out = both(out, holds(op, values, context[strings.ToLower(key)]))
		}
	}
	return out
}

// operator is a condition operator taken apart.
type operator struct {
	base     string // "stringequals", never negated
	negated  bool
	ifExists bool
	forAll   bool
	set      bool // ForAllValues or ForAnyValue
}

func parseOperator(text string) operator {
	o := operator{base: strings.ToLower(text)}
	if rest, ok := strings.CutPrefix(o.base, "forallvalues:"); ok {
		o.base, o.forAll, o.set = rest, true, true
	} else if rest, ok := strings.CutPrefix(o.base, "foranyvalue:"); ok {
		o.base, o.set = rest, true
	}
	if rest, ok := strings.CutSuffix(o.base, "ifexists"); ok {
		o.base, o.ifExists = rest, true
	}
	if positive, ok := negations[o.base]; ok {
		o.base, o.negated = positive, true
	}
	return o
}

var negations = map[string]string{
	"stringnotequals":           "stringequals",
	"stringnotequalsignorecase": "stringequalsignorecase",
	"stringnotlike":             "stringlike",
	"arnnotequals":              "arnequals",
	"arnnotlike":                "arnlike",
}

// holds judges one key under one operator. The values are alternatives; absent keys
// go by IAM's table: a plain operator fails, a negated one, …IfExists and
// ForAllValues hold.
func holds(text string, values, found []string) tri {
	o := parseOperator(text)
	if o.base == "null" {
		return truth(len(values) == 1 && (values[0] == "true") == (len(found) == 0))
	}
	test, known := tests[o.base]
	if !known {
		return perhaps
	}
	if len(found) == 0 {
		return truth(o.negated && !(o.set && !o.forAll) || o.ifExists || o.forAll)
	}
	out := no
	if o.forAll {
		out = yes
	}
	for _, f := range found {
		one := oneOf(values, f, test)
		if o.negated {
			one = not(one)
		}
		if o.forAll {
			out = min(out, one)
		} else {
			out = max(out, one)
		}
	}
	return out
}

// tests compare one value of a policy with one of the call.
var tests = map[string]func(want, found string) bool{
	"stringequals":           func(w, f string) bool { return w == f },
	"stringequalsignorecase": strings.EqualFold,
	"stringlike":             matches,
	"arnequals":              matches,
	"arnlike":                matches,
	"bool":                   strings.EqualFold,
}

// oneOf reports whether one of the alternatives matches. A value with a policy
// variable depends on what is not known here.
func oneOf(values []string, found string, test func(want, found string) bool) tri {
	out := no
	for _, v := range values {
		if strings.Contains(v, "${") {
			out = max(out, perhaps)
		} else if test(v, found) {
			return yes
		}
	}
	return out
}
