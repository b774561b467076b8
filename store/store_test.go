package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"fedbot/store"
	"fedbot/store/storetest"
	"fedbot/workflows"
)

// suite makes a DB what storetest asks for.
type suite struct{ *store.DB }

func (s suite) Feed(ctx context.Context, after uint64, max int) ([]storetest.Entry, error) {
	entries, err := s.DB.Feed(ctx, after, max)
	var out []storetest.Entry
	for _, e := range entries {
		out = append(out, storetest.Entry(e))
	}
	return out, err
}

func (s suite) Pending(ctx context.Context) ([]storetest.Delivery, error) {
	deliveries, err := s.DB.Pending(ctx)
	var out []storetest.Delivery
	for _, d := range deliveries {
		out = append(out, storetest.Delivery(d))
	}
	return out, err
}

func (s suite) Check(ctx context.Context) (storetest.Report, error) {
	return s.DB.Check(ctx)
}

func TestPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T, path string) storetest.Store {
		return suite{openAt(t, path)}
	})
}

// openAt opens without waiting for the disk; the crash test waits for it.
func openAt(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := store.Open(path, store.Options{Now: storetest.Clock, NoSync: true, LockTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// open makes a store that is checked and closed after the test.
func open(t testing.TB) (*store.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fedbot.db")
	db := openAt(t, path)
	t.Cleanup(func() {
		storetest.Consistent(t, db)
		must(t, db.Close())
	})
	return db, path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// furnish puts something into every bucket.
func furnish(t testing.TB, db *store.DB) {
	t.Helper()
	ctx := context.Background()
	for i, name := range []string{"one", "two", "three"} {
		id := workflows.FederationID("F-" + strconv.Itoa(i+1))
		life := storetest.Life(id, name)
		if i == 1 {
			life = life[:6]
		}
		must(t, db.Append(ctx, workflows.Batch{
			ID: id, Events: life, Claims: append(storetest.Claims(name), workflows.SeenClaim(name)), Blobs: [][]byte{[]byte(name)},
		}))
	}
	must(t, db.Mark(ctx, "bot", 4, map[string]string{"card/F-1": "1.0", "card/F-2": "2.0 <&>"}))
	must(t, db.Mark(ctx, "log", 5, nil))
	for _, key := range []string{"a", "b", "c"} {
		must(t, db.Receive(ctx, key, []byte("body of "+key)))
	}
	must(t, db.Finish(ctx, "b"))
}

func TestOpenNamesTheHolder(t *testing.T) {
	_, path := open(t)
	_, err := store.Open(path, store.Options{Now: storetest.Clock, LockTimeout: 10 * time.Millisecond})
	held, ok := errors.AsType[*store.HeldError](err)
	if !ok || !errors.Is(err, store.ErrHeld) || held.PID != os.Getpid() {
		t.Errorf("got %v, want the process %d named", err, os.Getpid())
	}
}

func TestCloseLetsGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fedbot.db")
	db := openAt(t, path)
	waiting := make(chan error)
	go func() { waiting <- db.Wait(context.Background(), 0) }()
	must(t, db.Close())
	must(t, db.Close())
	if err := <-waiting; !errors.Is(err, store.ErrClosed) {
		t.Errorf("wait: got %v, want ErrClosed", err)
	}
	if _, err := os.Stat(path + ".pid"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("process id: %v, want it gone", err)
	}
	err := db.Append(context.Background(), workflows.Batch{ID: "F-1", Events: []workflows.Event{storetest.Submitted("a")}})
	if !errors.Is(err, store.ErrClosed) {
		t.Errorf("append: got %v, want ErrClosed", err)
	}
	if _, err := db.Load(context.Background(), "F-1"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("load: got %v, want ErrClosed", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.Open(filepath.Join(dir, "a.db"), store.Options{}); err == nil {
		t.Error("a store without a clock was opened")
	}
	if _, err := store.Open(filepath.Join(dir, "none", "a.db"), store.Options{Now: storetest.Clock}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: got %v", err)
	}
	text := filepath.Join(dir, "text")
	must(t, os.WriteFile(text, make([]byte, 1<<15), 0o600))
	if _, err := store.Open(text, store.Options{Now: storetest.Clock}); err == nil {
		t.Error("a file of zeros was opened")
	}
}

func TestFileIsPrivate(t *testing.T) {
	_, path := open(t)
	for _, p := range []string{path, path + ".pid"} {
		info, err := os.Stat(p)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", filepath.Base(p), info.Mode())
		}
	}
}

func TestRootAt(t *testing.T) {
	db, _ := open(t)
	life := storetest.Life("F-1", "a")
	kept := map[int64]string{}
	for i := range life {
		must(t, db.Append(t.Context(), workflows.Batch{ID: "F-1", After: i, Events: life[i : i+1]}))
		size, root, err := db.Audit(t.Context())
		must(t, err)
		kept[size] = root.String()
	}
	for size, want := range kept {
		root, err := db.RootAt(t.Context(), size)
		if err != nil || root.String() != want {
			t.Errorf("root at %d: got %s, error %v; want %s", size, root, err, want)
		}
	}
	if _, err := db.RootAt(t.Context(), int64(len(life)+1)); !errors.Is(err, workflows.ErrNotFound) {
		t.Errorf("root of what is to come: got %v", err)
	}
}
