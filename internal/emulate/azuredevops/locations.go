package azuredevops

import "strings"

// The calls of one location: list is the address without its last part, one with it.
type calls = map[string]op

// locations is the table of everything that can be called.
func (s *Server) locations() []route {
	const (
		project = "vso.project|vso.profile"
		read    = "vso.serviceendpoint"
		manage  = "vso.serviceendpoint_manage"
		build   = "vso.build"
		execute = "vso.build_execute"
		guard   = "vso.pipelineresources_manage"
		code    = "vso.code"

		security = "vso.security_manage"
	)
	at := func(id, area, resource, template string, revision int, c calls) route {
		return route{id: id, area: area, resource: resource, template: template, revision: revision, calls: c}
	}
	preview := func(id, area, resource, template string, revision int, c calls) route {
		r := at(id, area, resource, template, revision, c)
		r.previewOnly = true
		return r
	}
	return []route{
		preview("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1, calls{
			"GET": {"GetResourceAreas", "", s.resourceAreas}, "GET+": {"GetResourceArea", "", s.resourceArea}}),
		preview("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "ConnectionData", "_apis/{resource}", 1, calls{
			"GET": {"GetConnectionData", "", s.connectionData}}),
		at("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4, calls{
			"GET": {"ListProjects", project, s.listProjects}, "GET+": {"GetProject", project, s.getProject},
			"POST": {"CreateProject", "vso.project_manage", s.createProject}, "PATCH+": {"UpdateProject", "vso.project_manage", s.updateProject},
			"DELETE+": {"DeleteProject", "vso.project_manage", s.deleteProject}}),
		at("d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", "core", "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3, calls{
			"GET": {"ListTeams", project, s.listTeams}}),
		at("9a1b74b4-2ca8-4a9f-8470-c2f2e6fdc949", "operations", "operations", "_apis/{resource}/{operationId}", 1, calls{
			"GET+": {"GetOperation", "", s.getOperation}}),
		at("28010c54-d0c0-4c89-a5b0-1c9e188b9fb7", "IMS", "Identities", "_apis/{resource}/{identityId}", 1, calls{
			"GET": {"ReadIdentities", "vso.identity", s.readIdentities}}),

		at("14e48fdc-2c8b-41ce-a0c3-e26f6cc55bd0", "serviceendpoint", "endpoints", "_apis/{area}/{resource}/{endpointId}", 4, calls{
			"POST": {"CreateEndpoint", manage, s.createConnection}, "PUT+": {"UpdateEndpoint", manage, s.updateConnection}, "PUT": {"UpdateEndpoints", manage, s.updateConnections},
			"PATCH+": {"ShareEndpoint", manage, s.shareConnection}, "DELETE+": {"DeleteEndpoint", manage, s.deleteConnection}}),
		at("e85f1c62-adfc-4b74-b618-11a150fb195e", "serviceendpoint", "endpoints", "{project}/_apis/{area}/{resource}/{endpointId}", 4, calls{
			"GET": {"ListEndpoints", read, s.listConnections}, "GET+": {"GetEndpoint", read, s.getConnection},
			"POST": {"RefreshEndpoints", manage, s.refreshConnections}}),
		at("10a16738-9299-4cd1-9a81-fd23ad6200d0", "serviceendpoint", "executionhistory", "{project}/_apis/{area}/{endpointId}/{resource}", 1, calls{
			"GET": {"GetExecutionHistory", read, s.executionHistory}}),
		at("5a7938a4-655e-486c-b562-b78c54a7e87b", "serviceendpoint", "types", "_apis/{area}/{resource}", 1, calls{
			"GET": {"ListEndpointTypes", read, s.listTypes}, "POST": {"FilterEndpointTypes", read, s.filterTypes}}),
		at("a01a273f-aa29-4066-b042-3ea628ef6848", "serviceendpoint", "types", "_apis/{area}/{resource}", 1, calls{
			"POST": {"FilterEndpointTypes", read, s.filterTypes}}),
		preview("fb0da285-f23e-4b56-8b53-3ef5f9f6de66", "ExtensionManagement", "InstalledExtensionsByName", "_apis/{area}/{resource}/{publisherName}/{extensionName}/{version}", 2, calls{
			"GET": {"GetExtension", "vso.extension_manage", s.getExtension}, "POST": {"InstallExtension", "vso.extension_manage", s.installExtension},
			"POST+": {"InstallExtension", "vso.extension_manage", s.installExtension}, "DELETE": {"UninstallExtension", "vso.extension_manage", s.uninstallExtension}}),
		preview("275424d0-c844-4fe2-bda6-04933a1357d8", "ExtensionManagement", "InstalledExtensions", "_apis/{area}/{resource}", 2, calls{
			"GET": {"ListExtensions", "vso.extension", s.listExtensions}, "PATCH": {"UpdateExtension", "vso.extension_manage", s.updateExtension}}),

		preview("b5b9a4a4-e6cd-4096-853c-ab7d8b0c4eb2", "pipelinePermissions", "pipelinePermissions", "{project}/_apis/pipelines/{resource}/{resourceType}/{resourceId}", 1, calls{
			"GET+": {"GetPipelinePermissions", build, s.getPermission}, "PATCH+": {"UpdatePipelinePermissions", guard, s.patchPermission},
			"PATCH": {"UpdatePipelinePermissionsForResources", guard, s.patchPermissions}}),
		preview("86c8381e-5aee-4cde-8ae4-25c0c7f5eaea", "PipelinesChecks", "configurations", "{project}/_apis/pipelines/checks/{resource}/{id}", 1, calls{
			"GET": {"ListChecks", build, s.listChecks}, "GET+": {"GetCheck", build, s.getCheck}, "POST": {"CreateCheck", execute + "&" + guard, s.createCheck},
			"PATCH+": {"UpdateCheck", execute + "&" + guard, s.updateCheck}, "DELETE+": {"DeleteCheck", execute + "&" + guard, s.deleteCheck}}),
		preview("5f3d0e64-f943-4584-8811-77eb495e831e", "PipelinesChecks", "queryconfigurations", "{project}/_apis/pipelines/checks/{resource}", 1, calls{
			"POST": {"QueryChecks", build, s.queryChecks}}),
		preview("91282c1d-c183-444f-9554-1485bfb3879d", "PipelinesChecks", "runs", "{project}/_apis/pipelines/checks/{resource}/{checkSuiteId}", 1, calls{
			"GET+": {"GetCheckSuite", build, s.getSuite}}),
		at("37794717-f36f-4d78-b2bf-4dc30d0cfbcd", "pipelinesapproval", "approvals", "{project}/_apis/pipelines/{resource}/{approvalId}", 1, calls{
			"GET": {"ListApprovals", build, s.listApprovals}, "GET+": {"GetApproval", build, s.getApproval}, "PATCH": {"UpdateApprovals", execute + "&vso.pipelineresources_use", s.updateApprovals}}),

		at("28e1305e-2afe-47bf-abaf-cbb0e6a91988", "pipelines", "pipelines", "{project}/_apis/{area}/{pipelineId}", 1, calls{
			"GET": {"ListPipelines", build, s.listPipelines}, "GET+": {"GetPipeline", build, s.getPipeline}, "POST": {"CreatePipeline", execute, s.createPipeline}}),
		at("7859261e-d2e9-4a68-b820-a5d84cc5bb3d", "pipelines", "runs", "{project}/_apis/{area}/{pipelineId}/{resource}/{runId}", 1, calls{
			"POST": {"RunPipeline", execute, s.createRun}, "GET": {"ListRuns", build, s.listRuns}, "GET+": {"GetRun", build, s.getRun}}),
		at("53df2d18-29ea-46a9-bee0-933540f80abf", "pipelines", "preview", "{project}/_apis/{area}/{pipelineId}/{resource}", 1, calls{
			"POST": {"PreviewRun", build, s.createRun}}),
		at("fb1b6d27-3957-43d5-a14b-a2d70403e545", "pipelines", "logs", "{project}/_apis/{area}/{pipelineId}/runs/{runId}/{resource}/{logId}", 1, calls{
			"GET": {"ListRunLogs", build, s.listLogs}, "GET+": {"GetRunLog", build, s.getLog}}),
		at("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "build", "builds", "{project}/_apis/{area}/{resource}/{buildId}", 7, calls{
			"GET": {"ListBuilds", build, s.listBuilds}, "POST": {"QueueBuild", execute, s.queueBuild}, "GET+": {"GetBuild", build, s.getBuild}, "PATCH+": {"UpdateBuild", execute, s.updateBuild}}),
		at("8baac422-4c6e-4de5-8532-db96d92acffa", "build", "timeline", "{project}/_apis/{area}/builds/{buildId}/{resource}/{timelineId}", 3, calls{
			"GET": {"GetTimeline", build, s.getTimeline}, "GET+": {"GetTimeline", build, s.getTimeline}}),
		at("35a80daf-7f30-45fc-86e8-6b813d9c90df", "build", "logs", "{project}/_apis/{area}/builds/{buildId}/{resource}/{logId}", 2, calls{
			"GET": {"ListLogs", build, s.listLogs}, "GET+": {"GetLog", build, s.getLog}}),
		at("dbeaf647-6167-421a-bda9-c9327b25e2e6", "build", "definitions", "{project}/_apis/{area}/{resource}/{definitionId}", 7, calls{
			"GET": {"ListDefinitions", build, s.listDefinitions}, "GET+": {"GetDefinition", build, s.getDefinition}}),

		at("225f7195-f9c7-4d14-ab28-a83f7ff77e1f", "git", "repositories", "{project}/_apis/{area}/{resource}/{repositoryId}", 2, calls{
			"GET": {"ListRepositories", code, s.listRepositories}, "GET+": {"GetRepository", code, s.getRepository}}),
		at("fb93c0db-47ed-4a31-8c20-47552878fb44", "git", "items", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}", 1, calls{
			"GET": {"GetItem", code, s.getItem}, "GET+": {"GetItem", code, s.getItem}}),
		at("2d874a60-a811-4f62-9c9f-963a6ea0a55b", "git", "refs", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}", 2, calls{
			"GET": {"ListRefs", code, s.listRefs}}),
		at("c2570c3b-5b3f-41b8-98bf-5407bfde8d58", "git", "commits", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}", 2, calls{
			"GET": {"ListCommits", code, s.listCommits}, "GET+": {"GetCommit", code, s.getCommit}}),
		at("ea98d07b-3c87-4971-8ede-a613694ffb55", "git", "pushes", "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{pushId}", 3, calls{
			"POST": {"CreatePush", "vso.code_write", s.createPush}}),
		at("2c420070-a0a2-49cc-9639-c9f271c5ff07", "git", "policyConfigurations", "{project}/_apis/{area}/policy/configurations", 1, calls{
			"GET": {"ListGitPolicies", code, s.listPolicies}}),
		at("dad91cbe-d183-45f8-9c6e-9c1164472121", "policy", "configurations", "{project}/_apis/{area}/{resource}/{configurationId}", 1, calls{
			"GET": {"ListPolicies", code, s.listPolicies}, "GET+": {"GetPolicy", code, s.getPolicy}, "DELETE+": {"DeletePolicy", "vso.code_write", s.deletePolicy}}),

		preview("4e5fa14f-7097-4b73-9c85-00abc7353c61", "audit", "auditlog", "_apis/{area}/{resource}", 1, calls{
			"GET": {"QueryAuditLog", "vso.auditlog", s.auditLog}}),
		preview("6fa30b9a-9558-4e3b-a95f-a12572caa6e6", "audit", "actions", "_apis/{area}/{resource}", 1, calls{
			"GET": {"ListAuditActions", "vso.auditlog", s.listAuditActions}}),
		preview("9461c234-c84c-4ed2-b918-2f0f92ad0a35", "securityroles", "roleassignments", "_apis/{area}/scopes/{scopeId}/{resource}/resources/{resourceId}/{identityId}", 1, calls{
			"GET": {"ListRoleAssignments", security, s.listRoles}, "PUT": {"SetRoleAssignments", security, s.setRoles}, "PUT+": {"SetRoleAssignment", security, s.setRole},
			"PATCH": {"RemoveRoleAssignments", security, s.removeRoles}, "DELETE+": {"RemoveRoleAssignment", security, s.removeRole}}),
		preview("f4cc9a86-453c-48d2-b44d-d3bd5c105f4f", "securityroles", "roledefinitions", "_apis/{area}/scopes/{scopeId}/{resource}", 1, calls{
			"GET": {"ListRoleDefinitions", security, s.listRoleDefinitions}}),
		preview("69a319f4-28c1-4bfd-93e6-ea0ff5c6f1a2", "distributedtask", "oidctoken", "{scopeIdentifier}/_apis/{area}/hubs/{hubName}/plans/{planId}/jobs/{jobId}/{resource}", 1, calls{
			"POST": {"CreateOidcToken", "", s.createToken}}),
	}
}

// optionsAnswer is the location table as OPTIONS /_apis gives it; clients panic when
// one of the eight fields is missing. OPTIONS /_apis/{area} gives one area's part.
func (s *Server) optionsAnswer(area ...string) object {
	all := make([]object, 0, len(s.routes))
	for _, r := range s.routes {
		if len(area) > 0 && !strings.EqualFold(area[0], r.area) {
			continue
		}
		released := "7.1"
		if r.previewOnly {
			released = "0.0"
		}
		all = append(all, object{"id": r.id, "area": r.area, "resourceName": r.resource, "routeTemplate": r.template,
			"resourceVersion": r.revision, "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": released})
	}
	return list(all)
}

// Calls lists the names of all calls as the gate knows them.
func (s *Server) Calls() []string {
	var names []string
	for _, r := range s.routes {
		for _, o := range r.calls {
			names = append(names, r.area+":"+o.name)
		}
	}
	return names
}
