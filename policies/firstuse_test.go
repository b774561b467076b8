package policies

import (
	"strings"
	"testing"

	"fedbot/workflows"
)

// Without a verification pipeline, checks and pipelines come before the proof and
// everything else stays where it was: the hold before them, the last read-back and
// the lift after the proof. The plan says so, and the neighbours are judged as ever.
func TestFirstUse(t *testing.T) {
	in := sampleInput()
	in.Facts.AzureDevOps.Verifier = nil
	got, err := samplePlanner(t).Render(in)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	part := 0
	for _, s := range got.Plan.Steps {
		ids = append(ids, string(s.ID))
		if s.Part < part {
			t.Errorf("%s is line %d after line %d", s.ID, s.Part, part)
		}
		part = s.Part
	}
	order := strings.Join(ids, " ")
	if !strings.Contains(order, "role hold policy:") || !strings.HasSuffix(order, "read-back checks pipelines first-use read-back-last lift") || strings.Contains(order, "proof-") {
		t.Errorf("the order is %s", order)
	}
	use, _ := got.Plan.Step(workflows.FirstUseID)
	with, err := samplePlanner(t).Render(sampleInput())
	if err != nil {
		t.Fatal(err)
	}
	run, _ := with.Plan.Step(workflows.RunID)
	if use.Proof.Subject != run.Proof.Subject || use.Proof.Issuer != run.Proof.Issuer || use.Proof.Audience != run.Proof.Audience || use.Proof.RoleID != workflows.BlankRole ||
		use.Proof.Provider != "arn:aws:iam::"+in.Account.ID+":oidc-provider/"+strings.TrimPrefix(run.Proof.Issuer, "https://") || use.System != workflows.AWS {
		t.Errorf("the proof is %+v", use.Proof)
	}
	if run.Proof.Provider != "" || with.Words.Proof != "" {
		t.Errorf("a run's proof has changed: %+v %q", run.Proof, with.Words.Proof)
	}
	if !strings.Contains(got.Words.Proof, "before the proof") || !strings.Contains(got.Words.Proof, in.Proposal.Pipelines[0]) {
		t.Errorf("the approvers read %q", got.Words.Proof)
	}
	role, _ := got.Plan.Step(workflows.RoleID)
	list := samplePlanner(t).Neighbours(got.Plan, role.Role.Trust)
	for _, n := range list {
		if !n.Denied {
			t.Errorf("%s is let in: %s", n.Who, n.Why)
		}
	}
	if len(list) != 5 {
		t.Errorf("%d neighbours", len(list))
	}
}
