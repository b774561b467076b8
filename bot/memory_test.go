package bot

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"fedbot/workflows"
)

// memory is the store that tests need: histories, feed and inbox.
type memory struct {
	mu       sync.Mutex
	events   map[workflows.FederationID][]workflows.Event
	entries  []Entry
	cursor   uint64
	notes    map[string]string
	inbox    map[string][]byte
	received map[string]bool
	grown    chan struct{}
	full     bool // the disk
	marks    int
	dieAt    int // the mark that is not made, nor any after it; 0: all are
}

var errDied = errors.New("killed")

func (m *memory) marked() int { m.mu.Lock(); defer m.mu.Unlock(); return m.marks }

func newMemory() *memory {
	return &memory{events: map[workflows.FederationID][]workflows.Event{}, notes: map[string]string{}, inbox: map[string][]byte{},
		received: map[string]bool{}, grown: make(chan struct{})}
}

func (m *memory) append(id workflows.FederationID, events ...workflows.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range events {
		m.events[id] = append(m.events[id], e)
		m.entries = append(m.entries, Entry{uint64(len(m.entries) + 1), id, len(m.events[id]), e})
	}
	close(m.grown)
	m.grown = make(chan struct{})
}

func (m *memory) Load(ctx context.Context, id workflows.FederationID) (workflows.Federation, error) {
	events, err := m.History(ctx, id)
	if err != nil {
		return workflows.Federation{}, err
	}
	return workflows.Fold(id, events)
}

func (m *memory) History(_ context.Context, id workflows.FederationID) ([]workflows.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.events[id]) == 0 {
		return nil, workflows.ErrNotFound
	}
	return slices.Clone(m.events[id]), nil
}

func (m *memory) List(ctx context.Context) ([]workflows.Federation, error) {
	m.mu.Lock()
	ids := slices.Sorted(maps.Keys(m.events))
	m.mu.Unlock()
	var out []workflows.Federation
	for _, id := range ids {
		f, err := m.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (m *memory) Feed(_ context.Context, after uint64, most int) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.entries[min(int(after), len(m.entries)):]
	return slices.Clone(rest[:min(most, len(rest))]), nil
}

func (m *memory) Wait(ctx context.Context, after uint64) error {
	m.mu.Lock()
	grown, have := m.grown, uint64(len(m.entries)) > after
	m.mu.Unlock()
	if have {
		return nil
	}
	select {
	case <-grown:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) Cursor(context.Context, string) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor, nil
}

func (m *memory) Mark(_ context.Context, _ string, seq uint64, notes map[string]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marks++; m.marks == m.dieAt {
		return errDied
	}
	m.cursor = max(m.cursor, seq)
	maps.Copy(m.notes, notes)
	return nil
}

func (m *memory) Note(_ context.Context, _, key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notes[key], nil
}

func (m *memory) Notes(_ context.Context, _, prefix string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := maps.Clone(m.notes)
	maps.DeleteFunc(out, func(k, _ string) bool { return !strings.HasPrefix(k, prefix) })
	return out, nil
}

func (m *memory) Receive(_ context.Context, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.full:
		return workflows.ErrUnreadable
	case m.received[key]:
		return &workflows.TakenError{Key: key}
	}
	m.received[key], m.inbox[key] = true, body
	return nil
}

func (m *memory) Pending(context.Context) ([]Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Delivery
	for k, v := range m.inbox {
		out = append(out, Delivery{k, v})
	}
	slices.SortFunc(out, func(a, b Delivery) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

func (m *memory) Finish(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.inbox, key)
	return nil
}
