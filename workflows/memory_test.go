package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	. "fedbot/workflows"
)

// memory is a Log that keeps its promises and forgets everything at the end of the
// test. Events are stored as bytes would be; views are values that nobody changes,
// or folded would see it.
type memory struct {
	mu     sync.Mutex
	events map[FederationID][]Event
	views  map[FederationID]Federation
	claims map[string]FederationID
	blobs  map[Digest]bool
	seam   func(point string) // around every append, without the lock
	writes int                // appends that were stored
}

func newMemory() *memory {
	return &memory{events: map[FederationID][]Event{}, views: map[FederationID]Federation{}, claims: map[string]FederationID{}, blobs: map[Digest]bool{}}
}

func (m *memory) Append(_ context.Context, b Batch) error {
	if m.seam != nil {
		m.seam("before append")
	}
	if err := m.append(b); err != nil {
		return fmt.Errorf("append to %s: %w", b.ID, err)
	}
	if m.seam != nil {
		m.seam("after append")
	}
	return nil
}

func (m *memory) append(b Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.view(b.ID)
	if b.After != 0 && f.Version != b.After {
		return fmt.Errorf("version %d, not %d: %w", f.Version, b.After, ErrConflict)
	}
	for _, c := range b.Claims {
		if holder, held := m.claims[c]; held && (holder != b.ID || IsSeenClaim(c)) {
			return &TakenError{Key: c, Holder: holder}
		}
	}
	if f.Version != b.After {
		return fmt.Errorf("version %d, not %d: %w", f.Version, b.After, ErrConflict)
	}
	var events []Event
	for _, e := range b.Events {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		var stored Event
		if err := json.Unmarshal(raw, &stored); err != nil {
			return err
		}
		if f, err = f.Apply(stored); err != nil {
			return err
		}
		events = append(events, stored)
	}
	m.views[b.ID] = f
	m.events[b.ID] = append(m.events[b.ID], events...)
	m.writes++
	for _, blob := range b.Blobs {
		m.blobs[Sum(blob)] = true
	}
	for _, c := range b.Claims {
		m.claims[c] = b.ID
	}
	for c, holder := range m.claims {
		if f.State == Closed && holder == b.ID && !IsSeenClaim(c) {
			delete(m.claims, c)
		}
	}
	return nil
}

func (m *memory) view(id FederationID) Federation {
	if f, ok := m.views[id]; ok {
		return f
	}
	return Federation{ID: id}
}

func (m *memory) Load(_ context.Context, id FederationID) (Federation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.view(id)
	if f.Version == 0 {
		return f, ErrNotFound
	}
	return f, nil
}

func (m *memory) NextID(context.Context) (FederationID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return FederationID(fmt.Sprintf("F-%d", len(m.views)+1)), nil
}
