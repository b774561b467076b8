package policies

import (
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// comparison compares a value of a policy with one that a call has.
type comparison func(want pattern, found string) tri

// comparisons are IAM's condition operators but Null, none of them negated.
var comparisons = map[string]comparison{
	"stringequals":             plainly(func(w, f string) bool { return w == f }),
	"stringequalsignorecase":   plainly(strings.EqualFold),
	"stringlike":               pattern.matches,
	"bool":                     plainly(strings.EqualFold),
	"binaryequals":             plainly(func(w, f string) bool { return w == f }),
	"arnequals":                likeARN,
	"arnlike":                  likeARN,
	"ipaddress":                address,
	"numericequals":            number(func(c int) bool { return c == 0 }),
	"numericlessthan":          number(func(c int) bool { return c < 0 }),
	"numericlessthanequals":    number(func(c int) bool { return c <= 0 }),
	"numericgreaterthan":       number(func(c int) bool { return c > 0 }),
	"numericgreaterthanequals": number(func(c int) bool { return c >= 0 }),
	"dateequals":               moment(func(c int) bool { return c == 0 }),
	"datelessthan":             moment(func(c int) bool { return c < 0 }),
	"datelessthanequals":       moment(func(c int) bool { return c <= 0 }),
	"dategreaterthan":          moment(func(c int) bool { return c > 0 }),
	"dategreaterthanequals":    moment(func(c int) bool { return c >= 0 }),
}

// plainly compares without wildcards.
func plainly(is func(want, found string) bool) comparison {
	return func(w pattern, found string) tri {
		if w.filled != yes {
			return w.filled
		}
		return truth(is(w.plain(), found))
	}
}

// typed compares what has to be read first. A policy's value that cannot be read
// could not be stored in IAM, so nothing is known about it; a call's value that
// cannot be read matches nothing.
func typed[T any](read func(string) (T, bool), is func(found, want T) bool) comparison {
	return func(w pattern, found string) tri {
		want, ok := read(w.plain())
		if !ok || w.filled != yes {
			return min(perhaps, w.filled)
		}
		have, ok := read(found)
		return truth(ok && is(have, want))
	}
}

func number(is func(found int) bool) comparison {
	return typed(readNumber, func(found, want *big.Rat) bool { return is(found.Cmp(want)) })
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?$`)

func readNumber(s string) (*big.Rat, bool) {
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func moment(is func(found int) bool) comparison {
	return typed(readMoment, func(found, want time.Time) bool { return is(found.Compare(want)) })
}

// readMoment reads one of W3C's forms of ISO 8601, or seconds since 1970.
func readMoment(s string) (time.Time, bool) {
	if len(s) > 4 && len(s) < 12 && strings.Trim(s, "0123456789") == "" {
		seconds, err := strconv.ParseInt(s, 10, 64)
		return time.Unix(seconds, 0).UTC(), err == nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func readPrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// address is IpAddress: the policy has a range or one address, the call one address.
func address(w pattern, found string) tri {
	return typed(readPrefix, func(found, want netip.Prefix) bool {
		return found.IsSingleIP() && want.Contains(found.Addr())
	})(w, found)
}

// likeARN compares the six parts of an ARN each for itself, so that no wildcard
// reaches over a colon but in the last.
func likeARN(w pattern, found string) tri {
	wants, parts := w.split(), strings.SplitN(found, ":", 6)
	if len(wants) != 6 {
		return min(perhaps, w.filled)
	}
	out := truth(len(parts) == 6)
	for i := 0; i < 6 && out != no; i++ {
		out = min(out, wants[i].matches(parts[i]))
	}
	return out
}
