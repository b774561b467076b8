package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"fedbot/store"
	"fedbot/store/storetest"
)

// spoil opens a furnished store's file behind its back and changes it.
func spoil(t *testing.T, change func(tx *bolt.Tx) error) *store.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fedbot.db")
	db := openAt(t, path)
	furnish(t, db)
	storetest.Consistent(t, db)
	must(t, db.Close())
	raw, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true})
	must(t, err)
	must(t, raw.Update(change))
	must(t, raw.Close())
	db = openAt(t, path)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func drop(bucket string, nth int) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		c := tx.Bucket([]byte(bucket)).Cursor()
		k, _ := c.First()
		for range nth {
			k, _ = c.Next()
		}
		if k == nil {
			return errors.New("nothing to drop")
		}
		return tx.Bucket([]byte(bucket)).Delete(k)
	}
}

func replace(bucket, old, with string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if bytes.Contains(v, []byte(old)) {
				return b.Put(k, bytes.Replace(v, []byte(old), []byte(with), 1))
			}
		}
		return errors.New("nothing to replace")
	}
}

func add(bucket, key, value string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value)) }
}

func number(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

// mistakes are ways to damage a store, where Check must notice, and whether
// Rebuild may mend it.
var mistakes = []struct {
	name   string
	change func(*bolt.Tx) error
	says   []string // buckets in which there is a difference, sorted
	mends  bool
}{
	{"event changed that no view shows", replace("events", "no longer needed", "never was needed"), []string{"hashes"}, false},
	{"event changed", replace("events", "deploy \\u003cthe\\u003e", "Deploy \\u003cthe\\u003e"), []string{"hashes", "views"}, false},
	{"event gone", drop("events", 3), []string{"events", "feed", "hashes", "owed", "views"}, false},
	{"last event gone", drop("events", 35), []string{"feed", "hashes", "owed", "views"}, false},
	{"event garbled", replace("events", `"kind":"revoked"`, `"kind":"unheard"`), []string{"events", "feed", "hashes", "views"}, false},
	{"event added", add("events", number(1)+number(16), `{"kind":"expired","at":"2026-11-02T09:30:00Z","by":{"actor":"fedbot","name":""},"body":{}}`), []string{"events", "feed"}, false},
	{"view changed", replace("views", `"attempts":0`, `"attempts":7`), []string{"views"}, true},
	{"view gone", drop("views", 1), []string{"views"}, true},
	{"view of nothing", add("views", number(9), "{}"), []string{"views"}, true},
	{"due gone", drop("due", 0), []string{"due"}, true},
	{"owed gone", drop("owed", 0), []string{"due", "owed"}, true},
	{"due added", add("due", "123456789012"+number(1), ""), []string{"due"}, true},
	{"claim gone", drop("claims", 0), []string{"held"}, true},
	{"claim of a closed one", add("claims", "role/x", `{"holder":"F-1"}`), []string{"claims"}, false},
	{"claim of nobody", add("claims", "role/x", `{"holder":"F-9"}`), []string{"claims"}, false},
	{"claim garbled", add("claims", "role/x", `{`), []string{"claims"}, false},
	{"held gone", drop("held", 0), []string{"held"}, true},
	{"held added", add("held", number(2)+"role/x", ""), []string{"held"}, true},
	{"feed gone", drop("feed", 2), []string{"feed", "hashes"}, false},
	{"hash changed", add("hashes", number(4), "01234567890123456789012345678901"), []string{"hashes"}, false},
	{"hash added", add("hashes", number(400), "x"), []string{"hashes"}, false},
	{"document changed", replace("blobs", "one", "two"), []string{"blobs"}, false},
	{"cursor too far", add("cursors", "bot", number(99)), []string{"cursors"}, false},
	{"delivery gone", drop("inbox", 0), []string{"received"}, false},
	{"receipt gone", drop("received", 0), []string{"inbox"}, false},
}

func TestCheckNotices(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			db := spoil(t, m.change)
			if got := differences(t, db); !slices.Equal(got, m.says) {
				t.Errorf("got differences in %q, want %q", got, m.says)
			}
			err := db.Rebuild(context.Background())
			if mended := err == nil && len(differences(t, db)) == 0; mended != m.mends {
				t.Errorf("rebuild: mended %v, error %v; want %v", mended, err, m.mends)
			}
		})
	}
}

func differences(t *testing.T, db *store.DB) []string {
	t.Helper()
	report, err := db.Check(context.Background())
	must(t, err)
	var in []string
	for _, d := range report.Differences {
		if d.Key == "" || d.Says == "" {
			t.Errorf("a difference that says nothing: %+v", d)
		}
		in = append(in, d.Bucket)
	}
	if (report.Err() == nil) != (len(in) == 0) {
		t.Errorf("error %v for %d differences", report.Err(), len(in))
	}
	slices.Sort(in)
	return slices.Compact(in)
}

func TestCheckCounts(t *testing.T) {
	db, _ := open(t)
	furnish(t, db)
	r, err := db.Check(t.Context())
	must(t, err)
	_, root, err := db.Audit(t.Context())
	must(t, err)
	want := store.Report{Federations: 3, Events: 36, Claims: 5, Documents: 3, Pending: 2, Epoch: 1, Root: root}
	if r.Err() != nil || r.Federations != want.Federations || r.Events != want.Events || r.Claims != want.Claims ||
		r.Documents != want.Documents || r.Pending != want.Pending || r.Epoch != want.Epoch || r.Root != want.Root {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

// TestCheckWhileOthersWrite checks a store that is being written, as an operator
// does, and as a sandbox did that was told of a page that was "reachable freed".
func TestCheckWhileOthersWrite(t *testing.T) {
	db, _ := open(t)
	furnish(t, db)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range 2 {
		all.Go(func() {
			for i := range uint64(10_000) {
				if err := db.Mark(ctx, fmt.Sprint("follower", w), 0, map[string]string{"at": fmt.Sprint(i)}); err != nil {
					return
				}
			}
		})
	}
	for range 60 {
		report, err := db.Check(t.Context())
		if err == nil {
			err = report.Err()
		}
		if err != nil {
			t.Error(err)
			break
		}
	}
	stop()
	all.Wait()
}

func TestScanSecretsFinds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "any.db")
	raw, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true})
	must(t, err)
	// Put together here, so that nobody who scans this file for secrets is alarmed.
	pat := string(bytes.Repeat([]byte("abcdefghijklm"), 4))
	samples := []string{
		"AKIA" + "IOSFODNN7EXAMPLE", `{"id":"ASIA` + `ABCDEFGHIJKLMNOP"}`, "eyJ" + "hbGciOiJSUzI1NiJ9.eyJ" + "pc3MiOiJodHRwcyJ9.c2ln",
		"xoxb-" + "1234567890-abcdef", "xapp-" + "1-A0123-456", "xoxe.xoxp-" + "1-abcdefgh", `"pat":"` + pat + `"`,
		string(bytes.Repeat([]byte("A1b2"), 19)) + "AZDO" + "abcd", "-----BEGIN RSA " + "PRIVATE KEY-----", "Authorization: " + "Bearer abcdefghijk",
		"https://hooks.slack.com/services/" + "T000/B000/abc", `"aws_secret_access_key": "` + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" + `"`,
	}
	must(t, raw.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for _, s := range samples {
			err = errors.Join(err, b.Put([]byte(number(uint64(b.Sequence()))), []byte(s)), b.SetSequence(b.Sequence()+1))
		}
		return errors.Join(err, b.Put([]byte(samples[0]), nil))
	}))
	must(t, raw.Close())
	found, err := storetest.ScanSecrets(path)
	must(t, err)
	if len(found) != len(samples)+1 {
		t.Errorf("found %d of %d: %q", len(found), len(samples)+1, found)
	}
	for _, f := range found {
		for _, s := range samples {
			if bytes.Contains([]byte(f), []byte(s)) {
				t.Errorf("the answer holds the secret: %s", f)
			}
		}
	}
}

// TestRebuildRefusesGap: a press that was refused changes nothing but the version,
// so a history without it folds well, and is still not the history.
func TestRebuildRefusesGap(t *testing.T) {
	db := spoil(t, drop("events", 2))
	if err := db.Rebuild(t.Context()); err == nil {
		t.Error("a history with a gap was folded")
	}
	if got := differences(t, db); slices.Contains(got, "due") {
		t.Errorf("a rebuild that was refused left a trace: %q", got)
	}
}
