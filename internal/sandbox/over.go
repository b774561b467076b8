package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
)

// over is "start over": the wish, and how to stop what runs.
type over struct {
	wished atomic.Bool
	stop   context.CancelFunc
}

// RunOver runs sandboxes one after the other, on the same addresses, for as long
// as somebody presses "Start over". ready is called for each.
func RunOver(ctx context.Context, o Options, ready func(context.Context, *Sandbox) error) error {
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "fedbot-sandbox-")
		if err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	for {
		again, err := runOnce(ctx, o, ready)
		if err != nil || !again {
			return err
		}
		if err := wipe(o.Dir); err != nil {
			return err
		}
	}
}

func runOnce(ctx context.Context, o Options, ready func(context.Context, *Sandbox) error) (again bool, err error) {
	s, err := New(o)
	if err != nil {
		return false, err
	}
	ctx, s.over.stop = context.WithCancel(ctx)
	defer s.over.stop()
	err = s.Run(ctx, func() error { return ready(ctx, s) })
	return s.over.wished.Load(), errors.Join(err, s.Close())
}

// StartOver forgets everything and begins again. It returns at once; the page
// comes back under the same address.
func (s *Sandbox) StartOver() error {
	if s.over.stop == nil {
		return errors.New("this sandbox was not started in a way that it can start over; stop it and start it again")
	}
	s.over.wished.Store(true)
	s.over.stop()
	return nil
}

// wipe removes what a sandbox has made in its directory, but for its addresses.
func wipe(dir string) error {
	var errs []error
	for _, pattern := range []string{"*.journal", "fedbot.db*", "fedbot.sock", "fedbot.yaml", "secrets.json", "slack-*", "azure-devops-token", "clock", "begun"} {
		list, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, path := range list {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}
