package azuredevops

import (
	"testing"

	"fedbot/workflows"
)

// Which audited actions can have made which difference.
func TestCouldChange(t *testing.T) {
	const connection, checks, pipelines = workflows.StepConnection, workflows.StepChecks, workflows.StepPipelines
	for _, c := range []struct {
		kind          workflows.StepKind
		action, field string
		could         bool
	}{
		{connection, "Library.ServiceConnectionModified", "role", true},
		{connection, "Library.ServiceConnectionModified", "exists", false},
		{connection, "Library.ServiceConnectionShared", "shared with", true},
		{connection, "Library.ServiceConnectionDeleted", "exists", true},
		{connection, "Library.ServiceConnectionDeletedFromMultipleProjects", "exists", true},
		{connection, "Library.ServiceConnectionCreated", "connection id", true},
		{connection, "Library.ServiceConnectionCreated", "exists", false},
		{connection, "Library.ServiceConnectionDeleted", "description", false},
		{connection, "Library.ServiceConnectionExecuted", "role", false},
		{connection, "Pipelines.ResourceAuthorizedForPipeline", "role", false},
		{connection, "Pipelines.ResourceAuthorizedForPipeline", "exists", false},
		{connection, "Pipelines.ResourceAuthorizedForProject", "open to all pipelines", true},
		{connection, "Project.UpdateRenameCompleted", "project name", true},
		{connection, "Project.UpdateRenameCompleted", "connection name", false},
		{connection, "Library.ServiceConnectionModified", "project name", false},
		{checks, "CheckConfiguration.Deleted", "exists", true},
		{checks, "CheckConfiguration.Updated", "branches", true},
		{checks, "Library.ServiceConnectionDeleted", "branch check", true},
		{pipelines, "Pipelines.ResourceUnauthorizedForPipeline", "pipelines", true},
		{pipelines, "Library.ServiceConnectionDeleted", "pipelines", true},
		{pipelines, "Pipelines.ResourceAuthorizedForPipeline", "file of pipeline storefront-deploy", false},
	} {
		if got := couldChange(c.kind, c.action, c.field); got != c.could {
			t.Errorf("%s and %s of the %s: %v", c.action, c.field, c.kind, got)
		}
	}
}
