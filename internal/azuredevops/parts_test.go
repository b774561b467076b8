package azuredevops

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/serviceendpoint"

	"fedbot/workflows"
)

const someProject = "c7e5f0b3-71fa-4429-9fb3-3321963a7c06"

func wantedConnection() *workflows.ConnectionSpec {
	return &workflows.ConnectionSpec{Organization: "contoso", Project: "Web Shop", ProjectID: someProject, Name: "aws-shop-dev",
		Description: "Made by fedbot. Mark 0123456789abcdef", RoleARN: "arn:aws:iam::111122223333:role/ado-federation/ado-web-shop", SessionName: "fedbot-F-17"}
}

const goodEndpoint = `{"id":"5e47a0d8-c745-44f8-8f93-784f18ff31c4","name":"aws-shop-dev","type":"aws","url":"https://aws.amazon.com/",
 "description":"Made by fedbot. Mark 0123456789abcdef","owner":"library","isReady":true,"isDisabled":false,"creationDate":"2026-11-24T09:33:01Z",
 "createdBy":{"id":"4adb1680-0eac-6149-b5ee-fc8b4f6ca227"},"operationStatus":{"state":"Ready","statusMessage":""},"novelty":{"kept":1,"gone":null},
 "authorization":{"scheme":"UsernamePassword","parameters":{"assumeRoleArn":"arn:aws:iam::111122223333:role/ado-federation/ado-web-shop",
  "useOIDC":"true","roleSessionName":"fedbot-F-17","username":"","password":null}},
 "serviceEndpointProjectReferences":[{"name":"aws-shop-dev","description":"","projectReference":{"id":"c7e5f0b3-71fa-4429-9fb3-3321963a7c06","name":"Web Shop"}}]}`

func TestDecodeEndpoint(t *testing.T) {
	for name, c := range map[string]struct {
		raw        string
		gone       bool
		unreadable bool
	}{
		"whole":              {raw: goodEndpoint},
		"null":               {raw: `null`, gone: true},
		"without an id":      {raw: `{"operationStatus":{"state":"InProgress"}}`, gone: true},
		"stripped":           {raw: `{"id":"5e47a0d8-c745-44f8-8f93-784f18ff31c4"}`, unreadable: true},
		"empty":              {raw: `{}`, unreadable: true},
		"a page":             {raw: `<html>`, unreadable: true},
		"a list":             {raw: `[]`, unreadable: true},
		"cut in the middle":  {raw: goodEndpoint[:200], unreadable: true},
		"another type of id": {raw: `{"id":7,"type":"aws"}`, unreadable: true},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := decodeEndpoint([]byte(c.raw), someProject)
			if got := errors.Is(err, workflows.ErrUnreadable); got != c.unreadable {
				t.Fatalf("unreadable %v, want %v: %v", got, c.unreadable, err)
			}
			if err == nil && (e == nil) != c.gone {
				t.Errorf("gone %v, want %v", e == nil, c.gone)
			}
		})
	}
}

func FuzzDecodeEndpoint(f *testing.F) {
	f.Add(goodEndpoint)
	f.Add(`null`)
	f.Add(`{"id":"x","type":"aws","authorization":{"parameters":{"A":null}}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		e, err := decodeEndpoint([]byte(raw), someProject)
		if err != nil || e == nil {
			return
		}
		e.differences(wantedConnection())
		body, err := json.Marshal(e.mended(wantedConnection()))
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeEndpoint(body, someProject)
		if err != nil || again == nil {
			t.Fatalf("mended object cannot be read: %v", err)
		}
		if again.parameter("username") != "" || again.parameter("useOIDC") != "true" {
			t.Errorf("not mended: %s", body)
		}
	})
}

func TestConnectionDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []workflows.Difference
	}{
		"as wanted":        {"", "", nil},
		"another role":     {"role/ado-federation/ado-web-shop", "role/admin", []workflows.Difference{{Field: "role", Approved: wantedConnection().RoleARN, Found: "arn:aws:iam::111122223333:role/admin", Wider: true}}},
		"an access key":    {`"username":""`, `"username":"AKIAEXAMPLE"`, []workflows.Difference{{Field: "access key", Approved: "none", Found: "an access key", Wider: true}}},
		"True is not true": {`"useOIDC":"true"`, `"useOIDC":"True"`, []workflows.Difference{{Field: "uses OIDC", Approved: "true", Found: "True"}}},
		"switched off":     {`"isDisabled":false`, `"isDisabled":true`, []workflows.Difference{{Field: "state", Approved: "enabled", Found: "disabled"}}},
		"renamed":          {`References":[{"name":"aws-shop-dev"`, `References":[{"name":"aws-old"`, []workflows.Difference{{Field: "connection name", Approved: "aws-shop-dev", Found: "aws-old", Wider: true}}},
		"shared": {`"name":"Web Shop"}}]`, `"name":"Web Shop"}},{"name":"x","projectReference":{"id":"other","name":"Data Lake"}}]`,
			[]workflows.Difference{{Field: "shared with", Approved: "no other project", Found: "Data Lake", Wider: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := goodEndpoint
			if c.old != "" {
				if raw = strings.Replace(raw, c.old, c.new, 1); raw == goodEndpoint {
					t.Fatal("the case changes nothing")
				}
			}
			e, err := decodeEndpoint([]byte(raw), someProject)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, e.differences(wantedConnection())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMendedKeepsWhatItDoesNotKnow(t *testing.T) {
	e, err := decodeEndpoint([]byte(goodEndpoint), someProject)
	if err != nil {
		t.Fatal(err)
	}
	body := e.mended(wantedConnection())
	if diff := cmp.Diff(map[string]any{"kept": 1.0}, body["novelty"]); diff != "" {
		t.Error(diff)
	}
	if _, ok := body["owner"]; !ok {
		t.Error("the owner is lost")
	}
}

func TestChangeTo(t *testing.T) {
	for name, c := range map[string]struct {
		now       permits
		want      []int
		off, on   []int
		closesAll bool
	}{
		"as wanted":   {now: permits{pipelines: []int{7}}, want: []int{7}},
		"add":         {want: []int{7, 8}, on: []int{7, 8}},
		"swap":        {now: permits{pipelines: []int{7}}, want: []int{8}, off: []int{7}, on: []int{8}},
		"open":        {now: permits{all: true, pipelines: []int{7}}, want: []int{7}, closesAll: true},
		"close fully": {now: permits{all: true, pipelines: []int{7}}, off: []int{7}, closesAll: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, adding := range []bool{false, true} {
				want := c.off
				if adding {
					want = c.on
				}
				var got []int
				change := changeTo(c.now, c.want, adding)
				if change != nil && change.Pipelines != nil {
					for _, p := range *change.Pipelines {
						if *p.Authorized != adding {
							t.Errorf("pipeline %d is set to %v", *p.Id, *p.Authorized)
						}
						got = append(got, *p.Id)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("adding %v: %s", adding, diff)
				}
				closes := change != nil && change.AllPipelines != nil && !*change.AllPipelines.Authorized
				if closes != (c.closesAll && !adding) {
					t.Errorf("adding %v: closes all %v", adding, closes)
				}
			}
		})
	}
}

func TestPolicyCovers(t *testing.T) {
	policy := func(scope string) reviewPolicy {
		var p reviewPolicy
		if err := json.Unmarshal([]byte(`{"minimumApproverCount":2,"scope":[`+scope+`]}`), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	exact := `{"repositoryId":"R","refName":"refs/heads/main","matchKind":"Exact"}`
	folder := `{"repositoryId":null,"refName":"refs/heads/release","matchKind":"Prefix"}`
	def := `{"repositoryId":null,"refName":null,"matchKind":"DefaultBranch"}`
	for _, c := range []struct {
		scope, repository, branch string
		want                      bool
	}{
		{exact, "r", "refs/heads/main", true},
		{exact, "other", "refs/heads/main", false},
		{exact, "r", "refs/heads/main2", false},
		{exact, "r", "refs/heads/*", false},
		{folder, "r", "refs/heads/release/*", true},
		{folder, "r", "refs/heads/release/1", true},
		{folder, "r", "refs/heads/release-1", false},
		{folder, "r", "refs/heads/rel*", false},
		{folder, "r", "refs/heads/release/*/x*", false},
		{def, "r", "refs/heads/trunk", true},
		{def, "r", "refs/heads/main", false},
	} {
		if got := policy(c.scope).covers(c.repository, "refs/heads/trunk", c.branch); got != c.want {
			t.Errorf("%s covers %s of %s: %v", c.scope, c.branch, c.repository, got)
		}
	}
	if n := (reviewPolicy{Count: 1, CreatorVoteCounts: true}).others(); n != 0 {
		t.Errorf("an author who may approve alone counts as %d reviewers", n)
	}
}

// A connection whose name differs from ours in letters alone is somebody else's.
func TestATwinIsNotOurs(t *testing.T) {
	ours, twin := uuid.MustParse("6804a3a0-e94c-41ae-9343-c5676fd58375"), uuid.MustParse("0a1b2c3d-e94c-41ae-9343-c5676fd58375")
	name, other := "deploy", "Deploy"
	list := []serviceendpoint.ServiceEndpoint{{Id: &ours, Name: &name}, {Name: &name}, {Id: &twin, Name: &other}}
	for besides, want := range map[string]string{"": ours.String(), strings.ToUpper(ours.String()): twin.String(), twin.String(): ours.String()} {
		if got := namedBesides(list, "DEPLOY", besides); got != want {
			t.Errorf("besides %q: %q", besides, got)
		}
	}
	if got := namedBesides(list[:2], name, ours.String()); got != "" {
		t.Errorf("ours alone: %q", got)
	}
}
