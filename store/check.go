package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

// Report is what Check found.
type Report struct {
	Federations int          `json:"federations"`
	Events      int          `json:"events"`
	Claims      int          `json:"claims"`
	Documents   int          `json:"documents"`
	Pending     int          `json:"pending"` // deliveries
	Epoch       uint64       `json:"epoch"`
	Root        tlog.Hash    `json:"root"` // computed from the events
	Differences []Difference `json:"differences"`
}

// Difference is one place where the file is not as doc.go says.
type Difference struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Says   string `json:"says"`
}

func (d Difference) String() string { return d.Bucket + " " + d.Key + ": " + d.Says }

// Err is nil if there are no differences, and otherwise names every one.
func (r Report) Err() error {
	var all []error
	for _, d := range r.Differences {
		all = append(all, errors.New(d.String()))
	}
	return errors.Join(all...)
}

// Check holds the whole file against the invariants of the package and lists every
// difference. Writes wait while the pages are looked at, and go on beside the rest,
// which is read from one unchanging view. Its error means
// that it could not look.
func (d *DB) Check(ctx context.Context) (Report, error) {
	pages, err := d.pages()
	if err != nil {
		return Report{}, fmt.Errorf("check store: %w", err)
	}
	var r Report
	err = d.read(ctx, func(t *tx) (err error) {
		r, err = check(ctx, t)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("check store: %w", err)
	}
	r.Differences = append(append([]Difference{}, pages...), r.Differences...) // never null: whoever reads the JSON counts them
	return r, nil
}

// pages is bbolt's own check of the file. It looks at the list of free pages that
// writers keep in memory, so nobody may write meanwhile; it writes nothing itself.
func (d *DB) pages() ([]Difference, error) {
	t, err := d.bolt.Begin(true)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, err
	}
	var c checker
	for found := range t.Check() {
		c.differ([]byte("file"), "page", "%v", found)
	}
	return c.Differences, t.Rollback()
}

// checker collects differences in one transaction.
type checker struct {
	*tx
	Report
	folded map[uint64]workflows.Federation // by number, from the events
}

func check(ctx context.Context, t *tx) (Report, error) {
	c := &checker{tx: t, folded: map[uint64]workflows.Federation{}}
	c.Epoch = fromU64(t.get(bMeta, []byte("epoch")))
	for _, step := range []func(){
		c.histories, c.views, c.dueIndex, c.feed, c.claims, c.documents, c.inbox, c.cursors,
	} {
		if err := ctx.Err(); err != nil {
			return c.Report, err
		}
		step()
	}
	return c.Report, nil
}

func (c *checker) differ(bucket []byte, key, format string, args ...any) {
	c.Differences = append(c.Differences, Difference{string(bucket), key, fmt.Sprintf(format, args...)})
}

// each visits a bucket. Nothing here returns an error: what cannot be read is a
// difference, and the next key is looked at.
func (c *checker) each(bucket []byte, visit func(k, v []byte)) {
	cur := c.Bucket(bucket).Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		visit(k, v)
	}
}

// histories folds every history again.
func (c *checker) histories() {
	broken := map[uint64]bool{}
	c.each(bEvents, func(k, v []byte) {
		n, version := splitEventKey(k)
		id := federationID(n)
		c.Events++
		if broken[n] {
			return
		}
		f, ok := c.folded[n]
		if !ok {
			f = workflows.Federation{ID: id}
		}
		r, err := decode(v)
		if err == nil && version != f.Version+1 {
			err = fmt.Errorf("follows version %d", f.Version)
		}
		if err == nil {
			f, err = fold(f, []record{r})
		}
		if err != nil {
			broken[n] = true
			c.differ(bEvents, fmt.Sprintf("%s/%d", id, version), "%v", err)
			return
		}
		c.folded[n] = f
	})
	c.Federations = len(c.folded)
}

func (c *checker) views() {
	c.each(bViews, func(k, v []byte) {
		f, ok := c.folded[fromU64(k)]
		if !ok {
			c.differ(bViews, string(federationID(fromU64(k))), "has no history")
			return
		}
		want, err := json.Marshal(f)
		if err != nil || !bytes.Equal(v, want) {
			c.differ(bViews, string(f.ID), "is not the fold of its history")
		}
	})
	for n, f := range c.folded {
		if c.get(bViews, u64(n)) == nil {
			c.differ(bViews, string(f.ID), "is missing")
		}
	}
}

func (c *checker) dueIndex() {
	for n, f := range c.folded {
		due, owed := f.Due(), c.get(bOwed, u64(n))
		switch {
		case due.IsZero() && owed != nil:
			c.differ(bOwed, string(f.ID), "owes nothing and is listed")
		case !due.IsZero() && !bytes.Equal(owed, dueKey(due, n)):
			c.differ(bOwed, string(f.ID), "is due at %s and not listed so", due.UTC())
		}
	}
	c.each(bOwed, func(k, v []byte) {
		if _, ok := c.folded[fromU64(k)]; !ok {
			c.differ(bOwed, string(federationID(fromU64(k))), "has no history")
		}
		if c.get(bDue, v) == nil {
			c.differ(bDue, string(federationID(fromU64(k))), "is missing")
		}
	})
	c.each(bDue, func(k, _ []byte) {
		at, n := splitDueKey(k)
		if !bytes.Equal(c.get(bOwed, u64(n)), k) {
			c.differ(bDue, string(federationID(n)), "is listed at %s and not due then", at)
		}
	})
}

func (c *checker) claims() {
	c.each(bClaims, func(k, _ []byte) {
		c.Claims++
		key := string(k)
		h, _, err := c.holder(key)
		n, badID := number(h.Holder)
		f, known := c.folded[n]
		switch seen := workflows.IsSeenClaim(key); {
		case err != nil:
			c.differ(bClaims, key, "%v", err)
		case badID != nil || !known:
			c.differ(bClaims, key, "is held by %s, which has no history", h.Holder)
		case !seen && f.State == workflows.Closed:
			c.differ(bClaims, key, "is held by %s, which is closed", h.Holder)
		case !seen && c.get(bHeld, heldKey(n, key)) == nil:
			c.differ(bHeld, key, "is missing for %s", h.Holder)
		}
	})
	c.each(bHeld, func(k, _ []byte) {
		id, key := federationID(fromU64(k)), string(k[min(8, len(k)):])
		if h, ok, err := c.holder(key); err != nil || !ok || h.Holder != id {
			c.differ(bHeld, key, "is listed for %s, which does not hold it", id)
		}
	})
}

func (c *checker) documents() {
	c.each(bBlobs, func(k, v []byte) {
		c.Documents++
		if string(workflows.Sum(v)) != string(k) {
			c.differ(bBlobs, string(k), "holds a document with another digest")
		}
	})
}

func (c *checker) cursors() {
	head := c.last(bFeed)
	c.each(bCursors, func(k, v []byte) {
		if len(v) != 8 || fromU64(v) > head {
			c.differ(bCursors, string(k), "is past the head of the feed, %d", head)
		}
	})
}
