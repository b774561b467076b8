package azuredevops_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fedbot/internal/azuredevops"
	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

func query() azuredevops.FactsQuery {
	return azuredevops.FactsQuery{Email: "requester@example.com", Proposal: workflows.Proposal{Organization: "Contoso", Project: "web shop",
		Connection: "aws-shop-dev", Pipelines: []string{"Storefront-Deploy", `ops\nightly`, "absent"}, Branches: []string{"main", "dev", "release/*"}}}
}

func TestFacts(t *testing.T) {
	w := newWorld(t)
	got, err := w.ours.Facts(w.ctx(), query())
	if err != nil {
		t.Fatal(err)
	}
	want := workflows.AzureFacts{Organization: "contoso", OrganizationID: organizationID, Project: "Web Shop", ProjectID: projectID,
		Toolkit: "1.23.0", OIDC: true, Standing: "administrator", VerifyRef: "refs/heads/main",
		Pipelines: []workflows.Pipeline{{ID: 7, Name: "storefront-deploy", Repository: repositoryID, Path: "/build.yml"},
			{ID: 8, Name: `ops\nightly`, Repository: repositoryID, Path: "/build.yml"}},
		Verifier: &workflows.Pipeline{ID: 9, Name: "fedbot-verify", Repository: repositoryID, Path: "/verify.yml"},
		Branches: []workflows.Branch{{Name: "main", Protected: true, Reviewers: 2}, {Name: "dev"}, {Name: "release/*"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFactsOfOthers(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	ask := func(change func(*azuredevops.FactsQuery)) workflows.AzureFacts {
		t.Helper()
		q := query()
		change(&q)
		got, err := w.ours.Facts(w.ctx(), q)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for mail, want := range map[string]string{"contributor@example.com": "member", "outsider@example.com": "none", "nobody@example.com": "none", "": "not read"} {
		if got := ask(func(q *azuredevops.FactsQuery) { q.Email = mail }).Standing; got != want {
			t.Errorf("standing of %q: %s, want %s", mail, got, want)
		}
	}
	if got := ask(func(q *azuredevops.FactsQuery) { q.Proposal.Connection = "AWS-data" }); got.ConnectionIs != "holds an access key" {
		t.Errorf("a taken name: %+v", got)
	}
	if got := ask(func(*azuredevops.FactsQuery) {}); got.ConnectionID != id || got.ConnectionIs != "uses OIDC" {
		t.Errorf("our own, asked about by another: %+v", got)
	}
	if got := ask(func(q *azuredevops.FactsQuery) { q.OwnConnectionID = id }); got.ConnectionID != "" {
		t.Errorf("our own is in its own way: %+v", got)
	}
	if got := ask(func(q *azuredevops.FactsQuery) { q.Proposal.Project = "Nowhere" }); got.ProjectID != "" || got.Toolkit == "" {
		t.Errorf("no project: %+v", got)
	}
	if err := w.server.SetToolkit("contoso", "1.14.0"); err != nil {
		t.Fatal(err)
	}
	if got := ask(func(*azuredevops.FactsQuery) {}); got.Toolkit != "1.14.0" || got.OIDC {
		t.Errorf("an old toolkit: %+v", got)
	}
	if err := w.server.SetToolkit("contoso", ""); err != nil {
		t.Fatal(err)
	}
	if got := ask(func(*azuredevops.FactsQuery) {}); got.Toolkit != "" || got.OIDC {
		t.Errorf("no toolkit: %+v", got)
	}
	w.gate.Set(wire.Fault{Call: "ExtensionManagement:*", When: "before", Kind: "error"})
	if _, err := w.ours.Facts(w.ctx(), query()); !errors.Is(err, workflows.ErrUnreadable) {
		t.Errorf("what cannot be read is no fact: %v", err)
	}
}

func TestVerificationFileIsCompared(t *testing.T) {
	w := newWorld(t, func(s *emulator.Seed, _ *emulator.Options) {
		s.Organizations[0].Projects[0].Pipelines[2].Branch = "dev"
	})
	got, err := w.ours.Facts(w.ctx(), query())
	if err != nil {
		t.Fatal(err)
	}
	if got.VerifyOff == "" || got.Verifier == nil {
		t.Errorf("a changed file is accepted: %+v", got)
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		org, orgID, project, id, err := w.ours.Names(w.ctx(), "CONTOSO", "web SHOP")
		if err != nil || org != "contoso" || orgID != organizationID || project != "Web Shop" || id != projectID {
			t.Fatal(org, orgID, project, id, err)
		}
	}
	if n := w.ours.Calls()["GET connectionData"] + w.ours.Calls()["GET ConnectionData"]; n != 1 {
		t.Errorf("asked %d times: %v", n, w.ours.Calls())
	}
	for field, names := range map[string][2]string{"organization": {"nobody", "Web Shop"}, "project": {"contoso", "Nowhere"}} {
		_, _, _, _, err := w.ours.Names(w.ctx(), names[0], names[1])
		r, ok := errors.AsType[*workflows.Refusal](err)
		if !ok || r.Field != field {
			t.Errorf("%v: %v", names, err)
		}
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	projects, err := w.theirs.Projects(w.ctx(), "contoso")
	if diff := cmp.Diff([]string{"Data Lake", "Web Shop"}, projects); err != nil || diff != "" {
		t.Error(err, diff)
	}
	pipelines, err := w.ours.Pipelines(w.ctx(), "contoso", "Web Shop")
	want := []workflows.Pipeline{{ID: 9, Name: "fedbot-verify"}, {ID: 8, Name: `ops\nightly`}, {ID: 7, Name: "storefront-deploy"}}
	if diff := cmp.Diff(want, pipelines); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
