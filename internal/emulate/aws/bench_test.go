package aws

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"
)

// crowd is an emulator with n roles in an account, each with the boundary, a policy
// and tags.
func crowd(tb testing.TB, n int) *rig {
	tb.Helper()
	journal, err := wire.OpenJournal("")
	if err != nil {
		tb.Fatal(err)
	}
	seed := testSeed()
	seed.Accounts[0].Quotas = map[string]int{"RolesQuota": 20000}
	for i := range n {
		seed.Roles = append(seed.Roles, Role{
			Account: dev, Path: "/ado-federation/", Name: fmt.Sprintf("ado-%05d", i), Trust: trustFor(subject), Boundary: boundary,
			Inline: map[string]string{"p": allowS3}, Tags: []Tag{{"owner", "team web"}}, Attached: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"},
		})
	}
	r := &rig{now: time.Now().UTC(), gate: &wire.Gate{}}
	if r.Server, err = New(Options{Journal: journal, Gate: r.gate, Now: r.Now, Seed: seed, Switches: Switches{Rates: []Rate{}}}); err != nil {
		tb.Fatal(err)
	}
	return r
}

// singles are calls about one object. CreateRole and DeleteRole take turns.
var singles = []struct {
	name, service string
	calls         []url.Values
}{
	{"GetRole", "iam", []url.Values{{"Action": {"GetRole"}, "RoleName": {"ado-00005"}}}},
	{"GetRole of nobody", "iam", []url.Values{{"Action": {"GetRole"}, "RoleName": {"nobody"}}}},
	{"CreateRole, DeleteRole", "iam", []url.Values{
		{"Action": {"CreateRole"}, "RoleName": {"ado-new"}, "Path": {"/ado-federation/"}, "AssumeRolePolicyDocument": {trustFor(subject)}, "PermissionsBoundary": {boundary}},
		{"Action": {"DeleteRole"}, "RoleName": {"ado-new"}},
	}},
	{"PutRolePolicy", "iam", []url.Values{{"Action": {"PutRolePolicy"}, "RoleName": {"ado-00005"}, "PolicyName": {"p"}, "PolicyDocument": {allowS3}}}},
	{"TagRole", "iam", []url.Values{{"Action": {"TagRole"}, "RoleName": {"ado-00005"}, "Tags.member.1.Key": {"a"}, "Tags.member.1.Value": {"b"}}}},
	{"GetPolicy", "iam", []url.Values{{"Action": {"GetPolicy"}, "PolicyArn": {boundary}}}},
	{"CreatePolicy, DeletePolicy", "iam", []url.Values{
		{"Action": {"CreatePolicy"}, "PolicyName": {"new"}, "PolicyDocument": {allowS3}},
		{"Action": {"DeletePolicy"}, "PolicyArn": {"arn:aws:iam::" + dev + ":policy/new"}},
	}},
	{"GetAccountSummary", "iam", []url.Values{{"Action": {"GetAccountSummary"}}}},
	{"ListRoles, first ten", "iam", []url.Values{{"Action": {"ListRoles"}, "MaxItems": {"10"}}}},
	{"GenerateServiceLastAccessedDetails", "iam", []url.Values{{"Action": {"GenerateServiceLastAccessedDetails"}, "Arn": {"arn:aws:iam::" + dev + ":role/ado-federation/ado-00005"}}}},
	{"GetCallerIdentity", "sts", []url.Values{{"Action": {"GetCallerIdentity"}}}},
}

// prepared signs the calls once; each run answers them all.
func (r *rig) prepared(tb testing.TB, service string, calls []url.Values) func() {
	tb.Helper()
	var bodies []string
	var requests []*http.Request
	for _, form := range calls {
		form.Set("Version", map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service])
		body := form.Encode()
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		signRequest(tb, req, devAdmin, service, []byte(body), r.Now())
		bodies, requests = append(bodies, body), append(requests, req)
	}
	return func() {
		for i, req := range requests {
			again := req.Clone(req.Context())
			again.Body = io.NopCloser(strings.NewReader(bodies[i]))
			w := httptest.NewRecorder()
			r.ServeHTTP(w, again)
			if w.Code >= 500 {
				tb.Fatal(w.Body)
			}
		}
	}
}

// BenchmarkSingleObject is what calls about one object cost among ten roles and
// among ten thousand, and the floor: a handler that reads the body and says nothing.
func BenchmarkSingleObject(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=GetRole"))
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = r.Body.Close() }).ServeHTTP(httptest.NewRecorder(), req)
		}
	})
	for _, n := range []int{10, 10_000} {
		r := crowd(b, n)
		for _, s := range singles {
			run := r.prepared(b, s.service, s.calls)
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				for b.Loop() {
					run()
				}
			})
		}
	}
}

// TestSingleObjectCallsDoNotScan counts allocations instead of time: a call about
// one object makes as many among two thousand roles as among twenty.
func TestSingleObjectCallsDoNotScan(t *testing.T) {
	few, many := crowd(t, 20), crowd(t, 2000)
	for _, s := range singles {
		a := testing.AllocsPerRun(20, few.prepared(t, s.service, s.calls))
		b := testing.AllocsPerRun(20, many.prepared(t, s.service, s.calls))
		if b > a*1.1+20 {
			t.Errorf("%s makes %.0f allocations among 20 roles and %.0f among 2000", s.name, a, b)
		}
	}
}
