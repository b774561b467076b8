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

// keyring is what a call brings: its condition keys by lower-case name. A key that
// is not there is absent, unless open says that it is not known whether it is.
type keyring struct {
	keys map[string][]string
	open func(key string) bool
}

func (k keyring) get(key string) (found []string, known bool) {
	key = strings.ToLower(key)
	found = k.keys[key]
	return found, len(found) > 0 || k.open == nil || !k.open(key)
}

// unmet is a condition that did not hold, as a person wants to see it.
type unmet struct {
	Operator, Key string
	Want, Found   []string
	Sure          bool // false: it could not be judged
}

// hold reports whether all conditions of a statement hold, and the one that fails
// most surely if they do not.
func (c conditions) hold(version string, have keyring) (tri, *unmet) {
	out := yes
	var first *unmet
	for _, op := range keysOf(c, nil) {
		for _, key := range keysOf(c[op], nil) {
			one := holds(parseOperator(op), key, c[op][key], version, have)
			if one < out {
				found, _ := have.get(key)
				out, first = one, &unmet{op, key, c[op][key], found, one == no}
			}
		}
	}
	return out, first
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

// known reports whether IAM has such an operator.
func (o operator) known() bool {
	if o.base == "null" {
		return !o.ifExists && !o.set
	}
	_, ok := comparisons[o.base]
	return ok
}

var negations = map[string]string{
	"stringnotequals":           "stringequals",
	"stringnotequalsignorecase": "stringequalsignorecase",
	"stringnotlike":             "stringlike",
	"numericnotequals":          "numericequals",
	"datenotequals":             "dateequals",
	"notipaddress":              "ipaddress",
	"arnnotequals":              "arnequals",
	"arnnotlike":                "arnlike",
}

// holds judges one key under one operator. The values are alternatives; absent keys
// go by IAM's table: a plain operator fails, a negated one, …IfExists and
// ForAllValues hold.
func holds(o operator, key string, values []string, version string, have keyring) tri {
	if !o.known() {
		return perhaps
	}
	found, known := have.get(key)
	if o.base == "null" {
		return holdsNull(values, found, known)
	}
	if !known {
		return perhaps
	}
	if len(found) == 0 {
		return truth(o.ifExists || o.forAll || o.negated && !o.set)
	}
	// ForAllValues, and what is negated without a set, ask something of every value
	// that the call has; the others are content with one.
	every := o.forAll || o.negated && !o.set
	out := truth(every)
	for _, f := range found {
		one := oneOf(comparisons[o.base], values, f, version, have)
		if o.negated {
			one = not(one)
		}
		if every {
			out = min(out, one)
		} else {
			out = max(out, one)
		}
	}
	return out
}

func holdsNull(values, found []string, known bool) tri {
	out := no
	for _, v := range values {
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") || !known {
			out = max(out, perhaps)
		} else if strings.EqualFold(v, "true") == (len(found) == 0) {
			return yes
		}
	}
	return out
}

// oneOf reports whether one of the alternatives matches.
func oneOf(is comparison, values []string, found, version string, have keyring) tri {
	out := no
	for _, v := range values {
		if out = max(out, is(value(v, version, have), found)); out == yes {
			break
		}
	}
	return out
}
