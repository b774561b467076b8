package doctor

import (
	"context"
	"errors"
	"slices"

	"fedbot/workflows"
)

// delegates looks whether those who stand in for somebody could, and for somebody
// who decides anything.
func (s Workspace) delegates(ctx context.Context, c *chart) {
	well := 0
	for _, d := range s.Rules.Delegates {
		name := s.User(d.By) + " for " + s.User(d.For)
		if !s.Now().Before(d.Until) {
			c.warn("delegate", name, name+" is over since "+d.Until.Format("2 Jan 2006"), "take it out of approvals.delegates")
			continue
		}
		if s.bothDecide(ctx, c, name, d) && s.standsForSomebody(ctx, c, name, d) {
			well++
		}
	}
	if n := len(s.Rules.Delegates); well > 0 {
		c.ok("delegates", "", "%d of %d: full members, for somebody who decides", well, n)
	}
}

func (s Workspace) bothDecide(ctx context.Context, c *chart, name string, d workflows.Delegate) bool {
	for _, who := range []workflows.Actor{d.By, d.For} {
		_, err := s.Directory.Person(ctx, who)
		switch {
		case errors.Is(err, workflows.ErrRefused):
			c.fail("delegate", name, s.User(who)+" can never decide: a guest, a bot, deactivated or of another workspace", "name a full member in approvals.delegates", "the seats of "+s.User(d.For)+" while they are away")
			return false
		case err != nil:
			c.fail("delegate", name, s.User(who)+" could not be read, and unread counts as no: "+reason(err), "try again; if it lasts, look at the scopes above", "the seats of "+s.User(d.For)+" while they are away")
			return false
		}
	}
	return true
}

func (s Workspace) standsForSomebody(ctx context.Context, c *chart, name string, d workflows.Delegate) bool {
	for group, duty := range s.duties() {
		if duty.need == 0 || d.Group != "" && d.Group != group {
			continue
		}
		if members, err := s.Directory.Members(ctx, group); err != nil || slices.Contains(members, d.For) {
			return true // what cannot be read is said of the group
		}
	}
	c.warn("delegate", name, s.User(d.For)+" is in no group that decides"+where(d.Group)+", so nobody can stand in for them", "correct approvals.delegates, or take it out")
	return false
}

func where(group string) string {
	if group == "" {
		return ""
	}
	return " as " + group
}
