package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"

	"fedbot/workflows"
)

// shellTask is the id of AWSShellScript: only its log is evidence.
var shellTask = uuid.MustParse("3aea39d2-803c-43c7-b8d6-8e71b670f816")

// Watch says how far a proof run has come and, once it has ended, what it says.
// It only reads. See workflows.Watcher.
func (d *DevOps) Watch(ctx context.Context, in workflows.Task) (workflows.Evidence, error) {
	t, err := d.begin(ctx, in, true)
	if err != nil {
		return workflows.Evidence{}, err
	}
	id, err := strconv.Atoi(in.Refs[workflows.RunID])
	if err != nil {
		if id, err = strconv.Atoi(in.Ref); err != nil {
			return workflows.Evidence{}, &workflows.Fault{Kind: workflows.ErrUnreadable, Say: "The proof run has no number, so fedbot cannot follow it."}
		}
	}
	project := in.Step.Proof.ProjectID
	b, err := t.c.builds.GetBuild(ctx, build.GetBuildArgs{Project: &project, BuildId: &id})
	if err != nil {
		return workflows.Evidence{}, unread("the proof run", err)
	}
	if b.Id == nil || b.Status == nil {
		return workflows.Evidence{}, unread("the proof run", fmt.Errorf("no status"))
	}
	records, err := t.timeline(ctx, project, id)
	if err != nil {
		return workflows.Evidence{}, err
	}
	if *b.Status == build.BuildStatusValues.Completed {
		return t.ended(ctx, b, records)
	}
	return workflows.Evidence{Run: id, URL: t.runURL(id), Waiting: t.waiting(ctx, b, records)}, nil
}

func (t *task) runURL(id int) string {
	return t.c.base + "/" + url.PathEscape(t.Step.Proof.ProjectID) + "/_build/results?buildId=" + strconv.Itoa(id)
}

// timeline are the records of a run; a run that has just begun has none.
func (t *task) timeline(ctx context.Context, project string, id int) ([]build.TimelineRecord, error) {
	line, err := t.c.builds.GetBuildTimeline(ctx, build.GetBuildTimelineArgs{Project: &project, BuildId: &id})
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, unread("the course of the proof run", err)
	}
	if line.Records == nil {
		return nil, nil
	}
	records := slices.Clone(*line.Records)
	slices.SortStableFunc(records, func(a, b build.TimelineRecord) int { return value(a.Order) - value(b.Order) })
	return records, nil
}

// value is what a pointer of the Go client points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

func unfinished(r build.TimelineRecord) bool {
	return value(r.State) != build.TimelineRecordStateValues.Completed
}

// waiting says for what a run waits; empty while it works.
func (t *task) waiting(ctx context.Context, b *build.Build, records []build.TimelineRecord) string {
	open := func(kind string) bool {
		return slices.ContainsFunc(records, func(r build.TimelineRecord) bool { return strings.EqualFold(value(r.Type), kind) && unfinished(r) })
	}
	switch {
	case open("Checkpoint.Authorization"):
		return t.lacking(ctx, b)
	case open("Checkpoint.Approval"):
		return "approval"
	case slices.ContainsFunc(records, func(r build.TimelineRecord) bool {
		return strings.HasPrefix(value(r.Type), "Checkpoint.") && unfinished(r)
	}):
		return "a check"
	case slices.ContainsFunc(records, func(r build.TimelineRecord) bool {
		return value(r.Type) == "Job" && value(r.State) == build.TimelineRecordStateValues.InProgress
	}):
		return ""
	}
	return "an agent" + t.inPool(ctx, b)
}

// lacking says which permission a stalled run lacks: on the connection or, if the
// pipeline may use that, on its agents.
func (t *task) lacking(ctx context.Context, b *build.Build) string {
	project, connection := t.place()
	if connection != "" {
		may, err := t.c.permissionsOf(ctx, project, connection)
		if err == nil && (may.all || slices.Contains(may.pipelines, t.Step.Proof.Pipeline.ID)) {
			return "a permission on the agents" + t.inPool(ctx, b)
		}
	}
	return "a permission on the connection"
}

// inPool names the agent pool that a run waits for: its own, or its pipeline's.
func (t *task) inPool(ctx context.Context, b *build.Build) string {
	queue := b.Queue
	if queue == nil {
		spec := t.Step.Proof
		def, err := t.c.builds.GetDefinition(ctx, build.GetDefinitionArgs{Project: &spec.ProjectID, DefinitionId: &spec.Pipeline.ID})
		if err != nil || def.Queue == nil {
			return "" // a few words less, nothing that matters
		}
		queue = def.Queue
	}
	name := value(queue.Name)
	if queue.Pool != nil && value(queue.Pool.Name) != "" {
		name = value(queue.Pool.Name)
	}
	if name == "" {
		return ""
	}
	return " in pool " + plainLine(name)
}

// ended reads what a run that has ended says.
func (t *task) ended(ctx context.Context, b *build.Build, records []build.TimelineRecord) (workflows.Evidence, error) {
	lines, err := t.shellLog(ctx, value(b.Id), records)
	if err != nil {
		return workflows.Evidence{}, err
	}
	out := readLog(lines)
	out.Run, out.URL, out.Ended = value(b.Id), t.runURL(value(b.Id)), true
	out.Succeeded = value(b.Result) == build.BuildResultValues.Succeeded
	out.Commit = value(b.SourceVersion)
	if out.OurYAML, err = t.ranOurYAML(ctx, b); err != nil {
		return workflows.Evidence{}, err
	}
	if out.Succeeded {
		out.Failure = ""
	} else if out.Failure == "" {
		out.Failure = failureOf(b, records)
	}
	return out, nil
}

// failureOf finds what went wrong where no log says it.
func failureOf(b *build.Build, records []build.TimelineRecord) string {
	for _, r := range records {
		for _, issue := range value(r.Issues) {
			if value(issue.Type) == build.IssueTypeValues.Error && value(issue.Message) != "" {
				return plainLine(value(issue.Message))
			}
		}
	}
	for _, v := range value(b.ValidationResults) {
		if value(v.Message) != "" {
			return plainLine(value(v.Message))
		}
	}
	if value(b.Result) == build.BuildResultValues.Canceled {
		return "the run was cancelled"
	}
	return "the run failed and does not say why"
}

// shellLog are the lines of the task that signs in, of its last attempt.
func (t *task) shellLog(ctx context.Context, run int, records []build.TimelineRecord) ([]string, error) {
	var lines []string
	project := t.Step.Proof.ProjectID
	for _, r := range records {
		if value(r.Type) != "Task" || r.Task == nil || value(r.Task.Id) != shellTask || r.Log == nil || r.Log.Id == nil {
			continue
		}
		some, err := t.c.builds.GetBuildLogLines(ctx, build.GetBuildLogLinesArgs{Project: &project, BuildId: &run, LogId: r.Log.Id})
		if err != nil {
			return nil, unread("the log of the proof run", err)
		}
		lines = append(lines, *some...)
	}
	return lines, nil
}

// ranOurYAML says whether a run ran our file: the planned pipeline, its repository,
// its path, and at the very commit every byte.
func (t *task) ranOurYAML(ctx context.Context, b *build.Build) (bool, error) {
	spec := t.Step.Proof
	if b.Definition == nil || value(b.Definition.Id) != spec.Pipeline.ID || b.Repository == nil ||
		!strings.EqualFold(value(b.Repository.Id), spec.Pipeline.Repository) || value(b.SourceVersion) == "" {
		return false, nil
	}
	def, err := t.c.builds.GetDefinition(ctx, build.GetDefinitionArgs{Project: &spec.ProjectID, DefinitionId: &spec.Pipeline.ID, Revision: b.Definition.Revision})
	if err != nil {
		return false, unread("the verification pipeline", err)
	}
	if strings.TrimPrefix(yamlPath(def), "/") != strings.TrimPrefix(spec.Pipeline.Path, "/") {
		return false, nil
	}
	text, found, err := t.c.file(ctx, spec.ProjectID, spec.Pipeline.Repository, spec.Pipeline.Path, "commit", *b.SourceVersion)
	return found && text == verification, err
}

// yamlPath is the file that a pipeline runs; empty for classic pipelines.
func yamlPath(def *build.BuildDefinition) string {
	process, _ := def.Process.(map[string]any)
	path, _ := process["yamlFilename"].(string)
	return path
}

// file reads one file at a commit or branch. Not found is certain only as far as
// fedbot may read the repository, which the caller has seen.
func (c *clients) file(ctx context.Context, project, repository, path, kind, version string) (text string, found bool, err error) {
	query := url.Values{"path": {"/" + strings.TrimPrefix(path, "/")}, "versionDescriptor.versionType": {kind}, "versionDescriptor.version": {version}}
	var raw []byte
	err = c.call(ctx, http.MethodGet, url.PathEscape(project)+"/_apis/git/repositories/"+url.PathEscape(repository)+"/items", query, "7.1", nil, &raw)
	if absent(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, unread("the file "+path, err)
	}
	return string(raw), true, nil
}
