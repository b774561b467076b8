package azuredevops_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"fedbot/internal/azuredevops"
	emulator "fedbot/internal/emulate/azuredevops"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

const (
	organizationID = "6804a3a0-e94c-41ae-9343-c5676fd58375"
	projectID      = "c7e5f0b3-71fa-4429-9fb3-3321963a7c06"
	repositoryID   = "0a0a0a0a-71fa-4429-9fb3-3321963a7c06"
	mark           = "0123456789abcdef"
	roleARN        = "arn:aws:iam::111122223333:role/ado-federation/ado-web-shop-aws-shop-dev"
	roleID         = "AROAEXAMPLE17EXAMPLE"
)

// world is an emulated organization, our adapter, and a clock of their own.
type world struct {
	t      *testing.T
	server *emulator.Server
	gate   *wire.Gate
	ours   *azuredevops.DevOps
	theirs *azuredevops.DevOps // the same calls, made by an administrator
	url    string

	mu  sync.Mutex
	now time.Time
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T, change ...func(*emulator.Seed, *emulator.Options)) *world {
	t.Helper()
	w := &world{t: t, gate: &wire.Gate{}, now: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)}
	aws := httptest.NewServer(http.HandlerFunc(sts))
	t.Cleanup(aws.Close)
	verify := azuredevops.VerificationYAML()
	seed := emulator.Seed{Organizations: []emulator.Organization{{ID: organizationID, Name: "contoso", Toolkit: "1.23.0",
		Projects: []emulator.Project{{ID: projectID, Name: "Web Shop",
			Repositories: []emulator.Repository{{ID: repositoryID, Name: "shop",
				Branches: map[string]map[string]string{"main": {"/verify.yml": verify, "/build.yml": "steps:\n- script: echo hello\n"}, "dev": {"/verify.yml": verify + "# more\n"}},
				Policies: []emulator.Policy{{Branch: "main", Reviewers: 2}, {Branch: "dev", Reviewers: 1, Optional: true}}}},
			Pipelines: []emulator.Pipeline{{ID: 7, Name: "storefront-deploy", Repository: "shop", Path: "/build.yml"},
				{ID: 8, Name: "nightly", Folder: `\ops`, Repository: "shop", Path: "/build.yml"},
				{ID: 9, Name: "fedbot-verify", Repository: "shop", Path: "/verify.yml"}},
			Connections: []emulator.Connection{{ID: "11111111-0000-4000-8000-000000000001", Name: "aws-data", Parameters: map[string]string{"username": "AKIAEXAMPLE", "password": "x"}, All: true}},
		}, {Name: "Data Lake"}},
		People: []emulator.Person{{Name: "Requester", Email: "requester@example.com", ProjectAdministrator: []string{"Web Shop"}},
			{Name: "Outsider", Email: "outsider@example.com", Contributor: []string{"Data Lake"}},
			{Name: "Contributor", Email: "contributor@example.com", Contributor: []string{"Web Shop"}},
			{Name: "Administrator", Email: "administrator@example.com", Token: "administrators", ProjectAdministrator: []string{"Web Shop", "Data Lake"}}},
		Services: []emulator.Service{{Name: "fedbot", Token: "ours", Rights: map[string][]emulator.Right{
			"Web Shop": {emulator.RightRead, emulator.RightView, emulator.RightCreate, emulator.RightQueue, emulator.RightAudit}}},
			{Name: "fedbot-blind", Token: "blind", Rights: map[string][]emulator.Right{"Web Shop": {emulator.RightRead}}}},
	}}}
	o := emulator.Options{Gate: w.gate, Now: w.time, AWS: aws.URL, BaseURL: func() string { return w.url }}
	for _, c := range change {
		c(&seed, &o)
	}
	o.Seed = seed
	var err error
	if w.server, err = emulator.New(o); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(w.server)
	t.Cleanup(front.Close)
	w.url = front.URL
	w.ours, w.theirs = w.adapter("ours", nil), w.adapter("administrators", nil)
	return w
}

func (w *world) adapter(token string, reader azuredevops.Credential) *azuredevops.DevOps {
	w.t.Helper()
	d, err := azuredevops.New(azuredevops.Options{Now: w.time, Lag: 10 * time.Second, PerSecond: 10000,
		Organizations: []azuredevops.Organization{{Name: "contoso", URL: w.url + "/contoso", Token: pat(token), Reader: reader}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func pat(token string) azuredevops.Credential {
	return func(context.Context) (string, string, error) { return "Basic", token, nil }
}

// sts answers as much of STS as a verification run needs.
func sts(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	action := r.PostForm.Get("Action")
	inner := `<UserId>` + roleID + `:fedbot-F-17</UserId><Account>111122223333</Account><Arn>arn:aws:sts::111122223333:assumed-role/x/fedbot-F-17</Arn>`
	if action == "AssumeRoleWithWebIdentity" {
		inner = `<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret-of-the-run</SecretAccessKey><SessionToken>token-of-the-run</SessionToken></Credentials>` +
			`<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/x/fedbot-F-17</Arn></AssumedRoleUser>`
	}
	_, _ = fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, inner)
}

// task is a step of federation F-17 as the engine would hand it out.
func (w *world) task(kind workflows.StepKind) workflows.Task {
	step := workflows.Step{ID: workflows.StepID(kind), Kind: kind, System: workflows.AzureDevOps}
	verifier := workflows.Pipeline{ID: 9, Name: "fedbot-verify", Repository: repositoryID, Path: "/verify.yml"}
	switch kind {
	case workflows.StepConnection:
		step.Connection = &workflows.ConnectionSpec{Organization: "contoso", Project: "Web Shop", ProjectID: projectID, Name: "aws-shop-dev",
			Description: "Made by fedbot for F-17. Mark " + mark, RoleARN: roleARN, SessionName: "fedbot-F-17"}
	case workflows.StepChecks:
		step.Checks = &workflows.ChecksSpec{Organization: "contoso", ProjectID: projectID, Connection: "aws-shop-dev", ConnectionID: workflows.BlankConnection,
			Branches: []string{"refs/heads/main", "refs/heads/release/*"}}
	case workflows.StepPipelines:
		step.Pipelines = &workflows.PipelinesSpec{Organization: "contoso", ProjectID: projectID, Connection: "aws-shop-dev",
			Pipelines: []workflows.Pipeline{{ID: 7, Name: "storefront-deploy"}}}
	default:
		step.Proof = &workflows.ProofSpec{Organization: "contoso", Project: "Web Shop", ProjectID: projectID, Connection: "aws-shop-dev",
			Pipeline: verifier, Ref: "refs/heads/main", Region: "eu-west-1", RoleARN: roleARN}
	}
	return workflows.Task{Federation: "F-17", Mark: mark, Step: step, Refs: map[workflows.StepID]string{}, Intended: w.time(), Nonce: "77aa", Now: w.time()}
}

// about is a task of a step that follows the connection.
func (w *world) about(kind workflows.StepKind, connection string) workflows.Task {
	t := w.task(kind)
	t.Refs[workflows.ConnectionID] = connection
	return t
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) ensure(t workflows.Task) workflows.Result {
	w.t.Helper()
	r, err := w.ours.Ensure(w.ctx(), t)
	if err != nil {
		w.t.Fatalf("ensure %s: %v", t.Step.ID, err)
	}
	return r
}

func (w *world) remove(t workflows.Task) {
	w.t.Helper()
	if err := w.ours.Remove(w.ctx(), t); err != nil {
		w.t.Fatalf("remove %s: %v", t.Step.ID, err)
	}
}

func (w *world) observe(t workflows.Task) workflows.Observation {
	w.t.Helper()
	seen, err := w.ours.Observe(w.ctx(), t)
	if err != nil {
		w.t.Fatalf("observe %s: %v", t.Step.ID, err)
	}
	return seen
}

// connect makes the connection and returns its id.
func (w *world) connect() string {
	w.t.Helper()
	return w.ensure(w.task(workflows.StepConnection)).Ref
}

// do is a plain REST call by an administrator.
func (w *world) do(method, path, body string) string {
	w.t.Helper()
	return w.as("administrators", method, path, body)
}

func (w *world) as(token, method, path, body string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), method, w.url+"/contoso/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("", token)
	req.Header.Set("Accept", "application/json;api-version=7.2-preview")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s %v %s", method, path, resp.Status, err, raw)
	}
	return string(raw)
}

func (w *world) connections() int {
	return strings.Count(w.do("GET", projectID+"/_apis/serviceendpoint/endpoints", ""), `"isReady"`)
}

func (w *world) permissions(connection string) string {
	return projectID + "/_apis/pipelines/pipelinepermissions/endpoint/" + connection
}

func fields(seen workflows.Observation) string {
	var out []string
	for _, d := range seen.Differences {
		word := d.Field
		if d.Wider {
			word += "!"
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

func (w *world) clean(t workflows.Task) {
	w.t.Helper()
	if seen := w.observe(t); !seen.Exists || len(seen.Differences) > 0 {
		w.t.Errorf("%s: exists %v, differences %+v", t.Step.ID, seen.Exists, seen.Differences)
	}
}

var (
	_ workflows.Stepper = (*azuredevops.DevOps)(nil)
	_ workflows.Watcher = (*azuredevops.DevOps)(nil)
)
