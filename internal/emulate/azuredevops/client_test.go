package azuredevops

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"
	ado "github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/build"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/extensionmanagement"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	adoidentity "github.com/microsoft/azure-devops-go-api/azuredevops/v7/identity"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/location"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelinepermissions"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelines"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/pipelineschecks"
	adopolicy "github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"
)

// p is the address of a value, which is how the client wants every argument.
func p[T any](v T) *T { return &v }

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) client(token string) *ado.Connection {
	return ado.NewPatConnection(w.url+"/Contoso-Ltd", token)
}

func TestStockClientReadsTheOrganization(t *testing.T) {
	for _, areas := range []bool{false, true} {
		w := newWorld(t, nil)
		w.s.SetResourceAreas(areas)
		w.readByStockClient(t)
	}
}

func (w *world) readByStockClient(t *testing.T) {
	ctx, conn := t.Context(), w.client("pat-fedbot")
	data := must[*location.ConnectionData](t)(location.NewClient(ctx, conn).GetConnectionData(ctx, location.GetConnectionDataArgs{}))
	if data.InstanceId.String() != orgID || *data.AuthenticatedUser.ProviderDisplayName != "fedbot" {
		t.Errorf("connection data: %v %v", data.InstanceId, *data.AuthenticatedUser.ProviderDisplayName)
	}
	projects := must[core.Client](t)(core.NewClient(ctx, conn))
	all := must[*core.GetProjectsResponseValue](t)(projects.GetProjects(ctx, core.GetProjectsArgs{Top: p(1)}))
	if len(all.Value) != 1 || all.ContinuationToken == "" {
		t.Errorf("first page: %+v", all)
	}
	one := must[*core.TeamProject](t)(projects.GetProject(ctx, core.GetProjectArgs{ProjectId: p("web SHOP")}))
	if *one.Name != "Web Shop" || one.Id.String() != shopID {
		t.Errorf("by name without case: %s %s", *one.Name, one.Id)
	}
	_, err := projects.GetProject(ctx, core.GetProjectArgs{ProjectId: p("nowhere")})
	var wrapped ado.WrappedError
	if !errors.As(err, &wrapped) || *wrapped.StatusCode != http.StatusNotFound || *wrapped.TypeKey != "ProjectDoesNotExistException" {
		t.Errorf("missing project: %v", err)
	}
	ext := must[extensionmanagement.Client](t)(extensionmanagement.NewClient(ctx, conn))
	tool := must[*extensionmanagement.InstalledExtension](t)(ext.GetInstalledExtensionByName(ctx, extensionmanagement.GetInstalledExtensionByNameArgs{PublisherName: p("AmazonWebServices"), ExtensionName: p("aws-vsts-tools")}))
	if *tool.Version != "1.23.0" {
		t.Errorf("toolkit %s", *tool.Version)
	}
	repos := must[git.Client](t)(git.NewClient(ctx, conn))
	item := must[*git.GitItem](t)(repos.GetItem(ctx, git.GetItemArgs{Project: p("Web Shop"), RepositoryId: p("web-shop"), Path: p("/aws-check.yml"), IncludeContent: p(true),
		VersionDescriptor: &git.GitVersionDescriptor{Version: p("main"), VersionType: &git.GitVersionTypeValues.Branch}}))
	if *item.Content != checkYAML {
		t.Error("the file differs")
	}
	rules := must[*git.GitPolicyConfigurationResponse](t)(repos.GetPolicyConfigurations(ctx, git.GetPolicyConfigurationsArgs{Project: p("Web Shop"), RepositoryId: p(uuid.MustParse(repoID)), RefName: p("refs/heads/main")}))
	if len(*rules.PolicyConfigurations) != 1 || (*rules.PolicyConfigurations)[0].Settings.(map[string]any)["minimumApproverCount"] != 2.0 {
		t.Errorf("policies: %+v", rules)
	}
	rulebook := must[adopolicy.Client](t)(adopolicy.NewClient(ctx, conn))
	policies := must[*adopolicy.GetPolicyConfigurationsResponseValue](t)(rulebook.GetPolicyConfigurations(ctx, adopolicy.GetPolicyConfigurationsArgs{Project: p("Web Shop")}))
	if len(policies.Value) != 1 {
		t.Errorf("project policies: %+v", policies)
	}
}

func TestStandingOfAPersonCanBeRead(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	ids := must[adoidentity.Client](t)(adoidentity.NewClient(ctx, w.client("pat-fedbot")))
	found := must[*[]adoidentity.Identity](t)(ids.ReadIdentities(ctx, adoidentity.ReadIdentitiesArgs{SearchFilter: p("General"), FilterValue: p("Requester@example.com"),
		QueryMembership: &adoidentity.QueryMembershipValues.Expanded}))
	if len(*found) != 1 || len(*(*found)[0].MemberOf) != 1 {
		t.Fatalf("found %+v", found)
	}
	groups := must[*[]adoidentity.Identity](t)(ids.ReadIdentities(ctx, adoidentity.ReadIdentitiesArgs{Descriptors: p((*(*found)[0].MemberOf)[0]),
		QueryMembership: &adoidentity.QueryMembershipValues.Direct}))
	if len(*groups) != 1 || *(*groups)[0].ProviderDisplayName != `[Web Shop]\Project Administrators` || (*(*groups)[0].MemberIds)[0].String() != requester {
		t.Errorf("group: %+v", groups)
	}
}

func TestStockClientLeadsAConnectionThroughItsLife(t *testing.T) {
	w := newWorld(t, nil)
	ctx, conn := t.Context(), w.client("pat-fedbot")
	ends := must[serviceendpoint.Client](t)(serviceendpoint.NewClient(ctx, conn))
	types := must[*[]serviceendpoint.ServiceEndpointType](t)(ends.GetServiceEndpointTypes(ctx, serviceendpoint.GetServiceEndpointTypesArgs{Type: p("AWS")}))
	if n := len(*(*(*types)[0].AuthenticationSchemes)[0].InputDescriptors); n != 7 {
		t.Errorf("%d inputs", n)
	}
	shop := uuid.MustParse(shopID)
	endpoint := serviceendpoint.ServiceEndpoint{Name: p("aws-prod"), Type: p("aws"), Url: p(awsURL), Owner: p("library"),
		Authorization:                    &serviceendpoint.EndpointAuthorization{Scheme: p("UsernamePassword"), Parameters: &map[string]string{"assumeRoleArn": "arn:aws:iam::123456789012:role/x", "useOIDC": "true", "password": "p"}},
		ServiceEndpointProjectReferences: &[]serviceendpoint.ServiceEndpointProjectReference{{Name: p("aws-prod"), ProjectReference: &serviceendpoint.ProjectReference{Id: &shop}}}}
	made := must[*serviceendpoint.ServiceEndpoint](t)(ends.CreateServiceEndpoint(ctx, serviceendpoint.CreateServiceEndpointArgs{Endpoint: &endpoint}))
	if !*made.IsReady || made.Data == nil || (*made.Authorization.Parameters)["password"] != "" || (*made.Authorization.Parameters)["useOIDC"] != "true" {
		t.Errorf("made %+v", made)
	}
	endpoint.Name = p("AWS-Prod")
	(*endpoint.ServiceEndpointProjectReferences)[0].Name = p("AWS-Prod")
	_, err := ends.CreateServiceEndpoint(ctx, serviceendpoint.CreateServiceEndpointArgs{Endpoint: &endpoint})
	var wrapped ado.WrappedError
	if !errors.As(err, &wrapped) || *wrapped.StatusCode != http.StatusConflict {
		t.Errorf("a second one with the same name: %v", err)
	}

	perms := must[pipelinepermissions.Client](t)(pipelinepermissions.NewClient(ctx, conn))
	resource := pipelinepermissions.GetPipelinePermissionsForResourceArgs{Project: p("Web Shop"), ResourceType: p("endpoint"), ResourceId: p(made.Id.String())}
	none := must[*pipelinepermissions.ResourcePipelinePermissions](t)(perms.GetPipelinePermissionsForResource(ctx, resource))
	if len(*none.Pipelines) != 0 || none.AllPipelines != nil {
		t.Errorf("a new connection is open: %+v", none)
	}
	some := must[*pipelinepermissions.ResourcePipelinePermissions](t)(perms.UpdatePipelinePermisionsForResource(ctx, pipelinepermissions.UpdatePipelinePermisionsForResourceArgs{
		Project: p("Web Shop"), ResourceType: p("endpoint"), ResourceId: p(made.Id.String()),
		ResourceAuthorization: &pipelinepermissions.ResourcePipelinePermissions{Pipelines: &[]pipelinepermissions.PipelinePermission{{Id: p(7), Authorized: p(true)}}}}))
	if len(*some.Pipelines) != 1 || *(*some.Pipelines)[0].Id != 7 {
		t.Errorf("permitted: %+v", some)
	}
	checks := must[pipelineschecks.Client](t)(pipelineschecks.NewClient(ctx, conn))
	onIt := must[*[]pipelineschecks.CheckConfiguration](t)(checks.GetCheckConfigurationsOnResource(ctx, pipelineschecks.GetCheckConfigurationsOnResourceArgs{Project: p("Web Shop"), ResourceType: p("endpoint"), ResourceId: p(made.Id.String())}))
	if len(*onIt) != 0 {
		t.Errorf("checks: %+v", onIt)
	}

	err = ends.DeleteServiceEndpoint(ctx, serviceendpoint.DeleteServiceEndpointArgs{EndpointId: made.Id, ProjectIds: &[]string{shopID}})
	if err != nil {
		t.Fatal(err)
	}
	gone := must[*serviceendpoint.ServiceEndpoint](t)(ends.GetServiceEndpointDetails(ctx, serviceendpoint.GetServiceEndpointDetailsArgs{Project: p("Web Shop"), EndpointId: made.Id}))
	if gone.Id != nil {
		t.Errorf("after delete: %+v", gone)
	}
	again := must[*serviceendpoint.ServiceEndpoint](t)(ends.CreateServiceEndpoint(ctx, serviceendpoint.CreateServiceEndpointArgs{Endpoint: &endpoint}))
	if *again.Id == *made.Id {
		t.Error("re-created under the old id")
	}
}

func TestStockClientRunsAPipeline(t *testing.T) {
	w := newWorld(t, nil)
	w.permit(w.connect("aws-prod"))
	ctx, conn := context.Background(), w.client("pat-fedbot")
	runs := pipelines.NewClient(ctx, conn)
	r := must[*pipelines.Run](t)(runs.RunPipeline(ctx, pipelines.RunPipelineArgs{Project: p("Web Shop"), PipelineId: p(7),
		RunParameters: &pipelines.RunPipelineParameters{TemplateParameters: &map[string]string{"nonce": "n-2"}}}))
	w.steps(8)
	r = must[*pipelines.Run](t)(runs.GetRun(ctx, pipelines.GetRunArgs{Project: p("Web Shop"), PipelineId: p(7), RunId: r.Id}))
	if *r.State != "completed" || *r.Result != "succeeded" || (*r.TemplateParameters)["nonce"] != "n-2" {
		t.Errorf("run: %v %v", *r.State, *r.Result)
	}
	builds := must[build.Client](t)(build.NewClient(ctx, conn))
	line := must[*build.Timeline](t)(builds.GetBuildTimeline(ctx, build.GetBuildTimelineArgs{Project: p("Web Shop"), BuildId: r.Id}))
	var log *int
	for _, x := range *line.Records {
		if *x.Type == "Task" {
			log = x.Log.Id
		}
	}
	lines := must[*[]string](t)(builds.GetBuildLogLines(ctx, build.GetBuildLogLinesArgs{Project: p("Web Shop"), BuildId: r.Id, LogId: log}))
	if len(*lines) < 10 {
		t.Errorf("log: %v", *lines)
	}
	b := must[*build.Build](t)(builds.GetBuild(ctx, build.GetBuildArgs{Project: p("Web Shop"), BuildId: r.Id}))
	if *b.Status != "completed" || *b.SourceBranch != "refs/heads/main" || len(*b.SourceVersion) != 40 {
		t.Errorf("build: %+v", b)
	}
}
