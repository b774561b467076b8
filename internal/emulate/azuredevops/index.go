package azuredevops

import (
	"slices"

	"fedbot/internal/emulate/wire"
)

// indexed is a table that also finds rows by something other than their key, so that a
// call about one object costs the same whether there are ten of them or ten thousand.
// Its callers hold the server's lock.
type indexed[T any] struct {
	*wire.Table[T]
	by   func(T) []string               // what a row is found by; a row may have none
	keys map[string]map[string]struct{} // from that to the keys of rows
}

// index builds the index of a table's rows.
func index[T any](t *wire.Table[T], by func(T) []string) *indexed[T] {
	x := &indexed[T]{Table: t, by: by, keys: map[string]map[string]struct{}{}}
	for _, key := range t.Keys() {
		row, _ := t.Get(key)
		x.enter(key, row)
	}
	return x
}

func (x *indexed[T]) enter(key string, row T) {
	for _, word := range x.by(row) {
		if x.keys[word] == nil {
			x.keys[word] = map[string]struct{}{}
		}
		x.keys[word][key] = struct{}{}
	}
}

func (x *indexed[T]) leave(key string) {
	old, ok := x.Table.Get(key)
	if !ok {
		return
	}
	for _, word := range x.by(old) {
		if delete(x.keys[word], key); len(x.keys[word]) == 0 {
			delete(x.keys, word)
		}
	}
}

// Put writes a row and finds it from now on by what it says now.
func (x *indexed[T]) Put(key string, row T) error {
	x.leave(key)
	err := x.Table.Put(key, row)
	if row, ok := x.Table.Get(key); ok { // the old one, if the journal failed
		x.enter(key, row)
	}
	return err
}

// Delete removes a row.
func (x *indexed[T]) Delete(key string) error {
	x.leave(key)
	err := x.Table.Delete(key)
	if row, ok := x.Table.Get(key); ok {
		x.enter(key, row)
	}
	return err
}

// where returns the rows found by a word, in the order of their keys.
func (x *indexed[T]) where(word string) []T {
	keys := make([]string, 0, len(x.keys[word]))
	for key := range x.keys[word] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	rows := make([]T, 0, len(keys))
	for _, key := range keys {
		if row, ok := x.Get(key); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// one returns the first of them.
func (x *indexed[T]) one(word string) (row T, ok bool) {
	first := ""
	for key := range x.keys[word] {
		if first == "" || key < first {
			first = key
		}
	}
	if first == "" {
		return row, false
	}
	return x.Get(first)
}
