package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// wildcards: a policy says what is meant, action by action.
func (l *linter) wildcards() {
	s := l.statement
	if s.NotAction != nil || s.NotResource != nil {
		l.add("I18", workflows.Critical, "", l.say("says what is not meant instead of what is."), "Name the actions and the resources that are meant.")
	}
	if s.Principal != nil || s.NotPrincipal != nil {
		l.add("I18", workflows.High, ".Principal", l.say("has a Principal, which belongs to no policy of a role."), "Take the Principal out.")
	}
	for _, a := range s.Action {
		if strings.ContainsAny(a, "*?") {
			level := workflows.High
			if a == "*" || strings.HasSuffix(a, ":*") {
				level = workflows.Critical
			}
			l.add("I18", level, ".Action", l.say("allows %s, which stands for %s.", shown(a), standsFor(a)), "Name the actions that are used.")
			continue
		}
		if have, _ := FindAction(a); len(have.On) > 0 && slices.Contains(s.Resource, "*") {
			l.add("I18", workflows.High, ".Resource", l.say("allows %s on everything, though IAM can limit it.", a),
				"Name what it is used on, such as "+have.On[0].Pattern()+".")
		}
	}
}

// standsFor counts what a pattern of actions stands for, the most telling named.
func standsFor(pattern string) string {
	all := ExpandAction(pattern)
	for _, a := range all {
		if a.Access == Permissions {
			return fmt.Sprintf("%d actions, %s among them", len(all), a.Name)
		}
	}
	if len(all) == 0 {
		return "no action that AWS publishes today"
	}
	return fmt.Sprintf("%d actions, such as %s", len(all), all[len(all)-1].Name)
}

func (l *linter) known() {
	var mighty list
	for _, a := range l.statement.Action {
		if strings.ContainsAny(a, "*?") {
			continue
		}
		switch have, ok := FindAction(a); {
		case !ok && meant[strings.ToLower(a)] != "":
			l.add("I19", workflows.High, ".Action", l.say("allows %s, which is a call of the API and no action of IAM: it allows nothing.", shown(a)), "Write "+meant[strings.ToLower(a)]+".")
		case !ok:
			l.add("I19", workflows.High, ".Action", l.say("allows %s, which is not an action that AWS publishes.", shown(a)), "Look it up: fedbot policy show "+serviceOf(a)+":*")
		case have.Access == Permissions && !strings.EqualFold(a, "iam:PassRole"):
			mighty = append(mighty, have.Name)
		}
	}
	if len(mighty) > 0 {
		l.add("I19", workflows.High, ".Action", l.say("allows %s, which changes permissions.", firstFew(mighty, 4)))
	}
}

// meant are calls of APIs that people take for actions, with the action that IAM asks for.
var meant = map[string]string{
	"s3:headbucket": "s3:ListBucket", "s3:listobjects": "s3:ListBucket", "s3:listobjectsv2": "s3:ListBucket", "s3:headobject": "s3:GetObject",
	"s3:copyobject": "s3:GetObject and s3:PutObject", "s3:deleteobjects": "s3:DeleteObject", "s3:createmultipartupload": "s3:PutObject",
	"s3:uploadpart": "s3:PutObject", "s3:completemultipartupload": "s3:PutObject", "s3:listbuckets": "s3:ListAllMyBuckets",
	"lambda:invoke": "lambda:InvokeFunction", "dynamodb:transactwriteitems": "dynamodb:PutItem, UpdateItem, DeleteItem and ConditionCheckItem",
	"dynamodb:transactgetitems": "dynamodb:GetItem", "sqs:sendmessagebatch": "sqs:SendMessage", "sns:publishbatch": "sns:Publish",
	"access-analyzer:listfindingsv2": "access-analyzer:ListFindings", "kms:encryptdata": "kms:Encrypt",
}

func serviceOf(action string) string {
	s, _, _ := strings.Cut(action, ":")
	return shown(s)
}

// handover guards iam:PassRole: whoever may hand a role to a service may do what
// the role may do.
func (l *linter) handover() {
	s := l.statement
	if !anyAction(s.Action, "iam:PassRole") {
		return
	}
	for _, r := range s.Resource {
		part := strings.SplitN(r, ":", 6)
		switch {
		case len(part) != 6 || !account.MatchString(part[4]) || strings.ContainsAny(r, "*?$") || !strings.HasPrefix(part[5], "role/"):
			l.add("I20", workflows.Critical, ".Resource", l.say("hands over roles that it does not name: %s.", shown(r)))
		case strings.HasPrefix("/"+strings.TrimPrefix(part[5], "role/"), workflows.RolePath):
			l.add("I20", workflows.Critical, ".Resource", l.say("hands over a role that belongs to fedbot."))
		}
	}
	if len(s.Condition.equal("iam:PassedToService")) == 0 {
		l.add("I20", workflows.High, ".Condition", l.say("does not say to which service a role may be handed."))
	}
}

// becoming guards sts:AssumeRole: what the other role may do, this one may do.
func (l *linter) becoming() {
	s := l.statement
	if !slices.ContainsFunc(s.Action, func(a string) bool { return strings.EqualFold(a, "sts:AssumeRole") }) {
		return
	}
	for _, r := range s.Resource {
		part := strings.SplitN(r, ":", 6)
		switch {
		case len(part) != 6 || part[2] != "iam" || !strings.HasPrefix(part[5], "role/") || strings.ContainsAny(part[5]+part[4], "*?$"):
			l.add("I21", workflows.High, ".Resource", l.say("becomes roles that it does not name: %s.", shown(r)))
		case l.frame.Account != "" && part[4] != l.frame.Account:
			l.add("I21", workflows.High, ".Resource", l.say("becomes a role of another account, %s.", part[4]))
		}
	}
}

// tooPowerful are actions that change who may do what. PassRole has a guard of its own.
var tooPowerful = []string{
	"iam:*", "organizations:*", "account:*", "sts:*", "*:put*policy", "*:set*policy", "kms:creategrant",
	"lambda:add*permission", "lambda:remove*permission", "sns:addpermission", "sqs:addpermission",
}

func (l *linter) powers() {
	harmless := []string{"iam:passrole", "iam:getrole", "sts:getcalleridentity"}
	var found list
	for _, a := range l.statement.Action {
		powerful := func(action string) bool {
			return !slices.Contains(harmless, action) && anyMatch(tooPowerful, action)
		}
		if powerful(strings.ToLower(a)) || slices.ContainsFunc(ExpandAction(a), func(each Action) bool { return powerful(strings.ToLower(each.Name)) }) {
			found = append(found, shown(a))
		}
	}
	if len(found) > 0 {
		l.add("I22", workflows.Critical, ".Action", l.say("allows %s: power over permissions or identities.", firstFew(found, 4)))
	}
}

// global are the services whose ARNs name no region.
var global = map[string]bool{"iam": true, "cloudfront": true}

// pinned asks that every resource names the region and the account, and where its
// ARN cannot, that a condition does. Where our own are not known, any single one is
// taken.
func (l *linter) pinned() {
	s, ours := l.statement, l.frame
	for _, r := range s.Resource {
		part := strings.SplitN(r, ":", 6)
		switch {
		case r == "*":
			if !s.Condition.pins("aws:RequestedRegion", ours.Region) {
				l.add("I23", workflows.High, ".Condition", l.say("is kept in no region by anything."))
			}
		case len(part) != 6 || part[0] != "arn" || !strings.HasPrefix(part[1], "aws"):
			l.add("I23", workflows.High, ".Resource", l.say("names %s, which is not an ARN.", shown(r)))
		case part[2] == "s3":
			if part[3] != "" || part[4] != "" || !s.Condition.pins("aws:ResourceAccount", ours.Account) {
				l.add("I23", workflows.High, ".Condition", l.say("is kept to the account's own buckets by nothing."), `Test "StringEquals": {"aws:ResourceAccount": the account}.`)
			}
		case !account.MatchString(part[4]) || ours.Account != "" && part[4] != ours.Account:
			l.add("I23", workflows.High, ".Resource", l.say("names %s, which is not of the account.", shown(r)))
		case global[part[2]] && part[3] == "":
		case !region.MatchString(part[3]) || ours.Region != "" && part[3] != ours.Region:
			l.add("I23", workflows.High, ".Resource", l.say("names %s, which is not in the region.", shown(r)))
		}
	}
}

// pins reports whether a key has to equal exactly one value: this one, if it is known.
func (c conditions) pins(key, value string) bool {
	values := c.equal(key)
	return len(values) == 1 && (value == "" || values[0] == value)
}

// equal are the values one of which a key has to equal; none: any passes.
func (c conditions) equal(key string) list {
	for op, keys := range c {
		for k, values := range keys {
			if strings.EqualFold(op, "StringEquals") && strings.EqualFold(k, key) {
				return values
			}
		}
	}
	return nil
}
