package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

func dueFollowsEvents(t *testing.T, open Opener) {
	s := fresh(t, open)
	life := Life("F-1", "deploy")
	for i := range life {
		must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: i, Events: life[i : i+1]}))
		f, err := workflows.Fold("F-1", life[:i+1])
		must(t, err)
		due := f.Due()
		if due.IsZero() {
			wantDue(t, s, Clock().Add(1000*time.Hour), 10, nil, time.Time{})
			continue
		}
		wantDue(t, s, due.Add(-time.Nanosecond), 10, nil, due)
		wantDue(t, s, due, 10, []workflows.FederationID{"F-1"}, time.Time{})
	}
	// Three later ones, to be had in order, and no more at a time than asked for.
	for i, id := range []workflows.FederationID{"F-2", "F-3", "F-4"} {
		e := Submitted("deploy-" + itoa(i))
		e.At = Clock().Add(time.Duration(3-i) * time.Hour)
		must(t, s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{e}}))
	}
	hour := func(n int) time.Time { return Clock().Add(time.Duration(n) * time.Hour) }
	wantDue(t, s, hour(9), 10, []workflows.FederationID{"F-4", "F-3", "F-2"}, time.Time{})
	wantDue(t, s, hour(9), 2, []workflows.FederationID{"F-4", "F-3"}, hour(3))
	wantDue(t, s, hour(1), 10, []workflows.FederationID{"F-4"}, hour(2))
	wantDue(t, s, hour(0), 10, nil, hour(1))
}

func wantDue(t *testing.T, s Store, now time.Time, max int, want []workflows.FederationID, next time.Time) {
	t.Helper()
	ids, at, err := s.Due(t.Context(), now, max)
	must(t, err)
	if diff := cmp.Diff(want, ids); diff != "" || !at.Equal(next) {
		t.Errorf("due at %s: got %v, next %s; want %v, next %s", now, ids, at, want, next)
	}
}

func blobsStay(t *testing.T, open Opener) {
	s := fresh(t, open)
	docs := [][]byte{[]byte("plan"), {}, {0, 1, 0xff}, make([]byte, 100_000)}
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", Events: []workflows.Event{Submitted("deploy")}, Blobs: docs}))
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: 1, Events: []workflows.Event{refused("F-1")}, Blobs: docs[:1]}))
	for _, want := range docs {
		got, err := s.Blob(t.Context(), workflows.Sum(want))
		if err != nil || string(got) != string(want) {
			t.Errorf("document of %d bytes: got %d, error %v", len(want), len(got), err)
		}
	}
	_, err := s.Blob(t.Context(), workflows.Sum([]byte("another")))
	wantIs(t, err, workflows.ErrNotFound)
}

func feedInOrder(t *testing.T, open Opener) {
	s := fresh(t, open)
	lives := map[workflows.FederationID][]workflows.Event{"F-1": Life("F-1", "a"), "F-2": Life("F-2", "b")}
	var want []Entry
	for i := range lives["F-1"] {
		for _, id := range []workflows.FederationID{"F-2", "F-1"} {
			must(t, s.Append(t.Context(), workflows.Batch{ID: id, After: i, Events: lives[id][i : i+1]}))
			want = append(want, Entry{uint64(len(want) + 1), id, i + 1, lives[id][i]})
		}
	}
	var got []Entry
	for {
		var after uint64
		if len(got) > 0 {
			after = got[len(got)-1].Seq
		}
		page, err := s.Feed(t.Context(), after, 5)
		must(t, err)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if a, b := text(t, want), text(t, got); a != b {
		t.Errorf("feed (-want +got):\n%s", cmp.Diff(a, b))
	}
	head, err := s.Head(t.Context())
	if err != nil || head != uint64(len(want)) {
		t.Errorf("got head %d, error %v; want %d", head, err, len(want))
	}
}

func waitWakes(t *testing.T, open Opener) {
	s := fresh(t, open)
	woken := make(chan error, 3)
	for range cap(woken) {
		go func() { woken <- s.Wait(t.Context(), 0) }()
	}
	submit(t, s, "deploy")
	for range cap(woken) {
		must(t, <-woken)
	}
	must(t, s.Wait(t.Context(), 0)) // it is past already
}

func markIsAtomic(t *testing.T, open Opener) {
	s := fresh(t, open)
	submit(t, s, "a")
	submit(t, s, "b")
	must(t, s.Mark(t.Context(), "bot", 1, map[string]string{"card/F-1": "1.0", "card/F-2": "2.0"}))
	if err := s.Mark(t.Context(), "bot", 9, map[string]string{"card/F-1": "9.9"}); err == nil {
		t.Error("a cursor past the head was stored")
	}
	if err := s.Mark(t.Context(), "bot", 2, map[string]string{"card/F-1": "9.9", "": "x"}); err == nil {
		t.Error("a note without a key was stored")
	}
	wantNotes(t, s, 1, map[string]string{"card/F-1": "1.0", "card/F-2": "2.0"})
	must(t, s.Mark(t.Context(), "bot", 2, map[string]string{"card/F-1": "", "card/F-3": "3.0", "never/was": ""}))
	wantNotes(t, s, 2, map[string]string{"card/F-2": "2.0", "card/F-3": "3.0"})
	must(t, s.Mark(t.Context(), "bot", 1, nil)) // never back
	must(t, s.Mark(t.Context(), "bot", 0, map[string]string{"card/F-2": "2.1"}))
	wantNotes(t, s, 2, map[string]string{"card/F-2": "2.1", "card/F-3": "3.0"})
}

func wantNotes(t *testing.T, s Store, cursor uint64, want map[string]string) {
	t.Helper()
	seq, err := s.Cursor(t.Context(), "bot")
	must(t, err)
	got, err := s.Notes(t.Context(), "bot", "card/")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" || seq != cursor {
		t.Errorf("cursor %d, want %d; notes (-want +got):\n%s", seq, cursor, diff)
	}
}

// notesArePrivate: followers whose names begin alike do not see each other's.
func notesArePrivate(t *testing.T, open Opener) {
	s := fresh(t, open)
	must(t, s.Mark(t.Context(), "bot", 0, map[string]string{"key": "bot's"}))
	must(t, s.Mark(t.Context(), "bot2", 0, map[string]string{"key": "another's"}))
	notes, err := s.Notes(t.Context(), "bot", "")
	must(t, err)
	if diff := cmp.Diff(map[string]string{"key": "bot's"}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	one, err := s.Note(t.Context(), "bot2", "key")
	if err != nil || one != "another's" {
		t.Errorf("got note %q, error %v", one, err)
	}
	none, err := s.Note(t.Context(), "bo", "t2")
	if err != nil || none != "" {
		t.Errorf("got note %q, error %v; want none", none, err)
	}
}

func seenOnce(t *testing.T, open Opener) {
	s := fresh(t, open)
	const senders = 8
	errs := make([]error, senders)
	atOnce(senders, func(i int) { errs[i] = s.Receive(t.Context(), "trigger-1", []byte("body")) })
	first := 0
	for _, err := range errs {
		if err == nil {
			first++
		} else {
			wantTaken(t, err, "trigger-1", "trigger-1")
		}
	}
	if first != 1 {
		t.Errorf("%d were first, want one", first)
	}
	must(t, s.Receive(t.Context(), "trigger-0", []byte("later")))
	wantPending(t, s, Delivery{"trigger-1", Clock(), []byte("body")}, Delivery{"trigger-0", Clock(), []byte("later")})
	for range 2 {
		must(t, s.Finish(t.Context(), "trigger-1"))
		wantPending(t, s, Delivery{"trigger-0", Clock(), []byte("later")})
		wantIs(t, s.Receive(t.Context(), "trigger-1", []byte("again")), workflows.ErrTaken)
	}
	wantIs(t, s.Finish(t.Context(), "trigger-9"), workflows.ErrNotFound)
	// Received and decided are two things: the claim is free.
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", Events: []workflows.Event{Submitted("a")}, Claims: []string{workflows.SeenClaim("trigger-1")}}))
}

func wantPending(t *testing.T, s Store, want ...Delivery) {
	t.Helper()
	got, err := s.Pending(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
}

func sweepForgetsOld(t *testing.T, open Opener) {
	s := fresh(t, open)
	submit(t, s, "a")
	seen := workflows.SeenClaim("old")
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: 1, Events: []workflows.Event{press("F-1", 1)}, Claims: []string{seen}}))
	must(t, s.Receive(t.Context(), "done", []byte("x")))
	must(t, s.Receive(t.Context(), "waits", []byte("x")))
	must(t, s.Finish(t.Context(), "done"))
	must(t, s.Sweep(t.Context(), Clock())) // nothing is older than the time it was taken at
	wantIs(t, s.Receive(t.Context(), "done", []byte("x")), workflows.ErrTaken)
	must(t, s.Sweep(t.Context(), Clock().Add(time.Second)))
	must(t, s.Receive(t.Context(), "done", []byte("x")))
	wantIs(t, s.Receive(t.Context(), "waits", []byte("x")), workflows.ErrTaken) // waits still
	for claim, want := range map[string]bool{seen: false, Claims("a")[0]: true} {
		if _, held, err := s.Holder(t.Context(), claim); err != nil || held != want {
			t.Errorf("%s: held %v, error %v; want %v", claim, held, err, want)
		}
	}
}

// auditGrows: the root follows from the feed alone, and an older root from the
// newer tree.
func auditGrows(t *testing.T, open Opener) {
	s := fresh(t, open)
	var last tlog.Hash
	for i, e := range Life("F-1", "deploy") {
		must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: i, Events: []workflows.Event{e}}))
		size, root, err := s.Audit(t.Context())
		must(t, err)
		if size != int64(i+1) || root == last {
			t.Errorf("after %d events: size %d, root %s before and %s after", i+1, size, last, root)
		}
		last = root
	}
	wantIs(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: 1, Events: []workflows.Event{press("F-1", 1)}}), workflows.ErrConflict)
	size, root, err := s.Audit(t.Context())
	if err != nil || root != last || size != int64(len(Life("F-1", "deploy"))) {
		t.Errorf("a refused append changed the tree: size %d, error %v", size, err)
	}
}
