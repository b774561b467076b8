package aws

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"fedbot/internal/emulate/wire"
)

func httptestRequest() *http.Request { return httptest.NewRequest(http.MethodPost, "/", nil) }

// TestLookupsAreTwoASecond needs no switch: AWS has documented it.
func TestLookupsAreTwoASecond(t *testing.T) {
	r := start(t, func(o *Options) { o.Switches.Rates = nil })
	lookup := func(k keys, region string) error {
		_, err := r.trailIn(k, region).LookupEvents(context.Background(), &cloudtrail.LookupEventsInput{})
		return err
	}
	wantCode(t, lookup(devAdmin, region), "")
	wantCode(t, lookup(devAdmin, region), "")
	wantCode(t, lookup(devAdmin, region), "ThrottlingException")
	wantCode(t, lookup(devAdmin, "us-east-1"), "") // each region has its bucket
	wantCode(t, lookup(prodAdmin, region), "")     // and each account
	r.advance(500 * time.Millisecond)
	wantCode(t, lookup(devAdmin, region), "")
	wantCode(t, lookup(devAdmin, region), "ThrottlingException")
}

func TestTightRates(t *testing.T) {
	r := start(t)
	r.Switch(Switches{Rates: TightRates()})
	get := func() error {
		_, err := r.iam(devAdmin).ListAccountAliases(context.Background(), &iam.ListAccountAliasesInput{})
		return err
	}
	for range 20 {
		wantCode(t, get(), "")
	}
	wantCode(t, get(), "Throttling")
	if n := len(r.events[dev]); n != 21 {
		t.Errorf("%d events are on the trail, want the refused call, too", n)
	}
	if n := len(r.Switches().Rates); n != 6 {
		t.Errorf("%d rates are switched on", n)
	}
	r.Switch(Switches{})
	wantCode(t, get(), "")
}

func TestOutages(t *testing.T) {
	r := start(t)
	ctx := context.Background()
	r.Switch(Switches{Outages: []Outage{{Service: "sts", Region: region}, {Service: "iam", Account: prod}}})
	_, err := r.sts(devAdmin).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantCode(t, err, "ServiceUnavailable")
	_, err = sts.NewFromConfig(r.config(devAdmin), func(o *sts.Options) { o.Region = "us-east-1" }).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantCode(t, err, "")
	_, err = r.iam(prodAdmin).ListRoles(ctx, &iam.ListRolesInput{})
	wantCode(t, err, "ServiceUnavailable")
	_, err = r.iam(devAdmin).ListRoles(ctx, &iam.ListRolesInput{})
	wantCode(t, err, "")
}

// TestChangesAreStale looks at a role, its deletion and its successor with the
// eyes of a reader that is ten seconds behind.
func TestChangesAreStale(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	name := sdk.String("ado-x")
	description := func() string {
		out, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		if err != nil {
			return code(err)
		}
		return *out.Role.Description
	}
	want := func(want string) {
		t.Helper()
		if got := description(); got != want {
			t.Errorf("the reader sees %q, want %q", got, want)
		}
	}
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-x")))
	r.Switch(Switches{Stale: 10 * time.Second, Rates: []Rate{}})
	must[*iam.UpdateRoleOutput](t)(admin.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: sdk.String("two")}))
	want("a role")
	r.advance(5 * time.Second)
	must[*iam.UpdateRoleOutput](t)(admin.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: sdk.String("three")}))
	want("a role")
	r.advance(5 * time.Second)
	want("two")
	r.advance(5 * time.Second)
	want("three")
	must[*iam.DeleteRoleOutput](t)(admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	want("three")
	if list := must[*iam.ListRolesOutput](t)(admin.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: sdk.String("/ado-federation/")})).Roles; len(list) != 1 {
		t.Errorf("listed %d", len(list))
	}
	_, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity") // a write sees the present
	if n := len(r.Snapshot().Accounts[0].Roles); n != 1 {
		t.Errorf("%d roles are there", n)
	}
	r.advance(10 * time.Second)
	want("NoSuchEntity")
	if list := must[*iam.ListRolesOutput](t)(admin.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: sdk.String("/ado-federation/")})).Roles; len(list) != 0 {
		t.Errorf("listed %d", len(list))
	}
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-x")))
	want("a role")
}

// TestPermissionsAreStaleToo: a policy that was just taken away still works.
func TestPermissionsAreStaleToo(t *testing.T) {
	r := start(t)
	ctx := context.Background()
	who := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}]}`, false)
	r.Switch(Switches{Stale: 10 * time.Second})
	must[*iam.DeleteRolePolicyOutput](t)(r.iam(devAdmin).DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: sdk.String("deployer"), PolicyName: sdk.String("p")}))
	_, err := r.iam(who).ListRoles(ctx, &iam.ListRolesInput{})
	wantCode(t, err, "")
	r.advance(10 * time.Second)
	_, err = r.iam(who).ListRoles(ctx, &iam.ListRolesInput{})
	wantCode(t, err, "AccessDenied")
	used := must[*iam.GetRoleOutput](t)(r.iam(devAdmin).GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("deployer")})).Role
	if used.RoleLastUsed.LastUsedDate == nil || *used.RoleLastUsed.Region != region {
		t.Errorf("last used %+v", used.RoleLastUsed)
	}
	if inline := must[*iam.ListRolePoliciesOutput](t)(r.iam(devAdmin).ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: sdk.String("deployer")})); len(inline.PolicyNames) != 0 {
		t.Error("using a role brought its policy back")
	}
}

func TestShortPages(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	for _, name := range []string{"ado-1", "ado-2", "ado-3"} {
		must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput(name)))
	}
	r.Switch(Switches{ShortPages: 2, Rates: []Rate{}})
	first := must[*iam.ListRolesOutput](t)(admin.ListRoles(ctx, &iam.ListRolesInput{MaxItems: sdk.Int32(1000), PathPrefix: sdk.String("/ado-federation/")}))
	if len(first.Roles) != 2 || !first.IsTruncated {
		t.Fatalf("the first page has %d roles", len(first.Roles))
	}
	// What goes between two pages moves nothing out of sight.
	must[*iam.DeleteRoleOutput](t)(admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: sdk.String("ado-1")}))
	rest := must[*iam.ListRolesOutput](t)(admin.ListRoles(ctx, &iam.ListRolesInput{Marker: first.Marker, PathPrefix: sdk.String("/ado-federation/")}))
	if len(rest.Roles) != 1 || *rest.Roles[0].RoleName != "ado-3" || rest.IsTruncated {
		t.Errorf("the last page has %+v", rest.Roles)
	}
}

// TestSettings reaches the switches as the control API does.
func TestSettings(t *testing.T) {
	r := start(t)
	set := func(settings string) error {
		change, err := wire.Parse([]byte(`{"settings":` + settings + `}`))
		if err != nil {
			return err
		}
		return r.gate.Apply(change)
	}
	if err := set(`{"iam_lag":"3s","iam_stale":"4s","trail_lag":"5m","one_trail":true,"short_pages":2,"rates":[{"call":"iam:*","per_second":1,"burst":2}],"outages":[{"service":"sts"}]}`); err != nil {
		t.Fatal(err)
	}
	want := Switches{Lag: 3 * time.Second, Stale: 4 * time.Second, TrailLag: 5 * time.Minute, OneTrail: true, ShortPages: 2,
		Rates: []Rate{{"iam:*", 1, 2}}, Outages: []Outage{{Service: "sts"}}}
	if diff := cmp.Diff(want, r.Switches()); diff != "" {
		t.Errorf("switches (-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{"rates":[{"call":"iam:*"}]}`, `{"rates":[{"rate":1}]}`, `{"outages":"sts"}`, `{"iam_lag":3}`, `{"short_pages":-1}`} {
		if set(bad) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if err := r.gate.AsUsual(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Switches{Rates: []Rate{}}, r.Switches()); diff != "" {
		t.Errorf("as usual (-want +got):\n%s", diff)
	}
}
