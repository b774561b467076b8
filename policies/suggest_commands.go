package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// cliNeed is a template that an operation of the aws CLI needs.
type cliNeed struct {
	template string
	params   map[string]string // parameter: "flag|form"; see shape
}

var (
	lambdaFunction = map[string]string{"function": "function-name|function"}
	stackOf        = map[string]string{"stack": "stack-name"}
	stackAndRole   = map[string]string{"stack": "stack-name", "role": "role-arn|role"}
	objectIn       = map[string]string{"bucket": "bucket", "prefix": "key|parent"}
	tableNamed     = map[string]string{"table": "table-name|last"}
	secretNamed    = map[string]string{"secret": "secret-id|secret"}
)

// cliNeeds are the operations that a template is for, by service and operation as
// the aws CLI names them (its command reference).
var cliNeeds = map[string]cliNeed{
	"s3api put-object": {"s3-upload", objectIn}, "s3api get-object": {"s3-download", objectIn}, "s3api head-object": {"s3-download", objectIn},
	"s3api list-objects-v2": {"s3-download", map[string]string{"bucket": "bucket", "prefix": "prefix|folder"}},
	"s3api delete-object":   {"s3-static-site", objectIn}, "s3api delete-objects": {"s3-static-site", map[string]string{"bucket": "bucket"}},

	"cloudfront create-invalidation": {"cloudfront-invalidate", map[string]string{"distribution": "distribution-id"}},
	"cloudfront get-invalidation":    {"cloudfront-invalidate", map[string]string{"distribution": "distribution-id"}},
	"cloudfront get-distribution":    {"cloudfront-invalidate", map[string]string{"distribution": "id"}},

	"lambda update-function-code": {"lambda-code", lambdaFunction}, "lambda publish-version": {"lambda-code", lambdaFunction},
	"lambda update-alias": {"lambda-code", lambdaFunction}, "lambda get-alias": {"lambda-code", lambdaFunction},
	"lambda get-function": {"lambda-code", lambdaFunction}, "lambda get-function-configuration": {"lambda-code", lambdaFunction},
	"lambda wait":                          {"lambda-code", lambdaFunction},
	"lambda update-function-configuration": {"lambda-config", map[string]string{"function": "function-name|function", "role": "role|role", "layer": "layers|layer"}},
	"lambda create-function":               {"lambda-create", map[string]string{"function": "function-name|function", "role": "role|role"}},
	"lambda invoke":                        {"lambda-invoke", lambdaFunction},

	"ecs update-service":           {"ecs-deploy", map[string]string{"cluster": "cluster|last", "service": "service|last", "family": "task-definition|family"}},
	"ecs describe-services":        {"ecs-deploy", map[string]string{"cluster": "cluster|last", "service": "services|last"}},
	"ecs wait":                     {"ecs-deploy", map[string]string{"cluster": "cluster|last", "service": "services|last"}},
	"ecs register-task-definition": {"ecs-deploy", map[string]string{"family": "family", "task_role": "task-role-arn|role", "execution_role": "execution-role-arn|role"}},
	"ecs describe-task-definition": {"ecs-deploy", map[string]string{"family": "task-definition|family"}},

	"ecr describe-images": {"ecr-pull", map[string]string{"repository": "repository-name"}}, "ecr batch-get-image": {"ecr-pull", map[string]string{"repository": "repository-name"}},
	"ecr describe-repositories": {"ecr-pull", map[string]string{"repository": "repository-names"}},
	"ecr create-repository":     {"ecr-create", map[string]string{"repository": "repository-name"}},
	"ecr put-image":             {"ecr-push", map[string]string{"repository": "repository-name"}},

	"cloudformation deploy": {"cfn-deploy", stackAndRole}, "cloudformation create-stack": {"cfn-deploy", stackAndRole},
	"cloudformation update-stack": {"cfn-deploy", stackAndRole}, "cloudformation create-change-set": {"cfn-deploy", stackAndRole},
	"cloudformation execute-change-set": {"cfn-execute", stackOf}, "cloudformation describe-stacks": {"cfn-execute", stackOf},
	"cloudformation describe-change-set": {"cfn-execute", stackOf}, "cloudformation describe-stack-events": {"cfn-execute", stackOf},
	"cloudformation delete-change-set": {"cfn-execute", stackOf},
	"cloudformation wait":              {"cfn-execute", stackOf}, "cloudformation delete-stack": {"cfn-delete", stackAndRole},

	"ssm get-parameter": {"ssm-params-read", map[string]string{"parameter": "name|path"}}, "ssm get-parameters": {"ssm-params-read", map[string]string{"parameter": "names|path"}},
	"ssm get-parameters-by-path": {"ssm-params-read", map[string]string{"parameter": "path|path"}},
	"ssm put-parameter":          {"ssm-params-write", map[string]string{"parameter": "name|parentpath", "key": "key-id|key"}},
	"ssm send-command":           {"ssm-run-command", map[string]string{"document": "document-name"}},

	"secretsmanager get-secret-value": {"secrets-read", secretNamed}, "secretsmanager describe-secret": {"secrets-read", secretNamed},
	"secretsmanager put-secret-value": {"secrets-write", secretNamed},
	"secretsmanager update-secret":    {"secrets-write", map[string]string{"secret": "secret-id|secret", "key": "kms-key-id|key"}},
	"secretsmanager create-secret":    {"secrets-write", map[string]string{"secret": "name", "key": "kms-key-id|key"}},

	"sns publish": {"sns-publish", map[string]string{"topic": "topic-arn|last"}}, "sqs send-message": {"sqs-send", map[string]string{"queue": "queue-url|last"}},

	"dynamodb get-item": {"dynamodb-data", tableNamed}, "dynamodb put-item": {"dynamodb-data", tableNamed}, "dynamodb update-item": {"dynamodb-data", tableNamed},
	"dynamodb query": {"dynamodb-data", tableNamed}, "dynamodb scan": {"dynamodb-data", tableNamed}, "dynamodb describe-table": {"dynamodb-data", tableNamed},

	"codeartifact login":                   {"codeartifact-read", map[string]string{"domain": "domain", "packages": "repository"}},
	"codeartifact get-authorization-token": {"codeartifact-read", map[string]string{"domain": "domain", "packages": "repository"}},
	"codeartifact publish-package-version": {"codeartifact-publish", map[string]string{"domain": "domain", "packages": "repository"}},

	"deploy create-deployment": {"codedeploy", map[string]string{"application": "application-name", "group": "deployment-group-name"}},
	"deploy push":              {"codedeploy", map[string]string{"application": "application-name"}},

	"eks update-kubeconfig": {"eks-deploy", map[string]string{"cluster": "name"}}, "eks describe-cluster": {"eks-deploy", map[string]string{"cluster": "name"}},

	"elasticbeanstalk create-application-version": {"beanstalk-version", map[string]string{"application": "application-name"}},
	"elasticbeanstalk update-environment":         {"beanstalk-deploy", map[string]string{"application": "application-name", "environment": "environment-name"}},
}

// optional are the parameters that mean nothing when a command leaves them out,
// because the template has them optional or another command tells them.
var weakOps = []string{"cloudformation describe-stacks", "cloudformation wait", "cloudformation describe-stack-events"}

// free are operations that need no permission, or are about the machine only.
var free = []string{"sts get-caller-identity", "configure", "help", "--version"}

// options are the flags of a command with their values, and its other words.
type options struct {
	flags map[string]string
	words []string
}

// switches are flags of aws s3 that take no value.
var switches = []string{"delete", "recursive", "quiet", "dryrun", "only-show-errors", "no-progress", "follow-symlinks", "no-follow-symlinks", "exact-timestamps",
	"size-only", "force", "human-readable", "summarize", "no-guess-mime-type", "no-cli-pager", "no-paginate", "debug", "no-verify-ssl", "no-sign-request", "push", "use-previous-template"}

func readOptions(words []string) options {
	o := options{flags: map[string]string{}}
	for i := 0; i < len(words); i++ {
		name, isFlag := strings.CutPrefix(words[i], "--")
		if !isFlag {
			o.words = append(o.words, words[i])
			continue
		}
		name, value, has := strings.Cut(name, "=")
		if !has && !slices.Contains(switches, name) && i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
			i++
			value = words[i]
		}
		if _, twice := o.flags[name]; twice {
			value = unknownMark("--" + shown(name) + " is there twice")
		}
		o.flags[name] = value
	}
	return o
}

// fill gives a parameter its value, or says why there is none.
func (f *Find) fill(n *Need, param, v, form string) {
	v, why := shape(form, v)
	switch {
	case why != "":
		f.Says = append(f.Says, fmt.Sprintf("%s: %s.", param, why))
		n.unknown = append(n.unknown, param)
	case v != "":
		n.Params[param] = v
	}
}

func awsCommand(f Find, words []string) (Find, bool) {
	o := readOptions(words)
	if len(o.words) == 0 {
		return f, false
	}
	op := strings.Join(o.words[:min(2, len(o.words))], " ")
	f.What = "aws " + shown(bare(op))
	if slices.Contains(free, op) || slices.Contains(free, o.words[0]) {
		return f, false
	}
	if why := unknownIn(op); why != "" {
		f.Says = append(f.Says, "Which call it is cannot be told: "+why+".")
		return f, true
	}
	if o.flags["profile"] != "" {
		f.Says = append(f.Says, "It names a profile of the machine, and so not the service connection: leave --profile out.")
	}
	switch {
	case o.words[0] == "s3":
		return f.s3(o), true
	case op == "ecr get-login-password" || op == "ecr get-login":
		f.Needs = append(f.Needs, Need{Template: "ecr-pull", Params: map[string]string{}, weak: true})
		return f, true
	}
	need, ok := cliNeeds[op]
	if !ok {
		f.Says = append(f.Says, uncovered(o.words))
		return f, true
	}
	n := Need{Template: need.template, Params: map[string]string{}, weak: slices.Contains(weakOps, op)}
	for param, from := range need.params {
		flag, form, _ := strings.Cut(from, "|")
		f.fill(&n, param, o.flags[flag], form)
	}
	f.Needs = append(f.Needs, n)
	f.beside(op, o)
	return f, true
}

// beside says what an operation needs beside its template.
func (f *Find) beside(op string, o options) {
	switch op {
	case "cloudformation deploy", "cloudformation create-stack", "cloudformation update-stack", "cloudformation create-change-set", "cloudformation delete-stack":
		if o.flags["role-arn"] == "" {
			f.Says = append(f.Says, "Without --role-arn CloudFormation would act with the pipeline's own rights: name the role that it is to act as.")
		}
		if bucket := o.flags["s3-bucket"]; bucket != "" {
			for _, template := range []string{"s3-upload", "s3-download"} {
				n := Need{Template: template, Params: map[string]string{}}
				f.fill(&n, "bucket", bucket, "")
				f.fill(&n, "prefix", o.flags["s3-prefix"], "folder")
				f.Needs = append(f.Needs, n)
			}
		}
	case "ssm send-command":
		f.Says = append(f.Says, "ssm-run-command reaches only instances that carry the tag ado-project: give them the tag, and its value as project_tag.")
	case "deploy create-deployment", "deploy push":
		n := &f.Needs[0]
		if m := s3Location.FindStringSubmatch(o.flags["s3-location"]); m != nil {
			f.fill(n, "bucket", m[1], "")
			f.fill(n, "prefix", m[2], "parent")
		}
	}
}

var s3Location = regexp.MustCompile(`^(?:s3://|bucket=)([^/,]+)(?:/|,(?:bundleType=[^,]*,)?key=)([^,]+)`)

// iamPrefixes are the services that IAM calls by another name than the aws CLI.
var iamPrefixes = map[string]string{"s3api": "s3", "deploy": "codedeploy", "elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing",
	"apigatewayv2": "apigateway", "efs": "elasticfilesystem", "stepfunctions": "states", "cognito-idp": "cognito-idp", "resourcegroupstaggingapi": "tag"}

// uncovered says which action an operation is, where AWS has one of that name.
func uncovered(words []string) string {
	if len(words) > 1 {
		service := strings.ToLower(words[0])
		if other := iamPrefixes[service]; other != "" {
			service = other
		}
		if a, ok := FindAction(service + ":" + strings.ReplaceAll(words[1], "-", "")); ok {
			return fmt.Sprintf("It needs %s, which no template allows for this: a custom document can.", a.Name)
		}
	}
	return "No template is for this. A custom document can allow what it needs."
}

// s3 reads aws s3, whose words say in which direction files go.
func (f Find) s3(o options) Find {
	op := "ls"
	if len(o.words) > 1 {
		op = o.words[1]
	}
	places := o.words[min(2, len(o.words)):]
	from, to := "", ""
	if len(places) > 0 {
		from = places[0]
	}
	if len(places) > 1 {
		to = places[1]
	}
	whole := op == "sync" || op == "ls" || o.has("recursive")
	switch op {
	case "cp", "mv", "sync":
		if why := unknownIn(from); why != "" && !strings.HasPrefix(from, "s3://") {
			f.Says = append(f.Says, "Where it copies from cannot be told: "+why+".")
		}
		if strings.HasPrefix(from, "s3://") {
			template := "s3-download"
			if op == "mv" {
				template = "s3-static-site"
			}
			f.place(template, from, whole)
		}
		if strings.HasPrefix(to, "s3://") {
			template := "s3-upload"
			if o.has("delete") {
				template = "s3-static-site"
			}
			f.place(template, to, whole)
			f.acl(to, whole, o)
		} else if why := unknownIn(to); why != "" {
			f.Says = append(f.Says, "Where it copies to cannot be told: "+why+".")
		}
	case "rm":
		f.place("s3-static-site", from, whole)
	case "ls", "presign":
		if from == "" {
			f.Says = append(f.Says, "It lists all buckets of the account, which no template allows.")
			break
		}
		f.place("s3-download", from, whole)
	default:
		f.Says = append(f.Says, fmt.Sprintf("No template is for aws s3 %s. Let somebody do it once by hand.", shown(bare(op))))
	}
	return f
}

func (o options) has(flag string) bool { _, ok := o.flags[flag]; return ok }

func (f *Find) acl(to string, whole bool, o options) {
	switch acl := o.flags["acl"]; acl {
	case "":
	case "private", "bucket-owner-full-control":
		f.place("s3-upload-acl", to, whole)
	default:
		f.Says = append(f.Says, publicACL)
	}
	if o.flags["sse"] == "aws:kms" && o.flags["sse-kms-key-id"] != "" {
		n := Need{Template: "kms-for-bucket", Params: map[string]string{}}
		f.fill(&n, "key", o.flags["sse-kms-key-id"], "key")
		f.Needs = append(f.Needs, n)
	}
}

// place adds a template for a place in S3: a whole folder, or that of one file.
func (f *Find) place(template, address string, whole bool) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
	n := Need{Template: template, Params: map[string]string{}}
	f.fill(&n, "bucket", bucket, "")
	form := "parent"
	if whole || strings.HasSuffix(key, "/") {
		form = "folder"
	}
	if unknownIn(bucket) != "" && key == "" { // the mark may hold a folder as well
		n.unknown = append(n.unknown, "prefix")
	}
	if dir, file, ok := cutAtLast(key, "/"); ok && form == "parent" && unknownIn(file) != "" && unknownIn(dir) == "" {
		key = dir + "/x" // only the file's own name is not known
	}
	f.fill(&n, "prefix", key, form)
	f.Needs = append(f.Needs, n)
}
