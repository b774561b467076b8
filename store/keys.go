package store

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"

	"fedbot/workflows"
)

// The buckets; doc.go says what is in them.
var (
	bMeta     = []byte("meta")
	bEvents   = []byte("events")
	bFeed     = []byte("feed")
	bHashes   = []byte("hashes")
	bClaims   = []byte("claims")
	bBlobs    = []byte("blobs")
	bCursors  = []byte("cursors")
	bNotes    = []byte("notes")
	bReceived = []byte("received")
	bInbox    = []byte("inbox")
	bViews    = []byte("views")
	bDue      = []byte("due")
	bOwed     = []byte("owed")
	bHeld     = []byte("held")
)

var buckets = [][]byte{
	bMeta, bEvents, bFeed, bHashes, bClaims, bBlobs, bCursors, bNotes,
	bReceived, bInbox, bViews, bDue, bOwed, bHeld,
}

const (
	timeLen = 12
	longest = 1024 // bytes of a claim, a delivery's key, a follower or a note's key
)

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func fromU64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// number is the n of a federation's id. Only the one way to write it is accepted:
// "F-017" and "F-17" would otherwise be two names for one history.
func number(id workflows.FederationID) (uint64, error) {
	n := id.Number()
	if n == 0 || federationID(uint64(n)) != id {
		return 0, fmt.Errorf("%q is not the id of a federation: %w", id, workflows.ErrNotFound)
	}
	return uint64(n), nil
}

func federationID(n uint64) workflows.FederationID {
	return workflows.FederationID("F-" + strconv.FormatUint(n, 10))
}

func eventKey(n uint64, version int) []byte {
	return binary.BigEndian.AppendUint64(u64(n), uint64(version))
}

func splitEventKey(key []byte) (n uint64, version int) {
	if len(key) != 16 {
		return 0, 0
	}
	return fromU64(key), int(fromU64(key[8:]))
}

// timeKey orders like time, before 1970 and after 2262 too.
func timeKey(t time.Time) []byte {
	key := u64(uint64(t.Unix()) ^ 1<<63)
	return binary.BigEndian.AppendUint32(key, uint32(t.Nanosecond()))
}

func dueKey(t time.Time, n uint64) []byte {
	return binary.BigEndian.AppendUint64(timeKey(t), n)
}

func splitDueKey(key []byte) (t time.Time, n uint64) {
	if len(key) != timeLen+8 {
		return time.Time{}, 0
	}
	sec := int64(fromU64(key) ^ 1<<63)
	return time.Unix(sec, int64(binary.BigEndian.Uint32(key[8:timeLen]))).UTC(), fromU64(key[timeLen:])
}

func heldKey(n uint64, claim string) []byte { return append(u64(n), claim...) }

func noteKey(follower, key string) []byte { return []byte(follower + "\x00" + key) }

// plain refuses names that bbolt or an export could not give back as they were.
func plain(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty: %w", what, workflows.ErrPermanent)
	case len(name) > longest:
		return fmt.Errorf("%s is longer than %d bytes: %w", what, longest, workflows.ErrPermanent)
	case !utf8.ValidString(name):
		return fmt.Errorf("%s %q is not UTF-8: %w", what, name, workflows.ErrPermanent)
	}
	for _, r := range name {
		if r < ' ' {
			return fmt.Errorf("%s %q holds a control character: %w", what, name, workflows.ErrPermanent)
		}
	}
	return nil
}

// tx is a bbolt transaction that counts its writes, so that the writer knows
// whether a write that was refused has left a trace.
type tx struct {
	*bolt.Tx
	writes int
}

func (t *tx) get(bucket, key []byte) []byte { return t.Bucket(bucket).Get(key) }

func (t *tx) put(bucket, key, value []byte) error {
	t.writes++
	if value == nil {
		value = []byte{} // within this transaction, bbolt gives nil back as "no such key"
	}
	if err := t.Bucket(bucket).Put(key, value); err != nil {
		return fmt.Errorf("put into %s: %w", bucket, err)
	}
	return nil
}

func (t *tx) delete(bucket, key []byte) error {
	t.writes++
	if err := t.Bucket(bucket).Delete(key); err != nil {
		return fmt.Errorf("delete from %s: %w", bucket, err)
	}
	return nil
}

// empty takes everything out of a bucket.
func (t *tx) empty(bucket []byte) error {
	t.writes++
	if err := t.DeleteBucket(bucket); err != nil {
		return fmt.Errorf("empty %s: %w", bucket, err)
	}
	if _, err := t.CreateBucket(bucket); err != nil {
		return fmt.Errorf("empty %s: %w", bucket, err)
	}
	return nil
}

// last is the number in the last key of a bucket; zero if it is empty.
func (t *tx) last(bucket []byte) uint64 {
	key, _ := t.Bucket(bucket).Cursor().Last()
	return fromU64(key)
}
