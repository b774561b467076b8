package azuredevops

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"

	"fedbot/workflows"
)

// skew is how far Azure DevOps's clock may be behind ours.
const skew = 5 * time.Minute

// mine says whether a connection under our name was made for this very intention:
// with its mark, by our identity, of our type, and not before it.
func (t *task) mine(ctx context.Context, e *endpoint) (bool, error) {
	if t.Mark == "" || t.Intended.IsZero() || !strings.Contains(e.Description, t.Mark) || !strings.EqualFold(e.Type, connectionType) {
		return false, nil
	}
	if e.CreationDate != nil && e.CreationDate.Time.Before(t.Intended.Add(-skew)) {
		return false, nil
	}
	self, err := t.o.writer.whoami(ctx)
	if err != nil {
		return false, err
	}
	return strings.EqualFold(self, e.CreatedBy.ID), nil
}

// ours finds our connection: by its id, or by our mark when we do not know that
// it was ever made. Nil means that there is none; what only bears its name is
// returned as other.
func (t *task) ours(ctx context.Context) (ours, other *endpoint, err error) {
	want := t.Step.Connection
	if t.Ref != "" {
		if ours, err = t.c.endpoint(ctx, want.ProjectID, t.Ref); err != nil || ours != nil {
			return ours, nil, err
		}
	}
	id, err := t.c.endpointNamed(ctx, want.ProjectID, want.Name, "")
	if err != nil || id == "" {
		return nil, nil, err
	}
	named, err := t.c.endpoint(ctx, want.ProjectID, id)
	if err != nil || named == nil {
		return nil, nil, err
	}
	mine, err := t.mine(ctx, named)
	if err != nil {
		return nil, nil, err
	}
	if mine {
		return named, nil, nil
	}
	return nil, named, nil
}

func (t *task) taken(other *endpoint) error {
	return foreign(fmt.Sprintf("A connection %s exists already and %s. fedbot does not touch it. Choose another name, or ask its administrators to remove it.",
		t.Step.Connection.Name, other.is()))
}

func (t *task) ensureConnection(ctx context.Context) (workflows.Result, error) {
	want := t.Step.Connection
	e, other, err := t.ours(ctx)
	if err != nil {
		return workflows.Result{}, err
	}
	if other != nil {
		return workflows.Result{}, t.taken(other)
	}
	if e == nil && t.Ref != "" && t.young() {
		return workflows.Result{}, unknown("Azure DevOps does not show the new connection yet. fedbot looks again.")
	}
	note := ""
	if e == nil {
		if e, err = t.createConnection(ctx); err != nil {
			return workflows.Result{}, err
		}
	} else if note, err = t.mendConnection(ctx, e); err != nil {
		return workflows.Result{}, err
	}
	if err := t.awaitReady(ctx, e.ID); err != nil {
		return workflows.Result{}, err
	}
	if t.closed() {
		_, err = t.setPipelines(ctx, want.ProjectID, e.ID, nil)
	} else {
		err = t.notAll(ctx, want.ProjectID, e.ID)
	}
	if err != nil {
		return workflows.Result{}, err
	}
	if note == "" && t.closed() {
		note = want.Name + ", no pipeline may use it yet"
	}
	return workflows.Result{Ref: e.ID, Note: note}, nil
}

// closed says whether no pipeline may use the connection now: before and after the
// proof, until the step that permits pipelines.
func (t *task) closed() bool {
	proving := t.Refs[workflows.AllowID] != "" && t.Refs[workflows.WithdrawID] == ""
	return t.Refs[workflows.PipelinesID] == "" && !proving
}

func (t *task) createConnection(ctx context.Context) (*endpoint, error) {
	want := t.Step.Connection
	project, err := uuid.Parse(want.ProjectID)
	if err != nil {
		return nil, &workflows.Fault{Kind: workflows.ErrPermanent, Say: "The plan names no project to make the connection in.", Cause: err}
	}
	name := want.Project
	made, err := t.c.endpoints.CreateServiceEndpoint(ctx, serviceendpoint.CreateServiceEndpointArgs{
		Endpoint: newEndpoint(want, serviceendpoint.ProjectReference{Id: &project, Name: &name})})
	if duplicate(err) {
		return t.met(ctx)
	}
	if err != nil {
		return nil, failed("create the connection "+want.Name, err)
	}
	if made.Id == nil {
		return nil, unknown("Azure DevOps gave no clear answer when fedbot made the connection " + want.Name + ". fedbot looks again.")
	}
	return &endpoint{ID: made.Id.String()}, nil
}

// met finds out whose connection it was that a create met.
func (t *task) met(ctx context.Context) (*endpoint, error) {
	e, other, err := t.ours(ctx)
	switch {
	case err != nil:
		return nil, err
	case e != nil:
		return e, nil
	case other != nil:
		return nil, t.taken(other)
	case t.young():
		return nil, unknown("Azure DevOps says that the connection " + t.Step.Connection.Name + " exists and does not show it yet. fedbot looks again.")
	}
	return nil, foreign("A connection " + t.Step.Connection.Name + " exists already, and fedbot may not see it. Choose another name.")
}

// mendConnection puts right what differs from the plan and says what it was.
func (t *task) mendConnection(ctx context.Context, e *endpoint) (note string, err error) {
	want := t.Step.Connection
	var fields []string
	for _, d := range e.differences(want) {
		if d.Field != "shared with" && d.Found != "not ready" {
			fields = append(fields, d.Field)
		}
	}
	if others, _ := e.elsewhere(want.ProjectID); len(others) > 0 {
		if err := t.deleteConnection(ctx, e.ID, others); err != nil {
			return "", err
		}
		note = "taken back from other projects"
	}
	if len(fields) == 0 {
		return note, nil
	}
	path := "_apis/serviceendpoint/endpoints/" + e.ID
	err = t.c.call(ctx, http.MethodPut, path, nil, newEndpoints, e.mended(want), nil)
	if duplicate(err) {
		return "", foreign(fmt.Sprintf("Another connection is called %s by now, so fedbot cannot give its own that name back.", want.Name))
	}
	if err != nil {
		return "", failed("change the connection "+want.Name, err)
	}
	now, err := t.c.endpoint(ctx, want.ProjectID, e.ID)
	if err != nil {
		return "", err
	}
	if now == nil || len(now.differences(want)) > 0 {
		return "", unknown("The connection " + want.Name + " is not as it should be yet. fedbot looks again.")
	}
	return "put right: " + strings.Join(fields, ", "), nil
}

// awaitReady polls until the connection can be used.
func (t *task) awaitReady(ctx context.Context, id string) error {
	say := ""
	ready, err := poll(ctx, func() (bool, error) {
		e, err := t.c.endpoint(ctx, t.Step.Connection.ProjectID, id)
		if err != nil {
			return false, err
		}
		if e == nil {
			return false, nil
		}
		if e.OperationStatus != nil && strings.EqualFold(e.OperationStatus.State, "Failed") {
			say = " Azure DevOps says that making it failed."
		}
		return e.settled(), nil
	})
	if err != nil {
		return err
	}
	if !ready {
		return unknown("The connection " + t.Step.Connection.Name + " is not ready yet." + say + " fedbot looks again.")
	}
	return nil
}

// poll looks again and again, less and less often, until done, until ctx ends or
// for half a minute. An error of a look that ctx cut short is no error but "not yet".
func poll(ctx context.Context, look func() (bool, error)) (bool, error) {
	wait := 50 * time.Millisecond
	for range 20 {
		done, err := look()
		if done || (err != nil && ctx.Err() == nil) {
			return done, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, nil
		case <-timer.C:
			wait = min(2*wait, 2*time.Second)
		}
	}
	return false, nil
}

func (t *task) deleteConnection(ctx context.Context, id string, projects []string) error {
	guid, err := uuid.Parse(id)
	if err != nil {
		return &workflows.Fault{Kind: workflows.ErrPermanent, Say: "The connection's id is none.", Cause: err}
	}
	err = t.c.endpoints.DeleteServiceEndpoint(ctx, serviceendpoint.DeleteServiceEndpointArgs{EndpointId: &guid, ProjectIds: &projects})
	if err != nil && !absent(err) {
		return failed("delete the connection "+t.Step.Connection.Name, err)
	}
	return nil
}

func (t *task) removeConnection(ctx context.Context) error {
	want := t.Step.Connection
	e, _, err := t.ours(ctx)
	if err != nil {
		return err
	}
	if e == nil {
		if t.young() {
			return unknown("Azure DevOps shows no connection " + want.Name + "; it may be too new to be shown. fedbot looks again.")
		}
		return nil
	}
	if e.OperationStatus == nil || !strings.EqualFold(e.OperationStatus.State, "InProgress") {
		others, _ := e.elsewhere(want.ProjectID)
		if err := t.deleteConnection(ctx, e.ID, append(others, want.ProjectID)); err != nil {
			return err
		}
	}
	gone, err := poll(ctx, func() (bool, error) {
		left, err := t.c.endpoint(ctx, want.ProjectID, e.ID)
		return err == nil && left == nil, err
	})
	if err != nil {
		return err
	}
	if !gone {
		return unknown("Azure DevOps is still deleting the connection " + want.Name + ". fedbot looks again.")
	}
	return nil
}

func (t *task) observeConnection(ctx context.Context) (workflows.Observation, error) {
	want := t.Step.Connection
	moved, swapped, err := t.projectMoved(ctx)
	if err != nil {
		return workflows.Observation{}, err
	}
	if swapped { // what is in the project that we knew no longer matters
		return workflows.Observation{Exists: true, Ref: t.Ref, Differences: moved}, nil
	}
	e, other, err := t.ours(ctx)
	if err != nil {
		return workflows.Observation{}, err
	}
	if e == nil && other == nil {
		return workflows.Observation{Ref: t.Ref, Differences: []workflows.Difference{{Field: "exists", Approved: "yes", Found: "no"}}}, nil
	}
	seen := workflows.Observation{Exists: true}
	if e == nil {
		e = other
	}
	if approved := t.Ref; approved != e.ID && (approved != "" || other != nil) {
		// Same name, another object: Azure DevOps issues it the very same tokens.
		seen.Differences = append(seen.Differences, workflows.Difference{Field: "connection id", Approved: orNone(approved, approved), Found: e.ID, Wider: true})
	}
	if other == nil && !strings.EqualFold(e.Name, want.Name) {
		taken, err := t.c.endpointNamed(ctx, want.ProjectID, want.Name, e.ID)
		if err != nil {
			return workflows.Observation{}, err
		}
		if taken != "" { // ours was renamed, and somebody took the name that the role trusts
			seen.Differences = append(seen.Differences, workflows.Difference{Field: "connection id", Approved: e.ID, Found: taken, Wider: true})
		}
	}
	seen.Ref = e.ID
	seen.Differences = append(seen.Differences, append(moved, e.differences(want)...)...)
	if other != nil || !t.closed() {
		return seen, nil
	}
	may, err := t.c.permissionsOf(ctx, want.ProjectID, e.ID)
	if err != nil {
		return workflows.Observation{}, err
	}
	seen.Differences = append(seen.Differences, may.differences(nil)...)
	return seen, nil
}
