package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Recheck renders an open request anew that still waits for its approvers. If the plan
// became another, because a template is newer, it goes back to them with a
// sentence; what can no longer be rendered is refused. A request that is decided, or
// was never put to anybody, is left alone: its next preflight sees the same.
func (e *Engine) Recheck(ctx context.Context, id FederationID) error {
	f, err := e.Log.Load(ctx, id)
	if err != nil {
		return fmt.Errorf("load %s: %w", id, err)
	}
	r, ok := f.inState(RequestOpen)
	if !ok || r.Checked == nil || !r.DecidedAt.IsZero() || !e.Now().Before(r.Lapses()) {
		return nil
	}
	checked, whole, err := e.check(ctx, f, *r)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return e.refuse(ctx, f, r.ID, checked, refusal)
	}
	if err != nil {
		return fmt.Errorf("check %s again: %w", r.ID, err)
	}
	if checked.Digest == r.Checked.Digest {
		return nil
	}
	checked.Because = changed(*r.Checked, checked)
	return e.sayWith(ctx, f, whole, checked)
}

// newer says which templates of a plan went from one version to another, or nothing.
func newer(old, new Plan) string {
	var out []string
	for _, s := range new.Steps {
		was, ok := old.Step(s.ID)
		if !ok || s.Policy == nil || was.Policy == nil || s.Policy.Name == was.Policy.Name {
			continue
		}
		name, to, ok := TemplateOf(s.Policy.Name)
		same, from, ok2 := TemplateOf(was.Policy.Name)
		if ok && ok2 && name == same {
			out = append(out, fmt.Sprintf("Template %s went from version %s to %s.", name, from, to))
		}
	}
	return strings.Join(out, " ")
}

// TemplateOf takes the name of an inline policy apart: "tmpl-s3-static-site-v3" is of
// template "s3-static-site", version "3".
func TemplateOf(policy string) (template, version string, ok bool) {
	rest, ok := strings.CutPrefix(policy, "tmpl-")
	i := strings.LastIndex(rest, "-v")
	if !ok || i <= 0 || strings.Trim(rest[i+2:], "0123456789") != "" || rest[i+2:] == "" {
		return "", "", false
	}
	return rest[:i], rest[i+2:], true
}
