package aws

import (
	"fmt"
	"testing"
)

const sub = "idp.example/org:sub"

// trustCase asks a trust policy with one condition about a token.
func trustCase(t *testing.T, condition string, keys map[string][]string) verdict {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + dev + `:oidc-provider/idp.example/org"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":` + condition + `}]}`
	d, err := parseTrustPolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	ctx := contextKeys{}
	for k, v := range keys {
		ctx.set(k, v...)
	}
	return d.judge(question{action: "sts:AssumeRoleWithWebIdentity", keys: ctx, who: []principal{{"Federated", "arn:aws:iam::" + dev + ":oidc-provider/idp.example/org"}}})
}

func TestConditionOperators(t *testing.T) {
	right := map[string][]string{sub: {"sc://o/Shop/aws"}}
	wrong := map[string][]string{sub: {"sc://o/Shop-Playground/aws"}}
	absent := map[string][]string{}
	for _, tt := range []struct {
		operator, value       string
		right, wrong, missing verdict
	}{
		{"StringEquals", "sc://o/Shop/aws", allows, silent, silent},
		{"StringEquals", "sc://o/shop/aws", silent, silent, silent},
		{"StringEquals", "sc://o/Shop/*", silent, silent, silent},
		{"StringEqualsIgnoreCase", "SC://o/shop/AWS", allows, silent, silent},
		{"StringLike", "sc://o/Shop*", allows, allows, silent},
		{"StringLike", "sc://o/Shop/*", allows, silent, silent},
		{"StringLike", "sc://o/Shop/aw?", allows, silent, silent},
		{"StringNotEquals", "sc://o/Shop/aws", silent, allows, allows},
		{"StringNotEqualsIgnoreCase", "sc://O/shop/aws", silent, allows, allows},
		{"StringNotLike", "sc://o/Shop/*", silent, allows, allows},
		{"StringEqualsIfExists", "sc://o/Shop/aws", allows, silent, allows},
		{"StringNotEqualsIfExists", "sc://o/Shop/aws", silent, allows, allows},
		{"ForAllValues:StringEquals", "sc://o/Shop/aws", allows, silent, allows},
		{"ForAnyValue:StringEquals", "sc://o/Shop/aws", allows, silent, silent},
		{"ForAllValues:StringLike", "sc://o/Shop/*", allows, silent, allows},
		{"ForAnyValue:StringLike", "sc://o/Shop/*", allows, silent, silent},
		{"ForAllValues:StringNotEquals", "sc://o/Shop/aws", silent, allows, allows},
		{"ForAnyValue:StringNotEquals", "sc://o/Shop/aws", silent, allows, silent},
		{"Null", "true", silent, silent, allows},
		{"Null", "false", allows, allows, silent},
	} {
		condition := fmt.Sprintf(`{%q:{%q:%q}}`, tt.operator, sub, tt.value)
		for i, keys := range []map[string][]string{right, wrong, absent} {
			want := []verdict{tt.right, tt.wrong, tt.missing}[i]
			if got := trustCase(t, condition, keys); got != want {
				t.Errorf("%s %s on %v: got %d, want %d", tt.operator, tt.value, keys, got, want)
			}
		}
	}
}

func TestConditionsCombine(t *testing.T) {
	both := map[string][]string{sub: {"a"}, "idp.example/org:aud": {"x"}}
	for condition, want := range map[string]verdict{
		`{"StringEquals":{"idp.example/org:sub":"a","idp.example/org:aud":"x"}}`:                 allows,
		`{"StringEquals":{"idp.example/org:sub":"a","idp.example/org:aud":"y"}}`:                 silent,
		`{"StringEquals":{"idp.example/org:sub":["b","a"]}}`:                                     allows,
		`{"StringEquals":{"IDP.example/ORG:Sub":"a"}}`:                                           allows, // keys ignore case
		`{"StringEquals":{"other.example:sub":"a"}}`:                                             silent, // another issuer's key
		`{"StringEquals":{"idp.example/org:sub":"a"},"StringLike":{"idp.example/org:aud":"y*"}}`: silent,
		`{"StringEquals":{"idp.example/org:sub":[]}}`:                                            silent,
		`{}`: allows,
	} {
		if got := trustCase(t, condition, both); got != want {
			t.Errorf("%s: got %d, want %d", condition, got, want)
		}
	}
}

func TestOtherOperators(t *testing.T) {
	for _, tt := range []struct {
		operator, key, value, got string
		want                      verdict
	}{
		{"NumericLessThan", "a:n", "10", "9", allows},
		{"NumericLessThan", "a:n", "10", "10", silent},
		{"NumericGreaterThanEquals", "a:n", "10", "10.0", allows},
		{"NumericNotEquals", "a:n", "10", "11", allows},
		{"NumericEquals", "a:n", "10", "ten", silent},
		{"DateLessThan", "aws:TokenIssueTime", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", allows},
		{"DateLessThan", "aws:TokenIssueTime", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", silent},
		{"DateGreaterThanEquals", "aws:CurrentTime", "1767225600", "2026-01-01T00:00:00Z", allows},
		{"DateNotEquals", "aws:CurrentTime", "2026-01-01", "2026-01-01T00:00:01Z", allows},
		{"Bool", "aws:SecureTransport", "true", "TRUE", allows},
		{"Bool", "aws:SecureTransport", "false", "true", silent},
		{"IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.7", allows},
		{"IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.7", silent},
		{"NotIpAddress", "aws:SourceIp", "2001:db8::/32", "2001:db9::1", allows},
		{"IpAddress", "aws:SourceIp", "::1", "::1", allows},
		{"ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ado-*", "arn:aws:iam::111122223333:role/ado-x", allows},
		{"ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", allows},
		{"ArnLike", "aws:PrincipalArn", "arn:aws:iam::*", "arn:aws:iam::1:role/a", silent},
		{"ArnLike", "aws:PrincipalArn", "arn:aws:*:role/a", "arn:aws:iam::1:role/a", silent},
		{"ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/a", allows},
		{"BinaryEquals", "a:b", "aGk=", "aGk=", allows},
	} {
		if got := trustCase(t, fmt.Sprintf(`{%q:{%q:%q}}`, tt.operator, tt.key, tt.value), map[string][]string{tt.key: {tt.got}}); got != tt.want {
			t.Errorf("%s %s on %s: got %d, want %d", tt.operator, tt.value, tt.got, got, tt.want)
		}
	}
}

func TestVariables(t *testing.T) {
	keys := map[string][]string{"aws:username": {"ann"}, "aws:userid": {"*"}, "a:multi": {"x", "y"}, "a:v": {"home/ann"}}
	for _, tt := range []struct {
		operator, value, got string
		want                 verdict
	}{
		{"StringEquals", "home/${aws:username}", "home/ann", allows},
		{"StringLike", "home/${AWS:UserName}*", "home/ann/x", allows},
		{"StringEquals", "${aws:missing}", "", silent},
		{"StringNotEquals", "${aws:missing}", "x", allows}, // nothing is excluded
		{"StringNotEqualsIfExists", "${aws:missing}", "x", allows},
		{"StringEquals", "${aws:missing, 'none'}", "none", allows},
		{"StringLike", "a${*}", "ab", silent},
		{"StringLike", "a${*}", "a*", allows},
		{"StringLike", "a${?}${$}", "a?$", allows},
		{"StringLike", "${aws:userid}", "anything", silent}, // a star from a variable is a star
		{"StringEquals", "${a:multi}", "x", silent},
	} {
		keys["a:got"] = []string{tt.got}
		if got := trustCase(t, fmt.Sprintf(`{%q:{"a:got":%q}}`, tt.operator, tt.value), keys); got != tt.want {
			t.Errorf("%s %s on %q: got %d, want %d", tt.operator, tt.value, tt.got, got, tt.want)
		}
	}
	old, err := parseIdentityPolicy(`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]verdict{"arn:aws:s3:::ann": silent, "arn:aws:s3:::${aws:username}": allows} {
		if got := old.judge(question{action: "s3:ListBucket", resource: resource, keys: keys}); got != want {
			t.Errorf("the old version on %s: got %d, want %d", resource, got, want)
		}
	}
}

func TestStatements(t *testing.T) {
	const two = `{"Version":"2012-10-17","Statement":[%s]}`
	for _, tt := range []struct {
		name, statements, action, resource string
		want                               verdict
	}{
		{"nothing said", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, "s3:PutObject", "arn:aws:s3:::a/b", silent},
		{"action ignores case", `{"Effect":"Allow","Action":"S3:getobject","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::a/b", allows},
		{"action wildcards", `{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::a/b", allows},
		{"resource keeps case", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::A/*"}`, "s3:GetObject", "arn:aws:s3:::a/b", silent},
		{"star crosses slashes", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/*"}`, "s3:GetObject", "arn:aws:s3:::a/b/c", allows},
		{"neighbouring prefix", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/web/*"}`, "s3:GetObject", "arn:aws:s3:::a/web2/c", silent},
		{"NotAction", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::a/b", allows},
		{"NotAction itself", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, "iam:CreateRole", "arn:aws:iam::1:role/a", silent},
		{"NotResource", `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::a/*"}`, "s3:GetObject", "arn:aws:s3:::a/b", silent},
		{"deny wins", `{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::a/b", denies},
		{"deny comes last", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}`, "s3:GetObject", "arn:aws:s3:::a/b", denies},
	} {
		d, err := parseIdentityPolicy(fmt.Sprintf(two, tt.statements))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := d.judge(question{action: tt.action, resource: tt.resource, keys: contextKeys{}}); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(trustFor(subject), "sc://a/b/c")
	f.Add(allowS3, "*")
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":"*","NotResource":"arn:aws:s3:::${a:b,'c'}*"}}`, "${x}")
	f.Fuzz(func(t *testing.T, text, value string) {
		d, err := parseDocument(text)
		if err != nil {
			return
		}
		keys := contextKeys{}
		keys.set(issuerPath+":sub", value)
		q := question{action: value, resource: value, keys: keys, who: []principal{{"AWS", value}}}
		if d.judge(q) != judgeAll([]string{text}, q) {
			t.Error("two ways to ask one policy differ")
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("**", "")
	f.Add("arn:aws:*b:*:?:a?b*", "arn:aws:ab:c:d:a:b:c")
	f.Fuzz(func(t *testing.T, text, value string) {
		p := newPattern(text, "", nil)
		if string([]rune(text)) == text && text == value && !p.matches(value) {
			t.Errorf("%q does not match itself", text)
		}
		if len(p.split(':', 6)) > 6 {
			t.Error("too many parts")
		}
		narrow := newResource(text, "", nil)
		if narrow.matches(value) && !p.matches(value) {
			t.Errorf("%q matches %q only where wildcards stay within their part", text, value)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIiwic3ViIjoiYiIsImF1ZCI6WyJjIl0sImV4cCI6MSwiaWF0IjoxfQ.AA")
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := parseToken(text)
		if err == nil && (tok.issuer == "" || tok.subject == "") {
			t.Error("a token without issuer or subject was taken")
		}
	})
}
