// Package storetest holds a store to its promises. Every store runs the same
// suite, so that what relies on one can rely on another.
package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

// Store is what the suite needs. Differences between the types of stores are
// bridged by their own tests.
type Store interface {
	workflows.Log

	History(ctx context.Context, id workflows.FederationID) ([]workflows.Event, error)
	List(ctx context.Context) ([]workflows.Federation, error)
	Due(ctx context.Context, now time.Time, max int) ([]workflows.FederationID, time.Time, error)
	Blob(ctx context.Context, digest workflows.Digest) ([]byte, error)
	Holder(ctx context.Context, claim string) (workflows.FederationID, bool, error)

	Feed(ctx context.Context, after uint64, max int) ([]Entry, error)
	Head(ctx context.Context) (uint64, error)
	Wait(ctx context.Context, after uint64) error
	Cursor(ctx context.Context, follower string) (uint64, error)
	Mark(ctx context.Context, follower string, seq uint64, notes map[string]string) error
	Note(ctx context.Context, follower, key string) (string, error)
	Notes(ctx context.Context, follower, prefix string) (map[string]string, error)

	Receive(ctx context.Context, key string, body []byte) error
	Pending(ctx context.Context) ([]Delivery, error)
	Finish(ctx context.Context, key string) error
	Sweep(ctx context.Context, before time.Time) error

	Audit(ctx context.Context) (size int64, root tlog.Hash, err error)
	Check(ctx context.Context) (Report, error)
	Close() error
}

// Entry is one event of the feed.
type Entry struct {
	Seq     uint64
	ID      workflows.FederationID
	Version int
	Event   workflows.Event
}

// Delivery is one delivery in the inbox.
type Delivery struct {
	Key  string
	At   time.Time
	Body []byte
}

// Report is what a check found: nil from Err means nothing.
type Report interface{ Err() error }

// Opener opens the store at path, or makes it. Its clock is Clock.
type Opener func(t *testing.T, path string) Store

// Clock is the time of every store in the suite.
func Clock() time.Time { return time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC) }

// Run runs every promise as a subtest on a fresh store.
func Run(t *testing.T, open func(t *testing.T, path string) Store) {
	for _, p := range []struct {
		name    string
		promise func(*testing.T, Opener)
	}{
		{"SecondWriterLoses", secondWriterLoses},
		{"SurvivesReopen", survivesReopen},
		{"RefusesIllegal", refusesIllegal},
		{"RefusesStrangeNames", refusesStrangeNames},
		{"ReadsWhatWasWritten", readsWhatWasWritten},
		{"NumbersInOrder", numbersInOrder},
		{"FoldsLikeWorkflows", foldsLikeWorkflows},
		{"FoldsWhatIsStored", foldsWhatIsStored},
		{"ClaimsAreUnique", claimsAreUnique},
		{"ClaimsReturnAtClosed", claimsReturnAtClosed},
		{"ClaimsBeforeNumber", claimsBeforeNumber},
		{"VersionBeforeClaims", versionBeforeClaims},
		{"DecidedOnce", decidedOnce},
		{"FiftyAtOnce", fiftyAtOnce},
		{"ConcurrentAppendsAllOrNothing", concurrentAppendsAllOrNothing},
		{"DueFollowsEvents", dueFollowsEvents},
		{"BlobsStay", blobsStay},
		{"FeedInOrder", feedInOrder},
		{"WaitWakes", waitWakes},
		{"MarkIsAtomic", markIsAtomic},
		{"NotesArePrivate", notesArePrivate},
		{"SeenOnce", seenOnce},
		{"SweepForgetsOld", sweepForgetsOld},
		{"AuditGrows", auditGrows},
		{"GivesUpInTime", givesUpInTime},
	} {
		t.Run(p.name, func(t *testing.T) { p.promise(t, open) })
	}
}

// Consistent fails the test if the store's check finds a difference. Call it when
// a test has done with a store and before it closes it; the type of the report is
// the store's own.
func Consistent[R Report](t testing.TB, db interface {
	Check(ctx context.Context) (R, error)
}) {
	t.Helper()
	report, err := db.Check(context.Background())
	if err != nil {
		t.Errorf("check: %v", err)
		return
	}
	if err := report.Err(); err != nil {
		t.Errorf("store is not consistent:\n%v", err)
	}
}

// fresh opens a new store and checks it after the test.
func fresh(t *testing.T, open Opener) Store {
	t.Helper()
	return at(t, open, filepath.Join(t.TempDir(), "fedbot.db"))
}

func at(t *testing.T, open Opener, path string) Store {
	t.Helper()
	s := open(t, path)
	t.Cleanup(func() { shut(t, path, s) })
	return s
}

// shut checks and closes a store, and looks for secrets in what is left.
func shut(t *testing.T, path string, s Store) {
	t.Helper()
	Consistent(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	found, err := ScanSecrets(path)
	if err != nil {
		t.Errorf("scan: %v", err)
	}
	for _, f := range found {
		t.Errorf("secret in store: %s", f)
	}
}
