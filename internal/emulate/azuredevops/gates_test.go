package azuredevops

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// guard puts a check on a resource as fedbot and returns its id.
func (w *world) guard(kind, resource, id, settings string) int {
	w.t.Helper()
	var ch struct{ ID int }
	w.want(200, "pat-requester", "POST", apis+"pipelines/checks/configurations?api-version=7.1-preview.1",
		fmt.Sprintf(`{"type":{"id":%q},"resource":{"type":%q,"id":%q},"timeout":600,"settings":%s}`, kind, resource, id, settings), &ch)
	return ch.ID
}

func TestBusinessHours(t *testing.T) {
	w := newWorld(t, nil) // it is noon on a Thursday
	id := w.connect("aws-prod")
	w.permit(id)
	hours := func(days, zone, from, to string) string {
		return fmt.Sprintf(`{"displayName":"hours","definitionRef":{"id":%q,"name":"evaluateBusinessHours","version":"0.0.1"},"inputs":{"businessDays":%q,"timeZone":%q,"startTime":%q,"endTime":%q}}`, taskBusinessHours, days, zone, from, to)
	}
	ch := w.guard(kindTask, "endpoint", id, hours("Monday,Thursday", "UTC", "13:00", "15:00"))
	r := w.queue("main")
	w.steps(10)
	if got := w.state(r.ID); got.State != "inProgress" || w.records(r.ID, "Checkpoint.TaskCheck")[0].State != "inProgress" {
		t.Errorf("before the hours: %+v", got)
	}
	w.now = w.now.Add(time.Hour)
	w.steps(8)
	if got := w.state(r.ID); got.Result != "succeeded" {
		t.Errorf("within the hours: %+v", got)
	}
	for _, closed := range []string{hours("Friday", "UTC", "00:00", "23:59"), hours("Thursday", "Nowhere/None", "00:00", "23:59"), hours("Thursday", "UTC", "00:00", "13:00")} {
		w.want(200, "pat-requester", "PATCH", apis+fmt.Sprintf("pipelines/checks/configurations/%d?api-version=7.1-preview.1", ch), `{"timeout":30,"settings":`+closed+`}`, nil)
		r = w.queue("main")
		w.steps(4)
		at := w.now
		w.now = w.now.Add(31 * time.Minute)
		w.steps(4)
		if got := w.state(r.ID); got.Result != "failed" {
			t.Errorf("%s: %+v", closed, got)
		}
		w.now = at
	}
}

func TestExclusiveLockLetsOneRunIn(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	w.guard(kindExclusive, "endpoint", id, "{}")
	a, b := w.queue("main"), w.queue("main")
	both := func() (running int) {
		for _, r := range []runState{a, b} {
			if w.records(r.ID, "Stage")[0].State == "inProgress" {
				running++
			}
		}
		return running
	}
	ended := 0
	for range 20 {
		w.steps(1)
		if both() > 1 {
			t.Fatal("two runs hold the lock")
		}
	}
	for _, r := range []runState{a, b} {
		if w.state(r.ID).Result == "succeeded" {
			ended++
		}
	}
	if ended != 2 {
		t.Errorf("%d of two runs got through", ended)
	}
}

func TestChecksOfAQueueCountToo(t *testing.T) {
	w := newWorld(t, nil)
	w.permit(w.connect("aws-prod"))
	w.guard(kindTask, "queue", "1", fmt.Sprintf(`{"definitionRef":{"id":%q,"version":"0.0.1"},"inputs":{"allowedBranches":"refs/heads/release/*"}}`, taskBranchControl))
	r := w.queue("main")
	w.steps(4)
	if got := w.state(r.ID); got.Result != "failed" {
		t.Errorf("a branch that the queue does not take: %+v", got)
	}
}

func TestApprovalInSequenceAndBlocked(t *testing.T) {
	w := newWorld(t, nil)
	id := w.connect("aws-prod")
	w.permit(id)
	var found struct{ Value []struct{ ID string } }
	w.want(200, "pat-fedbot", "GET", "/contoso-ltd/_apis/identities?searchFilter=MailAddress&filterValue=outsider@example.com", "", &found)
	outsider := found.Value[0].ID
	w.guard(kindApproval, "endpoint", id, fmt.Sprintf(`{"approvers":[{"id":%q},{"id":%q}],"executionOrder":"inSequence","minRequiredApprovers":2}`, outsider, requester))
	decide := func(token string, status int) {
		t.Helper()
		var waiting struct {
			Value []struct{ ID, ExecutionOrder string }
		}
		w.want(200, "pat-requester", "GET", apis+"pipelines/approvals?state=pending", "", &waiting)
		if len(waiting.Value) != 1 || waiting.Value[0].ExecutionOrder != "inSequence" {
			t.Fatalf("waiting: %+v", waiting)
		}
		w.want(status, token, "PATCH", apis+"pipelines/approvals?api-version=7.1", fmt.Sprintf(`[{"approvalId":%q,"status":"approved"}]`, waiting.Value[0].ID), nil)
	}
	r := w.queue("main")
	w.steps(2)
	decide("pat-requester", 400) // not its turn
	decide("pat-outsider", 200)
	decide("pat-requester", 200)
	w.steps(8)
	if got := w.state(r.ID); got.Result != "succeeded" {
		t.Errorf("approved in order: %+v", got)
	}
	other := w.connect("aws-other")
	w.permit(other)
	w.guard(kindApproval, "endpoint", other, fmt.Sprintf(`{"approvers":[{"id":%q}],"blockedApprovers":[{"id":%q}],"minRequiredApprovers":1}`, requester, requester))
	w.want(200, "pat-fedbot", "POST", apis+"pipelines/7/runs?api-version=7.1", `{"templateParameters":{"nonce":"1","connection":"aws-other"}}`, nil)
	w.steps(2)
	var waiting struct{ Value []struct{ ID string } }
	w.want(200, "pat-requester", "GET", apis+"pipelines/approvals?state=pending", "", &waiting)
	w.want(403, "pat-requester", "PATCH", apis+"pipelines/approvals?api-version=7.1", fmt.Sprintf(`[{"approvalId":%q,"status":"approved"}]`, waiting.Value[0].ID), nil)
}

func TestConnectionNamesAreTakenAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"a/b", "*", "a b", "${aws:x}", "\u540d", "it's", "a,b"} {
		id := w.connect(name)
		token, err := w.s.MintServiceConnectionToken("contoso-ltd", "Web Shop", id, TokenOptions{})
		if err != nil || w.verified(token)["sub"] != "sc://Contoso-Ltd/Web Shop/"+name {
			t.Errorf("%q: %v", name, err)
		}
	}
	var found struct{ Count int }
	if w.want(200, "pat-fedbot", "GET", apis+"serviceendpoint/endpoints?endpointNames=a%2Cb", "", &found); found.Count != 0 {
		t.Error("a name with a comma is found by name")
	}
}

func TestMadeAgainItHasTheSameSubjectAndNothingElse(t *testing.T) {
	w := newWorld(t, nil)
	first := w.connect("aws-prod")
	w.permit(first)
	w.guard(kindExclusive, "endpoint", first, "{}")
	subject := func(id string) any {
		token, err := w.s.MintServiceConnectionToken("contoso-ltd", "Web Shop", id, TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return w.verified(token)["sub"]
	}
	before := subject(first)
	w.want(204, "pat-fedbot", "DELETE", endpoints+"/"+first+"?projectIds="+shopID+"&api-version=7.1", "", nil)
	second := w.connect("aws-prod")
	var p struct{ Pipelines []any }
	var checks struct{ Count int }
	w.want(200, "pat-fedbot", "GET", apis+"pipelines/pipelinepermissions/endpoint/"+second, "", &p)
	w.want(200, "pat-fedbot", "GET", apis+"pipelines/checks/configurations?resourceType=endpoint&resourceId="+second, "", &checks)
	if second == first || subject(second) != before || len(p.Pipelines) != 0 || checks.Count != 0 {
		t.Errorf("made again: %v %v, %d pipelines, %d checks", second == first, subject(second), len(p.Pipelines), checks.Count)
	}
	w.want(204, "pat-fedbot", "PATCH", endpoints+"/"+second+"?api-version=7.1", `[{"name":"shared","projectReference":{"id":"`+opsID+`"}}]`, nil)
	w.permit(second)
	w.want(200, "pat-fedbot", "GET", strings.Replace(apis, "Web%20Shop", "Ops", 1)+"pipelines/pipelinepermissions/endpoint/"+second, "", &p)
	if len(p.Pipelines) != 0 {
		t.Errorf("shared with its permissions: %+v", p)
	}
}
