package bot

import (
	"slices"
	"testing"
	"time"

	"fedbot/workflows"
)

// firstUse is a plan without a verification pipeline: checks and pipelines come
// before the proof.
func firstUse(p workflows.Plan) workflows.Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s workflows.Step) bool { return s.Part == 5 })
	for i := range p.Steps {
		if p.Steps[i].Kind == workflows.StepChecks || p.Steps[i].Kind == workflows.StepPipelines {
			p.Steps[i].Part--
		}
	}
	i := slices.IndexFunc(p.Steps, func(s workflows.Step) bool { return s.ID == workflows.LastReadID })
	p.Steps = slices.Insert(p.Steps, i, workflows.Step{ID: workflows.FirstUseID, Kind: workflows.StepFirstUse, System: workflows.AWS, Part: 7,
		Title: "Wait, held, until CloudTrail shows that storefront-deploy signed in", Proof: &workflows.ProofSpec{RoleARN: "arn:aws:iam::111122223333:role/ado-federation/" + roleName,
			Provider: "arn:aws:iam::111122223333:oidc-provider/vstoken.dev.azure.com/1", Subject: "sc://contoso/Web Shop/aws-shop-dev", Audience: "api://AzureADTokenExchange"}})
	return p
}

// unproved has been walked to its first use.
func unproved(t *testing.T) *tale {
	c := checked("F-17.1")
	c.Plan = firstUse(c.Plan)
	c.Words.Proof = "Not by a run: Web Shop has no verification pipeline."
	s := submitted(t).say(machine, c).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", Digest: c.Digest}).
		say(machine, workflows.Granted{Request: "F-17.1", Digest: c.Digest})
	for _, st := range c.Plan.Steps {
		if st.ID == workflows.FirstUseID {
			break
		}
		s.say(machine, workflows.Intended{Step: st.ID, Verb: workflows.Ensure, Until: s.at.Add(time.Minute)}, workflows.Made{Step: st.ID, Ref: "ref-" + string(st.ID), Note: notes[st.ID]})
	}
	return s
}

var firstSignIn = workflows.Seen{Step: workflows.FirstUseID, Outcome: workflows.Proved, Proof: workflows.Proof{Evidence: workflows.Evidence{Ended: true,
	RoleID: "AROAEXAMPLE17", Source: "CloudTrail", SignedIn: start.Add(20 * time.Minute), From: "203.0.113.9"}}}

// The person whose turn it is hears of it once, in the thread and by a message, and
// only where a first use is the proof.
func TestFirstUseIsSaid(t *testing.T) {
	said := func(s *tale) (lines, letters int) {
		for i, e := range s.events {
			then, err := workflows.Fold("F-17", s.events[:i+1])
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind() != workflows.KindMade {
				continue
			}
			if line, about := timeline(then, e, stage); line.mrkdwn != "" && about == "F-17.1" {
				lines++
			}
			if _, to, ok := letter(then, e, stage); ok && to.Actor == asker.Actor {
				letters++
			}
		}
		return lines, letters
	}
	if a, b := said(unproved(t)); a != 1 || b != 1 {
		t.Errorf("%d lines and %d letters", a, b)
	}
	if a, b := said(active(t)); a != 0 || b != 0 {
		t.Errorf("%d lines and %d letters about a proof run", a, b)
	}
}
