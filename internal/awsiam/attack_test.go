package awsiam_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"fedbot/policies"
	"fedbot/workflows"
)

const allowAll = `{"Version":"2012-10-17","Statement":[{"Sid":"More","Effect":"Allow","Action":"*","Resource":"*"}]}`

// The attack: while the verification pipeline may use the connection, somebody
// pushes a branch with another file, runs it, and keeps the credentials of the held
// role. Once the hold is lifted they would come alive for an hour, although that
// pipeline was never approved. So the lift ends what was opened before it.
func TestAttackSessionOpenedUnderTheHold(t *testing.T) {
	w := emulated(t)
	w.begin(t)
	w.boundary()
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	document := w.inline(policies.SessionsName)
	if !policies.IsSessions(document) {
		t.Fatalf("the lift left %q", document)
	}
	// Asked again, as after a lost answer, it must not end the sessions of today.
	again := w.steps(ref)[4]
	again.Now = again.Now.AddDate(0, 0, 1)
	w.do(a.Ensure(soon(t), again))
	if diff := cmp.Diff(document, w.inline(policies.SessionsName)); diff != "" {
		t.Errorf("lifted again (-before +after):\n%s", diff)
	}
}

// The attack: somebody who may write inline policies hides permissions under one of
// the two names that drift takes for fedbot's own.
func TestAttackPermissionsUnderOurNames(t *testing.T) {
	w := emulated(t)
	w.begin(t)
	w.boundary()
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	role, lift := w.steps(ref)[1], w.steps(ref)[4]
	for name, step := range map[string]workflows.Task{policies.SessionsName: role, policies.HoldName: lift} {
		w.do(nil, put(t, w.other, name, allowAll))
		seen, err := a.Observe(soon(t), step)
		if err != nil || len(seen.Differences) != 1 || !seen.Differences[0].Wider {
			t.Errorf("%s: %+v, %v", name, seen.Differences, err)
		}
		w.do(a.Ensure(soon(t), step))
		w.clean(a, role, lift)
	}
}

// The attack: a change takes a template's newer, narrower version. The older policy
// stays on the role beside it, and with it what was to be taken away.
func TestAttackOlderVersionStays(t *testing.T) {
	w := emulated(t)
	w.begin(t)
	w.boundary()
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	w.do(nil, put(t, w.other, "tmpl-s3-read-v1-v1", readWeb)) // of a template called s3-read-v1: another one
	policy := w.steps(ref)[3]
	spec := *policy.Step.Policy
	spec.Name = "tmpl-s3-read-v2"
	policy.Step.Policy, policy.Ref = &spec, "tmpl-s3-read-v1"
	w.do(a.Ensure(soon(t), policy))
	if w.has("tmpl-s3-read-v1") || !w.has("tmpl-s3-read-v2") || !w.has("tmpl-s3-read-v1-v1") {
		t.Errorf("the role carries %s", w.role())
	}
	// Revoked in the middle of such a change: the version that is there goes.
	w.do(nil, put(t, w.other, "tmpl-s3-read-v1", readWeb))
	w.do(nil, a.Remove(soon(t), policy))
	if w.has("tmpl-s3-read-v1") || w.has("tmpl-s3-read-v2") {
		t.Errorf("after Remove the role carries %s", w.role())
	}
}

// The attack: somebody takes the boundary away and sees to it that it cannot be put
// back. A quarantine that stops there leaves the role open, and wider than ever.
func TestAttackHoldWithoutBoundary(t *testing.T) {
	bare := mine()
	bare.bare = true
	a, s := scripted(t, map[string][]answer{"GetRole": {bare.answer()}, "PutRolePermissionsBoundary": {noEntity}, "PutRolePolicy": {done}})
	_, err := a.Ensure(soon(t), policyTask(workflows.StepHold, "hold", "AROAMINE"))
	if kindOf(t, err) != "unknown" || !strings.Contains(workflows.Said(err), "permissions boundary") {
		t.Errorf("hold: %v", err)
	}
	if name := s.last(t, "PutRolePolicy").Get("PolicyName"); name != "fedbot-hold" {
		t.Errorf("wrote %q", name)
	}
}

// inline is a policy of the role, as a stranger reads it.
func (w *world) inline(name string) string {
	w.t.Helper()
	out, err := w.other.GetRolePolicy(soon(w.t), &iam.GetRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String(name)})
	w.do(nil, err)
	text, err := url.PathUnescape(aws.ToString(out.PolicyDocument))
	w.do(nil, err)
	return text
}
