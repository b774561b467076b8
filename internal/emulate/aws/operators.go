package aws

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// operator is a condition operator, taken apart.
type operator struct {
	set      string // "", "ForAllValues" or "ForAnyValue"
	test     string // the positive form: "StringEquals", "DateLessThan", …
	negated  bool
	ifExists bool
}

// tests are the positive operators and how each compares a value of the call
// with a value of the policy.
var tests = map[string]func(got string, want pattern) bool{
	"StringEquals":             func(got string, want pattern) bool { return got == want.plain() },
	"StringEqualsIgnoreCase":   func(got string, want pattern) bool { return strings.EqualFold(got, want.plain()) },
	"StringLike":               func(got string, want pattern) bool { return want.matches(got) },
	"ArnLike":                  matchARN,
	"IpAddress":                matchAddress,
	"Bool":                     func(got string, want pattern) bool { return strings.EqualFold(got, want.plain()) },
	"BinaryEquals":             func(got string, want pattern) bool { return got == want.plain() },
	"NumericEquals":            number(func(c int) bool { return c == 0 }),
	"NumericLessThan":          number(func(c int) bool { return c < 0 }),
	"NumericLessThanEquals":    number(func(c int) bool { return c <= 0 }),
	"NumericGreaterThan":       number(func(c int) bool { return c > 0 }),
	"NumericGreaterThanEquals": number(func(c int) bool { return c >= 0 }),
	"DateEquals":               date(func(c int) bool { return c == 0 }),
	"DateLessThan":             date(func(c int) bool { return c < 0 }),
	"DateLessThanEquals":       date(func(c int) bool { return c <= 0 }),
	"DateGreaterThan":          date(func(c int) bool { return c > 0 }),
	"DateGreaterThanEquals":    date(func(c int) bool { return c >= 0 }),
	"Null":                     nil, // looks at the key alone
}

// otherNames are the negated operators, and ArnEquals, which IAM treats as ArnLike.
var otherNames = map[string]operator{
	"StringNotEquals":           {test: "StringEquals", negated: true},
	"StringNotEqualsIgnoreCase": {test: "StringEqualsIgnoreCase", negated: true},
	"StringNotLike":             {test: "StringLike", negated: true},
	"ArnEquals":                 {test: "ArnLike"},
	"ArnNotEquals":              {test: "ArnLike", negated: true},
	"ArnNotLike":                {test: "ArnLike", negated: true},
	"NotIpAddress":              {test: "IpAddress", negated: true},
	"NumericNotEquals":          {test: "NumericEquals", negated: true},
	"DateNotEquals":             {test: "DateEquals", negated: true},
}

func parseOperator(name string) (operator, bool) {
	set, rest, found := strings.Cut(name, ":")
	if !found {
		set, rest = "", name
	} else if set != "ForAllValues" && set != "ForAnyValue" {
		return operator{}, false
	}
	rest, ifExists := strings.CutSuffix(rest, "IfExists")
	op, ok := otherNames[rest]
	if !ok {
		op = operator{test: rest}
		_, ok = tests[rest]
	}
	op.set, op.ifExists = set, ifExists
	return op, ok && (op.test != "Null" || !ifExists)
}

// variables says whether values of the operator may hold policy variables.
func (o operator) variables() bool {
	return strings.HasPrefix(o.test, "String") || strings.HasPrefix(o.test, "Arn")
}

// check refuses policy values that the operator could never compare.
func (o operator) check(values []string) error {
	for _, v := range values {
		ok := true
		switch {
		case strings.Contains(v, "${"):
		case o.test == "Bool" || o.test == "Null":
			ok = strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
		case strings.HasPrefix(o.test, "Numeric"):
			_, ok = parseNumber(v)
		case strings.HasPrefix(o.test, "Date"):
			_, ok = parseDate(v)
		case o.test == "IpAddress":
			_, ok = parsePrefix(v)
		case o.test == "BinaryEquals":
			_, err := base64.StdEncoding.DecodeString(v)
			ok = err == nil
		}
		if !ok {
			return malformed("Invalid value %q for condition type %s", v, o.test)
		}
	}
	return nil
}

// holds decides one condition: got are the call's values, present says whether
// the call has the key at all.
func (o operator) holds(got []string, present bool, want []pattern) bool {
	present = present && len(got) > 0
	if o.set != "" && !anyOf(got, func(v string) bool { return v != "" }) {
		present = false // a set of empty text is an empty set
	}
	if o.test == "Null" {
		return anyOf(want, func(w pattern) bool { return strings.EqualFold(w.plain(), "true") != present })
	}
	if !present {
		switch {
		case o.set == "ForAllValues" || o.ifExists:
			return true
		case o.set == "ForAnyValue":
			return false
		}
		return o.negated
	}
	one := func(value string) bool {
		return o.negated != anyOf(want, func(w pattern) bool { return w.usable && tests[o.test](value, w) })
	}
	if o.set == "ForAllValues" || o.set == "" && o.negated {
		return !anyOf(got, func(value string) bool { return !one(value) })
	}
	return anyOf(got, one)
}

func anyOf[T any](list []T, is func(T) bool) bool {
	for _, v := range list {
		if is(v) {
			return true
		}
	}
	return false
}

func number(is func(int) bool) func(string, pattern) bool {
	return func(got string, want pattern) bool {
		a, ok1 := parseNumber(got)
		b, ok2 := parseNumber(want.plain())
		return ok1 && ok2 && is(a.Cmp(b))
	}
}

var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`)

// parseNumber reads an integer or a decimal, and no fraction or power.
func parseNumber(v string) (*big.Rat, bool) {
	if !decimal.MatchString(v) {
		return nil, false
	}
	return new(big.Rat).SetString(v)
}

func date(is func(int) bool) func(string, pattern) bool {
	return func(got string, want pattern) bool {
		a, ok1 := parseDate(got)
		b, ok2 := parseDate(want.plain())
		return ok1 && ok2 && is(a.Compare(b))
	}
}

// parseDate reads a W3C date or seconds since 1970.
func parseDate(v string) (time.Time, bool) {
	if secs, err := strconv.ParseInt(v, 10, 64); err == nil && len(v) > 4 {
		return time.Unix(secs, 0).UTC(), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func parsePrefix(v string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(v); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(v)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func matchAddress(got string, want pattern) bool {
	a, err := netip.ParseAddr(got)
	p, ok := parsePrefix(want.plain())
	return err == nil && ok && p.Contains(a.Unmap())
}

// matchARN compares the six parts of an ARN each for itself, so that a wildcard
// cannot reach over a colon.
func matchARN(got string, want pattern) bool {
	parts := strings.SplitN(got, ":", 6)
	wants := want.split(':', 6)
	if len(parts) != 6 || len(wants) != 6 {
		return false
	}
	for i := range parts {
		if !wants[i].matches(parts[i]) {
			return false
		}
	}
	return true
}
