package doctor

import (
	"context"

	"fedbot/workflows"
)

// Store is what a look at the store found.
type Store struct {
	Running     bool // a fedbot serves it now and answered
	Absent      bool // there is none yet
	Federations int
	Events      int
	Wrong       int // places where it is not as it should be
}

// House is fedbot itself.
type House struct {
	Rules workflows.Rules // compiled
	Store func(ctx context.Context) (Store, error)
	Path  string // of the store
}

func (h House) examine(ctx context.Context, c *chart) {
	ruled := map[string]bool{}
	for _, a := range h.Rules.Accounts {
		for _, r := range h.Rules.Approvals {
			if len(r.Stages) == 0 {
				continue // it says how it is asked, and asks nobody more
			}
			if len(r.Accounts) == 0 {
				ruled[a.Name] = true
			}
			for _, pattern := range r.Accounts {
				ruled[a.Name] = ruled[a.Name] || workflows.Glob(pattern, a.Name)
			}
		}
		if a.Production && !ruled[a.Name] {
			c.warn("rules", a.Name, a.Name+" is a production account and no rule asks for more than its owners' consent",
				"add a rule for it under approvals.rules, if one team's consent is not enough")
		}
	}
	c.ok("rules", "", "%s and %s have owners, who always decide; rules that ask for more: %d", count(len(h.Rules.Accounts), "account", "accounts"),
		count(len(h.Rules.Projects), "project", "projects"), len(h.Rules.Approvals))
	h.store(ctx, c)
}

func (h House) store(ctx context.Context, c *chart) {
	s, err := h.Store(ctx)
	switch {
	case err != nil:
		c.fail("store", h.Path, "the store could not be read: "+workflows.Said(err), "look at the log of fedbot serve, and at who may read "+h.Path, "everything")
	case s.Wrong > 0:
		c.fail("store", h.Path, count(s.Wrong, "place is", "places are")+" not as the history says", "fedbot db check  lists them; restore a backup with  fedbot db restore", "nothing yet, and nothing it says can be relied on")
	case s.Absent:
		c.skip("store", h.Path, "there is none yet; fedbot serve makes it")
	case s.Running:
		c.ok("store", h.Path, "%s, %s, every history folds; fedbot is running", count(s.Federations, "federation", "federations"), count(s.Events, "event", "events"))
	default:
		c.ok("store", h.Path, "%s, %s, every history folds", count(s.Federations, "federation", "federations"), count(s.Events, "event", "events"))
		c.warn("running", "", "fedbot is not running here", "fedbot serve --config FILE")
	}
}
