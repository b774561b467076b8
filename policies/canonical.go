package policies

import (
	"slices"
	"strings"
)

// Canonical returns the document with everything in one order and one spelling:
// what means the same to IAM becomes the same here. Values and resources are
// untouched, because there case matters.
func (d Document) Canonical() Document {
	out := Document{Version: d.Version, Statement: make([]Statement, 0, len(d.Statement))}
	for _, s := range d.Statement {
		out.Statement = append(out.Statement, s.canonical())
	}
	slices.SortFunc(out.Statement, func(a, b Statement) int { return strings.Compare(compact(a), compact(b)) })
	return out
}

func (s Statement) canonical() Statement {
	s.Action, s.NotAction = sorted(s.Action, strings.ToLower), sorted(s.NotAction, strings.ToLower)
	s.Resource, s.NotResource = sorted(s.Resource, nil), sorted(s.NotResource, nil)
	s.Principal, s.NotPrincipal = s.Principal.canonical(), s.NotPrincipal.canonical()
	s.Condition = s.Condition.canonical()
	return s
}

func (p principals) canonical() principals {
	if p == nil {
		return nil
	}
	out := principals{}
	for kind, names := range p {
		out[kind] = sorted(names, func(name string) string {
			if kind == "AWS" && account.MatchString(name) {
				return "arn:aws:iam::" + name + ":root"
			}
			return name
		})
	}
	return out
}

func (c conditions) canonical() conditions {
	if len(c) == 0 {
		return nil
	}
	out := conditions{}
	for op, keys := range c {
		op = spelled(op)
		if out[op] == nil {
			out[op] = map[string]list{}
		}
		for key, values := range keys {
			out[op][strings.ToLower(key)] = sorted(values, nil)
		}
	}
	return out
}

// spelled is an operator in AWS's spelling, or as it came if it is unknown.
func spelled(op string) string {
	prefix, base := "", op
	for _, p := range []string{"ForAllValues:", "ForAnyValue:"} {
		if n := len(p); len(op) > n && strings.EqualFold(op[:n], p) {
			prefix, base = p, op[n:]
		}
	}
	suffix := ""
	if n := len(base) - len("IfExists"); n > 0 && strings.EqualFold(base[n:], "IfExists") {
		base, suffix = base[:n], "IfExists"
	}
	for _, known := range operators {
		if strings.EqualFold(base, known) {
			return prefix + known + suffix
		}
	}
	return op
}

var operators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

func sorted(l list, each func(string) string) list {
	if l == nil {
		return nil
	}
	out := slices.Clone(l)
	if each != nil {
		for i := range out {
			out[i] = each(out[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
