package bot

import (
	"regexp"
	"strings"
	"time"

	"fedbot/workflows"
)

// read makes answers out of a form's values.
func read(values map[string][]string) answers {
	var a answers
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
	return a
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

// slips are the mistakes that can be seen without reading anything, by field. The
// desk looks at everything again.
func slips(c choice, a answers, values map[string][]string) map[string]string {
	wrong := map[string]string{}
	at := func(name, words string) {
		if block := field(values, a, name); block != "" {
			wrong[block] = words
		}
	}
	p, err := a.proposal(c.Now)
	if err != nil {
		at(blockEnds, workflows.Said(err))
	}
	account, known := c.account(a.Account)
	switch {
	case a.Ends == "date" && a.Date == "":
		at(blockEnds, "Choose a day.")
	case !p.Ends.IsZero() && !p.Ends.After(c.Now):
		at(latest(a), "That day has passed already.")
	case known && account.Longest > 0 && p.Ends.After(c.Now.Add(account.Longest)):
		at(latest(a), account.Name+" allows "+day(c.Now.Add(account.Longest))+" or earlier.")
	}
	if strings.TrimSpace(a.Reason) == "" {
		at(blockReason, "A reason is needed. Approvers read it.")
	} else if ticket, err := regexp.Compile(account.Ticket); err == nil && !ticket.MatchString(a.Reason) {
		at(blockReason, account.Name+" asks for a ticket that matches "+account.Ticket+".")
	}
	for _, g := range a.grants() {
		t, _ := c.template(g.Template)
		for _, param := range t.Params {
			value, patterns := g.Params[param.Name], account.Values[param.Name]
			if value == "" && !param.Optional {
				at(a.paramBlock(t.Name, param.Name), "A value is needed.")
			} else if value != "" && known && len(patterns) > 0 && !matches(patterns, value) {
				at(a.paramBlock(t.Name, param.Name), cut(value, 60)+" is not on the list of values that may be asked for in "+account.Name+".")
			}
		}
	}
	return wrong
}

func latest(a answers) string {
	if a.Ends == "date" {
		return blockDate
	}
	return blockEnds
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func matches(patterns []string, value string) bool {
	for _, p := range patterns {
		if workflows.Glob(p, value) {
			return true
		}
	}
	return false
}
