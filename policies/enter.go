package policies

import "strings"

// Token is what a web identity brings to AssumeRoleWithWebIdentity. What is empty
// is absent from the token.
type Token struct {
	Issuer   string // https://…
	Audience string
	Subject  string
}

// Assume judges whether a token may assume the role that has this trust policy, in
// this account. Keys that do not come from the token, such as the caller's address,
// are not known.
func Assume(trust Document, accountID string, t Token) (Answer, string) {
	j := enter(trust, webEntry(providerARN(accountID, t.Issuer), t))
	return j.Answer, j.Why
}

// entry is one attempt to take a role.
type entry struct {
	action string
	kind   string   // of principal: "Federated", "AWS", "Service"
	names  []string // by which a Principal element may call who enters
	have   keyring
}

// webEntry is a token's attempt through an OIDC provider.
func webEntry(arn string, t Token) entry {
	issuer := strings.ToLower(host(t.Issuer))
	keys := map[string][]string{"aws:federatedprovider": {arn}}
	if t.Audience != "" {
		keys[issuer+":aud"] = []string{t.Audience}
	}
	if t.Subject != "" {
		keys[issuer+":sub"] = []string{t.Subject}
	}
	return entry{assume, "Federated", []string{arn}, keyring{keys, callKey}}
}

// callKey reports whether a key is of the call and not of the token, so that nothing
// is known of it here.
func callKey(key string) bool {
	return strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "sts:") || strings.HasPrefix(key, "iam:")
}

// enter judges an attempt to take a role by its trust policy.
func enter(trust Document, e entry) Judgement {
	v := votes{layer: "trust policy"}
	for i := range trust.Statement {
		s := &trust.Statement[i]
		about := both(s.acts(e.action), s.trusts(e))
		if about == no {
			v.miss(s)
			continue
		}
		held, failed := s.Condition.hold(trust.Version, e.have)
		v.count(s, both(about, held), failed)
	}
	return v.judgement()
}

// trusts reports whether somebody is among the principals. What IAM does not take,
// such as a pattern, counts as perhaps, to be on the safe side.
func (s *Statement) trusts(e entry) tri {
	if s.NotPrincipal != nil {
		return not(among(s.NotPrincipal, e))
	}
	return among(s.Principal, e)
}

func among(p principals, e entry) tri {
	if _, everybody := p["*"]; everybody {
		return yes
	}
	found := no
	for _, listed := range p["AWS"] {
		if listed == "*" {
			found = max(found, perhaps)
			if e.kind == "AWS" {
				return yes
			}
		}
	}
	for _, listed := range p[e.kind] {
		for _, name := range e.names {
			switch {
			case listed == name:
				return yes
			case matches(listed, name), strings.EqualFold(listed, name):
				found = perhaps
			}
		}
	}
	return found
}
