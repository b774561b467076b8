package policies

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestReadTrust(t *testing.T) {
	doc := Trust(sampleTrust())
	encoded := url.PathEscape(doc)
	quoted := func(s string) string {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	arn := "arn:aws:iam::111122223333:role/x"
	role := func(document string) string {
		return `{"RoleName":"x","Arn":"` + arn + `","AssumeRolePolicyDocument":` + document + `}`
	}
	for _, tc := range []struct {
		name, text string
		roles      string // found, joined by spaces; "-" is a document without one
		complete   bool
	}{
		{"a document", doc, "-", true},
		{"with a byte order mark", "\ufeff " + doc + "\n", "-", true},
		{"percent-encoded", encoded, "-", true},
		{"a JSON string", quoted(doc), "-", true},
		{"a JSON string of percent-encoding", quoted(encoded), "-", true},
		{"get-role", `{"Role":` + role(doc) + `}`, arn, true},
		{"get-role, raw", `{"Role":` + role(quoted(encoded)) + `}`, arn, true},
		{"a role alone", role(doc), arn, true},
		{"list-roles", `{"Roles":[` + role(doc) + `,` + role(doc) + `]}`, arn + " " + arn, true},
		{"account details", `{"UserDetailList":[],"RoleDetailList":[` + role(doc) + `],"IsTruncated":false}`, arn, true},
		{"a page of several", `{"RoleDetailList":[` + role(doc) + `],"IsTruncated":true,"Marker":"m"}`, arn, false},
		{"a list of roles", `[` + role(doc) + `]`, arn, true},
		{"no name", `{"Role":{"AssumeRolePolicyDocument":` + doc + `}}`, "-", true},
		// what the judge has to see whole, because something in it is wrong
		{"a role twice", `{"Role":` + role(doc) + `,"Role":` + role(doc) + `}`, "-", true},
		{"a document that claims to be a role", strings.Replace(doc, `{"Version"`, `{"Role":`+role(doc)+`,"Version"`, 1), "-", true},
		{"nonsense", "hello", "-", true},
		// what holds none
		{"no roles", `{"Roles":[]}`, "", true},
		{"a role without a policy", `{"Role":{"RoleName":"x"}}`, "", true},
		{"a role with two policies", `{"Role":{"AssumeRolePolicyDocument":` + doc + `,"AssumeRolePolicyDocument":` + doc + `}}`, "", true},
		{"roles that are no list", `{"Roles":7}`, "", true},
	} {
		found, complete, err := ReadTrust(tc.text)
		var roles []string
		for _, f := range found {
			name := f.Role
			if name == "" {
				name = "-"
			}
			roles = append(roles, name)
			wrong := tc.name == "nonsense" || tc.name == "a role twice" || tc.name == "a document that claims to be a role"
			if exact := JudgeTrust(f.Document, TrustFrame{Account: f.Account}).Exact; exact == wrong {
				t.Errorf("%s: exact is %v", tc.name, exact)
			}
		}
		if got := strings.Join(roles, " "); got != tc.roles || complete != tc.complete || (err != nil) != (tc.roles == "") {
			t.Errorf("%s: found %q, complete %v, %v", tc.name, got, complete, err)
		}
	}
}

// FuzzReadTrust: whatever comes in, the judge neither falls nor calls exact what
// opens to a stranger.
func FuzzReadTrust(f *testing.F) {
	f.Add(Trust(sampleTrust()))
	f.Add(`{"Role":{"Arn":"arn:aws:iam::111122223333:role/x","AssumeRolePolicyDocument":"%7B%7D"}}`)
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		found, _, err := ReadTrust(text)
		if err != nil {
			return
		}
		for _, in := range found {
			r := JudgeTrust(in.Document, TrustFrame{Account: in.Account})
			if r.Say == "" || r.Exact != (r.Verdict == Exact) {
				t.Fatalf("%+v", r)
			}
			if d, err := Parse(in.Document); r.Exact && (err != nil || len(r.Connections) == 0 || opens(d, r)) {
				t.Fatalf("called exact: %s", in.Document)
			}
		}
	})
}

// opens tries strangers through every provider that the document names.
func opens(d Document, r TrustReport) bool {
	for _, c := range r.Connections {
		for _, s := range []string{"", "x", "sc://a/b/c", "p://a/b/c", c.Subject + "x", strings.ToUpper(c.Subject)} {
			for _, a := range []string{"", "x", c.Audience} {
				listed := false
				for _, other := range r.Connections {
					listed = listed || other.Subject == s && a == other.Audience
				}
				if v := enter(d, webEntry(c.Principal, Token{c.Issuer, a, s})); !listed && v.Answer != Denied {
					return true
				}
			}
		}
	}
	return false
}
