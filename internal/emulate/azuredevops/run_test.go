package azuredevops

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	apis      = "/contoso-ltd/Web%20Shop/_apis/"
	queueBody = `{"resources":{"repositories":{"self":{"refName":"refs/heads/%s"}}},"templateParameters":{"nonce":"n-1"}}`
)

type runState struct {
	ID            int
	State, Result string
	Name          string
}

func (w *world) queue(branch string) runState {
	w.t.Helper()
	var r runState
	w.want(200, "pat-fedbot", "POST", apis+"pipelines/7/runs?api-version=7.1", fmt.Sprintf(queueBody, branch), &r)
	return r
}

func (w *world) state(id int) runState {
	w.t.Helper()
	var r runState
	w.want(200, "pat-fedbot", "GET", apis+fmt.Sprintf("pipelines/7/runs/%d?api-version=7.1", id), "", &r)
	return r
}

type timelineRecord struct {
	ID, ParentID, Type, Name, State, Result string
	Log                                     struct{ ID int }
	Issues                                  []struct{ Message string }
}

func (w *world) records(id int, kind string) []timelineRecord {
	w.t.Helper()
	var line struct{ Records []timelineRecord }
	w.want(200, "pat-fedbot", "GET", apis+fmt.Sprintf("build/builds/%d/timeline?api-version=7.1", id), "", &line)
	var found []timelineRecord
	for _, r := range line.Records {
		if r.Type == kind {
			found = append(found, r)
		}
	}
	return found
}

// log returns the lines of the first task's log without their times.
func (w *world) log(id int) []string {
	w.t.Helper()
	task := w.records(id, "Task")[0]
	var lines struct {
		Count int
		Value []string
	}
	w.want(200, "pat-fedbot", "GET", apis+fmt.Sprintf("build/builds/%d/logs/%d?api-version=7.1", id, task.Log.ID), "", &lines)
	var out []string
	for _, l := range lines.Value {
		stamp, text, _ := strings.Cut(l, " ")
		if len(stamp) != len("2026-01-01T00:00:00.1234567Z") {
			w.t.Fatalf("log line without a time: %q", l)
		}
		out = append(out, text)
	}
	return out
}

func TestRunStallsUntilPermittedAndThenProvesItself(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	r := w.queue("main")
	w.steps(10)
	if got := w.state(r.ID); got.State != "inProgress" {
		t.Fatalf("a run without permission is %q", got.State)
	}
	auth := w.records(r.ID, "Checkpoint.Authorization")
	if len(auth) != 1 || auth[0].State != "inProgress" || !strings.Contains(auth[0].Issues[0].Message, "service connection aws-prod") {
		t.Fatalf("checkpoint: %+v", auth)
	}
	w.permit(id)
	w.steps(10)
	if got := w.state(r.ID); got.State != "completed" || got.Result != "succeeded" {
		t.Fatalf("after the permission: %+v\n%s", got, strings.Join(w.log(r.ID), "\n"))
	}
	want := []string{
		"##[section]Starting: Who am I",
		"Configuring credentials for task",
		"...configuring AWS credentials from service endpoint '" + id + "'",
		"Skipping Instance profile, we have OIDC enabled",
		"...configuring AWS credentials from service endpoint '" + id + "'",
		"Getting OIDC Token...",
		"OIDC Token generated: issuer: {https://vstoken.dev.azure.com/" + orgID + "} sub: {sc://Contoso-Ltd/Web Shop/aws-prod}, aud: {api://AzureADTokenExchange}",
		"Configuring region for task",
		"...configured to use region eu-west-1, defined in task.",
		"Assuming role via OIDC Token...",
		"...role assumed via OIDC Token: arn:aws:sts::123456789012:assumed-role/x/aws-vsts-tools",
		"FED-BEGIN n-1",
		"{",
		`    "Account": "123456789012",`,
		`    "Arn": "arn:aws:sts::123456789012:assumed-role/x/aws-vsts-tools",`,
		`    "UserId": "AROAEXAMPLE:aws-vsts-tools"`,
		"}",
		"upload: ./hello.txt to s3://shop-dev/in/hello.txt",
		"FED-END",
		"##[section]Finishing: Who am I",
	}
	if diff := cmp.Diff(want, w.log(r.ID)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	form := w.aws.forms[0]
	if form.Get("DurationSeconds") != "900" || form.Get("RoleSessionName") != "aws-vsts-tools" || form.Get("RoleArn") != "arn:aws:iam::123456789012:role/ado/x" {
		t.Errorf("exchange: %v", form)
	}
	if got := w.aws.objects["/shop-dev/in/hello.txt"]; got != fmt.Sprintf("hello %d\n", r.ID) {
		t.Errorf("uploaded %q", got)
	}
	if !strings.HasPrefix(w.aws.auth, "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20261001/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=") {
		t.Errorf("authorization %q", w.aws.auth)
	}
	var history struct {
		Value []struct {
			EndpointID string
			Data       struct {
				ID     int
				Result string
			}
		}
	}
	w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/"+id+"/executionhistory?api-version=7.1", "", &history)
	if len(history.Value) != 1 || history.Value[0].Data.ID != r.ID || history.Value[0].Data.Result != "succeeded" {
		t.Errorf("history: %+v", history)
	}
}

func TestFailedExchangeFallsThroughSilently(t *testing.T) {
	w := newWorld(t, nil)
	w.permit(w.connect("aws-prod"))
	w.aws.deny = true
	r := w.queue("main")
	w.steps(10)
	if got := w.state(r.ID); got.Result != "failed" {
		t.Fatalf("run: %+v", got)
	}
	text := strings.Join(w.log(r.ID), "\n")
	for _, line := range []string{
		"Failed to assume role with OIDC: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
		"...endpoint defines role-based credentials for role arn:aws:iam::123456789012:role/ado/x.",
		"##[error]CredentialsError: Missing credentials in config",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if strings.Contains(text, "FED-BEGIN") {
		t.Error("the script ran without credentials")
	}
}

func TestHeldRoleCanSayWhoItIsAndNothingElse(t *testing.T) {
	w := newWorld(t, nil)
	w.permit(w.connect("aws-prod"))
	w.aws.held = true
	r := w.queue("main")
	w.steps(10)
	text := strings.Join(w.log(r.ID), "\n")
	if !strings.Contains(text, "AROAEXAMPLE:aws-vsts-tools") ||
		!strings.Contains(text, "upload failed: ./hello.txt to s3://shop-dev/in/hello.txt An error occurred (AccessDenied) when calling the PutObject operation: with an explicit deny") {
		t.Errorf("log:\n%s", text)
	}
	if strings.Contains(text, "FED-END") || w.state(r.ID).Result != "failed" {
		t.Error("set -e did not stop the script")
	}
}

func TestBranchControlAndApproval(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	checks := apis + "pipelines/checks/configurations?api-version=7.1-preview.1"
	w.want(200, "pat-fedbot", "POST", checks, `{"type":{"id":"fe1de3ee-a436-41b4-bb20-f6eb4cb879a7","name":"Task Check"},"timeout":1440,
 "resource":{"type":"endpoint","id":"`+id+`","name":"aws-prod"},"settings":{"displayName":"Only main",
 "definitionRef":{"id":"86b05a0c-73e6-4f7d-b3cf-e38f3b39a75b","name":"evaluatebranchProtection","version":"0.0.1"},
 "inputs":{"allowedBranches":"refs/heads/main","ensureProtectionOfBranch":"true"},"retryInterval":5}}`, nil)
	w.want(200, "pat-fedbot", "POST", checks, `{"type":{"id":"8c6f20a7-a545-4486-9777-f762fafe0d4d","name":"Approval"},"timeout":60,
 "resource":{"type":"endpoint","id":"`+id+`","name":"aws-prod"},
 "settings":{"approvers":[{"id":"`+requester+`"}],"minRequiredApprovers":1,"requesterCannotBeApprover":true}}`, nil)

	wrong := w.queue("feature/x")
	w.steps(4)
	if got := w.state(wrong.ID); got.Result != "failed" {
		t.Fatalf("a run of a foreign branch: %+v", got)
	}
	if task := w.records(wrong.ID, "Task")[0]; task.Result != "skipped" {
		t.Errorf("its task: %+v", task)
	}

	right := w.queue("main")
	w.steps(4)
	var pending struct{ Value []struct{ ID, Status string } }
	w.want(200, "pat-fedbot", "GET", apis+"pipelines/approvals?state=pending&api-version=7.1", "", &pending)
	if len(pending.Value) != 1 {
		t.Fatalf("pending: %+v", pending)
	}
	decide := `[{"approvalId":"` + pending.Value[0].ID + `","status":"approved","comment":"go"}]`
	w.want(403, "pat-outsider", "PATCH", apis+"pipelines/approvals?api-version=7.1", decide, nil)
	w.want(200, "pat-requester", "PATCH", apis+"pipelines/approvals?api-version=7.1", decide, nil)
	w.steps(6)
	if got := w.state(right.ID); got.Result != "succeeded" {
		t.Errorf("an approved run: %+v", got)
	}
	slow := w.queue("main")
	w.steps(2)
	w.now = w.now.Add(61 * 60 * 1e9)
	w.steps(4)
	if got := w.state(slow.ID); got.Result != "failed" {
		t.Errorf("a run that nobody approved: %+v", got)
	}
}

func TestRunsSurviveAKillAndCanBeCancelled(t *testing.T) {
	open := journalIn(t)
	w := newWorld(t, func(o *Options) { o.Journal = open() })
	id := w.connect("aws-prod")
	w.permit(id)
	r := w.queue("main")
	w.steps(2) // checkpoint passed, job started
	again := newWorld(t, func(o *Options) { o.Journal = open() })
	again.steps(6)
	if got := again.state(r.ID); got.Result != "succeeded" {
		t.Fatalf("after a restart: %+v", got)
	}
	if kid(w.s.key) != kid(again.s.key) {
		t.Error("the restart made a new key")
	}
	other := again.queue("main")
	again.want(200, "pat-fedbot", "PATCH", apis+fmt.Sprintf("build/builds/%d?api-version=7.1", other.ID), `{"status":"cancelling"}`, nil)
	again.steps(1)
	if got := again.state(other.ID); got.Result != "canceled" {
		t.Errorf("cancelled: %+v", got)
	}
}

func TestNoAgentAnswers(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Seed.Organizations[0].Projects[0].Queues = []Queue{{ID: 3, Name: "Azure Pipelines", Offline: true}}
	})
	w.permit(w.connect("aws-prod"))
	r := w.queue("main")
	w.steps(10)
	var b struct{ Status string }
	w.want(200, "pat-fedbot", "GET", apis+fmt.Sprintf("build/builds/%d?api-version=7.1", r.ID), "", &b)
	if job := w.records(r.ID, "Job")[0]; job.State != "pending" || b.Status != "notStarted" {
		t.Errorf("job %+v, build %q", job, b.Status)
	}
}

func TestQueueRefuses(t *testing.T) {
	w := newWorld(t, nil)
	w.connect("aws-prod")
	for name, body := range map[string]string{
		"parameter missing":  `{}`,
		"parameter unknown":  `{"templateParameters":{"nonce":"1","other":"2"}}`,
		"no such branch":     `{"resources":{"repositories":{"self":{"refName":"refs/heads/none"}}},"templateParameters":{"nonce":"1"}}`,
		"no such connection": `{"templateParameters":{"nonce":"1","connection":"missing"}}`,
	} {
		var f struct{ TypeKey string }
		w.want(400, "pat-fedbot", "POST", apis+"pipelines/7/runs?api-version=7.1", body, &f)
		if f.TypeKey != "PipelineValidationException" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	w.want(403, "pat-outsider", "POST", apis+"pipelines/7/runs?api-version=7.1", `{"templateParameters":{"nonce":"1"}}`, nil)
	var p struct{ FinalYaml string }
	w.want(200, "pat-fedbot", "POST", apis+"pipelines/7/preview?api-version=7.1", `{"previewRun":true,"templateParameters":{"nonce":"a: b"}}`, &p)
	if !strings.Contains(p.FinalYaml, "FED-BEGIN a: b") {
		t.Errorf("expanded:\n%s", p.FinalYaml)
	}
}
