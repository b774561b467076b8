package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"fedbot/workflows"
)

// requester is who does everything in the suite that a person does.
func requester() workflows.Person {
	return workflows.Person{Actor: "slack:T0001/U0001", Name: "Requester", Email: "requester@example.com"}
}

func event(minute int, b workflows.Body) workflows.Event {
	return workflows.Event{At: Clock().Add(time.Duration(minute) * time.Minute), By: requester(), Body: b}
}

// Submitted is the first event of a federation for a connection.
func Submitted(connection string) workflows.Event {
	return event(0, workflows.Submitted{
		Proposal: workflows.Proposal{
			Kind: workflows.Create, Organization: "contoso", Project: "Web Shop", Connection: connection,
			Account: "shop-dev", Reason: "deploy <the> site & more",
			Grants: []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev"}}},
		},
		Key: "0123456789abcdef0123456789abcdef", Owner: "web-shop",
		OrgID: "org-1", Project: "project-1", Account: "111122223333",
	})
}

// Claims are what a federation for a connection takes.
func Claims(connection string) []string {
	return []string{
		workflows.ConnectionClaim("org-1", "project-1", connection),
		workflows.RoleClaim("111122223333", workflows.RoleName("Web Shop", connection, "0123")),
	}
}

// Life is a whole legal history, from submitted to closed: checked, granted, one
// step made, active, drifted, quarantined, revoked, removed.
func Life(id workflows.FederationID, connection string) []workflows.Event {
	first := id.Request(1)
	plan := workflows.Plan{Federation: id, Steps: []workflows.Step{{
		ID: workflows.RoleID, Kind: workflows.StepRole, System: workflows.AWS, Part: 3, Title: "Role",
		Role: &workflows.RoleSpec{Account: "111122223333", Path: workflows.RolePath, Name: "ado-web-shop", Tags: map[string]string{"a": "b"}},
	}}}
	facts := workflows.Facts{ReadAt: Clock(), AWS: workflows.AWSFacts{AccountID: "111122223333", Audiences: []string{}}}
	shut := []workflows.Neighbour{{Who: "another connection", Subject: "sc://contoso/Web Shop/other", Denied: true}}
	bodies := []workflows.Body{
		workflows.Checked{Request: first, Facts: facts, Checks: []workflows.Check{}, Plan: plan, Digest: "d1", Lapses: Clock().Add(72 * time.Hour)},
		workflows.RefusedPress{Request: first, Verb: "approve", Code: "own_request"},
		workflows.Granted{Request: first, Digest: "d1"},
		workflows.Intended{Step: workflows.RoleID, Verb: workflows.Ensure, Until: Clock().Add(4 * time.Minute)},
		workflows.Stumbled{Step: workflows.RoleID, Say: "no answer", Again: Clock().Add(5 * time.Minute)},
		workflows.Intended{Step: workflows.RoleID, Verb: workflows.Ensure, Until: Clock().Add(6 * time.Minute)},
		workflows.Made{Step: workflows.RoleID, Ref: "AROAEXAMPLE", Shut: shut},
		workflows.Activated{Request: first},
		workflows.Drifted{Findings: []workflows.Finding{{ID: "D-1", Step: workflows.RoleID, Class: "missing", Level: workflows.High}}},
		workflows.Drifted{},
		workflows.Revoked{Reason: "no longer needed"},
		workflows.Intended{Step: workflows.RoleID, Verb: workflows.Remove, Until: Clock().Add(14 * time.Minute)},
		workflows.Removed{Step: workflows.RoleID},
		workflows.ClosedNow{Outcome: workflows.OutcomeRevoked},
	}
	events := []workflows.Event{Submitted(connection)}
	for i, b := range bodies {
		events = append(events, event(i+1, b))
	}
	return events
}

// submit appends a new federation with the claims of its connection.
func submit(t *testing.T, s Store, connection string) workflows.FederationID {
	t.Helper()
	id, err := s.NextID(t.Context())
	if err != nil {
		t.Fatalf("next id: %v", err)
	}
	must(t, s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{Submitted(connection)}, Claims: Claims(connection)}))
	return id
}

// press is an event that is legal in every state of the suite and changes nothing
// but the version.
func press(id workflows.FederationID, n int) workflows.Event {
	return event(n, workflows.RefusedPress{Request: id.Request(1), Verb: "approve", Code: fmt.Sprintf("code_%d", n)})
}

func refused(id workflows.FederationID) workflows.Event {
	return event(1, workflows.Refused{Request: id.Request(1), Say: "The toolkit is too old."})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantIs fails unless err is of a kind.
func wantIs(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got error %v, want %v", err, kind)
	}
}

// wantTaken fails unless err names the claim and its holder.
func wantTaken(t *testing.T, err error, key string, holder workflows.FederationID) {
	t.Helper()
	taken, ok := errors.AsType[*workflows.TakenError](err)
	if !ok || taken.Key != key || taken.Holder != holder {
		t.Errorf("got error %v, want %s held by %s", err, key, holder)
	}
}
