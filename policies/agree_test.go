package policies

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fedbot/internal/emulate/aws"
)

// The emulator's evaluator shares no code with ours. TestEvaluatorsAgree asks both
// about generated documents and calls: they have to say the same. A disagreement is
// printed as a case for regressions.json.
func TestEvaluatorsAgree(t *testing.T) {
	const rounds = 4000
	answers := map[Answer]int{}
	for seed := range uint64(rounds) {
		g := dice{rand.New(rand.NewPCG(seed, 1))}
		c := g.evaluation()
		theirs, err := c.ask()
		if err != nil {
			t.Fatalf("seed %d: the emulator refuses the document: %v\n%s", seed, err, compact(c))
		}
		j, err := c.judge()
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, compact(c))
		}
		answers[j.Answer]++
		if j.Answer == Unknown || (j.Answer == Allowed) != theirs {
			t.Fatalf("seed %d: %s (%s), the emulator says allowed is %v\n%s", seed, j.Answer, j.Why, theirs, compact(c))
		}
	}
	if answers[Allowed] < rounds/20 || answers[Denied] < rounds/20 {
		t.Errorf("the generated calls are too much alike: %v", answers)
	}
}

// TestEvaluatorsAgreeOnTrust does the same with trust policies and tokens.
func TestEvaluatorsAgreeOnTrust(t *testing.T) {
	const rounds = 1500
	answers, exact := map[Answer]int{}, 0
	for seed := range uint64(rounds) {
		g := dice{rand.New(rand.NewPCG(seed, 2))}
		c := g.attempt()
		theirs, err := c.ask()
		if err != nil {
			t.Fatalf("seed %d: the emulator refuses the document: %v\n%s", seed, err, compact(c))
		}
		j, err := c.judge()
		answers[j.Answer]++
		if err != nil || j.Answer == Unknown || (j.Answer == Allowed) != theirs {
			t.Fatalf("seed %d: %s (%s), %v, the emulator says allowed is %v\n%s", seed, j.Answer, j.Why, err, theirs, compact(c))
		}
		// The judge never calls exact what lets a stranger in, says the emulator too.
		r := JudgeTrust(string(c.Trust), TrustFrame{})
		if r.Exact {
			exact++
		}
		if r.Exact && theirs && !slices.ContainsFunc(r.Connections, func(e Entrant) bool {
			return slices.Equal(c.Keys[tokenKeys+":sub"], []string{e.Subject}) && slices.Equal(c.Keys[tokenKeys+":aud"], []string{e.Audience})
		}) {
			t.Fatalf("seed %d: called exact, and the emulator lets in %v\n%s", seed, c.Keys, c.Trust)
		}
	}
	if answers[Allowed] < rounds/20 || answers[Denied] < rounds/20 || exact < rounds/40 {
		t.Errorf("the generated tokens are too much alike: %v, %d exact", answers, exact)
	}
}

const tokenKeys = "vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"

// attempt is a token, or somebody of AWS, who tries a generated trust policy.
func (g dice) attempt() Regression {
	ours, theirs := "arn:aws:iam::111122223333:oidc-provider/"+tokenKeys, "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
	subjects := []string{"sc://contoso/Web Shop/aws", "sc://contoso/Web Shop/aws-2", "sc://contoso/web shop/aws", "p://contoso/Web Shop/aws", "sc://contoso/Other/aws"}
	c := Regression{Call: assume, Kind: "Federated", Principal: pick(g, ours, ours, ours, theirs), Keys: map[string][]string{}}
	if g.chance(15) {
		c.Call, c.Kind, c.Principal = "sts:AssumeRole", "AWS", "arn:aws:iam::111122223333:root"
	}
	if g.chance(90) {
		c.Keys[tokenKeys+":sub"] = []string{pick(g, subjects...)}
	}
	if g.chance(90) {
		c.Keys[tokenKeys+":aud"] = []string{pick(g, usual, usual, usual, "sts.amazonaws.com")}
	}
	var statements []any
	for i := range 1 + g.IntN(2) {
		s := map[string]any{"Sid": fmt.Sprintf("S%d", i), "Effect": pick(g, "Allow", "Allow", "Allow", "Allow", "Deny"),
			"Action":    pick[any](g, assume, assume, assume, "sts:*", "sts:AssumeRole", []string{assume, "sts:TagSession"}),
			"Principal": pick[any](g, map[string]any{"Federated": ours}, map[string]any{"Federated": ours}, map[string]any{"Federated": []string{theirs, ours}}, map[string]any{"AWS": "arn:aws:iam::111122223333:root", "Federated": ours}, "*"),
		}
		block := func(ops []string, key string, values ...string) (string, map[string]any) {
			return pick(g, ops...), map[string]any{key: g.one(g.some(2, func() string { return pick(g, values...) }))}
		}
		ops := []string{"StringEquals", "StringEquals", "StringEquals", "StringLike", "StringNotEquals", "StringEqualsIgnoreCase", "StringEqualsIfExists",
			"ForAllValues:StringEquals", "ForAnyValue:StringEquals", "StringNotLike"}
		when := map[string]any{}
		if g.chance(85) {
			op, keys := block(ops, pick(g, tokenKeys+":sub", tokenKeys+":sub", tokenKeys+":SUB", tokenKeys+":subject", "token.actions.githubusercontent.com:sub"),
				append(subjects, subjects[0], subjects[0], "sc://contoso/*", "sc://contoso/Web Shop/*", "*")...)
			when[op] = keys
		}
		if op, keys := block(ops[:7], tokenKeys+":aud", usual, usual, usual, "sts.amazonaws.com"); g.chance(85) {
			if before, ok := when[op].(map[string]any); ok {
				for k, v := range keys {
					before[k] = v
				}
			} else {
				when[op] = keys
			}
		}
		if g.chance(10) {
			when["Null"] = map[string]any{tokenKeys + ":sub": pick(g, "true", "false")}
		}
		s["Condition"] = when
		if g.chance(30) { // now and then as fedbot would write it
			s["Action"], s["Principal"] = assume, map[string]any{"Federated": ours}
			s["Condition"] = map[string]any{"StringEquals": map[string]any{tokenKeys + ":sub": subjects[0], tokenKeys + ":aud": usual}}
		}
		statements = append(statements, s)
	}
	raw, err := json.Marshal(map[string]any{"Version": policyVersion, "Statement": statements})
	if err != nil {
		panic(err)
	}
	c.Trust = raw
	return c
}

// ask asks the emulator.
func (c Regression) ask() (bool, error) {
	q := aws.Question{Action: c.Call, Resource: c.On, Keys: c.Keys, Boundary: string(c.Boundary)}
	for _, p := range c.Policies {
		q.Policies = append(q.Policies, string(p))
	}
	for _, p := range c.Session {
		q.Session = append(q.Session, string(p))
	}
	if c.Trust != nil {
		q.Trust, q.Kind, q.Name = string(c.Trust), c.Kind, c.Principal
	}
	return aws.Decide(q)
}

// TestRegressions: what once was judged wrong by one of the two evaluators is judged
// right by both.
func TestRegressions(t *testing.T) {
	all, err := Regressions()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	for _, c := range all {
		if r := c.Run(); !r.OK {
			t.Errorf("%s: %s (%s), want %s", c.Name, r.Got, r.Why, c.Want)
		}
		if c.Want == Unknown {
			continue
		}
		if theirs, err := c.ask(); err != nil || theirs != (c.Want == Allowed) {
			t.Errorf("%s: the emulator says %v, %v; want %s", c.Name, theirs, err, c.Want)
		}
	}
}

// dice makes documents and calls out of few names, so that they often meet.
type dice struct{ *rand.Rand }

func pick[T any](g dice, from ...T) T { return from[g.IntN(len(from))] }

func (g dice) some(most int, one func() string) []string {
	out := make([]string, 0, most)
	for range 1 + g.IntN(most) {
		out = append(out, one())
	}
	return out
}

func (g dice) chance(percent int) bool { return g.IntN(100) < percent }

func (g dice) evaluation() Regression {
	c := Regression{Call: pick(g, "s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:PassRole", "S3:getobject"),
		On: pick(g, "arn:aws:s3:::site/web/a.html", "arn:aws:s3:::site/ann/a", "arn:aws:s3:::site", "arn:aws:s3:::media/*", "arn:aws:iam::111122223333:role/app"),
	}
	c.Keys = g.keys()
	for range 1 + g.IntN(2) {
		c.Policies = append(c.Policies, g.policy())
	}
	if g.chance(30) {
		c.Boundary = g.policy()
	}
	if g.chance(15) {
		c.Session = append(c.Session, g.policy())
	}
	return c
}

func (g dice) policy() json.RawMessage {
	d := map[string]any{}
	switch {
	case g.chance(80):
		d["Version"] = policyVersion
	case g.chance(50):
		d["Version"] = "2008-10-17"
	}
	var statements []any
	for i := range 1 + g.IntN(3) {
		statements = append(statements, g.statement(i))
	}
	d["Statement"] = statements
	if len(statements) == 1 && g.chance(30) {
		d["Statement"] = statements[0]
	}
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return raw
}

func (g dice) statement(i int) map[string]any {
	s := map[string]any{"Sid": fmt.Sprintf("S%d", i), "Effect": pick(g, "Allow", "Allow", "Allow", "Deny")}
	s[pick(g, "Action", "Action", "Action", "NotAction")] = g.one(g.some(3, func() string {
		return pick(g, "*", "s3:*", "s3:Get*", "S3:GET*", "s3:?etObject", "s3:PutObject", "s3:ListBucket", "iam:Pass*", "s3:**Object")
	}))
	s[pick(g, "Resource", "Resource", "Resource", "NotResource")] = g.one(g.some(3, func() string {
		return pick(g, "*", "arn:aws:s3:::site/*", "arn:aws:s3:::site/web/*", "arn:aws:s3:::s?te/web/a.html", "arn:aws:s3:::site", "arn:aws:s3:::media/${*}",
			"arn:aws:s3:::site/${aws:username}/*", "arn:aws:s3:::site/${aws:PrincipalTag/team, 'web'}/*", "arn:aws:s3:::site/${aws:PrincipalTag/none}/*",
			"arn:aws:iam::*:role/*", "arn:aws:*:*:*:role/app", "arn:aws:s3:::media/*", "arn:aws:s3:::${aws:PrincipalTag/star}/*", "arn:aws:s3:::${open")
	}))
	if g.chance(60) {
		s["Condition"] = g.condition(pick(g, 1, 1, 2))
	}
	return s
}

// one writes a single value as a string now and then.
func (g dice) one(values []string) any {
	if len(values) == 1 && g.chance(50) {
		return values[0]
	}
	return values
}

// family are operators that compare the same kind of values, with keys and values
// of that kind.
type family struct {
	ops, keys, wants, founds []string
}

var families = []family{
	{
		[]string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
		[]string{"s3:prefix", "aws:PrincipalTag/team", "aws:TagKeys", "aws:username"},
		[]string{"web/", "web/*", "WEB/", "ann", "${aws:username}", "*${*}*", "a?n", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/none, 'ann'}", "${s3:prefix}*", "", "*", "wéb", "w?b"},
		[]string{"web/", "web/x", "Web/", "ann", "*", "${aws:username}", "wéb"},
	},
	{
		[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
		[]string{"s3:max-keys", "aws:MultiFactorAuthAge"}, []string{"10", "10.0", "-3", "0", "9.99", "100000000000000000000"}, []string{"10", "9", "-3", "0.0", "ten", "100000000000000000001"},
	},
	{
		[]string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
		[]string{"aws:CurrentTime", "aws:TokenIssueTime"},
		[]string{"2026-11-24T09:00:00Z", "2026-11-24", "2026", "1795510800", "2026-11-24T10:00:00+01:00", "2026-11-24T09:00Z"},
		[]string{"2026-11-24T09:00:00Z", "2026-11-24T08:59:59.5Z", "2027-01-01", "1795510801", "yesterday", "1"},
	},
	{[]string{"Bool"}, []string{"aws:SecureTransport", "aws:ViaAWSService"}, []string{"true", "false", "True"}, []string{"true", "false", "TRUE", "maybe"}},
	{[]string{"BinaryEquals"}, []string{"x:digest"}, []string{"QQ==", "Qg=="}, []string{"QQ==", "qq=="}},
	{
		[]string{"IpAddress", "NotIpAddress"}, []string{"aws:SourceIp", "aws:VpcSourceIp"},
		[]string{"203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "0.0.0.0/0", "::/0", "203.0.113.9/24"}, []string{"203.0.113.7", "203.0.114.1", "2001:db8::1", "::ffff:203.0.113.7", "here"},
	},
	{
		[]string{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}, []string{"aws:PrincipalArn", "aws:SourceArn"},
		[]string{"arn:aws:iam::111122223333:role/app", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:*", "arn:*:*:*:*:*", "arn:aws:iam::1111????3333:role/${aws:username}"},
		[]string{"arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/ann", "arn:aws:iam::111122223333:role/a:b", "arn:aws:sns:eu-west-1:111122223333:t", "app"},
	},
}

func (g dice) condition(blocks int) map[string]any {
	out := map[string]any{}
	for range blocks {
		f := pick(g, families...)
		op := pick(g, f.ops...)
		if g.chance(8) {
			out["Null"] = map[string]any{pick(g, f.keys...): pick[any](g, "true", "false", true, []string{"true", "false"})}
			continue
		}
		if g.chance(25) {
			op = pick(g, "ForAllValues:", "ForAnyValue:") + op
		}
		if g.chance(20) {
			op += "IfExists"
		}
		keys := map[string]any{}
		for range pick(g, 1, 1, 2) {
			keys[pick(g, f.keys...)] = g.one(g.some(3, func() string { return pick(g, f.wants...) }))
		}
		out[op] = keys
	}
	return out
}

// keys are what a call brings: most keys now and then, some with several values.
func (g dice) keys() map[string][]string {
	out := map[string][]string{}
	for _, f := range families {
		for _, k := range f.keys {
			if g.chance(60) {
				if g.chance(30) {
					k = strings.ToUpper(k)
				}
				most := 1
				if g.chance(25) {
					most = 3
				}
				out[k] = g.some(most, func() string { return pick(g, f.founds...) })
			}
		}
	}
	if g.chance(20) {
		out["aws:PrincipalTag/star"] = []string{"*"}
	}
	return out
}
