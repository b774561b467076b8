package policies

import (
	"maps"
	"slices"
	"strings"
)

// openServices are the services whose every action the boundary allows once a template
// uses one of them, so that an operator's own template or a custom document finds
// room. Of every other service it allows the actions of the templates alone.
var openServices = []string{"cloudfront", "codeartifact", "codedeploy", "dynamodb", "ecr", "ecs", "elasticbeanstalk", "lambda", "s3",
	"secretsmanager", "sns", "sqs"}

// boundaryNever is refused whatever a template, or somebody by hand, gives a role:
// to change who may do what, to let somebody from outside in, and to make
// credentials that outlive the session.
var boundaryNever = []string{
	"account:*", "organizations:*",
	"iam:Add*", "iam:Attach*", "iam:Change*", "iam:Create*", "iam:Deactivate*", "iam:Delete*", "iam:Detach*", "iam:Disable*", "iam:Enable*",
	"iam:Put*", "iam:Remove*", "iam:Reset*", "iam:Resync*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*",
	"sts:GetFederationToken",
	"codeartifact:DeleteDomainPermissionsPolicy", "codeartifact:DeleteRepositoryPermissionsPolicy",
	"codeartifact:PutDomainPermissionsPolicy", "codeartifact:PutRepositoryPermissionsPolicy",
	"dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy", "dynamodb:UpdateAbacStatus",
	"ecr:DeleteRegistryPolicy", "ecr:DeleteRepositoryPolicy", "ecr:PutRegistryPolicy", "ecr:SetRepositoryPolicy",
	"kms:CreateGrant", "kms:PutKeyPolicy",
	"lambda:AddLayerVersionPermission", "lambda:AddPermission", "lambda:CreateFunctionUrlConfig", "lambda:*Policy",
	"lambda:DisableReplication", "lambda:EnableReplication", "lambda:RemoveLayerVersionPermission", "lambda:RemovePermission",
	"lambda:UpdateFunctionUrlConfig",
	"s3:BypassGovernanceRetention", "s3:DeleteAccessPointPolicy*", "s3:DeleteBucketPolicy", "s3:ObjectOwnerOverrideToBucketOwner",
	"s3:PutAccessPointPolicy*", "s3:PutAccessPointPublicAccessBlock", "s3:PutAccountPublicAccessBlock", "s3:PutBucketAcl",
	"s3:PutBucketOwnershipControls", "s3:PutObjectVersionAcl", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutMultiRegionAccessPointPolicy",
	"s3:*AccessGrant*",
	"secretsmanager:DeleteResourcePolicy", "secretsmanager:PutResourcePolicy",
	"sns:AddPermission", "sns:RemovePermission", "sns:SetTopicAttributes",
	"sqs:AddPermission", "sqs:RemovePermission", "sqs:SetQueueAttributes",
}

// boundary is the most that any federated role can ever do. It grants nothing.
func (b Bootstrap) boundary(passes, assumes bool) Document {
	d := Document{Version: policyVersion, Statement: []Statement{
		{Sid: "Services", Effect: "Allow", Action: b.services(), Resource: list{anything}},
	}}
	if passes {
		d.Statement = append(d.Statement, Statement{Sid: "Pass", Effect: "Allow", Action: list{"iam:GetRole", "iam:PassRole"},
			Resource: list{iamARN + "role/${PassableRoles}"}})
	}
	if assumes {
		d.Statement = append(d.Statement, Statement{Sid: "Assume", Effect: "Allow", Action: list{"sts:AssumeRole"},
			Resource: list{iamARN + "role/${AssumableRoles}"}})
	}
	return Document{Version: policyVersion, Statement: append(d.Statement,
		Statement{Sid: "Never", Effect: "Deny", Action: slices.Clone(boundaryNever), Resource: list{anything}},
		Statement{Sid: "NeverOurs", Effect: "Deny", Action: list{"iam:PassRole", "sts:AssumeRole"}, Resource: list{iamARN + "role/ado-federation/*"}})}
}

// services are what the templates may do at most, without what has a statement of
// its own.
func (b Bootstrap) services() list {
	all := map[string]bool{"sts:GetCallerIdentity": true}
	for _, name := range b.Templates.Names() {
		t, _ := b.Templates.Get(name)
		for _, s := range t.Statements {
			for _, action := range s.Action {
				service, _, _ := strings.Cut(action, ":")
				switch {
				case s.Effect != "Allow" || action == "iam:PassRole" || action == "sts:AssumeRole":
				case slices.Contains(openServices, service):
					all[service+":*"] = true
				default:
					all[action] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}
