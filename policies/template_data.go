package policies

import (
	"fmt"
	"slices"
	"strings"
)

// CheckData holds the statements of a template, as its examples fill them in,
// against what AWS says of their actions, and returns a sentence for each mistake: an action
// that is none, a resource that no action of its statement is ever on, a resource
// that a call always names and the template does not, a key that is never sent, and
// everything allowed where IAM could limit it. What a check does not see, a case
// should.
func (t Template) CheckData() []string {
	doc, err := Parse(t.document(t.values(t.Examples(), caseAccount, caseRegion)))
	if err != nil {
		return []string{"The policy " + unread(err)}
	}
	c := dataCheck{template: t, on: map[string][]string{}}
	for _, s := range doc.Statement {
		c.statement(s)
	}
	for _, name := range keysOf(c.on, nil) {
		a, _ := FindAction(name)
		for _, r := range a.On {
			if r.Required && !slices.Contains(c.on[name], r.Name) {
				c.say("%s is never allowed: each call names a %s (%s), and no statement does.", a.Name, r.Name, r.ARN)
			}
		}
	}
	return c.found
}

type dataCheck struct {
	template Template
	on       map[string][]string // action → resource types that statements allow it on
	found    []string
}

func (c *dataCheck) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

func (c *dataCheck) statement(s Statement) {
	used := map[string]bool{} // resources that an action is on
	for _, name := range s.Action {
		a, ok := FindAction(name)
		switch {
		case !ok:
			c.say("%s: %s is no action that AWS has.", s.Sid, name)
			continue
		case a.Name != name:
			c.say("%s: %s is written %s.", s.Sid, name, a.Name)
		case len(a.On) == 0 && !slices.Contains(s.Resource, "*"):
			c.say("%s: %s cannot be limited to a resource, so it needs a statement with Resource \"*\".", s.Sid, name)
		}
		var types []ResourceType
		for _, r := range s.Resource {
			on := a.Resources(r)
			if len(on) > 0 || len(a.On) == 0 {
				used[r] = true
			}
			types = append(types, on...)
			if r == "*" && len(a.On) > 0 && s.allows() && !c.template.excepts("I18", s.Sid) {
				c.say("%s: %s is allowed on everything, though IAM can limit it.", s.Sid, name)
			}
		}
		if len(types) == 0 && len(a.On) > 0 {
			c.say("%s: %s is never on any of its resources.", s.Sid, name)
		}
		for _, r := range types {
			c.on[a.Name] = append(c.on[a.Name], r.Name)
		}
		c.keys(s, a, types)
	}
	for _, r := range s.Resource {
		if !used[r] {
			c.say("%s: no action of it is ever on %s.", s.Sid, r)
		}
	}
}

// keys finds conditions that could never hold, or never fail.
func (c *dataCheck) keys(s Statement, a Action, on []ResourceType) {
	for op, keys := range s.Condition {
		for key := range keys {
			if _, ok := a.Key(key, on); !ok {
				c.say("%s: %s is not sent with %s, so %s cannot be tested.", s.Sid, key, a.Name, strings.ToLower(op))
			}
		}
	}
}

// excepts reports whether a statement is taken out of a check.
func (t Template) excepts(check, sid string) bool {
	return slices.ContainsFunc(t.Excepts, func(x Exception) bool { return x.Check == check && x.Statement == sid })
}
