package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	emado "fedbot/internal/emulate/azuredevops"
	"fedbot/workflows"
)

const staleConnection = "aws-old"

// history makes what a sandbox finds when it is first opened: one federation that
// is as real as any other, and whose connection somebody has deleted since. Every
// step may have been done already by a sandbox that was killed on the way.
func (s *Sandbox) history(ctx context.Context) error {
	if s.o.Bare || s.o.young {
		return nil
	}
	if _, err := os.Stat(s.file("begun")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := s.stale(ctx); err != nil {
		return fmt.Errorf("make the stale federation: %w", err)
	}
	return writeFile(s.file("begun"), nil)
}

func (s *Sandbox) stale(ctx context.Context) error {
	f, err := s.federationOf(ctx, staleConnection)
	if err != nil {
		return err
	}
	if f.ID == "" {
		ask := strings.NewReplacer("aws-shop-dev", staleConnection, "--pipeline storefront-deploy ", "", "SHOP-412", "SHOP-17").Replace(askCommand)
		if _, err := s.slack.Command(ctx, people[0].ID, channel, ask); err != nil {
			return err
		}
	}
	pressed := "" // a card that a kill left behind counts for nothing; then there is a younger one
	for f.State != workflows.Active {
		if f, err = s.federationOf(ctx, staleConnection); err != nil {
			return err
		}
		if f.State == workflows.Closed || f.Parked != nil {
			return errors.New(explain(f))
		}
		p, ok := s.button(people[1].ID, "request_approve", string(f.ID)+".1")
		if ok && f.State == workflows.Requested && p.ts != pressed {
			pressed = p.ts
			if err := s.slack.Press(ctx, people[1].ID, p.channel, p.ts, p.block, p.action, p.value); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return errors.New(explain(f))
		case <-time.After(20 * time.Millisecond):
		}
	}
	id := f.Steps.Get(workflows.ConnectionID).Ref
	for _, o := range s.azure.Snapshot().Organizations {
		for _, p := range o.Projects {
			if slices.ContainsFunc(p.Connections, func(c emado.SnapshotConnection) bool { return c.ID == id && !c.Deleting }) {
				return s.devops(ctx, "DELETE", "_apis/serviceendpoint/endpoints/"+id+"?projectIds="+webShopID+"&api-version=7.1", "", nil)
			}
		}
	}
	return nil // deleted by an earlier start
}

// federationOf finds the federation of a connection; its id is empty if there is none.
func (s *Sandbox) federationOf(ctx context.Context, connection string) (workflows.Federation, error) {
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r == nil {
		return workflows.Federation{}, errors.New("fedbot was stopped before the sandbox was ready")
	}
	list, err := r.app.Store().List(ctx)
	for _, f := range list {
		if f.Approved.Connection == connection {
			return f, err
		}
	}
	return workflows.Federation{}, err
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
