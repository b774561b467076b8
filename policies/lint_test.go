package policies

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fedbot/workflows"
)

func TestTemplatesAreClean(t *testing.T) {
	c, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Names() {
		tpl, _ := c.Get(name)
		for _, p := range LintTemplate(tpl) {
			if p.Counts() {
				t.Errorf("%s: %s %s at %s: %s", name, p.Code, p.Level, p.Where, p.Say)
			}
		}
	}
}

func TestPlansAreClean(t *testing.T) {
	plan := render(t, sampleInput()).Plan
	for _, p := range LintPlan(plan, "eu-west-1", sampleBoundary, nil) {
		if p.Counts() {
			t.Errorf("%s %s at %s: %s", p.Code, p.Level, p.Where, p.Say)
		}
	}
	for name, break_ := range map[string]func(*workflows.Plan){
		"I27": func(p *workflows.Plan) { p.Steps = slices.Delete(p.Steps, 3, 4) },
		"I11": func(p *workflows.Plan) { p.Steps[2].Role.Boundary = "" },
		"I12": func(p *workflows.Plan) { p.Steps[2].Role.MaxSession = 43200 },
		"I5": func(p *workflows.Plan) {
			p.Steps[2].Role.Trust = strings.Replace(p.Steps[2].Role.Trust, "aws-shop-dev", "*", 1)
		},
		"I22": func(p *workflows.Plan) {
			p.Steps[4].Policy.Document = strings.Replace(p.Steps[4].Policy.Document, "s3:ListBucket", "s3:PutBucketPolicy", 1)
		},
	} {
		broken := render(t, sampleInput()).Plan
		break_(&broken)
		if !slices.ContainsFunc(LintPlan(broken, "eu-west-1", "", nil), func(p Problem) bool { return p.Code == name && p.Counts() }) {
			t.Errorf("%s is not seen", name)
		}
	}
}

// Every check that is listed can fail on something: the codes that the linters give
// are those of the list, and each of them is given below or in the tests of trust.
func TestEveryCheckCanFail(t *testing.T) {
	given := map[string]bool{"I1": true, "I2": true, "I3": true, "I4": true, "I5": true, "I6": true, "I7": true, "I9": true} // TestTrustLint
	note := func(problems []Problem) {
		for _, p := range problems {
			if p.Say == "" || p.Level == "" || p.Name == "" {
				t.Errorf("incomplete: %+v", p)
			}
			given[p.Code] = true
		}
	}
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	fn := `"arn:aws:lambda:eu-west-1:111122223333:function:f"`
	for _, d := range []string{
		"{", `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, statement(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`),
		statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/x"}`), statement(`{"Sid":"Ж","Effect":"Allow","Action":"lambda:Explode","Resource":` + fn + `}`),
		statement(`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b/*"}`),
		statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":` + fn + `,"Condition":{"StringNotEquals":{"s3:prefix":"x"},"StringMatches":{"a:b":"c"}}}`),
		statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:` + strings.Repeat("x", MostCharacters) + `"}`),
	} {
		note(LintPermissions(map[string]string{"p": d}, LintFrame{Account: "111122223333", Region: "eu-west-1", Approved: map[string]string{}}))
	}
	note(LintRole(RoleFacts{
		Path: "/aws-service-role/", Name: "x", ID: "AROA1", WantID: "AROA2", MaxSession: 7200, InstanceProfiles: []string{"web"},
		Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
	}))
	note(LintProvider(ProviderFacts{URL: "https://x", WantURL: "https://y", Audiences: []string{"a"}, Audience: "b", Thumbprints: []string{"00"}}))
	note(LintLife(LifeFacts{
		Approved: Names{"o", "p", "c"}, Today: Names{"o", "p", "d"}, Requester: "ann", Approvers: []string{"ann"},
		Latest: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Writes: []workflows.StepKind{workflows.StepRole, workflows.StepPolicy},
	}))
	infos := AllChecks()
	for i, c := range infos {
		if c.Name == "" || c.Demands == "" || c.On == "" || c.Level == "" {
			t.Errorf("incomplete: %+v", c)
		}
		if slices.ContainsFunc(infos[:i], func(o CheckInfo) bool { return o.Code == c.Code }) {
			t.Errorf("%s is there twice", c.Code)
		}
		if !given[c.Code] && c.Code[0] != 'E' && c.Code[0] != 'X' { // those are in TestPaths
			t.Errorf("%s (%s) fails on nothing", c.Code, c.Name)
		}
		delete(given, c.Code)
	}
	for code := range given {
		t.Errorf("%s is given and not listed", code)
	}
}

func TestGoodFactsPass(t *testing.T) {
	tags := map[string]string{}
	for _, tag := range neededTags {
		tags[tag] = "x"
	}
	problems := LintRole(RoleFacts{
		Path: workflows.RolePath, Name: "ado-shop-aws-1a2b", ID: "AROA1", WantID: "AROA1", Boundary: "arn:b", WantBoundary: "arn:b", MaxSession: 3600, Tags: tags,
	})
	problems = append(problems, LintProvider(ProviderFacts{URL: "x", WantURL: "https://x", Audiences: []string{"a"}, Audience: "a"})...)
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	problems = append(problems, LintLife(LifeFacts{Requester: "ann", Approvers: []string{"bob"}, Ends: at, Latest: at, Digest: "d", Recorded: []string{"d"}, Ours: true})...)
	for _, p := range problems {
		t.Errorf("%+v", p)
	}
}

// An exception takes one statement out of one check, is told with its reason, and
// covers nothing else.
func TestExceptions(t *testing.T) {
	document := `{"Version":"2012-10-17","Statement":[
		{"Sid":"A","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/x"},
		{"Sid":"B","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/y"}]}`
	frame := LintFrame{Account: "111122223333", Region: "eu-west-1", Excepts: map[string][]Exception{"p": {{Check: "I22", Statement: "A", Why: "It has to."}}}}
	var told, counted int
	for _, p := range LintPermissions(map[string]string{"p": document}, frame) {
		if p.Code == "I22" && p.Except == "It has to." {
			told++
		} else if p.Code == "I22" && p.Counts() {
			counted++
		}
	}
	if told != 1 || counted != 1 {
		t.Errorf("%d excepted, %d counted; want one each", told, counted)
	}
}
