package drift

import (
	"slices"
	"strings"

	"fedbot/policies"
	"fedbot/workflows"
)

// judged says what a document as read back means, instead of only that it differs:
// who gets in by a trust policy now, and what a permissions policy allows now that
// its plan does not. Empty where the document does not show it.
func judged(f workflows.Federation, s workflows.Step, o workflows.Observation, field string) string {
	switch {
	case o.Document == "":
		return ""
	case s.Kind == workflows.StepRole && strings.HasPrefix(field, "trust policy"):
		return entrants(f, s, o.Document)
	case s.Kind == workflows.StepPolicy && s.Policy != nil && strings.HasPrefix(field, "permissions policy"):
		return reach(f, s, o.Document)
	}
	return ""
}

// entrants names who gets in now and was not approved. What cannot be judged is
// said to be so: it is not fine.
func entrants(f workflows.Federation, s workflows.Step, document string) string {
	frame := policies.TrustFrame{Account: f.Names.AccountID}
	if approved := issuer(f); approved != "" {
		frame.Issuers = []string{approved}
	}
	r := policies.JudgeTrust(document, frame)
	_, say, _ := strings.Cut(r.Say, ": ") // after the verdict
	switch {
	case r.Verdict == policies.Unreadable || r.Verdict == policies.NotJudged:
		return "fedbot cannot tell who gets in now: " + say
	case !r.Exact:
		return "Now " + say
	case s.Role == nil || sameConnections(r, policies.JudgeTrust(s.Role.Trust, frame)):
		return ""
	}
	return "Now " + strings.TrimSuffix(say, ".") + ": that is not who was approved."
}

func sameConnections(a, b policies.TrustReport) bool {
	return slices.EqualFunc(a.Connections, b.Connections, func(x, y policies.Entrant) bool { return x.Subject == y.Subject && x.Issuer == y.Issuer })
}

// reach says in which direction the permissions went, and the worst thing that the
// linter sees in them and not in what was approved.
func reach(f workflows.Federation, s workflows.Step, document string) string {
	c := policies.Compare(s.Policy.Document, document)
	say := c.Why
	frame := policies.LintFrame{Account: f.Names.AccountID}
	var before []string
	for _, p := range policies.LintPermissions(map[string]string{s.Policy.Name: s.Policy.Document}, frame) {
		before = append(before, p.Code+p.Say)
	}
	var worst policies.Problem
	for _, p := range policies.LintPermissions(map[string]string{s.Policy.Name: document}, frame) {
		if p.Counts() && !slices.Contains(before, p.Code+p.Say) && (worst.Code == "" || !worst.Level.AtLeast(p.Level)) {
			worst = p
		}
	}
	if worst.Code != "" {
		say += " " + worst.Say
		if worst.Attack != "" {
			say += " " + worst.Attack
		}
	}
	return say
}

// issuer is the issuer of the tokens that were approved.
func issuer(f workflows.Federation) string {
	if f.Plan == nil {
		return ""
	}
	for _, s := range f.Plan.Steps {
		if s.Provider != nil {
			return s.Provider.Issuer
		}
	}
	return ""
}
