package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// Explanation is what permissions policies mean, in sentences that somebody
// understands who writes none.
type Explanation struct {
	Can    []string        `json:"can"`    // "replace or add files in bucket `site` under `web/`": after "It can"
	Cannot []string        `json:"cannot"` // "change who may do what": after "It cannot"; only what is certain
	Worst  string          `json:"worst"`  // the single worst thing, a sentence
	Risk   workflows.Level `json:"risk"`   // low, medium or high
	Why    string          `json:"why"`    // of the risk, a sentence
}

// Explain puts the permissions policies of one role (name → document) into words.
// Documents that cannot be read, and statements that say what is not meant, make it
// say the worst: what is not understood is not harmless.
func Explain(found map[string]string, frame LintFrame) Explanation {
	l := &linter{frame: frame, found: found}
	if b, err := Parse(frame.Boundary); err == nil {
		l.boundary = &b
	}
	var out Explanation
	for _, name := range keysOf(found, nil) {
		d, err := Parse(found[name])
		if err != nil {
			l.unread = true
			out.Can = append(out.Can, "do whatever the policy "+shown(name)+" allows, which could not be read")
			continue
		}
		l.docs = append(l.docs, named{name, d})
	}
	out.Can = append(out.Can, l.can()...)
	if !l.unread {
		out.Cannot = l.cannot()
	}
	l.ways()
	out.Worst, out.Risk, out.Why = l.worst(out.Can)
	if out.Can == nil {
		out.Can = []string{}
	}
	if out.Cannot == nil {
		out.Cannot = []string{}
	}
	return out
}

// doing is what several actions do to one thing.
type doing struct {
	verbs []string
	thing string
	rank  int
}

// can says what every Allow statement allows that nothing surely rules out, one
// sentence for each thing.
func (l *linter) can() []string {
	var all []doing
	var vague []string
	for _, d := range l.docs {
		for _, s := range d.doc.Statement {
			if !s.allows() {
				continue
			}
			if s.NotAction != nil || s.NotResource != nil {
				vague = unique(vague, "do everything but what "+s.label()+" leaves out")
				continue
			}
			for _, on := range s.Resource {
				for _, pattern := range s.Action {
					a, known := FindAction(pattern)
					if known && on != "*" && len(usable(a, on)) == 0 || l.ruledOut(strings.ToLower(pattern), widest(on)) {
						continue
					}
					verb, rank := verbOf(pattern)
					thing := thingOf(pattern, on) + limitOf(s)
					i := slices.IndexFunc(all, func(o doing) bool { return o.thing == thing })
					if i < 0 {
						all, i = append(all, doing{thing: thing}), len(all)
					}
					all[i].verbs, all[i].rank = unique(all[i].verbs, verb), max(all[i].rank, rank)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b doing) int { return cmp.Compare(b.rank, a.rank) })
	for _, d := range all {
		vague = append(vague, and(d.verbs)+" "+d.thing)
	}
	return vague
}

// verbOf is what an action does, and how much harm that can be. The telling ones have
// words of their own; the others go by their access level.
func verbOf(pattern string) (string, int) {
	if strings.ContainsAny(pattern, "*?") {
		rank := 1
		for _, a := range ExpandAction(pattern) {
			rank = max(rank, harms[a.Access])
		}
		return "do all that " + shown(pattern) + " stands for with", rank + 1
	}
	a, ok := FindAction(pattern)
	if !ok {
		return "use " + shown(pattern) + " on", 0
	}
	for _, w := range wording {
		if anyAction(w.actions, pattern) {
			return w.verb, max(w.rank, harms[a.Access])
		}
	}
	return map[Access]string{Reads: "look at", Lists: "list", Writes: "change", Tags: "tag", Permissions: "change who may use"}[a.Access], harms[a.Access]
}

var harms = map[Access]int{Lists: 1, Reads: 1, Tags: 2, Writes: 3, Permissions: 6}

var wording = []struct {
	verb    string
	rank    int
	actions []string
}{
	{"hand over", 4, []string{"iam:PassRole"}},
	{"become", 5, []string{"sts:AssumeRole"}},
	{"replace the code of", 4, []string{"lambda:UpdateFunctionCode"}},
	{"run commands on", 5, []string{"ssm:SendCommand", "ssm:StartSession"}},
	{"empty the cache of", 2, []string{"cloudfront:CreateInvalidation"}},
	{"call", 3, []string{"lambda:InvokeFunction*"}},
	{"read the secret", 3, []string{"secretsmanager:GetSecretValue"}},
	{"decrypt with", 2, []string{"kms:Decrypt"}},
	{"encrypt with", 1, []string{"kms:Encrypt", "kms:GenerateDataKey*"}},
	{"send to", 2, []string{"sqs:SendMessage", "sns:Publish"}},
	{"push images to", 4, []string{"ecr:PutImage"}},
	{"deploy", 4, []string{"*:UpdateStack", "*:ExecuteChangeSet", "*:CreateStack", "*:UpdateService", "*:CreateDeployment", "*:UpdateEnvironment"}},
	{"read", 2, []string{"s3:GetObject*", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "ssm:GetParameter*"}},
	{"replace or add", 3, []string{"s3:PutObject", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "ssm:PutParameter", "secretsmanager:PutSecretValue"}},
	{"delete", 4, []string{"*:Delete*", "*:Terminate*", "*:Remove*"}},
	{"make", 3, []string{"*:Create*", "*:Register*"}},
	{"start", 3, []string{"*:Start*", "*:Run*"}},
	{"stop", 4, []string{"*:Stop*"}},
	{"list what is in", 1, []string{"s3:ListBucket*"}},
}

// thingOf names what a resource pattern stands for.
func thingOf(action, on string) string {
	service, _, _ := strings.Cut(action, ":")
	part := strings.SplitN(on, ":", 6)
	if on == "*" || len(part) != 6 {
		return "everything of " + serviceTitle(service)
	}
	name := part[5]
	kind := ""
	switch {
	case part[2] == "s3":
		bucket, path, inside := strings.Cut(name, "/")
		switch {
		case bucket == "*":
			return "every bucket"
		case !inside:
			return "bucket `" + shown(bucket) + "`"
		case path == "*" || path == "":
			return "files in bucket `" + shown(bucket) + "`"
		}
		return fmt.Sprintf("files in bucket `%s` under `%s`", shown(bucket), shown(strings.TrimSuffix(path, "*")))
	case strings.Contains(name, "/") && (!strings.Contains(name, ":") || strings.Index(name, "/") < strings.Index(name, ":")):
		kind, name, _ = strings.Cut(name, "/")
	case strings.Contains(name, ":"):
		kind, name, _ = strings.Cut(name, ":")
		name = strings.TrimSuffix(name, ":*")
	}
	if kind == "" {
		kind = map[string]string{"sns": "topic", "sqs": "queue"}[part[2]]
	}
	if kind == "" {
		kind = serviceTitle(part[2])
	}
	if strings.Trim(name, "*?") == "" {
		return "every " + shown(kind)
	}
	return shown(kind) + " `" + shown(strings.TrimSuffix(name, "/*")) + "`"
}

func serviceTitle(prefix string) string {
	if s, ok := findService(strings.ToLower(prefix)); ok && s.title != "" {
		return s.title
	}
	if prefix == "*" {
		return "AWS"
	}
	return shown(prefix)
}

// limitOf says under which conditions a statement allows.
func limitOf(s Statement) string {
	if !s.narrowed() {
		return ""
	}
	var keys []string
	for _, op := range keysOf(s.Condition, nil) {
		for _, key := range keysOf(s.Condition[op], nil) {
			if low := strings.ToLower(key); low != "aws:resourceaccount" && low != "aws:requestedregion" {
				keys = unique(keys, shown(key)+" is "+shown(strings.Join(s.Condition[op][key], " or ")))
			}
		}
	}
	return ", only where " + firstFew(keys, 2)
}

// cannot says what none of the policies allows in any way, so that it is certain.
func (l *linter) cannot() []string {
	var out []string
	for _, c := range certainly {
		if !slices.ContainsFunc(c.actions, l.mayUse) {
			out = append(out, c.say)
		}
	}
	return out
}

// certainly are promises and the actions that would break them, in the order in which
// approvers ask.
var certainly = []struct {
	say     string
	actions []string
}{
	{"change who may do what", []string{"iam:Put*", "iam:Attach*", "iam:Detach*", "iam:Create*", "iam:Update*", "iam:Delete*", "iam:Add*", "iam:Remove*", "iam:Set*", "organizations:*",
		"sso:*", "*:Put*Policy", "*:Set*Policy", "*:Put*Acl", "*:AddPermission", "*:RemovePermission", "kms:CreateGrant", "*:Add*Permission"}},
	{"become another role or hand one over", []string{"sts:AssumeRole*", "iam:PassRole", "sts:GetFederationToken"}},
	{"read secrets", []string{"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter*"}},
	{"read or write files in S3", []string{"s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*"}},
	{"read or write data in DynamoDB", []string{"dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQL*"}},
	{"run commands on machines", []string{"ssm:SendCommand", "ssm:StartSession", "ec2-instance-connect:*", "ecs:ExecuteCommand"}},
	{"change code that runs", []string{"lambda:UpdateFunctionCode", "lambda:CreateFunction", "ecs:UpdateService", "ecs:RegisterTaskDefinition", "ecr:PutImage", "codedeploy:CreateDeployment",
		"cloudformation:UpdateStack", "cloudformation:ExecuteChangeSet", "cloudformation:CreateStack", "elasticbeanstalk:UpdateEnvironment", "ssm:SendCommand"}},
	{"delete anything", []string{"*:Delete*", "*:Terminate*", "*:Remove*", "*:BatchDelete*", "*:Purge*", "*:ScheduleKeyDeletion", "dynamodb:BatchWriteItem"}},
}

// mayUse reports whether some statement could allow an action that fits a pattern.
func (l *linter) mayUse(pattern string) bool {
	low := strings.ToLower(pattern)
	for _, d := range l.docs {
		for _, s := range d.doc.Statement {
			if s.allows() && (s.NotAction != nil || anyOf(s.Action, func(a string) bool { return overlaps(strings.ToLower(a), low) })) {
				return true
			}
		}
	}
	return false
}

// worst is the single worst thing: the worst way that the linter knows, or else the
// most harmful of what it can do.
func (l *linter) worst(can []string) (string, workflows.Level, string) {
	ways := ordered(slices.Clone(l.problems))
	slices.SortStableFunc(ways, func(a, b Problem) int {
		if a.Level == b.Level && a.Code[0] != b.Code[0] {
			return cmp.Compare(a.Code[0], b.Code[0]) // to be stronger is worse than to reach what is others'
		}
		return 0
	})
	switch {
	case l.unread:
		return "Nobody knows: a policy could not be read.", workflows.High, "A policy could not be read."
	case len(ways) > 0 && ways[0].Level.AtLeast(workflows.High):
		return ways[0].Attack, workflows.High, "It opens a way to more than it names: " + ways[0].Name + "."
	case len(ways) > 0 && ways[0].Code[0] == 'E':
		return ways[0].Attack, workflows.Medium, "It can " + ways[0].Name + ", of what it names."
	case len(ways) > 0 && len(can) > 0:
		return "Whoever uses the role can " + can[0] + ".", workflows.Medium, "It reads or changes what it names."
	case len(can) > 0:
		level, why := workflows.Low, "It looks and changes nothing."
		if !slices.ContainsFunc(l.docs, func(d named) bool { return slices.ContainsFunc(d.doc.Statement, writes) }) {
			return "Whoever uses the role can " + can[0] + ".", level, why
		}
		return "Whoever uses the role can " + can[0] + ".", workflows.Medium, "It changes what it names."
	}
	return "It can do nothing.", workflows.Low, "It allows nothing."
}

func writes(s Statement) bool {
	return s.allows() && (s.NotAction != nil || slices.ContainsFunc(s.Action, func(p string) bool {
		all := ExpandAction(p)
		return len(all) == 0 || slices.ContainsFunc(all, func(a Action) bool { return a.Access != Reads && a.Access != Lists })
	}))
}
