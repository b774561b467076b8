package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// most is how many writes share one transaction.
const most = 256

// op is one write that waits for the writer.
type op struct {
	run   func(*tx) error // checks everything before its first change
	done  chan error
	begun atomic.Bool // by the writer, or given up by its caller: whoever is first
}

// update hands f to the writer and waits until it is on the disk. A caller whose
// context ends while f still waits gets the context's error and f is never run;
// once it was begun, the answer is waited for, because it would be missed.
func (d *DB) update(ctx context.Context, f func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{run: f, done: make(chan error, 1)}
	if !d.queue.put(o) {
		return ErrClosed
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		if o.begun.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-o.done
	}
}

// write is the one goroutine that changes the file.
func (d *DB) write() {
	defer close(d.stopped)
	for {
		group := d.queue.take()
		if group == nil {
			return
		}
		d.commit(group)
	}
}

// commit runs a group in one transaction. Should one of them fail after its first
// change, which only a broken disk or a mistake of ours can bring about, nothing
// is kept of the transaction and each runs in one of its own.
func (d *DB) commit(group []*op) {
	begun := group[:0]
	for _, o := range group {
		if o.begun.CompareAndSwap(false, true) {
			begun = append(begun, o)
		}
	}
	if !d.alone {
		errs, err := d.together(begun)
		if !errors.Is(err, errTrace) {
			answer(begun, errs, err)
			return
		}
	}
	for _, o := range begun {
		errs, err := d.together([]*op{o})
		if errors.Is(err, errTrace) {
			err = nil // its own error says it
		}
		answer([]*op{o}, errs, err)
	}
}

func answer(group []*op, errs []error, err error) {
	for i, o := range group {
		switch {
		case errs[i] != nil:
			o.done <- errs[i]
		case err != nil:
			o.done <- fmt.Errorf("write to store: %w", err)
		default:
			o.done <- nil
		}
	}
}

var (
	errTrace   = errors.New("failed after its first change")
	errNothing = errors.New("nothing was changed")
)

// together runs a group in one transaction and gives each its own error. The
// second result is about the transaction: nothing of it was kept.
func (d *DB) together(group []*op) ([]error, error) {
	errs := make([]error, len(group))
	var before, after uint64
	err := d.bolt.Update(func(b *bolt.Tx) error {
		t := &tx{Tx: b}
		before = t.last(bFeed)
		for i, o := range group {
			writes := t.writes
			if errs[i] = o.run(t); errs[i] != nil && t.writes != writes {
				return errTrace
			}
		}
		if t.writes == 0 {
			return errNothing // refusals cost no fsync
		}
		after = t.last(bFeed)
		return nil
	})
	if errors.Is(err, errNothing) {
		return errs, nil
	}
	if err != nil {
		return errs, err
	}
	d.commits.Add(1)
	if after > before {
		d.news.tell()
	}
	return errs, nil
}

// queue holds the writes that wait.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	ops    []*op
	closed bool
}

func (q *queue) init() { q.filled.L = &q.mu }

// put reports false if the queue is closed.
func (q *queue) put(o *op) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.ops = append(q.ops, o)
	q.filled.Signal()
	return true
}

// take waits for writes and takes what there is, in order; nil when the queue is
// closed and empty.
func (q *queue) take() []*op {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ops) == 0 && !q.closed {
		q.filled.Wait()
	}
	n := min(len(q.ops), most)
	if n == 0 {
		return nil
	}
	group := q.ops[:n:n]
	q.ops = q.ops[n:]
	return group
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Broadcast()
}
