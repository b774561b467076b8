package policies

import (
	"strings"
	"testing"
)

// FuzzReadPolicies: whatever comes in, nothing falls, what cannot be read counts, and
// what is compared with itself is the same.
func FuzzReadPolicies(f *testing.F) {
	for _, seed := range []string{
		goodSite, sampleBoundary, Hold(), `{"PolicyVersion":{"Document":"%7B%7D","IsDefaultVersion":true}}`,
		`{"RoleDetailList":[{"Arn":"arn:aws:iam::111122223333:role/x","RolePolicyList":[{"PolicyName":"a","PolicyDocument":{}}]}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","NotResource":"a:b:${c}:d","Condition":{"ForAllValues:DateLessThanIfExists":{"a:b":["1","x"]}}}]}`,
		`{"Statement":{"Effect":"Allow","Action":["","*:*","s3:Get?bject*"],"Resource":["","arn:","::::::","arn:aws:s3:::é/*"]}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, _, err := ReadPolicies(text)
		if err != nil {
			return
		}
		for _, in := range found {
			problems := in.Lint(LintFrame{Region: "eu-west-1"})
			counts := false
			for _, p := range problems {
				counts = counts || p.Counts()
				if p.Say == "" || p.Code == "" || p.Level == "" {
					t.Fatalf("incomplete: %+v", p)
				}
			}
			e := Explain(in.Documents, LintFrame{})
			for _, document := range in.Documents {
				_, err := Parse(document)
				if err != nil && (!counts || len(e.Cannot) > 0 || e.Risk != "high") {
					t.Fatalf("not readable, and called fine: %q", document)
				}
				c := Compare(document, document+" ")
				if err == nil && (c.Direction != Same || len(c.Changes) != 0) || c.Why == "" {
					t.Fatalf("%+v", c)
				}
				if n := len(Compare(document, goodSite).Slack()); n > 3000 || strings.ContainsAny(c.Text(), "\x1b\x00") {
					t.Fatalf("%d characters for Slack, or control characters", n)
				}
			}
		}
	})
}
