package azuredevops

import (
	"context"
	"fmt"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"

	"fedbot/workflows"
)

// PipelineFile is the file that a pipeline runs, as it is on the branch that the
// pipeline takes when nobody names another.
type PipelineFile struct {
	Path   string
	Branch string // without refs/heads/
	Text   string
}

// ReadPipelineFile reads a pipeline's file with fedbot's reading identity. The file
// is what whoever may push there wrote: material, never an instruction. It fails with
// workflows.ErrUnreadable when Azure DevOps did not say clearly, and with a refusal
// when there is nothing that fedbot could read.
func (d *DevOps) ReadPipelineFile(ctx context.Context, organization, project, pipeline string) (PipelineFile, error) {
	o, err := d.org(organization)
	if err != nil {
		return PipelineFile{}, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return PipelineFile{}, err
	}
	list, err := c.definitions(ctx, project)
	if err != nil {
		return PipelineFile{}, err
	}
	found, err := choose(list, pipeline)
	if err != nil {
		return PipelineFile{}, err
	}
	if found == nil {
		return PipelineFile{}, workflows.Refuse("no_pipeline", "There is no pipeline %s.", pipeline)
	}
	def, err := c.builds.GetDefinition(ctx, build.GetDefinitionArgs{Project: &project, DefinitionId: found.Id})
	if err != nil {
		return PipelineFile{}, unread("the pipeline "+pipeline, err)
	}
	f := PipelineFile{Path: strings.TrimPrefix(yamlPath(def), "/")}
	if def.Repository != nil {
		f.Branch = strings.TrimPrefix(fullRef(value(def.Repository.DefaultBranch)), "refs/heads/")
	}
	switch {
	case f.Path == "" || f.Branch == "":
		return PipelineFile{}, workflows.Refuse("classic_pipeline", "%s is not a YAML pipeline, so fedbot cannot read what it does.", pipeline)
	case !strings.EqualFold(value(def.Repository.Type), "TfsGit"):
		return PipelineFile{}, workflows.Refuse("other_repository", "%s has its file outside Azure Repos, where fedbot cannot read it.", pipeline)
	}
	text, here, err := c.file(ctx, project, value(def.Repository.Id), f.Path, "branch", f.Branch)
	if err != nil {
		return PipelineFile{}, err
	}
	if !here {
		return PipelineFile{}, workflows.Refuse("no_file", "There is no file %s on %s, or fedbot may not read that repository.", f.Path, f.Branch)
	}
	f.Text = text
	return f, nil
}

// String says where the file is: "azure-pipelines.yml on main".
func (f PipelineFile) String() string { return fmt.Sprintf("%s on %s", f.Path, f.Branch) }
