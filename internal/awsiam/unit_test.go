package awsiam_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/internal/awsiam"
	"fedbot/workflows"
)

// kindOf names the kind of a Fault; what is no Fault fails the test.
func kindOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "none"
	}
	f, ok := errors.AsType[*workflows.Fault](err)
	if !ok {
		t.Fatalf("not a Fault: %v", err)
	}
	if f.Say == "" || !strings.HasSuffix(f.Say, ".") && !strings.Contains(f.Say, "--client-id") {
		t.Errorf("not a sentence: %q", f.Say)
	}
	switch f.Kind {
	case workflows.ErrPermanent:
		return "permanent"
	case workflows.ErrForeign:
		return "foreign"
	case workflows.ErrUnreadable:
		return "unreadable"
	case nil:
		return "unknown"
	}
	return f.Kind.Error()
}

func TestCreateAnswers(t *testing.T) {
	tests := []struct {
		code string
		http int
		want string
	}{
		{"LimitExceeded", 409, "permanent"},
		{"MalformedPolicyDocument", 400, "permanent"},
		{"InvalidInput", 400, "permanent"},
		{"ValidationError", 400, "permanent"},
		{"NoSuchEntity", 404, "permanent"}, // the boundary
		{"AccessDenied", 403, "unknown"},
		{"ConcurrentModification", 409, "unknown"},
		{"Throttling", 400, "unknown"},
		{"ServiceFailure", 500, "unknown"},
		{"SignatureDoesNotMatch", 403, "unknown"},
		{"SomethingNew", 400, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			a, _ := scripted(t, map[string][]answer{"GetRole": {noEntity}, "CreateRole": {refuse(tt.code, tt.http)}})
			_, err := a.Ensure(soon(t), roleTask(""))
			if got := kindOf(t, err); got != tt.want {
				t.Errorf("%s is %s, want %s: %v", tt.code, got, tt.want, err)
			}
			if tt.code == "AccessDenied" && !strings.Contains(workflows.Said(err), "AccessDenied on iam:CreateRole") {
				t.Errorf("does not say which right is missing: %s", workflows.Said(err))
			}
		})
	}
}

// Whatever a read is answered with, but for "no such thing", nothing is known.
func TestUnreadableIsNotMissing(t *testing.T) {
	tasks := map[string]workflows.Task{
		"role": roleTask("AROAMINE"), "provider": providerTask(),
		"policy": policyTask(workflows.StepPolicy, "policy:s3-read", "AROAMINE"),
		"hold":   policyTask(workflows.StepHold, "hold", "AROAMINE"),
		"lift":   policyTask(workflows.StepLift, "lift", "AROAMINE"),
	}
	for name, task := range tasks {
		for _, bad := range []answer{refuse("AccessDenied", 403), refuse("ServiceFailure", 500), refuse("ValidationError", 400), {status: 200, body: "<html>"}} {
			all := []answer{bad}
			a, _ := scripted(t, map[string][]answer{"GetRole": all, "GetRolePolicy": all, "ListRolePolicies": all,
				"ListAttachedRolePolicies": all, "GetOpenIDConnectProvider": all})
			seen, err := a.Observe(soon(t), task)
			if got := kindOf(t, err); got != "unreadable" || seen.Exists {
				t.Errorf("%s after %d %s: %s, exists %v", name, bad.status, bad.body, got, seen.Exists)
			}
		}
	}
}

// A role that can be read with a list that cannot is not read.
func TestHalfReadIsUnreadable(t *testing.T) {
	for _, list := range []string{"ListRolePolicies", "ListAttachedRolePolicies"} {
		answers := map[string][]answer{"GetRole": {mine().answer()}, "ListRolePolicies": {done}, "ListAttachedRolePolicies": {done}}
		answers[list] = []answer{refuse("AccessDenied", 403)}
		a, _ := scripted(t, answers)
		if _, err := a.Observe(soon(t), roleTask("AROAMINE")); kindOf(t, err) != "unreadable" {
			t.Errorf("without %s: %v", list, err)
		}
	}
}

// "It exists" and "there is no such thing" together mean that IAM lags.
func TestNotVisibleYetIsNotForeign(t *testing.T) {
	a, _ := scripted(t, map[string][]answer{
		"GetRole": {noEntity}, "CreateRole": {taken},
		"GetOpenIDConnectProvider": {noEntity}, "CreateOpenIDConnectProvider": {taken},
	})
	for _, task := range []workflows.Task{roleTask(""), roleTask("AROAMINE"), providerTask()} {
		if _, err := a.Ensure(soon(t), task); kindOf(t, err) != "unknown" {
			t.Errorf("%s: %v", task.Step.ID, err)
		}
	}
}

// The answer to CreateRole was lost; the role is there.
func TestLostAnswer(t *testing.T) {
	role := mine()
	a, _ := scripted(t, map[string][]answer{"GetRole": {noEntity, role.answer()}, "CreateRole": {refuse("InternalError", 500), taken},
		"ListAttachedRolePolicies": {done}, "ListRolePolicies": {done}})
	got, err := a.Ensure(soon(t), roleTask(""))
	if err != nil || got.Ref != "AROAMINE" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCreateRoleAsks(t *testing.T) {
	a, s := scripted(t, map[string][]answer{"GetRole": {noEntity}, "CreateRole": {mine().answer()}})
	got, err := a.Ensure(soon(t), roleTask(""))
	if err != nil || got.Ref != "AROAMINE" {
		t.Fatalf("got %+v, %v", got, err)
	}
	form := s.last(t, "CreateRole")
	sent := map[string]string{}
	for k := range form {
		sent[k] = form.Get(k)
	}
	want := map[string]string{
		"Action": "CreateRole", "Version": "2010-05-08",
		"RoleName": roleName, "Path": "/ado-federation/", "PermissionsBoundary": boundaryARN, "MaxSessionDuration": "3600",
		"Description": roleSpec().Description, "AssumeRolePolicyDocument": roleSpec().Trust,
		"Tags.member.1.Key": "ado-connection-id", "Tags.member.1.Value": "11111111-2222-3333-4444-555555555555",
		"Tags.member.2.Key": "fedbot-mark", "Tags.member.2.Value": mark,
		"Tags.member.3.Key": "federation", "Tags.member.3.Value": "F-17",
		"Tags.member.4.Key": "managed-by", "Tags.member.4.Value": "fedbot",
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("CreateRole (-want +sent):\n%s", diff)
	}
}

// Each of these roles bears our name and is not ours. None may be written to.
func TestForeignRoles(t *testing.T) {
	tests := map[string]struct {
		change func(*seen)
		ref    string
		remove string
	}{
		"older":              {func(r *seen) { r.made = epoch.Add(-2 * time.Minute) }, "", "unknown"},
		"other mark":         {func(r *seen) { r.tags["fedbot-mark"] = "ffffffffffffffff" }, "", "none"},
		"no tags":            {func(r *seen) { r.tags = nil }, "", "none"},
		"other manager":      {func(r *seen) { r.tags["managed-by"] = "terraform" }, "", "none"},
		"other boundary":     {func(r *seen) { r.boundary += "-wide" }, "", "unknown"},
		"no boundary":        {func(r *seen) { r.bare = true }, "", "unknown"},
		"other path":         {func(r *seen) { r.path = "/" }, "", "unknown"},
		"made anew, by mark": {func(*seen) {}, "AROAGONE", "foreign"},
		"made anew":          {func(r *seen) { r.tags = nil }, "AROAGONE", "foreign"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			role := mine()
			tt.change(&role)
			a, s := scripted(t, map[string][]answer{"GetRole": {role.answer()}})
			if _, err := a.Ensure(soon(t), roleTask(tt.ref)); kindOf(t, err) != "foreign" {
				t.Errorf("Ensure: %v", err)
			}
			if err := a.Remove(soon(t), roleTask(tt.ref)); kindOf(t, err) != tt.remove {
				t.Errorf("Remove: %v, want %s", err, tt.remove)
			}
			if diff := cmp.Diff([]string{"GetRole", "GetRole"}, s.actions()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// A policy goes to the role that our events name and to no other.
func TestPoliciesNeedOurRole(t *testing.T) {
	stranger := mine()
	stranger.id = "AROASTRANGER"
	for _, kind := range []workflows.StepKind{workflows.StepPolicy, workflows.StepHold, workflows.StepLift, workflows.StepSessions} {
		a, s := scripted(t, map[string][]answer{"GetRole": {stranger.answer()}})
		if _, err := a.Ensure(soon(t), policyTask(kind, "x", "AROAMINE")); kindOf(t, err) != "foreign" {
			t.Errorf("Ensure %s: %v", kind, err)
		}
		if err := a.Remove(soon(t), policyTask(kind, "x", "AROAMINE")); kindOf(t, err) != "foreign" {
			t.Errorf("Remove %s: %v", kind, err)
		}
		if kind != workflows.StepHold { // which the mark may close
			if _, err := a.Ensure(soon(t), policyTask(kind, "x", "")); kindOf(t, err) != "foreign" {
				t.Errorf("Ensure %s without a role: %v", kind, err)
			}
		}
		for _, call := range s.actions() {
			if call != "GetRole" {
				t.Errorf("%s: called %s", kind, call)
			}
		}
	}
}

// A role without its boundary gets no permissions and is not opened; it can be
// closed, the boundary first.
func TestLostBoundary(t *testing.T) {
	bare := mine()
	bare.bare = true
	a, s := scripted(t, map[string][]answer{"GetRole": {bare.answer()}, "PutRolePermissionsBoundary": {done}, "PutRolePolicy": {done}})
	for _, kind := range []workflows.StepKind{workflows.StepPolicy, workflows.StepLift} {
		if _, err := a.Ensure(soon(t), policyTask(kind, "x", "AROAMINE")); kindOf(t, err) != "unknown" {
			t.Errorf("Ensure %s: %v", kind, err)
		}
	}
	if _, err := a.Ensure(soon(t), policyTask(workflows.StepHold, "hold", "AROAMINE")); err != nil {
		t.Error(err)
	}
	want := []string{"GetRole", "GetRole", "GetRole", "PutRolePermissionsBoundary", "PutRolePolicy"}
	if diff := cmp.Diff(want, s.actions()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if name := s.last(t, "PutRolePolicy").Get("PolicyName"); name != "fedbot-hold" {
		t.Errorf("wrote %s", name)
	}
}

// A boundary that does not exist is not a role that does not exist.
func TestBoundaryIsNotThere(t *testing.T) {
	bare := mine()
	bare.bare = true
	a, _ := scripted(t, map[string][]answer{"GetRole": {bare.answer()}, "PutRolePermissionsBoundary": {noEntity}})
	_, err := a.Ensure(soon(t), policyTask(workflows.StepHold, "hold", "AROAMINE"))
	if kindOf(t, err) != "unknown" || !strings.Contains(workflows.Said(err), "permissions boundary") {
		t.Errorf("hold: %v", err)
	}
	if err := a.Remove(soon(t), policyTask(workflows.StepLift, "lift", "AROAMINE")); kindOf(t, err) != "unknown" {
		t.Errorf("lift taken back: %v", err)
	}
}

// "There is no such role" is the lag at first and somebody's deed later.
func TestMissingRole(t *testing.T) {
	a, _ := scripted(t, map[string][]answer{"GetRole": {noEntity}})
	for _, kind := range []workflows.StepKind{workflows.StepPolicy, workflows.StepHold, workflows.StepLift, workflows.StepSessions} {
		late := policyTask(kind, "x", "AROAMINE")
		fresh := late
		fresh.Intended = epoch.Add(-time.Second)
		if _, err := a.Ensure(soon(t), fresh); kindOf(t, err) != "unknown" {
			t.Errorf("Ensure %s at once: %v", kind, err)
		}
		if _, err := a.Ensure(soon(t), late); kindOf(t, err) != "permanent" {
			t.Errorf("Ensure %s later: %v", kind, err)
		}
		if err := a.Remove(soon(t), fresh); kindOf(t, err) != "unknown" {
			t.Errorf("Remove %s at once: %v", kind, err)
		}
		if err := a.Remove(soon(t), late); err != nil {
			t.Errorf("Remove %s later: %v", kind, err)
		}
	}
	fresh := roleTask("")
	fresh.Intended = epoch.Add(-time.Second)
	if err := a.Remove(soon(t), fresh); kindOf(t, err) != "unknown" {
		t.Errorf("Remove role at once: %v", err)
	}
	if seen, err := a.Observe(soon(t), fresh); err != nil || seen.Exists || !seen.Lagging {
		t.Errorf("Observe role at once: %+v, %v", seen, err)
	}
}

// The role is closed before it is stripped, whoever hung what on it, and the
// hold goes last.
func TestRemoveRoleOrder(t *testing.T) {
	a, s := scripted(t, map[string][]answer{
		"GetRole": {mine().answer()}, "PutRolePolicy": {done},
		"ListAttachedRolePolicies": {say(`<AttachedPolicies><member><PolicyName>Admin</PolicyName><PolicyArn>arn:aws:iam::aws:policy/AdministratorAccess</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>`)},
		"DetachRolePolicy":         {done},
		"ListRolePolicies": {
			say(`<PolicyNames><member>fedbot-hold</member></PolicyNames><IsTruncated>true</IsTruncated><Marker>2</Marker>`),
			say(`<PolicyNames><member>evil</member></PolicyNames><IsTruncated>false</IsTruncated>`),
		},
		"DeleteRolePolicy": {done}, "DeleteRole": {done},
	})
	if err := a.Remove(soon(t), roleTask("AROAMINE")); err != nil {
		t.Fatal(err)
	}
	want := []string{"GetRole", "PutRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "ListRolePolicies", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRolePolicy", "DeleteRole"}
	if diff := cmp.Diff(want, s.actions()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if last := s.last(t, "DeleteRolePolicy").Get("PolicyName"); last != "fedbot-hold" {
		t.Errorf("the hold went before %s", last)
	}
}

// Somebody filled the room that the hold needs. The role goes all the same.
func TestRemoveRoleWithoutRoomForTheHold(t *testing.T) {
	a, _ := scripted(t, map[string][]answer{
		"GetRole": {mine().answer()}, "PutRolePolicy": {refuse("LimitExceeded", 409)}, "ListAttachedRolePolicies": {done},
		"ListRolePolicies": {done}, "DeleteRolePolicy": {noEntity}, "DeleteRole": {done},
	})
	if err := a.Remove(soon(t), roleTask("AROAMINE")); err != nil {
		t.Error(err)
	}
}

// A call ends with its caller's deadline and is then of unknown outcome.
func TestDeadline(t *testing.T) {
	a, _ := scripted(t, map[string][]answer{"GetRole": {noEntity}, "CreateRole": {{hang: true}}})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := a.Ensure(ctx, roleTask(""))
	if kindOf(t, err) != "unknown" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A rate that the deadline does not allow is no answer of AWS's.
func TestRateWithinDeadline(t *testing.T) {
	a, s := scripted(t, map[string][]answer{"GetRole": {noEntity}}, func(o *awsiam.Options) { o.PerSecond = 0.001 })
	ctx := soon(t)
	var err error
	for range 20 {
		if _, err = a.Observe(ctx, policyTask(workflows.StepLift, "lift", "AROAMINE")); err != nil {
			break
		}
	}
	if kindOf(t, err) != "unreadable" {
		t.Errorf("got %v", err)
	}
	if n := len(s.actions()); n > 10 {
		t.Errorf("%d calls in a burst of 10", n)
	}
}

func TestSessions(t *testing.T) {
	keys := say(`<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>example</SecretAccessKey><SessionToken>example</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`)
	a, s := scripted(t, map[string][]answer{
		"AssumeRole": {keys}, "GetRole": {refuse("ExpiredToken", 403), mine().answer()},
		"ListRolePolicies": {done}, "ListAttachedRolePolicies": {done},
	}, func(o *awsiam.Options) {
		o.Accounts[0].WriterRoleARN = "arn:aws:iam::" + account + ":role/fedbot-writer"
		o.Accounts[0].ReaderRoleARN = "arn:aws:iam::" + account + ":role/fedbot-reader"
		o.Accounts[0].ExternalID = "example-external-id"
	})
	if _, err := a.Ensure(soon(t), roleTask("AROAMINE")); err != nil {
		t.Fatal(err)
	}
	form := s.last(t, "AssumeRole")
	if form.Get("RoleSessionName") != "fedbot-F-17" || form.Get("ExternalId") != "example-external-id" || !strings.HasSuffix(form.Get("RoleArn"), "fedbot-writer") {
		t.Errorf("assumed %v", form)
	}
	if n := a.Calls()["sts:AssumeRole"]; n != 2 {
		t.Errorf("signed in %d times, want again after the session was over", n)
	}
	if _, err := a.Observe(soon(t), roleTask("AROAMINE")); err != nil {
		t.Fatal(err)
	}
	if arn := s.last(t, "AssumeRole").Get("RoleArn"); !strings.HasSuffix(arn, "fedbot-reader") {
		t.Errorf("read as %s", arn)
	}
}

func TestSignInRefused(t *testing.T) {
	a, _ := scripted(t, map[string][]answer{"AssumeRole": {refuse("AccessDenied", 403)}}, func(o *awsiam.Options) {
		o.Accounts[0].WriterRoleARN = "arn:aws:iam::" + account + ":role/fedbot-writer"
	})
	_, err := a.Ensure(soon(t), roleTask(""))
	if kindOf(t, err) != "unknown" || !strings.Contains(workflows.Said(err), "AccessDenied on sts:AssumeRole") {
		t.Errorf("got %v", err)
	}
	if err := a.Reachable(soon(t), account); kindOf(t, err) != "unreadable" {
		t.Errorf("reachable: %v", err)
	}
}

// Base credentials of another account would make the role there.
func TestWrongAccount(t *testing.T) {
	other := say("<Arn>arn:aws:iam::999999999999:user/x</Arn><UserId>AIDA1</UserId><Account>999999999999</Account>")
	a, s := scripted(t, map[string][]answer{"GetCallerIdentity": {other}})
	_, err := a.Ensure(soon(t), roleTask(""))
	if kindOf(t, err) != "unknown" {
		t.Errorf("Ensure: %v", err)
	}
	if _, err := a.Observe(soon(t), roleTask("")); kindOf(t, err) != "unreadable" {
		t.Errorf("Observe: %v", err)
	}
	if len(s.actions()) > 0 {
		t.Errorf("called %v", s.actions())
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	_, err := awsiam.New(awsiam.Options{Accounts: []awsiam.Account{
		{ID: "12"}, {ID: account, WriterRoleARN: "arn:aws:iam::999999999999:role/x"}, {ID: account},
	}})
	if err == nil {
		t.Fatal("took it")
	}
	for _, want := range []string{"no clock", `"12"`, "999999999999", "twice"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not mention %s", err, want)
		}
	}
}

func TestStrangeSteps(t *testing.T) {
	a, s := scripted(t, map[string][]answer{})
	elsewhere := roleTask("")
	elsewhere.Step.Role.Account = "999999999999"
	if _, err := a.Ensure(soon(t), elsewhere); kindOf(t, err) != "unknown" {
		t.Errorf("unknown account: %v", err)
	}
	for _, step := range []workflows.Step{{Kind: workflows.StepChecks}, {Kind: workflows.StepRole}, {Kind: workflows.StepHold, Role: roleSpec()}} {
		if _, err := a.Ensure(soon(t), task(step, "")); kindOf(t, err) != "permanent" {
			t.Errorf("%s: %v", step.Kind, err)
		}
	}
	if len(s.actions()) > 0 {
		t.Errorf("called %v", s.actions())
	}
}
