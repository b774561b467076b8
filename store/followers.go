package store

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"fedbot/workflows"
)

// Cursor returns the number of the last entry that a follower has dealt with, 0
// for one that has not begun.
func (d *DB) Cursor(ctx context.Context, follower string) (seq uint64, err error) {
	err = d.read(ctx, func(t *tx) error {
		seq = fromU64(t.get(bCursors, []byte(follower)))
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read cursor of %s: %w", follower, err)
	}
	return seq, nil
}

// Mark moves a follower's cursor and writes its notes, both or neither. An empty
// note is deleted. The cursor never moves back, so that notes alone can be written
// with seq 0, and it never moves past the head.
func (d *DB) Mark(ctx context.Context, follower string, seq uint64, notes map[string]string) error {
	err := plain("follower", follower)
	for key, text := range notes {
		if err == nil {
			err = plain("note", key)
		}
		if err == nil && !utf8.ValidString(text) {
			err = fmt.Errorf("note %q is not UTF-8: %w", key, workflows.ErrPermanent)
		}
	}
	if err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	notes = maps.Clone(notes) // the caller's may change while this waits
	err = d.update(ctx, func(t *tx) error { return t.mark(follower, seq, notes) })
	if err != nil {
		return fmt.Errorf("mark %s at %d: %w", follower, seq, err)
	}
	return nil
}

func (t *tx) mark(follower string, seq uint64, notes map[string]string) error {
	if head := t.last(bFeed); seq > head {
		return fmt.Errorf("the feed ends at %d: %w", head, workflows.ErrPermanent)
	}
	if seq > fromU64(t.get(bCursors, []byte(follower))) {
		if err := t.put(bCursors, []byte(follower), u64(seq)); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		var err error
		if notes[key] == "" {
			err = t.delete(bNotes, noteKey(follower, key))
		} else {
			err = t.put(bNotes, noteKey(follower, key), []byte(notes[key]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Note returns one of a follower's notes, empty if there is none.
func (d *DB) Note(ctx context.Context, follower, key string) (text string, err error) {
	err = d.read(ctx, func(t *tx) error {
		text = string(t.get(bNotes, noteKey(follower, key)))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read note of %s: %w", follower, err)
	}
	return text, nil
}

// Notes returns a follower's notes whose keys begin with prefix, by their whole
// keys.
func (d *DB) Notes(ctx context.Context, follower, prefix string) (map[string]string, error) {
	notes := map[string]string{}
	err := d.read(ctx, func(t *tx) error {
		from := noteKey(follower, prefix)
		c := t.Bucket(bNotes).Cursor()
		for k, v := c.Seek(from); bytes.HasPrefix(k, from); k, v = c.Next() {
			_, key, _ := strings.Cut(string(k), "\x00")
			notes[key] = string(v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read notes of %s: %w", follower, err)
	}
	return notes, nil
}
