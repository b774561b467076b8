package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"fedbot/store/storetest"
	"fedbot/workflows"
)

func openHere(t testing.TB, sync bool) *DB {
	t.Helper()
	db, err := Open(filepath.Join(t.TempDir(), "fedbot.db"), Options{Now: storetest.Clock, NoSync: !sync})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		storetest.Consistent(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// hold keeps the writer busy until the returned function is called, so that what
// is sent meanwhile forms one group.
func hold(t *testing.T, d *DB) (release func()) {
	t.Helper()
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- d.update(context.Background(), func(*tx) error {
			close(began)
			<-end
			return nil
		})
	}()
	<-began
	return func() {
		close(end)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// waiting returns when n writes wait.
func waiting(d *DB, n int) {
	for {
		d.queue.mu.Lock()
		now := len(d.queue.ops)
		d.queue.mu.Unlock()
		if now >= n {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func submitted(id workflows.FederationID, name string) workflows.Batch {
	return workflows.Batch{ID: id, Events: []workflows.Event{storetest.Submitted(name)}, Claims: storetest.Claims(name)}
}

// TestGroup sends writes that fit and writes that do not while the writer is busy:
// all of them share one transaction, and each gets its own answer.
func TestGroup(t *testing.T) {
	d := openHere(t, false)
	release := hold(t, d)
	before := d.commits.Load()
	batches := []workflows.Batch{
		submitted("F-1", "a"), submitted("F-2", "a"), submitted("F-1", "b"), submitted("F-2", "b"),
		{ID: "F-3", Events: []workflows.Event{{At: storetest.Clock(), Body: workflows.Expired{}}}},
	}
	want := []error{nil, workflows.ErrTaken, workflows.ErrConflict, nil, workflows.ErrIllegalMove}
	answers := make([]chan error, len(batches))
	for i, b := range batches {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- d.Append(context.Background(), b) }()
		waiting(d, i+1)
	}
	release()
	for i, answer := range answers {
		if err := <-answer; !errors.Is(err, want[i]) {
			t.Errorf("batch %d: got %v, want %v", i, err, want[i])
		}
	}
	if got := d.commits.Load() - before; got != 1 {
		t.Errorf("%d transactions, want one", got)
	}
}

// TestTraceIsUndone: a write that fails after its first change takes its own
// changes with it and nobody else's.
func TestTraceIsUndone(t *testing.T) {
	d := openHere(t, false)
	release := hold(t, d)
	broken := errors.New("broken")
	answers := make(chan error, 3)
	go func() { answers <- d.Append(context.Background(), submitted("F-1", "a")) }()
	waiting(d, 1)
	failed := make(chan error, 1)
	go func() {
		failed <- d.update(context.Background(), func(t *tx) error {
			return errors.Join(t.put(bBlobs, []byte("trace"), []byte("x")), broken)
		})
	}()
	waiting(d, 2)
	go func() { answers <- d.Mark(context.Background(), "bot", 1, map[string]string{"k": "v"}) }()
	waiting(d, 3)
	release()
	if err := <-failed; !errors.Is(err, broken) {
		t.Errorf("got %v, want its own error", err)
	}
	for range 2 {
		if err := <-answers; err != nil {
			t.Errorf("another write: %v", err)
		}
	}
	if _, err := d.Blob(t.Context(), "trace"); !errors.Is(err, workflows.ErrNotFound) {
		t.Errorf("trace: got %v, want none", err)
	}
}

// TestGivenUp: a write whose caller has gone before it was begun is not done.
func TestGivenUp(t *testing.T) {
	d := openHere(t, false)
	release := hold(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- d.Append(ctx, submitted("F-1", "a")) }()
	waiting(d, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	release()
	if err := d.Append(t.Context(), submitted("F-1", "b")); err != nil {
		t.Errorf("its number and claims are not free: %v", err)
	}
}

// TestCloseAnswers: what waits when the store is closed is still done.
func TestCloseAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fedbot.db")
	d, err := Open(path, Options{Now: storetest.Clock, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, d)
	answer := make(chan error, 1)
	go func() { answer <- d.Append(context.Background(), submitted("F-1", "a")) }()
	waiting(d, 1)
	closed := make(chan error, 1)
	go func() { closed <- d.Close() }()
	release()
	if err := errors.Join(<-answer, <-closed); err != nil {
		t.Error(err)
	}
}

func TestRefusalsCostNothing(t *testing.T) {
	d := openHere(t, false)
	if err := d.Append(t.Context(), submitted("F-1", "a")); err != nil {
		t.Fatal(err)
	}
	before := d.commits.Load()
	if err := d.Append(t.Context(), submitted("F-2", "a")); !errors.Is(err, workflows.ErrTaken) {
		t.Errorf("got %v, want taken", err)
	}
	if got := d.commits.Load() - before; got != 0 {
		t.Errorf("a refusal cost %d transactions", got)
	}
}
