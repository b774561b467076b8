package azuredevops_test

import (
	"strings"
	"testing"
	"time"

	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/workflows"
)

// The attack: while the verification pipeline may use the connection, somebody runs
// it from a branch with another file. What that run signs in with, or its token,
// would be good for the role as soon as the hold is lifted. So the walk does not go
// on before such a run can have nothing left.
func TestAttackAnotherRunDuringTheProof(t *testing.T) {
	w := newWorld(t)
	watch := w.prove(true)
	id := watch.Refs[workflows.ConnectionID]
	withdraw := w.about(workflows.StepWithdraw, id)
	withdraw.Refs[workflows.RunID] = watch.Refs[workflows.RunID]
	stranger := func() {
		w.do("POST", projectID+"/_apis/pipelines/9/runs", `{"resources":{"repositories":{"self":{"refName":"refs/heads/dev"}}},
		 "templateParameters":{"connection":"aws-shop-dev","region":"eu-west-1","nonce":"mine"}}`)
	}
	refused := func(when string) {
		t.Helper()
		withdraw.Now = w.time()
		_, err := w.ours.Ensure(w.ctx(), withdraw)
		if err == nil || !strings.Contains(workflows.Said(err), "another file") {
			t.Errorf("%s: %v", when, err)
		}
	}
	stranger()
	for range 20 {
		w.server.Step(w.ctx())
	}
	if got := w.watch(watch); !got.Succeeded {
		t.Fatalf("our own run: %+v", got)
	}
	refused("right after it ended")
	w.pass(61 * time.Minute)
	withdraw.Now = w.time()
	w.ensure(withdraw)
	stranger()
	refused("while one is under way")
}

// Our own file on another federation's behalf is nobody's attack.
func TestOtherProofRunsAreNoStrangers(t *testing.T) {
	w := newWorld(t)
	watch := w.prove(true)
	w.do("POST", projectID+"/_apis/pipelines/9/runs", `{"templateParameters":{"connection":"aws-shop-dev","region":"eu-west-1","nonce":"other"}}`)
	withdraw := w.about(workflows.StepWithdraw, watch.Refs[workflows.ConnectionID])
	withdraw.Refs[workflows.RunID] = watch.Refs[workflows.RunID]
	w.ensure(withdraw)
}

// The attack: somebody renames our connection and makes another with the approved
// name. Its tokens are the ones that the role trusts, and our object still exists.
func TestAttackRenamedAndReplaced(t *testing.T) {
	w := newWorld(t)
	connection := w.task(workflows.StepConnection)
	connection.Ref = w.connect()
	name := func(name string) string {
		return `{"name":"` + name + `","type":"AWS","url":"https://aws.amazon.com/","authorization":{"scheme":"UsernamePassword","parameters":{"useOIDC":"true"}},
		 "serviceEndpointProjectReferences":[{"name":"` + name + `","projectReference":{"id":"` + projectID + `","name":"Web Shop"}}]}`
	}
	w.do("PUT", "_apis/serviceendpoint/endpoints/"+connection.Ref, name("old"))
	if got := fields(w.observe(connection)); strings.Contains(got, "connection id") {
		t.Errorf("renamed only: %q", got)
	}
	w.do("POST", "_apis/serviceendpoint/endpoints", name("aws-shop-dev"))
	if got := fields(w.observe(connection)); !strings.Contains(got, "connection id!") {
		t.Errorf("renamed and replaced: %q", got)
	}
}

// The attack: somebody renames the project, or deletes it, and makes another with
// its name: a connection of the approved name there gets the tokens that the role
// trusts, while everything of ours is as it was.
func TestAttackProjectReplaced(t *testing.T) {
	w := newWorld(t)
	connection := w.task(workflows.StepConnection)
	connection.Ref = w.connect()
	w.clean(connection)
	w.do("PATCH", "_apis/projects/"+projectID, `{"name":"Shop Archive"}`)
	if got := fields(w.observe(connection)); !strings.Contains(got, "project name!") {
		t.Errorf("renamed: %q", got)
	}
	w.do("POST", "_apis/projects", `{"name":"Web Shop","capabilities":{}}`)
	administrators := w.adapter("administrators", nil) // the new project is hidden from the writer
	seen, err := administrators.Observe(w.ctx(), connection)
	if err != nil || !strings.Contains(fields(seen), "project id!") {
		t.Errorf("replaced: %q, %v", fields(seen), err)
	}
}

// The attack: an approved pipeline is edited to run a file from another repository.
// Its number is the same, so it is still permitted.
func TestAttackPipelinePointedElsewhere(t *testing.T) {
	w := newWorld(t, func(seed *emulator.Seed, _ *emulator.Options) {
		seed.Organizations[0].Projects[0].Pipelines[0].Path = "/evil.yml"
	})
	pipelines := w.about(workflows.StepPipelines, w.connect())
	pipelines.Step.Pipelines.Pipelines[0].Repository, pipelines.Step.Pipelines.Pipelines[0].Path = repositoryID, "/build.yml"
	if _, err := w.ours.Ensure(w.ctx(), pipelines); err == nil || !strings.Contains(workflows.Said(err), "evil.yml") {
		t.Errorf("permitted: %v", err)
	}
	if got := fields(w.observe(pipelines)); got != "pipelines, file of pipeline storefront-deploy!" {
		t.Errorf("observed: %q", got)
	}
	pipelines.Step.Pipelines.Pipelines[0].Path = "evil.yml"
	w.ensure(pipelines)
	w.clean(pipelines)
}
