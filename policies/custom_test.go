package policies

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

const customSample = `{"Version":"2012-10-17","Statement":[
	{"Sid":"Files","Effect":"Allow","Action":["s3:PutObject","s3:GetObject","s3:PutObjectTagging"],"Resource":"arn:aws:s3:::shop-media-dev/in/*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}},
	{"Sid":"Names","Effect":"Allow","Action":"s3:ListBucket","Resource":["arn:aws:s3:::shop-media-dev"],"Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"},"StringLike":{"s3:prefix":["in/*"]}}},
	{"Sid":"NotSecret","Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-media-dev/in/secret/*"}]}`

// customInput asks for a document in an account that lists buckets for documents.
func customInput(document string) workflows.Input {
	in := sampleInput()
	in.Proposal.Grants = []workflows.Grant{{Template: workflows.CustomTemplate, Document: document}}
	in.Account.Values = map[string][]string{workflows.CustomTemplate: {
		"arn:aws:s3:::shop-*", "arn:aws:lambda:eu-west-1:111122223333:function:shop-*", "arn:aws:iam::111122223333:role/app/*"}}
	in.Facts.AWS.Boundary = `{"Version":"2012-10-17","Statement":[{"Sid":"Most","Effect":"Allow","Action":["s3:*","lambda:*","iam:PassRole","sts:*","kms:*","ec2:*","logs:*"],"Resource":"*"},
		{"Sid":"Guard","Effect":"Deny","Action":["lambda:CreateFunctionUrlConfig"],"Resource":"*"}]}`
	return in
}

func TestCustomDocument(t *testing.T) {
	out, err := samplePlanner(t).Render(customInput(customSample))
	if err != nil {
		t.Fatal(err)
	}
	step, ok := out.Plan.Step("policy:custom")
	if !ok || step.Policy.Name != "tmpl-custom-v1" || len(Diff("document", customSample, step.Policy.Document)) > 0 {
		t.Errorf("the plan holds %+v", step)
	}
	want := []string{
		"read `shop-media-dev/in/*` (Amazon S3: GetObject)",
		"change `shop-media-dev/in/*` (Amazon S3: PutObject)",
		"tag `shop-media-dev/in/*` (Amazon S3: PutObjectTagging)",
		"list `shop-media-dev` (Amazon S3: ListBucket), only if `s3:prefix` StringLike `in/*`",
	}
	if diff := cmp.Diff(want, out.Words.Can); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out.Words.Risk != workflows.High || !strings.Contains(out.Words.Why, "no template stands behind it") {
		t.Errorf("the risk is %s: %s", out.Words.Risk, out.Words.Why)
	}
	if len(out.Templates) != 1 || string(out.Templates[0]) != step.Policy.Document {
		t.Errorf("stored is %q", out.Templates)
	}
	for _, c := range out.Checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Say)
		}
	}
}

// What reaches furthest is said first, and a limit that holds for calls without the key
// is not told as one.
func TestCustomWordsHideNothing(t *testing.T) {
	const function = `"arn:aws:lambda:eu-west-1:111122223333:function:shop-`
	out, err := samplePlanner(t).Render(customInput(`{"Version":"2012-10-17","Statement":[
		{"Sid":"A","Effect":"Allow","Action":"lambda:GetFunction","Resource":[` + function + `a",` + function + `b",` + function + `c",` + function + `d",` + function + `e*",` + function + `*"]},
		{"Sid":"B","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::shop-a","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"},"StringNotEquals":{"s3:prefix":"in/"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"read `function:shop-*`, `function:shop-e*`, `function:shop-a`, `function:shop-b` and 2 more (AWS Lambda: GetFunction)",
		"list `shop-a` (Amazon S3: ListBucket), only if `s3:prefix` StringNotEquals `in/` or a call brings none",
	}
	if diff := cmp.Diff(want, out.Words.Can); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a requester might try. Each is refused, and says why.
func TestAttackCustomDocument(t *testing.T) {
	one := func(statement string) string {
		return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
	}
	const pin = `"Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}`
	lambda := `"Resource":"arn:aws:lambda:eu-west-1:111122223333:function:shop-x"`
	for name, c := range map[string]struct{ document, say string }{
		"nothing":                {"", "needs a document"},
		"no JSON":                {"{", "not JSON"},
		"typographic quotes":     {`{“Version”:“2012-10-17”}`, "typographic quotes"},
		"two keys":               {one(`{"Sid":"A","Effect":"Deny","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "twice"},
		"two keys in case":       {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","resource":"*",` + pin + `}`), "twice"},
		"something behind it":    {customSample + `{}`, "follows its end"},
		"unknown field":          {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Comment":"x",` + pin + `}`), "unknown"},
		"older version":          {`{"Version":"2008-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}]}`, "Version has to be"},
		"no version":             {`{"Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}]}`, "Version has to be"},
		"NotAction":              {one(`{"Sid":"A","Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::shop-a/*"}`), "NotAction"},
		"NotAction in a Deny":    {`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `},{"Sid":"B","Effect":"Deny","NotAction":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*"}]}`, "NotAction"},
		"NotResource":            {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::other/*"}`), "NotResource"},
		"a principal":            {one(`{"Sid":"A","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*"}`), "principal"},
		"homoglyph in a bucket":  {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-а/*",` + pin + `}`), "plain characters"},
		"homoglyph in an action": {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GеtObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "plain characters"},
		"invisible character":    {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a\u200b/*",` + pin + `}`), "plain characters"},
		"text turned around":     {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-\u202ea/*",` + pin + `}`), "plain characters"},
		"markup in a resource":   {one("{\"Sid\":\"A\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::shop-a/`*Approved*`/*\"," + pin + "}"), "plain characters"},
		"policy variable":        {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/${aws:username}/*",` + pin + `}`), "policy variables"},
		"variable in condition":  {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}}`), "policy variables"},
		"hole of a template":     {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*",` + pin + `}`), "policy variables"},
		"every action":           {one(`{"Sid":"A","Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "which stands for"},
		"a service's actions":    {one(`{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "which stands for"},
		"a question mark":        {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObjec?","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "which stands for"},
		"unknown action":         {one(`{"Sid":"A","Effect":"Allow","Action":"s3:HeadBucket","Resource":"arn:aws:s3:::shop-a",` + pin + `}`), "no action of IAM"},
		"everything":             {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*",` + pin + `}`), "not among the resources"},
		"another bucket":         {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::payroll/*",` + pin + `}`), "not among the resources"},
		"wider than the list":    {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop*",` + pin + `}`), "not among the resources"},
		"any account":            {one(`{"Sid":"A","Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:eu-west-1:*:function:shop-x"}`), "not among the resources"},
		"another account":        {one(`{"Sid":"A","Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:eu-west-1:999999999999:function:shop-x"}`), "not among the resources"},
		"bucket of anybody":      {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*"}`), "kept to the account's own buckets"},
		"account as a list":      {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringEquals":{"aws:ResourceAccount":["111122223333","999999999999"]}}}`), "kept to the account's own buckets"},
		"account if it exists":   {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringEqualsIfExists":{"aws:ResourceAccount":"111122223333"}}}`), "kept to the account's own buckets"},
		"not the account":        {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringNotEquals":{"aws:ResourceAccount":"111122223333"}}}`), "kept to the account's own buckets"},
		"key that is not sent":   {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"},"ForAllValues:StringEquals":{"s3:prefix":"x"}}}`), "no call of s3:GetObject brings"},
		"another issuer's key":   {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"},"StringLike":{"token.example:sub":"*"}}}`), "no call of s3:GetObject brings"},
		"open the bucket":        {one(`{"Sid":"A","Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::shop-a",` + pin + `}`), "permissions"},
		"open the function":      {one(`{"Sid":"A","Effect":"Allow","Action":"lambda:AddPermission",` + lambda + `}`), "permissions"},
		"outside the boundary":   {one(`{"Sid":"A","Effect":"Allow","Action":"lambda:CreateFunctionUrlConfig",` + lambda + `}`), "boundary does not allow"},
		"pass any role":          {one(`{"Sid":"A","Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app/*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`), "does not name"},
		"pass to any service":    {one(`{"Sid":"A","Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app/x"}`), "to which service"},
		"pass fedbot's role":     {one(`{"Sid":"A","Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/ado-federation/fedbot-writer","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`), "not among the resources"},
		"take on a role":         {one(`{"Sid":"A","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/app/x"}`), "power over permissions"},
		"two of one name":        {`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `},{"Sid":"A","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}]}`, "Sid of its own"},
		"a name that lies":       {one(`{"Sid":"Approved by Security","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*",` + pin + `}`), "Sid of its own"},
		"allows nothing":         {one(`{"Sid":"A","Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-a/*"}`), "allows nothing"},
		"too long":               {one(`{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::shop-a/` + strings.Repeat(`x","arn:aws:s3:::shop-a/`, 400) + `y"],` + pin + `}`), "characters"},
		"far too long":           {strings.Repeat(" ", largestCustom) + customSample, "longer than"},
	} {
		_, err := samplePlanner(t).Render(customInput(c.document))
		refusal, ok := errors.AsType[*workflows.Refusal](err)
		if !ok {
			t.Errorf("%s is granted (%v)", name, err)
		} else if !strings.Contains(refusal.Say, c.say) {
			t.Errorf("%s: %s; want %q", name, refusal.Say, c.say)
		}
	}
}

// What belongs to the request and not to the document.
func TestAttackCustomGrant(t *testing.T) {
	for name, change := range map[string]func(*workflows.Input){
		"parameters beside it": func(in *workflows.Input) { in.Proposal.Grants[0].Params = map[string]string{"bucket": "x"} },
		"a document behind a template": func(in *workflows.Input) {
			in.Proposal.Grants = []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev"}, Document: customSample}}
		},
		"two documents":      func(in *workflows.Input) { in.Proposal.Grants = append(in.Proposal.Grants, in.Proposal.Grants[0]) },
		"an account without": func(in *workflows.Input) { delete(in.Account.Values, workflows.CustomTemplate) },
	} {
		in := customInput(customSample)
		change(&in)
		if _, err := samplePlanner(t).Render(in); !errors.As(err, new(*workflows.Refusal)) {
			t.Errorf("%s is granted: %v", name, err)
		}
	}
	if _, err := NewCatalogue([]byte(strings.Replace(string(mustTemplate(t, "s3-static-site").Source()), "name: s3-static-site", "name: custom", 1))); !errors.Is(err, ErrTemplate) {
		t.Errorf("a template called custom is taken: %v", err)
	}
}

func mustTemplate(t *testing.T, name string) Template {
	t.Helper()
	found, ok := ownShelf(t).Get(name)
	if !ok {
		t.Fatalf("no template %s", name)
	}
	return found
}

func FuzzCustomDocument(f *testing.F) {
	f.Add(customSample)
	f.Add(`{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:shop-x"}}`)
	planner := samplePlanner(f)
	everywhere := Call{Action: "s3:GetObject", Resource: "arn:aws:s3:::payroll/x", Context: map[string][]string{"aws:ResourceAccount": {"111122223333"}}}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := planner.Render(customInput(text))
		if err != nil {
			if !errors.As(err, new(*workflows.Refusal)) {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		step, _ := out.Plan.Step("policy:custom")
		d, err := Parse(step.Policy.Document)
		if err != nil {
			t.Fatalf("granted, and not readable: %v", err)
		}
		if got, _ := Evaluate([]Document{d}, nil, everywhere); got == Allowed {
			t.Fatalf("%s reaches another bucket", text)
		}
		for _, say := range out.Words.Can {
			if strings.ContainsAny(say, "\n<>&") {
				t.Fatalf("it says %q", say)
			}
		}
	})
}
