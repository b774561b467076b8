package storetest

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

func secondWriterLoses(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	one := workflows.Batch{ID: id, After: 1, Events: []workflows.Event{press(id, 1)}}
	other := workflows.Batch{ID: id, After: 1, Events: []workflows.Event{refused(id)}}
	must(t, s.Append(t.Context(), one))
	for name, late := range map[string]workflows.Batch{
		"the same version":  other,
		"an older version":  {ID: id, After: 0, Events: []workflows.Event{Submitted("other")}},
		"a version to come": {ID: id, After: 7, Events: []workflows.Event{press(id, 2)}},
		"no such history":   {ID: "F-99", After: 1, Events: []workflows.Event{press("F-99", 1)}},
	} {
		if err := s.Append(t.Context(), late); err == nil {
			t.Errorf("%s: was stored", name)
		} else {
			wantIs(t, err, workflows.ErrConflict)
		}
	}
	f, err := s.Load(t.Context(), id)
	must(t, err)
	if f.Version != 2 || f.State != workflows.Requested {
		t.Errorf("got version %d, %s; want what the first writer left", f.Version, f.State)
	}
}

func survivesReopen(t *testing.T, open Opener) {
	path := filepath.Join(t.TempDir(), "fedbot.db")
	s := open(t, path)
	id := submit(t, s, "deploy")
	must(t, s.Append(t.Context(), workflows.Batch{ID: id, After: 1, Events: Life(id, "deploy")[1:9], Blobs: [][]byte{[]byte("plan")}}))
	must(t, s.Mark(t.Context(), "bot", 2, map[string]string{"card": "1.2"}))
	must(t, s.Receive(t.Context(), "trigger-1", []byte("body")))
	before := everything(t, s)
	shut(t, path, s)
	for range 2 {
		s = open(t, path)
		if diff := cmp.Diff(before, everything(t, s)); diff != "" {
			t.Errorf("after reopening (-before +after):\n%s", diff)
		}
		shut(t, path, s)
	}
}

// everything reads a store whole.
func everything(t *testing.T, s Store) map[string]any {
	t.Helper()
	ctx := t.Context()
	all, err := s.List(ctx)
	must(t, err)
	feed, err := s.Feed(ctx, 0, 1000)
	must(t, err)
	pending, err := s.Pending(ctx)
	must(t, err)
	cursor, err := s.Cursor(ctx, "bot")
	must(t, err)
	notes, err := s.Notes(ctx, "bot", "")
	must(t, err)
	due, next, err := s.Due(ctx, Clock(), 100)
	must(t, err)
	size, root, err := s.Audit(ctx)
	must(t, err)
	return map[string]any{
		"all": all, "feed": feed, "pending": pending, "cursor": cursor, "notes": notes,
		"due": due, "next": next, "size": size, "root": root.String(),
	}
}

func refusesIllegal(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	life := Life(id, "deploy")
	for name, events := range map[string][]workflows.Event{
		"active at once":           {event(1, workflows.Activated{Request: id.Request(1)})},
		"a legal one first":        {life[1], event(2, workflows.ClosedNow{})},
		"a request nobody made":    {event(1, workflows.Approved{Request: id.Request(9)})},
		"granted before a plan":    {event(1, workflows.Granted{Request: id.Request(1)})},
		"no events":                {},
		"something after the end":  {refused(id), press(id, 2)},
		"a second first event":     {Submitted("deploy")},
		"the life of an active it": {event(1, workflows.Drifted{})},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Append(t.Context(), workflows.Batch{ID: id, After: 1, Events: events, Claims: []string{"role/x/" + name}, Blobs: [][]byte{[]byte(name)}})
			wantIs(t, err, workflows.ErrIllegalMove)
			_, held, err := s.Holder(t.Context(), "role/x/"+name)
			if err != nil || held {
				t.Errorf("claim held %v, error %v", held, err)
			}
			_, err = s.Blob(t.Context(), workflows.Sum([]byte(name)))
			wantIs(t, err, workflows.ErrNotFound)
		})
	}
	err := s.Append(t.Context(), workflows.Batch{ID: id, After: 1, Events: []workflows.Event{{At: Clock()}}})
	if err == nil {
		t.Error("an event without a body was stored")
	}
	history, err := s.History(t.Context(), id)
	if err != nil || len(history) != 1 {
		t.Errorf("got %d events, error %v; want the first alone", len(history), err)
	}
}

func refusesStrangeNames(t *testing.T, open Opener) {
	s := fresh(t, open)
	for _, id := range []workflows.FederationID{"", "F-0", "F--1", "F-01", "F-+1", "f-1", "C-1", "F-1.1", "F-99999999999999999999"} {
		err := s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{Submitted("deploy")}})
		if err == nil {
			t.Errorf("%q: was stored", id)
		}
		_, err = s.Load(t.Context(), id)
		wantIs(t, err, workflows.ErrNotFound)
		_, err = s.History(t.Context(), id)
		wantIs(t, err, workflows.ErrNotFound)
	}
	for _, claim := range []string{"", "a\x00b", "a\nb", string([]byte{0xff}), string(make([]byte, 5000))} {
		err := s.Append(t.Context(), workflows.Batch{ID: "F-1", Events: []workflows.Event{Submitted("deploy")}, Claims: []string{claim}})
		wantIs(t, err, workflows.ErrPermanent)
	}
}

func readsWhatWasWritten(t *testing.T, open Opener) {
	s := fresh(t, open)
	life := Life("F-1", "deploy")
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", Events: life}))
	got, err := s.History(t.Context(), "F-1")
	must(t, err)
	if a, b := text(t, life), text(t, got); a != b {
		t.Errorf("history differs (-written +read):\n%s", cmp.Diff(a, b))
	}
	_, err = s.Load(t.Context(), "F-2")
	wantIs(t, err, workflows.ErrNotFound)
	_, err = s.History(t.Context(), "F-2")
	wantIs(t, err, workflows.ErrNotFound)
}

func numbersInOrder(t *testing.T, open Opener) {
	s := fresh(t, open)
	var want []workflows.FederationID
	for i := range 12 { // past F-9, where the order of text is another
		want = append(want, workflows.FederationID("F-"+itoa(i+1)))
		if id := submit(t, s, "deploy-"+itoa(i)); id != want[i] {
			t.Errorf("got number %s, want %s", id, want[i])
		}
	}
	all, err := s.List(t.Context())
	must(t, err)
	var got []workflows.FederationID
	for _, f := range all {
		got = append(got, f.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

// foldsLikeWorkflows appends a life one event at a time and compares with the fold
// of workflows after each.
func foldsLikeWorkflows(t *testing.T, open Opener) {
	s := fresh(t, open)
	life := Life("F-1", "deploy")
	for i := range life {
		must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", After: i, Events: life[i : i+1]}))
		want, err := workflows.Fold("F-1", life[:i+1])
		must(t, err)
		got, err := s.Load(t.Context(), "F-1")
		must(t, err)
		if a, b := text(t, want), text(t, got); a != b {
			t.Fatalf("after %s (-want +got):\n%s", life[i].Kind(), cmp.Diff(a, b))
		}
	}
}

// foldsWhatIsStored: a time zone is lost when an event is stored, so the view must
// not have it either; the check at the end would see it.
func foldsWhatIsStored(t *testing.T, open Opener) {
	s := fresh(t, open)
	e := Submitted("deploy")
	e.At = e.At.In(time.FixedZone("", 2*60*60))
	must(t, s.Append(t.Context(), workflows.Batch{ID: "F-1", Events: []workflows.Event{e}}))
	f, err := s.Load(t.Context(), "F-1")
	must(t, err)
	if !f.Updated.Equal(e.At) || f.Updated.Location() != time.UTC {
		t.Errorf("got %s, want %s in UTC", f.Updated, e.At)
	}
}

func givesUpInTime(t *testing.T, open Opener) {
	s := fresh(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Append(ctx, workflows.Batch{ID: "F-1", Events: []workflows.Event{Submitted("deploy")}})
	wantIs(t, err, context.Canceled)
	_, err = s.Load(ctx, "F-1")
	wantIs(t, err, context.Canceled)
	wantIs(t, s.Wait(ctx, 0), context.Canceled)
	_, err = s.Load(t.Context(), "F-1")
	wantIs(t, err, workflows.ErrNotFound)
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	must(t, err)
	return string(raw)
}
