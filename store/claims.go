package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fedbot/workflows"
)

// held says who holds a claim since when.
type held struct {
	Holder workflows.FederationID `json:"holder"`
	At     time.Time              `json:"at"`
}

// Holder returns the federation that holds a claim, and whether any does. For a
// claim under seen/ it is the one that the delivery was decided on.
func (d *DB) Holder(ctx context.Context, claim string) (id workflows.FederationID, ok bool, err error) {
	err = d.read(ctx, func(t *tx) error {
		var h held
		h, ok, err = t.holder(claim)
		id = h.Holder
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("look up claim: %w", err)
	}
	return id, ok, nil
}

func (t *tx) holder(claim string) (h held, ok bool, err error) {
	raw := t.get(bClaims, []byte(claim))
	if raw == nil {
		return h, false, nil
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, false, fmt.Errorf("decode claim %s: %w", claim, err)
	}
	return h, true, nil
}

// free returns a *workflows.TakenError for the first claim that is held. A
// federation that goes on may name what it holds already, but a delivery is
// decided once, by whomever.
func (t *tx) free(n uint64, b workflows.Batch) error {
	for _, c := range b.Claims {
		h, ok, err := t.holder(c)
		if err != nil {
			return err
		}
		ours := b.After != 0 && h.Holder == federationID(n) && !workflows.IsSeenClaim(c)
		if ok && !ours {
			return &workflows.TakenError{Key: c, Holder: h.Holder}
		}
	}
	return nil
}

func (t *tx) claim(n uint64, claims []string, now time.Time) error {
	raw, err := json.Marshal(held{federationID(n), now.UTC()})
	if err != nil {
		return fmt.Errorf("encode claim: %w", err)
	}
	for _, c := range claims {
		if err := t.put(bClaims, []byte(c), raw); err != nil {
			return err
		}
		if workflows.IsSeenClaim(c) {
			continue // never given back, so not listed
		}
		if err := t.put(bHeld, heldKey(n, c), nil); err != nil {
			return err
		}
	}
	return nil
}

// giveBack frees what a federation holds.
func (t *tx) giveBack(n uint64) error {
	var keys [][]byte
	c := t.Bucket(bHeld).Cursor()
	for k, _ := c.Seek(u64(n)); bytes.HasPrefix(k, u64(n)); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := t.delete(bClaims, k[8:]); err != nil {
			return err
		}
		if err := t.delete(bHeld, k); err != nil {
			return err
		}
	}
	return nil
}
