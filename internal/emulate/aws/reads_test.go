package aws

import (
	"context"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
)

const shopOrganization = "o-a1b2c3d4e5"

// readsSeed adds what can only be read: an organization, parameters and secrets.
func readsSeed(o *Options) {
	o.Seed.Organizations = []Organization{{
		ID: shopOrganization, Management: prod, Units: []Unit{
			{ID: "ou-a1b2-workload1", Name: "Workloads", Tags: []Tag{{"tier", "all"}}},
			{ID: "ou-a1b2-developm1", Name: "Development", Parent: "ou-a1b2-workload1"},
		},
		Members: []Member{
			{Account: prod, Name: "shop-prod"},
			{Account: dev, Name: "shop-dev", Unit: "ou-a1b2-developm1", Tags: []Tag{{"owner", "team web"}}},
			{Account: "777788889999", Name: "closed", Suspended: true},
		},
	}}
	o.Seed.Parameters = []Parameter{
		{Account: dev, Region: region, Name: "/shop/web/title", Value: "Shop"},
		{Account: dev, Region: region, Name: "/shop/web/deep/colour", Value: "blue"},
		{Account: dev, Region: region, Name: "/shop/web/token", Type: "SecureString", Value: "s3cret", Version: 3},
		{Account: dev, Region: region, Name: "/shop/web/sealed", Type: "SecureString", Value: "x", Key: "1234abcd-12ab-34cd-56ef-1234567890ab"},
		{Account: dev, Region: "us-east-1", Name: "/shop/web/title", Value: "Store"},
	}
	o.Seed.Secrets = []Secret{
		{Account: dev, Region: region, Name: "shop/database", Suffix: "AbCdEf", Value: "now", Old: "before", Tags: []Tag{{"team", "web"}}},
		{Account: dev, Region: region, Name: "shop/key", Suffix: "GhIjKl", Binary: []byte{0, 1, 2}},
		{Account: dev, Region: region, Name: "shop/gone", Suffix: "MnOpQr", Value: "x", Deleted: time.Unix(1, 0)},
	}
}

// ask makes one call of a JSON service.
func (r *rig) ask(t *testing.T, k keys, service, target, body string) (int, string) {
	t.Helper()
	return do(t, r.signed(t, k, service, "POST", "/", []byte(body), map[string]string{"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}))
}

func TestOrganizations(t *testing.T) {
	r := start(t, readsSeed)
	for _, tt := range []struct {
		who                   keys
		operation, body, want string
	}{
		{prodAdmin, "DescribeOrganization", `{}`, `"MasterAccountId":"` + prod + `"`},
		{devAdmin, "DescribeOrganization", `{}`, `"Id":"` + shopOrganization + `"`},
		{devAdmin, "ListAccounts", `{}`, `AccessDeniedException","message":"You don't have permissions`},
		{prodAdmin, "ListRoots", `{}`, `"Id":"r-a1b2"`},
		{prodAdmin, "ListAccounts", `{}`, `"Status":"SUSPENDED"`},
		{prodAdmin, "ListAccounts", `{"MaxResults":2}`, `"NextToken":"`},
		{prodAdmin, "ListAccounts", `{"MaxResults":21}`, `InvalidInputException`},
		{prodAdmin, "ListAccounts", `{"NextToken":"nonsense"}`, `InvalidInputException`},
		{prodAdmin, "DescribeAccount", `{"AccountId":"` + dev + `"}`, `"Name":"shop-dev"`},
		{prodAdmin, "DescribeAccount", `{"AccountId":"000000000000"}`, `AccountNotFoundException`},
		{prodAdmin, "DescribeAccount", `{"AccountId":"shop"}`, `InvalidInputException`},
		{prodAdmin, "ListParents", `{"ChildId":"` + dev + `"}`, `{"Parents":[{"Id":"ou-a1b2-developm1","Type":"ORGANIZATIONAL_UNIT"}]}`},
		{prodAdmin, "ListParents", `{"ChildId":"ou-a1b2-developm1"}`, `{"Parents":[{"Id":"ou-a1b2-workload1","Type":"ORGANIZATIONAL_UNIT"}]}`},
		{prodAdmin, "ListParents", `{"ChildId":"ou-a1b2-workload1"}`, `{"Parents":[{"Id":"r-a1b2","Type":"ROOT"}]}`},
		{prodAdmin, "ListParents", `{"ChildId":"ou-a1b2-nowhere11"}`, `ChildNotFoundException`},
		{prodAdmin, "DescribeOrganizationalUnit", `{"OrganizationalUnitId":"ou-a1b2-developm1"}`, `"Name":"Development"`},
		{prodAdmin, "DescribeOrganizationalUnit", `{"OrganizationalUnitId":"ou-a1b2-nowhere11"}`, `OrganizationalUnitNotFoundException`},
		{prodAdmin, "ListAccountsForParent", `{"ParentId":"ou-a1b2-developm1"}`, `"Id":"` + dev + `"`},
		{prodAdmin, "ListAccountsForParent", `{"ParentId":"ou-a1b2-nowhere11"}`, `ParentNotFoundException`},
		{prodAdmin, "ListOrganizationalUnitsForParent", `{"ParentId":"r-a1b2"}`, `"Name":"Workloads"`},
		{prodAdmin, "ListChildren", `{"ParentId":"r-a1b2","ChildType":"ACCOUNT"}`, `"Id":"777788889999"`},
		{prodAdmin, "ListTagsForResource", `{"ResourceId":"` + dev + `"}`, `{"Tags":[{"Key":"owner","Value":"team web"}]}`},
		{prodAdmin, "ListTagsForResource", `{"ResourceId":"ou-a1b2-workload1"}`, `"Value":"all"`},
		{prodAdmin, "ListTagsForResource", `{"ResourceId":"000000000000"}`, `TargetNotFoundException`},
		{prodAdmin, "ListPolicies", `{}`, `UnknownOperationException`},
		{host, "ListAccounts", `{}`, `is not authorized to perform: organizations:ListAccounts`},
	} {
		if _, body := r.ask(t, tt.who, "organizations", "AWSOrganizationsV20161128."+tt.operation, tt.body); !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %s", tt.operation, tt.body, body)
		}
	}
	alone := start(t)
	if _, body := alone.ask(t, devAdmin, "organizations", "AWSOrganizationsV20161128.ListAccounts", "{}"); !strings.Contains(body, "AWSOrganizationsNotInUseException") {
		t.Errorf("without an organization: %s", body)
	}
}

func TestParameters(t *testing.T) {
	r := start(t, readsSeed)
	web := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters"],"Resource":"arn:aws:ssm:`+region+`:`+dev+`:parameter/shop/web/*"}]}`, false)
	for _, tt := range []struct {
		who                   keys
		operation, body, want string
	}{
		{web, "GetParameter", `{"Name":"/shop/web/title"}`, `"Value":"Shop"`},
		{web, "GetParameter", `{"Name":"arn:aws:ssm:` + region + `:` + dev + `:parameter/shop/web/title"}`, `"Value":"Shop"`},
		{web, "GetParameter", `{"Name":"/shop/web/token","WithDecryption":true}`, `"Value":"s3cret"`},
		{web, "GetParameter", `{"Name":"/shop/web/token"}`, `"Value":"AQICAH`},
		{web, "GetParameter", `{"Name":"/shop/web/token:3","WithDecryption":true}`, `"Selector":":3"`},
		{web, "GetParameter", `{"Name":"/shop/web/token:2"}`, `ParameterVersionNotFound`},
		{web, "GetParameter", `{"Name":"/shop/web/none"}`, `ParameterNotFound`},
		{web, "GetParameter", `{"Name":"shop/web/title"}`, `ParameterNotFound`},
		{web, "GetParameter", `{"Name":"/shop/admin"}`, `AccessDeniedException`},
		{web, "GetParameter", `{"Name":"/shop/web/sealed","WithDecryption":true}`, `The ciphertext refers to a customer master key`},
		{web, "GetParameters", `{"Names":["/shop/web/title","/shop/web/none"]}`, `"InvalidParameters":["/shop/web/none"]`},
		{web, "GetParameters", `{"Names":[]}`, `ValidationException`},
		{web, "GetParametersByPath", `{"Path":"/shop/web"}`, `AccessDeniedException`},
		{devAdmin, "GetParametersByPath", `{"Path":"/shop/web","Recursive":true,"MaxResults":3}`, `"NextToken"`},
		{devAdmin, "GetParametersByPath", `{"Path":"shop"}`, `ValidationException`},
		{devAdmin, "GetParametersByPath", `{"Path":"/shop","ParameterFilters":[]}`, `SerializationException`},
	} {
		if _, body := r.ask(t, tt.who, "ssm", "AmazonSSM."+tt.operation, tt.body); !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %s", tt.operation, tt.body, body)
		}
	}
	if _, body := r.ask(t, devAdmin, "ssm", "AmazonSSM.GetParametersByPath", `{"Path":"/shop/web"}`); strings.Contains(body, "colour") || !strings.Contains(body, "title") {
		t.Errorf("without recursion: %s", body)
	}
}

func TestSecrets(t *testing.T) {
	r := start(t, readsSeed)
	web := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:`+region+`:`+dev+`:secret:shop/database-??????","Condition":{"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT","aws:ResourceTag/team":"web"}}}]}`, false)
	arn := "arn:aws:secretsmanager:" + region + ":" + dev + ":secret:shop/database-AbCdEf"
	for _, tt := range []struct {
		who                   keys
		operation, body, want string
	}{
		{web, "GetSecretValue", `{"SecretId":"shop/database"}`, `"SecretString":"now"`},
		{web, "GetSecretValue", `{"SecretId":"` + arn + `"}`, `"Name":"shop/database"`},
		{web, "GetSecretValue", `{"SecretId":"` + arn[:len(arn)-7] + `"}`, `"ARN":"` + arn + `"`},
		{web, "GetSecretValue", `{"SecretId":"shop/database","VersionStage":"AWSPREVIOUS"}`, `AccessDeniedException`},
		{web, "GetSecretValue", `{"SecretId":"shop/key"}`, `AccessDeniedException`},
		{web, "DescribeSecret", `{"SecretId":"shop/database"}`, `AccessDeniedException`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/database","VersionStage":"AWSPREVIOUS"}`, `"SecretString":"before"`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/database","VersionStage":"X"}`, `staging label: X`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/database","VersionId":"00000000-0000-0000-0000-000000000000"}`, `VersionId: 0000`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/key"}`, `"SecretBinary":"AAEC"`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/gone"}`, `InvalidRequestException`},
		{devAdmin, "GetSecretValue", `{"SecretId":"shop/none"}`, `ResourceNotFoundException`},
		{devAdmin, "GetSecretValue", `{"SecretId":""}`, `ValidationException`},
		{devAdmin, "DescribeSecret", `{"SecretId":"shop/database"}`, `"VersionIdsToStages"`},
	} {
		if _, body := r.ask(t, tt.who, "secretsmanager", "secretsmanager."+tt.operation, tt.body); !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %s", tt.operation, tt.body, body)
		}
	}
}

// TestLastAccessed asks what a role was granted and what of that it tried.
func TestLastAccessed(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	who := r.deployer(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:GetFunction","lambda:ListFunctions","cloudfront:CreateInvalidation","iam:Get*"],"Resource":"*"},{"Effect":"Deny","Action":"iam:GetRole","Resource":"*"}]}`, false)
	if status, body := do(t, r.signed(t, who, "lambda", "GET", "/2015-03-31/functions/checkout", nil, nil)); status != 200 {
		t.Fatal(body)
	}
	_, err := r.iam(who).GetRole(ctx, &iam.GetRoleInput{RoleName: sdk.String("deployer")})
	wantCode(t, err, "AccessDenied") // tried and refused counts as well
	arn := sdk.String("arn:aws:iam::" + dev + ":role/deployer")
	job := must[*iam.GenerateServiceLastAccessedDetailsOutput](t)(admin.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{Arn: arn, Granularity: types.AccessAdvisorUsageGranularityTypeActionLevel})).JobId
	in := &iam.GetServiceLastAccessedDetailsInput{JobId: job}
	if first := must[*iam.GetServiceLastAccessedDetailsOutput](t)(admin.GetServiceLastAccessedDetails(ctx, in)); first.JobStatus != types.JobStatusTypeInProgress {
		t.Errorf("the first look finds %s", first.JobStatus)
	}
	out := must[*iam.GetServiceLastAccessedDetailsOutput](t)(admin.GetServiceLastAccessedDetails(ctx, in))
	if out.JobStatus != types.JobStatusTypeCompleted || out.JobType != types.AccessAdvisorUsageGranularityTypeActionLevel {
		t.Errorf("the second look finds %s %s", out.JobStatus, out.JobType)
	}
	used := map[string]bool{}
	for _, s := range out.ServicesLastAccessed {
		used[*s.ServiceNamespace] = s.LastAuthenticated != nil
		for _, a := range s.TrackedActionsLastAccessed {
			if a.LastAccessedTime != nil {
				used[*s.ServiceNamespace+":"+*a.ActionName] = true
			}
		}
	}
	want := map[string]bool{"lambda": true, "lambda:GetFunction": true, "iam": true, "iam:GetRole": true, "cloudfront": false}
	if diff := cmp.Diff(want, used); diff != "" {
		t.Errorf("used (-want +got):\n%s", diff)
	}
	entities := must[*iam.GetServiceLastAccessedDetailsWithEntitiesOutput](t)(admin.GetServiceLastAccessedDetailsWithEntities(ctx, &iam.GetServiceLastAccessedDetailsWithEntitiesInput{JobId: job, ServiceNamespace: sdk.String("lambda")}))
	if len(entities.EntityDetailsList) != 1 || *entities.EntityDetailsList[0].EntityInfo.Name != "deployer" {
		t.Errorf("entities %+v", entities.EntityDetailsList)
	}
	_, err = r.iam(prodAdmin).GetServiceLastAccessedDetails(ctx, in)
	wantCode(t, err, "NoSuchEntity") // another account's job
	_, err = admin.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{Arn: sdk.String(*arn + "-none")})
	wantCode(t, err, "NoSuchEntity")
}
