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
	prefix := blockParam + "/" + a.Template + "/"
	for block, v := range values {
		if name, ok := strings.CutPrefix(block, prefix); ok && len(v) > 0 && strings.TrimSpace(v[0]) != "" {
			if a.Params == nil {
				a.Params = map[string]string{}
			}
			a.Params[name] = strings.TrimSpace(v[0])
		}
	}
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
		name = blockParam + "/" + a.Template + "/" + param
	}
	for block := range values {
		if block == name || baseID(block) == name {
			return block
		}
	}
	if _, ok := a.Params[name]; ok {
		return blockParam + "/" + a.Template + "/" + name
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
	t, _ := c.template(a.Template)
	for _, param := range t.Params {
		value, patterns := a.Params[param.Name], account.Values[param.Name]
		if value == "" && !param.Optional {
			at(blockParam+"/"+t.Name+"/"+param.Name, "A value is needed.")
		} else if value != "" && known && len(patterns) > 0 && !matches(patterns, value) {
			at(blockParam+"/"+t.Name+"/"+param.Name, cut(value, 60)+" is not on the list of values that may be asked for in "+account.Name+".")
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
