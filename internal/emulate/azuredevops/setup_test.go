package azuredevops

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
)

const (
	orgID     = "6804a3a0-e94c-41ae-9343-c5676fd58375"
	shopID    = "c7e5f0b3-71fa-4429-9fb3-3321963a7c06"
	opsID     = "184fda7e-3559-4b3c-afa0-1b6998330f84"
	requester = "3b3db741-9d03-4e32-a7c0-6c3dfc2013c1"
	repoID    = "aa11a3a0-e94c-41ae-9343-c5676fd58375"
)

const checkYAML = `trigger: none
parameters:
  - name: nonce
    type: string
  - name: connection
    type: string
    default: aws-prod
pool: { vmImage: ubuntu-latest }
steps:
  - task: AWSShellScript@1
    displayName: Who am I
    inputs:
      awsCredentials: ${{ parameters.connection }}
      regionName: eu-west-1
      scriptType: inline
      inlineScript: |
        set -e
        echo "FED-BEGIN ${{ parameters.nonce }}"
        aws sts get-caller-identity --output json
        echo "hello $BUILD_BUILDID" > hello.txt   # a file
        aws s3 cp hello.txt s3://shop-dev/in/
        echo "FED-END"
`

func seed() Seed {
	return Seed{Organizations: []Organization{{
		ID: orgID, Name: "Contoso-Ltd", Toolkit: "1.23.0",
		Projects: []Project{
			{ID: shopID, Name: "Web Shop",
				Repositories: []Repository{{ID: repoID, Name: "web-shop", Branches: map[string]map[string]string{
					"main": {"/aws-check.yml": checkYAML}, "feature/x": {"/aws-check.yml": checkYAML}},
					Policies: []Policy{{Branch: "main", Reviewers: 2}}}},
				Pipelines: []Pipeline{{ID: 7, Name: "aws check", Repository: "web-shop", Path: "/aws-check.yml"}}},
			{ID: opsID, Name: "Ops"},
		},
		People: []Person{
			{ID: requester, Name: "Requester", Email: "requester@example.com", Token: "pat-requester", ProjectAdministrator: []string{"Web Shop"}},
			{Name: "Outsider", Email: "outsider@example.com", Token: "pat-outsider", Reader: []string{"Web Shop"}},
		},
		Services: []Service{
			{Name: "fedbot", Token: "pat-fedbot", Rights: map[string][]Right{"Web Shop": {RightRead, RightView, RightCreate, RightQueue}, "Ops": {RightRead, RightCreate}},
				Scopes: []string{"vso.serviceendpoint_manage", "vso.project", "vso.build_execute", "vso.pipelineresources_manage", "vso.code", "vso.identity", "vso.extension_manage"}},
			{Name: "narrow", Token: "pat-narrow", Scopes: []string{"vso.project"}, Rights: map[string][]Right{"Web Shop": {RightRead}}},
		},
	}}}
}

// testKey is made once: making one takes long.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is an emulator behind HTTP with a clock that the test moves.
type world struct {
	t   *testing.T
	s   *Server
	url string
	now time.Time
	aws *stubAWS
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)}
	w.aws = newStubAWS(t)
	o := Options{Now: func() time.Time { return w.now }, Seed: seed(), AWS: w.aws.url, BaseURL: func() string { return w.url }}
	if change != nil {
		change(&o)
	}
	if o.Journal == nil {
		o.key = testKey()
	}
	var err error
	if w.s, err = New(o); err != nil {
		t.Fatal(err)
	}
	files, err := microsoft()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(files.watch(w.s))
	w.url = "http://" + srv.Listener.Addr().String() // before anybody can ask
	srv.Start()
	t.Cleanup(srv.Close)
	return w
}

// do sends one request and decodes a JSON object; it returns the status.
func (w *world) do(token, method, path, body string, into any) int {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("", token)
	req.Header.Set("X-TFS-FedAuthRedirect", "Suppress")
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(bytes.TrimSpace(raw), into); err != nil {
			w.t.Fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, raw, err)
		}
	}
	return resp.StatusCode
}

// want is do with a status that has to come back.
func (w *world) want(status int, token, method, path, body string, into any) {
	w.t.Helper()
	var raw json.RawMessage
	var target any = &raw
	if status == http.StatusNoContent || status == http.StatusUnauthorized && into == nil {
		target = nil
	}
	if got := w.do(token, method, path, body, target); got != status {
		w.t.Fatalf("%s %s: got %d, want %d: %s", method, path, got, status, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			w.t.Fatalf("%s %s: %s: %v", method, path, raw, err)
		}
	}
}

const awsBody = `{"name":%q,"type":"aws","url":"https://aws.amazon.com/","authorization":{"scheme":"UsernamePassword","parameters":
 {"assumeRoleArn":"arn:aws:iam::123456789012:role/ado/x","useOIDC":"true","username":"","password":"","sessionToken":"","roleSessionName":"","externalId":""}},
 "serviceEndpointProjectReferences":[{"name":%q,"projectReference":{"id":%q}}]}`

// connect creates a connection in Web Shop as fedbot and returns its id.
func (w *world) connect(name string) string {
	w.t.Helper()
	var k struct{ ID string }
	w.want(200, "pat-fedbot", "POST", "/contoso-ltd/_apis/serviceendpoint/endpoints?api-version=7.1", fmt.Sprintf(awsBody, name, name, shopID), &k)
	return k.ID
}

func (w *world) permit(id string) {
	w.t.Helper()
	w.want(200, "pat-fedbot", "PATCH", "/contoso-ltd/Web%20Shop/_apis/pipelines/pipelinepermissions/endpoint/"+id+"?api-version=7.1-preview.1",
		`{"pipelines":[{"id":7,"authorized":true}]}`, nil)
}

// steps makes n transitions.
func (w *world) steps(n int) {
	for range n {
		w.s.Step(w.t.Context())
	}
}

func journalIn(t *testing.T) (open func() *wire.Journal) {
	path := filepath.Join(t.TempDir(), "journal")
	return func() *wire.Journal {
		j, err := wire.OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
}

// stubAWS answers STS and S3 by itself, so that this package is tested alone.
type stubAWS struct {
	url     string
	mu      sync.Mutex
	forms   []url.Values
	objects map[string]string
	deny    bool // refuse web identities
	held    bool // refuse everything but who one is
	auth    string
}

func newStubAWS(t *testing.T) *stubAWS {
	a := &stubAWS{objects: map[string]string{}}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	a.url = srv.URL
	return a
}

func (a *stubAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	fail := func(status int, code, message string) {
		w.WriteHeader(status)
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Code    string   `xml:"Error>Code"`
			Message string   `xml:"Error>Message"`
		}{Code: code, Message: message})
	}
	if r.URL.Path != "/" {
		a.auth = r.Header.Get("Authorization")
		if a.held {
			w.WriteHeader(403)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>with an explicit deny in an identity-based policy</Message></Error>`)
			return
		}
		a.objects[r.URL.Path] = string(body)
		return
	}
	form, _ := url.ParseQuery(string(body))
	a.forms = append(a.forms, form)
	switch form.Get("Action") {
	case "AssumeRoleWithWebIdentity":
		if a.deny {
			fail(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
			return
		}
		fmt.Fprint(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>very-secret</SecretAccessKey><SessionToken>session-token</SessionToken></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/aws-vsts-tools</Arn></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
	case "GetCallerIdentity":
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/x/aws-vsts-tools</Arn>
<UserId>AROAEXAMPLE:aws-vsts-tools</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	default:
		fail(400, "InvalidAction", "unknown")
	}
}
