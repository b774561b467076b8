package policies

import (
	"fmt"
	"strings"
)

// taskNeeds says what one task of the AWS Toolkit needs, by its code.
type taskNeeds struct {
	task     string
	defaults map[string]string // inputs that are something when they are left out, of task.json
	wants    []want
	notes    []note

	// calls are the IAM actions that the task's code needs with everything switched
	// on that a template covers; the tests hold the wants to them. Where the
	// toolkit's own documentation differs, wrong says how.
	calls []string
	wrong string
}

// want is a template that a task needs when a condition holds.
type want struct {
	when     string            // a condition over inputs; see holds
	template string            //
	params   map[string]string // parameter: "input" or "input|form"; see shape
}

// note is a sentence that is said when a condition holds.
type note struct{ when, say string }

// toolkit is read from aws/aws-toolkit-azure-devops 1.23.0, commit 6607d56 of
// 2026-01-09: src/tasks/*/task.json for the inputs and their defaults, TaskOperations.ts
// for the calls. What AWS publishes about the tasks' permissions is wrong or
// incomplete for those that say how.
var toolkit = []taskNeeds{
	{task: "AWSCLI"},                    // these three run what their script says
	{task: "AWSShellScript"},            //
	{task: "AWSPowerShellModuleScript"}, //
	{
		task: "BeanstalkCreateApplicationVersion", defaults: map[string]string{"applicationType": "aspnet"},
		wants: []want{
			{"", "beanstalk-version", map[string]string{"application": "applicationName"}},
			{"applicationType=s3", "s3-download", map[string]string{"bucket": "deploymentBundleBucket", "prefix": "deploymentBundleKey|parent"}},
		},
		calls: []string{"elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:DescribeApplications", "elasticbeanstalk:CreateStorageLocation",
			"s3:PutObject", "s3:AbortMultipartUpload"},
	},
	{
		task: "BeanstalkDeployApplication", defaults: map[string]string{"applicationType": "aspnet"},
		wants: []want{
			{"", "beanstalk-deploy", map[string]string{"application": "applicationName", "environment": "environmentName"}},
			{"applicationType=s3", "s3-download", map[string]string{"bucket": "deploymentBundleBucket", "prefix": "deploymentBundleKey|parent"}},
		},
		notes: []note{{"", "Elastic Beanstalk acts with the pipeline's own rights, and what it needs depends on the environment: try it in development first."}},
		calls: []string{"elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:UpdateEnvironment", "elasticbeanstalk:DescribeEvents",
			"elasticbeanstalk:DescribeEnvironments", "elasticbeanstalk:CreateStorageLocation", "s3:PutObject"},
		wrong: "It lists elasticloadbalancing:RegisterInstancesWithLoadBalancer, which nothing in the task calls.",
	},
	{
		task: "CloudFormationCreateOrUpdateStack", defaults: map[string]string{"templateSource": "file"},
		wants: []want{
			{"", "cfn-deploy", map[string]string{"stack": "stackName", "role": "roleARN|role"}},
			{"templateSource=file & s3BucketName", "s3-upload", map[string]string{"bucket": "s3BucketName"}},
			{"templateSource=file & s3BucketName", "s3-download", map[string]string{"bucket": "s3BucketName"}},
			{"templateSource=s3", "s3-download", map[string]string{"bucket": "s3BucketName", "prefix": "s3ObjectKey|parent"}},
		},
		notes: []note{
			{"!roleARN", "Without roleARN CloudFormation would act with the pipeline's own rights. Fill in roleARN, the role that CloudFormation is to act as."},
			{"templateSource=url", "CloudFormation reads the template's address as this role: if it is in a private bucket, add s3-download."},
		},
		calls: []string{"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet",
			"cloudformation:ExecuteChangeSet", "cloudformation:DescribeStacks", "iam:PassRole", "s3:PutObject", "s3:GetObject"},
		wrong: "It leaves out iam:PassRole for the role, s3:PutObject for the template, and s3:GetObject for its signed address.",
	},
	{
		task:  "CloudFormationDeleteStack",
		wants: []want{{"", "cfn-delete", map[string]string{"stack": "stackName", "role": ""}}},
		notes: []note{{"", "The task names no role, and cfn-delete allows deleting only through one: use aws cloudformation delete-stack --role-arn in AWSShellScript@1."}},
		calls: []string{"cloudformation:DeleteStack", "cloudformation:DescribeStacks"},
	},
	{
		task:  "CloudFormationExecuteChangeSet",
		wants: []want{{"", "cfn-execute", map[string]string{"stack": "stackName"}}},
		calls: []string{"cloudformation:DescribeStacks", "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet"},
		wrong: "It leaves out cloudformation:DeleteChangeSet, which deleteEmptyChangeSet calls.",
	},
	{
		task: "CodeDeployDeployApplication", defaults: map[string]string{"deploymentRevisionSource": "workspace", "filesAcl": "none"},
		wants: []want{
			{"deploymentRevisionSource=workspace", "codedeploy", map[string]string{"application": "applicationName", "group": "deploymentGroupName", "bucket": "bucketName", "prefix": "bundlePrefix|folder"}},
			{"deploymentRevisionSource=s3", "codedeploy", map[string]string{"application": "applicationName", "group": "deploymentGroupName", "bucket": "bucketName", "prefix": "bundleKey|parent"}},
			{"deploymentRevisionSource=workspace & filesAcl=private,bucket-owner-full-control", "s3-upload-acl", map[string]string{"bucket": "bucketName", "prefix": "bundlePrefix|folder"}},
		},
		notes: []note{
			{"deploymentRevisionSource=workspace & filesAcl=public-read,public-read-write,authenticated-read,aws-exec-read,bucket-owner-read", publicACL},
			{"deploymentRevisionSource=workspace & !bundlePrefix", "Without bundlePrefix the bundle lies at the top of the bucket, and codedeploy wants a folder: fill it in."},
		},
		calls: []string{"codedeploy:GetApplication", "codedeploy:GetDeploymentGroup", "codedeploy:CreateDeployment", "codedeploy:GetDeployment",
			"codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision", "codedeploy:GetApplicationRevision", "s3:PutObject", "s3:GetObject", "s3:PutObjectAcl"},
		wrong: "It leaves out codedeploy:GetDeploymentConfig, RegisterApplicationRevision and GetApplicationRevision, and the bucket.",
	},
	{
		task:  "ECRPullImage",
		wants: []want{{"", "ecr-pull", map[string]string{"repository": "repository"}}},
		calls: []string{"ecr:GetAuthorizationToken", "ecr:DescribeRepositories", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
	},
	{
		task: "ECRPushImage",
		wants: []want{
			{"", "ecr-push", map[string]string{"repository": "repositoryName"}},
			{"autoCreateRepository=true", "ecr-create", map[string]string{"repository": "repositoryName"}},
		},
		calls: []string{"ecr:GetAuthorizationToken", "ecr:DescribeRepositories", "ecr:CreateRepository", "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload",
			"ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage"},
		wrong: "It leaves out everything that docker push calls: BatchCheckLayerAvailability, InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload, PutImage, BatchGetImage.",
	},
	{
		task: "LambdaDeployFunction", defaults: map[string]string{"deploymentMode": "codeonly", "codeLocation": "localfile"},
		wants: []want{
			{"", "lambda-code", map[string]string{"function": "functionName|function"}},
			{"deploymentMode=codeandconfiguration", "lambda-config", map[string]string{"function": "functionName|function", "role": "roleARN|role", "layer": "layers|layer"}},
			{"deploymentMode=codeandconfiguration", "lambda-create", map[string]string{"function": "functionName|function", "role": "roleARN|role"}},
			{"codeLocation=s3object", "s3-download", map[string]string{"bucket": "s3Bucket", "prefix": "s3ObjectKey|parent"}},
		},
		notes: []note{
			{"deploymentMode=codeandconfiguration", "lambda-create is for a function that is not there yet; leave it out when it is."},
			{"subnets", "Placing the function in a VPC also needs to look at subnets and security groups, which no template allows: a custom document can."},
		},
		calls: []string{"lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:CreateFunction",
			"lambda:TagResource", "lambda:GetLayerVersion", "iam:PassRole", "iam:GetRole", "s3:GetObject"},
		wrong: "It leaves out iam:PassRole, iam:GetRole for a role that is given by name, lambda:TagResource, lambda:GetLayerVersion, and s3:GetObject for code in S3.",
	},
	{
		task:  "LambdaInvokeFunction",
		wants: []want{{"", "lambda-invoke", map[string]string{"function": "functionName|function"}}},
		calls: []string{"lambda:GetFunctionConfiguration", "lambda:InvokeFunction"},
	},
	{
		task: "LambdaNETCoreDeploy", defaults: map[string]string{"command": "deployFunction", "packageOnly": "false"},
		wants: []want{
			{"command=deployFunction & packageOnly=false", "lambda-code", map[string]string{"function": "functionName|function"}},
			{"command=deployFunction & packageOnly=false", "lambda-config", map[string]string{"function": "functionName|function", "role": "functionRole|role"}},
			{"command=deployFunction & packageOnly=false", "lambda-create", map[string]string{"function": "functionName|function", "role": "functionRole|role"}},
			{"command=deployServerless & packageOnly=false", "cfn-deploy", map[string]string{"stack": "stackName", "role": ""}},
			{"command=deployServerless", "s3-upload", map[string]string{"bucket": "s3Bucket", "prefix": "s3Prefix|folder"}},
			{"command=deployServerless", "s3-download", map[string]string{"bucket": "s3Bucket", "prefix": "s3Prefix|folder"}},
		},
		notes: []note{
			{"", "It runs dotnet lambda, which also reads aws-lambda-tools-defaults.json: fedbot has not read that file. What is not given here may be there."},
			{"command=deployServerless & packageOnly=false", "cfn-deploy allows deploying only through a role: add --cloudformation-role to additionalArgs."},
			{"command=deployFunction & packageOnly=false", "lambda-create is for a function that is not there yet; leave it out when it is."},
		},
		calls: []string{"lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:CreateFunction", "iam:PassRole", "s3:PutObject"},
		wrong: "It leaves out iam:PassRole, lambda:UpdateFunctionConfiguration and s3:PutObject, and asks for s3:CreateBucket.",
	},
	{
		task:  "S3Download",
		wants: []want{{"", "s3-download", map[string]string{"bucket": "bucketName", "prefix": "sourceFolder|folder"}}},
		calls: []string{"s3:ListBucket", "s3:GetObject"},
		wrong: "It lists s3:HeadBucket and s3:ListObjects, which are no IAM actions; the action is s3:ListBucket.",
	},
	{
		task: "S3Upload", defaults: map[string]string{"filesAcl": "private", "encryptionAlgorithm": "KMS"},
		wants: []want{
			{"", "s3-upload", map[string]string{"bucket": "bucketName", "prefix": "targetFolder|folder"}},
			{"filesAcl=private,bucket-owner-full-control", "s3-upload-acl", map[string]string{"bucket": "bucketName", "prefix": "targetFolder|folder"}},
			{"keyManagement=awsManaged & encryptionAlgorithm=KMS", "kms-for-bucket", map[string]string{"key": "kmsMasterKeyId|key"}},
		},
		notes: []note{
			{"filesAcl=private,bucket-owner-full-control", "It sets file permissions unless told not to: filesAcl: '' needs no s3-upload-acl, and is right for a bucket without ACLs."},
			{"filesAcl=public-read,public-read-write,authenticated-read,aws-exec-read,bucket-owner-read", publicACL},
			{"createBucket=true", "No template makes buckets: let somebody make it once, and leave createBucket out."},
		},
		calls: []string{"s3:ListBucket", "s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload", "kms:GenerateDataKey", "kms:Decrypt"},
		wrong: "It lists s3:HeadBucket, which is no IAM action, and leaves out s3:ListBucket, s3:PutObject, and s3:PutObjectAcl, which filesAcl always needs: its default is private.",
	},
	{
		task:  "SecretsManagerCreateOrUpdateSecret",
		wants: []want{{"", "secrets-write", map[string]string{"secret": "secretNameOrId|secret", "key": "kmsKeyId|key"}}},
		calls: []string{"secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret", "secretsmanager:TagResource", "kms:GenerateDataKey", "kms:Decrypt"},
		wrong: "It leaves out secretsmanager:TagResource and the key.",
	},
	{
		task:  "SecretsManagerGetSecret",
		wants: []want{{"", "secrets-read", map[string]string{"secret": "secretIdOrName|secret"}}},
		notes: []note{{"", ownKey}},
		calls: []string{"secretsmanager:GetSecretValue"},
	},
	{
		task: "SendMessage", defaults: map[string]string{"messageTarget": "topic"},
		wants: []want{
			{"messageTarget=topic", "sns-publish", map[string]string{"topic": "topicArn|last"}},
			{"messageTarget=queue", "sqs-send", map[string]string{"queue": "queueUrl|last"}},
		},
		calls: []string{"sns:GetTopicAttributes", "sns:Publish", "sqs:GetQueueAttributes", "sqs:SendMessage"},
	},
	{
		task: "SystemsManagerGetParameter", defaults: map[string]string{"readMode": "single"},
		wants: []want{
			{"readMode=single", "ssm-params-read", map[string]string{"parameter": "parameterName|path"}},
			{"readMode=hierarchy", "ssm-params-read", map[string]string{"parameter": "parameterPath|path"}},
		},
		notes: []note{{"", ownKey}},
		calls: []string{"ssm:GetParameter", "ssm:GetParametersByPath"},
	},
	{
		task: "SystemsManagerRunCommand", defaults: map[string]string{"instanceSelector": "fromInstanceIds"},
		wants: []want{{"", "ssm-run-command", map[string]string{"document": "documentName", "project_tag": ""}}},
		notes: []note{
			{"", "ssm-run-command reaches only instances that carry the tag ado-project, whatever the task selects: give them the tag, and its value as project_tag."},
			{"serviceRoleARN", "For serviceRoleARN it hands over a role, which no template allows here: a custom document can."},
			{"documentName=AWS-RunShellScript,AWS-RunPowerShellScript", "That document lets anybody run anything as root. Write a document of your own that does what is needed."},
		},
		calls: []string{"ssm:SendCommand"},
		wrong: "It leaves out iam:PassRole, which serviceRoleARN needs.",
	},
	{
		task:  "SystemsManagerSetParameter",
		wants: []want{{"", "ssm-params-write", map[string]string{"parameter": "parameterName|parentpath", "key": "encryptionKeyId|key"}}},
		calls: []string{"ssm:GetParameter", "ssm:PutParameter"},
	},
}

const (
	publicACL = "It makes files readable for others. No template allows that: a bucket policy or CloudFront is the place."
	ownKey    = "If it is encrypted with a key of your own, add that key."
)

// finds says what a step needs.
func (s *step) finds() []Find {
	if s.script != nil {
		return s.scripts(*s.script, "")
	}
	name, _, _ := strings.Cut(s.name, "@")
	name = name[strings.LastIndex(name, ".")+1:] // AmazonWebServices.aws-vsts-tools.S3Upload.S3Upload@1
	connection, unknown := s.value("awsCredentials", "")
	if unknown != "" {
		connection = ""
	}
	switch strings.ToLower(name) {
	case "awscli":
		return s.cli(connection)
	case "awsshellscript", "awspowershellmodulescript":
		return s.own(connection)
	case "bash", "powershell", "cmdline", "shellscript", "batchscript", "azurepowershell", "azurecli":
		return s.plain(name)
	}
	for _, t := range toolkit {
		if strings.EqualFold(t.task, name) {
			f := t.find(s)
			if f.Connection = connection; connection == "" {
				f.Says = append(f.Says, "It names no service connection in awsCredentials.")
			}
			return []Find{f}
		}
	}
	if strings.Contains(strings.ToLower(name), "terraform") {
		return []Find{{Line: s.line, What: s.name, Says: []string{"A Terraform task cannot use a federated connection. Run terraform in AWSShellScript@1, and see fedbot policy show terraform-apply."}}}
	}
	return nil
}

// find fills in the wants of a task.
func (t taskNeeds) find(s *step) Find {
	f := Find{Line: s.line, What: shown(s.name), Wrong: t.wrong}
	for _, w := range t.wants {
		is, why := t.holds(w.when, s)
		if !is && why == "" {
			continue
		}
		if why != "" {
			f.Says = append(f.Says, fmt.Sprintf("Whether it needs %s cannot be told: %s.", w.template, why))
		}
		n := Need{Template: w.template, Params: map[string]string{}}
		for param, from := range w.params {
			input, form, _ := strings.Cut(from, "|")
			if input == "" {
				continue
			}
			v, why := s.value(input, t.defaults[input])
			if why == "" {
				v, why = shape(form, v)
			}
			if why != "" {
				f.Says = append(f.Says, fmt.Sprintf("%s: %s.", param, why))
				n.unknown = append(n.unknown, param)
			} else if v != "" {
				n.Params[param] = v
			}
		}
		f.Needs = append(f.Needs, n)
	}
	for _, n := range t.notes {
		if is, _ := t.holds(n.when, s); is {
			f.Says = append(f.Says, n.say)
		}
	}
	return f
}

// holds judges a condition: terms joined by &, each "input" (is given), "!input" (is
// not), or "input=a,b". What an input cannot tell makes it neither.
func (t taskNeeds) holds(when string, s *step) (is bool, unknown string) {
	if when == "" {
		return true, ""
	}
	for term := range strings.SplitSeq(when, " & ") {
		name, values, equals := strings.Cut(term, "=")
		name, not := strings.CutPrefix(name, "!")
		v, why := s.value(name, t.defaults[name])
		switch {
		case equals && why != "":
			unknown = why
		case equals && !isOneOf(strings.Split(values, ","), v):
			return false, ""
		case !equals && (v != "") == not:
			return false, ""
		}
	}
	return unknown == "", unknown
}

func isOneOf(values []string, v string) bool {
	for _, each := range values {
		if strings.EqualFold(each, v) {
			return true
		}
	}
	return false
}
