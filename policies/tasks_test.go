package policies

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// tasks are what the 22 tasks of the AWS Toolkit for Azure DevOps 1.23.0 call, read
// from their code and not from their documentation, which is wrong for nine of them.
// The three that run a script call whatever the script calls.
var tasks = map[string]string{
	"AWSCLI":                             "",
	"AWSShellScript":                     "",
	"AWSPowerShellModuleScript":          "",
	"BeanstalkCreateApplicationVersion":  "elasticbeanstalk:CreateApplicationVersion elasticbeanstalk:CreateStorageLocation elasticbeanstalk:DescribeApplications s3:PutObject s3:AbortMultipartUpload",
	"BeanstalkDeployApplication":         "elasticbeanstalk:CreateApplicationVersion elasticbeanstalk:CreateStorageLocation elasticbeanstalk:DescribeApplications elasticbeanstalk:DescribeEnvironments elasticbeanstalk:UpdateEnvironment elasticbeanstalk:DescribeEvents autoscaling:SuspendProcesses autoscaling:ResumeProcesses cloudformation:DescribeStackResource cloudformation:DescribeStackResources s3:PutObject s3:AbortMultipartUpload",
	"CloudFormationCreateOrUpdateStack":  "cloudformation:CreateStack cloudformation:UpdateStack cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet cloudformation:DeleteChangeSet cloudformation:DescribeStacks cloudformation:DescribeChangeSet cloudformation:DescribeStackEvents cloudformation:DescribeStackResources iam:PassRole s3:PutObject s3:GetObject",
	"CloudFormationDeleteStack":          "cloudformation:DeleteStack cloudformation:DescribeStacks iam:PassRole",
	"CloudFormationExecuteChangeSet":     "cloudformation:DescribeStacks cloudformation:DescribeChangeSet cloudformation:ExecuteChangeSet cloudformation:DeleteChangeSet cloudformation:DescribeStackResources",
	"CodeDeployDeployApplication":        "codedeploy:GetApplication codedeploy:GetDeploymentGroup codedeploy:CreateDeployment codedeploy:GetDeployment codedeploy:GetDeploymentConfig codedeploy:RegisterApplicationRevision codedeploy:GetApplicationRevision s3:GetObject s3:PutObject",
	"ECRPushImage":                       "ecr:DescribeRepositories ecr:CreateRepository ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage ecr:BatchGetImage",
	"ECRPullImage":                       "ecr:GetAuthorizationToken ecr:DescribeRepositories ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer ecr:BatchGetImage",
	"LambdaDeployFunction":               "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionConfiguration lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PublishVersion lambda:TagResource lambda:GetLayerVersion iam:PassRole iam:GetRole",
	"LambdaInvokeFunction":               "lambda:GetFunctionConfiguration lambda:InvokeFunction",
	"LambdaNETCoreDeploy":                "lambda:CreateFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:GetFunctionConfiguration iam:PassRole s3:PutObject",
	"S3Download":                         "s3:ListBucket s3:GetObject",
	"S3Upload":                           "s3:ListBucket s3:PutObject s3:PutObjectAcl s3:AbortMultipartUpload kms:GenerateDataKey kms:Decrypt",
	"SecretsManagerCreateOrUpdateSecret": "secretsmanager:CreateSecret secretsmanager:PutSecretValue secretsmanager:UpdateSecret secretsmanager:TagResource kms:GenerateDataKey kms:Decrypt",
	"SecretsManagerGetSecret":            "secretsmanager:GetSecretValue kms:Decrypt",
	"SendMessage":                        "sns:GetTopicAttributes sns:Publish sqs:GetQueueAttributes sqs:SendMessage kms:GenerateDataKey",
	"SystemsManagerGetParameter":         "ssm:GetParameter ssm:GetParametersByPath kms:Decrypt",
	"SystemsManagerSetParameter":         "ssm:GetParameter ssm:PutParameter",
	"SystemsManagerRunCommand":           "ssm:SendCommand iam:PassRole",
}

// TestTasksHaveTemplates reads the table of docs/templates.md: the templates that it
// names for a task allow what the task calls.
func TestTasksHaveTemplates(t *testing.T) {
	raw, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	c, seen := mustBuiltin(t), map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			name = strings.Trim(name, " `")
			calls, ok := tasks[name]
			if !ok {
				continue
			}
			seen[name] = true
			var allowed []string
			for i, text := range strings.Split(cells[2], "`") {
				if i%2 == 0 {
					continue // between two names
				}
				tpl, ok := c.Get(text)
				if !ok {
					t.Errorf("%s: there is no template %s", name, text)
				}
				for _, s := range tpl.Statements {
					allowed = append(allowed, s.Action...)
				}
			}
			for call := range strings.FieldsSeq(calls) {
				if _, ok := FindAction(call); !ok || !slices.Contains(allowed, call) {
					t.Errorf("%s calls %s, which %s does not allow", name, call, strings.TrimSpace(cells[2]))
				}
			}
		}
	}
	if len(tasks) != 22 {
		t.Errorf("%d tasks", len(tasks))
	}
	for name := range tasks {
		if !seen[name] {
			t.Errorf("docs/templates.md does not say which templates %s needs", name)
		}
	}
}

// TestCasesInTheEmulator lets the emulated AWS judge the cases of all templates by its
// own code.
func TestCasesInTheEmulator(t *testing.T) {
	for _, tpl := range builtins(t) {
		for _, c := range tpl.Cases {
			with := c.With
			if with == nil {
				with = tpl.Examples()
			}
			document, err := tpl.Document(with, caseAccount, caseRegion)
			if err != nil {
				t.Fatal(err)
			}
			r := Regression{Policies: []json.RawMessage{json.RawMessage(document)}, Call: c.Call, On: c.On, Keys: c.context()}
			if allowed, err := r.ask(); err != nil || allowed != (c.Want == Allowed) {
				t.Errorf("%s: %s on %s should be %s; the emulator says allowed is %v (%v)", tpl.Name, c.Call, c.On, c.Want, allowed, err)
			}
		}
	}
}
