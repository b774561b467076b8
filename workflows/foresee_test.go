package workflows_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "fedbot/workflows"
)

// TestForesightIsWhatComes: what is said before sending is what the request then
// asks for and of whom, and saying it leaves nothing behind.
func TestForesightIsWhatComes(t *testing.T) {
	for _, by := range []Actor{requester, owner} {
		w := newWorld(t)
		seen, err := w.engine().Foresee(ctx, by, ask())
		if err != nil {
			t.Fatal(err)
		}
		if left := w.all(); len(left) != 0 {
			t.Fatalf("foreseeing left %d histories", len(left))
		}
		f, err := w.engine().Submit(ctx, Ask{By: by, Proposal: ask()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.engine().Advance(ctx, f.ID); err != nil {
			t.Fatal(err)
		}
		r := w.load(f.ID).Requests[0]
		if diff := cmp.Diff(r.Checked.Verdict, seen.Verdict); diff != "" {
			t.Errorf("verdict (-asked +foreseen):\n%s", diff)
		}
		if diff := cmp.Diff(r.Checked.Words, seen.Words); diff != "" {
			t.Errorf("words (-asked +foreseen):\n%s", diff)
		}
		if !seen.Lapses.Equal(r.Checked.Lapses) || len(seen.Checks) != len(r.Checked.Checks) || seen.Verdict.Why() == "" {
			t.Errorf("%+v", seen)
		}
	}
}

// TestForesightWithoutReason: a reason is written last, and its ticket is not asked
// for before it is there; a written one is judged as it is.
func TestForesightWithoutReason(t *testing.T) {
	w := newWorld(t)
	for i := range w.rules.Accounts {
		w.rules.Accounts[i].Ticket = `SHOP-\d+`
	}
	p := ask()
	p.Reason = " "
	if seen, err := w.engine().Foresee(ctx, requester, p); err != nil || seen.Proposal.Reason != p.Reason {
		t.Errorf("%v, with the reason %q", err, seen.Proposal.Reason)
	}
	p.Reason = "because"
	_, err := w.engine().Foresee(ctx, requester, p)
	wantCode(t, err, "preflight")
	if w.rules.Accounts[0].Ticket == "" {
		t.Error("foreseeing changed the rules")
	}
}

// TestForesightTellsOutsidersNothing: whoever may not ask learns that and no fact.
func TestForesightTellsOutsidersNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.engine().Foresee(ctx, outsider, ask())
	wantCode(t, err, "may_not_ask")
	_, err = w.engine().Foresee(ctx, guest, ask())
	wantCode(t, err, "guest")

	// Where Azure DevOps says who may ask, its answer comes before every other finding.
	for i := range w.rules.Projects {
		w.rules.Projects[i].Ask = nil
	}
	w.facts = func(f *Facts) {
		f.AzureDevOps.Standing, f.AzureDevOps.ConnectionID, f.AzureDevOps.ConnectionIs = "none", "taken", "holds an access key"
	}
	_, err = w.engine().Foresee(ctx, outsider, ask())
	wantCode(t, err, "may_not_ask")
	w.unread = ErrUnreadable
	if _, err = w.engine().Foresee(ctx, requester, ask()); !errors.Is(err, ErrUnreadable) {
		t.Errorf("unread is %v", err)
	}
}

func TestForesightOfShortProposals(t *testing.T) {
	w := newWorld(t)
	p := ask()
	p.Organization, p.Connection, p.Owner = "", "", ""
	seen, err := w.engine().Foresee(ctx, requester, p)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Proposal.Organization == "" || seen.Proposal.Connection != "aws-"+seen.Proposal.Account || seen.Proposal.Owner == "" {
		t.Errorf("%+v", seen.Proposal)
	}
	w.rules.Organizations = append(w.rules.Organizations, Organization{Name: "fabrikam"})
	twin := w.rules.Projects[0]
	twin.Organization, p.Project = "fabrikam", twin.Name
	w.rules.Projects = append(w.rules.Projects, twin)
	_, err = w.engine().Foresee(ctx, requester, p)
	wantCode(t, err, "which_organization")
	p.Project = "Payroll"
	_, err = w.engine().Foresee(ctx, requester, p)
	wantCode(t, err, "no_project")
}
