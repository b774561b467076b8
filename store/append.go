package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fedbot/workflows"
)

// record is an event as it is stored: its bytes, and what they decode to.
type record struct {
	raw   []byte
	event workflows.Event
}

// encode turns an event into what is stored. It is folded as it will be read, so
// that a view can never differ from the fold of its history, and an event that
// would not decode is never stored.
func encode(e workflows.Event) (record, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return record{}, err
	}
	return decode(raw)
}

func decode(raw []byte) (record, error) {
	r := record{raw: raw}
	err := json.Unmarshal(raw, &r.event)
	return r, err
}

// Append stores a batch as workflows.Log promises, or leaves no trace of it.
//
// For a history that exists, the version is checked first and then the claims, in
// their order. For a new one claims go first, so that of many who ask for one
// connection all but one learn who holds it, and not that a number is gone.
func (d *DB) Append(ctx context.Context, b workflows.Batch) error {
	n, err := number(b.ID)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	if len(b.Events) == 0 {
		return fmt.Errorf("append to %s: no events: %w", b.ID, workflows.ErrIllegalMove)
	}
	var records []record
	for _, e := range b.Events {
		r, err := encode(e)
		if err != nil {
			return fmt.Errorf("append to %s: %w: %w", b.ID, err, workflows.ErrPermanent)
		}
		records = append(records, r)
	}
	for _, c := range b.Claims {
		if err := plain("claim", c); err != nil {
			return fmt.Errorf("append to %s: %w", b.ID, err)
		}
	}
	err = d.update(ctx, func(t *tx) error { return t.append(n, b, records, d.now()) })
	if err != nil {
		return fmt.Errorf("append to %s: %w", b.ID, err)
	}
	return nil
}

// append checks everything, then changes everything.
func (t *tx) append(n uint64, b workflows.Batch, records []record, now time.Time) error {
	f, err := t.view(n)
	if err != nil {
		return err
	}
	if b.After != 0 && f.Version != b.After {
		return fmt.Errorf("version %d, not %d: %w", f.Version, b.After, workflows.ErrConflict)
	}
	if err := t.free(n, b); err != nil {
		return err
	}
	if f.Version != b.After {
		return fmt.Errorf("version %d, not %d: %w", f.Version, b.After, workflows.ErrConflict)
	}
	if f, err = fold(f, records); err != nil {
		return err
	}
	for i, r := range records {
		if err := t.happen(n, b.After+i+1, r.raw); err != nil {
			return err
		}
	}
	if err := t.show(n, f); err != nil {
		return err
	}
	if err := t.claim(n, b.Claims, now); err != nil {
		return err
	}
	if f.State == workflows.Closed {
		if err := t.giveBack(n); err != nil {
			return err
		}
	}
	for _, blob := range b.Blobs {
		if err := t.put(bBlobs, []byte(workflows.Sum(blob)), blob); err != nil {
			return err
		}
	}
	return nil
}

// fold applies events. A fold that panics has been given a history that nobody
// thought of; the batch is refused and the process lives.
func fold(f workflows.Federation, records []record) (out workflows.Federation, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("fold broke (%v): %w", p, workflows.ErrIllegalMove)
		}
	}()
	for _, r := range records {
		if f, err = f.Apply(r.event); err != nil {
			return f, err
		}
	}
	return f, nil
}

// happen stores one event, its feed entry and its leaf.
func (t *tx) happen(n uint64, version int, raw []byte) error {
	key := eventKey(n, version)
	seq := t.last(bFeed) + 1
	if err := t.put(bEvents, key, raw); err != nil {
		return err
	}
	if err := t.put(bFeed, u64(seq), key); err != nil {
		return err
	}
	return t.grow(seq, leaf(seq, federationID(n), version, raw))
}

// view returns the folded federation, with version 0 if there is none.
func (t *tx) view(n uint64) (workflows.Federation, error) {
	f := workflows.Federation{ID: federationID(n)}
	raw := t.get(bViews, u64(n))
	if raw == nil {
		return f, nil
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("decode view of %s: %w", f.ID, err)
	}
	return f, nil
}

// show stores a view and moves its entry in the due index. What was owed is read
// and not computed: another version of this program may have put it there.
func (t *tx) show(n uint64, f workflows.Federation) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode view of %s: %w", f.ID, err)
	}
	if err := t.put(bViews, u64(n), raw); err != nil {
		return err
	}
	if owed := t.get(bOwed, u64(n)); owed != nil {
		if err := t.delete(bDue, owed); err != nil {
			return err
		}
		if err := t.delete(bOwed, u64(n)); err != nil {
			return err
		}
	}
	due := f.Due()
	if due.IsZero() {
		return nil
	}
	if err := t.put(bDue, dueKey(due, n), nil); err != nil {
		return err
	}
	return t.put(bOwed, u64(n), dueKey(due, n))
}
