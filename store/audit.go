package store

import (
	"context"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

// leaf is what the tree is made over: one line, the same as in an export. Number,
// federation and version are in it, so that an event cannot be moved either.
func leaf(seq uint64, id workflows.FederationID, version int, raw []byte) []byte {
	line := make([]byte, 0, len(raw)+64)
	line = append(line, `{"seq":`...)
	line = strconv.AppendUint(line, seq, 10)
	line = append(line, `,"id":`...)
	line = strconv.AppendQuote(line, string(id))
	line = append(line, `,"version":`...)
	line = strconv.AppendInt(line, int64(version), 10)
	line = append(line, `,"event":`...)
	line = append(line, raw...)
	return append(line, '}')
}

// grow adds the leaf of the entry seq to the tree.
func (t *tx) grow(seq uint64, leaf []byte) error {
	n := int64(seq) - 1
	hashes, err := tlog.StoredHashes(n, leaf, t)
	if err != nil {
		return fmt.Errorf("grow audit tree: %w", err)
	}
	at := tlog.StoredHashIndex(0, n)
	for i, h := range hashes {
		if err := t.put(bHashes, u64(uint64(at)+uint64(i)), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// ReadHashes makes a transaction a tlog.HashReader.
func (t *tx) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		raw := t.get(bHashes, u64(uint64(at)))
		if len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("read audit tree: no hash %d: %w", at, workflows.ErrUnreadable)
		}
		copy(out[i][:], raw)
	}
	return out, nil
}

// Audit returns the size and the root of the Merkle log over all events. Kept
// somewhere else, the two prove later that nothing before them was changed.
func (d *DB) Audit(ctx context.Context) (size int64, root tlog.Hash, err error) {
	err = d.read(ctx, func(t *tx) error {
		size = int64(t.last(bFeed))
		root, err = tlog.TreeHash(size, t)
		return err
	})
	if err != nil {
		return 0, tlog.Hash{}, fmt.Errorf("read audit root: %w", err)
	}
	return size, root, nil
}

// RootAt returns the root that the Merkle log had when it was this size, to be
// compared with one that was kept. It reads the stored tree; Check proves the tree
// against the events.
func (d *DB) RootAt(ctx context.Context, size int64) (root tlog.Hash, err error) {
	err = d.read(ctx, func(t *tx) error {
		if now := int64(t.last(bFeed)); size < 0 || size > now {
			return fmt.Errorf("size is %d: %w", now, workflows.ErrNotFound)
		}
		root, err = tlog.TreeHash(size, t)
		return err
	})
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("read audit root at %d: %w", size, err)
	}
	return root, nil
}
