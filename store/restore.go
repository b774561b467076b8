package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"fedbot/workflows"
)

// Restore makes a store at path from a backup or an export. It never writes over a
// file: path must not exist, and exists afterwards only if the whole store was
// restored and checked. What follows from the events is made anew, and a new epoch
// is opened: the world may be ahead of the histories.
func Restore(path string, r io.Reader) error {
	if err := restore(path, r); err != nil {
		return fmt.Errorf("restore store %s: %w", path, err)
	}
	return nil
}

func restore(path string, r io.Reader) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(os.ErrExist, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".restore-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	part := filepath.Join(dir, filepath.Base(path))
	in := bufio.NewReaderSize(r, 64<<10)
	fill := func(t *tx) error { return fromExport(t, in) }
	if isBackup(in) {
		if err := copyTo(part, in); err != nil {
			return err
		}
		if err := whole(part); err != nil {
			return err
		}
		fill = fromBackup
	}
	if err := build(part, fill); err != nil {
		return err
	}
	// A link, unlike a rename, fails if somebody made the file meanwhile.
	if err := os.Link(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// isBackup looks for bbolt's magic number, in the byte order of this machine.
func isBackup(in *bufio.Reader) bool {
	const magic, at = 0xED0CDAED, 16
	head, err := in.Peek(at + 4)
	return err == nil && binary.NativeEndian.Uint32(head[at:]) == magic
}

func copyTo(path string, in io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Close())
}

// whole refuses a copy that is damaged. It comes first, because bbolt trusts its
// file: reading past the end of one that was cut short kills the process.
func whole(path string) error {
	b, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
	if err != nil {
		return err
	}
	err = b.View(func(t *bolt.Tx) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() < t.Size() {
			return fmt.Errorf("the backup was cut short, %d bytes of %d: %w", info.Size(), t.Size(), io.ErrUnexpectedEOF)
		}
		for found := range t.Check() {
			err = errors.Join(err, found)
		}
		return err
	})
	return errors.Join(err, b.Close())
}

// build fills the file in one transaction, checks it, and sees to it that all of
// it is on the disk.
func build(path string, fill func(*tx) error) error {
	b, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	err = b.Update(func(b *bolt.Tx) error {
		t := &tx{Tx: b}
		if err := fill(t); err != nil {
			return err
		}
		epoch := fromU64(t.get(bMeta, []byte("epoch")))
		return t.put(bMeta, []byte("epoch"), u64(epoch+1))
	})
	if err == nil {
		err = b.View(func(b *bolt.Tx) error {
			found, err := check(context.Background(), &tx{Tx: b})
			return errors.Join(err, found.Err())
		})
	}
	return errors.Join(err, b.Close())
}

// fromBackup makes anew what another version of this program may have folded
// otherwise.
func fromBackup(t *tx) error {
	if t.Bucket(bMeta) == nil {
		return errors.New("the backup is not one of a store")
	}
	if err := layOut(t); err != nil {
		return err
	}
	return t.rebuild()
}

// fromExport replays the events in the order in which they happened.
func fromExport(t *tx, in io.Reader) error {
	if err := layOut(t); err != nil {
		return err
	}
	dec := json.NewDecoder(in)
	dec.DisallowUnknownFields()
	for n := 0; ; n++ {
		var l line
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: the export was cut short: %w", n+1, io.ErrUnexpectedEOF)
		} else if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		if (n == 0) != (l.Export != nil) {
			return fmt.Errorf("line %d: not an export", n+1)
		}
		if l.End != nil {
			return errors.Join(t.rightEnd(n, *l.End), t.rebuild(), nothingAfter(dec))
		}
		if err := t.take(l); err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
	}
}

func (t *tx) rightEnd(lines int, end exportEndLine) error {
	root, err := tlog.TreeHash(int64(t.last(bFeed)), t)
	switch {
	case err != nil:
		return err
	case lines != end.Lines:
		return fmt.Errorf("the export has %d lines and says %d", lines, end.Lines)
	case int64(t.last(bFeed)) != end.Size, root != end.Root:
		return errors.New("the events of the export are not those of its audit root")
	}
	return nil
}

func nothingAfter(dec *json.Decoder) error {
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end of the export")
	}
	return nil
}

// take stores one line.
func (t *tx) take(l line) error {
	switch {
	case l.Export != nil:
		if l.Export.Schema != schema {
			return fmt.Errorf("the export has layout %d and this program knows %d", l.Export.Schema, schema)
		}
		return t.put(bMeta, []byte("epoch"), u64(l.Export.Epoch))
	case l.Blob != nil:
		return t.put(bBlobs, []byte(l.Blob.Digest), l.Blob.Data)
	case l.Event != nil:
		return t.takeEvent(*l.Event)
	case l.Claim != nil:
		raw, err := json.Marshal(l.Claim.held)
		if err != nil {
			return err
		}
		return errors.Join(plain("claim", l.Claim.Key), t.put(bClaims, []byte(l.Claim.Key), raw))
	case l.Cursor != nil:
		return errors.Join(plain("follower", l.Cursor.Follower), t.put(bCursors, []byte(l.Cursor.Follower), u64(l.Cursor.Seq)))
	case l.Note != nil:
		err := errors.Join(plain("follower", l.Note.Follower), plain("note", l.Note.Key))
		return errors.Join(err, t.put(bNotes, noteKey(l.Note.Follower, l.Note.Key), []byte(l.Note.Text)))
	case l.Finished != nil:
		return errors.Join(plain("delivery", l.Finished.Key), t.receipt(l.Finished.Key, receipt{At: l.Finished.At}))
	case l.Delivery != nil:
		seq, err := t.Bucket(bInbox).NextSequence()
		return errors.Join(err, plain("delivery", l.Delivery.Key), t.receive(seq, *l.Delivery))
	}
	return errors.New("empty line")
}

// takeEvent stores an event as it was written; rebuild folds it.
func (t *tx) takeEvent(e eventLine) error {
	n, err := number(e.ID)
	if err != nil {
		return err
	}
	if _, err := decode(e.Event); err != nil {
		return err
	}
	if seq := t.last(bFeed) + 1; e.Seq != seq || e.Version < 1 {
		return fmt.Errorf("entry %d where %d was expected: %w", e.Seq, seq, workflows.ErrIllegalMove)
	}
	return t.happen(n, e.Version, bytes.Clone(e.Event))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
