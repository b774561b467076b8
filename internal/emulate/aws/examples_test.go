package aws

import (
	"strings"
	"testing"
)

// TestExamples are conditions on the subject of a token as they are met in the wild,
// and what AWS has documented that they do. Both readings must say so.
func TestExamples(t *testing.T) {
	const provider = "Federated arn:aws:iam::" + dev + ":oidc-provider/vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"
	const sub, aud = "vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:sub", "vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:aud"
	right := map[string][]string{sub: {"sc://contoso/Shop/aws-prod"}, aud: {audience}}
	playground := map[string][]string{sub: {"sc://contoso/Shop-Playground/x"}, aud: {audience}}
	sibling := map[string][]string{sub: {"sc://contoso/Shop/other"}, aud: {audience}}
	recased := map[string][]string{sub: {"sc://contoso/shop/AWS-prod"}, aud: {audience}}
	bare := map[string][]string{}
	exact := []string{"sc://contoso/Shop/aws-prod"}
	c := func(set, operator, key string, values ...string) readCondition {
		name, ifExists := strings.CutSuffix(operator, "IfExists")
		return readCondition{set: set, operator: name, ifExists: ifExists, key: key, values: values}
	}
	for _, tt := range []struct {
		name       string
		conditions []readCondition
		keys       map[string][]string
		want       verdict
	}{
		{"the pair that fedbot writes", []readCondition{c("", "StringEquals", aud, audience), c("", "StringEquals", sub, exact...)}, right, allows},
		{"the pair, and a sibling", []readCondition{c("", "StringEquals", aud, audience), c("", "StringEquals", sub, exact...)}, sibling, silent},
		{"the pair, without a token's keys", []readCondition{c("", "StringEquals", aud, audience), c("", "StringEquals", sub, exact...)}, bare, silent},
		{"only the audience lets every connection in", []readCondition{c("", "StringEquals", aud, audience)}, sibling, allows},
		{"values keep their case", []readCondition{c("", "StringEquals", sub, exact...)}, recased, silent},
		{"a wildcard is literal in StringEquals", []readCondition{c("", "StringEquals", sub, "sc://contoso/Shop/*")}, right, silent},
		{"IgnoreCase lets a rename in case through", []readCondition{c("", "StringEqualsIgnoreCase", sub, exact...)}, recased, allows},
		{"IgnoreCase needs the key", []readCondition{c("", "StringEqualsIgnoreCase", sub, exact...)}, bare, silent},
		{"Like with a star after the project lets another project in", []readCondition{c("", "StringLike", sub, "sc://contoso/Shop*")}, playground, allows},
		{"Like with the project lets every connection in", []readCondition{c("", "StringLike", sub, "sc://contoso/Shop/*")}, sibling, allows},
		{"Like with the project keeps another project out", []readCondition{c("", "StringLike", sub, "sc://contoso/Shop/*")}, playground, silent},
		{"Like needs the key", []readCondition{c("", "StringLike", sub, "*")}, bare, silent},
		{"a question mark is one character", []readCondition{c("", "StringLike", sub, "sc://contoso/Shop/aws-pro?")}, right, allows},
		{"ForAllValues with the key", []readCondition{c("ForAllValues", "StringEquals", sub, exact...)}, sibling, silent},
		{"ForAllValues without the key is open", []readCondition{c("ForAllValues", "StringEquals", sub, exact...)}, bare, allows},
		{"ForAllValues with a misspelt key is open", []readCondition{c("ForAllValues", "StringEquals", sub+"ject", exact...)}, sibling, allows},
		{"ForAnyValue with the key", []readCondition{c("ForAnyValue", "StringEquals", sub, exact...)}, right, allows},
		{"ForAnyValue without the key", []readCondition{c("ForAnyValue", "StringEquals", sub, exact...)}, bare, silent},
		{"IfExists with the key", []readCondition{c("", "StringEqualsIfExists", sub, exact...)}, sibling, silent},
		{"IfExists without the key is open", []readCondition{c("", "StringEqualsIfExists", sub, exact...)}, bare, allows},
		{"IfExists with another issuer's key is open", []readCondition{c("", "StringLikeIfExists", "token.actions.githubusercontent.com:sub", "repo:x/*")}, sibling, allows},
		{"NotEquals is open for all but one", []readCondition{c("", "StringNotEquals", sub, "sc://contoso/Evil/x")}, sibling, allows},
		{"NotEquals without the key is open", []readCondition{c("", "StringNotEquals", sub, exact...)}, bare, allows},
		{"NotLike without the key is open", []readCondition{c("", "StringNotLike", sub, "sc://contoso/*")}, bare, allows},
		{"NotLike of several values is none of them", []readCondition{c("", "StringNotLike", sub, "sc://other/*", "sc://contoso/*")}, right, silent},
		{"two operators are and", []readCondition{c("", "StringEquals", sub, exact...), c("", "StringLike", aud, "https://*")}, right, silent},
		{"two values are or", []readCondition{c("", "StringEquals", sub, "sc://contoso/Shop/old", exact[0])}, right, allows},
		{"keys ignore case", []readCondition{c("", "StringEquals", strings.ToUpper(sub), exact...)}, right, allows},
		{"a name with a variable is interpolated", []readCondition{c("", "StringEquals", sub, "sc://contoso/Shop/aws-prod${aws:none, ''}")}, right, allows},
		{"a variable without a value matches nothing", []readCondition{c("", "StringLike", sub, "sc://*${aws:username}*")}, right, silent},
		{"and excludes nothing", []readCondition{c("", "StringNotEquals", sub, "sc://${aws:username}")}, right, allows},
		{"another issuer's key can never match", []readCondition{c("", "StringEquals", "token.actions.githubusercontent.com:sub", exact...)}, right, silent},
		{"Null asks for a token's key", []readCondition{c("", "Null", sub, "false")}, right, allows},
		{"Null asks for no key", []readCondition{c("", "Null", sub, "true")}, right, silent},
		{"several audiences, any", []readCondition{c("ForAnyValue", "StringEquals", aud, audience)}, map[string][]string{aud: {"x", audience}}, allows},
		{"several audiences, all", []readCondition{c("ForAllValues", "StringEquals", aud, audience)}, map[string][]string{aud: {"x", audience}}, silent},
		{"an empty audience is an empty set", []readCondition{c("ForAllValues", "StringEquals", aud, audience)}, map[string][]string{aud: {""}}, allows},
		{"an empty audience is no value", []readCondition{c("ForAnyValue", "StringLike", aud, "*")}, map[string][]string{aud: {""}}, silent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := readStatement{effect: "Allow", principal: []string{provider}, action: []string{"sts:AssumeRoleWithWebIdentity"}, conditions: tt.conditions}
			d, err := parseTrustPolicy(policyText([]readStatement{st}, "2012-10-17"))
			if err != nil {
				t.Fatal(err)
			}
			r := readRequest{action: "sts:AssumeRoleWithWebIdentity", keys: map[string][]string{}, principals: []string{provider}}
			q := question{action: r.action, keys: contextKeys{}, who: []principal{{"Federated", provider[len("Federated "):]}}}
			for k, v := range tt.keys {
				r.keys[strings.ToLower(k)] = v
				q.keys.set(k, v...)
			}
			if got := d.judge(q); got != tt.want {
				t.Errorf("the evaluator says %d, want %d", got, tt.want)
			}
			if got := r.decide([]readStatement{st}, "2012-10-17"); got != tt.want {
				t.Errorf("the reading says %d, want %d", got, tt.want)
			}
		})
	}
}

// TestResourceWildcards are the user guide's examples of the Resource element, and
// what its rules say of colons.
func TestResourceWildcards(t *testing.T) {
	for _, tt := range []struct {
		pattern, resource string
		want              bool
	}{
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/test/object.jpg", true},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", true},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/3/test/", true},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1///test///object.jpg", true},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket//test/object.jpg", true},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", false},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object.jpg", false},
		{"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test.jpg", false},
		{"arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/accounting/ann", true},
		{"arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/Accounting/ann", false},
		{"arn:aws:s3:::bucket/a*", "arn:aws:s3:::bucket/a:b:c", true}, // after the fifth colon, colons are characters
		{"arn:aws:dynamodb:*:111122223333:table/x", "arn:aws:dynamodb:eu-west-1:111122223333:table/x", true},
		{"arn:aws:dynamodb:eu*:111122223333:table/x", "arn:aws:dynamodb:eu-west-1:444455556666:111122223333:table/x", true}, // a star at the end runs on
		{"arn:aws:dynamodb:eu*1:111122223333:table/x", "arn:aws:dynamodb:eu-west-1:444455551:111122223333:table/x", false},  // one in the middle does not
		{"arn:aws:dynamodb:eu-west-1?111122223333:x:table/x", "arn:aws:dynamodb:eu-west-1:111122223333:x:table/x", false},   // nor does a question mark
	} {
		q := question{action: "a:b", resource: tt.resource, keys: contextKeys{}}
		st := readStatement{effect: "Allow", action: []string{"*"}, resource: []string{tt.pattern}}
		d, err := parseIdentityPolicy(policyText([]readStatement{st}, "2012-10-17"))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.judge(q) == allows; got != tt.want {
			t.Errorf("the evaluator matches %s with %s: %t", tt.pattern, tt.resource, got)
		}
		if got := (readRequest{action: "a:b", resource: tt.resource}).decide([]readStatement{st}, "2012-10-17") == allows; got != tt.want {
			t.Errorf("the reading matches %s with %s: %t", tt.pattern, tt.resource, got)
		}
	}
}
