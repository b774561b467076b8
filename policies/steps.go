package policies

import (
	"fmt"
	"strings"
	"time"

	"fedbot/workflows"
)

// longestSession is how long a session of the role may last: the least that IAM
// can be told.
const longestSession = 3600 // seconds

// The lines of the progress list.
const (
	partProvider = iota + 1
	partConnection
	partRole
	partPermissions
	partProof
	partChecks
	partPipelines
	partReadBack
	partLift

	partFirstUse = partPipelines // checks and pipelines move up by one then
)

// part is the line of the progress list of what comes after a proof run, or before
// a first use.
func (d *draft) part(n int) int {
	if d.byFirstUse() {
		return n - 1
	}
	return n
}

// steps writes the whole plan of a create, in the order of its walk. A change is
// written the same way and compared with the plan in force.
func (d *draft) steps() []workflows.Step {
	out := []workflows.Step{d.provider(), d.connection(), d.roleStep(), d.hold()}
	for _, g := range d.grants {
		spec := d.policy(g.policy, g.document)
		out = append(out, workflows.Step{
			ID: workflows.StepID("policy:" + g.template.Name), Kind: workflows.StepPolicy, System: workflows.AWS, Part: partPermissions,
			Title: "Permissions: " + g.template.Label(), Policy: spec,
		})
	}
	out = append(out, readBack(workflows.FirstReadID, partPermissions, "Read everything made so far back, and compare"))
	if !d.byFirstUse() {
		out = append(out, d.proof()...)
	}
	if len(d.refs) > 0 {
		out = append(out, d.branchChecks())
	}
	out = append(out, d.pipelineStep())
	if d.byFirstUse() {
		out = append(out, d.firstUse())
	}
	return append(out,
		readBack(workflows.LastReadID, partReadBack, "Read both sides back, and compare"),
		d.lift())
}

// release writes the two steps that end a quarantine: sessions that began in it
// stay shut out when the hold is lifted.
func (d *draft) release() []workflows.Step {
	return []workflows.Step{
		{
			ID: workflows.SessionsID, Kind: workflows.StepSessions, System: workflows.AWS, Part: partLift,
			Title: "End the sessions that exist", Policy: d.policy(SessionsName, ""),
		},
		d.lift(),
	}
}

func (d *draft) provider() workflows.Step {
	return workflows.Step{
		ID: workflows.ProviderID, Kind: workflows.StepProvider, System: workflows.AWS, Part: partProvider,
		Title: fmt.Sprintf("OIDC provider of %s in %s: used as it is, or created", d.us.organization, d.in.Account.Name),
		Provider: &workflows.ProviderSpec{
			Account: d.in.Account.ID, ARN: providerARN(d.in.Account.ID, d.issuer), Issuer: d.issuer, Audience: d.profile.Audience,
		},
	}
}

func (d *draft) connection() workflows.Step {
	return workflows.Step{
		ID: workflows.ConnectionID, Kind: workflows.StepConnection, System: workflows.AzureDevOps, Part: partConnection,
		Title: fmt.Sprintf("Service connection %s in %s, which no pipeline may use yet", d.us.connection, d.us.project),
		Connection: &workflows.ConnectionSpec{
			Organization: d.us.organization, Project: d.us.project, ProjectID: d.us.projectID, Name: d.us.connection,
			Description: fmt.Sprintf("Made by fedbot for %s. Mark %s.", d.in.Federation, workflows.Mark(d.in.Key)),
			RoleARN:     d.roleARN, SessionName: sessionName(d.us.project, d.us.connection),
		},
	}
}

func (d *draft) roleStep() workflows.Step {
	return workflows.Step{
		ID: workflows.RoleID, Kind: workflows.StepRole, System: workflows.AWS, Part: partRole,
		Title: fmt.Sprintf("Role %s in %s, which trusts that connection only", d.role, d.in.Account.Name),
		Role: &workflows.RoleSpec{
			Account: d.in.Account.ID, Path: workflows.RolePath, Name: d.role, ARN: d.roleARN,
			Description: fmt.Sprintf("Made by fedbot for %s: %s / %s / %s", d.in.Federation, d.us.organization, d.us.project, d.us.connection),
			Boundary:    d.boundary, Trust: d.trust, MaxSession: longestSession, Tags: d.tags(),
		},
	}
}

// tags say in the account itself what a role is for and whose it is.
func (d *draft) tags() map[string]string {
	var templates []string
	for _, g := range d.grants {
		templates = append(templates, fmt.Sprintf("%s:%d", g.template.Name, g.template.Version))
	}
	owner := d.in.Owner
	if owner == "" {
		owner = d.in.Proposal.Owner
	}
	tags := map[string]string{
		"managed-by":        "fedbot",
		"fedbot-mark":       workflows.Mark(d.in.Key),
		"federation":        string(d.in.Federation),
		"ado-org-id":        d.us.organizationID,
		"ado-project-id":    d.us.projectID,
		"ado-connection-id": d.us.connectionID,
		"template":          tagValue(strings.Join(templates, " ")),
		"owner":             tagValue(owner),
	}
	if ends := d.in.Proposal.Ends; !ends.IsZero() {
		tags["expires-at"] = ends.UTC().Format(time.RFC3339)
	}
	return tags
}

func (d *draft) policy(name, document string) *workflows.PolicySpec {
	return &workflows.PolicySpec{
		Account: d.in.Account.ID, Role: d.role, RoleARN: d.roleARN, Boundary: d.boundary, Name: name, Document: document,
	}
}

func (d *draft) hold() workflows.Step {
	return workflows.Step{
		ID: workflows.HoldID, Kind: workflows.StepHold, System: workflows.AWS, Part: partRole,
		Title: "Hold on the role: it can do nothing yet", Policy: d.policy(HoldName, Hold()),
	}
}

func (d *draft) lift() workflows.Step {
	return workflows.Step{
		ID: workflows.LiftID, Kind: workflows.StepLift, System: workflows.AWS, Part: partLift,
		Title: "Lift the hold", Policy: d.policy(HoldName, Hold()),
	}
}

func readBack(id workflows.StepID, part int, title string) workflows.Step {
	return workflows.Step{ID: id, Kind: workflows.StepReadBack, System: workflows.Ourselves, Part: part, Title: title}
}

// byFirstUse reports whether there is no pipeline to prove the federation with, so
// that the first use by a named one is the proof. The checks and the permissions of
// the pipelines must then be there before it, and the hold all the while.
func (d *draft) byFirstUse() bool { return d.in.Facts.AzureDevOps.Verifier == nil }

func (d *draft) proofSpec() workflows.ProofSpec {
	return workflows.ProofSpec{
		Organization: d.us.organization, Project: d.us.project, ProjectID: d.us.projectID,
		Connection: d.us.connection, ConnectionID: d.us.connectionID, Region: d.in.Account.Region,
		Issuer: d.issuer, Audience: d.profile.Audience, Subject: d.subject,
		RoleID: workflows.BlankRole, RoleARN: d.roleARN,
	}
}

// firstUse writes the step that waits for CloudTrail's record of a sign-in.
func (d *draft) firstUse() workflows.Step {
	spec := d.proofSpec()
	spec.Provider = providerARN(d.in.Account.ID, d.issuer)
	return workflows.Step{
		ID: workflows.FirstUseID, Kind: workflows.StepFirstUse, System: workflows.AWS, Part: partFirstUse,
		Title: "Wait, held, until CloudTrail shows that " + join(d.pipelineNames(), "or") + " signed in", Proof: &spec,
	}
}

// proof writes the four steps that prove the federation under the hold.
func (d *draft) proof() []workflows.Step {
	az := d.in.Facts.AzureDevOps
	ref := az.VerifyRef
	if ref == "" {
		ref = "main"
	}
	spec := d.proofSpec()
	spec.Pipeline, spec.Ref = *az.Verifier, qualified(ref)
	step := func(id workflows.StepID, kind workflows.StepKind, title string) workflows.Step {
		own := spec
		return workflows.Step{ID: id, Kind: kind, System: workflows.AzureDevOps, Part: partProof, Title: title, Proof: &own}
	}
	name := az.Verifier.Name
	return []workflows.Step{
		step(workflows.AllowID, workflows.StepAllow, "Let "+name+" use the connection, for the proof only"),
		step(workflows.RunID, workflows.StepRun, "Run "+name+" once through the connection"),
		step(workflows.WatchID, workflows.StepWatch, "Watch the run: who signed in, and as which role"),
		step(workflows.WithdrawID, workflows.StepWithdraw, "Take the connection away from "+name),
	}
}

func (d *draft) branchChecks() workflows.Step {
	return workflows.Step{
		ID: workflows.ChecksID, Kind: workflows.StepChecks, System: workflows.AzureDevOps, Part: d.part(partChecks),
		Title: "Branches that may use the connection: " + and(plainRefs(d.refs)),
		Checks: &workflows.ChecksSpec{
			Organization: d.us.organization, ProjectID: d.us.projectID, Connection: d.us.connection, ConnectionID: d.us.connectionID, Branches: d.refs,
		},
	}
}

func (d *draft) pipelineStep() workflows.Step {
	return workflows.Step{
		ID: workflows.PipelinesID, Kind: workflows.StepPipelines, System: workflows.AzureDevOps, Part: d.part(partPipelines),
		Title: "Pipelines that may use the connection: " + and(d.pipelineNames()),
		Pipelines: &workflows.PipelinesSpec{
			Organization: d.us.organization, ProjectID: d.us.projectID, Connection: d.us.connection, ConnectionID: d.us.connectionID, Pipelines: d.permits,
		},
	}
}

func (d *draft) pipelineNames() []string {
	var out []string
	for _, p := range d.permits {
		out = append(out, p.Name)
	}
	return out
}

func plainRefs(refs []string) []string {
	var out []string
	for _, r := range refs {
		out = append(out, strings.TrimPrefix(r, "refs/heads/"))
	}
	return out
}

// sessionName is how CloudTrail names the sessions of a connection.
func sessionName(project, connection string) string {
	return "ado-" + short(project, 24) + "-" + short(connection, 34)
}
