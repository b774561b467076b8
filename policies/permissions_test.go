package policies

import (
	"strings"
	"testing"
)

const goodSite = `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*",` +
	`"Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}}]}`

func TestCheckPermissions(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	fn := `"arn:aws:lambda:eu-west-1:111122223333:function:f"`
	pass := `{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`
	for _, tc := range []struct{ name, document, want string }{
		{"good", goodSite, ""},
		{"every action", statement(`{"Effect":"Allow","Action":"*","Resource":` + fn + `}`), "I18+I20+I22+X"},
		{"a service", statement(`{"Effect":"Allow","Action":"lambda:*","Resource":` + fn + `}`), "I18+I22+X"},
		{"some actions", statement(`{"Effect":"Allow","Action":"lambda:Get*","Resource":` + fn + `}`), "I18"},
		{"not action", statement(`{"Effect":"Allow","NotAction":"iam:PassRole","Resource":` + fn + `}`), "I18+X"},
		{"not resource", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","NotResource":` + fn + `}`), "I18"},
		{"everything", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"*"}`), "I18+I23"},
		{"everything, because it must be", statement(`{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}`), ""},
		{"unknown action", statement(`{"Effect":"Allow","Action":"lambda:Explode","Resource":` + fn + `}`), "I19"},
		{"permissions", statement(`{"Effect":"Allow","Action":"s3:PutObjectAcl","Resource":"arn:aws:s3:::b/x","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}}`), "I19"},
		{"pass a named role", statement(pass), ""},
		{"pass any role", statement(strings.Replace(pass, "role/app", "role/*", 1)), "I20"},
		{"pass our role", statement(strings.Replace(pass, "role/app", "role/ado-federation/x", 1)), "I20"},
		{"pass to anyone", statement(strings.Replace(pass, "iam:PassedToService", "aws:RequestTag/x", 1)), "I20+D"},
		{"pass in any account", statement(strings.Replace(pass, "111122223333", "*", 1)), "I20+I23"},
		{"iam", statement(`{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"arn:aws:iam::111122223333:role/x"}`), "I19+I22+E"},
		{"another role", statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/x"}`), "I22"},
		{"function policy", statement(`{"Effect":"Allow","Action":"lambda:AddPermission","Resource":` + fn + `}`), "I19+I22+X"},
		{"bucket without account", statement(`{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`), "I23"},
		{"bucket of two accounts", strings.Replace(goodSite, `"111122223333"`, `["111122223333","*"]`, 1), "I23"},
		{"another region", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f"}`), "I23"},
		{"any region", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:*:111122223333:function:f"}`), "I23"},
		{"another account", statement(`{"Effect":"Allow","Action":"lambda:GetFunction","Resource":"arn:aws:lambda:eu-west-1:444455556666:function:f"}`), "I23"},
		{"too long", strings.Replace(goodSite, "arn:aws:s3:::b/*", "arn:aws:s3:::b/"+strings.Repeat("x", inlineQuota-inlineFree), 1), "I24"},
		{"repeated key", strings.Replace(goodSite, `"Effect"`, `"Effect":"Deny","Effect"`, 1), "all"},
	} {
		found := map[string]string{"tmpl-x-v1": tc.document}
		checks := CheckPermissions(found, PermissionsWant{"111122223333", "eu-west-1", found, nil})
		got := failed(checks)
		got = strings.TrimPrefix(got, "I16+") // a document that Diff cannot read is not as rendered either
		if got != tc.want {
			t.Errorf("%s: failed %q, want %q: %+v", tc.name, got, tc.want, checks)
		}
	}
}

func TestCheckPermissionsNames(t *testing.T) {
	want := PermissionsWant{"111122223333", "eu-west-1", map[string]string{"tmpl-x-v1": goodSite}, nil}
	for name, found := range map[string]map[string]string{
		"gone":    {},
		"renamed": {"tmpl-x-v2": goodSite},
		"extra":   {"tmpl-x-v1": goodSite, "admin": goodSite},
		"changed": {"tmpl-x-v1": strings.Replace(goodSite, "b/*", "c/*", 1)},
	} {
		if got := failed(CheckPermissions(found, want)); got != "I16" {
			t.Errorf("%s: failed %q, want I16", name, got)
		}
	}
}

func TestCouldAllow(t *testing.T) {
	for _, tc := range []struct {
		name, boundary string
		want           bool
	}{
		{"everything", `{"Effect":"Allow","Action":"*","Resource":"*"}`, true},
		{"nothing of it", `{"Effect":"Allow","Action":"lambda:*","Resource":"*"}`, false},
		{"another case", `{"Effect":"Allow","Action":"S3:putobject","Resource":"*"}`, true},
		{"part of the folder", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::site/web/img/*"}`, true},
		{"another bucket", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::media/*"}`, false},
		{"under a condition", `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"x"}}}`, true},
		{"a variable", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/site}/*"}`, true},
		{"denied", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}`, false},
		{"denied in part", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"arn:aws:s3:::site/web/img/*"}`, true},
		{"denied under a condition", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, true},
		{"denied all but", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"lambda:*","Resource":"*"}`, false},
		{"allowed all but", `{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, false},
		{"allowed all but another", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, true},
		{"not this bucket", `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::site/*"}`, false},
	} {
		d, err := Parse(`{"Version":"2012-10-17","Statement":[` + tc.boundary + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := couldAllow(d, "s3:PutObject", "arn:aws:s3:::site/web/*"); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestEvaluateBoundary(t *testing.T) {
	role, err := Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	boundary, err := Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]Answer{"s3:GetObject": Allowed, "s3:PutObject": Denied, "lambda:GetFunction": Denied} {
		if got, why := Evaluate([]Document{role}, &boundary, Call{Action: action, Resource: "arn:aws:s3:::a/b"}); got != want {
			t.Errorf("%s is %s (%s), want %s", action, got, why, want)
		}
	}
}
