package workflows

import (
	"slices"
	"testing"
	"time"
)

// A custom document has two approvers at least, whatever the rules say: one person
// fills one seat, so two seats are two people.
func TestCustomDocumentHasTwoApprovers(t *testing.T) {
	account := Account{ID: "111122223333", Name: "shop-dev", Owners: "shop-approvers"}
	project := Project{Organization: "contoso", Name: "Web Shop", Owners: "web-shop"}
	security := Rule{Name: "custom", Templates: []string{CustomTemplate}, Stages: []Stage{{Name: "Security", Group: "cloud-security", Count: 1}}}
	one := Rule{Name: "one is enough", Stages: []Stage{{Group: "shop-approvers", Count: 1}}}
	for name, c := range map[string]struct {
		grant Grant
		rules []Rule
		owner bool // the requester is one of the project's owners
		seats map[string]int
	}{
		"alone":                      {Grant{Template: CustomTemplate}, nil, true, map[string]int{"shop-approvers": 2}},
		"by a stranger":              {Grant{Template: CustomTemplate}, nil, false, map[string]int{"web-shop": 1, "shop-approvers": 1}},
		"with a rule":                {Grant{Template: CustomTemplate}, []Rule{security}, true, map[string]int{"shop-approvers": 1, "cloud-security": 1}},
		"a rule that says one":       {Grant{Template: CustomTemplate}, []Rule{one}, true, map[string]int{"shop-approvers": 2}},
		"behind a template's name":   {Grant{Template: "s3-static-site", Document: "{}"}, nil, true, map[string]int{"shop-approvers": 2}},
		"a template, for comparison": {Grant{Template: "s3-static-site"}, nil, true, map[string]int{"shop-approvers": 1}},
	} {
		v := Rules{Lapse: time.Hour, Approvals: c.rules}.Judge(Subject{Proposal: Proposal{Grants: []Grant{{Template: "s3-download"}, c.grant}}, Project: project, Account: account, Risk: High, Owner: c.owner})
		got := map[string]int{}
		for _, s := range v.Stages {
			got[s.Group] = s.Count
		}
		for group, n := range c.seats {
			if got[group] != n || len(got) != len(c.seats) {
				t.Errorf("%s: asks %v, want %v", name, got, c.seats)
				break
			}
		}
		if says := slices.Contains(v.Because, "a custom document always needs two approvers"); says != c.grant.Custom() {
			t.Errorf("%s: because %q", name, v.Because)
		}
		// Where nobody else could, it is refused and not granted by one.
		if _, err := v.Seat("slack:T/U1", map[string][]Actor{"shop-approvers": {"slack:T/U1", "slack:T/U2"}}); c.grant.Custom() && err == nil {
			t.Errorf("%s: one person could grant it", name)
		}
	}
}
