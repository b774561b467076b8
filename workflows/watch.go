package workflows

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Patience is how long a proof run may take before it counts as not proved.
const Patience = 30 * time.Minute

// proofTries is how many runs may end without a proof before a person is asked.
const proofTries = 3

// watch looks at the proof run. Watching is reading: it takes no turn and writes
// nothing until the run has ended.
func (e *Engine) watch(ctx context.Context, f Federation, s Step, now time.Time) (again time.Time, err error) {
	step, err := s.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
	if err != nil {
		return again, err
	}
	run := f.Steps.Get(RunID)
	task := e.task(f, step, now)
	task.Ref = run.Ref
	ev, err := e.Watcher.Watch(ctx, task)
	if err != nil && now.Sub(run.At) >= Patience {
		return again, e.say(ctx, f, Parked{Step: s.ID, Say: Said(err), Todo: "fedbot cannot see how run " + run.Ref + " ended. " +
			"The role stays held. Put right what stands in the way, then try again."})
	}
	if err != nil {
		return now.Add(e.Poll), fmt.Errorf("watch run %s of %s: %w", run.Ref, f.ID, err)
	}
	outcome, say, ended := JudgeProof(*step.Proof, ev, now.Sub(run.At))
	if !ended {
		return now.Add(e.Poll), nil
	}
	proof := Proof{Evidence: ev, Pipeline: step.Proof.Pipeline.Name}
	if outcome == SpelledOtherwise {
		return again, e.say(ctx, f, f.sendBack(s, say, proof)...)
	}
	bodies := []Body{Seen{Step: s.ID, Outcome: outcome, Say: say, Proof: proof}}
	if outcome == Refuted || outcome == NotProved && f.Steps.Get(WatchID).Tries+1 >= proofTries {
		bodies = append(bodies, Parked{Step: s.ID, Say: say, Todo: "The role stays held: no pipeline can do anything with it. " +
			"Look at the run, put right what it says, then try again. Giving up removes the role and the connection; the OIDC provider stays."})
	}
	return again, e.say(ctx, f, bodies...)
}

// JudgeProof compares what a run and its log say with what the plan wants. It is
// pure. Success alone proves nothing: a task may have used other credentials.
func JudgeProof(want ProofSpec, got Evidence, age time.Duration) (outcome ProofOutcome, say string, ended bool) {
	if !got.Ended {
		if age < Patience {
			return "", "", false
		}
		return NotProved, fmt.Sprintf("Run %d of %s has waited for %s for 30 minutes, so fedbot cannot tell whether the federation works.",
			got.Run, want.Pipeline.Name, or(got.Waiting, "something that it does not name")), true
	}
	refuted := func(what, found, wanted string) (ProofOutcome, string, bool) {
		return Refuted, fmt.Sprintf("Run %d of %s names another %s: %s. The plan says: %s.", got.Run, want.Pipeline.Name, what, head(found), wanted), true
	}
	switch {
	case !got.OurYAML:
		return Refuted, fmt.Sprintf("Run %d ran a file that is not fedbot's verification pipeline, byte for byte, so it proves nothing. "+
			"A project administrator can put fedbot's file back.", got.Run), true
	case got.Issuer != "" && got.Issuer != want.Issuer:
		return refuted("issuer", got.Issuer, want.Issuer)
	case got.Audience != "" && got.Audience != want.Audience:
		return refuted("audience", got.Audience, want.Audience)
	case got.RoleID != "" && got.RoleID != want.RoleID:
		return refuted("role", got.RoleID, want.RoleID)
	case got.Issuer != "" && got.Audience != "" && got.RoleID == "" && Respelled(want.Subject, got.Subject):
		return SpelledOtherwise, spelled(want.Subject, got.Subject), true
	case got.Subject != "" && got.Subject != want.Subject:
		return refuted("subject", got.Subject, want.Subject)
	case !got.Succeeded || got.Issuer == "" || got.Subject == "" || got.Audience == "" || got.RoleID == "":
		return NotProved, fmt.Sprintf("Run %d of %s ended without a proof: %s.", got.Run, want.Pipeline.Name,
			strings.TrimSuffix(or(got.Failure, "its log does not name the token and the role"), ".")), true
	}
	return Proved, "", true
}

func spelled(planned, found string) string {
	return fmt.Sprintf("Tokens spell the subject otherwise than the plan: `%s` and not `%s`. It is the same connection, in other letters or another encoding.", found, planned)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
