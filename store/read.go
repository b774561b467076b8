package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fedbot/workflows"
)

// Load returns a federation as it is now, or workflows.ErrNotFound.
func (d *DB) Load(ctx context.Context, id workflows.FederationID) (f workflows.Federation, err error) {
	n, err := number(id)
	if err != nil {
		return f, fmt.Errorf("load: %w", err)
	}
	err = d.read(ctx, func(t *tx) error {
		f, err = t.view(n)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("load %s: %w", id, err)
	}
	if f.Version == 0 {
		return f, fmt.Errorf("load %s: %w", id, workflows.ErrNotFound)
	}
	return f, nil
}

// NextID returns the number after the last. Two callers may get the same, and one
// Append wins.
func (d *DB) NextID(ctx context.Context) (id workflows.FederationID, err error) {
	err = d.read(ctx, func(t *tx) error {
		id = federationID(t.last(bViews) + 1)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("number a federation: %w", err)
	}
	return id, nil
}

// History returns the events of a federation, oldest first, or
// workflows.ErrNotFound.
func (d *DB) History(ctx context.Context, id workflows.FederationID) (events []workflows.Event, err error) {
	n, err := number(id)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	err = d.read(ctx, func(t *tx) error {
		c := t.Bucket(bEvents).Cursor()
		for k, v := c.Seek(u64(n)); bytes.HasPrefix(k, u64(n)); k, v = c.Next() {
			r, err := decode(v)
			if err != nil {
				return err
			}
			events = append(events, r.event)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read history of %s: %w", id, err)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("read history of %s: %w", id, workflows.ErrNotFound)
	}
	return events, nil
}

// List returns all federations, closed ones too, in order of number.
func (d *DB) List(ctx context.Context) (all []workflows.Federation, err error) {
	err = d.read(ctx, func(t *tx) error {
		return t.Bucket(bViews).ForEach(func(_, v []byte) error {
			var f workflows.Federation
			if err := json.Unmarshal(v, &f); err != nil {
				return err
			}
			all = append(all, f)
			return ctx.Err()
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list federations: %w", err)
	}
	return all, nil
}

// Due returns up to max federations that owe an effect or a timer at now, longest
// overdue first, and when to ask again: the time of the first that was not
// returned, which is not after now if max was too small, and zero if there is
// none.
func (d *DB) Due(ctx context.Context, now time.Time, max int) (ids []workflows.FederationID, next time.Time, err error) {
	err = d.read(ctx, func(t *tx) error {
		c := t.Bucket(bDue).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			at, n := splitDueKey(k)
			if at.After(now) || len(ids) >= max {
				next = at
				return nil
			}
			ids = append(ids, federationID(n))
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read due index: %w", err)
	}
	return ids, next, nil
}

// Blob returns a document by its digest, or workflows.ErrNotFound.
func (d *DB) Blob(ctx context.Context, digest workflows.Digest) (data []byte, err error) {
	err = d.read(ctx, func(t *tx) error {
		raw := t.get(bBlobs, []byte(digest))
		if raw == nil {
			return workflows.ErrNotFound
		}
		data = append([]byte{}, raw...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read document %s: %w", digest.Short(), err)
	}
	return data, nil
}
