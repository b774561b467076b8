package aws

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// serviceNames are the services that reports name in full. Any other is called
// by its prefix.
var serviceNames = map[string]string{
	"cloudformation": "AWS CloudFormation", "cloudfront": "Amazon CloudFront", "cloudtrail": "AWS CloudTrail",
	"dynamodb": "Amazon DynamoDB", "ecr": "Amazon Elastic Container Registry", "ecs": "Amazon Elastic Container Service",
	"iam": "AWS Identity and Access Management", "kms": "AWS Key Management Service", "lambda": "AWS Lambda",
	"logs": "Amazon CloudWatch Logs", "organizations": "AWS Organizations", "s3": "Amazon S3",
	"secretsmanager": "AWS Secrets Manager", "sns": "Amazon SNS", "sqs": "Amazon SQS", "ssm": "AWS Systems Manager",
	"sts": "AWS Security Token Service",
}

// trackedActions are the actions that reports at the level of actions follow: of
// the services that are emulated here, and no access to data, as in AWS.
var trackedActions = map[string][]string{
	"dynamodb": {"DeleteTable", "DescribeTable", "ListTables"},
	"iam": {"AttachRolePolicy", "CreateOpenIDConnectProvider", "CreatePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy",
		"GetAccountAuthorizationDetails", "GetAccountSummary", "GetOpenIDConnectProvider", "GetPolicy", "GetPolicyVersion", "GetRole",
		"GetRolePolicy", "ListRoles", "PutRolePermissionsBoundary", "PutRolePolicy", "TagRole", "UpdateAssumeRolePolicy", "UpdateRole"},
	"lambda":         {"GetFunction", "GetFunctionConfiguration", "ListFunctions", "UpdateFunctionCode"},
	"s3":             {"GetBucketLocation", "ListAllMyBuckets"},
	"secretsmanager": {"DescribeSecret", "GetSecretValue"},
	"ssm":            {"GetParameter", "GetParameters", "GetParametersByPath"},
}

// job is a report that was asked for. It is made at once; the first look at it
// finds it unfinished, so that clients must be ready to look again.
type job struct {
	account, level string
	made           time.Time
	looked         bool
	services       []serviceUse
}

type serviceUse struct {
	namespace string
	last      usage // the newest; no entity is never
	entities  []usage
	actions   []actionUse
}

type actionUse struct {
	name string
	last usage
}

// holder is a user or role that a report is about, with its policies.
type holder struct {
	id, arn  string
	policies []string
}

// holders are whom a report about this ARN covers: a user or role itself, and
// whoever has the policy.
func (c *call) holders(arn string) ([]holder, []string, error) {
	account := c.caller.account
	var found []holder
	for _, u := range c.usersOf(account) {
		if u.ARN() == arn || slices.Contains(u.Attached, arn) {
			found = append(found, holder{u.ID, u.ARN(), c.s.documents(u.Inline, u.Attached)})
		}
	}
	add := func(r Role) { found = append(found, holder{r.ID, r.ARN, c.s.documents(r.Inline, r.Attached)}) }
	if p, ok := c.s.policyFor(account, arn); ok {
		for _, r := range c.s.roles.Of(account) {
			if slices.Contains(r.Attached, arn) {
				add(r)
			}
		}
		return found, []string{p.Document}, nil
	}
	_, name := arnPath(arn)
	if r, ok := c.s.roles.Get(roleKey(account, name)); ok && r.ARN == arn {
		add(r)
	}
	if len(found) == 0 {
		return nil, nil, noSuchEntity("ARN %s does not exist or is not supported.", arn)
	}
	return found, found[0].policies, nil
}

func generateLastAccessed(c *call) (any, error) {
	arn, err := c.text("Arn", 20, 2048)
	if err != nil {
		return nil, err
	}
	level := c.form.Get("Granularity")
	switch level {
	case "":
		level = "SERVICE_LEVEL"
	case "SERVICE_LEVEL", "ACTION_LEVEL":
	default:
		return nil, constraint(level, "granularity", "Member must satisfy enum value set: [SERVICE_LEVEL, ACTION_LEVEL]")
	}
	if !strings.HasPrefix(arn, "arn:aws:iam::") {
		return nil, refuse(400, "InvalidInput", "Invalid ARN: %s", arn)
	}
	who, texts, err := c.holders(arn)
	if err != nil {
		return nil, err
	}
	id := newUUID()
	c.s.jobs[id] = &job{account: c.caller.account, level: level, made: c.now, services: c.s.report(who, texts)}
	return struct {
		JobID string `xml:"JobId"`
	}{id}, nil
}

// report lists the services that the policies allow anything of, and when each
// was last tried.
func (s *Server) report(who []holder, texts []string) []serviceUse {
	var out []serviceUse
	for _, namespace := range slices.Sorted(maps.Keys(grantedServices(texts))) {
		one := serviceUse{namespace: namespace}
		for _, name := range trackedActions[namespace] {
			if granted(texts, namespace+":"+name) {
				one.actions = append(one.actions, actionUse{name: name})
			}
		}
		for _, w := range who {
			one.add(s.usedBy(w.id, namespace))
		}
		out = append(out, one)
	}
	return out
}

// add counts what one entity did with the service.
func (one *serviceUse) add(all []usage) {
	if len(all) == 0 {
		return
	}
	newest := slices.MaxFunc(all, func(a, b usage) int { return a.At.Compare(b.At) })
	one.entities = append(one.entities, newest)
	if newest.At.After(one.last.At) {
		one.last = newest
	}
	for _, u := range all {
		for i := range one.actions {
			if a := &one.actions[i]; u.Action == one.namespace+":"+a.name && u.At.After(a.last.At) {
				a.last = u
			}
		}
	}
}

func (s *Server) usedBy(entity, service string) []usage {
	return slices.DeleteFunc(s.usage.Of(entity), func(u usage) bool { return u.service() != service })
}

// grantedServices are those of which policies allow anything at all.
func grantedServices(texts []string) map[string]bool {
	out := map[string]bool{}
	for _, text := range texts {
		d, err := parseDocument(text)
		if err != nil {
			continue
		}
		for _, st := range d.statements {
			if st.effect != "Allow" {
				continue
			}
			for service := range serviceNames {
				out[service] = out[service] || st.hasNotAction
			}
			for _, a := range st.actions {
				service, _, _ := strings.Cut(strings.ToLower(a), ":")
				for known := range serviceNames {
					out[known] = out[known] || service == "*"
				}
				if !strings.ContainsAny(service, "*?") {
					out[service] = true
				}
			}
		}
	}
	maps.DeleteFunc(out, func(_ string, is bool) bool { return !is })
	return out
}

// granted says whether policies allow an action on anything; conditions and
// resources do not count, as in AWS's reports.
func granted(texts []string, action string) bool {
	return anyOf(texts, func(text string) bool {
		d, err := parseDocument(text)
		return err == nil && anyOf(d.statements, func(st statement) bool {
			named := anyOf(slices.Concat(st.actions, st.notActions), func(a string) bool {
				return newPattern(strings.ToLower(a), "", nil).matches(strings.ToLower(action))
			})
			return st.effect == "Allow" && named == st.hasAction
		})
	})
}

func compareFold(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }
