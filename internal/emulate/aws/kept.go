package aws

import (
	"slices"
	"time"

	"fedbot/internal/emulate/wire"
)

// kept is a table of IAM with what a plain table lacks: the keys of each account
// in order, so that a call about one object costs the same among ten and among
// ten thousand, and the past, for readers that do not yet see the present. The
// server's lock guards it.
type kept[T any] struct {
	table   *wire.Table[T]
	account func(T) string
	mirror  func() mirror
	changed func(before, after *T)  // on each change; nil stands for nothing there
	keys    map[string][]string     // by account, sorted; of what readers may still see, too
	count   map[string]int          // by account, of what is there
	past    map[string]*recently[T] // by key
}

// recently is what happened to one row within the lag.
type recently[T any] struct {
	account string
	changes []change[T] // oldest first
}

// change is a moment, and what was there before it: nil is nothing.
type change[T any] struct {
	at     time.Time
	before *T
}

// mirror says for how long readers do not see what happened.
type mirror struct {
	now      time.Time
	creation time.Duration
	change   time.Duration // and a deletion
}

// blind says whether readers have not yet heard of it.
func (m mirror) blind(at time.Time, creation bool) bool {
	lag := m.change
	if creation {
		lag = m.creation
	}
	return m.now.Sub(at) < lag
}

func openKept[T any](j *wire.Journal, name string, account func(T) string, m func() mirror, changed func(before, after *T), into **kept[T]) error {
	k := &kept[T]{
		account: account, mirror: m, changed: changed,
		keys: map[string][]string{}, count: map[string]int{}, past: map[string]*recently[T]{},
	}
	if err := openTable(j, name, &k.table); err != nil {
		return err
	}
	for _, key := range k.table.Keys() {
		row, _ := k.table.Get(key)
		k.keys[account(row)] = append(k.keys[account(row)], key)
		k.count[account(row)]++
		changed(nil, &row)
	}
	*into = k
	return nil
}

// Get is what is there.
func (k *kept[T]) Get(key string) (T, bool) { return k.table.Get(key) }

// Seen is what a reader sees: the newest state that it has heard of.
func (k *kept[T]) Seen(key string) (T, bool) {
	row, ok := k.table.Get(key)
	past := k.past[key]
	if past == nil {
		return row, ok
	}
	m := k.mirror()
	for _, c := range slices.Backward(past.changes) {
		if !m.blind(c.at, c.before == nil) {
			break
		}
		if ok = c.before != nil; ok {
			row = *c.before
		}
	}
	if !ok {
		var nothing T
		return nothing, false
	}
	return row, true
}

// Put stores a row.
func (k *kept[T]) Put(key string, row T) error {
	before := k.row(key)
	if err := k.table.Put(key, row); err != nil {
		return err
	}
	account := k.account(row)
	k.remember(key, account, before)
	if before == nil {
		k.count[account]++
		if at, listed := slices.BinarySearch(k.keys[account], key); !listed {
			k.keys[account] = slices.Insert(k.keys[account], at, key)
		}
	}
	k.changed(before, &row)
	return nil
}

// Delete removes a row. Its key stays listed while readers may still see it.
func (k *kept[T]) Delete(key string) error {
	before := k.row(key)
	if err := k.table.Delete(key); err != nil || before == nil {
		return err
	}
	account := k.account(*before)
	k.count[account]--
	k.remember(key, account, before)
	if k.past[key] == nil {
		k.unlist(key, account)
	}
	k.changed(before, nil)
	return nil
}

func (k *kept[T]) row(key string) *T {
	if row, ok := k.table.Get(key); ok {
		return &row
	}
	return nil
}

func (k *kept[T]) unlist(key, account string) {
	if at, listed := slices.BinarySearch(k.keys[account], key); listed {
		k.keys[account] = slices.Delete(k.keys[account], at, at+1)
	}
}

// remember keeps what was under key for readers that lag, and forgets what none
// of them can see any more.
func (k *kept[T]) remember(key, account string, before *T) {
	m := k.mirror()
	if m.creation <= 0 && m.change <= 0 && len(k.past) == 0 {
		return
	}
	for other, past := range k.past {
		last := past.changes[len(past.changes)-1]
		if m.now.Sub(last.at) < max(m.creation, m.change) {
			continue
		}
		delete(k.past, other)
		if other != key && k.row(other) == nil {
			k.unlist(other, past.account)
		}
	}
	if m.creation <= 0 && m.change <= 0 {
		return
	}
	if k.past[key] == nil {
		k.past[key] = &recently[T]{account: account}
	}
	k.past[key].changes = append(k.past[key].changes, change[T]{m.now, before})
}

// Of are the account's rows that are there, in order.
func (k *kept[T]) Of(account string) []T {
	out := make([]T, 0, k.count[account])
	for _, key := range k.keys[account] {
		if row, ok := k.table.Get(key); ok {
			out = append(out, row)
		}
	}
	return out
}
