package awsiam_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fedbot/internal/awsiam"
	"fedbot/workflows"
)

// script is an AWS that answers what a test told it to, and keeps what it was
// asked. The last answer to an action is repeated.
type script struct {
	mu      sync.Mutex
	answers map[string][]answer
	asked   []url.Values
}

type answer struct {
	status int
	body   string
	hang   bool // until the caller gives up
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.asked = append(s.asked, r.PostForm)
	action := r.PostForm.Get("Action")
	queue := s.answers[action]
	a := refuse("InvalidAction", 400)
	if len(queue) > 0 {
		a = queue[0]
	}
	if len(queue) > 1 {
		s.answers[action] = queue[1:]
	}
	s.mu.Unlock()
	if a.hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(a.status)
	fmt.Fprint(w, strings.ReplaceAll(a.body, "$ACTION", action))
}

// actions are what was asked, in order, without the questions who we are.
func (s *script) actions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, form := range s.asked {
		if a := form.Get("Action"); a != "GetCallerIdentity" {
			all = append(all, a)
		}
	}
	return all
}

// last is the latest question of an action.
func (s *script) last(t *testing.T, action string) url.Values {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range slices.Backward(s.asked) {
		if form.Get("Action") == action {
			return form
		}
	}
	t.Fatalf("%s was never asked", action)
	return nil
}

func say(inner string) answer {
	return answer{status: 200, body: "<$ACTIONResponse><$ACTIONResult>" + inner + "</$ACTIONResult></$ACTIONResponse>"}
}

func refuse(code string, status int) answer {
	return answer{status: status, body: "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>m</Message></Error></ErrorResponse>"}
}

var (
	done     = say("")
	noEntity = refuse("NoSuchEntity", 404)
	taken    = refuse("EntityAlreadyExists", 409)
	identity = say("<Arn>arn:aws:iam::" + account + ":user/fedbot</Arn><UserId>AIDA1</UserId><Account>" + account + "</Account>")
)

// seen is a role as the scripted AWS shows it.
type seen struct {
	id, path, boundary, trust, description string
	made                                   time.Time
	session                                int
	tags                                   map[string]string
	bare                                   bool // no boundary at all
}

// mine is the role exactly as roleTask wants it.
func mine() seen {
	tags := map[string]string{"managed-by": "fedbot", "fedbot-mark": mark}
	for k, v := range roleSpec().Tags {
		tags[k] = v
	}
	return seen{id: "AROAMINE", path: "/ado-federation/", boundary: boundaryARN, trust: roleSpec().Trust,
		description: roleSpec().Description, made: epoch, session: 3600, tags: tags}
}

func (r seen) answer() answer {
	var tags strings.Builder
	for k, v := range r.tags {
		fmt.Fprintf(&tags, "<member><Key>%s</Key><Value>%s</Value></member>", k, v)
	}
	limit := "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>" + r.boundary + "</PermissionsBoundaryArn></PermissionsBoundary>"
	if r.bare {
		limit = ""
	}
	return say(fmt.Sprintf(`<Role><RoleId>%s</RoleId><RoleName>%s</RoleName><Path>%s</Path><Arn>%s</Arn><CreateDate>%s</CreateDate>`+
		`<AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument><Description>%s</Description><MaxSessionDuration>%d</MaxSessionDuration>%s<Tags>%s</Tags></Role>`,
		r.id, roleName, r.path, "arn:aws:iam::"+account+":role"+r.path+roleName, r.made.Format(time.RFC3339),
		url.PathEscape(r.trust), r.description, r.session, limit, tags.String()))
}

// scripted sets up an AWS over a script, with base credentials only.
func scripted(t *testing.T, answers map[string][]answer, change ...func(*awsiam.Options)) (*awsiam.AWS, *script) {
	t.Helper()
	s := &script{answers: answers}
	if s.answers["GetCallerIdentity"] == nil {
		s.answers["GetCallerIdentity"] = []answer{identity}
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	o := awsiam.Options{
		Config:    aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")},
		Endpoint:  server.URL,
		Accounts:  []awsiam.Account{{ID: account, Name: "shop-dev", Region: "eu-west-1", Boundary: "boundary"}},
		Now:       func() time.Time { return epoch },
		PerSecond: 10000,
	}
	for _, f := range change {
		f(&o)
	}
	a, err := awsiam.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a, s
}

const (
	account     = "123456789012"
	roleName    = "ado-web-shop-aws-shop-dev-1a2b3c4d"
	mark        = "1a2b3c4d5e6f7a8b"
	issuer      = "https://vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"
	audience    = "api://AzureADTokenExchange"
	providerARN = "arn:aws:iam::" + account + ":oidc-provider/vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375"
	boundaryARN = "arn:aws:iam::" + account + ":policy/ado-federation/boundary"
	rARN        = "arn:aws:iam::" + account + ":role/ado-federation/" + roleName
	readWeb     = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::shop-site-dev/web/*"]}]}`
)

var epoch = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func roleSpec() *workflows.RoleSpec {
	return &workflows.RoleSpec{
		Account: account, Path: "/ado-federation/", Name: roleName, ARN: rARN,
		Description: "Federation F-17, managed by fedbot", Boundary: boundaryARN, MaxSession: 3600,
		Trust: trustFor("sc://contoso/Web Shop/aws-shop-dev"),
		Tags:  map[string]string{"ado-connection-id": "11111111-2222-3333-4444-555555555555", "federation": "F-17"},
	}
}

func trustFor(subject string) string {
	key := strings.TrimPrefix(issuer, "https://")
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"AdoSub","Effect":"Allow","Principal":{"Federated":"%s"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"%s:aud":"%s","%s:sub":"%s"}}}]}`, providerARN, key, audience, key, subject)
}

func task(s workflows.Step, ref string) workflows.Task {
	s.System = workflows.AWS
	t := workflows.Task{
		Federation: "F-17", Mark: mark, Step: s, Ref: ref, Refs: map[workflows.StepID]string{},
		Intended: epoch.Add(-time.Minute), Now: epoch,
	}
	if s.Kind == workflows.StepRole && ref != "" {
		t.Refs[workflows.RoleID] = ref
	}
	return t
}

func roleTask(ref string) workflows.Task {
	return task(workflows.Step{ID: "role", Kind: workflows.StepRole, Role: roleSpec()}, ref)
}

func providerTask() workflows.Task {
	return task(workflows.Step{ID: "provider", Kind: workflows.StepProvider,
		Provider: &workflows.ProviderSpec{Account: account, ARN: providerARN, Issuer: issuer, Audience: audience}}, "")
}

// policyTask is a task about an inline policy of the role with this id.
func policyTask(kind workflows.StepKind, id workflows.StepID, role string) workflows.Task {
	t := task(workflows.Step{ID: id, Kind: kind, Policy: &workflows.PolicySpec{
		Account: account, Role: roleName, RoleARN: rARN, Boundary: boundaryARN, Name: "tmpl-s3-read-v1", Document: readWeb,
	}}, "")
	if role != "" {
		t.Refs[workflows.RoleID] = role
	}
	return t
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
