package policies

import "testing"

// Every operator of IAM on a key that is there, is there with another value, and
// is absent.
func TestOperators(t *testing.T) {
	for _, tc := range []struct {
		op     string
		values []string
		found  []string
		want   tri
	}{
		{"StringEquals", []string{"a"}, []string{"a"}, yes},
		{"StringEquals", []string{"a"}, []string{"A"}, no},
		{"StringEquals", []string{"a*"}, []string{"ab"}, no},
		{"stringequals", []string{"b", "a"}, []string{"a"}, yes},
		{"StringLike", []string{"a*"}, []string{"ab"}, yes},
		{"StringLike", []string{"a?"}, []string{"aé"}, yes},
		{"StringEqualsIgnoreCase", []string{"a"}, []string{"A"}, yes},
		{"StringNotEqualsIgnoreCase", []string{"a"}, []string{"A"}, no},
		{"StringNotEquals", []string{"a"}, []string{"a"}, no},
		{"StringNotLike", []string{"a*"}, []string{"b"}, yes},
		{"NumericEquals", []string{"10"}, []string{"10.0"}, yes},
		{"NumericNotEquals", []string{"10"}, []string{"10.0"}, no},
		{"NumericLessThan", []string{"10"}, []string{"9"}, yes},
		{"NumericLessThan", []string{"10"}, []string{"10"}, no},
		{"NumericLessThanEquals", []string{"10"}, []string{"10"}, yes},
		{"NumericGreaterThan", []string{"-1"}, []string{"0"}, yes},
		{"NumericGreaterThanEquals", []string{"1"}, []string{"nine"}, no},
		{"NumericEquals", []string{"ten"}, []string{"10"}, perhaps},
		{"DateEquals", []string{"2026-01-01"}, []string{"2026-01-01T00:00:00Z"}, yes},
		{"DateNotEquals", []string{"2026-01-01"}, []string{"2026-01-02"}, yes},
		{"DateLessThan", []string{"2026-01-01T00:00:00Z"}, []string{"2025-12-31T23:30:00-01:00"}, no},
		{"DateLessThanEquals", []string{"1767225600"}, []string{"2026-01-01T00:00:00Z"}, yes},
		{"DateGreaterThan", []string{"2026"}, []string{"2026-06-01"}, yes},
		{"DateGreaterThanEquals", []string{"2026-07"}, []string{"2026-06-30"}, no},
		{"DateLessThan", []string{"soon"}, []string{"2026-06-30"}, perhaps},
		{"Bool", []string{"true"}, []string{"True"}, yes},
		{"Bool", []string{"true"}, []string{"false"}, no},
		{"BinaryEquals", []string{"QQ=="}, []string{"QQ=="}, yes},
		{"IpAddress", []string{"203.0.113.0/24"}, []string{"203.0.113.9"}, yes},
		{"IpAddress", []string{"203.0.113.9"}, []string{"203.0.113.10"}, no},
		{"IpAddress", []string{"2001:db8::/32"}, []string{"2001:db8::1"}, yes},
		{"IpAddress", []string{"203.0.113.0/24"}, []string{"::ffff:203.0.113.9"}, yes},
		{"NotIpAddress", []string{"203.0.113.0/24"}, []string{"203.0.113.9"}, no},
		{"IpAddress", []string{"office"}, []string{"203.0.113.9"}, perhaps},
		{"ArnLike", []string{"arn:aws:iam::*:role/x"}, []string{"arn:aws:iam::1:role/x"}, yes},
		{"ArnEquals", []string{"arn:aws:*:role/x"}, []string{"arn:aws:iam::1:role/x"}, perhaps},
		{"ArnLike", []string{"arn:*:iam::1:role/x"}, []string{"arn:aws:s3:iam::1:role/x"}, no},
		{"ArnNotLike", []string{"arn:aws:iam::1:role/*"}, []string{"arn:aws:iam::1:role/a:b"}, no},
		{"ArnNotEquals", []string{"arn:aws:iam::1:role/*"}, []string{"nonsense"}, yes},
		// an absent key, by IAM's table
		{"StringEquals", []string{"a"}, nil, no},
		{"StringLike", []string{"*"}, nil, no},
		{"StringNotEquals", []string{"a"}, nil, yes},
		{"NotIpAddress", []string{"10.0.0.0/8"}, nil, yes},
		{"NumericLessThan", []string{"1"}, nil, no},
		{"DateLessThan", []string{"2026-01-01"}, nil, no},
		{"StringEqualsIfExists", []string{"a"}, nil, yes},
		{"NumericLessThanIfExists", []string{"1"}, nil, yes},
		{"ForAllValues:StringEquals", []string{"a"}, nil, yes},
		{"ForAnyValue:StringEquals", []string{"a"}, nil, no},
		{"ForAnyValue:StringNotEquals", []string{"a"}, nil, no},
		{"Null", []string{"true"}, nil, yes},
		{"Null", []string{"false"}, nil, no},
		{"Null", []string{"False"}, []string{"a"}, yes},
		// several values
		{"StringEquals", []string{"a"}, []string{"b", "a"}, yes},
		{"StringNotEquals", []string{"a"}, []string{"b", "a"}, no},
		{"ForAllValues:StringEquals", []string{"a"}, []string{"a", "b"}, no},
		{"ForAnyValue:StringEquals", []string{"a"}, []string{"a", "b"}, yes},
		{"ForAnyValue:StringNotEquals", []string{"a"}, []string{"a", "b"}, yes},
		{"ForAllValues:StringNotEquals", []string{"a"}, []string{"b", "c"}, yes},
		// variables
		{"StringEquals", []string{"${aws:username}"}, []string{"ann"}, yes},
		{"StringLike", []string{"home/${aws:Username}/*"}, []string{"home/ann/x"}, yes},
		{"StringLike", []string{"${aws:PrincipalTag/star}"}, []string{"anything"}, no},
		{"StringLike", []string{"${aws:PrincipalTag/star}"}, []string{"*"}, yes},
		{"StringLike", []string{"a${*}b"}, []string{"a*b"}, yes},
		{"StringLike", []string{"a${*}b"}, []string{"aXb"}, no},
		{"StringEquals", []string{"${aws:PrincipalTag/no, 'none'}"}, []string{"none"}, yes},
		{"StringEquals", []string{"${aws:PrincipalTag/no}"}, []string{"a"}, no},
		{"StringNotEquals", []string{"${aws:PrincipalTag/no}"}, []string{"a"}, yes},
		{"StringEquals", []string{"${open:key}"}, []string{"a"}, perhaps},
		// what is not IAM's
		{"StringMatches", []string{"a"}, []string{"a"}, perhaps},
		{"NullIfExists", []string{"true"}, nil, perhaps},
	} {
		have := keyring{map[string][]string{"k": tc.found, "aws:username": {"ann"}, "aws:principaltag/star": {"*"}}, func(k string) bool { return k == "open:key" }}
		if got := holds(parseOperator(tc.op), "K", tc.values, policyVersion, have); got != tc.want {
			t.Errorf("%s %v on %v: %d, want %d", tc.op, tc.values, tc.found, got, tc.want)
		}
	}
	have := keyring{map[string][]string{"k": {"${aws:username}"}, "aws:username": {"ann"}}, nil}
	if holds(parseOperator("StringEquals"), "k", []string{"${aws:username}"}, "2008-10-17", have) != yes {
		t.Error("the old version of the language knows no variables")
	}
}

func TestJudgeSaysWhy(t *testing.T) {
	parsed := func(text string) Document {
		d, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	role := parsed(`{"Version":"2012-10-17","Statement":[
		{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::site/*","Condition":{"StringLike":{"s3:prefix":"web/*"}}},
		{"Sid":"Any","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::open/*"},
		{"Sid":"Never","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`)
	boundary := parsed(`{"Version":"2012-10-17","Statement":{"Sid":"Most","Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}}`)
	session := parsed(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::open/a"}}`)
	for _, tc := range []struct {
		layers Layers
		call   Call
		want   Answer
		why    string
	}{
		{Layers{Policies: []Document{role}}, Call{"s3:GetObject", "arn:aws:s3:::open/a", nil}, Allowed, "statement Any allows it"},
		{Layers{Policies: []Document{role}}, Call{"s3:DeleteObject", "arn:aws:s3:::open/a", nil}, Denied, "statement Never denies it"},
		{Layers{Policies: []Document{role}}, Call{"s3:GetObject", "arn:aws:s3:::site/a", map[string][]string{"s3:Prefix": {"img/"}}}, Denied,
			"statement Read does not allow it: its condition StringLike on s3:prefix does not hold for img/"},
		{Layers{Policies: []Document{role}}, Call{"s3:GetObject", "arn:aws:s3:::site/a", nil}, Denied,
			"statement Read does not allow it: its condition StringLike on s3:prefix does not hold, the call has no such key"},
		{Layers{Policies: []Document{role}}, Call{"ec2:RunInstances", "*", nil}, Denied, "none of 2 allowing statements is about it"},
		{Layers{Policies: []Document{role}, Boundary: &boundary}, Call{"s3:PutObject", "arn:aws:s3:::open/a", nil}, Denied,
			"the permissions boundary: none of 1 allowing statements is about it"},
		{Layers{Policies: []Document{role}, Boundary: &boundary, Session: []Document{session}}, Call{"s3:GetObject", "arn:aws:s3:::open/a", nil}, Allowed, "statement Any allows it"},
		{Layers{Policies: []Document{role}, Session: []Document{session}}, Call{"s3:GetObject", "arn:aws:s3:::open/b", nil}, Denied,
			"the session policy: none of 1 allowing statements is about it"},
		{Layers{Policies: []Document{role}, Session: []Document{}}, Call{"s3:GetObject", "arn:aws:s3:::open/b", nil}, Denied,
			"the session policy: none of 0 allowing statements is about it"},
	} {
		if j := tc.layers.Judge(tc.call); j.Answer != tc.want || j.Why != tc.why {
			t.Errorf("%v: %s, %q; want %s, %q", tc.call, j.Answer, j.Why, tc.want, tc.why)
		}
	}
}
