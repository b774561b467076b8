package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fedbot/workflows"
)

func sampleTrust() TrustWant {
	return TrustWant{
		Account: "111122223333", Issuer: "https://vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375",
		Audience: "api://AzureADTokenExchange", Subject: "sc://contoso/Web Shop/aws-shop-dev",
	}
}

// failed are the codes of the checks that did not pass: "I5+I6".
func failed(checks []workflows.Check) string {
	var out []string
	for _, c := range checks {
		if !c.OK {
			code, _, _ := strings.Cut(c.Name, " ")
			out = append(out, code)
		}
	}
	if len(out) == len(checks) {
		return "all"
	}
	return strings.Join(out, "+")
}

// TestBadTrust reads testdata/trust: the name of each file begins with the codes of
// the checks that have to fail on it, and no others.
func TestBadTrust(t *testing.T) {
	files, err := filepath.Glob("testdata/trust/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, _, _ := strings.Cut(filepath.Base(file), " ")
			if want == "ok" {
				want = ""
			}
			checks := CheckTrust(string(raw), sampleTrust())
			if got := failed(checks); got != want {
				t.Errorf("failed %q, want %q: %+v", got, want, checks)
			}
			if want != "" && len(Diff("trust policy", Trust(sampleTrust()), string(raw))) == 0 {
				t.Error("it differs in nothing from the trust policy that was approved")
			}
		})
	}
}

func TestTrustIsExact(t *testing.T) {
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"AdoServiceConnection","Effect":"Allow",` +
		`"Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{` +
		`"vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:aud":"api://AzureADTokenExchange",` +
		`"vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:sub":"sc://contoso/Web Shop & Sons <1>/aws-shop-dev"}}}]}`
	w := sampleTrust()
	w.Subject = "sc://contoso/Web Shop & Sons <1>/aws-shop-dev"
	if got := Trust(w); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f := failed(CheckTrust(want, w)); f != "" {
		t.Errorf("its own checks fail: %s", f)
	}
}

func TestTrustQuota(t *testing.T) {
	w := sampleTrust()
	w.Quota = Size(Trust(w))
	if f := failed(CheckTrust(Trust(w), w)); f != "" {
		t.Errorf("failed %s at the quota", f)
	}
	w.Quota--
	if f := failed(CheckTrust(Trust(w), w)); f != "I9" {
		t.Errorf("failed %q above the quota, want I9", f)
	}
}

func TestNeighbours(t *testing.T) {
	plan := render(t, sampleInput()).Plan
	role, _ := plan.Step(workflows.RoleID)
	trust := role.Role.Trust
	sub := `"sc://contoso/Web Shop/aws-shop-dev"`
	key := `"vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375:`
	like := func(pattern string) string {
		s := strings.Replace(trust, "StringEquals", "StringLike", 1)
		return strings.Replace(s, sub, `"`+pattern+`"`, 1)
	}
	for _, tc := range []struct {
		name, document string
		open           string // initials of who is let in
	}{
		{"as approved", trust, ""},
		{"the whole project", like("sc://contoso/Web Shop/*"), "c"},
		{"names that begin alike", like("sc://contoso/Web Shop/aws-shop-dev*"), "c"},
		{"projects that begin alike", like("sc://contoso/Web Shop*/aws-shop-dev"), "p"},
		{"the whole organization", like("sc://contoso/*"), "cp"},
		{"every token", like("*"), "cpt"},
		{"audience only", strings.Replace(trust, ","+key+`sub":`+sub, "", 1), "cpt"},
		{"no audience", strings.Replace(trust, key+`aud":"api://AzureADTokenExchange",`, "", 1), "a"},
		{"all but ours", strings.Replace(trust, ","+key+`sub":`+sub, `},"ForAllValues:StringNotEquals":{`+key+`sub":`+sub, 1), "cpt"},
		{"a subject of another issuer, if it exists", strings.Replace(trust, ","+key+`sub":`, `},"StringEqualsIfExists":{"other:sub":`, 1), "cpt"},
		{"an unknown operator", strings.Replace(trust, "StringEquals", "StringMatches", 1), "cpta"},
		{"any provider", strings.Replace(trust, `{"Federated":"arn:aws:iam::111122223333:oidc-provider/vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"}`, `"*"`, 1), ""},
		{"nonsense", "{", "cpota"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			for i, n := range samplePlanner(t).Neighbours(plan, tc.document) {
				if !n.Denied {
					got += string("cpota"[i])
				}
				if n.Who == "" || n.Why == "" || n.Subject == "" {
					t.Errorf("incomplete: %+v", n)
				}
			}
			if got != tc.open {
				t.Errorf("let in %q, want %q", got, tc.open)
			}
		})
	}
}

func TestNeighboursOfAnotherProfile(t *testing.T) {
	in := sampleInput()
	in.Facts.AWS.ProviderARN = ""
	in.Facts.AWS.Audiences = []string{"api://x"}
	p := samplePlanner(t)
	p.Profiles["contoso"] = Profile{"entra", "https://login.microsoftonline.com/t1/v2.0", "api://x", "p/sc/{organization.id}/{connection.id}"}
	out, err := p.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	role, _ := out.Plan.Step(workflows.RoleID)
	filled, err := role.Fill("9a5f7c1e-0000-4000-8000-1234567890ab", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Neighbours(out.Plan, filled.Role.Trust) {
		if !n.Denied {
			t.Errorf("%+v", n)
		}
	}
	noAudience := strings.Replace(filled.Role.Trust, `"login.microsoftonline.com/t1/v2.0:aud":"api://x",`, "", 1)
	if n := p.Neighbours(out.Plan, noAudience)[4]; n.Denied {
		t.Errorf("another audience was not seen: %+v", n)
	}
	for _, n := range samplePlanner(t).Neighbours(out.Plan, filled.Role.Trust) {
		if n.Denied {
			t.Errorf("judged by a profile that was not approved: %+v", n)
		}
	}
}

func TestProfileCheck(t *testing.T) {
	ok := sampleProfile()
	if err := ok.Check(); err != nil {
		t.Error(err)
	}
	for name, do := range map[string]func(*Profile){
		"http":          func(p *Profile) { p.Issuer = "http://x/{organization.id}" },
		"port":          func(p *Profile) { p.Issuer = "https://x:8443/{organization.id}" },
		"query":         func(p *Profile) { p.Issuer += "?a=b" },
		"no connection": func(p *Profile) { p.Subject = "sc://{organization}/{project}/" },
		"no project":    func(p *Profile) { p.Subject = "sc://{organization}/x/{connection}" },
		"wildcard":      func(p *Profile) { p.Subject += "*" },
		"unknown":       func(p *Profile) { p.Subject += "{branch}" },
		"no audience":   func(p *Profile) { p.Audience = "" },
		"bare issuer":   func(p *Profile) { p.Issuer, p.Subject = "https://x", "sc://{project}/{connection}" },
	} {
		p := sampleProfile()
		if do(&p); p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
