package sandbox

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

// between brings a federation to the moment between its last approval and its
// first effect: it intends the connection, Azure DevOps does not answer, and fedbot
// is stopped. What was squatted by then is what it finds when it starts.
func between(t *testing.T, st *stage, connection string, squat func(f workflows.Federation)) workflows.Federation {
	t.Helper()
	f := st.asked(t, connection)
	st.gates["azuredevops"].Set(wire.Fault{Call: "serviceendpoint:CreateEndpoint", When: "before", Kind: "error"})
	if err := st.presses(people[approver].ID, "request_approve", string(f.ID)+".1 "); err != nil {
		t.Fatal(err)
	}
	f, err := st.await(f.ID, "provisioning")
	if err != nil {
		t.Fatal(err)
	}
	err = st.until(func() (err error) {
		if f, err = st.federation(st.ctx, f.ID); err == nil && f.Attempts == 0 {
			err = errors.New("the connection was not tried")
		}
		return err
	})
	if err = errors.Join(err, st.StopFedbot()); err != nil {
		t.Fatal(err)
	}
	st.gates["azuredevops"].Set()
	squat(f)
	if err := st.StartFedbot(); err != nil {
		t.Fatal(err)
	}
	return f
}

// The attack: somebody who may create connections makes one under the name that
// was just approved, with their own keys in it or pointing to their own role, so
// that fedbot takes it for its own and permits the pipelines to use it.
func TestConnectionSquatted(t *testing.T) {
	t.Parallel()
	st := begin(t)
	var theirs string
	f := between(t, st, "aws-squat", func(workflows.Federation) {
		var err error
		if theirs, err = st.squat("aws-squat"); err != nil {
			t.Fatal(err)
		}
	})
	f, err := st.await(f.ID, "parked")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(f.Parked.Say, "aws-squat") {
		t.Errorf("it says %q", f.Parked.Say)
	}
	untouched(t, st, theirs)
	if err := st.accountWords([]string{"roles", "shop-dev", "0"}); err != nil {
		t.Error(err)
	}

	// Giving up removes what is ours, and theirs is not.
	if err := st.presses(people[requester].ID, "step_give_up", string(f.ID)); err != nil {
		t.Fatal(err)
	}
	if err := st.submits(people[requester].ID, map[string]string{"reason": "Somebody has the name"}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.await(f.ID, "closed", "failed"); err != nil {
		t.Error(err)
	}
	untouched(t, st, theirs)
}

// The attack: the connection is deleted after it was made and another is put in
// its place, so that the approved pipelines sign in with what somebody else chose,
// and fedbot's revoke removes what is not fedbot's.
func TestConnectionSwapped(t *testing.T) {
	t.Parallel()
	st := begin(t)
	f := st.active(t, "aws-swap")
	ours := f.Steps.Get(workflows.ConnectionID).Ref
	if err := st.devops(st.ctx, "DELETE", "_apis/serviceendpoint/endpoints/"+ours+"?projectIds="+webShopID+"&api-version=7.1", "", nil); err != nil {
		t.Fatal(err)
	}
	theirs, err := st.squat("aws-swap")
	if err != nil {
		t.Fatal(err)
	}
	report, err := st.running.app.Drift(st.ctx, f.ID)
	if err != nil || len(report.Findings) == 0 || report.Findings[0].Finding.Level != workflows.Critical {
		t.Errorf("drift found %+v: %v", report.Findings, err)
	}
	if f, err = st.await(f.ID, "quarantined"); err != nil {
		t.Fatal(err) // an identity swap is quarantined by fedbot itself
	}
	if names, err := st.inline(f); err != nil || !strings.Contains(strings.Join(names, " "), "fedbot-hold") {
		t.Errorf("the role is not held: %v %v", names, err)
	}
	untouched(t, st, theirs)
	if err := st.types(people[requester].ID, "revoke "+string(f.ID)+" --reason 'Somebody swapped it'"); err != nil {
		t.Fatal(err)
	}
	if f, err = st.await(f.ID, "closed", "revoked"); err != nil {
		t.Fatal(err)
	}
	untouched(t, st, theirs)
	if err := st.accountWords([]string{"roles", "shop-dev", "0"}); err != nil {
		t.Error(err)
	}
}

// The attack: somebody reads the role's name off the connection and makes a role of
// that name with their own trust policy, before fedbot does, so that fedbot puts
// the approved permissions on a role that lets them in.
func TestRoleSquatted(t *testing.T) {
	t.Parallel()
	st := begin(t)
	var trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + devAccount + `:root"},"Action":"sts:AssumeRole"}]}`
	var id string
	f := between(t, st, "aws-role", func(f workflows.Federation) {
		// With fedbot's own path, boundary, tags and description: all that can be copied.
		spec, _ := f.Plan.Step(workflows.RoleID)
		in := &iam.CreateRoleInput{RoleName: &spec.Role.Name, Path: aws.String(workflows.RolePath), AssumeRolePolicyDocument: &trust,
			PermissionsBoundary: &spec.Role.Boundary, Description: &spec.Role.Description}
		out, err := st.admin(devAccount).CreateRole(st.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		id = *out.Role.RoleId
	})
	f, err := st.await(f.ID, "parked")
	if err != nil {
		t.Fatal(err)
	}
	theirs := func() {
		t.Helper()
		out, err := st.admin(devAccount).GetRole(st.ctx, &iam.GetRoleInput{RoleName: aws.String(roleOf(f))})
		if err != nil || *out.Role.RoleId != id {
			t.Fatalf("their role is not there any more: %v", err)
		}
		if names, err := st.inline(f); err != nil || len(names) > 0 {
			t.Errorf("fedbot put %v on somebody else's role (%v)", names, err)
		}
	}
	theirs()
	if err := st.presses(people[approver].ID, "step_give_up", string(f.ID)); err != nil {
		t.Fatal(err)
	}
	if err := st.submits(people[approver].ID, map[string]string{"reason": "Somebody has the name"}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.await(f.ID, "closed", "failed"); err != nil {
		t.Error(err)
	}
	theirs()
	if found, err := st.connections(webShopID, "aws-role"); err != nil || len(found) > 0 {
		t.Errorf("our connection is still there: %v %v", found, err)
	}
}

// untouched wants somebody else's connection as they left it: their keys in it, no
// pipeline that fedbot permitted, no check.
func untouched(t *testing.T, st *stage, id string) {
	t.Helper()
	for _, o := range st.azure.Snapshot().Organizations {
		for _, p := range o.Projects {
			for _, c := range p.Connections {
				if c.ID != id {
					continue
				}
				if !c.Keys || c.OIDC || c.Role != "" || len(c.Pipelines) > 0 || len(c.Checks) > 0 {
					t.Errorf("fedbot touched somebody else's connection: %+v", c)
				}
				return
			}
		}
	}
	t.Errorf("somebody else's connection %s is gone", id)
}
