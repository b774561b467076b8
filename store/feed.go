package store

import (
	"context"
	"fmt"
	"sync"

	"fedbot/workflows"
)

// Entry is one event in the order in which events were stored, over all
// federations. Seq counts from 1 without a gap.
type Entry struct {
	Seq     uint64                 `json:"seq"`
	ID      workflows.FederationID `json:"id"`
	Version int                    `json:"version"`
	Event   workflows.Event        `json:"event"`
}

// Feed returns up to max entries after the one with this number, oldest first.
func (d *DB) Feed(ctx context.Context, after uint64, max int) (entries []Entry, err error) {
	err = d.read(ctx, func(t *tx) error {
		c := t.Bucket(bFeed).Cursor()
		for k, v := c.Seek(u64(after + 1)); k != nil && len(entries) < max; k, v = c.Next() {
			r, err := decode(t.get(bEvents, v))
			if err != nil {
				return fmt.Errorf("entry %d: %w", fromU64(k), err)
			}
			n, version := splitEventKey(v)
			entries = append(entries, Entry{fromU64(k), federationID(n), version, r.event})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	return entries, nil
}

// Head returns the number of the last entry, 0 if there is none.
func (d *DB) Head(ctx context.Context) (seq uint64, err error) {
	err = d.read(ctx, func(t *tx) error {
		seq = t.last(bFeed)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read head of feed: %w", err)
	}
	return seq, nil
}

// Wait returns nil as soon as the head is past after. Otherwise it returns when
// the context ends or the store is closed, with the error that says so.
func (d *DB) Wait(ctx context.Context, after uint64) error {
	for {
		told := d.news.next()
		seq, err := d.Head(ctx)
		if err != nil || seq > after {
			return err
		}
		select {
		case <-told:
		case <-ctx.Done():
			return ctx.Err()
		case <-d.stopped:
			return ErrClosed
		}
	}
}

// news wakes everybody who waits.
type news struct {
	mu   sync.Mutex
	told chan struct{}
}

func (w *news) init() { w.told = make(chan struct{}) }

// next is closed at the next tell.
func (w *news) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told
}

func (w *news) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.told)
	w.told = make(chan struct{})
}
