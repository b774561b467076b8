package bot

import (
	"encoding/json"
	"testing"
	"time"

	"fedbot/workflows"
)

// The people and the moment of every fixture.
var (
	start    = time.Date(2026, 11, 24, 9, 20, 0, 0, time.UTC)
	asker    = workflows.Person{Actor: "slack:T0001/U0REQ", Name: "Requester"}
	approver = workflows.Person{Actor: "slack:T0001/U0APP", Name: "Approver"}
	owner    = workflows.Person{Actor: "slack:T0001/U0OWN", Name: "Account owner"}
	machine  = workflows.Person{Actor: workflows.Fedbot, Name: "fedbot"}
)

var shopDev = workflows.Account{ID: "111122223333", Name: "shop-dev", Owners: "shop-approvers", Region: "eu-west-1"}

var stage = scene{
	Account: shopDev, Console: "https://fedbot.example/console/",
	Mention: func(group string) string { return "<!subteam^S0001|" + group + ">" },
}

// tale tells a history, a minute a turn.
type tale struct {
	t      *testing.T
	at     time.Time
	events []workflows.Event
}

func (s *tale) say(by workflows.Person, bodies ...workflows.Body) *tale {
	for _, b := range bodies {
		s.events = append(s.events, workflows.Event{At: s.at, By: by, Body: b})
		s.at = s.at.Add(time.Minute)
	}
	return s
}

func (s *tale) fold() workflows.Federation {
	s.t.Helper()
	f, err := workflows.Fold("F-17", s.events)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

func wanted() workflows.Proposal {
	return workflows.Proposal{
		Kind: workflows.Create, Organization: "contoso", Project: "Web Shop", Connection: "aws-shop-dev", Account: "shop-dev",
		Grants:    []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev", "folder": "web/"}}},
		Pipelines: []string{"storefront-deploy", "storefront-nightly"}, Branches: []string{"main", "release/*"}, Owner: "web-shop",
		Ends: time.Date(2027, 5, 24, 0, 0, 0, 0, time.UTC), Reason: "Deploy the storefront from CI instead of by hand. <!channel> *Approved* SHOP-412",
	}
}

func submitted(t *testing.T) *tale {
	return (&tale{t: t, at: start}).say(asker, workflows.Submitted{Proposal: wanted(), Key: "00112233445566778899aabbccddeeff",
		Owner: "web-shop", OrgID: "0a0b0c0d-0000-4000-8000-000000000001", Project: "0a0b0c0d-0000-4000-8000-000000000002", Account: "111122223333"})
}

func checked(id workflows.RequestID) workflows.Checked {
	return workflows.Checked{
		Request: id, Digest: workflows.Sum([]byte("plan")), Lapses: start.Add(72 * time.Hour),
		Facts: workflows.Facts{ReadAt: start, AzureDevOps: workflows.AzureFacts{Organization: "contoso", Project: "Web Shop", Standing: "administrator",
			Branches: []workflows.Branch{{Name: "main", Protected: true, Reviewers: 2}, {Name: "release/*"}}}},
		Checks: []workflows.Check{{Name: "the project exists", OK: true}, {Name: "the pipelines exist", OK: true},
			{Name: "the toolkit retries", Warn: true, Say: "The AWS Toolkit is version 1.16; from 1.20 on it retries."}},
		Plan: plan(), Words: words(),
		Verdict: workflows.Verdict{Lapse: 72 * time.Hour, Stages: []workflows.Stage{{Name: "Account owners", Group: "shop-approvers", Count: 1,
			Could: []workflows.Actor{approver.Actor, owner.Actor}}}},
	}
}

func words() workflows.Words {
	return workflows.Words{
		Asks:   "deploy files to",
		Can:    []string{"read, replace and delete files under `web/` in bucket `shop-site-dev`", "list the names of all files in that bucket"},
		Cannot: "open other files or buckets, read secrets, or change permissions",
		Worst:  "Anyone who can push to `release/*` replaces the development site.",
		Risk:   workflows.Low, Why: "One bucket in a development account; no permissions, no secrets.",
		Today: "The first federation from Web Shop to shop-dev. Nothing that exists changes.",
		YAML:  "- task: S3Upload@1\n  inputs:\n    awsCredentials: aws-shop-dev\n    regionName: eu-west-1\n    bucketName: shop-site-dev\n    filesAcl: ''",
		Limit: "This role may not set file permissions: leave filesAcl empty.",
	}
}

const roleName = "ado-web-shop-aws-shop-dev-7f3a0011"

func plan() workflows.Plan {
	step := func(id workflows.StepID, kind workflows.StepKind, sys workflows.System, part int, title string) workflows.Step {
		return workflows.Step{ID: id, Kind: kind, System: sys, Part: part, Title: title}
	}
	p := workflows.Plan{Federation: "F-17", Steps: []workflows.Step{
		step(workflows.ProviderID, workflows.StepProvider, workflows.AWS, 1, "use the OIDC provider"),
		step(workflows.ConnectionID, workflows.StepConnection, workflows.AzureDevOps, 2, "create connection aws-shop-dev, closed"),
		step(workflows.RoleID, workflows.StepRole, workflows.AWS, 3, "create role "+roleName),
		step(workflows.HoldID, workflows.StepHold, workflows.AWS, 3, "hold it"),
		step("policy:s3-static-site", workflows.StepPolicy, workflows.AWS, 4, "write policy s3-static-site"),
		step(workflows.FirstReadID, workflows.StepReadBack, workflows.Ourselves, 4, "read back"),
		step(workflows.AllowID, workflows.StepAllow, workflows.AzureDevOps, 5, "permit the verification pipeline"),
		step(workflows.RunID, workflows.StepRun, workflows.AzureDevOps, 5, "start the verification pipeline"),
		step(workflows.WatchID, workflows.StepWatch, workflows.AzureDevOps, 5, "wait for the run"),
		step(workflows.WithdrawID, workflows.StepWithdraw, workflows.AzureDevOps, 5, "withdraw the permission"),
		step(workflows.ChecksID, workflows.StepChecks, workflows.AzureDevOps, 6, "put the branch check on"),
		step(workflows.PipelinesID, workflows.StepPipelines, workflows.AzureDevOps, 7, "permit the pipelines"),
		step(workflows.LastReadID, workflows.StepReadBack, workflows.Ourselves, 8, "read both sides back"),
		step(workflows.LiftID, workflows.StepLift, workflows.AWS, 9, "lift the hold"),
	}}
	policy := &workflows.PolicySpec{Account: "111122223333", Role: roleName, Name: "tmpl-s3-static-site-v3",
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::shop-site-dev/web/*"}]}`}
	for i := range p.Steps {
		switch s := &p.Steps[i]; s.Kind {
		case workflows.StepConnection:
			s.Connection = &workflows.ConnectionSpec{Organization: "contoso", Project: "Web Shop", Name: "aws-shop-dev",
				RoleARN: "arn:aws:iam::111122223333:role/ado-federation/" + roleName, SessionName: "F-17", Description: "F-17 of fedbot"}
		case workflows.StepRole:
			s.Role = &workflows.RoleSpec{Account: "111122223333", Path: workflows.RolePath, Name: roleName, MaxSession: 3600,
				ARN: "arn:aws:iam::111122223333:role/ado-federation/" + roleName, Boundary: "arn:aws:iam::111122223333:policy/fedbot-boundary",
				Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity"}]}`,
				Tags:  map[string]string{"fedbot": "F-17"}}
		case workflows.StepPolicy:
			s.Policy = policy
		case workflows.StepChecks:
			s.Checks = &workflows.ChecksSpec{Branches: []string{"refs/heads/main", "refs/heads/release/*"}}
		case workflows.StepPipelines:
			s.Pipelines = &workflows.PipelinesSpec{Pipelines: []workflows.Pipeline{{ID: 4, Name: "storefront-deploy"}, {ID: 5, Name: "storefront-nightly"}}}
		case workflows.StepRun:
			s.Proof = &workflows.ProofSpec{Pipeline: workflows.Pipeline{ID: 9, Name: "fedbot-verify"}, Ref: "refs/heads/main"}
		}
	}
	return p
}

func waiting(t *testing.T) *tale { return submitted(t).say(machine, checked("F-17.1")) }

func granted(t *testing.T) *tale {
	c := checked("F-17.1")
	return waiting(t).
		say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", Digest: c.Digest}).
		say(machine, workflows.Granted{Request: "F-17.1", Digest: c.Digest})
}

var notes = map[workflows.StepID]string{workflows.ProviderID: "found, used as it is", workflows.ConnectionID: "aws-shop-dev, no pipeline may use it yet",
	workflows.HoldID: "held: it can do nothing yet", "policy:s3-static-site": "s3-static-site version 3"}

// walk makes the steps before stop.
func (s *tale) walk(stop workflows.StepID) *tale {
	for _, st := range plan().Steps {
		switch {
		case st.ID == stop:
			return s
		case st.ID == workflows.WatchID:
			s.say(machine, workflows.Seen{Step: st.ID, Outcome: workflows.Proved, Proof: workflows.Proof{Pipeline: "fedbot-verify",
				Evidence: workflows.Evidence{Run: 412, RoleID: "AROAEXAMPLE17"}}})
			continue
		}
		made := workflows.Made{Step: st.ID, Ref: "ref-" + string(st.ID), Note: notes[st.ID], Found: st.ID == workflows.ProviderID}
		if st.ID == workflows.FirstReadID {
			for _, who := range []string{"another connection", "another project", "another organization", "a pipeline token", "another audience"} {
				made.Shut = append(made.Shut, workflows.Neighbour{Who: who, Denied: true})
			}
		}
		s.say(machine, workflows.Intended{Step: st.ID, Verb: workflows.Ensure, Until: s.at.Add(time.Minute)}, made)
	}
	return s
}

func active(t *testing.T) *tale {
	return granted(t).walk("").say(machine, workflows.Activated{Request: "F-17.1"})
}

func drifted(t *testing.T) *tale {
	return active(t).say(machine, workflows.Drifted{Findings: []workflows.Finding{{ID: "D-4f9c21ab", Step: workflows.RoleID, Class: "trust widened",
		Level: workflows.Critical, Field: "trust policy", Approved: "sc://contoso/Web Shop/aws-shop-dev", Found: "sc://contoso/*",
		Means: "Any service connection of contoso could use it.", Hash: workflows.Sum([]byte("found"))}}})
}

// driftedBy is drifted with what is known about who did it.
func driftedBy(t *testing.T, who *workflows.Authors) *tale {
	s := drifted(t)
	last := s.events[len(s.events)-1].Body.(workflows.Drifted)
	last.Findings[0].Authors = who
	return s
}

var byAccountOwner = workflows.Writer{Who: "assumed-role/OrganizationAdmin/account.owner@contoso.example", Email: "account.owner@contoso.example",
	Person: workflows.Person{Actor: "slack:T0001/U0009", Name: "Account owner"}, At: start, From: "203.0.113.7", Did: "UpdateAssumeRolePolicy", Source: "CloudTrail"}

func quarantined(t *testing.T) *tale {
	return active(t).say(owner, workflows.Quarantined{Reason: "Strange sign-ins since Sunday."}).
		say(machine, workflows.Intended{Step: workflows.HoldID, Verb: workflows.Ensure, Until: start.Add(time.Hour)}, workflows.Made{Step: workflows.HoldID})
}

func released(t *testing.T) *tale {
	p := wanted()
	p.Kind, p.Reason = workflows.Release, "It was our own test."
	return quarantined(t).say(asker, workflows.Asked{Request: "F-17.2", Proposal: p}).say(machine, checked("F-17.2"))
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}
