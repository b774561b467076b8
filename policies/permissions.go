package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// PermissionsWant is what the inline policies of a role have to be.
type PermissionsWant struct {
	Account   string                 // 12 digits
	Region    string                 // eu-west-1
	Documents map[string]string      // policy name → document, as rendered and approved
	Excepts   map[string][]Exception // policy name → what its template takes out of which check
}

// CheckPermissions looks at the inline policies of a role, as planned or as read
// back (name → document), with every invariant that documents alone can show. The
// hold and the ended sessions are no permissions: leave them out.
func CheckPermissions(found map[string]string, want PermissionsWant) []workflows.Check {
	c := &permissionsCheck{found: found, want: want}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		d, err := Parse(found[name])
		if err != nil {
			c.broken = "The policy " + name + " " + unread(err)
			break
		}
		c.docs = append(c.docs, named{name, d})
	}
	rows := []struct {
		name string
		each func(Statement) string
	}{
		{"I16 as rendered", nil},
		{"I18 wildcards", wildcards},
		{"I19 known actions", known},
		{"I20 handing over roles", handover},
		{"I22 no power over permissions", powers},
		{"I23 region and account", c.pinned},
		{"I24 size", nil},
	}
	out := make([]workflows.Check, 0, len(rows))
	for _, row := range rows {
		var say string
		switch {
		case c.broken != "":
			say = c.broken
		case row.name == "I16 as rendered":
			say = c.rendered()
		case row.name == "I24 size":
			say = c.size()
		default:
			code, _, _ := strings.Cut(row.name, " ")
			say = c.statements(code, row.each)
		}
		out = append(out, workflows.Check{Name: row.name, OK: say == "", Say: say})
	}
	return out
}

type named struct {
	name string
	doc  Document
}

type permissionsCheck struct {
	found  map[string]string
	want   PermissionsWant
	docs   []named
	broken string
}

// statements asks a question of every Allow statement; the first complaint is told.
func (c *permissionsCheck) statements(code string, why func(Statement) string) string {
	for _, d := range c.docs {
		for _, s := range d.doc.Statement {
			if slices.ContainsFunc(c.want.Excepts[d.name], func(x Exception) bool { return x.Check == code && x.Statement == s.Sid }) {
				continue
			}
			if say := why(s); s.allows() && say != "" {
				return fmt.Sprintf("%s, %s: %s", d.name, s.label(), say)
			}
		}
	}
	return ""
}

func (c *permissionsCheck) rendered() string {
	for name, document := range c.want.Documents {
		if found, ok := c.found[name]; !ok {
			return "The policy " + name + " is not there."
		} else if len(Diff(name, document, found)) > 0 {
			return "The policy " + name + " is not as it was rendered."
		}
	}
	for name := range c.found {
		if _, ok := c.want.Documents[name]; !ok || !strings.HasPrefix(name, "tmpl-") {
			return "The policy " + shown(name) + " comes from no template."
		}
	}
	return ""
}

func (c *permissionsCheck) size() string {
	total := 0
	for _, document := range c.found {
		total += Size(document)
	}
	if total > MostCharacters {
		return fmt.Sprintf("The permissions have %d characters; %d are free, because AWS takes %d in all and the hold needs room.",
			total, MostCharacters, inlineQuota)
	}
	return ""
}

func wildcards(s Statement) string {
	if s.NotAction != nil || s.NotResource != nil || s.Principal != nil || s.NotPrincipal != nil {
		return "it says what is not meant instead of what is."
	}
	for _, a := range s.Action {
		if strings.ContainsAny(a, "*?") {
			return fmt.Sprintf("%s stands for more than one action.", a)
		}
		if have, _ := FindAction(a); len(have.On) > 0 && slices.Contains(s.Resource, "*") {
			return fmt.Sprintf("%s is allowed on everything, though IAM can limit it.", a)
		}
	}
	return ""
}

func known(s Statement) string {
	for _, a := range s.Action {
		switch have, ok := FindAction(a); {
		case !ok:
			return fmt.Sprintf("%s is not an action that fedbot knows.", a)
		case have.Access == Permissions:
			return fmt.Sprintf("%s changes permissions.", a)
		}
	}
	return ""
}

// handover guards iam:PassRole: whoever may hand a role to a service may do what
// the role may do.
func handover(s Statement) string {
	if !anyAction(s.Action, "iam:PassRole") {
		return ""
	}
	for _, r := range s.Resource {
		part := strings.SplitN(r, ":", 6)
		if len(part) != 6 || !account.MatchString(part[4]) || strings.ContainsAny(r, "*?$") || !strings.HasPrefix(part[5], "role/") {
			return "it hands over roles that it does not name."
		}
		if strings.HasPrefix("/"+strings.TrimPrefix(part[5], "role/"), workflows.RolePath) {
			return "it hands over a role that belongs to fedbot."
		}
	}
	for op, keys := range s.Condition {
		for key, to := range keys {
			if strings.EqualFold(op, "StringEquals") && strings.EqualFold(key, "iam:PassedToService") && len(to) > 0 {
				return ""
			}
		}
	}
	return "it does not say to which service a role may be handed."
}

// tooPowerful are actions that change who may do what. PassRole has a guard of its own.
var tooPowerful = []string{
	"iam:*", "organizations:*", "account:*", "sts:*", "*:Put*Policy", "*:Set*Policy", "kms:CreateGrant",
	"lambda:Add*Permission", "lambda:Remove*Permission", "sns:AddPermission", "sqs:AddPermission",
}

func powers(s Statement) string {
	harmless := []string{"iam:PassRole", "iam:GetRole"}
	for _, a := range s.Action {
		if anyAction(harmless, a) {
			continue
		}
		if anyOf(tooPowerful, func(p string) bool { return overlaps(strings.ToLower(p), strings.ToLower(a)) }) {
			return fmt.Sprintf("%s is power over permissions or identities.", a)
		}
	}
	return ""
}

// global are the services whose ARNs name no region.
var global = map[string]bool{"iam": true, "cloudfront": true}

// pinned asks that every resource names the region and the account, and where its
// ARN cannot, that a condition does.
func (c *permissionsCheck) pinned(s Statement) string {
	for _, r := range s.Resource {
		part := strings.SplitN(r, ":", 6)
		switch {
		case r == "*":
			if !s.Condition.pins("aws:RequestedRegion", c.want.Region) {
				return "nothing keeps it in region " + c.want.Region + "."
			}
		case len(part) != 6 || part[0] != "arn" || part[1] != "aws":
			return fmt.Sprintf("%s is not an ARN.", shown(r))
		case part[2] == "s3":
			if part[3] != "" || part[4] != "" || !s.Condition.pins("aws:ResourceAccount", c.want.Account) {
				return "nothing keeps it to buckets of account " + c.want.Account + "."
			}
		case part[4] != c.want.Account:
			return fmt.Sprintf("%s is not of account %s.", shown(r), c.want.Account)
		case part[3] != c.want.Region && !(global[part[2]] && part[3] == ""):
			return fmt.Sprintf("%s is not in region %s.", shown(r), c.want.Region)
		}
	}
	return ""
}

// pins reports whether a key has to equal exactly this value.
func (c conditions) pins(key, value string) bool {
	for op, keys := range c {
		for k, values := range keys {
			if strings.EqualFold(op, "StringEquals") && strings.EqualFold(k, key) && len(values) == 1 && values[0] == value {
				return true
			}
		}
	}
	return false
}
