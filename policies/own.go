package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Source is the text of an operator's own template, with the name of its file.
type Source struct {
	File string
	Text []byte
}

// With returns the templates of a catalogue together with operators' own. Those have
// to pass everything that built-in ones pass in tests: their cases, the checks of
// their documents, AWS's data. Every mistake in every file is told at once. Of
// several versions of one template, the newest counts.
func (c *Catalogue) With(own ...Source) (*Catalogue, error) {
	out := &Catalogue{templates: map[string]Template{}}
	if c != nil {
		maps.Copy(out.templates, c.templates)
	}
	seen := map[string]string{} // label → file
	var errs []error
	for _, s := range own {
		t, err := c.own(s.Text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.File, err))
			continue
		}
		if _, taken := c.Get(t.Name); taken {
			errs = append(errs, fmt.Errorf("%s: a template that comes with fedbot is called %s; choose another name: %w", s.File, t.Name, ErrTemplate))
			continue
		}
		if first, twice := seen[t.Label()]; twice {
			errs = append(errs, fmt.Errorf("%s: %s is there already, in %s; give the newer one a higher version: %w", s.File, t.Label(), first, ErrTemplate))
			continue
		}
		seen[t.Label()] = s.File
		if other, ok := out.templates[t.Name]; !ok || other.Version < t.Version {
			out.templates[t.Name] = t
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return out, nil
}

// own reads and proves one template.
func (c *Catalogue) own(text []byte) (Template, error) {
	t, err := decodeTemplate(text)
	if err != nil {
		return t, err
	}
	if t.Base {
		return t, fmt.Errorf("read template %q: only a template that comes with fedbot can be a base: %w", t.Name, ErrTemplate)
	}
	if t.Extends != "" {
		base, ok := c.Get(t.Extends)
		if !ok || !base.Base {
			return t, fmt.Errorf("read template %q: it extends %q, which is no base; terraform-apply is one: %w", t.Name, t.Extends, ErrTemplate)
		}
		if say := unpinned(t); len(say) > 0 {
			return t, fmt.Errorf("read template %q: %s: %w", t.Name, strings.Join(say, " "), ErrTemplate)
		}
		t = t.onto(base)
	}
	if err := t.check(); err != nil {
		return t, fmt.Errorf("read template %q: %w: %w", t.Name, err, ErrTemplate)
	}
	if say := t.Prove(); len(say) > 0 {
		return t, fmt.Errorf("read template %q: %s: %w", t.Name, strings.Join(say, " "), ErrTemplate)
	}
	return t, nil
}

// onto puts a template on top of its base: what it does not say, the base says, and
// what both list, it has both of. The risk is never below the base's.
func (t Template) onto(base Template) Template {
	out := t
	out.Extends = ""
	for into, from := range map[*string]string{&out.Asks: base.Asks, &out.Worst: base.Worst, &out.Purpose: base.Purpose,
		&out.Pipeline.Limit: base.Pipeline.Limit} {
		if *into == "" {
			*into = from
		}
	}
	if out.Risk.Level == "" || base.Risk.Level.AtLeast(out.Risk.Level) {
		out.Risk.Level = base.Risk.Level
	}
	out.Risk.Why = strings.TrimSpace(out.Risk.Why + " " + base.Risk.Why)
	out.Risk.Raises = slices.Concat(base.Risk.Raises, t.Risk.Raises)
	out.Can = slices.Concat(base.Can, t.Can)
	out.Cannot = slices.Concat(base.Cannot, t.Cannot)
	out.Parameters = slices.Concat(base.Parameters, t.Parameters)
	out.Statements = slices.Concat(base.Statements, t.Statements)
	out.Excepts = slices.Concat(base.Excepts, t.Excepts)
	if len(out.Pipeline.Script) == 0 {
		out.Pipeline.Script = base.Pipeline.Script
	}
	out.source = slices.Concat(t.source, []byte("\n# extends "+base.Label()+":\n"), base.source)
	return out
}

// Prove holds a template to its own words and to all checks, and returns a sentence
// for each mistake: a case that is not as told, cases that show one side only, a
// document that fails a check, what AWS's data contradicts.
func (t Template) Prove() []string {
	var out []string
	allowed := 0
	for _, r := range t.Test() {
		if r.Got == Allowed {
			allowed++
		}
		if !r.OK {
			out = append(out, fmt.Sprintf("%s on %s should be %s and is %s: %s.", r.Case.Call, r.Case.On, r.Case.Want, r.Got, r.Why))
		}
	}
	if len(out) == 0 && (allowed == 0 || allowed == len(t.Cases)) {
		out = append(out, "Its cases show one side only: some calls must be allowed and some denied.")
	}
	least := t.Examples()
	for _, p := range t.Parameters {
		if p.Optional {
			delete(least, p.Name)
		}
	}
	name := PolicyName(t.Name, t.Version)
	for _, params := range []map[string]string{t.Examples(), least} {
		found := map[string]string{name: t.document(t.values(params, caseAccount, caseRegion))}
		for _, c := range CheckPermissions(found, PermissionsWant{caseAccount, caseRegion, found, map[string][]Exception{name: t.Excepts}}) {
			if !c.OK {
				out = unique(out, c.Name+": "+c.Say)
			}
		}
	}
	return append(out, t.CheckData()...)
}

// unpinned says which statements of a template that extends a base are not pinned: what
// Terraform may do has to end at a name, at a tag, or at reading.
func unpinned(t Template) []string {
	var out []string
	for _, s := range t.Statements {
		if s.Effect != "Allow" {
			continue
		}
		tagged := s.pinnedTo("aws:RequestedRegion") && (s.pinnedTo("aws:ResourceTag/*") || s.pinnedTo("aws:RequestTag/*"))
		for _, r := range s.Resource {
			if !tagged && !namedARN(r) && !(r == "*" && s.reads() && s.pinnedTo("aws:RequestedRegion")) {
				out = append(out, fmt.Sprintf("The statement %s is not pinned on %s: name the resource from its beginning on (in ${region} and ${account}), "+
					"or test aws:RequestedRegion and a tag (aws:ResourceTag/… or aws:RequestTag/…) with StringEquals, or allow reading and listing only.", s.Sid, r))
			}
		}
	}
	return out
}

// pinnedTo reports whether a condition holds a key, or one of a pattern of keys, to
// plain values.
func (s TemplateStatement) pinnedTo(key string) bool {
	for have, values := range s.Condition["StringEquals"] {
		if matches(strings.ToLower(key), strings.ToLower(have)) && len(values) > 0 && !anyOf(values, func(v string) bool { return v == "" }) {
			return true
		}
	}
	return false
}

func (s TemplateStatement) reads() bool {
	return !slices.ContainsFunc(s.Action, func(name string) bool {
		a, ok := FindAction(name)
		return !ok || a.Access != Reads && a.Access != Lists
	})
}

// namedARN reports whether an ARN of a template names its resource: three characters
// or a parameter before the first wildcard, after the kind of resource.
func namedARN(text string) bool {
	part := strings.SplitN(text, ":", arnParts)
	if len(part) < arnParts || strings.ContainsAny(strings.Join(part[:arnParts-1], ""), "*?") {
		return false
	}
	name := part[arnParts-1]
	if part[2] != "s3" { // a bucket's name has no kind before it
		if i := strings.IndexAny(name, "/:"); i >= 0 && !strings.Contains(name[:i], "${") {
			name = name[i+1:]
		}
	}
	if i := strings.IndexAny(name, "*?"); i >= 0 {
		name = name[:i]
	}
	return len(name) >= 3
}
