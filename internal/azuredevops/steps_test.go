package azuredevops_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fedbot/internal/azuredevops"
	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

func TestEverythingTwice(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	connection := w.task(workflows.StepConnection)
	connection.Ref = id
	if again := w.ensure(connection); again.Ref != id {
		t.Errorf("a second connection %s", again.Ref)
	}
	w.clean(connection)
	for _, kind := range []workflows.StepKind{workflows.StepAllow, workflows.StepRun, workflows.StepWithdraw, workflows.StepChecks, workflows.StepPipelines} {
		task := w.about(kind, id)
		first, second := w.ensure(task), w.ensure(task)
		if first.Ref != second.Ref || first.Ref == "" {
			t.Errorf("%s: %q, then %q", kind, first.Ref, second.Ref)
		}
		task.Ref = first.Ref
		w.ensure(task)
		w.clean(task)
	}
	if n := w.connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
	w.pass(time.Minute)
	for _, kind := range []workflows.StepKind{workflows.StepPipelines, workflows.StepChecks, workflows.StepWithdraw, workflows.StepRun, workflows.StepAllow} {
		w.remove(w.about(kind, id))
		w.remove(w.about(kind, id))
	}
	connection.Now = w.time()
	w.remove(connection)
	w.remove(connection)
	for _, kind := range []workflows.StepKind{workflows.StepPipelines, workflows.StepChecks, workflows.StepAllow} {
		w.remove(w.about(kind, id)) // safe when the connection is gone
	}
	if seen := w.observe(connection); seen.Exists || seen.Ref != id {
		t.Errorf("still there: %+v", seen)
	}
	if n := w.connections(); n != 1 {
		t.Errorf("%d connections are left", n)
	}
}

func TestForeignConnectionIsLeftAlone(t *testing.T) {
	for name, seed := range map[string]emulator.Connection{
		"with a key":                      {Name: "AWS-shop-dev", Parameters: map[string]string{"username": "AKIA"}},
		"with our mark, by somebody else": {Name: "aws-shop-dev", Description: mark, Parameters: map[string]string{"useOIDC": "true"}, CreatedBy: "11111111-0000-4000-8000-000000000009"},
		"of another type":                 {Name: "aws-shop-dev", Type: "generic"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *emulator.Seed, _ *emulator.Options) {
				p := &s.Organizations[0].Projects[0]
				p.Connections = append(p.Connections, seed)
			})
			before := w.do("GET", projectID+"/_apis/serviceendpoint/endpoints", "")
			task := w.task(workflows.StepConnection)
			if _, err := w.ours.Ensure(w.ctx(), task); !errors.Is(err, workflows.ErrForeign) {
				t.Errorf("not foreign: %v", err)
			}
			w.pass(time.Hour)
			task.Now = w.time()
			w.remove(task)
			if after := w.do("GET", projectID+"/_apis/serviceendpoint/endpoints", ""); after != before {
				t.Errorf("touched:\n%s\n%s", before, after)
			}
			if seen := w.observe(task); !strings.Contains(fields(seen), "connection id!") {
				t.Errorf("another's connection under our name: %s", fields(seen))
			}
		})
	}
}

func TestLostAnswers(t *testing.T) {
	for _, kind := range []string{"error", "reset", "page"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			lose := func(call string, task workflows.Task) workflows.Result {
				t.Helper()
				w.gate.Set(wire.Fault{Call: call, When: "after", Kind: kind, Times: 1})
				_, err := w.ours.Ensure(w.ctx(), task)
				for _, settled := range []error{workflows.ErrPermanent, workflows.ErrForeign, workflows.ErrNotFound} {
					if err == nil || errors.Is(err, settled) {
						t.Fatalf("%s: the outcome is unknown, not %v", call, err)
					}
				}
				w.gate.Set()
				w.pass(time.Second)
				task.Now = w.time()
				return w.ensure(task)
			}
			id := lose("serviceendpoint:CreateEndpoint", w.task(workflows.StepConnection)).Ref
			if n := w.connections(); n != 2 {
				t.Errorf("%d connections", n)
			}
			w.ensure(w.about(workflows.StepAllow, id))
			run := lose("pipelines:RunPipeline", w.about(workflows.StepRun, id))
			if runs := w.do("GET", projectID+"/_apis/pipelines/9/runs", ""); !strings.Contains(runs, `"count":1`) || !run.Found {
				t.Errorf("one run per nonce: %s", runs)
			}
			lose("PipelinesChecks:CreateCheck", w.about(workflows.StepChecks, id))
			if checks := w.do("GET", checksPath, ""); !strings.Contains(checks, `"count":1`) {
				t.Errorf("checks: %s", checks)
			}
			lose("pipelinePermissions:UpdatePipelinePermissions", w.about(workflows.StepPipelines, id))
			w.clean(w.about(workflows.StepPipelines, id))

			connection := w.task(workflows.StepConnection)
			connection.Ref = id
			w.pass(time.Hour)
			w.gate.Set(wire.Fault{Call: "serviceendpoint:DeleteEndpoint", When: "after", Kind: kind, Times: 1})
			if err := w.ours.Remove(w.ctx(), connection); err == nil {
				t.Error("a delete without an answer is no success")
			}
			connection.Now = w.time()
			w.remove(connection)
		})
	}
}

// TestTwice lets each call that makes something happen twice, as when a proxy
// repeats it. Azure DevOps takes as many checks as it is given.
func TestTwice(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		w := newWorld(t)
		w.gate.Set(wire.Fault{Call: "*:Create*", When: when, Kind: "duplicate"})
		id := w.ensure(w.task(workflows.StepConnection)).Ref
		if n := w.connections(); n != 2 {
			t.Errorf("%s: %d connections", when, n)
		}
		w.ensure(w.about(workflows.StepChecks, id))
		if checks := w.do("GET", checksPath, ""); !strings.Contains(checks, `"count":1`) {
			t.Errorf("%s: checks: %s", when, checks)
		}
	}
}

func TestAbsenceIsBelievedLate(t *testing.T) {
	w := newWorld(t)
	task := w.task(workflows.StepConnection) // intended just now; whether it was made is not known
	if err := w.ours.Remove(w.ctx(), task); err == nil || errors.Is(err, workflows.ErrPermanent) {
		t.Errorf("it may be too new to be seen: %v", err)
	}
	w.pass(11 * time.Second)
	task.Now = w.time()
	w.remove(task)
}

func TestUnreadableIsNotMissing(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	for _, kind := range []workflows.StepKind{workflows.StepConnection, workflows.StepChecks, workflows.StepPipelines} {
		task := w.about(kind, id)
		if kind == workflows.StepConnection {
			task.Ref = id
		}
		for name, d := range map[string]*azuredevops.DevOps{
			"a bad token":         w.adapter("ours", pat("expired")),
			"an object with id":   w.adapter("ours", pat("blind")),
			"a writer signed out": w.adapter("expired", nil),
		} {
			if seen, err := d.Observe(w.ctx(), task); !errors.Is(err, workflows.ErrUnreadable) {
				t.Errorf("%s, %s: %+v %v", kind, name, seen, err)
			}
		}
		w.gate.Set(wire.Fault{Call: "*", When: "before", Kind: "error"})
		if seen, err := w.ours.Observe(w.ctx(), task); !errors.Is(err, workflows.ErrUnreadable) {
			t.Errorf("%s, an outage: %+v %v", kind, seen, err)
		}
		task.Now = w.time().Add(time.Hour)
		if err := w.ours.Remove(w.ctx(), task); err == nil {
			t.Errorf("%s: removed during an outage", kind)
		}
		w.gate.Set()
	}
}

const checksPath = projectID + "/_apis/pipelines/checks/configurations"

func branchCheck(connection, name string) string {
	return `{"type":{"id":"fe1de3ee-a436-41b4-bb20-f6eb4cb879a7"},"resource":{"type":"endpoint","id":"` + connection + `"},"settings":{"displayName":"` + name +
		`","definitionRef":{"id":"86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b","name":"evaluatebranchProtection","version":"0.0.1"},"inputs":{"allowedBranches":"refs/heads/main"}}}`
}

func TestDriftIsSeenAndPutRight(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	connection := w.task(workflows.StepConnection)
	connection.Ref = id

	w.do("PATCH", w.permissions(id), `{"allPipelines":{"authorized":true},"pipelines":[{"id":8,"authorized":true}]}`)
	if got := fields(w.observe(connection)); got != "open to all pipelines!, pipelines!" {
		t.Errorf("opened: %q", got)
	}
	w.ensure(connection)
	w.clean(connection)

	w.do("PUT", "_apis/serviceendpoint/endpoints/"+id, `{"name":"aws-mine","description":"mine","isDisabled":true,"url":"https://aws.amazon.com/",
	 "authorization":{"scheme":"UsernamePassword","parameters":{"assumeRoleArn":"arn:aws:iam::111122223333:role/admin","useOIDC":"false","username":"AKIA","password":"x","externalId":"e"}},
	 "serviceEndpointProjectReferences":[{"name":"aws-mine","description":"mine","projectReference":{"id":"`+projectID+`"}}]}`)
	if got := fields(w.observe(connection)); got != "connection name!, uses OIDC, role!, access key!, external id, session name, description, state" {
		t.Errorf("changed: %q", got)
	}
	w.ensure(connection)
	w.clean(connection)

	pipelines := w.about(workflows.StepPipelines, id)
	w.ensure(pipelines)
	w.do("PATCH", w.permissions(id), `{"allPipelines":{"authorized":true},"pipelines":[{"id":8,"authorized":true},{"id":7,"authorized":false}]}`)
	if got := fields(w.observe(pipelines)); got != "open to all pipelines!, pipelines!" {
		t.Errorf("pipelines: %q", got)
	}
	w.ensure(pipelines)
	w.clean(pipelines)
	connection.Refs[workflows.PipelinesID] = id
	w.ensure(connection) // a restored connection keeps its approved pipelines
	w.clean(pipelines)

	checks := w.about(workflows.StepChecks, id)
	if got := fields(w.observe(checks)); got != "branch check!" {
		t.Errorf("missing check: %q", got)
	}
	checks.Ref = w.ensure(checks).Ref
	w.do("POST", checksPath, `{"type":{"id":"2ef31ad6-baa0-403a-8b45-2cbc9b4e5563"},"resource":{"type":"endpoint","id":"`+id+`"}}`)
	w.do("PATCH", checksPath+"/"+checks.Ref, `{"settings":{"displayName":"fedbot branch control","definitionRef":{"id":"86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b","name":"evaluatebranchProtection","version":"0.0.1"},"inputs":{"allowedBranches":"*","allowUnknownStatusBranch":"true"}}}`)
	if got := fields(w.observe(checks)); got != "branches!, branch check lets unknown branches in!" {
		t.Errorf("changed check: %q", got)
	}
	w.ensure(checks)
	w.clean(checks)
	w.do("POST", checksPath, branchCheck(id, "fedbot branch control")) // our name, not our work
	w.as("ours", "POST", checksPath, branchCheck(id, "main only"))     // our identity, not our check
	w.ensure(checks)
	w.remove(checks)
	if left := w.do("GET", checksPath, ""); !strings.Contains(left, `"count":3`) {
		t.Errorf("a check of somebody else's was touched: %s", left)
	}
}

func TestSwappedIdentity(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	w.do("DELETE", "_apis/serviceendpoint/endpoints/"+id+"?projectIds="+projectID, "")
	theirs := w.task(workflows.StepConnection)
	swapped, err := w.theirs.Ensure(w.ctx(), theirs) // same name, same fields, made by somebody else
	if err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	ours := w.task(workflows.StepConnection)
	ours.Ref = id
	ours.Intended = w.time().Add(-2 * time.Hour)
	seen := w.observe(ours)
	if !seen.Exists || seen.Ref != swapped.Ref || fields(seen) != "connection id!" {
		t.Errorf("%+v", seen)
	}
	if _, err := w.ours.Ensure(w.ctx(), ours); !errors.Is(err, workflows.ErrForeign) {
		t.Errorf("adopted: %v", err)
	}
}

func TestSharedConnectionIsTakenBack(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	task := w.task(workflows.StepConnection)
	task.Ref = id
	w.do("PATCH", "_apis/serviceendpoint/endpoints/"+id, `[{"name":"elsewhere","projectReference":{"name":"Data Lake"}}]`)
	if got := fields(w.observe(task)); got != "shared with!" {
		t.Errorf("shared: %q", got)
	}
	w.ensure(task)
	w.clean(task)
}

func TestOlderThanOurIntention(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.pass(time.Hour)
	if _, err := w.ours.Ensure(w.ctx(), w.task(workflows.StepConnection)); !errors.Is(err, workflows.ErrForeign) {
		t.Errorf("it was there an hour before we meant to make it: %v", err)
	}
}

func TestSlowDelete(t *testing.T) {
	w := newWorld(t, func(_ *emulator.Seed, o *emulator.Options) { o.Lag = 5 * time.Second })
	task := w.task(workflows.StepConnection)
	task.Ref = w.connect()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := w.ours.Remove(ctx, task); err == nil || errors.Is(err, workflows.ErrUnreadable) || errors.Is(err, workflows.ErrPermanent) {
		t.Errorf("it is still being deleted: %v", err)
	}
	w.pass(time.Minute)
	task.Now = w.time()
	w.remove(task)
}
