package policies

import (
	"strings"
	"testing"

	"fedbot/workflows"
)

// A spelling that a proof showed is used where it is the very same subject, in the
// trust policy and in the proof alike, and shuts the neighbours out as ever. Anything
// else that a log could say changes nothing.
func TestAsTokensSay(t *testing.T) {
	plain, err := samplePlanner(t).Render(sampleInput())
	if err != nil {
		t.Fatal(err)
	}
	before, _ := plain.Plan.Step(workflows.RunID)
	subject := before.Proof.Subject
	for seen, used := range map[string]bool{
		strings.ReplaceAll(subject, " ", "%20"): true,
		strings.ToUpper(subject):                true,
		subject + "2":                           false,
		strings.ReplaceAll(subject, "/", "/*"):  false,
		strings.Repeat("a", 2000):               false,
		"*":                                     false,
		"":                                      false,
	} {
		in := sampleInput()
		in.Facts.AzureDevOps.Subject = seen
		got, err := samplePlanner(t).Render(in)
		if err != nil {
			t.Errorf("%q: %v", seen, err)
			continue
		}
		run, _ := got.Plan.Step(workflows.RunID)
		role, _ := got.Plan.Step(workflows.RoleID)
		want := subject
		if used {
			want = seen
		}
		if run.Proof.Subject != want || !strings.Contains(role.Role.Trust, `"`+want+`"`) {
			t.Errorf("%q: the proof wants %q, the trust policy is %s", seen, run.Proof.Subject, role.Role.Trust)
		}
		list := samplePlanner(t).Neighbours(got.Plan, role.Role.Trust)
		for _, n := range list {
			if !n.Denied {
				t.Errorf("%q lets in %s: %s", seen, n.Who, n.Why)
			}
		}
		if len(list) != 5 {
			t.Errorf("%q: %d neighbours", seen, len(list))
		}
	}
}
