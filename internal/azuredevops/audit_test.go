package azuredevops_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// Who changed a connection is read in the audit log, by the connection's id and by
// the address that the organization's directory has for whoever did it.
func TestWriters(t *testing.T) {
	w := newWorld(t)
	ref := w.connect()
	since := w.time()
	w.pass(time.Minute)
	ask := func(fields ...string) (map[string][]workflows.Writer, error) {
		in := w.task(workflows.StepConnection)
		in.Ref, in.Now = ref, w.time()
		return w.ours.Writers(t.Context(), in, fields, since)
	}
	if got, err := ask("description"); err != nil || len(got) != 0 {
		t.Errorf("nobody has changed it: %v, %v", got, err)
	}
	theirs := w.task(workflows.StepConnection)
	theirs.Ref, theirs.Step.Connection.Description = ref, "changed by hand"
	if _, err := w.theirs.Ensure(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	got, err := ask("description", "project id", "file of pipeline storefront-deploy")
	if err != nil || len(got["description"]) == 0 || len(got) != 1 {
		t.Fatalf("changed by the administrator: %v, %v", got, err)
	}
	if x := got["description"][0]; x.Who != "Administrator" || x.Email != "administrator@example.com" || x.Claimed || !strings.Contains(x.Source, "audit log") || x.At.Before(since) {
		t.Errorf("the writer is %+v", x)
	}
	since = w.time().Add(time.Second)
	if got, err := ask("description"); err != nil || len(got) != 0 {
		t.Errorf("what fedbot wrote over since: %v, %v", got, err)
	}
	since = since.Add(-time.Hour)

	// Without the right to the audit log, the connection's own "last modified by" is
	// asked; where that cannot know either, the reason is told.
	w.gate.Set(wire.Fault{Call: "audit:*", When: "before", Kind: "error"})
	got, err = ask("description")
	if err != nil || len(got["description"]) != 1 || got["description"][0].Email != "administrator@example.com" || !strings.Contains(got["description"][0].Source, "last modified by") {
		t.Errorf("by the connection itself: %v, %v", got, err)
	}
	if got, err := ask("exists"); err == nil && len(got["exists"]) > 0 {
		t.Errorf("who deleted it, by what is not there any more: %v", got)
	}
	in := w.task(workflows.StepConnection)
	in.Step = workflows.Step{ID: workflows.ChecksID, Kind: workflows.StepChecks, System: workflows.AzureDevOps, Checks: &workflows.ChecksSpec{Organization: "contoso", ProjectID: projectID}}
	in.Refs = map[workflows.StepID]string{workflows.ConnectionID: ref}
	_, err = w.ours.Writers(t.Context(), in, []string{"exists"}, since)
	if fault, ok := errors.AsType[*workflows.Fault](err); !ok || !strings.Contains(fault.Say, "audit log of contoso did not answer") {
		t.Errorf("the checks, without the audit log: %v", err)
	}
}

// A token that may not read the audit log is told apart from one that gets no answer.
func TestWritersWithoutTheRight(t *testing.T) {
	w := newWorld(t, func(s *emulator.Seed, _ *emulator.Options) {
		i := slices.IndexFunc(s.Organizations[0].Services, func(x emulator.Service) bool { return x.Token == "ours" })
		s.Organizations[0].Services[i].Scopes = []string{"vso.serviceendpoint_manage", "vso.project", "vso.build_execute", "vso.pipelineresources_manage", "vso.identity", "vso.extension"}
	})
	ref := w.connect()
	in := w.task(workflows.StepConnection)
	in.Ref = ref
	_, err := w.ours.Writers(t.Context(), in, []string{"exists"}, w.time())
	if fault, ok := errors.AsType[*workflows.Fault](err); !ok || !strings.Contains(fault.Say, "no right to read the audit log of contoso") {
		t.Errorf("%v", err)
	}
}
