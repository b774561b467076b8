package bot

import (
	"slices"
	"strings"

	"fedbot/workflows"
)

// read makes answers out of a form's values.
func read(values map[string][]string) answers {
	var a answers
	values = chosenOnly(values)
	for block, v := range values {
		if len(v) == 0 {
			continue
		}
		first := strings.TrimSpace(v[0])
		switch baseID(block) {
		case blockProject:
			a.Organization, a.Project, _ = strings.Cut(first, "/")
		case blockBranches:
			a.Branches = first
		case blockAccount:
			a.Account = first
		case blockTemplate:
			a.Template = first
			_, a.Filled, _ = strings.Cut(block, "/")
		case blockOwner:
			a.Owner = first
		case blockEnds:
			a.Ends = first
		case blockDate:
			a.Date = first
		case blockReason:
			a.Reason = first
		case blockConnection:
			a.Connection = first
		}
	}
	a.dependent(values)
	for _, name := range values[blockMore] {
		if a.Account != "" && name != a.Account && len(a.More) < mostAccounts-1 {
			a.More = append(a.More, name)
		}
	}
	a.apart(values)
	return a
}

// chosenOnly leaves out the line that only says that a list is longer.
func chosenOnly(values map[string][]string) map[string][]string {
	out := make(map[string][]string, len(values))
	for block, v := range values {
		out[block] = slices.DeleteFunc(slices.Clone(v), func(x string) bool { return x == noChoice })
	}
	return out
}

// dependent reads the answers that count only for the project and template that are
// chosen now.
func (a *answers) dependent(values map[string][]string) {
	a.Pipelines = values[middle(blockPipelines+"/"+a.Organization+"/"+a.Project, 255)]
	a.Params = paramsOf(values, a.Template)
	for _, name := range values[filledBlock(blockAlso, a.Filled)] {
		if name != a.Template && a.Template != "" {
			a.Also = append(a.Also, workflows.Grant{Template: name, Params: paramsOf(values, name)})
		}
	}
}

// paramsOf are the answers for the parameters of a template; nil if there are none.
func paramsOf(values map[string][]string, template string) map[string]string {
	var out map[string]string
	for block, v := range values {
		name, ok := strings.CutPrefix(block, blockParam+"/"+template+"/")
		if name, _, _ = strings.Cut(name, "/"); ok && len(v) > 0 && strings.TrimSpace(v[0]) != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = strings.TrimSpace(v[0])
		}
	}
	return out
}

// grants are all templates that are chosen, with their parameters.
func (a answers) grants() []workflows.Grant {
	if a.Template == "" {
		return a.Also
	}
	return append([]workflows.Grant{{Template: a.Template, Params: a.Params}}, a.Also...)
}

// field is the block that a refusal's field is shown at, if the form has it.
func field(values map[string][]string, a answers, name string) string {
	switch name {
	case "param", "params":
		name = blockTemplate
	case "pipelines":
		name = middle(blockPipelines+"/"+a.Organization+"/"+a.Project, 255)
	}
	if param, ok := strings.CutPrefix(name, "param."); ok {
		name = a.paramBlock(a.Template, param)
	}
	for block := range values {
		if block == name || baseID(block) == name {
			return block
		}
	}
	for _, g := range a.grants() {
		if _, ok := g.Params[name]; ok {
			return a.paramBlock(g.Template, name)
		}
	}
	return ""
}
