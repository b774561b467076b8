package azuredevops

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/extensionmanagement"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/security"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"
	"golang.org/x/sync/errgroup"

	"fedbot/workflows"
)

// FactsQuery asks for the facts that one proposal needs.
type FactsQuery struct {
	Proposal        workflows.Proposal
	Email           string // of who asks, as the directory confirmed it; empty: the standing is not read
	OwnConnectionID string // of the connection that the federation has already; empty: none
}

// survey is the reading of one organization for one proposal.
type survey struct {
	d     *DevOps
	o     *organization
	c     *clients
	names names
	q     FactsQuery
}

// Facts reads what a plan needs to know of Azure DevOps. A project that is not
// there leaves everything about it empty; what could not be read is ErrUnreadable.
func (d *DevOps) Facts(ctx context.Context, q FactsQuery) (workflows.AzureFacts, error) {
	n, err := d.lookUp(ctx, q.Proposal.Organization, q.Proposal.Project)
	if err != nil {
		return workflows.AzureFacts{}, err
	}
	o, err := d.org(n.organization)
	if err != nil {
		return workflows.AzureFacts{}, err
	}
	c, err := o.reader.open(ctx)
	if err != nil {
		return workflows.AzureFacts{}, err
	}
	f := workflows.AzureFacts{Organization: n.organization, OrganizationID: n.organizationID, Project: n.project, ProjectID: n.projectID}
	s := &survey{d, o, c, n, q}
	reads := []func(context.Context, *workflows.AzureFacts) error{s.toolkit, s.oidc}
	if n.projectID != "" {
		reads = append(reads, s.connection, s.rights, s.pipelines, s.standing)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, read := range reads { // each writes fields of its own
		g.Go(func() error { return read(ctx, &f) })
	}
	if err := g.Wait(); err != nil {
		return workflows.AzureFacts{}, err
	}
	return f, nil
}

var (
	toolkitPublisher = "AmazonWebServices"
	toolkitExtension = "aws-vsts-tools"
)

func (s *survey) toolkit(ctx context.Context, f *workflows.AzureFacts) error {
	e, err := s.c.extensions.GetInstalledExtensionByName(ctx, extensionmanagement.GetInstalledExtensionByNameArgs{
		PublisherName: &toolkitPublisher, ExtensionName: &toolkitExtension})
	if absent(err) {
		return nil
	}
	if err != nil {
		return unread("whether the AWS Toolkit is installed in "+s.o.Name, err)
	}
	f.Toolkit = value(e.Version)
	if e.InstallState == nil || e.InstallState.Flags == nil {
		return nil
	}
	for _, flag := range strings.Split(string(*e.InstallState.Flags), ",") {
		switch flag = strings.TrimSpace(flag); strings.ToLower(flag) {
		case "uninstalled":
			f.Toolkit = ""
		case "disabled":
			f.ToolkitOff = "disabled"
		case "error", "versioncheckerror":
			f.ToolkitOff = "in error"
		case "needsreauthorization":
			f.ToolkitOff = "waiting for somebody to authorize it again"
		}
	}
	return nil
}

// oidc asks the connection type itself whether it knows OIDC; a version number is
// only a promise of that.
func (s *survey) oidc(ctx context.Context, f *workflows.AzureFacts) error {
	kind := connectionType
	types, err := s.c.endpoints.GetServiceEndpointTypes(ctx, serviceendpoint.GetServiceEndpointTypesArgs{Type: &kind})
	if err != nil {
		return unread("the types of service connections in "+s.o.Name, err)
	}
	for _, t := range *types {
		for _, scheme := range value(t.AuthenticationSchemes) {
			for _, field := range value(scheme.InputDescriptors) {
				if strings.EqualFold(value(t.Name), connectionType) && value(field.Id) == "useOIDC" {
					f.OIDC = true
				}
			}
		}
	}
	return nil
}

func (s *survey) connection(ctx context.Context, f *workflows.AzureFacts) error {
	id, err := s.c.endpointNamed(ctx, s.names.projectID, s.q.Proposal.Connection, s.q.OwnConnectionID)
	if err != nil || id == "" {
		return err
	}
	e, err := s.c.endpoint(ctx, s.names.projectID, id)
	if err != nil || e == nil {
		return err
	}
	f.ConnectionID, f.ConnectionIs = e.ID, e.is()
	return nil
}

// Of the security namespace of service connections.
var (
	endpointsNamespace = uuid.MustParse("49b48001-ca20-4adc-8111-5b60c903a50c")
	createEndpoints    = 4
)

// rights asks whether fedbot's writing identity may create connections. Where that
// cannot be asked, the attempt will tell.
func (s *survey) rights(ctx context.Context, f *workflows.AzureFacts) error {
	c, err := s.o.writer.open(ctx)
	if err != nil {
		return err
	}
	token, administrators := "endpoints/"+s.names.projectID, true
	may, err := c.security.HasPermissions(ctx, security.HasPermissionsArgs{SecurityNamespaceId: &endpointsNamespace,
		Permissions: &createEndpoints, Tokens: &token, AlwaysAllowAdministrators: &administrators})
	if _, unknown := errors.AsType[*azuredevops.LocationIdNotRegisteredError](err); unknown {
		return nil
	}
	if err != nil {
		return unread("whether fedbot may create service connections", err)
	}
	if len(*may) == 1 && !(*may)[0] {
		f.MayConnect = "its identity is no Creator of service connections there"
	}
	return nil
}

// pipelines reads those asked for, the verification pipeline, and what protects
// the branches in the repositories of those asked for.
func (s *survey) pipelines(ctx context.Context, f *workflows.AzureFacts) error {
	list, err := s.c.definitions(ctx, s.names.projectID)
	if err != nil {
		return err
	}
	repositories := map[string]*build.BuildRepository{}
	for _, want := range s.q.Proposal.Pipelines {
		found, err := choose(list, want)
		if err != nil || found == nil {
			if err != nil {
				return err
			}
			continue
		}
		def, p, err := s.pipeline(ctx, *found.Id)
		if err != nil {
			return err
		}
		if strings.Contains(want, `\`) {
			p.Name = fullName(value(def.Path), p.Name)
		}
		f.Pipelines = append(f.Pipelines, p)
		if def.Repository != nil {
			repositories[value(def.Repository.Id)] = def.Repository
		}
	}
	if err := s.verifier(ctx, f, list); err != nil {
		return err
	}
	f.Branches, err = s.branches(ctx, repositories)
	return err
}

// choose finds the pipeline that a person means: by its name where that is unique,
// or by folder and name.
func choose(list []build.BuildDefinitionReference, want string) (*build.BuildDefinitionReference, error) {
	var found *build.BuildDefinitionReference
	full := strings.Trim(want, `\`)
	for i, def := range list {
		name := value(def.Name)
		if strings.Contains(want, `\`) {
			name = fullName(value(def.Path), name)
		}
		if def.Id == nil || !strings.EqualFold(name, full) {
			continue
		}
		if found != nil {
			r := workflows.Refuse("ambiguous_pipeline", `The project has several pipelines %s, in different folders. Name the folder too: %s`, want, fullName(value(def.Path), value(def.Name)))
			r.Field = "pipelines"
			return nil, r
		}
		found = &list[i]
	}
	return found, nil
}

func (s *survey) pipeline(ctx context.Context, id int) (*build.BuildDefinition, workflows.Pipeline, error) {
	def, err := s.c.builds.GetDefinition(ctx, build.GetDefinitionArgs{Project: &s.names.projectID, DefinitionId: &id})
	if err != nil {
		return nil, workflows.Pipeline{}, unread("a pipeline of "+s.names.project, err)
	}
	p := workflows.Pipeline{ID: id, Name: value(def.Name), Path: yamlPath(def)}
	if def.Repository != nil {
		p.Repository = value(def.Repository.Id)
	}
	return def, p, nil
}

// verifier reads the verification pipeline and says why it cannot be used, if so.
func (s *survey) verifier(ctx context.Context, f *workflows.AzureFacts, list []build.BuildDefinitionReference) error {
	found, err := choose(list, s.d.o.VerifyPipeline)
	if errors.Is(err, workflows.ErrRefused) {
		f.VerifyOff = "there are several pipelines " + s.d.o.VerifyPipeline
		return nil
	}
	if found == nil {
		return err
	}
	def, p, err := s.pipeline(ctx, *found.Id)
	if err != nil {
		return err
	}
	f.Verifier = &p
	if def.Repository != nil {
		f.VerifyRef = fullRef(value(def.Repository.DefaultBranch))
	}
	switch {
	case p.Path == "" || f.VerifyRef == "":
		f.VerifyOff = s.d.o.VerifyPipeline + " is not a YAML pipeline"
	case !strings.EqualFold(value(def.Repository.Type), "TfsGit"):
		f.VerifyOff = s.d.o.VerifyPipeline + " has its file outside Azure Repos, where fedbot cannot compare it"
	case value(def.QueueStatus) != "" && value(def.QueueStatus) != build.DefinitionQueueStatusValues.Enabled:
		f.VerifyOff = s.d.o.VerifyPipeline + " is paused or disabled"
	default:
		text, here, err := s.c.file(ctx, s.names.projectID, p.Repository, p.Path, "branch", strings.TrimPrefix(f.VerifyRef, "refs/heads/"))
		if err != nil {
			return err
		}
		if !here || text != verification {
			f.VerifyOff = fmt.Sprintf("the file %s on %s is not fedbot's verification pipeline", p.Path, strings.TrimPrefix(f.VerifyRef, "refs/heads/"))
		}
	}
	return nil
}

func fullRef(branch string) string {
	if branch == "" || strings.HasPrefix(branch, "refs/") {
		return branch
	}
	return "refs/heads/" + branch
}
