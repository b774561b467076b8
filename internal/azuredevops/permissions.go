package azuredevops

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelinepermissions"

	"fedbot/workflows"
)

// permits are the pipelines that may use a connection.
type permits struct {
	all       bool
	pipelines []int // sorted
}

var endpointResource = "endpoint"

func ids(list []workflows.Pipeline) []int {
	out := make([]int, 0, len(list))
	for _, p := range list {
		out = append(out, p.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *clients) permissionsOf(ctx context.Context, project, id string) (permits, error) {
	got, err := c.permissions.GetPipelinePermissionsForResource(ctx,
		pipelinepermissions.GetPipelinePermissionsForResourceArgs{Project: &project, ResourceType: &endpointResource, ResourceId: &id})
	if err != nil {
		return permits{}, unread("which pipelines may use the connection", err)
	}
	return permitsOf(got), nil
}

func permitsOf(got *pipelinepermissions.ResourcePipelinePermissions) permits {
	var p permits
	p.all = got.AllPipelines != nil && got.AllPipelines.Authorized != nil && *got.AllPipelines.Authorized
	if got.Pipelines == nil {
		return p
	}
	for _, one := range *got.Pipelines {
		if one.Id != nil && one.Authorized != nil && *one.Authorized {
			p.pipelines = append(p.pipelines, *one.Id)
		}
	}
	slices.Sort(p.pipelines)
	return p
}

// differences compares with the pipelines that are wanted, and no others.
func (p permits) differences(want []workflows.Pipeline) []workflows.Difference {
	var out []workflows.Difference
	if p.all {
		out = append(out, workflows.Difference{Field: "open to all pipelines", Approved: "no", Found: "yes", Wider: true})
	}
	if wanted := ids(want); !slices.Equal(wanted, p.pipelines) {
		more := slices.ContainsFunc(p.pipelines, func(id int) bool { return !slices.Contains(wanted, id) })
		out = append(out, workflows.Difference{Field: "pipelines", Approved: named(wanted, want), Found: named(p.pipelines, want), Wider: more})
	}
	return out
}

// named lists pipelines by name where it is known, and by number.
func named(list []int, known []workflows.Pipeline) string {
	if len(list) == 0 {
		return "none"
	}
	words := make([]string, 0, len(list))
	for _, id := range list {
		word := "pipeline " + strconv.Itoa(id)
		if i := slices.IndexFunc(known, func(p workflows.Pipeline) bool { return p.ID == id && p.Name != "" }); i >= 0 {
			word = fmt.Sprintf("%s (%d)", known[i].Name, id)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// setPipelines makes exactly these pipelines the ones that may use a connection:
// it takes away before it adds, and believes only what it reads back.
func (t *task) setPipelines(ctx context.Context, project, id string, want []int) (changed bool, err error) {
	for _, adding := range []bool{false, true} {
		now, err := t.c.permissionsOf(ctx, project, id)
		if err != nil {
			return changed, err
		}
		change := changeTo(now, want, adding)
		if change == nil {
			continue
		}
		changed = true
		if err := t.patchPermissions(ctx, project, id, change); err != nil {
			return changed, err
		}
	}
	if !changed {
		return false, nil
	}
	same, err := poll(ctx, func() (bool, error) {
		now, err := t.c.permissionsOf(ctx, project, id)
		return err == nil && !now.all && slices.Equal(now.pipelines, want), err
	})
	if err == nil && !same {
		err = unknown("Azure DevOps does not show the new pipeline permissions yet. fedbot looks again.")
	}
	return changed, err
}

// changeTo is the change that takes away what is too much, or adds what is
// missing; nil if there is nothing to do.
func changeTo(now permits, want []int, adding bool) *pipelinepermissions.ResourcePipelinePermissions {
	var change pipelinepermissions.ResourcePipelinePermissions
	var each []pipelinepermissions.PipelinePermission
	from, keep := now.pipelines, want
	if adding {
		from, keep = want, now.pipelines
	}
	for _, id := range from {
		if !slices.Contains(keep, id) {
			each = append(each, pipelinepermissions.PipelinePermission{Id: &id, Authorized: &adding})
		}
	}
	if now.all && !adding {
		change.AllPipelines = &pipelinepermissions.Permission{Authorized: &adding}
	}
	if len(each) > 0 {
		change.Pipelines = &each
	}
	if change.AllPipelines == nil && change.Pipelines == nil {
		return nil
	}
	return &change
}

func (t *task) patchPermissions(ctx context.Context, project, id string, change *pipelinepermissions.ResourcePipelinePermissions) error {
	_, err := t.c.permissions.UpdatePipelinePermisionsForResource(ctx, pipelinepermissions.UpdatePipelinePermisionsForResourceArgs{
		Project: &project, ResourceType: &endpointResource, ResourceId: &id, ResourceAuthorization: change})
	if err != nil {
		return failed("change which pipelines may use the connection", err)
	}
	return nil
}

// notAll closes a connection to pipelines that nobody named, and leaves the named.
func (t *task) notAll(ctx context.Context, project, id string) error {
	now, err := t.c.permissionsOf(ctx, project, id)
	if err != nil || !now.all {
		return err
	}
	_, err = t.setPipelines(ctx, project, id, now.pipelines)
	return err
}

// place is the connection that a later step is about. The id is empty when no
// connection was ever made.
func (t *task) place() (project, connection string) {
	switch s := t.Step; {
	case s.Proof != nil:
		project, connection = s.Proof.ProjectID, s.Proof.ConnectionID
	case s.Checks != nil:
		project, connection = s.Checks.ProjectID, s.Checks.ConnectionID
	case s.Pipelines != nil:
		project, connection = s.Pipelines.ProjectID, s.Pipelines.ConnectionID
	}
	if connection == "" || connection == workflows.BlankConnection {
		connection = t.Refs[workflows.ConnectionID]
	}
	return project, connection
}

// nowhere is the fault of a step whose connection is not known or not there.
func nowhere() error {
	return unknown("The service connection is not there, so nothing can be set on it. fedbot looks again.")
}

func (t *task) ensureAllowed(ctx context.Context, want []int, note string) (workflows.Result, error) {
	project, connection := t.place()
	if connection == "" {
		return workflows.Result{}, nowhere()
	}
	if _, err := t.setPipelines(ctx, project, connection, want); err != nil {
		if gone, missing := t.connectionGone(ctx, project, connection); missing == nil && gone {
			return workflows.Result{}, nowhere()
		}
		return workflows.Result{}, err
	}
	return workflows.Result{Ref: connection, Note: note}, nil
}

// withdraw leaves no pipeline that may use the connection. Without a connection
// there is nothing to withdraw.
func (t *task) withdraw(ctx context.Context) error {
	project, connection := t.place()
	if connection == "" {
		return nil
	}
	if gone, err := t.connectionGone(ctx, project, connection); err != nil || gone {
		return err
	}
	_, err := t.setPipelines(ctx, project, connection, nil)
	return err
}

func (t *task) connectionGone(ctx context.Context, project, connection string) (bool, error) {
	e, err := t.c.endpoint(ctx, project, connection)
	if err != nil {
		return false, err
	}
	deleting := e != nil && e.OperationStatus != nil && strings.EqualFold(e.OperationStatus.State, "InProgress")
	return e == nil || deleting, nil
}

func (t *task) observePipelines(ctx context.Context) (workflows.Observation, error) {
	project, connection := t.place()
	want := t.Step.Pipelines.Pipelines
	missing := workflows.Observation{Differences: []workflows.Difference{
		{Field: "pipelines", Approved: named(ids(want), want), Found: "none: the connection is gone"}}}
	if connection == "" {
		return missing, nil
	}
	if gone, err := t.connectionGone(ctx, project, connection); err != nil || gone {
		return missing, err
	}
	now, err := t.c.permissionsOf(ctx, project, connection)
	if err != nil {
		return workflows.Observation{}, err
	}
	elsewhere, err := t.redirected(ctx)
	if err != nil {
		return workflows.Observation{}, err
	}
	return workflows.Observation{Exists: true, Ref: connection, Differences: append(now.differences(want), elsewhere...)}, nil
}
