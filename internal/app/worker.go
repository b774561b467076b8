package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"fedbot/store"
	"fedbot/workflows"
)

// worker advances whatever owes an effect or a timer, several federations side by
// side and each of them by one goroutine. It remembers nothing that matters: after
// a restart it reads the due index and goes on.
type worker struct {
	log     dueList
	advance func(ctx context.Context, id workflows.FederationID) (time.Time, error)
	now     func() time.Time
	out     *slog.Logger
	atOnce  int
	idle    time.Duration // longest sleep: somebody may have moved the clock

	mu    sync.Mutex
	busy  map[workflows.FederationID]bool
	after map[workflows.FederationID]time.Time // not before; lost in a restart, which only means sooner
	fails map[workflows.FederationID]int
	wake  chan struct{}
}

type dueList interface {
	Due(ctx context.Context, now time.Time, most int) ([]workflows.FederationID, time.Time, error)
	Wait(ctx context.Context, after uint64) error
	Feed(ctx context.Context, after uint64, most int) ([]store.Entry, error)
	Head(ctx context.Context) (uint64, error)
}

// run works until ctx ends, and then waits for the calls that are under way.
func (w *worker) run(ctx context.Context) error {
	w.busy, w.after, w.fails = map[workflows.FederationID]bool{}, map[workflows.FederationID]time.Time{}, map[workflows.FederationID]int{}
	w.wake = make(chan struct{}, 1)
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { w.listen(ctx) })
	for ctx.Err() == nil {
		now := w.now()
		ids, next, err := w.log.Due(ctx, now, 10_000)
		if err != nil && ctx.Err() == nil {
			return err // the store cannot be read: nothing can be promised any more
		}
		sleep := w.idle
		if !next.IsZero() {
			sleep = min(sleep, next.Sub(now))
		}
		for _, id := range ids {
			wait, ok := w.claim(id, now)
			if !ok {
				if wait > 0 {
					sleep = min(sleep, wait)
				}
				continue
			}
			all.Go(func() { w.one(ctx, id) })
		}
		w.sleep(ctx, max(sleep, time.Millisecond))
	}
	return nil
}

// listen wakes the loop whenever something was appended, and forgets that the
// federation should be left alone: a quarantine does not wait for a backoff.
func (w *worker) listen(ctx context.Context) {
	seq, err := w.log.Head(ctx)
	for ctx.Err() == nil {
		if err == nil {
			err = w.log.Wait(ctx, seq)
		}
		var entries []store.Entry
		if err == nil {
			entries, err = w.log.Feed(ctx, seq, 256)
		}
		if err != nil {
			w.sleepPlain(ctx, time.Second)
			seq, err = w.log.Head(ctx)
			continue
		}
		w.mu.Lock()
		for _, x := range entries {
			seq = x.Seq
			delete(w.after, x.ID)
		}
		w.mu.Unlock()
		w.nudge()
	}
}

func (w *worker) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-w.wake:
	}
}

func (w *worker) sleepPlain(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// claim takes a federation for one goroutine, or says how long it has to wait.
func (w *worker) claim(id workflows.FederationID, now time.Time) (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[id] || len(w.busy) >= w.atOnce {
		return 0, false // whoever is at it wakes the loop when done
	}
	if t := w.after[id]; now.Before(t) {
		return t.Sub(now), false
	}
	w.busy[id] = true
	return 0, true
}

// one advances a federation until it has nothing to do now.
func (w *worker) one(ctx context.Context, id workflows.FederationID) {
	again, err := w.advance(ctx, id)
	w.mu.Lock()
	switch {
	case err == nil:
		w.after[id], w.fails[id] = again, 0
	case errors.Is(err, workflows.ErrConflict):
		delete(w.after, id)
	case errors.Is(err, workflows.ErrBusy):
		w.after[id] = again
	default:
		w.fails[id]++
		w.after[id] = w.now().Add(min(time.Second<<min(w.fails[id]-1, 6), time.Minute))
		if ctx.Err() == nil {
			w.out.Warn("federation not advanced", "federation", id, "again", w.after[id], "error", err)
		}
	}
	delete(w.busy, id)
	w.mu.Unlock()
	w.nudge()
}
