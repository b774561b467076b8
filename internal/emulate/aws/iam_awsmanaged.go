package aws

import (
	"slices"
	"strings"
	"time"
)

// awsManagedTexts are a few of the policies that AWS manages, by path and name.
// ReadOnlyAccess is the services that are emulated here, not AWS's whole list.
var awsManagedTexts = map[string]string{
	"AdministratorAccess":                      `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess":                          `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}`,
	"ReadOnlyAccess":                           `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*","s3:Get*","s3:List*","lambda:Get*","lambda:List*","dynamodb:BatchGetItem","dynamodb:Describe*","dynamodb:GetItem","dynamodb:List*","dynamodb:Query","dynamodb:Scan","cloudtrail:LookupEvents"],"Resource":"*"}]}`,
	"IAMFullAccess":                            `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}`,
	"IAMReadOnlyAccess":                        `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`,
	"AmazonS3FullAccess":                       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}`,
	"AmazonS3ReadOnlyAccess":                   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`,
	"AmazonDynamoDBFullAccess":                 `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:*"],"Resource":"*"}]}`,
	"AWSDenyAll":                               `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*"}]}`,
	"service-role/AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
}

const awsManagedPrefix = "arn:aws:iam::aws:policy/"

// awsManaged is a policy that AWS manages, if it is one of those known here.
func awsManaged(arn string) (Policy, bool) {
	name, ok := strings.CutPrefix(arn, awsManagedPrefix)
	text, known := awsManagedTexts[name]
	if !ok || !known {
		return Policy{}, false
	}
	slash := strings.LastIndex(name, "/") + 1
	made := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	return Policy{
		Account: "aws", Name: name[slash:], Path: "/" + name[:slash], ARN: arn, ID: "ANPA" + strings.Repeat("A", 17),
		Document: text, Default: "v1", Created: made, Updated: made,
		Versions: []PolicyVersion{{ID: "v1", Document: text, Created: made}},
	}, true
}

func awsManagedPolicies() []Policy {
	var out []Policy
	for name := range awsManagedTexts {
		p, _ := awsManaged(awsManagedPrefix + name)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Policy) int { return strings.Compare(a.ARN, b.ARN) })
	return out
}
