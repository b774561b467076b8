package aws

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"fedbot/internal/emulate/wire"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

const allowS3 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-site/web/*"}]}`

func newRoleInput(name string) *iam.CreateRoleInput {
	return &iam.CreateRoleInput{
		RoleName: sdk.String(name), Path: sdk.String("/ado-federation/"), AssumeRolePolicyDocument: sdk.String(trustFor("sc://a/b/c+d")),
		Description: sdk.String("a role"), MaxSessionDuration: sdk.Int32(7200), PermissionsBoundary: sdk.String(boundary),
		Tags: []types.Tag{{Key: sdk.String("owner"), Value: sdk.String("team web")}},
	}
}

func TestRoleLife(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	name := sdk.String("ado-shop")
	before := r.Revision()
	created := must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-shop"))).Role
	if r.Revision() <= before {
		t.Error("the revision did not grow")
	}
	if !strings.HasPrefix(*created.RoleId, "AROA") || len(*created.RoleId) != 21 || *created.Arn != "arn:aws:iam::"+dev+":role/ado-federation/ado-shop" {
		t.Errorf("created %s %s", *created.RoleId, *created.Arn)
	}
	_, err := admin.CreateRole(ctx, newRoleInput("ADO-Shop"))
	wantCode(t, err, "EntityAlreadyExists")

	must[*iam.PutRolePolicyOutput](t)(admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: sdk.String("p"), PolicyDocument: sdk.String(allowS3)}))
	must[*iam.AttachRolePolicyOutput](t)(admin.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: sdk.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))
	got := must[*iam.GetRoleOutput](t)(admin.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
	trust, err := url.PathUnescape(*got.AssumeRolePolicyDocument)
	if err != nil || trust != trustFor("sc://a/b/c+d") || strings.ContainsAny(*got.AssumeRolePolicyDocument, "{+ /") {
		t.Errorf("trust policy came back as %s", *got.AssumeRolePolicyDocument)
	}
	if *got.PermissionsBoundary.PermissionsBoundaryArn != boundary || *got.MaxSessionDuration != 7200 || *got.Description != "a role" || len(got.Tags) != 1 {
		t.Errorf("got %+v", got)
	}
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DetachRolePolicyOutput](t)(admin.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: sdk.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict")
	must[*iam.DeleteRolePolicyOutput](t)(admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: sdk.String("p")}))
	must[*iam.DeleteRoleOutput](t)(admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	_, err = admin.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity")
	again := must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-shop"))).Role
	if *again.RoleId == *created.RoleId {
		t.Error("a re-created role has the old id")
	}
	_, err = r.iam(prodAdmin).GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity") // the other account has none
}

func TestRolePaging(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	for i := range 7 {
		must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput(fmt.Sprintf("ado-%d", i))))
	}
	pages := iam.NewListRolesPaginator(admin, &iam.ListRolesInput{MaxItems: sdk.Int32(3), PathPrefix: sdk.String("/ado-federation/")})
	var names []string
	n := 0
	for ; pages.HasMorePages(); n++ {
		for _, role := range must[*iam.ListRolesOutput](t)(pages.NextPage(ctx)).Roles {
			names = append(names, *role.RoleName)
			if role.Tags != nil || role.PermissionsBoundary != nil || role.RoleLastUsed != nil {
				t.Error("a list shows more than IAM's does")
			}
		}
	}
	if n != 3 || !cmp.Equal(names, []string{"ado-0", "ado-1", "ado-2", "ado-3", "ado-4", "ado-5", "ado-6"}) {
		t.Errorf("%d pages of %v", n, names)
	}
	_, err := admin.ListRoles(ctx, &iam.ListRolesInput{Marker: sdk.String("nonsense")})
	wantCode(t, err, "ValidationError")
	details := iam.NewGetAccountAuthorizationDetailsPaginator(admin, &iam.GetAccountAuthorizationDetailsInput{
		MaxItems: sdk.Int32(3), Filter: []types.EntityType{types.EntityTypeRole},
	})
	var seen []string
	for n = 0; details.HasMorePages(); n++ {
		for _, role := range must[*iam.GetAccountAuthorizationDetailsOutput](t)(details.NextPage(ctx)).RoleDetailList {
			seen = append(seen, *role.RoleName)
			if strings.HasPrefix(*role.RoleName, "ado-") && (role.PermissionsBoundary == nil || len(role.Tags) != 1) {
				t.Errorf("%s without boundary or tags", *role.RoleName)
			}
		}
	}
	if n != 3 || len(seen) != 8 {
		t.Errorf("%d pages of %v", n, seen)
	}
}

func TestProviderLife(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	in := &iam.CreateOpenIDConnectProviderInput{Url: sdk.String("https://" + issuerPath), ClientIDList: []string{audience}}
	arn := must[*iam.CreateOpenIDConnectProviderOutput](t)(admin.CreateOpenIDConnectProvider(ctx, in)).OpenIDConnectProviderArn
	_, err := admin.CreateOpenIDConnectProvider(ctx, in)
	wantCode(t, err, "EntityAlreadyExists")
	must[*iam.AddClientIDToOpenIDConnectProviderOutput](t)(admin.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: sdk.String("b")}))
	must[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](t)(admin.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: sdk.String(audience)}))
	must[*iam.TagOpenIDConnectProviderOutput](t)(admin.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: sdk.String("k"), Value: sdk.String("")}}}))
	got := must[*iam.GetOpenIDConnectProviderOutput](t)(admin.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if *got.Url != issuerPath || !cmp.Equal(got.ClientIDList, []string{"b"}) || len(got.Tags) != 1 {
		t.Errorf("got %+v", got)
	}
	if list := must[*iam.ListOpenIDConnectProvidersOutput](t)(admin.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})); len(list.OpenIDConnectProviderList) != 1 {
		t.Errorf("listed %+v", list)
	}
	must[*iam.DeleteOpenIDConnectProviderOutput](t)(admin.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	_, err = admin.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wantCode(t, err, "NoSuchEntity")
	for _, bad := range []string{"http://" + issuerPath, "https://x.example:8443/y", "https://x.example/?q=1", "nonsense"} {
		_, err = admin.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: sdk.String(bad)})
		wantCode(t, err, "InvalidInput")
	}
}

func TestWriterIsHeldToItsPolicy(t *testing.T) {
	r := start(t)
	ctx, w, admin := context.Background(), r.iam(r.writer(t)), r.iam(devAdmin)
	name := sdk.String("ado-shop")
	_, err := w.CreateRole(ctx, newRoleInput("ado-shop"))
	wantCode(t, err, "AccessDenied") // it also sets tags, and the writer may not tag

	in := newRoleInput("ado-shop")
	in.PermissionsBoundary = nil
	_, err = w.CreateRole(ctx, in)
	wantCode(t, err, "AccessDenied")
	in = newRoleInput("ado-shop")
	in.Path = sdk.String("/")
	_, err = w.CreateRole(ctx, in)
	wantCode(t, err, "AccessDenied")
	in = newRoleInput("ado-shop")
	in.Tags = nil
	must[*iam.CreateRoleOutput](t)(w.CreateRole(ctx, in))
	put := &iam.PutRolePolicyInput{RoleName: name, PolicyName: sdk.String("p"), PolicyDocument: sdk.String(allowS3)}
	must[*iam.PutRolePolicyOutput](t)(w.PutRolePolicy(ctx, put))
	_, err = w.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
	if err == nil || !strings.Contains(err.Error(), "with an explicit deny in an identity-based policy") {
		t.Errorf("got %v", err)
	}
	must[*iam.DeleteRolePermissionsBoundaryOutput](t)(admin.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name}))
	_, err = w.PutRolePolicy(ctx, put)
	wantCode(t, err, "AccessDenied") // the condition reads the role's own boundary, which is gone
	must[*iam.PutRolePermissionsBoundaryOutput](t)(w.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: sdk.String(boundary)}))
	must[*iam.PutRolePolicyOutput](t)(w.PutRolePolicy(ctx, put))
	put.RoleName = sdk.String("fedbot-writer")
	_, err = w.PutRolePolicy(ctx, put)
	wantCode(t, err, "AccessDenied")
	_, err = w.GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("nobody")})
	wantCode(t, err, "NoSuchEntity")
	_, err = w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: sdk.String("nobody")})
	wantCode(t, err, "AccessDenied") // what is not there has no path that a policy could name
}

func TestAssumeRole(t *testing.T) {
	r := start(t)
	ctx := context.Background()
	try := func(k keys, role, external string, seconds int32) error {
		in := &sts.AssumeRoleInput{RoleArn: sdk.String("arn:aws:iam::" + dev + ":role" + role), RoleSessionName: sdk.String("s-1"), DurationSeconds: sdk.Int32(seconds)}
		if external != "" {
			in.ExternalId = sdk.String(external)
		}
		_, err := r.sts(k).AssumeRole(ctx, in)
		return err
	}
	wantCode(t, try(host, "/fedbot/fedbot-writer", "secret-id", 3600), "")
	wantCode(t, try(host, "/fedbot/fedbot-writer", "", 3600), "AccessDenied")
	wantCode(t, try(host, "/fedbot/fedbot-writer", "other", 3600), "AccessDenied")
	wantCode(t, try(host, "/fedbot-writer", "secret-id", 3600), "AccessDenied") // the path is part of the ARN
	wantCode(t, try(host, "/fedbot/missing", "secret-id", 3600), "AccessDenied")
	wantCode(t, try(devAdmin, "/fedbot/fedbot-writer", "secret-id", 3600), "AccessDenied")
	wantCode(t, try(host, "/fedbot/fedbot-writer", "secret-id", 7200), "ValidationError")
	for _, k := range []keys{devAdmin, prodAdmin} { // both accounts know of it
		out := must[*cloudtrail.LookupEventsOutput](t)(r.trailIn(k, region).LookupEvents(ctx, &cloudtrail.LookupEventsInput{}))
		last := out.Events[len(out.Events)-1]
		if *last.EventName != "AssumeRole" || *last.Username != "host" || !strings.Contains(*last.CloudTrailEvent, "fedbot-writer/s-1") {
			t.Errorf("first event %s", *last.CloudTrailEvent)
		}
	}
}

func TestFreshObjectsAreInvisibleForTheLag(t *testing.T) {
	r := start(t, func(o *Options) { o.Lag = 3 * time.Second })
	r.advance(time.Minute)
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-shop")))
	_, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("ado-shop")})
	wantCode(t, err, "NoSuchEntity")
	_, err = admin.CreateRole(ctx, newRoleInput("ado-shop"))
	wantCode(t, err, "EntityAlreadyExists")
	r.advance(3 * time.Second)
	_, err = admin.GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("ado-shop")})
	wantCode(t, err, "")
}

func TestObjectsSurviveARestartAndSeedsDoNotReturn(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-shop")))
	del := &iam.DeleteRolePolicyInput{RoleName: sdk.String("fedbot-writer"), PolicyName: sdk.String("write")}
	must[*iam.DeleteRolePolicyOutput](t)(admin.DeleteRolePolicy(ctx, del))
	must[*iam.DeleteRoleOutput](t)(admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: del.RoleName}))
	again := r.again(t)
	if diff := cmp.Diff(r.Snapshot().Accounts, again.Snapshot().Accounts); diff != "" {
		t.Errorf("after the restart (-before +after):\n%s", diff)
	}
	if again.Revision() < 1 || len(again.Snapshot().Accounts[0].Roles) != 1 {
		t.Errorf("after the restart: %+v", again.Snapshot().Accounts[0].Roles)
	}
}

func TestFaultsAndCounts(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	r.gate.Set(wire.Fault{Call: "iam:CreateRole", When: "after", Kind: "error", Times: 1})
	_, err := admin.CreateRole(ctx, newRoleInput("ado-shop"))
	wantCode(t, err, "ServiceFailure")
	_, err = admin.GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("ado-shop")})
	wantCode(t, err, "") // the effect was there, its answer was lost
	if n := r.gate.Calls()["iam:CreateRole"]; n != 1 {
		t.Errorf("%d calls counted", n)
	}
}

func TestUnknownCallsAreRefusedByName(t *testing.T) {
	r := start(t)
	_, err := r.iam(devAdmin).CreateGroup(context.Background(), &iam.CreateGroupInput{GroupName: sdk.String("g")})
	wantCode(t, err, "InvalidAction")
	if err == nil || !strings.Contains(err.Error(), "CreateGroup") {
		t.Errorf("the refusal does not name the call: %v", err)
	}
}

func TestAccountReads(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	if a := must[*iam.ListAccountAliasesOutput](t)(admin.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})); !cmp.Equal(a.AccountAliases, []string{"shop-dev"}) {
		t.Errorf("aliases %v", a.AccountAliases)
	}
	sum := must[*iam.GetAccountSummaryOutput](t)(admin.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})).SummaryMap
	if sum["AssumeRolePolicySizeQuota"] != 2048 || sum["RolesQuota"] != 1000 || sum["Roles"] != 1 {
		t.Errorf("summary %v", sum)
	}
	p := must[*iam.GetPolicyOutput](t)(admin.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: sdk.String(boundary)})).Policy
	v := must[*iam.GetPolicyVersionOutput](t)(admin.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: p.DefaultVersionId}))
	text, _ := url.PathUnescape(*v.PolicyVersion.Document)
	if text != testSeed().Policies[0].Document {
		t.Errorf("boundary came back as %s", text)
	}
	profiles := must[*iam.ListInstanceProfilesForRoleOutput](t)(admin.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: sdk.String("fedbot-writer")}))
	if profiles.InstanceProfiles == nil || len(profiles.InstanceProfiles) != 0 {
		t.Errorf("instance profiles %v", profiles.InstanceProfiles)
	}
}
