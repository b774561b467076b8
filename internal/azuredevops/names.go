package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/location"

	"fedbot/workflows"
)

// known is a name that was looked up, for a minute.
type known struct {
	names names
	until time.Time
}

type names struct{ organization, organizationID, project, projectID string }

const remember = time.Minute

// Names looks up the canonical names and the ids of an organization and a project.
// A name that nobody knows is a *workflows.Refusal with its field. Answers may be a
// minute old.
func (d *DevOps) Names(ctx context.Context, organization, project string) (orgName, orgID, projectName, projectID string, err error) {
	key := strings.ToLower(organization + "/" + project)
	d.mu.Lock()
	k, ok := d.known[key]
	d.mu.Unlock()
	if ok && d.o.Now().Before(k.until) {
		return k.names.organization, k.names.organizationID, k.names.project, k.names.projectID, nil
	}
	n, err := d.lookUp(ctx, organization, project)
	if err != nil {
		return "", "", "", "", err
	}
	if n.projectID == "" {
		r := workflows.Refuse("unknown_project", "%s has no project %s that fedbot can see. Check the name, or ask a project administrator to let fedbot read it.", n.organization, project)
		r.Field = "project"
		return "", "", "", "", r
	}
	d.mu.Lock()
	d.known[key] = known{n, d.o.Now().Add(remember)}
	d.mu.Unlock()
	return n.organization, n.organizationID, n.project, n.projectID, nil
}

// lookUp asks afresh. A project that is not there leaves its fields empty.
func (d *DevOps) lookUp(ctx context.Context, organization, project string) (names, error) {
	o, err := d.org(organization)
	if err != nil {
		return names{}, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return names{}, err
	}
	data, err := c.location.GetConnectionData(ctx, location.GetConnectionDataArgs{})
	if err != nil {
		return names{}, unread("the organization "+o.Name, err)
	}
	if data.InstanceId == nil || data.AuthenticatedUser == nil {
		return names{}, unread("the organization "+o.Name, fmt.Errorf("it names no id or no signed-in user"))
	}
	n := names{organization: o.Name, organizationID: data.InstanceId.String()}
	p, err := c.core.GetProject(ctx, core.GetProjectArgs{ProjectId: &project})
	if status, key := refusal(err); status == http.StatusNotFound && strings.Contains(key, "Project") {
		return n, nil
	}
	if err != nil {
		return names{}, unread("the project "+project, err)
	}
	if p.Id == nil || p.Name == nil {
		return names{}, unread("the project "+project, fmt.Errorf("it has no id or no name"))
	}
	n.project, n.projectID = *p.Name, p.Id.String()
	return n, nil
}

// Projects lists the names of the projects that fedbot can see, in order.
func (d *DevOps) Projects(ctx context.Context, organization string) ([]string, error) {
	o, err := d.org(organization)
	if err != nil {
		return nil, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	top := 500
	var after *int
	for {
		page, err := c.core.GetProjects(ctx, core.GetProjectsArgs{Top: &top, ContinuationToken: after})
		if err != nil {
			return nil, unread("the projects of "+o.Name, err)
		}
		for _, p := range page.Value {
			out = append(out, value(p.Name))
		}
		next, err := strconv.Atoi(page.ContinuationToken)
		if err != nil || after != nil && next <= *after {
			break
		}
		after = &next
	}
	sort.Slice(out, func(a, b int) bool { return strings.ToLower(out[a]) < strings.ToLower(out[b]) })
	return out, nil
}

// Pipelines lists the pipelines of a project with their numbers, in the order of
// their names. A pipeline in a folder is named with it: `deploy\site`.
func (d *DevOps) Pipelines(ctx context.Context, organization, project string) ([]workflows.Pipeline, error) {
	o, err := d.org(organization)
	if err != nil {
		return nil, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return nil, err
	}
	list, err := c.definitions(ctx, project)
	if err != nil {
		return nil, err
	}
	out := make([]workflows.Pipeline, 0, len(list))
	for _, def := range list {
		out = append(out, workflows.Pipeline{ID: value(def.Id), Name: fullName(value(def.Path), value(def.Name))})
	}
	sort.Slice(out, func(a, b int) bool { return strings.ToLower(out[a].Name) < strings.ToLower(out[b].Name) })
	return out, nil
}

// fullName is a pipeline's name behind its folder.
func fullName(folder, name string) string {
	if folder = strings.Trim(folder, `\`); folder == "" {
		return name
	}
	return folder + `\` + name
}

func (c *clients) definitions(ctx context.Context, project string) ([]build.BuildDefinitionReference, error) {
	var out []build.BuildDefinitionReference
	var after *string
	for {
		page, err := c.builds.GetDefinitions(ctx, build.GetDefinitionsArgs{Project: &project, ContinuationToken: after})
		if err != nil {
			return nil, unread("the pipelines of the project", err)
		}
		out = append(out, page.Value...)
		if page.ContinuationToken == "" || after != nil && *after == page.ContinuationToken {
			return out, nil
		}
		next := page.ContinuationToken
		after = &next
	}
}
