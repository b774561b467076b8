package aws

// Question asks the emulator's evaluator directly. Tests hold other evaluators to
// it: it shares no code with any of them.
type Question struct {
	Trust    string   // of a role that Principal wants to take; then Policies, Boundary and Session are not asked
	Kind     string   // of the principal: "Federated", "AWS", "Service"
	Name     string   // of the principal
	Policies []string // of the caller; they add up
	Boundary string   // empty: none
	Session  []string // session policies; they add up. Nil is none
	Action   string
	Resource string
	Keys     map[string][]string // condition keys in any case
}

// Decide reports whether a call would be allowed. A document that IAM would not
// have stored is an error that says so in IAM's words.
func Decide(ask Question) (bool, error) {
	keys := contextKeys{}
	for k, v := range ask.Keys {
		keys.set(k, v...)
	}
	q := question{action: ask.Action, resource: ask.Resource, keys: keys}
	if ask.Trust != "" {
		d, err := parseTrustPolicy(ask.Trust)
		if err != nil {
			return false, err
		}
		q.who = []principal{{ask.Kind, ask.Name}}
		return d.judge(q) == allows, nil
	}
	layers := [][]string{ask.Policies}
	if ask.Boundary != "" {
		layers = append(layers, []string{ask.Boundary})
	}
	if ask.Session != nil {
		layers = append(layers, ask.Session)
	}
	allowed := true
	for _, texts := range layers {
		for _, text := range texts {
			if _, err := parseIdentityPolicy(text); err != nil {
				return false, err
			}
		}
		allowed = allowed && judgeAll(texts, q) == allows
	}
	return allowed, nil
}
