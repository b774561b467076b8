package policies

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	awspolicy "github.com/hashicorp/awspolicyequivalence"
	"pgregory.net/rapid"

	"fedbot/workflows"
)

func FuzzParse(f *testing.F) {
	f.Add(Trust(sampleTrust()))
	f.Add(Hold())
	f.Add(`{"Statement":{"Effect":"Allow","Principal":"*","Action":["a"],"Condition":{"Bool":{"k":[true,1]}}}}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Effect":"Deny"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrDocument) {
				t.Fatalf("%v is not ErrDocument", err)
			}
			return
		}
		again, err := Parse(d.String())
		if err != nil || again.String() != d.String() {
			t.Fatalf("%q is read as %s and that as %s: %v", text, d, again, err)
		}
		if diff := Diff("d", text, d.Canonical().String()); diff != nil {
			t.Fatalf("%s differs from its canonical form: %+v", text, diff)
		}
	})
}

// anyDocument draws a small policy. Names are unique, so that the oracle, which
// does not look at names alone, and Diff speak of the same things.
func anyDocument(t *rapid.T) Document {
	pick := func(label string, from ...string) list {
		return list(slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID[string]).Draw(t, label))))
	}
	d := Document{Version: policyVersion}
	for i := range rapid.IntRange(1, 3).Draw(t, "statements") {
		s := Statement{Sid: fmt.Sprintf("S%d", i), Effect: rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
		s.Action = pick("action", "s3:getobject", "s3:putobject", "s3:*", "s3:get*")
		s.Resource = pick("resource", "arn:aws:s3:::a/x", "arn:aws:s3:::a/*", "arn:aws:s3:::b/x", "*")
		for _, op := range []string{"StringEquals", "StringNotEquals", "StringLike", "ForAnyValue:StringLike"} {
			if rapid.IntRange(0, 3).Draw(t, op) == 0 {
				if s.Condition == nil {
					s.Condition = conditions{}
				}
				s.Condition[op] = map[string]list{"aws:resourceaccount": pick("values", "1", "2", "*")}
			}
		}
		d.Statement = append(d.Statement, s)
	}
	return d
}

// shuffle writes a document in another order.
func shuffle(t *rapid.T, d Document) Document {
	out := d
	out.Statement = rapid.Permutation(d.Statement).Draw(t, "order")
	for i := range out.Statement {
		out.Statement[i].Action = rapid.Permutation([]string(out.Statement[i].Action)).Draw(t, "actions")
		out.Statement[i].Resource = rapid.Permutation([]string(out.Statement[i].Resource)).Draw(t, "resources")
	}
	return out
}

// TestDiffAgreesWithOracle compares Diff with an independent judge of equality.
func TestDiffAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyDocument(t)
		f := shuffle(t, a)
		if rapid.Bool().Draw(t, "another") {
			f = anyDocument(t)
		}
		same, err := awspolicy.PoliciesAreEquivalent(a.String(), f.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := Diff("d", a.String(), f.String()); (len(diff) == 0) != same {
			t.Fatalf("the oracle says same = %v, Diff says %+v\n%s\n%s", same, diff, a, f)
		}
	})
}

// TestDiffSeesWhatIsWider holds Diff against the evaluator: if no difference is
// called wider, nothing is allowed that was not.
func TestDiffSeesWhatIsWider(t *testing.T) {
	narrower := 0
	rapid.Check(t, func(t *rapid.T) {
		a := anyDocument(t)
		f := shuffle(t, a)
		mutate(t, &f)
		diff := Diff("d", a.String(), f.String())
		for _, x := range diff {
			if x.Wider {
				return
			}
		}
		if len(diff) > 0 {
			narrower++
		}
		for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket"} {
			for _, resource := range []string{"arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b/x", "arn:aws:s3:::c"} {
				for _, context := range []map[string][]string{nil, {"aws:ResourceAccount": {"1"}}, {"aws:ResourceAccount": {"2"}}, {"aws:ResourceAccount": {"3"}}} {
					c := Call{action, resource, context}
					before, _ := Evaluate([]Document{a}, nil, c)
					after, _ := Evaluate([]Document{f}, nil, c)
					if after == Allowed && before != Allowed {
						t.Fatalf("%+v was %s and is %s, and Diff calls nothing wider: %+v\n%s\n%s", c, before, after, diff, a, f)
					}
				}
			}
		}
	})
	if narrower == 0 {
		t.Error("no difference was ever called narrower, so nothing was tested")
	}
}

// mutate changes one statement.
func mutate(t *rapid.T, d *Document) {
	i := rapid.IntRange(0, len(d.Statement)-1).Draw(t, "which")
	s := &d.Statement[i]
	other := anyDocument(t).Statement[0]
	switch rapid.IntRange(0, 5).Draw(t, "how") {
	case 0:
		s.Action = other.Action
	case 1:
		s.Resource = other.Resource
	case 2:
		s.Condition = other.Condition
	case 3:
		s.Effect = other.Effect
	case 4:
		d.Statement = slices.Delete(d.Statement, i, i+1)
		if len(d.Statement) == 0 {
			d.Statement = []Statement{other}
		}
	case 5:
		other.Sid = "Extra"
		d.Statement = append(d.Statement, other)
	}
}

func TestDiffOfTrust(t *testing.T) {
	approved := Trust(sampleTrust())
	for _, tc := range []struct {
		name, old, new string
		wider          bool
		field          string
	}{
		{"another subject", "aws-shop-dev", "aws-shop-prod", true, "condition vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:sub"},
		{"name of the statement", "AdoServiceConnection", "Other", false, "name"},
		{"denied", `"Allow"`, `"Deny"`, false, "statement AdoServiceConnection"},
		{"one action more", `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`, true, "action"},
		{"one condition more", `"Condition":{`, `"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},`, false, "condition aws:sourceip"},
		{"one principal more", `"Principal":{`, `"Principal":{"AWS":"111122223333",`, true, "principal AWS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			diff := Diff("trust policy", approved, strings.Replace(approved, tc.old, tc.new, 1))
			if len(diff) == 0 {
				t.Fatal("no difference")
			}
			wider := slices.ContainsFunc(diff, func(d workflows.Difference) bool { return d.Wider })
			if wider != tc.wider || len(diff) != 1 || !strings.HasSuffix(diff[0].Field, tc.field) {
				t.Errorf("%+v", diff)
			}
		})
	}
	if diff := Diff("trust policy", approved, "%7B"); len(diff) != 1 || !diff[0].Wider {
		t.Errorf("unreadable: %+v", diff)
	}
	if diff := Diff("trust policy", approved, strings.Replace(approved, ":aud", ":AUD", 1)); diff != nil {
		t.Errorf("a key in another case: %+v", diff)
	}
}

func TestLooser(t *testing.T) {
	one, two := list{"1"}, list{"1", "2"}
	for _, tc := range []struct {
		op              string
		approved, found list
		allow, want     bool
	}{
		{"StringEquals", one, two, true, true},
		{"StringEquals", two, one, true, false},
		{"StringEquals", one, nil, true, true},
		{"StringEquals", nil, one, true, false},
		{"StringNotEquals", one, two, true, false},
		{"StringNotEquals", two, one, true, true},
		{"ForAllValues:StringEquals", two, one, true, true},
		{"DateLessThan", two, one, true, false},
		{"StringMatches", two, one, true, true},
		{"StringEquals", one, two, false, false},
		{"StringEquals", two, one, false, true},
		{"StringEquals", nil, one, false, true},
		{"StringEquals", one, nil, false, false},
		{"StringNotEquals", one, two, false, true},
	} {
		if got := looser(tc.op, tc.approved, tc.found, tc.allow); got != tc.want {
			t.Errorf("%s %v to %v, allow %v: %v", tc.op, tc.approved, tc.found, tc.allow, got)
		}
	}
}

// TestUnjudgedDenyIsUnknown: a Deny that may or may not hold makes neither a yes nor
// a no.
func TestUnjudgedDenyIsUnknown(t *testing.T) {
	d, err := Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringMatches":{"aws:username":"x"}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, why := Evaluate([]Document{d}, nil, Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::a/b"}); got != Unknown {
		t.Errorf("%s: %s", got, why)
	}
}

func TestHoldDeniesEverything(t *testing.T) {
	hold, err := Parse(Hold())
	if err != nil {
		t.Fatal(err)
	}
	all := Document{Version: policyVersion, Statement: []Statement{{Effect: "Allow", Action: list{"*"}, Resource: list{"*"}}}}
	if got, why := Evaluate([]Document{all, hold}, nil, Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::a/b"}); got != Denied {
		t.Errorf("%s: %s", got, why)
	}
	if n := Size(Hold()) + Size(Sessions(time.Now())); n > inlineFree {
		t.Errorf("hold and sessions need %d characters of %d", n, inlineFree)
	}
}

func TestSessions(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 31, 42, 0, time.FixedZone("CET", 3600))
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Deny","Action":"*","Resource":"*",` +
		`"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-24T09:31:42Z"}}}]}`
	if got := Sessions(at); got != want {
		t.Errorf("got %s", got)
	}
	if got := Sessions(at.Add(time.Millisecond)); got != strings.Replace(want, ":42Z", ":43Z", 1) {
		t.Errorf("a fraction must be rounded up: %s", got)
	}
}
