package sandbox

import (
	"context"
	"fmt"
	"strings"

	"fedbot/workflows"
)

// Fill makes active federations, as people would have, until there are n beside
// the stale one.
func (s *Sandbox) Fill(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	t := &story{Sandbox: s, ctx: ctx, tell: func(Line) {}}
	list, err := t.list()
	if err != nil {
		return err
	}
	for i := len(list) - 1; i < n; i++ {
		ask := strings.Replace(askCommand, "aws-shop-dev", fmt.Sprintf("aws-shop-fill-%d", i+1), 1)
		if _, err := s.slack.Command(ctx, people[requester].ID, channel, ask); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		t.f.ID = workflows.FederationID(fmt.Sprintf("F-%d", i+2))
		err := t.await("federation "+string(t.f.ID), func() (bool, error) {
			list, err := t.list()
			return len(list) > i+1, err
		})
		if err != nil {
			return err
		}
		if _, err := t.approve(); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		if _, err := t.activate(); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	return nil
}
