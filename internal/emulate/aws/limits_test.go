package aws

import (
	"context"
	"fmt"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// TestCreateRoleRefusals holds what moto lets pass and IAM does not.
func TestCreateRoleRefusals(t *testing.T) {
	r := start(t)
	trust := func(text string) func(*iam.CreateRoleInput) {
		return func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = sdk.String(text) }
	}
	tags := func(pairs ...string) func(*iam.CreateRoleInput) {
		return func(in *iam.CreateRoleInput) {
			in.Tags = nil
			for i := 0; i < len(pairs); i += 2 {
				in.Tags = append(in.Tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
			}
		}
	}
	many := make([]string, 0, 102)
	for i := range 51 {
		many = append(many, fmt.Sprint("k", i), "v")
	}
	statement := func(body string) string { return `{"Version":"2012-10-17","Statement":[{` + body + `}]}` }
	federated := `"Principal":{"Federated":"arn:aws:iam::` + dev + `:oidc-provider/x.example"}`
	for _, tt := range []struct {
		name, want string
		change     func(*iam.CreateRoleInput)
	}{
		{"name of 65", "ValidationError", func(in *iam.CreateRoleInput) { in.RoleName = sdk.String(strings.Repeat("a", 65)) }},
		{"name with a space", "ValidationError", func(in *iam.CreateRoleInput) { in.RoleName = sdk.String("bad name!!") }},
		{"path without slashes", "ValidationError", func(in *iam.CreateRoleInput) { in.Path = sdk.String("nope") }},
		{"session of a minute", "ValidationError", func(in *iam.CreateRoleInput) { in.MaxSessionDuration = sdk.Int32(60) }},
		{"session of a day", "ValidationError", func(in *iam.CreateRoleInput) { in.MaxSessionDuration = sdk.Int32(86400) }},
		{"description too long", "ValidationError", func(in *iam.CreateRoleInput) { in.Description = sdk.String(strings.Repeat("a", 1001)) }},
		{"description beyond Latin-1", "ValidationError", func(in *iam.CreateRoleInput) { in.Description = sdk.String("日本") }},
		{"missing boundary", "NoSuchEntity", func(in *iam.CreateRoleInput) { in.PermissionsBoundary = sdk.String(boundary + "-x") }},
		{"boundary is no policy", "ValidationError", func(in *iam.CreateRoleInput) { in.PermissionsBoundary = sdk.String("arn:aws:iam::" + dev + ":role/x") }},
		{"not JSON", "MalformedPolicyDocument", trust("not json")},
		{"text after it", "MalformedPolicyDocument", trust(trustFor("a") + "x")},
		{"bad effect", "MalformedPolicyDocument", trust(statement(`"Effect":"Maybe",` + federated + `,"Action":"sts:AssumeRoleWithWebIdentity"`))},
		{"no principal", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity"`))},
		{"resource", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow",` + federated + `,"Action":"sts:AssumeRoleWithWebIdentity","Resource":"*"`))},
		{"other action", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow",` + federated + `,"Action":"s3:GetObject"`))},
		{"unknown operator", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow",` + federated + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringSame":{"x.example:sub":"a"}}`))},
		{"duplicate operator", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow",` + federated + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"x.example:sub":"a"},"StringEquals":{"x.example:aud":"b"}}`))},
		{"federated is no provider", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow","Principal":{"Federated":"x.example"},"Action":"sts:AssumeRoleWithWebIdentity"`))},
		{"user that does not exist", "MalformedPolicyDocument", trust(statement(`"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + prod + `:user/nobody"},"Action":"sts:AssumeRole"`))},
		{"beyond Latin-1", "ValidationError", trust(trustFor("sc://a/日本/c"))},
		{"3 kB", "LimitExceeded", trust(trustFor(strings.Repeat("a", 3000)))},
		{"51 tags", "ValidationError", tags(many...)},
		{"tag twice", "InvalidInput", tags("Owner", "a", "owner", "b")},
		{"reserved tag", "InvalidInput", tags("aws:x", "a")},
		{"tag with a hash", "ValidationError", tags("k", "a#b")},
		{"tag key of 129", "ValidationError", tags(strings.Repeat("k", 129), "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := newRoleInput("ado-x")
			tt.change(in)
			_, err := r.iam(devAdmin).CreateRole(context.Background(), in)
			wantCode(t, err, tt.want)
		})
	}
	if n := len(r.Snapshot().Accounts[0].Roles); n != 1 {
		t.Errorf("%d roles after refusals", n)
	}
}

func TestPolicyLimits(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-x")))
	document := func(n int) string {
		text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::"}]}`
		return text[:len(text)-4] + strings.Repeat("a", n-len(text)) + text[len(text)-4:]
	}
	put := func(name, text string) error {
		_, err := admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: sdk.String("ado-x"), PolicyName: sdk.String(name), PolicyDocument: sdk.String(text)})
		return err
	}
	wantCode(t, put("a", document(10000)), "")
	wantCode(t, put("b", document(241)), "LimitExceeded") // the limit is the role's, not the policy's
	wantCode(t, put("b", document(240)+strings.Repeat(" \n", 500)), "")
	wantCode(t, put("a", document(500)), "")
	for name, text := range map[string]string{
		"principal": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`,
		"resource":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}`,
		"vendor":    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"GetObject","Resource":"*"}]}`,
		"arn":       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"shop"}]}`,
		"version":   `{"Version":"2012-10-18","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`,
		"sid":       `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}`,
		"bool":      `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"yes"}}}]}`,
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, put("c", text), "MalformedPolicyDocument") })
	}
	_, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: sdk.String("big"), PolicyDocument: sdk.String(document(6145))})
	wantCode(t, err, "LimitExceeded")
	for i := range 11 {
		p := must[*iam.CreatePolicyOutput](t)(admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: sdk.String(fmt.Sprint("p", i)), PolicyDocument: sdk.String(allowS3)}))
		_, err = admin.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: sdk.String("ado-x"), PolicyArn: p.Policy.Arn})
	}
	wantCode(t, err, "LimitExceeded")
	_, err = admin.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: sdk.String(boundary)})
	wantCode(t, err, "DeleteConflict") // in use as a boundary
	for i := range 5 {
		_, err = admin.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: sdk.String(boundary), PolicyDocument: sdk.String(allowS3), SetAsDefault: i == 0})
	}
	wantCode(t, err, "LimitExceeded")
}

func TestTagsMergeIgnoringCase(t *testing.T) {
	r := start(t)
	ctx, admin := context.Background(), r.iam(devAdmin)
	must[*iam.CreateRoleOutput](t)(admin.CreateRole(ctx, newRoleInput("ado-x")))
	name := sdk.String("ado-x")
	must[*iam.TagRoleOutput](t)(admin.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: sdk.String("Owner"), Value: sdk.String("b")}}}))
	list := must[*iam.ListRoleTagsOutput](t)(admin.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name}))
	if len(list.Tags) != 1 || *list.Tags[0].Value != "b" {
		t.Errorf("tags %+v", list.Tags)
	}
	must[*iam.UntagRoleOutput](t)(admin.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"OWNER"}}))
	if list = must[*iam.ListRoleTagsOutput](t)(admin.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name})); len(list.Tags) != 0 {
		t.Errorf("tags %+v", list.Tags)
	}
}
