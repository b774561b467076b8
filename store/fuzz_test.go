package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"fedbot/store/storetest"
	"fedbot/workflows"
)

// seedExport is an export with every kind of line.
func seedExport(f *testing.F) []byte {
	f.Helper()
	d := openHere(f, false)
	ctx := f.Context()
	err := errors.Join(
		d.Append(ctx, submitted("F-1", "a")),
		d.Append(ctx, workflows.Batch{ID: "F-2", Events: storetest.Life("F-2", "b"), Blobs: [][]byte{[]byte("plan")}}),
		d.Mark(ctx, "bot", 1, map[string]string{"card": "1.0"}),
		d.Receive(ctx, "waits", []byte("body")), d.Receive(ctx, "done", nil), d.Finish(ctx, "done"),
	)
	var b bytes.Buffer
	if err := errors.Join(err, d.Export(ctx, &b)); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// FuzzExport: whatever is read as an export is refused or taken without a panic,
// and what was taken and is consistent can be exported and taken again.
func FuzzExport(f *testing.F) {
	whole := seedExport(f)
	f.Add(whole)
	f.Add(whole[:200])
	f.Add([]byte(`{"export":{"schema":1,"epoch":1}}` + "\n" + `{"end":{"lines":1,"size":0,"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}}`))
	f.Add([]byte(`{"export":{"schema":1}}{"note":{}}{"delivery":{"key":"a"}}{"event":{"seq":1,"id":"F-1","version":1,"event":null}}`))
	b, err := bolt.Open(filepath.Join(f.TempDir(), "fuzz.db"), 0o600, &bolt.Options{Timeout: time.Second, NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = b.Close() })
	undone := errors.New("undone")
	f.Fuzz(func(t *testing.T, from []byte) {
		var again bytes.Buffer
		err := b.Update(func(b *bolt.Tx) error {
			x := &tx{Tx: b}
			if err := fromExport(x, bytes.NewReader(from)); err != nil {
				return err
			}
			if found, err := check(t.Context(), x); err != nil || found.Err() != nil {
				return errors.Join(err, found.Err())
			}
			e := &exporter{tx: x, ctx: t.Context(), to: json.NewEncoder(&again)}
			return errors.Join(e.all(storetest.Clock()), undone)
		})
		if bytes.Equal(from, whole) && !errors.Is(err, undone) {
			t.Fatalf("an honest export was refused: %v", err)
		}
		if !errors.Is(err, undone) {
			return
		}
		err = b.Update(func(b *bolt.Tx) error {
			return errors.Join(fromExport(&tx{Tx: b}, &again), undone)
		})
		if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 1 {
			t.Errorf("taken once and not twice: %v", err)
		}
	})
}
