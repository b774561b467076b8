package azuredevops

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	_ "embed"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelines"

	"fedbot/workflows"
)

//go:embed verify.yml
var verification string

// VerificationYAML is the file that a verification pipeline must run, byte for
// byte. It takes the parameters connection, region, nonce and role.
func VerificationYAML() string { return verification }

// longestLook is how many runs without listed parameters are looked at one by one.
const longestLook = 20

// ensureRun starts the verification pipeline, unless a run with our nonce is there
// already: an answer that was lost must not start a second one.
func (t *task) ensureRun(ctx context.Context) (workflows.Result, error) {
	_, connection := t.place()
	switch {
	case t.Ref != "":
		return workflows.Result{Ref: t.Ref, Note: "run " + t.Ref}, nil
	case connection == "":
		return workflows.Result{}, nowhere()
	case t.Nonce == "":
		return workflows.Result{}, unknown("The proof run has no nonce to be recognised by, so fedbot does not start it.")
	}
	id, err := t.runWithNonce(ctx)
	if err != nil {
		return workflows.Result{}, err
	}
	found := id != 0
	if !found {
		if id, err = t.startRun(ctx); err != nil {
			return workflows.Result{}, err
		}
	}
	return workflows.Result{Ref: strconv.Itoa(id), Found: found, Note: fmt.Sprintf("run %d", id)}, nil
}

// runWithNonce is the first run that carries our nonce; 0: there is none.
func (t *task) runWithNonce(ctx context.Context) (int, error) {
	spec := t.Step.Proof
	runs, err := t.c.pipelines.ListRuns(ctx, pipelines.ListRunsArgs{Project: &spec.ProjectID, PipelineId: &spec.Pipeline.ID})
	if err != nil {
		return 0, unread("the runs of the verification pipeline", err)
	}
	first, looked := 0, 0
	for _, r := range t.recent(*runs) {
		if r.TemplateParameters == nil && looked < longestLook {
			looked++
			whole, err := t.c.pipelines.GetRun(ctx, pipelines.GetRunArgs{Project: &spec.ProjectID, PipelineId: &spec.Pipeline.ID, RunId: r.Id})
			if err != nil {
				return 0, unread("a run of the verification pipeline", err)
			}
			r.TemplateParameters = whole.TemplateParameters
		}
		if r.TemplateParameters == nil {
			continue
		}
		if nonce, _ := (*r.TemplateParameters)["nonce"].(string); nonce == t.Nonce && (first == 0 || *r.Id < first) {
			first = *r.Id
		}
	}
	return first, nil
}

// recent are the runs that may be ours, newest first.
func (t *task) recent(runs []pipelines.Run) []pipelines.Run {
	runs = slices.DeleteFunc(runs, func(r pipelines.Run) bool {
		return r.Id == nil || r.CreatedDate != nil && !t.Intended.IsZero() && r.CreatedDate.Time.Before(t.Intended.Add(-skew))
	})
	slices.SortFunc(runs, func(a, b pipelines.Run) int { return *b.Id - *a.Id })
	return runs
}

func (t *task) startRun(ctx context.Context) (int, error) {
	spec := t.Step.Proof
	ref := spec.Ref
	self := map[string]pipelines.RepositoryResourceParameters{"self": {RefName: &ref}}
	parameters := map[string]string{"connection": spec.Connection, "region": spec.Region, "nonce": t.Nonce, "role": spec.RoleARN}
	run, err := t.c.pipelines.RunPipeline(ctx, pipelines.RunPipelineArgs{Project: &spec.ProjectID, PipelineId: &spec.Pipeline.ID,
		RunParameters: &pipelines.RunPipelineParameters{
			Resources:          &pipelines.RunResourcesParameters{Repositories: &self},
			TemplateParameters: &parameters,
		}})
	if status, key := refusal(err); err != nil && status == 400 {
		// A connection or a permission that is minutes old may not be known
		// everywhere yet, so even this is tried again: a proof never unwinds.
		return 0, &workflows.Fault{Say: "Azure DevOps did not accept the proof run (" + plainLine(orNone(key, key)) + "). fedbot tries again.", Cause: err}
	}
	if err != nil {
		return 0, failed("start the verification pipeline", err)
	}
	if run.Id == nil {
		return 0, unknown("Azure DevOps gave no clear answer when fedbot started the proof run. fedbot looks again.")
	}
	return *run.Id, nil
}

// cancelRun stops the run if it still runs. What has run leaves nothing to remove.
func (t *task) cancelRun(ctx context.Context) error {
	id, err := strconv.Atoi(t.Ref)
	if err != nil && t.Nonce != "" {
		if id, err = t.runWithNonce(ctx); err != nil {
			return err
		}
	}
	if id == 0 {
		return nil
	}
	project := t.Step.Proof.ProjectID
	now, err := t.c.builds.GetBuild(ctx, build.GetBuildArgs{Project: &project, BuildId: &id})
	if absent(err) {
		return nil
	}
	if err != nil {
		return unread("the proof run", err)
	}
	if now.Status != nil && (*now.Status == build.BuildStatusValues.Completed || *now.Status == build.BuildStatusValues.Cancelling) {
		return nil
	}
	stop := build.BuildStatusValues.Cancelling
	_, err = t.c.builds.UpdateBuild(ctx, build.UpdateBuildArgs{Project: &project, BuildId: &id, Build: &build.Build{Status: &stop}})
	if err != nil && !absent(err) {
		return failed("cancel the proof run", err)
	}
	return nil
}
