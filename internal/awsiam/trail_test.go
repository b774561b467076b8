package awsiam

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"fedbot/workflows"
)

func event(t testing.TB, name string, edit ...string) trailEvent {
	t.Helper()
	raw := fmt.Sprintf(`{"eventName":%q,"eventTime":"2026-11-28T03:12:00Z","sourceIPAddress":"203.0.113.7","userIdentity":{"type":"AssumedRole",`+
		`"arn":"arn:aws:sts::111122223333:assumed-role/OrganizationAdmin/account-owner","accountId":"111122223333",`+
		`"sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/OrganizationAdmin"}}},"requestParameters":{"policyName":"tmpl-a","policyArn":"arn:aws:iam::aws:policy/Wide"}}`, name)
	ev, err := parseTrail(strings.NewReplacer(edit...).Replace(raw))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// Which calls can have made which difference; what an event does not tell counts
// as yes, so that nobody is cleared by silence.
func TestCould(t *testing.T) {
	role := workflows.Step{Kind: workflows.StepRole, Role: &workflows.RoleSpec{}}
	policy := workflows.Step{Kind: workflows.StepPolicy, Policy: &workflows.PolicySpec{Name: "tmpl-a"}}
	hold := workflows.Step{Kind: workflows.StepHold, Policy: &workflows.PolicySpec{Name: "fedbot-hold"}}
	provider := workflows.Step{Kind: workflows.StepProvider, Provider: &workflows.ProviderSpec{}}
	for _, c := range []struct {
		event string
		step  workflows.Step
		field string
		could bool
	}{
		{"UpdateAssumeRolePolicy", role, "trust policy: condition", true},
		{"UpdateAssumeRolePolicy", role, "session length", false},
		{"UpdateAssumeRolePolicy", policy, "exists", false},
		{"DeleteRolePermissionsBoundary", role, "permissions boundary", true},
		{"PutRolePermissionsBoundary", role, "trust policy", false},
		{"UpdateRole", role, "session length", true},
		{"UpdateRole", role, "tag owner", false},
		{"UntagRole", role, "tag owner", true},
		{"DeleteRole", role, "exists", true},
		{"CreateRole", role, "role id", true},
		{"CreateRole", role, "exists", false},
		{"CreateOpenIDConnectProvider", provider, "exists", false},
		{"DeleteOpenIDConnectProvider", provider, "exists", true},
		{"DeleteRole", policy, "exists", true},
		{"DeleteRolePolicy", policy, "exists", true},
		{"DeleteRolePolicy", hold, "exists", false},
		{"PutRolePolicy", policy, "permissions policy: Action", true},
		{"PutRolePolicy", role, "inline policy tmpl-a", true},
		{"PutRolePolicy", role, "inline policy other", false},
		{"PutRolePolicy", role, "trust policy", false},
		{"AttachRolePolicy", role, "attached policy Wide", true},
		{"AttachRolePolicy", role, "attached policy Other", false},
		{"RemoveClientIDFromOpenIDConnectProvider", provider, "audiences", true},
		{"GetOpenIDConnectProvider", provider, "audiences", false},
		{"GetRole", role, "trust policy", false},
	} {
		if got := event(t, c.event).could(c.step, c.field); got != c.could {
			t.Errorf("%s and %s of %s: %v", c.event, c.field, c.step.Kind, got)
		}
	}
	if !event(t, "PutRolePolicy", `"policyName":"tmpl-a",`, "").could(hold, "hold: Effect") {
		t.Error("an event that does not name its policy could be about any")
	}
}

func TestWriterOfAnEvent(t *testing.T) {
	const session = "assumed-role/OrganizationAdmin/account-owner"
	for _, c := range []struct {
		name    string
		edit    []string
		who     string
		email   string
		claimed bool
	}{
		{"a session whose name is no address", nil, session, "", false},
		{"one that its bearer named", []string{"/account-owner", "/Account.Owner@contoso.example"}, "assumed-role/OrganizationAdmin/Account.Owner@contoso.example", "account.owner@contoso.example", true},
		{"one of Identity Center", []string{"/account-owner", "/account.owner@contoso.example", ":role/OrganizationAdmin", ":role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_X"},
			"assumed-role/OrganizationAdmin/account.owner@contoso.example", "account.owner@contoso.example", false},
		{"a role that only sounds like it", []string{"/account-owner", "/a@contoso.example", ":role/OrganizationAdmin", ":role/AWSReservedSSO_X"}, "assumed-role/OrganizationAdmin/a@contoso.example", "a@contoso.example", true},
		{"a role with a path that only looks like it", []string{"/account-owner", "/a@contoso.example", ":role/OrganizationAdmin", ":role/x:role/aws-reserved/sso.amazonaws.com/y"}, "assumed-role/OrganizationAdmin/a@contoso.example", "a@contoso.example", true},
		{"one of another account's Identity Center", []string{"/account-owner", "/a@contoso.example", "iam::111122223333:role/OrganizationAdmin", "iam::999999999999:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_X"}, "assumed-role/OrganizationAdmin/a@contoso.example", "a@contoso.example", true},
		{"a user", []string{"arn:aws:sts::111122223333:assumed-role/OrganizationAdmin/account-owner", "arn:aws:iam::111122223333:user/administrator"}, "user/administrator", "", false},
		{"the root user", []string{"arn:aws:sts::111122223333:assumed-role/OrganizationAdmin/account-owner", "arn:aws:iam::111122223333:root"}, "root", "", false},
		{"another account's", []string{`"accountId":"111122223333"`, `"accountId":"999999999999"`}, session + " of account 999999999999", "", false},
		{"a service of AWS", []string{`"arn":"arn:aws:sts::111122223333:assumed-role/OrganizationAdmin/account-owner",`, `"invokedBy":"sso.amazonaws.com",`}, "AssumedRole sso.amazonaws.com", "", false},
		{"two addresses in one name", []string{"/account-owner", "/a@b.example@c.example"}, "assumed-role/OrganizationAdmin/a@b.example@c.example", "", false},
	} {
		w := event(t, "UpdateAssumeRolePolicy", c.edit...).writer("111122223333")
		if w.Who != c.who || w.Email != c.email || w.Claimed != c.claimed || w.From != "203.0.113.7" || w.At.Hour() != 3 {
			t.Errorf("%s: %+v", c.name, w)
		}
	}
}

// What another service calls by the same name is no sign-in.
func TestIsSignIn(t *testing.T) {
	for source, want := range map[string]bool{"sts.amazonaws.com": true, "iam.amazonaws.com": false, "": false} {
		ev := event(t, "AssumeRoleWithWebIdentity")
		if ev.EventSource = source; ev.isSignIn() != want {
			t.Errorf("%q: %v", source, !want)
		}
	}
}

func TestOurselves(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"arn:aws:sts::1:assumed-role/writer/fedbot-F-1", "arn:aws:sts::1:assumed-role/writer/fedbot", true},
		{"arn:aws:sts::1:assumed-role/writer/fedbot", "arn:aws:sts::1:assumed-role/other/fedbot", false},
		{"arn:aws:iam::1:user/fedbot", "arn:aws:iam::1:user/fedbot", true},
		{"arn:aws:iam::1:user/fedbot", "arn:aws:iam::1:user/other", false},
		{"", "", false},
	} {
		if got := sameSigner(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

// FuzzTrail: whatever an event holds, it is an error or one printable line about
// somebody, and an address is an address.
func FuzzTrail(f *testing.F) {
	f.Add(`{"eventName":"UpdateAssumeRolePolicy","eventTime":"2026-11-28T03:12:00Z","userIdentity":{"arn":"arn:aws:sts::1:assumed-role/x/a@b.example"}}`)
	f.Add(`{"eventName":"AssumeRoleWithWebIdentity","eventTime":"2026-11-28T03:12:00Z","responseElements":{"provider":"p","assumedRoleUser":{"assumedRoleId":"AROA:x"}}}`)
	f.Add(`{"eventName":"x","eventTime":"2026-11-28T03:12:00Z","userIdentity":{"arn":"a/b@c.d"}}`)
	f.Add(`{"eventName":"x","eventTime":"2026-11-28T03:12:00Z","requestParameters":{"policyName":7}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		ev, err := parseTrail(raw)
		if err != nil {
			return
		}
		w := ev.writer("111122223333")
		if w.Who == "" || !utf8.ValidString(w.Who) || strings.ContainsAny(w.Who+w.From+w.Did, "\n\r\t") || len([]rune(w.Who)) > longestWho {
			t.Errorf("%+v", w)
		}
		if w.Email != "" && (strings.Count(w.Email, "@") != 1 || strings.ContainsAny(w.Email, " <>|*`")) {
			t.Errorf("address %q", w.Email)
		}
		for _, k := range []workflows.Step{{Policy: &workflows.PolicySpec{}}, {Role: &workflows.RoleSpec{}}, {Provider: &workflows.ProviderSpec{}}} {
			ev.could(k, "exists")
		}
		if in, err := ev.signIn(); err == nil && strings.Contains(in.RoleID, ":") {
			t.Errorf("role id %q", in.RoleID)
		}
	})
}
