package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fedbot/workflows"
)

const staleConnection = "aws-old"

// history makes what a sandbox finds when it is first opened: one federation that
// is as real as any other, and whose connection somebody has deleted since.
func (s *Sandbox) history(ctx context.Context) error {
	if s.o.Bare {
		return nil
	}
	db := s.running.app.Store()
	done := func() (f workflows.Federation, ok bool, err error) {
		list, err := db.List(ctx)
		for _, x := range list {
			if x.Approved.Connection == staleConnection {
				return x, true, err
			}
		}
		return f, false, err
	}
	if _, ok, err := done(); ok || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	ask := strings.NewReplacer("aws-shop-dev", staleConnection, "--pipeline storefront-deploy ", "", "SHOP-412", "SHOP-17").Replace(askCommand)
	if _, err := s.slack.Command(ctx, people[0].ID, channel, ask); err != nil {
		return fmt.Errorf("make the stale federation: %w", err)
	}
	var f workflows.Federation
	wait := func(what string, until func() bool) error {
		for {
			var err error
			if f, _, err = done(); err != nil {
				return err
			}
			if f.ID != "" && until() {
				return nil
			}
			if f.State == workflows.Closed || f.Parked != nil {
				return fmt.Errorf("make the stale federation: %s: %s", what, explain(f))
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("make the stale federation: %s: %s", what, explain(f))
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	card := func() (post, bool) { return s.button(people[1].ID, "request_approve", string(f.ID)+".1") }
	if err := wait("a card", func() bool { _, ok := card(); return ok }); err != nil {
		return err
	}
	p, _ := card()
	if err := s.slack.Press(ctx, people[1].ID, p.channel, p.ts, p.block, p.action, p.value); err != nil {
		return fmt.Errorf("make the stale federation: %w", err)
	}
	if err := wait("active", func() bool { return f.State == workflows.Active }); err != nil {
		return err
	}
	return s.devops(ctx, "DELETE", "_apis/serviceendpoint/endpoints/"+f.Steps.Get(workflows.ConnectionID).Ref+
		"?projectIds="+webShopID+"&api-version=7.1", "", nil)
}

func explain(f workflows.Federation) string {
	switch {
	case f.Parked != nil:
		return f.Parked.Say
	case f.State == workflows.Closed:
		return string(f.Outcome) + " " + f.Requests[0].Say
	default:
		return string(f.State) + " " + f.Stumble
	}
}
