package policies

import (
	"regexp"
	"strings"
)

var ecrImage = regexp.MustCompile(`^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/([^:@` + markOpen + markClose + `]+)(?:[:@].*)?$`)

// dockerCommand reads docker push and pull to and from ECR.
func dockerCommand(f Find, words []string) (Find, bool) {
	if len(words) == 0 {
		return f, false
	}
	template := map[string]string{"push": "ecr-push", "pull": "ecr-pull"}[words[0]]
	switch {
	case words[0] == "buildx" || words[0] == "build":
		if strings.Contains(strings.Join(words, " "), "--push") {
			template = "ecr-push"
			words = tagged(words)
		}
	case words[0] == "compose" && len(words) > 1:
		f.What, f.Says = "docker compose "+shown(bare(words[1])), []string{"fedbot cannot see which images this is about. Check it yourself."}
		return f, words[1] == "push" || words[1] == "pull"
	}
	if template == "" {
		return f, false
	}
	image := words[len(words)-1]
	f.What = "docker " + words[0]
	n := Need{Template: template, Params: map[string]string{}}
	switch m := ecrImage.FindStringSubmatch(image); {
	case m != nil:
		f.fill(&n, "repository", m[1], "")
	case unknownIn(image) != "":
		if name := repositoryBehind(image); name != "" {
			f.fill(&n, "repository", name, "")
			f.Says = append(f.Says, "Whether the registry is this account's cannot be told: "+unknownIn(image)+".")
			break
		}
		f.Says = append(f.Says, "Which image it is cannot be told: "+unknownIn(image)+".")
		n.unknown = append(n.unknown, "repository")
	default:
		return f, false // another registry
	}
	f.Needs = append(f.Needs, n)
	return f, true
}

// tagged finds the image that docker build --push is to push.
func tagged(words []string) []string {
	for i, w := range words[:len(words)-1] {
		if w == "-t" || w == "--tag" {
			return []string{words[0], words[i+1]}
		}
	}
	return words
}

// repositoryBehind is the repository of an image whose registry or tag is not known.
func repositoryBehind(image string) string {
	at := strings.LastIndex(image, markClose+"/")
	registry, rest := "", ""
	if at >= 0 {
		registry, rest = image[:at+1], image[at+2:]
	} else if host, path, ok := strings.Cut(image, "/"); ok && strings.Contains(host, ".dkr.ecr.") {
		registry, rest = host, path
	}
	if i := strings.IndexAny(rest, ":@"); i >= 0 {
		rest = rest[:i]
	}
	if registry == "" || unknownIn(rest) != "" || strings.Contains(rest, markClose) {
		return ""
	}
	return rest
}

// cdkDefault is the qualifier of cdk bootstrap unless somebody chose another.
const cdkDefault = "hnb659fds"

func cdkCommand(f Find, words []string) (Find, bool) {
	if len(words) == 0 || !isOneOf([]string{"deploy", "diff", "destroy", "import", "watch"}, words[0]) {
		return f, false // synth needs nothing
	}
	f.What = "cdk " + words[0]
	n := Need{Template: "cdk-deploy", Params: map[string]string{}}
	qualifier := cdkDefault
	for i, w := range words {
		if _, v, ok := strings.Cut(w, "bootstrapQualifier="); ok {
			qualifier = v
		}
		if w == "--qualifier" && i+1 < len(words) {
			qualifier = words[i+1]
		}
	}
	f.fill(&n, "qualifier", qualifier, "")
	f.Needs = append(f.Needs, n)
	f.Says = append(f.Says, "What the roles of cdk bootstrap may do, this may do: everything, unless they were made otherwise. cdk.json may name another qualifier.")
	return f, true
}

var backendValue = regexp.MustCompile(`^-?-backend-config=(bucket|key|dynamodb_table)=(.*)$`)

func terraformCommand(f Find, name string, words []string) (Find, bool) {
	verb := ""
	for _, w := range words {
		if !strings.HasPrefix(w, "-") {
			verb = w
			break
		}
	}
	if !isOneOf([]string{"init", "plan", "apply", "destroy", "refresh", "import", "output", "state", "run-all"}, verb) {
		return f, false
	}
	f.What = name + " " + verb
	template := "terraform-apply"
	if verb == "init" || verb == "output" {
		template = "tf-state-s3"
	}
	n := Need{Template: template, Params: map[string]string{}}
	lock := ""
	for i, w := range words {
		if (w == "-backend-config" || w == "--backend-config") && i+1 < len(words) {
			w = "-backend-config=" + words[i+1]
		}
		m := backendValue.FindStringSubmatch(w)
		switch {
		case m == nil:
		case m[1] == "dynamodb_table":
			lock = m[2]
		default:
			f.fill(&n, map[string]string{"bucket": "bucket", "key": "state"}[m[1]], m[2], "")
		}
	}
	f.Needs = append(f.Needs, n)
	if lock != "" {
		l := Need{Template: "tf-state-dynamodb-lock", Params: map[string]string{"bucket": n.Params["bucket"], "state": n.Params["state"]}}
		f.fill(&l, "table", lock, "")
		f.Needs = append(f.Needs, l)
	}
	if template == "terraform-apply" {
		f.Says = append(f.Says, "fedbot cannot read .tf files, so nobody can tell from here what it makes: terraform-apply is the state only, and your own template adds the rest.")
	}
	return f, true
}

// cmdlet is one of the AWS Tools for PowerShell with the operation of the aws CLI
// that it is.
type cmdlet struct {
	op    string
	flags map[string]string // of the cmdlet, in lower case: flag of the operation
}

var cmdlets = map[string]cmdlet{
	"write-s3object":              {"s3api put-object", map[string]string{"bucketname": "bucket", "key": "key"}},
	"read-s3object":               {"s3api get-object", map[string]string{"bucketname": "bucket", "key": "key"}},
	"remove-s3object":             {"s3api delete-object", map[string]string{"bucketname": "bucket", "key": "key"}},
	"new-cfinvalidation":          {"cloudfront create-invalidation", map[string]string{"distributionid": "distribution-id"}},
	"update-lmfunctioncode":       {"lambda update-function-code", map[string]string{"functionname": "function-name"}},
	"invoke-lmfunction":           {"lambda invoke", map[string]string{"functionname": "function-name"}},
	"update-ecsservice":           {"ecs update-service", map[string]string{"cluster": "cluster", "service": "service", "taskdefinition": "task-definition"}},
	"new-cfnstack":                {"cloudformation create-stack", map[string]string{"stackname": "stack-name", "rolearn": "role-arn"}},
	"update-cfnstack":             {"cloudformation update-stack", map[string]string{"stackname": "stack-name", "rolearn": "role-arn"}},
	"remove-cfnstack":             {"cloudformation delete-stack", map[string]string{"stackname": "stack-name", "rolearn": "role-arn"}},
	"get-ssmparameter":            {"ssm get-parameter", map[string]string{"name": "name"}},
	"get-ssmparametervalue":       {"ssm get-parameters", map[string]string{"name": "names"}},
	"write-ssmparameter":          {"ssm put-parameter", map[string]string{"name": "name", "keyid": "key-id"}},
	"send-ssmcommand":             {"ssm send-command", map[string]string{"documentname": "document-name"}},
	"get-secsecretvalue":          {"secretsmanager get-secret-value", map[string]string{"secretid": "secret-id"}},
	"publish-snsmessage":          {"sns publish", map[string]string{"topicarn": "topic-arn"}},
	"send-sqsmessage":             {"sqs send-message", map[string]string{"queueurl": "queue-url"}},
	"new-cddeployment":            {"deploy create-deployment", map[string]string{"applicationname": "application-name", "deploymentgroupname": "deployment-group-name"}},
	"get-ecrlogincommand":         {"ecr get-login-password", nil},
	"new-ebapplicationversion":    {"elasticbeanstalk create-application-version", map[string]string{"applicationname": "application-name"}},
	"update-ebenvironment":        {"elasticbeanstalk update-environment", map[string]string{"applicationname": "application-name", "environmentname": "environment-name"}},
	"set-lmfunctionconfiguration": {"lambda update-function-configuration", map[string]string{"functionname": "function-name", "role": "role"}},
}

// cmdletCommand reads a cmdlet as the operation that it is.
func cmdletCommand(f Find, words []string) (Find, bool) {
	c := cmdlets[strings.ToLower(words[0])]
	as := strings.Fields(c.op)
	for i, w := range words {
		flag := c.flags[strings.ToLower(strings.TrimPrefix(w, "-"))]
		if flag != "" && strings.HasPrefix(w, "-") && i+1 < len(words) {
			as = append(as, "--"+flag, words[i+1])
		}
	}
	f, ok := awsCommand(f, as)
	f.What = shown(words[0])
	return f, ok
}
