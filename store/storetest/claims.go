package storetest

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"fedbot/workflows"
)

func itoa(n int) string { return strconv.Itoa(n) }

func claimsAreUnique(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	claims := Claims("deploy")
	err := s.Append(t.Context(), workflows.Batch{ID: "F-2", Events: []workflows.Event{Submitted("deploy")}, Claims: append([]string{"role/free"}, claims...)})
	wantIs(t, err, workflows.ErrTaken)
	wantTaken(t, err, claims[0], id) // the first in their order that is held
	_, held, err := s.Holder(t.Context(), "role/free")
	if err != nil || held {
		t.Errorf("a claim before it stayed: held %v, error %v", held, err)
	}
	_, err = s.Load(t.Context(), "F-2")
	wantIs(t, err, workflows.ErrNotFound)
	got, held, err := s.Holder(t.Context(), claims[0])
	if got != id || !held || err != nil {
		t.Errorf("got holder %q, %v, error %v; want %s", got, held, err, id)
	}
	// What is ours already may be named again.
	must(t, s.Append(t.Context(), workflows.Batch{ID: id, After: 1, Events: []workflows.Event{press(id, 1)}, Claims: claims}))
}

func claimsReturnAtClosed(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	seen := workflows.SeenClaim("trigger-1")
	late := "role/taken/late"
	must(t, s.Append(t.Context(), workflows.Batch{ID: id, After: 1, Events: []workflows.Event{refused(id)}, Claims: []string{seen, late}}))
	for _, c := range append(Claims("deploy"), late) {
		if holder, held, err := s.Holder(t.Context(), c); held || err != nil {
			t.Errorf("%s: held by %q, error %v, after its holder was closed", c, holder, err)
		}
	}
	if holder, held, err := s.Holder(t.Context(), seen); holder != id || !held || err != nil {
		t.Errorf("%s: got %q, %v, error %v; want it kept", seen, holder, held, err)
	}
	if again := submit(t, s, "deploy"); again == id {
		t.Errorf("number %s was used twice", id)
	}
}

// claimsBeforeNumber: of two who took the same number, the one who asked for what
// is held learns that.
func claimsBeforeNumber(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	err := s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{Submitted("deploy")}, Claims: Claims("deploy")})
	wantTaken(t, err, Claims("deploy")[0], id)
	err = s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{Submitted("other")}, Claims: Claims("other")})
	wantIs(t, err, workflows.ErrConflict)
}

// versionBeforeClaims: who decided on what is past must decide anew, whatever they
// claim.
func versionBeforeClaims(t *testing.T, open Opener) {
	s := fresh(t, open)
	submit(t, s, "deploy")
	other := submit(t, s, "other")
	must(t, s.Append(t.Context(), workflows.Batch{ID: other, After: 1, Events: []workflows.Event{press(other, 1)}}))
	late := workflows.Batch{ID: other, After: 1, Events: []workflows.Event{press(other, 2)}, Claims: Claims("deploy")}
	wantIs(t, s.Append(t.Context(), late), workflows.ErrConflict)
	late.After = 2
	wantIs(t, s.Append(t.Context(), late), workflows.ErrTaken)
}

// decidedOnce: a delivery is decided once, also by its own federation.
func decidedOnce(t *testing.T, open Opener) {
	s := fresh(t, open)
	id := submit(t, s, "deploy")
	seen := workflows.SeenClaim("view-1")
	for i := range 2 {
		err := s.Append(t.Context(), workflows.Batch{ID: id, After: i + 1, Events: []workflows.Event{press(id, i+1)}, Claims: []string{seen}})
		if i == 0 {
			must(t, err)
		} else {
			wantTaken(t, err, seen, id)
		}
	}
}

// fiftyAtOnce: fifty people ask for one connection. One gets it; the others are
// told who holds it.
func fiftyAtOnce(t *testing.T, open Opener) {
	s := fresh(t, open)
	const people = 50
	errs := make([]error, people)
	atOnce(people, func(i int) {
		id, err := s.NextID(t.Context())
		if err == nil {
			err = s.Append(t.Context(), workflows.Batch{ID: id, Events: []workflows.Event{Submitted("deploy")}, Claims: Claims("deploy")})
		}
		errs[i] = err
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantTaken(t, err, Claims("deploy")[0], "F-1")
	}
	all, err := s.List(t.Context())
	must(t, err)
	if won != 1 || len(all) != 1 {
		t.Errorf("%d won and %d federations exist, want one", won, len(all))
	}
}

// concurrentAppendsAllOrNothing: whoever loses a race leaves nothing, whoever wins
// finds everything, however the writes were put together.
func concurrentAppendsAllOrNothing(t *testing.T, open Opener) {
	s := fresh(t, open)
	const histories, rivals = 6, 4
	for i := range histories {
		submit(t, s, "deploy-"+itoa(i))
	}
	errs := make([]error, histories*rivals)
	batch := func(i int) workflows.Batch {
		id := workflows.FederationID("F-" + itoa(i%histories+1))
		return workflows.Batch{
			ID: id, After: 1, Events: []workflows.Event{press(id, 10*i), press(id, 10*i+1)},
			Claims: []string{"role/own/" + itoa(i), "role/shared/" + itoa(i%5)}, Blobs: [][]byte{[]byte("document " + itoa(i))},
		}
	}
	atOnce(len(errs), func(i int) { errs[i] = s.Append(t.Context(), batch(i)) })
	stored := 0
	for i, err := range errs {
		b := batch(i)
		_, held, herr := s.Holder(t.Context(), b.Claims[0])
		must(t, herr)
		_, berr := s.Blob(t.Context(), workflows.Sum(b.Blobs[0]))
		if ok := err == nil; held != ok || (berr == nil) != ok {
			t.Errorf("append %d: error %v, but claim held %v and document %v", i, err, held, berr)
		}
		if err == nil {
			stored++
		} else if !errors.Is(err, workflows.ErrConflict) && !errors.Is(err, workflows.ErrTaken) {
			t.Errorf("append %d: %v", i, err)
		}
	}
	head, err := s.Head(t.Context())
	must(t, err)
	if stored == 0 || head != uint64(histories+2*stored) {
		t.Errorf("%d appends won and the feed ends at %d", stored, head)
	}
}

// atOnce calls f with 0 to n-1, all at the same time.
func atOnce(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
