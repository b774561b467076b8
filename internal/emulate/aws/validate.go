package aws

import (
	"regexp"
	"slices"
	"strings"
)

var (
	sidPattern   = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	conditionKey = regexp.MustCompile(`^[^:\s][^\s]*:[^\s]+$`)
	actionForm   = regexp.MustCompile(`^[A-Za-z0-9_-]+:[A-Za-z0-9*?]+$`)
	accountID    = regexp.MustCompile(`^\d{12}$`)
	federatedARN = regexp.MustCompile(`^arn:aws:iam::\d{12}:(oidc|saml)-provider/\S+$`)
	awsPrincipal = regexp.MustCompile(`^arn:aws:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/\S+)$`)
	servicePart  = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
)

// parseIdentityPolicy reads an inline or managed policy.
func parseIdentityPolicy(text string) (*document, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	for _, st := range d.statements {
		switch {
		case st.hasPrincipal || st.hasNotPrincipal:
			return nil, malformed("Policy document should not specify a principal.")
		case !st.hasResource && !st.hasNotResource:
			return nil, malformed("Policy statement must contain resources.")
		case len(st.actions)+len(st.notActions) == 0:
			return nil, malformed("Policy statement must contain actions.")
		case len(st.resources)+len(st.notResources) == 0:
			return nil, malformed("Policy statement must contain resources.")
		}
		if err := checkActions(st); err != nil {
			return nil, err
		}
		for _, r := range slices.Concat(st.resources, st.notResources) {
			if r != "*" && (!strings.HasPrefix(r, "arn:") || strings.Count(r, ":") < 5) {
				return nil, malformed("Resource %s must be in ARN format or \"*\".", r)
			}
		}
	}
	return d, nil
}

func checkActions(st statement) error {
	for _, a := range slices.Concat(st.actions, st.notActions) {
		switch {
		case a == "*":
		case !strings.Contains(a, ":"):
			return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		case !actionForm.MatchString(a):
			return malformed("Actions/Condition can contain only one colon.")
		}
	}
	return nil
}

// parseTrustPolicy reads the policy that says who may take on a role.
func parseTrustPolicy(text string) (*document, error) {
	d, err := parseDocument(text)
	if err != nil {
		return nil, err
	}
	for _, st := range d.statements {
		switch {
		case st.hasResource || st.hasNotResource:
			return nil, malformed("Has prohibited field Resource")
		case st.hasNotPrincipal && st.effect == "Allow":
			return nil, malformed("AssumeRole policy must not allow NotPrincipal")
		case !st.hasPrincipal && !st.hasNotPrincipal:
			return nil, malformed("Missing required field Principal")
		case st.hasNotAction || len(st.actions) == 0:
			return nil, malformed("AssumeRole policy must contain actions.")
		}
		for _, a := range st.actions {
			if !trustAction(a) {
				return nil, malformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
		for _, p := range slices.Concat(st.principals, st.notPrincipals) {
			if err := checkPrincipal(p); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func trustAction(action string) bool {
	service, name, ok := strings.Cut(strings.ToLower(action), ":")
	if !ok || service != "sts" {
		return false
	}
	return name == "*" || strings.HasPrefix(name, "assumerole") ||
		slices.Contains([]string{"tagsession", "setsourceidentity", "setcontext"}, name)
}

func checkPrincipal(p principal) error {
	ok := false
	switch p.kind {
	case "*":
		ok = true
	case "AWS":
		ok = p.value == "*" || accountID.MatchString(p.value) ||
			awsPrincipal.MatchString(p.value) && !strings.ContainsAny(p.value, "*?")
	case "Service":
		ok = servicePart.MatchString(p.value)
	case "Federated":
		if !federatedARN.MatchString(p.value) && !publicIssuer(p.value) {
			return malformed("Federated principals must be valid domain names or SAML metadata ARNs")
		}
		ok = true
	}
	if !ok {
		return malformed("Invalid principal in policy: %q:%q", p.kind, p.value)
	}
	return nil
}

// publicIssuer says whether a federated principal is one of those that need no provider.
func publicIssuer(name string) bool {
	return slices.Contains([]string{
		"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com",
	}, name)
}

// knownPrincipals refuses a trust policy that names a user or role of one of
// our accounts which does not exist. What other accounts hold cannot be known.
func (s *Server) knownPrincipals(d *document) error {
	for _, st := range d.statements {
		for _, p := range slices.Concat(st.principals, st.notPrincipals) {
			if p.kind == "AWS" && !s.principalExists(p.value) {
				return malformed("Invalid principal in policy: \"AWS\":%q", p.value)
			}
		}
	}
	return nil
}

func (s *Server) principalExists(arn string) bool {
	account := arnAccount(arn)
	if _, ours := s.accounts.Get(account); !ours {
		return true
	}
	if name, ok := strings.CutPrefix(arn, "arn:aws:iam::"+account+":user/"); ok {
		return slices.ContainsFunc(s.users.All(), func(u User) bool { return u.Account == account && u.Name == name })
	}
	if name, ok := strings.CutPrefix(arn, "arn:aws:iam::"+account+":role/"); ok {
		role, exists := s.roles.Seen(roleKey(account, name[strings.LastIndex(name, "/")+1:]))
		return exists && role.ARN == arn
	}
	return true
}
