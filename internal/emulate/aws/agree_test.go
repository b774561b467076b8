package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// JSON writes the statement as a policy would hold it.
func (st readStatement) object() map[string]any {
	out := map[string]any{"Effect": st.effect}
	for name, list := range map[string][]string{"Action": st.action, "NotAction": st.notAction, "Resource": st.resource, "NotResource": st.notResource} {
		if list != nil {
			out[name] = list
		}
	}
	for name, list := range map[string][]string{"Principal": st.principal, "NotPrincipal": st.notPrincipal} {
		kinds := map[string][]string{}
		for _, p := range list {
			if kind, value, found := strings.Cut(p, " "); found {
				kinds[kind] = append(kinds[kind], value)
			}
		}
		switch {
		case list == nil:
		case slices.Contains(list, "*"):
			out[name] = "*"
		default:
			out[name] = kinds
		}
	}
	blocks := map[string]map[string][]string{}
	for _, c := range st.conditions {
		name := c.operator
		if c.set != "" {
			name = c.set + ":" + name
		}
		if c.ifExists {
			name += "IfExists"
		}
		if blocks[name] == nil {
			blocks[name] = map[string][]string{}
		}
		blocks[name][c.key] = c.values
	}
	if len(blocks) > 0 {
		out["Condition"] = blocks
	}
	return out
}

func policyText(statements []readStatement, version string) string {
	list := []any{}
	for _, st := range statements {
		list = append(list, st.object())
	}
	raw, err := json.Marshal(map[string]any{"Version": version, "Statement": list})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// pools are what generated values are drawn from: few, near to one another, so that
// matches, near misses and absences are all common.
var (
	poolText    = []string{"", "a", "A", "ab", "sc://o/Shop/aws", "sc://o/shop/aws", "sc://o/Shop-2/aws", "ann", "*", "a*", "${x}"}
	poolLike    = []string{"", "*", "?", "a?", "a*", "*/Shop*", "sc://o/Shop/*", "${aws:username}", "${aws:username}*", "${a:none}", "${a:none, 'ann'}", "${a:many}", "${*}", "a${*}", "${?}", "${$}{x}", "${AWS:UserName}", "sc://o/Shop/aws", "ann"}
	poolNumber  = []string{"0", "1", "1.0", "-1", "10", "9", "1.5", "01", "ten", ""}
	poolDate    = []string{"2026-01-01T00:00:00Z", "2026-01-01", "2026", "2026-01", "1767225600", "2026-01-01T01:00:00+01:00", "2026-01-02T00:00:00Z", "2025-12-31T23:59Z", "then"}
	poolBool    = []string{"true", "false", "TRUE", "False"}
	poolBinary  = []string{"aGk=", "aGo=", "AA=="}
	poolAddress = []string{"203.0.113.7", "203.0.113.0/24", "203.0.114.0/23", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "::/0", "198.51.100.1"}
	poolARN     = []string{"arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/b/a", "arn:aws:s3:::a:b", "arn:aws:iam::444455556666:role/a", "role/a", ""}
	poolARNs    = []string{"arn:aws:iam::*:role/a", "arn:aws:iam::1111*:role/*", "arn:aws:*:*:*:*", "arn:*:role/a", "arn:aws:iam::111122223333:role/?", "arn:aws:iam::111122223333:role/${aws:username}", "*", "arn:aws:s3:::a*b", "arn:aws:s3:::*"}
	poolKeys    = []string{"a:one", "A:One", "a:many", "a:none", "idp.example/org:sub", "aws:username", "aws:PrincipalTag/team"}
	poolAction  = []string{"s3:GetObject", "s3:PutObject", "iam:CreateRole", "sts:AssumeRoleWithWebIdentity"}
	poolActions = []string{"*", "s3:*", "S3:getobject", "s3:Get*", "s3:???Object", "iam:*", "sts:AssumeRole*", "s3:PutObject"}
	poolSource  = []string{"arn:aws:s3:::a/b", "arn:aws:s3:::ann/x:y", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders:x", "*"}
	poolSources = []string{"*", "arn:aws:s3:::a/*", "arn:aws:s3:::*", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${a:none}/*", "arn:aws:s3:::a?b", "arn:aws:dynamodb:*:*:table/*",
		"arn:aws:dynamodb:*:table/orders:::", "arn:aws:dynamodb:eu*1:111122223333:table/orders", "arn:aws:dynamodb:eu*3:table/orders:x", "arn:aws:dynamodb:eu-west-1?111122223333:table/orders:x", "arn:aws:dynamodb:eu*:table/orders:x", "arn:aws:dynamodb:*:111122223333:table/or*", "arn:aws:*:::ann/x?y", "arn:aws:dynamodb:??????????????????????:::*", "arn:${aws:username}:s3:::*"}
	poolPrincipal = []string{"AWS arn:aws:iam::111122223333:role/a", "AWS 111122223333", "AWS *", "*", "Federated arn:aws:iam::111122223333:oidc-provider/idp.example/org", "Service lambda.amazonaws.com"}
)

// poolsOf are, for an operator, what calls have and what policies want.
func poolsOf(operator string) (got, want []string) {
	switch {
	case strings.HasPrefix(operator, "Numeric"):
		return poolNumber, slices.DeleteFunc(slices.Clone(poolNumber), func(v string) bool { return v == "ten" || v == "" })
	case strings.HasPrefix(operator, "Date"):
		return poolDate, slices.DeleteFunc(slices.Clone(poolDate), func(v string) bool { return v == "then" })
	case operator == "Bool":
		return poolBool, poolBool
	case operator == "BinaryEquals":
		return poolBinary, poolBinary
	case strings.HasSuffix(operator, "IpAddress"):
		return slices.DeleteFunc(slices.Clone(poolAddress), func(v string) bool { return strings.Contains(v, "/") }), poolAddress
	case strings.HasPrefix(operator, "Arn"):
		return poolARN, poolARNs
	}
	return poolText, append(slices.Clone(poolLike), poolText...)
}

func some(t *rapid.T, pool []string, least, most int, label string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), least, most, rapid.ID[string]).Draw(t, label)
}

func drawCondition(t *rapid.T, keys map[string][]string) readCondition {
	operators := append(slices.Sorted(maps.Keys(documentedOperators)), "Null")
	c := readCondition{
		operator: rapid.SampledFrom(operators).Draw(t, "operator"), key: rapid.SampledFrom(poolKeys).Draw(t, "key"),
		set: rapid.SampledFrom([]string{"", "", "ForAllValues", "ForAnyValue"}).Draw(t, "set"),
	}
	if c.operator == "Null" {
		c.set, c.values = "", some(t, []string{"true", "false"}, 1, 1, "values")
		return c
	}
	c.ifExists = rapid.IntRange(0, 3).Draw(t, "ifExists") == 0
	got, want := poolsOf(c.operator)
	c.values = some(t, want, 1, 3, "values")
	if name := strings.ToLower(c.key); keys[name] == nil && name != "a:none" && rapid.IntRange(0, 4).Draw(t, "present") > 0 {
		most := 1
		if name == "a:many" {
			most = 3
		}
		if keys[name] = some(t, got, 1, most, "got"); rapid.Bool().Draw(t, "near") { // what the policy wants, or nearly
			keys[name][0] = rapid.SampledFrom([]func(string) string{strings.Clone, strings.ToUpper, strings.ToLower}).Draw(t, "case")(c.values[0])
		}
	}
	if strings.EqualFold(c.key, "a:many") && c.set == "" {
		c.set = "ForAnyValue" // what an operator without a set does with several values is not documented
	}
	return c
}

// TestBothReadingsAgree draws policies with every operator, set, suffix, variable
// and element, and calls that are near to them.
func TestBothReadingsAgree(t *testing.T) {
	verdicts, operators := map[verdict]int{}, map[string]int{}
	for range 20 { // of a hundred cases each
		rapid.Check(t, func(t *rapid.T) { agree(t, verdicts, operators) })
	}
	for _, v := range []verdict{silent, allows, denies} {
		if verdicts[v] == 0 {
			t.Errorf("no case came out as %d: %v", v, verdicts)
		}
	}
	if len(operators) != len(documentedOperators)+1 {
		t.Errorf("only %d operators were drawn", len(operators))
	}
}

func agree(t *rapid.T, verdicts map[verdict]int, operators map[string]int) {
	{
		trust := rapid.Bool().Draw(t, "trust")
		version := rapid.SampledFrom([]string{"2012-10-17", "2012-10-17", "2008-10-17"}).Draw(t, "version")
		r := readRequest{
			action: rapid.SampledFrom(poolAction).Draw(t, "action"), resource: rapid.SampledFrom(poolSource).Draw(t, "resource"),
			keys: map[string][]string{},
		}
		if rapid.Bool().Draw(t, "named") {
			r.keys["aws:username"] = []string{rapid.SampledFrom([]string{"ann", "a", "*"}).Draw(t, "username")}
		}
		if trust {
			r.action, r.resource = "sts:AssumeRoleWithWebIdentity", ""
			r.principals = some(t, []string{poolPrincipal[0], poolPrincipal[1], poolPrincipal[4]}, 1, 2, "who")
		}
		var statements []readStatement
		for range rapid.IntRange(1, 3).Draw(t, "statements") {
			st := readStatement{effect: rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
			switch {
			case trust:
				st.action = []string{rapid.SampledFrom([]string{"sts:*", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"}).Draw(t, "actions")}
				st.principal = some(t, poolPrincipal, 1, 2, "principal")
				if slices.Contains(st.principal, "*") {
					st.principal = []string{"*"}
				}
				if st.effect == "Deny" && rapid.Bool().Draw(t, "not principal") {
					st.principal, st.notPrincipal = nil, st.principal
				}
			default:
				st.action, st.resource = some(t, poolActions, 1, 2, "actions"), some(t, poolSources, 1, 2, "resources")
				if rapid.IntRange(0, 3).Draw(t, "not action") == 0 {
					st.action, st.notAction = nil, st.action
				}
				if rapid.IntRange(0, 3).Draw(t, "not resource") == 0 {
					st.resource, st.notResource = nil, st.resource
				}
			}
			seen := map[string]bool{}
			for range rapid.IntRange(0, 3).Draw(t, "conditions") {
				c := drawCondition(t, r.keys)
				name := fmt.Sprint(c.set, c.operator, c.ifExists, strings.ToLower(c.key))
				if !seen[name] { // a JSON object holds a key once
					st.conditions = append(st.conditions, c)
				}
				seen[name] = true
			}
			statements = append(statements, st)
		}
		text := policyText(statements, version)
		parse := parseIdentityPolicy
		if trust {
			parse = parseTrustPolicy
		}
		d, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		q := question{action: r.action, resource: r.resource, keys: contextKeys{}}
		for k, v := range r.keys {
			q.keys.set(k, v...)
		}
		for _, p := range r.principals {
			kind, value, _ := strings.Cut(p, " ")
			q.who = append(q.who, principal{kind, value})
		}
		want := r.decide(statements, version)
		if got := d.judge(q); got != want {
			t.Fatalf("the evaluator says %d, the reading %d\n%s\nasked %s on %s by %v with %v", got, want, text, r.action, r.resource, r.principals, r.keys)
		}
		verdicts[want]++
		for _, st := range statements {
			for _, c := range st.conditions {
				operators[c.operator]++
			}
		}
	}
}
