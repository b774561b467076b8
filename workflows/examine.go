package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Examine judges the facts before anybody is asked: each check says what is wrong
// and who can mend it. It is pure. A check that is not OK and no warning refuses
// the request.
func Examine(p Proposal, f Facts, a Account, pr Project, own map[StepID]string, now time.Time) []Check {
	az, aws := f.AzureDevOps, f.AWS
	var out []Check
	check := func(name string, ok bool, field, format string, args ...any) {
		c := Check{Name: name, OK: ok}
		if !ok {
			c.Say, c.Field = fmt.Sprintf(format, args...), field
		}
		out = append(out, c)
	}
	warn := func(name string, ok bool, format string, args ...any) {
		check(name, ok, "", format, args...)
		out[len(out)-1].Warn = !ok
	}

	check("the project exists", az.Project != "", "project",
		"%s has no project %s that fedbot can see. Check the name, or ask an Azure DevOps administrator to let fedbot read it.", p.Organization, p.Project)
	check("the AWS Toolkit is installed", az.Toolkit != "", "project",
		"The AWS Toolkit is missing in %s. An organization administrator can install version 1.15 or newer from the Marketplace (AmazonWebServices.aws-vsts-tools).", p.Organization)
	check("the AWS Toolkit is new enough", az.Toolkit == "" || atLeast(az.Toolkit, 1, 15), "project",
		"The AWS Toolkit in %s is version %s and cannot use OIDC. An organization administrator can update it to 1.15 or newer.", p.Organization, az.Toolkit)
	check("the AWS Toolkit is usable", az.ToolkitOff == "", "project",
		"The AWS Toolkit in %s is %s. An organization administrator can put that right under Organization settings, Extensions.", p.Organization, az.ToolkitOff)
	check("connections can use OIDC", az.OIDC || az.Toolkit == "", "project",
		"The AWS connection type in %s has no field “Use OIDC”. An organization administrator can update the AWS Toolkit.", p.Organization)
	warn("the AWS Toolkit retries the token call", az.Toolkit == "" || atLeast(az.Toolkit, 1, 20),
		"The AWS Toolkit in %s is version %s; from 1.20 on it retries when Azure DevOps is slow to issue a token.", p.Organization, az.Toolkit)
	releasing := p.Kind == Release // it makes nothing: what bears our names may be half-made, and a walk will tell whose it is
	check("the connection's name is free", releasing || az.ConnectionID == "" || az.ConnectionID == own[ConnectionID], "connection",
		"A connection %s exists already in %s and %s. fedbot does not touch it. Choose another name.", p.Connection, az.Project, az.ConnectionIs)
	check("fedbot may create connections", az.MayConnect == "", "project",
		"fedbot may not create service connections in %s: %s. A project administrator can make it a Creator under Project settings, Service connections, Security.", p.Project, az.MayConnect)

	missing := missingPipelines(p, az)
	check("the pipelines exist", len(missing) == 0, "pipelines",
		"%s has no pipeline %s. Check the spelling; pipelines are named as on the Pipelines page.", p.Project, strings.Join(missing, ", "))
	check(mayAskCheck, len(pr.Ask) > 0 || az.Standing == "administrator" || az.Standing == standsOnHost, "project",
		"You are not an administrator of %s, nor of its service connections (Azure DevOps says: %s). Ask one of them to send this.", p.Project, az.Standing)
	switch {
	case releasing:
	case az.VerifyOff != "": // it is there and cannot be used: no reason to do without it
		check("a proof run is possible", false, "project",
			"There is no verification pipeline in %s that fedbot can use%s. A project administrator can set one up from the file that fedbot's documentation shows.", p.Project, because(az.VerifyOff))
	case az.Verifier == nil && p.Kind == Change: // it was proved
	case az.Verifier == nil:
		check("a proof run is possible", a.Proof != ProofRun, "project", "%s", noProofRun(p.Project, a.Name+" asks for a proof run"))
		check("somebody can use it first", len(p.Pipelines) > 0, "pipelines",
			"%s has no verification pipeline, so the first use is the proof: name at least one pipeline that may use the connection.", p.Project)
		check("the first use can be seen", aws.TrailOff == "", "account",
			"%s has no verification pipeline, so CloudTrail's record of the first use is the proof, and %s. The account's owners can let fedbot's reader call cloudtrail:LookupEvents.", p.Project, aws.TrailOff)
		if _, no := Failed(out); no {
			break
		}
		warn("a run proves it before any pipeline may use it", false, "%s has no verification pipeline, so its first use is the proof.", p.Project)
	default:
		check("a proof run is possible", true, "", "")
	}

	check("the role's name is free", releasing || aws.RoleIs == "" || own[RoleID] != "", "account", "%s", aws.RoleIs)
	check("the account has room for a role", releasing || aws.RolesQuota == 0 || aws.Roles < aws.RolesQuota || own[RoleID] != "", "account",
		"%s has %d of %d roles, so AWS would refuse the role. The account's owners can ask AWS for more (“Roles per account”).", a.Name, aws.Roles, aws.RolesQuota)
	warn("the account is not nearly full", aws.RolesQuota == 0 || aws.Roles*10 < aws.RolesQuota*9 || aws.Roles >= aws.RolesQuota,
		"%s has %d of %d roles. The account's owners can ask AWS for more.", a.Name, aws.Roles, aws.RolesQuota)
	check("the permissions boundary exists", aws.Boundary != "", "account",
		"%s has no permissions boundary %s%s, so nothing can be created there safely. The account's owners can create it.", a.Name, strings.TrimPrefix(RolePath, "/"), a.Boundary)
	check("the OIDC provider accepts the audience", !aws.Provider || slices.Contains(aws.Audiences, aws.Audience), "account",
		"The OIDC provider in %s does not accept the audience %s, and fedbot never edits a provider. The account's owners can add it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
		a.Name, aws.Audience, aws.ProviderARN, aws.Audience)
	warn("the OIDC provider accepts no other audience", len(aws.Audiences) <= 1,
		"The OIDC provider in %s also accepts other audiences (%s), which widens roles that do not test the audience. fedbot's roles do.", a.Name, strings.Join(aws.Audiences, ", "))

	check("the reason names a ticket", a.Ticket == "" || regexp.MustCompile(a.Ticket).MatchString(p.Reason), "reason",
		"%s asks for a ticket in the reason, one that matches %s.", a.Name, a.Ticket)
	check("a reason is given", strings.TrimSpace(p.Reason) != "", "reason", "A reason is needed. Approvers read it.")
	check("the end lies ahead", p.Ends.IsZero() || p.Ends.After(now), "ends", "The end, %s, has passed already.", p.Ends.UTC().Format("2 Jan 2006"))
	latest := now.Add(a.Longest)
	check("the end is within the account's limit", a.Longest == 0 || (!p.Ends.IsZero() && !p.Ends.After(latest)), "ends",
		"%s allows federations to last until %s at most; choose that day or an earlier one.", a.Name, latest.UTC().Format("2 Jan 2006"))
	return out
}

// mayAskCheck is the check on the requester: whoever fails it learns nothing else.
const mayAskCheck = "the requester may ask for the project"

func noProofRun(project, why string) string {
	return fmt.Sprintf("There is no verification pipeline in %s, and %s. A project administrator can set one up from the file that fedbot's documentation shows.", project, why)
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

func missingPipelines(p Proposal, az AzureFacts) []string {
	var missing []string
	for _, want := range p.Pipelines {
		if !slices.ContainsFunc(az.Pipelines, func(have Pipeline) bool { return strings.EqualFold(have.Name, want) }) {
			missing = append(missing, want)
		}
	}
	return missing
}

// Failed returns the first check that refuses, and whether there is one.
func Failed(checks []Check) (Check, bool) {
	for _, c := range checks {
		if !c.OK && !c.Warn {
			return c, true
		}
	}
	return Check{}, false
}

// atLeast compares versions as numbers: 1.9 is older than 1.15.
func atLeast(version string, want ...int) bool {
	parts := strings.Split(version, ".")
	for i, w := range want {
		if i >= len(parts) {
			return false
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < w {
			return false
		}
		if n > w {
			return true
		}
	}
	return true
}
