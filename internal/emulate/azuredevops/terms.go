package azuredevops

import (
	"strconv"
	"strings"
)

// The terms by which rows are found. Whatever the service compares without case is
// here in lower case; term makes them, so that no two kinds of term can meet.
func term(kind string, parts ...string) string {
	return kind + "\x00" + strings.ToLower(strings.Join(parts, "\x00"))
}

func (o organization) terms() []string {
	return []string{term("name", o.Name), term("tenant", o.Tenant)}
}

func (p project) terms() []string {
	all := []string{term("in", p.Org), term("name", p.Org, p.Name), term("id", p.Org, p.ID)}
	for _, old := range p.OldNames {
		all = append(all, term("old", p.Org, old))
	}
	for _, name := range groupNames {
		g := group{p, name}
		all = append(all, term("group", p.Org, g.id()), term("group", p.Org, g.descriptor()), term("group", p.Org, g.fullName()))
	}
	return all
}

func (i identity) terms() []string {
	all := []string{term("in", i.Org)}
	for _, x := range []string{i.ID, i.descriptor(), i.subjectDescriptor(), i.Email, i.Name, i.account()} {
		if x != "" {
			all = append(all, term("called", i.Org, x))
		}
	}
	for _, g := range i.Groups {
		all = append(all, term("member", g))
	}
	return all
}

func (r repository) terms() []string {
	return []string{term("in", r.Project), term("called", r.Project, r.ID), term("called", r.Project, r.Name)}
}

func (p policy) terms() []string {
	return []string{term("in", p.Project), term("on", p.Repository, p.Ref)}
}

func (q queue) terms() []string { return []string{term("in", q.Project)} }

func (l pipeline) terms() []string { return []string{term("in", l.Project)} }

func (k connection) terms() []string {
	var all []string
	for _, r := range k.References {
		all = append(all, term("in", r.Project), term("name", r.Project, r.Name))
	}
	if !k.Deleted.IsZero() {
		all = append(all, term("going"))
	}
	return all
}

func (ch check) terms() []string {
	return []string{term("in", ch.Project), term("on", ch.Project, ch.ResourceType, ch.ResourceID)}
}

func (a approval) terms() []string {
	return []string{term("in", a.Project), term("run", strconv.Itoa(a.Run))}
}

func (r run) terms() []string {
	all := []string{term("in", r.Project), term("of", r.Project, strconv.Itoa(r.Pipeline))}
	if r.State != "completed" {
		all = append(all, term("live"))
	}
	if r.JobToken != "" {
		all = append(all, term("token", r.JobToken))
	}
	for _, id := range r.Used {
		all = append(all, term("used", id))
	}
	for _, x := range r.Records {
		if x.Type == "Checkpoint" {
			all = append(all, term("suite", x.ID))
		}
	}
	return all
}

func (l logText) terms() []string { return []string{term("run", strconv.Itoa(l.Run))} }

func (e auditEntry) terms() []string { return []string{term("in", e.Org)} }
