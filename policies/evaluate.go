package policies

import (
	"fmt"
	"strings"
)

// Answer is what the evaluator says about a call.
type Answer string

// The answers. Unknown is neither: something that is not modelled decides.
const (
	Allowed Answer = "allowed"
	Denied  Answer = "denied"
	Unknown Answer = "unknown"
)

// Call is one use of an AWS API to be judged. A key that Context lacks is absent
// from the call.
type Call struct {
	Action   string              // s3:PutObject
	Resource string              // ARN, without wildcards
	Context  map[string][]string // condition keys in any case
}

// Evaluate judges a call by the permissions policies of a role and, if there is
// one, its permissions boundary. It returns a sentence that says why. Both have to
// allow; one Deny anywhere decides.
func Evaluate(policies []Document, boundary *Document, c Call) (Answer, string) {
	answer, why := judge(policies, c)
	if boundary == nil || answer == Denied {
		return answer, why
	}
	bound, because := judge([]Document{*boundary}, c)
	if bound == Denied {
		return Denied, "the permissions boundary: " + because
	}
	if bound == Unknown {
		return Unknown, "the permissions boundary: " + because
	}
	return answer, why
}

func judge(policies []Document, c Call) (Answer, string) {
	context := folded(c.Context)
	var v votes
	for _, d := range policies {
		for _, s := range d.Statement {
			hit := both(truth(s.concerns(c.Action, c.Resource)), s.Condition.hold(context))
			v.count(s, hit)
		}
	}
	return v.answer()
}

// concerns reports whether a statement is about this action on this resource.
func (s Statement) concerns(action, resource string) bool {
	about := anyAction(s.Action, action)
	if s.NotAction != nil {
		about = !anyAction(s.NotAction, action)
	}
	on := anyMatch(s.Resource, resource)
	if s.NotResource != nil {
		on = !anyMatch(s.NotResource, resource)
	}
	return about && on
}

// Token is what a web identity brings to AssumeRoleWithWebIdentity.
type Token struct {
	Issuer   string // https://…
	Audience string
	Subject  string
}

// Assume judges whether a token may assume the role that has this trust policy, in
// this account.
func Assume(trust Document, accountID string, t Token) (Answer, string) {
	context := map[string][]string{
		strings.ToLower(host(t.Issuer)) + ":aud": {t.Audience},
		strings.ToLower(host(t.Issuer)) + ":sub": {t.Subject},
	}
	arn := providerARN(accountID, t.Issuer)
	var v votes
	for _, s := range trust.Statement {
		about := anyAction(s.Action, assume)
		if s.NotAction != nil {
			about = !anyAction(s.NotAction, assume)
		}
		hit := both(truth(about), both(s.trusts(arn), s.Condition.hold(context)))
		v.count(s, hit)
	}
	return v.answer()
}

// trusts reports whether a provider is among the principals. Patterns are no
// principals to IAM; here they count as perhaps, to be on the safe side.
func (s Statement) trusts(provider string) tri {
	if s.NotPrincipal != nil {
		return perhaps
	}
	if _, everybody := s.Principal["*"]; everybody {
		return yes
	}
	found := no
	for _, f := range s.Principal["Federated"] {
		switch {
		case f == provider:
			return yes
		case matches(f, provider), strings.EqualFold(f, provider):
			found = perhaps
		}
	}
	return found
}

// votes counts what statements say, as IAM does: a Deny decides, then an Allow,
// then nothing.
type votes struct {
	allow, deny       tri
	allowBy, denyBy   string
	statementsOfAllow int
}

func (v *votes) count(s Statement, hit tri) {
	if s.allows() {
		v.statementsOfAllow++
		if hit > v.allow {
			v.allow, v.allowBy = hit, s.label()
		}
	} else if hit > v.deny {
		v.deny, v.denyBy = hit, s.label()
	}
}

func (v *votes) answer() (Answer, string) {
	switch {
	case v.deny == yes:
		return Denied, v.denyBy + " denies it"
	case v.allow == no:
		return Denied, fmt.Sprintf("none of %d allowing statements matches", v.statementsOfAllow)
	case v.deny == perhaps:
		return Unknown, v.denyBy + " has a condition that could not be judged"
	case v.allow == perhaps:
		return Unknown, v.allowBy + " has a condition that could not be judged"
	}
	return Allowed, v.allowBy + " allows it"
}

func folded(context map[string][]string) map[string][]string {
	out := make(map[string][]string, len(context))
	for k, v := range context {
		out[strings.ToLower(k)] = v
	}
	return out
}
