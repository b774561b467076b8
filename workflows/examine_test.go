package workflows

import (
	"strings"
	"testing"
	"time"
)

func goodFacts() (Proposal, Facts, Account, Project) {
	p := Proposal{Organization: "contoso", Project: "Web Shop", Connection: "deploy", Pipelines: []string{"build"}, Reason: "because"}
	f := Facts{
		AzureDevOps: AzureFacts{Project: "Web Shop", Toolkit: "1.20.0", OIDC: true, Pipelines: []Pipeline{{ID: 1, Name: "Build"}}, Verifier: &Pipeline{Name: "verify"}, Standing: "administrator"},
		AWS:         AWSFacts{Provider: true, Audiences: []string{"aud"}, Audience: "aud", ProviderARN: "arn:p", Boundary: "{}", Roles: 10, RolesQuota: 1000},
	}
	return p, f, Account{Name: "shop-dev", Boundary: "boundary"}, Project{}
}

// TestExamine lets each check fail once and looks for what its sentence must say:
// what is wrong, and who can mend it.
func TestExamine(t *testing.T) {
	p, f, a, pr := goodFacts()
	checks := Examine(p, f, a, pr, nil, morning)
	names := map[string]bool{}
	for _, c := range checks {
		names[c.Name] = false
		if !c.OK || c.Say != "" || c.Field != "" {
			t.Errorf("good facts fail at %+v", c)
		}
	}
	ends := morning.Add(48 * time.Hour)
	for _, c := range []struct {
		check, field, says string
		warn               bool
		bend               func(*Proposal, *Facts, *Account, *Project)
	}{
		{"the project exists", "project", "no project Web Shop", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Project = "" }},
		{"the AWS Toolkit is installed", "project", "An organization administrator can install", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Toolkit = "" }},
		{"the AWS Toolkit is new enough", "project", "version 1.9.0 and cannot", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Toolkit = "1.9.0" }},
		{"the AWS Toolkit is usable", "project", "is disabled", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.ToolkitOff = "disabled" }},
		{"connections can use OIDC", "project", "“Use OIDC”", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.OIDC = false }},
		{"the AWS Toolkit retries the token call", "", "from 1.20 on", true, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Toolkit = "1.15.2" }},
		{"the connection's name is free", "connection", "holds an access key. fedbot does not touch it", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) {
			f.AzureDevOps.ConnectionID, f.AzureDevOps.ConnectionIs = "c1", "holds an access key"
		}},
		{"fedbot may create connections", "project", "not a Creator. A project administrator can", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.MayConnect = "not a Creator" }},
		{"the pipelines exist", "pipelines", "no pipeline release", false, func(p *Proposal, _ *Facts, _ *Account, _ *Project) { p.Pipelines = []string{"build", "release"} }},
		{"the requester may ask for the project", "project", "says: member", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Standing = "member" }},
		{"a proof run is possible", "project", "asks for a proof run", false, func(_ *Proposal, f *Facts, a *Account, _ *Project) {
			f.AzureDevOps.Verifier, a.Proof = nil, ProofRun
		}},
		{"somebody can use it first", "pipelines", "name at least one pipeline", false, func(p *Proposal, f *Facts, _ *Account, _ *Project) {
			f.AzureDevOps.Verifier, p.Pipelines = nil, nil
		}},
		{"the first use can be seen", "account", "cloudtrail:LookupEvents", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) {
			f.AzureDevOps.Verifier, f.AWS.TrailOff = nil, "CloudTrail may not be read"
		}},
		{"a run proves it before any pipeline may use it", "", "first use is the proof", true, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.Verifier = nil }},
		{"a proof run is possible", "project", "(its file was edited)", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AzureDevOps.VerifyOff = "its file was edited" }},
		{"the role's name is free", "account", "A role of that name", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.RoleIs = "A role of that name exists." }},
		{"the account has room for a role", "account", "1000 of 1000 roles", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.Roles = 1000 }},
		{"the account is not nearly full", "", "900 of 1000 roles", true, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.Roles = 900 }},
		{"the permissions boundary exists", "account", "ado-federation/boundary", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.Boundary = "" }},
		{"the OIDC provider accepts the audience", "account", "--open-id-connect-provider-arn arn:p --client-id aud", false, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.Audiences = nil }},
		{"the OIDC provider accepts no other audience", "", "aud, other", true, func(_ *Proposal, f *Facts, _ *Account, _ *Project) { f.AWS.Audiences = []string{"aud", "other"} }},
		{"the reason names a ticket", "reason", "OPS-[0-9]+", false, func(_ *Proposal, _ *Facts, a *Account, _ *Project) { a.Ticket = "OPS-[0-9]+" }},
		{"a reason is given", "reason", "A reason is needed", false, func(p *Proposal, _ *Facts, _ *Account, _ *Project) { p.Reason = " \t" }},
		{"the end lies ahead", "ends", "2 Mar 2026", false, func(p *Proposal, _ *Facts, _ *Account, _ *Project) { p.Ends = morning }},
		{"the end is within the account's limit", "ends", "until 3 Mar 2026 at most", false, func(p *Proposal, _ *Facts, a *Account, _ *Project) { p.Ends, a.Longest = ends, 24*time.Hour }},
		{"the end is within the account's limit", "ends", "until 3 Mar 2026 at most", false, func(_ *Proposal, _ *Facts, a *Account, _ *Project) { a.Longest = 24 * time.Hour }},
	} {
		p, f, a, pr := goodFacts()
		c.bend(&p, &f, &a, &pr)
		names[c.check] = true
		var failed []string
		for _, got := range Examine(p, f, a, pr, nil, morning) {
			if got.OK {
				continue
			}
			failed = append(failed, got.Name)
			if got.Name == c.check && (!strings.Contains(got.Say, c.says) || got.Field != c.field || got.Warn != c.warn || strings.Contains(got.Say, "%!")) {
				t.Errorf("%s: %+v, want %q", c.check, got, c.says)
			}
		}
		if strings.Join(failed, ",") != c.check && !(c.check == "the AWS Toolkit is new enough" && len(failed) == 2) {
			t.Errorf("%s: failed %q", c.check, failed)
		}
		if _, refused := Failed(Examine(p, f, a, pr, nil, morning)); refused == c.warn {
			t.Errorf("%s: refused %v", c.check, refused)
		}
	}
	for name, failed := range names {
		if !failed {
			t.Errorf("%s never fails", name)
		}
	}
}

// What is ours is not in our way, and who asks by a group needs no standing.
func TestExamineOurOwn(t *testing.T) {
	p, f, a, pr := goodFacts()
	f.AzureDevOps.ConnectionID, f.AWS.RoleIs, f.AWS.Roles = "c1", "taken", 1000
	f.AzureDevOps.Standing, pr.Ask = "none", []string{"web-shop-dev"}
	if c, failed := Failed(Examine(p, f, a, pr, map[StepID]string{ConnectionID: "c1", RoleID: "r1"}, morning)); failed {
		t.Errorf("failed %+v", c)
	}
	if _, failed := Failed(Examine(p, f, a, pr, map[StepID]string{ConnectionID: "c2", RoleID: "r1"}, morning)); !failed {
		t.Error("somebody else's connection is in nobody's way")
	}
	p.Kind = Release
	if c, failed := Failed(Examine(p, f, a, pr, nil, morning)); failed {
		t.Errorf("a release makes nothing and failed at %+v", c)
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"1.15": true, "1.15.0": true, "1.16": true, "2.0": true, "10.1": true, "1.9.9": false, "1.14.99": false, "0.99": false, "1": false, "": false,
		"v1.20": false, "1.x": false, "1.150": true,
	} {
		if got := atLeast(version, 1, 15); got != want {
			t.Errorf("%q is at least 1.15: %v", version, got)
		}
	}
}
