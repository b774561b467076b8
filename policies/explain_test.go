package policies

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"fedbot/workflows"
)

// TestExplain: what is said of every template's policy, of combinations, and of
// policies that nobody should approve, is golden.
func TestExplain(t *testing.T) {
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	tell := func(name string, found map[string]string) {
		e := Explain(found, LintFrame{})
		if e.Worst == "" || e.Why == "" || !e.Risk.AtLeast(workflows.Low) {
			t.Errorf("%s: incomplete: %+v", name, e)
		}
		fmt.Fprintf(&b, "%s: %s. %s\n", name, e.Risk, e.Why)
		for _, s := range e.Can {
			fmt.Fprintf(&b, "  can     %s\n", s)
		}
		for _, s := range e.Cannot {
			fmt.Fprintf(&b, "  cannot  %s\n", s)
		}
		fmt.Fprintf(&b, "  worst   %s\n\n", e.Worst)
	}
	for _, name := range c.Names() {
		tpl, _ := c.Get(name)
		document, err := tpl.Document(tpl.Examples(), caseAccount, caseRegion)
		if err != nil {
			t.Fatal(err)
		}
		if e := Explain(map[string]string{name: document}, LintFrame{}); len(e.Can) == 0 || len(e.Cannot) == 0 || e.Worst == "" {
			t.Errorf("%s: incomplete: %+v", name, e)
		}
	}
	statement := func(s string) map[string]string {
		return map[string]string{"p": `{"Version":"2012-10-17","Statement":[` + s + `]}`}
	}
	in := `"arn:aws:lambda:eu-west-1:111122223333:function:shop-*"`
	tell("a site", statement(`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::site/web/*"},
		{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::site","Condition":{"StringLike":{"s3:prefix":"web/*"}}}`))
	tell("functions", statement(`{"Effect":"Allow","Action":["lambda:UpdateFunctionCode","lambda:GetFunction"],"Resource":`+in+`}`))
	tell("reading alone", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":`+in+`}`))
	tell("a role to hand over", statement(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app/web","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}},
		{"Effect":"Allow","Action":["ecs:RegisterTaskDefinition","ecs:UpdateService","ecs:RunTask"],"Resource":"*"}`))
	tell("messages", statement(`{"Effect":"Allow","Action":["sqs:SendMessage","sns:Publish"],"Resource":["arn:aws:sqs:eu-west-1:111122223333:orders","arn:aws:sns:eu-west-1:111122223333:orders"]}`))
	tell("denied again", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}`))
	tell("an administrator", statement(`{"Effect":"Allow","Action":"*","Resource":"*"}`))
	tell("all but identities", statement(`{"Sid":"Most","Effect":"Allow","NotAction":"iam:*","Resource":"*"}`))
	tell("a published pattern for clusters", statement(`{"Effect":"Allow","Action":["eks:DescribeCluster","ecr:*"],"Resource":"*"}`))
	tell("nothing", statement(`{"Effect":"Deny","Action":"*","Resource":"*"}`))
	tell("unreadable", map[string]string{"p": "{"})
	golden(t, "explain.golden.txt", b.Bytes())
}

// What it is said that a role cannot do, no call of it is allowed to do.
func TestCannotIsCertain(t *testing.T) {
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Names() {
		tpl, _ := c.Get(name)
		document, err := tpl.Document(tpl.Examples(), caseAccount, caseRegion)
		if err != nil {
			t.Fatal(err)
		}
		said := Explain(map[string]string{name: document}, LintFrame{}).Cannot
		d, err := Parse(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Statement {
			for _, a := range s.Action {
				for _, promise := range certainly {
					broken := s.allows() && anyAction(promise.actions, a)
					if broken && strings.Contains(strings.Join(said, "|")+"|", promise.say+"|") {
						t.Errorf("%s: it is said that it cannot %s, and it allows %s", name, promise.say, a)
					}
				}
			}
		}
	}
	for _, promise := range certainly {
		for _, pattern := range promise.actions {
			if len(ExpandAction(pattern)) == 0 {
				t.Errorf("%s stands for no action", pattern)
			}
		}
	}
}
