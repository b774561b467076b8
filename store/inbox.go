package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fedbot/workflows"
)

// Delivery is something that was sent to us and has not been dealt with.
type Delivery struct {
	Key  string    `json:"key"`
	At   time.Time `json:"at"` // when it was received
	Body []byte    `json:"body"`
}

// receipt is what is kept of a delivery to know it again.
type receipt struct {
	At    time.Time `json:"at"`              // received, or finished
	Inbox uint64    `json:"inbox,omitempty"` // where it waits; 0: finished
}

// Receive stores a delivery, so that it can be acknowledged. One that was received
// before, finished or not, is a *workflows.TakenError.
func (d *DB) Receive(ctx context.Context, key string, body []byte) error {
	if err := plain("delivery", key); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	body = bytes.Clone(body)
	err := d.update(ctx, func(t *tx) error {
		if t.get(bReceived, []byte(key)) != nil {
			return &workflows.TakenError{Key: key, Holder: workflows.FederationID(key)}
		}
		// Numbers are never used again, also when the last delivery was finished.
		seq, err := t.Bucket(bInbox).NextSequence()
		if err != nil {
			return fmt.Errorf("number a delivery: %w", err)
		}
		return t.receive(seq, Delivery{key, d.now().UTC(), body})
	})
	if err != nil {
		return fmt.Errorf("receive %s: %w", key, err)
	}
	return nil
}

func (t *tx) receive(seq uint64, v Delivery) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	if err := t.put(bInbox, u64(seq), raw); err != nil {
		return err
	}
	return t.receipt(v.Key, receipt{v.At, seq})
}

func (t *tx) receipt(key string, r receipt) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode receipt: %w", err)
	}
	return t.put(bReceived, []byte(key), raw)
}

// Pending returns what was received and not finished, in the order of arrival.
func (d *DB) Pending(ctx context.Context) (out []Delivery, err error) {
	err = d.read(ctx, func(t *tx) error {
		return t.Bucket(bInbox).ForEach(func(_, v []byte) error {
			var one Delivery
			if err := json.Unmarshal(v, &one); err != nil {
				return err
			}
			out = append(out, one)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return out, nil
}

// Finish forgets the body of a delivery and keeps its key as seen, until Sweep.
// Finishing twice is no error; finishing what was never received is
// workflows.ErrNotFound.
func (d *DB) Finish(ctx context.Context, key string) error {
	err := d.update(ctx, func(t *tx) error {
		raw := t.get(bReceived, []byte(key))
		if raw == nil {
			return workflows.ErrNotFound
		}
		var r receipt
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("decode receipt: %w", err)
		}
		if r.Inbox == 0 {
			return nil
		}
		if err := t.delete(bInbox, u64(r.Inbox)); err != nil {
			return err
		}
		return t.receipt(key, receipt{At: d.now().UTC()})
	})
	if err != nil {
		return fmt.Errorf("finish %s: %w", key, err)
	}
	return nil
}

// Sweep forgets the keys of deliveries that were finished, and claims under seen/
// that were taken, before a time: thirty days ago is long after anybody sends
// one again.
func (d *DB) Sweep(ctx context.Context, before time.Time) error {
	err := d.update(ctx, func(t *tx) error {
		old, err := t.old(before)
		if err != nil {
			return err
		}
		for _, o := range old {
			if err := t.delete(o.bucket, o.key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

type oldKey struct{ bucket, key []byte }

func (t *tx) old(before time.Time) (keys []oldKey, err error) {
	err = t.Bucket(bReceived).ForEach(func(k, v []byte) error {
		var r receipt
		if err := json.Unmarshal(v, &r); err != nil {
			return fmt.Errorf("decode receipt %s: %w", k, err)
		}
		if r.Inbox == 0 && r.At.Before(before) {
			keys = append(keys, oldKey{bReceived, bytes.Clone(k)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen := []byte(workflows.SeenClaim(""))
	c := t.Bucket(bClaims).Cursor()
	for k, _ := c.Seek(seen); bytes.HasPrefix(k, seen); k, _ = c.Next() {
		h, _, err := t.holder(string(k))
		if err != nil {
			return nil, err
		}
		if h.At.Before(before) {
			keys = append(keys, oldKey{bClaims, bytes.Clone(k)})
		}
	}
	return keys, nil
}
