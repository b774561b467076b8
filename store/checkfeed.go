package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// feed checks the feed against the events and the tree against the feed. The tree
// is grown again from the leaves, beside the stored one.
func (c *checker) feed() {
	grown := tree{}
	versions := map[uint64]int{}
	var seq uint64
	c.each(bFeed, func(k, v []byte) {
		seq++
		key := strconv.FormatUint(fromU64(k), 10)
		if fromU64(k) != seq {
			c.differ(bFeed, key, "is entry number %d", seq)
		}
		n, version := splitEventKey(v)
		raw := c.get(bEvents, v)
		if raw == nil {
			c.differ(bFeed, key, "names an event that is not there")
		} else if version != versions[n]+1 {
			c.differ(bFeed, key, "names %s/%d after version %d", federationID(n), version, versions[n])
		}
		versions[n] = version
		if err := grown.grow(leaf(seq, federationID(n), version, raw)); err != nil {
			c.differ(bHashes, key, "%v", err)
		}
	})
	for n, f := range c.folded {
		if versions[n] != f.Version {
			c.differ(bFeed, string(f.ID), "has %d entries and %d events", versions[n], f.Version)
		}
	}
	if int(seq) != c.Events {
		c.differ(bFeed, "all", "has %d entries and there are %d events", seq, c.Events)
	}
	c.sameTree(grown)
}

func (c *checker) sameTree(grown tree) {
	stored := 0
	c.each(bHashes, func(k, v []byte) {
		at := fromU64(k)
		stored++
		if at >= uint64(len(grown.hashes)) || !bytes.Equal(v, grown.hashes[at][:]) {
			c.differ(bHashes, strconv.FormatUint(at, 10), "does not follow from the events")
		}
	})
	if stored != len(grown.hashes) {
		c.differ(bHashes, "all", "has %d hashes and %d follow from the events", stored, len(grown.hashes))
	}
	root, err := tlog.TreeHash(grown.leaves, &grown)
	if err != nil {
		c.differ(bHashes, "root", "%v", err)
	}
	c.Root = root
}

// tree is a Merkle tree in memory.
type tree struct {
	leaves int64
	hashes []tlog.Hash
}

func (t *tree) grow(leaf []byte) error {
	more, err := tlog.StoredHashes(t.leaves, leaf, t)
	if err != nil {
		return err
	}
	t.leaves++
	t.hashes = append(t.hashes, more...)
	return nil
}

// ReadHashes makes it a tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at < 0 || at >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("no hash %d", at)
		}
		out[i] = t.hashes[at]
	}
	return out, nil
}

// inbox checks deliveries against receipts, both ways.
func (c *checker) inbox() {
	c.each(bInbox, func(k, v []byte) {
		c.Pending++
		var d Delivery
		var r receipt
		if err := json.Unmarshal(v, &d); err != nil {
			c.differ(bInbox, strconv.FormatUint(fromU64(k), 10), "%v", err)
			return
		}
		if err := json.Unmarshal(c.get(bReceived, []byte(d.Key)), &r); err != nil || r.Inbox != fromU64(k) {
			c.differ(bInbox, d.Key, "has no receipt")
		}
	})
	c.each(bReceived, func(k, v []byte) {
		var r receipt
		if err := json.Unmarshal(v, &r); err != nil {
			c.differ(bReceived, string(k), "%v", err)
			return
		}
		if r.Inbox == 0 {
			return
		}
		var d Delivery
		if err := json.Unmarshal(c.get(bInbox, u64(r.Inbox)), &d); err != nil || d.Key != string(k) {
			c.differ(bReceived, string(k), "waits and is not in the inbox")
		}
	})
}
