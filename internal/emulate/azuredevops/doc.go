// Package azuredevops is an Azure DevOps Services on the wire: organizations with
// projects, repositories, pipelines, service connections, checks and runs, the
// tokens that running jobs may ask for, and the AWS Toolkit's tasks that spend
// them. It answers the stock Go client v7 and plain REST alike and is as
// fussy as the service: api versions, scopes, rights, names, masked secrets,
// pipeline permissions. Everything it promises is journaled first, so that a
// killed emulator goes on where it was, runs in progress included.
//
// # Locations
//
// One table (locations.go) is both the answer to OPTIONS /_apis and the router.
// ResourceAreas is empty, which makes clients use one base URL for everything, unless
// SetResourceAreas fills it with areas that all have that URL, so hosts that are separate in reality (extmgmt, vssps, auditservice) are
// here one. Call names for the gate are area:Verb, as in
// "serviceendpoint:CreateEndpoint"; see that table.
//
// # Time and weather
//
// switches.go has what can be changed while the emulator runs: how long creating and
// deleting take (SetLag) and whether creating fails, a limit of calls per identity with
// its headers (SetRateLimit), the sign-in page for everybody, agent queues that fall
// silent, the toolkit's version and state, the issuer of connections' tokens (SetTenant),
// the organization's name. Connections that nobody used for 100 days are disabled by
// Step.
//
// Tokens of connections come from vstoken, with names in their subject, or, in an
// organization with a tenant, from Entra, with ids. Each issuer has its own key.
//
// # Who may do what
//
// Every token belongs to a person or a service, carries scopes and lives with
// its owner's rights in each project. A project that the caller may not read
// does not exist for it; a connection it may not see is an object with only an
// id. Roles on a connection (securityroles) count besides rights in its project.
// Standing is readable as in reality: GET
// /_apis/identities?searchFilter=MailAddress&filterValue=<mail>&queryMembership=Expanded
// gives memberOf descriptors, and the same call with descriptors=… resolves
// them to groups named "[Project]\Project Administrators" whose LocalScopeId
// property is the project's id. GET /_apis/projects/{id}/teams lists the
// project's one team.
//
// # Runs
//
// Step advances every run by one transition: checkpoint, agent, task by task. A task
// that a kill interrupted is started again. Checkpoints are evaluated per stage:
// pipeline permission on the agent queue and on each connection, then the checks of both:
// branch control, approvals, business hours, and an exclusive lock last. Checks of other
// kinds wait until their timeout. Pipelines are
// started by the runs API only; CI triggers do not exist.
//
// The agent knows the tasks AWSShellScript@1, AWSCLI@1 and S3Upload@1 and a few
// words of shell: echo, set, comments, cat, test files by redirection and the aws
// commands in awscli.go. Credentials are found in the toolkit's own order, silent
// fall-through included.
package azuredevops
