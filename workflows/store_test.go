package workflows_test

import (
	"path/filepath"
	"testing"
	"time"

	"fedbot/store"
	"fedbot/store/storetest"
	. "fedbot/workflows"
)

// TestOnTheRealStore plays a life on bbolt, opening the file anew before every
// move, so that each move is what a restarted process does. At the end the store
// is consistent and its histories fold to its views.
func TestOnTheRealStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fedbot.db")
	w := newWorld(t)
	w.mem = nil
	open := func() *store.DB {
		db, err := store.Open(path, store.Options{Now: w.clock.now, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		w.log = db
		return db
	}
	db := open()
	restart := func() {
		t.Helper()
		storetest.Consistent(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open()
	}
	id := w.submit(ask())
	_, err := w.engine().Submit(ctx, Ask{By: requester, Proposal: ask()})
	if r := wantCode(t, err, "taken"); r.Next != string(id) {
		t.Errorf("the refusal leads to %q", r.Next)
	}
	w.approve(id.Request(1), owner, approver)
	for w.load(id).State != Active {
		restart()
		due, _, err := db.Due(ctx, w.clock.now().Add(time.Minute), 10)
		if err != nil || len(due) != 1 || due[0] != id {
			t.Fatalf("due: %v, %v; want %s", due, err, id)
		}
		w.move(id)
	}
	w.whole()
	w.order(id, admin, OrderQuarantine)
	w.settle(w.engine(), id)
	restart()
	w.held(id)
	w.release(id, owner, approver)
	w.whole()
	w.order(id, owner, OrderRevoke)
	for w.load(id).State != Closed {
		restart()
		w.move(id)
	}
	restart()
	w.whole()
	events, err := db.History(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Fold(id, events); err != nil || f.Version != len(events) || f.State != Closed {
		t.Errorf("the history folds to %s, version %d of %d, error %v", f.State, f.Version, len(events), err)
	}
	if again := w.submit(ask()); again == id {
		t.Error("the name of a closed federation is not free")
	}
	restart()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
