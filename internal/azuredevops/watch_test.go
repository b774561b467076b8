package azuredevops_test

import (
	"net/url"
	"strconv"
	"testing"

	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/workflows"
)

// prove walks the proof steps up to a run and returns the task that watches it.
func (w *world) prove(allow bool) workflows.Task {
	w.t.Helper()
	id := w.connect()
	if allow {
		w.ensure(w.about(workflows.StepAllow, id))
	}
	run := w.ensure(w.about(workflows.StepRun, id))
	watch := w.about(workflows.StepWatch, id)
	watch.Refs[workflows.RunID] = run.Ref
	return watch
}

func (w *world) watch(t workflows.Task) workflows.Evidence {
	w.t.Helper()
	seen, err := w.ours.Watch(w.ctx(), t)
	if err != nil {
		w.t.Fatalf("watch: %v", err)
	}
	return seen
}

func TestProof(t *testing.T) {
	w := newWorld(t)
	watch := w.prove(true)
	if first := w.watch(watch); first.Ended || first.Run == 0 || first.URL == "" {
		t.Errorf("at the start: %+v", first)
	}
	for range 20 {
		w.server.Step(w.ctx())
	}
	got := w.watch(watch)
	if u, err := url.Parse(got.URL); err != nil || u.Query().Get("buildId") != strconv.Itoa(got.Run) {
		t.Errorf("the run's address is %q", got.URL)
	}
	got.Commit, got.URL, got.Run = "", "", 0
	want := workflows.Evidence{Ended: true, Succeeded: true, OurYAML: true, Issuer: "https://vstoken.dev.azure.com/" + organizationID,
		Subject: "sc://contoso/Web Shop/aws-shop-dev", Audience: "api://AzureADTokenExchange", RoleID: roleID, Account: "111122223333"}
	if got != want {
		t.Errorf("evidence %+v\nwant %+v", got, want)
	}
}

func TestProofOfAnotherFile(t *testing.T) {
	w := newWorld(t)
	id := w.connect()
	w.ensure(w.about(workflows.StepAllow, id))
	run := w.about(workflows.StepRun, id)
	run.Step.Proof.Ref = "refs/heads/dev"
	watch := w.about(workflows.StepWatch, id)
	watch.Refs[workflows.RunID] = w.ensure(run).Ref
	for range 20 {
		w.server.Step(w.ctx())
	}
	if got := w.watch(watch); !got.Ended || !got.Succeeded || got.OurYAML {
		t.Errorf("a run of another file counts: %+v", got)
	}
}

func TestWaiting(t *testing.T) {
	stalled := newWorld(t)
	watch := stalled.prove(false)
	stalled.server.Step(stalled.ctx())
	if got := stalled.watch(watch); got.Ended || got.Waiting != "a permission on the connection" {
		t.Errorf("without a permission: %+v", got)
	}
	for name, c := range map[string]struct {
		queue emulator.Queue
		want  string
	}{
		"no agent":        {emulator.Queue{Name: "Azure Pipelines", Offline: true}, "an agent in pool Azure Pipelines"},
		"no agents' door": {emulator.Queue{Name: "Azure Pipelines", Closed: true}, "a permission on the agents in pool Azure Pipelines"},
	} {
		w := newWorld(t, func(s *emulator.Seed, _ *emulator.Options) {
			s.Organizations[0].Projects[0].Queues = []emulator.Queue{c.queue}
		})
		watch := w.prove(true)
		for range 5 {
			w.server.Step(w.ctx())
		}
		if got := w.watch(watch); got.Ended || got.Waiting != c.want {
			t.Errorf("%s: %+v", name, got)
		}
		run := w.about(workflows.StepRun, watch.Refs[workflows.ConnectionID])
		run.Ref = watch.Refs[workflows.RunID]
		w.remove(run)
		for range 5 {
			w.server.Step(w.ctx())
		}
		if got := w.watch(watch); !got.Ended || got.Succeeded || got.Failure == "" {
			t.Errorf("%s, cancelled: %+v", name, got)
		}
	}
}
