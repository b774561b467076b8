package policies

import (
	"testing"
	"time"
)

// The attack: the name of a connection is shown in the logs of pipelines, where the
// agent takes a line with ##vso[…] for a command. So no name may hold one.
func TestAttackNameThatCommandsTheAgent(t *testing.T) {
	for _, name := range []string{"##vso[task.complete result=Succeeded;]", "aws ##[error]", "a#b"} {
		if r := CheckNames("contoso", "Web Shop", name); r == nil || r.Field != "Name" {
			t.Errorf("%q: %v", name, r)
		}
	}
}

// The attack: permissions hide under the name of the policy that ends sessions. Only
// a document that denies everything to older sessions is one.
func TestAttackNotTheEndOfSessions(t *testing.T) {
	if !IsSessions(Sessions(time.Date(2026, 11, 23, 12, 0, 0, 1, time.UTC))) {
		t.Error("our own is not known")
	}
	when := `"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-23T12:00:00Z"}}`
	for _, document := range []string{
		"", "{}", Hold(),
		`{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Allow","Action":"*","Resource":"*",` + when + `}]}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Deny","Action":"s3:*","Resource":"*",` + when + `}]}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Deny","NotAction":"*","Resource":"*",` + when + `}]}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Deny","Action":"*","Resource":"*",` + when + `},{"Sid":"X","Effect":"Allow","Action":"*","Resource":"*"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Sid":"FedbotSessions","Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-23T12:00:00Z"},"Bool":{"aws:SecureTransport":"false"}}}]}`,
	} {
		if IsSessions(document) {
			t.Errorf("taken for ours: %s", document)
		}
	}
}
