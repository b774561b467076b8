package aws

import (
	"bytes"
	"encoding/base64"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file is a second reading of how AWS says that policies are evaluated, made
// from the IAM user guide and not from this package's evaluator: other data, other
// algorithms (values become regular expressions, addresses net.IPNet, numbers
// floats), one table of operators. TestBothReadingsAgree compares the two.

// readRequest is a call as policies see it.
type readRequest struct {
	action, resource string
	keys             map[string][]string // by lower-case name
	principals       []string            // "AWS arn:…", "Federated arn:…"
}

// readStatement is a statement as it is generated: an element is absent if it is nil.
type readStatement struct {
	effect                  string
	principal, notPrincipal []string
	action, notAction       []string
	resource, notResource   []string
	conditions              []readCondition
}

type readCondition struct {
	set      string // "", "ForAllValues", "ForAnyValue"
	operator string // without IfExists
	ifExists bool
	key      string
	values   []string
}

// readOperator is a row of the table: the tests are the user guide's descriptions.
type readOperator struct {
	not       bool // "negated matching"
	wildcards bool // "the values can include * and ?"
	variables bool // "you can use a policy variable with" it
	test      func(request, policy string) bool
}

// documentedOperators are the tables of "IAM JSON policy elements: Condition
// operators", all but Null and the suffix IfExists, which look at the key.
var documentedOperators = map[string]readOperator{
	"StringEquals":              {false, false, true, func(r, p string) bool { return r == p }},
	"StringNotEquals":           {true, false, true, func(r, p string) bool { return r == p }},
	"StringEqualsIgnoreCase":    {false, false, true, readFold},
	"StringNotEqualsIgnoreCase": {true, false, true, readFold},
	"StringLike":                {false, true, true, likeWhole},
	"StringNotLike":             {true, true, true, likeWhole},
	"NumericEquals":             {false, false, false, readNumbers(func(r, p float64) bool { return r == p })},
	"NumericNotEquals":          {true, false, false, readNumbers(func(r, p float64) bool { return r == p })},
	"NumericLessThan":           {false, false, false, readNumbers(func(r, p float64) bool { return r < p })},
	"NumericLessThanEquals":     {false, false, false, readNumbers(func(r, p float64) bool { return r <= p })},
	"NumericGreaterThan":        {false, false, false, readNumbers(func(r, p float64) bool { return r > p })},
	"NumericGreaterThanEquals":  {false, false, false, readNumbers(func(r, p float64) bool { return r >= p })},
	"DateEquals":                {false, false, false, readDates(func(r, p time.Time) bool { return r.Equal(p) })},
	"DateNotEquals":             {true, false, false, readDates(func(r, p time.Time) bool { return r.Equal(p) })},
	"DateLessThan":              {false, false, false, readDates(func(r, p time.Time) bool { return r.Before(p) })},
	"DateLessThanEquals":        {false, false, false, readDates(func(r, p time.Time) bool { return !r.After(p) })},
	"DateGreaterThan":           {false, false, false, readDates(func(r, p time.Time) bool { return r.After(p) })},
	"DateGreaterThanEquals":     {false, false, false, readDates(func(r, p time.Time) bool { return !r.Before(p) })},
	"Bool":                      {false, false, false, readFold},
	"BinaryEquals":              {false, false, false, readBinary},
	"IpAddress":                 {false, false, false, readAddress},
	"NotIpAddress":              {true, false, false, readAddress},
	"ArnEquals":                 {false, true, true, likeARN},
	"ArnNotEquals":              {true, true, true, likeARN},
	"ArnLike":                   {false, true, true, likeARN},
	"ArnNotLike":                {true, true, true, likeARN},
}

// A wildcard that a value brings with it as a variable is an ordinary character:
// in filled-in text the wildcards of the policy's own are these.
const readStar, readMark = "\uE000", "\uE001"

// likeExpression makes a regular expression of a value: * is star, ? is mark.
func likeExpression(value, star, mark string) string {
	value = regexp.QuoteMeta(value)
	return strings.NewReplacer(readStar, star, readMark, mark).Replace(value)
}

// readFold compares whole texts ignoring case.
func readFold(request, policy string) bool {
	return regexp.MustCompile(`(?is)^` + regexp.QuoteMeta(policy) + `$`).MatchString(request)
}

func likeWhole(request, policy string) bool {
	return regexp.MustCompile(`(?s)^` + likeExpression(policy, `.*`, `.`) + `$`).MatchString(request)
}

// likeARN: "each of the six colon-delimited components of the ARN is checked
// separately and each can include multi-character match wildcards (*) or
// single-character match wildcards (?)".
func likeARN(request, policy string) bool {
	r, p := strings.SplitN(request, ":", 6), strings.SplitN(policy, ":", 6)
	if len(r) != 6 || len(p) != 6 {
		return false
	}
	for i := range r {
		if !likeWhole(r[i], p[i]) {
			return false
		}
	}
	return true
}

// likeResource: "you can use wildcard characters within the individual segments of
// an ARN (the parts separated by colons). If the * wildcard is the last character of
// a resource ARN segment, it can expand to match beyond the colon boundaries."
func likeResource(request, policy string) bool {
	if policy == readStar {
		return true
	}
	parts := strings.SplitN(policy, ":", 6)
	for i, part := range parts {
		if i == 5 {
			parts[i] = likeExpression(part, `.*`, `.`) // the resource itself is one segment, colons included
			continue
		}
		last := strings.HasSuffix(part, readStar)
		parts[i] = likeExpression(strings.TrimSuffix(part, readStar), `[^:]*`, `[^:]`)
		if last {
			parts[i] += `.*`
		}
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ":") + `$`).MatchString(request)
}

func readNumbers(is func(r, p float64) bool) func(string, string) bool {
	return func(request, policy string) bool {
		r, err1 := strconv.ParseFloat(request, 64)
		p, err2 := strconv.ParseFloat(policy, 64)
		return err1 == nil && err2 == nil && is(r, p)
	}
}

// readDates: "one of the W3C implementations of the ISO 8601 date formats or in
// epoch (UNIX) time".
func readDates(is func(r, p time.Time) bool) func(string, string) bool {
	parse := func(text string) (time.Time, bool) {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 9999 {
			return time.Unix(n, 0), true
		}
		for _, layout := range []string{"2006-01-02T15:04:05.999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, true
			}
		}
		return time.Time{}, false
	}
	return func(request, policy string) bool {
		r, ok1 := parse(request)
		p, ok2 := parse(policy)
		return ok1 && ok2 && is(r, p)
	}
}

// readBinary: "compares the value of the specified key byte for byte against a
// base-64 encoded representation of the binary value in the policy".
func readBinary(request, policy string) bool {
	r, err1 := base64.StdEncoding.DecodeString(request)
	p, err2 := base64.StdEncoding.DecodeString(policy)
	return err1 == nil && err2 == nil && bytes.Equal(r, p)
}

func readAddress(request, policy string) bool {
	if !strings.Contains(policy, "/") {
		policy += map[bool]string{true: "/128", false: "/32"}[strings.Contains(policy, ":")]
	}
	_, network, err := net.ParseCIDR(policy)
	ip := net.ParseIP(request)
	return err == nil && ip != nil && network.Contains(ip)
}

var readVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// fill puts values in the place of variables. Wildcards of the policy's own become
// readStar and readMark; those that values bring do not. found is false if a
// variable has no value: "any attempt to match it fails". The user guide goes on that
// this "might cause the entire statement to be invalid", and does not say when; both
// readings take it that the value alone matches nothing.
func (r readRequest) fill(text string, variables bool) (filled string, found bool) {
	found = true
	wild := strings.NewReplacer("*", readStar, "?", readMark)
	if !variables {
		return wild.Replace(text), true
	}
	at := 0
	var b strings.Builder
	for _, m := range readVariable.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(wild.Replace(text[at:m[0]]))
		at = m[1]
		name, fallback, hasFallback := strings.Cut(text[m[2]:m[3]], ", ")
		values := r.keys[strings.ToLower(name)]
		switch {
		case name == "*" || name == "?" || name == "$":
			b.WriteString(name)
		case len(values) == 1: // "only single-valued keys can be variables"
			b.WriteString(values[0])
		case len(values) == 0 && hasFallback:
			b.WriteString(strings.Trim(fallback, "'"))
		default:
			found = false
		}
	}
	b.WriteString(wild.Replace(text[at:]))
	return b.String(), found
}

func literal(text string) string {
	return strings.NewReplacer(readStar, "*", readMark, "?").Replace(text)
}

// condition says whether one condition is met.
func (r readRequest) condition(c readCondition, version string) bool {
	values, present := r.keys[strings.ToLower(c.key)]
	present = present && len(values) > 0
	if c.operator == "Null" { // "true: the key doesn't exist; false: the key exists and its value is not null"
		return slices.ContainsFunc(c.values, func(v string) bool { return v == "true" && !present || v == "false" && present })
	}
	row := documentedOperators[c.operator]
	var wanted []string
	for _, v := range c.values {
		filled, found := r.fill(v, row.variables && version == "2012-10-17")
		if !found {
			continue
		}
		if !row.wildcards {
			filled = literal(filled)
		}
		wanted = append(wanted, filled)
	}
	// "If the key values resolve to an empty data set (for example, an empty string),
	// ForAllValues returns true, and ForAnyValue returns false."
	if c.set != "" && !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		present = false
	}
	if !present {
		switch {
		case c.ifExists, c.set == "ForAllValues":
			return true
		case c.set == "ForAnyValue":
			return false
		}
		return row.not // "if the policy condition requires that the key is not matched and the key is not present, the condition is true"
	}
	hits := func(request string) bool { // values are OR, and NOR where the operator negates
		return slices.ContainsFunc(wanted, func(p string) bool { return row.test(request, p) }) != row.not
	}
	if c.set == "ForAnyValue" {
		return slices.ContainsFunc(values, hits)
	}
	return !slices.ContainsFunc(values, func(v string) bool { return !hits(v) })
}

// resourceIn says whether one of the patterns names the request's resource.
func (r readRequest) resourceIn(patterns []string, version string) (in bool) {
	for _, text := range patterns {
		// "only in the resource portion of the ARN, after the fifth colon"
		head, tail := text, ""
		if parts := strings.SplitN(text, ":", 6); len(parts) == 6 {
			head, tail = strings.Join(parts[:5], ":")+":", parts[5]
		}
		filled, found := r.fill(tail, version == "2012-10-17")
		if !found {
			continue
		}
		start, _ := r.fill(head, false)
		in = in || likeResource(r.resource, start+filled)
	}
	return in
}

func (r readRequest) actionIn(patterns []string) bool { // "the prefix and the action name are case insensitive"
	return slices.ContainsFunc(patterns, func(p string) bool {
		p, _ = r.fill(strings.ToLower(p), false)
		return likeWhole(strings.ToLower(r.action), p)
	})
}

func (r readRequest) principalIn(listed []string) bool {
	return slices.ContainsFunc(listed, func(p string) bool {
		return p == "*" || slices.Contains(r.principals, p) ||
			p == "AWS *" && slices.ContainsFunc(r.principals, func(w string) bool { return strings.HasPrefix(w, "AWS ") })
	})
}

// applies says whether a statement is about the request: every element must match.
func (r readRequest) applies(st readStatement, version string) bool {
	ok := true
	if st.principal != nil {
		ok = ok && r.principalIn(st.principal)
	}
	if st.notPrincipal != nil {
		ok = ok && !r.principalIn(st.notPrincipal)
	}
	if st.action != nil {
		ok = ok && r.actionIn(st.action)
	} else {
		ok = ok && !r.actionIn(st.notAction)
	}
	if st.resource != nil {
		ok = ok && r.resourceIn(st.resource, version)
	}
	if st.notResource != nil {
		ok = ok && !r.resourceIn(st.notResource, version)
	}
	for _, c := range st.conditions { // operators and keys are AND
		ok = ok && r.condition(c, version)
	}
	return ok
}

// decide: "an explicit deny overrides any allow; by default all is denied".
func (r readRequest) decide(statements []readStatement, version string) verdict {
	out := silent
	for _, st := range statements {
		if !r.applies(st, version) {
			continue
		}
		if st.effect == "Deny" {
			return denies
		}
		out = allows
	}
	return out
}
