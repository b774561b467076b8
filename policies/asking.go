package policies

import (
	"fmt"

	"fedbot/workflows"
)

// RefuseValue says why a value would be refused for a parameter of the template in an
// account, in the words of Render, or nothing. It reads nothing, so that a form can
// say it while somebody types. A parameter that the template has not is refused.
func (t *Template) RefuseValue(parameter, value string, a workflows.Account, project string) string {
	in := workflows.Input{Account: a}
	in.Facts.AzureDevOps.Project = project
	for _, p := range t.Parameters {
		if p.Name != parameter {
			continue
		}
		if r := p.check(value, in); r != nil {
			return r.Say
		}
		return ""
	}
	return fmt.Sprintf("%s has no parameter %s.", t.Name, shown(parameter))
}

// Listed returns the patterns that an account lists for a parameter of the template,
// and whether it lists any at all; where it does not, a value that names an object
// is refused.
func (t *Template) Listed(parameter string, a workflows.Account) (patterns []string, listed bool) {
	for _, p := range t.Parameters {
		if p.Name == parameter {
			return p.listed(a)
		}
	}
	return nil, false
}

// RefuseBranch says why a branch, or a pattern of branches, cannot be asked for.
func RefuseBranch(name string) string {
	d := draft{in: workflows.Input{Proposal: workflows.Proposal{Branches: []string{name}}}}
	if r := d.branches(); r != nil {
		return r.Say
	}
	return ""
}
