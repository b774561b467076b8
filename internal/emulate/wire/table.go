package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Journal is the memory of one emulator: a file of JSON lines, one line for each
// row that was put or deleted, written before the caller is answered. A killed
// process finds everything again that it had promised. It does not sync to
// disk: a sandbox has to outlive a kill, not a power cut.
type Journal struct {
	mu   sync.Mutex
	file *os.File // nil: memory only
	rows map[string]map[string]json.RawMessage
}

type line struct {
	Table string          `json:"t"`
	Key   string          `json:"k"`
	Row   json.RawMessage `json:"v,omitempty"` // absent: deleted
}

// OpenJournal reads the journal at path and goes on writing to it. An empty path
// keeps everything in memory. A last line that a kill cut short is dropped:
// nobody was answered for it.
func OpenJournal(path string) (*Journal, error) {
	j := &Journal{rows: map[string]map[string]json.RawMessage{}}
	if path == "" {
		return j, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	good, err := j.read(f)
	if err == nil {
		err = f.Truncate(good)
	}
	if err == nil {
		_, err = f.Seek(good, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read journal %s: %w", path, err), f.Close())
	}
	j.file = f
	return j, nil
}

func (j *Journal) read(f *os.File) (good int64, err error) {
	r := bufio.NewReaderSize(f, 1<<16)
	for {
		text, err := r.ReadBytes('\n')
		if err == io.EOF {
			return good, nil // a line without its end was never finished
		}
		if err != nil {
			return good, err
		}
		var l line
		if err := json.Unmarshal(bytes.TrimSpace(text), &l); err != nil {
			return good, fmt.Errorf("at byte %d: %w", good, err)
		}
		good += int64(len(text))
		if j.rows[l.Table] == nil {
			j.rows[l.Table] = map[string]json.RawMessage{}
		}
		if l.Row == nil {
			delete(j.rows[l.Table], l.Key)
		} else {
			j.rows[l.Table][l.Key] = l.Row
		}
	}
}

func (j *Journal) write(l line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("journal %s/%s: %w", l.Table, l.Key, err)
	}
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("journal %s/%s: %w", l.Table, l.Key, err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// Table is one kind of object an emulator keeps, by key, in its journal. Rows go
// in and out by value; a row that holds maps or slices must not be changed after
// Put or Get, but copied, changed and put again. Safe for concurrent use.
type Table[T any] struct {
	mu      sync.RWMutex
	name    string
	journal *Journal
	rows    map[string]T
}

// NewTable opens a table and reads its rows from the journal. Two tables of one
// journal must not share a name.
func NewTable[T any](j *Journal, name string) (*Table[T], error) {
	t := &Table[T]{name: name, journal: j, rows: map[string]T{}}
	for k, raw := range j.rows[name] {
		var row T
		if err := json.Unmarshal(raw, &row); err != nil {
			return nil, fmt.Errorf("table %s, row %s: %w", name, k, err)
		}
		t.rows[k] = row
	}
	delete(j.rows, name)
	return t, nil
}

// Get returns the row under key.
func (t *Table[T]) Get(key string) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	row, ok := t.rows[key]
	return row, ok
}

// Put writes the row to the journal and then to memory.
func (t *Table[T]) Put(key string, row T) error {
	raw, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("table %s, row %s: %w", t.name, key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.journal.write(line{t.name, key, raw}); err != nil {
		return err
	}
	t.rows[key] = row
	return nil
}

// Delete removes the row; removing what is not there changes nothing.
func (t *Table[T]) Delete(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.rows[key]; !ok {
		return nil
	}
	if err := t.journal.write(line{t.name, key, nil}); err != nil {
		return err
	}
	delete(t.rows, key)
	return nil
}

// Keys returns all keys in order.
func (t *Table[T]) Keys() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	keys := make([]string, 0, len(t.rows))
	for k := range t.rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// All returns all rows in the order of their keys.
func (t *Table[T]) All() []T {
	keys := t.Keys()
	t.mu.RLock()
	defer t.mu.RUnlock()
	rows := make([]T, 0, len(keys))
	for _, k := range keys {
		if row, ok := t.rows[k]; ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// Len is the number of rows.
func (t *Table[T]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.rows)
}
