package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fedbot/policies"
	"fedbot/workflows"
)

// Templates returns the templates that come with fedbot and, unless dir is empty,
// those of its *.yaml and *.yml files. All mistakes in all files are told at once. A
// directory that is not there is a mistake: somebody meant one.
func Templates(dir string) (*policies.Catalogue, error) {
	builtin, err := policies.Builtin()
	if err != nil || dir == "" {
		return builtin, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	var own []policies.Source
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); e.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read templates: %w", err)
		}
		own = append(own, policies.Source{File: filepath.Join(dir, e.Name()), Text: text})
	}
	return builtin.With(own...)
}

// CheckValues finds what accounts list under a name that no template has: a slip there
// would list nothing, and requests would be refused for it. All slips are told at once.
func CheckValues(accounts []workflows.Account, catalogue *policies.Catalogue) error {
	known := map[string]bool{workflows.CustomTemplate: true} // the resources of custom documents
	for _, name := range policies.Types() {
		known[name] = true
	}
	for _, name := range catalogue.Names() {
		t, _ := catalogue.Get(name)
		for _, p := range t.Parameters {
			known[p.Name] = true
		}
	}
	var errs []error
	for _, a := range accounts {
		for _, name := range slices.Sorted(maps.Keys(a.Values)) {
			if !known[name] {
				errs = append(errs, fmt.Errorf("account %s, values: no template has a parameter or a type of parameters called %q; fedbot policy list shows them", a.Name, name))
			}
		}
	}
	return errors.Join(errs...)
}

// recheck puts open requests that were rendered from older templates back to their
// approvers, once after the start: templates change in no other way. What cannot be
// read now is tried again; nothing is lost meanwhile, because a preflight stands
// before every first effect.
func (a *App) recheck(ctx context.Context) error {
	for ctx.Err() == nil {
		err := a.recheckOnce(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			a.o.Log.Warn("open requests not compared with the templates; it is tried again in a minute", "error", err)
			a.worker.sleepPlain(ctx, time.Minute)
		}
	}
	return nil
}

func (a *App) recheckOnce(ctx context.Context) error {
	list, err := a.db.List(ctx)
	if err != nil {
		return fmt.Errorf("list federations: %w", err)
	}
	var errs []error
	for _, f := range list {
		r, open := f.Open()
		if !open || r.Checked == nil || !a.older(r.Checked.Plan) {
			continue
		}
		if err := a.engine.Recheck(ctx, f.ID); err != nil && !errors.Is(err, workflows.ErrConflict) && !errors.Is(err, workflows.ErrBusy) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// older reports whether a plan was rendered from a template that is not the one there
// is now.
func (a *App) older(plan workflows.Plan) bool {
	return slices.ContainsFunc(plan.Steps, func(s workflows.Step) bool {
		if s.Policy == nil {
			return false
		}
		name, version, ok := workflows.TemplateOf(s.Policy.Name)
		t, known := a.catalogue.Get(name)
		return ok && (!known || fmt.Sprint(t.Version) != version)
	})
}

// offers are the newer versions of the templates that a federation was approved with.
func (a *App) offers(f workflows.Federation) []workflows.Offer {
	region := ""
	if account, ok := a.engine.Rules.Account(f.Names.AccountID); ok {
		region = account.Region
	}
	return a.catalogue.Offers(f, region)
}
