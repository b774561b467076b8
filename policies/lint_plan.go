package policies

import (
	"fmt"
	"strings"

	"fedbot/workflows"
)

// LintTemplate looks at what a template renders to: with the examples of all
// parameters, and with those alone that have to be given.
func LintTemplate(t Template) []Problem {
	var out []Problem
	for _, all := range []bool{true, false} {
		params := map[string]string{}
		for _, p := range t.Parameters {
			if all || !p.Optional {
				params[p.Name] = p.Example
			}
		}
		document, err := t.Document(params, caseAccount, caseRegion)
		if err != nil {
			return append(out, Problem{Code: "D1", Name: "readable", Level: workflows.High, Where: t.Name, Say: "The template refuses its own examples: " + workflows.Said(err)})
		}
		name := PolicyName(t.Name, t.Version)
		found := map[string]string{name: document}
		out = append(out, LintPermissions(found, LintFrame{
			Account: caseAccount, Region: caseRegion, Approved: found, Excepts: map[string][]Exception{name: t.Excepts},
		})...)
	}
	return ordered(out)
}

// LintPlan looks at everything that a plan would make: provider, trust policy, role,
// permissions, and the order of its steps. The boundary is the account's document,
// empty if it is not known; excepts are the templates' own.
func LintPlan(plan workflows.Plan, region, boundary string, excepts map[string][]Exception) []Problem {
	var out []Problem
	var kinds []workflows.StepKind
	documents := map[string]string{}
	accountID, issuer := "", ""
	for _, s := range plan.Steps {
		kinds = append(kinds, s.Kind)
		switch {
		case s.Kind == workflows.StepPolicy && s.Policy != nil:
			documents[s.Policy.Name] = s.Policy.Document
			accountID = s.Policy.Account
		case s.Role != nil:
			out = append(out, lintPlannedRole(*s.Role, issuer)...)
		case s.Provider != nil:
			issuer = s.Provider.Issuer
			out = append(out, LintProvider(ProviderFacts{
				URL: s.Provider.Issuer, WantURL: s.Provider.Issuer, Audiences: []string{s.Provider.Audience}, Audience: s.Provider.Audience,
			})...)
		}
	}
	out = append(out, LintPermissions(documents, LintFrame{Account: accountID, Region: region, Approved: documents, Boundary: boundary, Excepts: excepts})...)
	if say := order(kinds); say != "" {
		out = append(out, Problem{Code: "I27", Name: "order", Level: workflows.High, Where: "steps", Say: say, Fix: checkNamed("I27").Fix})
	}
	return ordered(out)
}

func lintPlannedRole(r workflows.RoleSpec, issuer string) []Problem {
	out := LintRole(RoleFacts{Path: r.Path, Name: r.Name, Boundary: r.Boundary, WantBoundary: r.Boundary, MaxSession: r.MaxSession, Tags: r.Tags})
	// A blank stands for an id that the connection gets when it is made.
	report := JudgeTrust(strings.ReplaceAll(r.Trust, workflows.BlankConnection, otherID), TrustFrame{Account: r.Account, Issuers: []string{issuer}})
	out = append(out, report.Problems...)
	if !report.Exact {
		out = append(out, Problem{Code: "I5", Name: "subject", Level: workflows.Critical, Where: "trust policy", Say: fmt.Sprintf("The trust policy is not exact. %s", report.Say)})
	}
	return out
}
