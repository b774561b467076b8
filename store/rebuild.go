package store

import (
	"context"
	"fmt"

	"fedbot/workflows"
)

// Rebuild makes everything anew that follows from the events and the claims: views,
// due index and the list of who holds what. It mends what Check says about them;
// it changes no event, no claim and not the tree.
func (d *DB) Rebuild(ctx context.Context) error {
	if err := d.update(ctx, func(t *tx) error { return t.rebuild() }); err != nil {
		return fmt.Errorf("rebuild store: %w", err)
	}
	return nil
}

func (t *tx) rebuild() error {
	folded, err := t.foldAll()
	if err != nil {
		return err
	}
	listed, err := t.listHeld()
	if err != nil {
		return err
	}
	for _, bucket := range [][]byte{bViews, bDue, bOwed, bHeld} {
		if err := t.empty(bucket); err != nil {
			return err
		}
	}
	for n, f := range folded {
		if err := t.show(n, f); err != nil {
			return err
		}
	}
	for _, key := range listed {
		if err := t.put(bHeld, key, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) foldAll() (map[uint64]workflows.Federation, error) {
	folded := map[uint64]workflows.Federation{}
	err := t.Bucket(bEvents).ForEach(func(k, v []byte) error {
		n, version := splitEventKey(k)
		f := folded[n]
		f.ID = federationID(n)
		r, err := decode(v)
		if err == nil {
			f, err = fold(f, []record{r})
		}
		if err == nil && f.Version != version {
			err = fmt.Errorf("comes as number %d", f.Version)
		}
		if err != nil {
			return fmt.Errorf("event %s/%d: %w", federationID(n), version, err)
		}
		folded[n] = f
		return nil
	})
	return folded, err
}

// listHeld returns the keys that belong into held.
func (t *tx) listHeld() (keys [][]byte, err error) {
	err = t.Bucket(bClaims).ForEach(func(k, _ []byte) error {
		if workflows.IsSeenClaim(string(k)) {
			return nil
		}
		h, _, err := t.holder(string(k))
		if err != nil {
			return err
		}
		n, err := number(h.Holder)
		if err != nil {
			return fmt.Errorf("claim %s: %w", k, err)
		}
		keys = append(keys, heldKey(n, string(k)))
		return nil
	})
	return keys, err
}
