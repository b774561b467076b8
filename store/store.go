package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrClosed is what every method says after Close.
var ErrClosed = errors.New("store is closed")

// ErrHeld means that another process has the file open; errors.As to *HeldError
// names it.
var ErrHeld = errors.New("store is held by another process")

// HeldError names the process that has the file open, as far as it is known.
type HeldError struct {
	Path string
	PID  int // 0: the file beside it does not say
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is held by another process", e.Path)
	}
	return fmt.Sprintf("%s is held by process %d, says %s", e.Path, e.PID, pidPath(e.Path))
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// Options say how a store is opened.
type Options struct {
	Now         func() time.Time // needed; for the age of claims and deliveries
	NoSync      bool             // answer before the disk has it: for tests only
	LockTimeout time.Duration    // how long to wait for another process to let go; 0 is one second
}

// DB is an open store. Its methods may be called from any goroutine.
type DB struct {
	bolt    *bolt.DB
	now     func() time.Time
	path    string
	queue   queue
	news    news
	commits atomic.Int64 // transactions that were written, for the benchmark
	alone   bool         // one transaction for each write, for the benchmark
	stopped chan struct{}
	once    sync.Once
	closed  error
}

// schema is the number of the layout in doc.go.
const schema = 1

// Open opens the store at path or makes a new one, readable by its owner alone. A
// *HeldError says that another process has it.
func Open(path string, o Options) (*DB, error) {
	if o.Now == nil {
		return nil, errors.New("open store: options have no clock")
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = time.Second
	}
	b, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: o.LockTimeout, NoSync: o.NoSync, FreelistType: bolt.FreelistMapType,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, &HeldError{Path: path, PID: readPID(path)}
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	d := &DB{bolt: b, now: o.Now, path: path, stopped: make(chan struct{})}
	d.queue.init()
	d.news.init()
	if err := d.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), b.Close())
	}
	go d.write()
	return d, nil
}

// prepare makes the buckets of a new file and writes our process id beside it.
func (d *DB) prepare() error {
	err := d.bolt.Update(func(b *bolt.Tx) error { return layOut(&tx{Tx: b}) })
	if err != nil {
		return err
	}
	if err := os.WriteFile(pidPath(d.path), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return fmt.Errorf("write process id: %w", err)
	}
	return nil
}

func layOut(t *tx) error {
	meta := t.Bucket(bMeta)
	if first, _ := t.Cursor().First(); meta == nil && first != nil {
		return errors.New("the file is a database of something else")
	}
	if meta != nil {
		if got := fromU64(meta.Get([]byte("schema"))); got != schema {
			return fmt.Errorf("the file has layout %d and this program knows %d", got, schema)
		}
	}
	for _, name := range buckets {
		if _, err := t.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("make bucket %s: %w", name, err)
		}
	}
	if meta != nil {
		return nil
	}
	return errors.Join(t.put(bMeta, []byte("schema"), u64(schema)), t.put(bMeta, []byte("epoch"), u64(1)))
}

// Close finishes the writes that wait, refuses new ones, and lets go of the file.
// Calling it again does nothing.
func (d *DB) Close() error {
	d.once.Do(func() {
		d.queue.close()
		<-d.stopped
		// The process id goes first: after bbolt lets go, it could be another's.
		err := os.Remove(pidPath(d.path))
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		if d.closed = errors.Join(err, d.bolt.Close()); d.closed != nil {
			d.closed = fmt.Errorf("close store: %w", d.closed)
		}
	})
	return d.closed
}

// Epoch counts how often the store was restored, from 1. After a restore the world
// may be ahead of the histories: sweep before anything else.
func (d *DB) Epoch(ctx context.Context) (epoch uint64, err error) {
	err = d.read(ctx, func(t *tx) error {
		epoch = fromU64(t.get(bMeta, []byte("epoch")))
		return nil
	})
	return epoch, err
}

// read runs f on one unchanging view of the file.
func (d *DB) read(ctx context.Context, f func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := d.bolt.View(func(b *bolt.Tx) error { return f(&tx{Tx: b}) })
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

func pidPath(path string) string { return path + ".pid" }

func readPID(path string) int {
	raw, err := os.ReadFile(pidPath(path))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return pid
}
