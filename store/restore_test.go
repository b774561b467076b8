package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fedbot/store"
	"fedbot/store/storetest"
)

func export(t testing.TB, db *store.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, db.Export(context.Background(), &b))
	return b.Bytes()
}

func backup(t testing.TB, db *store.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := db.Backup(context.Background(), &b)
	must(t, err)
	if n != int64(b.Len()) {
		t.Errorf("backup says %d bytes and wrote %d", n, b.Len())
	}
	return b.Bytes()
}

var epoch = regexp.MustCompile(`"epoch":\d+`)

func TestRestoreGivesBackEverything(t *testing.T) {
	db, _ := open(t)
	furnish(t, db)
	want := export(t, db)
	for name, from := range map[string][]byte{"export": want, "backup": backup(t, db)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "new.db")
			must(t, store.Restore(path, bytes.NewReader(from)))
			again := openAt(t, path)
			defer func() { must(t, again.Close()) }()
			storetest.Consistent(t, again)
			if n, err := again.Epoch(t.Context()); n != 2 || err != nil {
				t.Errorf("got epoch %d, error %v; want 2", n, err)
			}
			got := epoch.ReplaceAll(export(t, again), []byte(`"epoch":1`))
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("restored (-before +after):\n%s", diff)
			}
			// It goes on where it was.
			must(t, again.Receive(t.Context(), "d", nil))
			pending, err := again.Pending(t.Context())
			if err != nil || len(pending) != 3 || pending[2].Key != "d" {
				t.Errorf("pending %v, error %v", pending, err)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".restore-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, error %v", left, err)
			}
		})
	}
}

func TestExportIsTheAuditTree(t *testing.T) {
	db, _ := open(t)
	furnish(t, db)
	lines := strings.Split(strings.TrimSpace(string(export(t, db))), "\n")
	_, root, err := db.Audit(t.Context())
	must(t, err)
	if last := lines[len(lines)-1]; !strings.Contains(last, root.String()) {
		t.Errorf("the last line does not name the root %s: %s", root, last)
	}
}

func TestRestoreRefuses(t *testing.T) {
	db, _ := open(t)
	furnish(t, db)
	exported, copied := string(export(t, db)), backup(t, db)
	lines := strings.SplitAfter(exported, "\n")
	swap := func(old, with string) string {
		if !strings.Contains(exported, old) {
			t.Fatalf("no %q in the export", old)
		}
		return strings.Replace(exported, old, with, 1)
	}
	for name, from := range map[string]string{
		"nothing":              "",
		"text":                 "hello",
		"no header":            strings.Join(lines[1:], ""),
		"cut at a line":        strings.Join(lines[:10], ""),
		"cut within a line":    exported[:len(exported)/2],
		"a line gone":          strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), ""),
		"an event gone":        strings.Join(append(append([]string{}, lines[:6]...), lines[7:]...), ""),
		"something after":      exported + "{}",
		"an event changed":     swap("no longer needed", "never was needed"),
		"an unknown kind":      swap(`"kind":"revoked"`, `"kind":"unheard"`),
		"an unknown field":     swap(`"claim":{`, `"claim":{"new":1,`),
		"a document changed":   swap(`"data":"b25l"`, `"data":"b25m"`),
		"a cursor too far":     swap(`"follower":"bot","seq":4`, `"follower":"bot","seq":400`),
		"a claim of nobody":    swap(`"holder":"F-2"`, `"holder":"F-7"`),
		"another layout":       swap(`"schema":1`, `"schema":2`),
		"a backup cut short":   string(copied[:len(copied)/2]),
		"a backup of one page": string(copied[:5000]),
		"a backup overwritten": string(copied[:len(copied)/2]) + strings.Repeat("\xff", len(copied)-len(copied)/2),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "new.db")
			err := store.Restore(path, strings.NewReader(from))
			if err == nil {
				t.Error("was restored")
			}
			if strings.Contains(name, "cut") && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want that it was cut short", err)
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(entries) > 0 {
				t.Errorf("left behind: %v, error %v", entries, err)
			}
		})
	}
}

func TestRestoreNeverOverwrites(t *testing.T) {
	db, path := open(t)
	furnish(t, db)
	if err := store.Restore(path, bytes.NewReader(export(t, db))); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, want that it exists", err)
	}
}

// TestBackupWhileWriting: copies that are taken while others write are whole.
func TestBackupWhileWriting(t *testing.T) {
	db, _ := open(t)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := db.Receive(context.Background(), fmt.Sprint("key-", i), []byte("body")); err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range 4 {
		path := filepath.Join(t.TempDir(), fmt.Sprint(i))
		from := backup(t, db)
		if i%2 == 1 {
			from = export(t, db)
		}
		must(t, store.Restore(path, bytes.NewReader(from))) // checks what it restores
	}
	close(stop)
	must(t, <-done)
}
