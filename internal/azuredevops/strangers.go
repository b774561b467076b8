package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelines"

	"fedbot/workflows"
)

// longestToken is how long a token of a run may still be good after the run has
// ended. Azure DevOps does not say; AWS takes it until it expires.
const longestToken = time.Hour

// ensureWithdrawn takes the connection away from the verification pipeline, and
// makes sure that nobody else used it meanwhile: whoever may push to any branch
// can run that pipeline with another file, and what such a run holds would be
// good for the role once the hold is lifted.
func (t *task) ensureWithdrawn(ctx context.Context) (workflows.Result, error) {
	done, err := t.ensureAllowed(ctx, nil, "no pipeline may use it")
	if err != nil {
		return done, err
	}
	reading := *t
	if reading.c, err = t.o.reader.open(ctx); err != nil {
		return workflows.Result{}, err
	}
	return done, reading.noStrangers(ctx)
}

func (t *task) noStrangers(ctx context.Context) error {
	spec := t.Step.Proof
	id, err := strconv.Atoi(t.Refs[workflows.RunID])
	if err != nil {
		return nil // no run was started, so there was no time in which one was allowed
	}
	own, err := t.c.builds.GetBuild(ctx, build.GetBuildArgs{Project: &spec.ProjectID, BuildId: &id})
	if err != nil {
		return unread("the proof run", err)
	}
	runs, err := t.c.pipelines.ListRuns(ctx, pipelines.ListRunsArgs{Project: &spec.ProjectID, PipelineId: &spec.Pipeline.ID})
	if err != nil {
		return unread("the runs of the verification pipeline", err)
	}
	for _, r := range *runs {
		if r.Id == nil || *r.Id == id || t.over(r, own) {
			continue
		}
		ours, err := t.ranOurs(ctx, *r.Id)
		if err != nil {
			return err
		}
		if !ours {
			return unknown(fmt.Sprintf("Run %d of %s runs another file than fedbot's, and could have used the connection during the proof. "+
				"The hold stays until an hour after that run has ended.", *r.Id, spec.Pipeline.Name))
		}
	}
	return nil
}

// mostRuns is how many runs are remembered as ours before all are forgotten.
const mostRuns = 10_000

// ranOurs says whether a run of the verification pipeline ran our file. What it ran
// is fixed when it is queued, so that a yes is remembered: where many federations
// are proved at once, each would read the runs of all others.
func (t *task) ranOurs(ctx context.Context, run int) (bool, error) {
	spec := t.Step.Proof
	key := strings.ToLower(spec.ProjectID) + "/" + strconv.Itoa(run)
	t.d.mu.Lock()
	known := t.d.ours[key]
	t.d.mu.Unlock()
	if known {
		return true, nil
	}
	b, err := t.c.builds.GetBuild(ctx, build.GetBuildArgs{Project: &spec.ProjectID, BuildId: &run})
	if err != nil {
		return false, unread("a run of the verification pipeline", err)
	}
	ours, err := t.ranOurYAML(ctx, b)
	if err != nil || !ours {
		return false, err
	}
	t.d.mu.Lock()
	defer t.d.mu.Unlock()
	if len(t.d.ours) >= mostRuns {
		clear(t.d.ours)
	}
	t.d.ours[key] = true
	return true, nil
}

// over says whether a run can have nothing that is still good: it ended before
// the proof began, or long enough ago.
func (t *task) over(r pipelines.Run, own *build.Build) bool {
	if value(r.State) != pipelines.RunStateValues.Completed || r.FinishedDate == nil {
		return false
	}
	ended := r.FinishedDate.Time
	if own.QueueTime != nil && ended.Before(own.QueueTime.Time.Add(-skew)) {
		return true
	}
	return t.Now.Sub(ended) > longestToken
}

// ensurePermitted permits the planned pipelines, unless one of them has been
// pointed at another file since people approved it.
func (t *task) ensurePermitted(ctx context.Context) (workflows.Result, error) {
	reading := *t
	var err error
	if reading.c, err = t.o.reader.open(ctx); err != nil {
		return workflows.Result{}, err
	}
	elsewhere, err := reading.redirected(ctx)
	if err != nil {
		return workflows.Result{}, err
	}
	if len(elsewhere) > 0 {
		d := elsewhere[0]
		return workflows.Result{}, unknown(fmt.Sprintf("The %s is %s by now, and %s was approved. It is not permitted like that: somebody can point it back, or ask for a change.",
			d.Field, plainLine(d.Found), plainLine(d.Approved)))
	}
	return t.ensureAllowed(ctx, ids(t.Step.Pipelines.Pipelines), "")
}

// redirected are the pipelines that run another file, or from another repository,
// than when they were approved. A pipeline is known by its number, and whoever may
// edit it can make it something else.
func (t *task) redirected(ctx context.Context) ([]workflows.Difference, error) {
	spec := t.Step.Pipelines
	var out []workflows.Difference
	for _, p := range spec.Pipelines {
		if p.Repository == "" {
			continue // approved without a repository that was known
		}
		def, err := t.c.builds.GetDefinition(ctx, build.GetDefinitionArgs{Project: &spec.ProjectID, DefinitionId: &p.ID})
		if absent(err) {
			continue // it is gone and uses nothing
		}
		if err != nil {
			return nil, unread("the pipeline "+p.Name, err)
		}
		found := workflows.Pipeline{Path: yamlPath(def)}
		if def.Repository != nil {
			found.Repository = value(def.Repository.Id)
		}
		if !strings.EqualFold(found.Repository, p.Repository) || strings.TrimPrefix(found.Path, "/") != strings.TrimPrefix(p.Path, "/") {
			out = append(out, workflows.Difference{Field: "file of pipeline " + p.Name, Approved: p.Path + " in " + p.Repository,
				Found: found.Path + " in " + found.Repository, Wider: true})
		}
	}
	return out, nil
}

// projectMoved says whether the project still has the name that the role trusts,
// and whether another project has it instead.
func (t *task) projectMoved(ctx context.Context) (moved []workflows.Difference, swapped bool, err error) {
	want := t.Step.Connection
	now, err := t.c.project(ctx, want.ProjectID)
	if err != nil || now != nil && value(now.Name) == want.Project {
		return nil, false, err
	}
	holder, err := t.c.project(ctx, want.Project)
	if err != nil {
		return nil, false, err
	}
	if holder != nil && holder.Id != nil && !strings.EqualFold(holder.Id.String(), want.ProjectID) {
		return []workflows.Difference{{Field: "project id", Approved: want.ProjectID, Found: holder.Id.String(), Wider: true}}, true, nil
	}
	if now == nil {
		return nil, false, nil // gone or hidden: what reads the connection says so
	}
	// The name is free, and with it the subject that the role trusts.
	return []workflows.Difference{{Field: "project name", Approved: want.Project, Found: value(now.Name), Wider: true}}, false, nil
}

// project reads a project by its id or name; nil: there is none that fedbot can see.
func (c *clients) project(ctx context.Context, idOrName string) (*core.TeamProject, error) {
	p, err := c.core.GetProject(ctx, core.GetProjectArgs{ProjectId: &idOrName})
	if status, key := refusal(err); status == http.StatusNotFound && strings.Contains(key, "Project") {
		return nil, nil
	}
	if err != nil {
		return nil, unread("the project "+idOrName, err)
	}
	return p, nil
}
