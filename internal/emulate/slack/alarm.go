package slack

import (
	"slices"
	"sync"
	"time"
)

// beat is how soon a wait notices that the workspace's clock was moved.
const beat = 20 * time.Millisecond

// alarm holds what is to happen later by the workspace's own clock, which tests and
// the sandbox's page move forward: a timer of the machine would sleep through it.
type alarm struct {
	mu     sync.Mutex
	waits  []wait
	going  bool
	closed bool
}

type wait struct {
	due time.Time
	do  func()
}

// at runs do when the clock reaches due. After Close it does nothing.
func (s *Server) at(due time.Time, do func()) {
	s.alarm.mu.Lock()
	defer s.alarm.mu.Unlock()
	if s.alarm.closed {
		return
	}
	s.alarm.waits = append(s.alarm.waits, wait{due, do})
	if !s.alarm.going {
		s.alarm.going = true
		s.tasks.Go(s.watch)
	}
}

// begin runs do beside everything else, unless the server is being closed. Close
// waits for it.
func (s *Server) begin(do func()) bool {
	s.alarm.mu.Lock()
	defer s.alarm.mu.Unlock()
	if s.alarm.closed {
		return false
	}
	s.tasks.Go(do)
	return true
}

// watch ends when nothing is waited for any more.
func (s *Server) watch() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
		now := s.o.Now()
		var due []wait
		s.alarm.mu.Lock()
		s.alarm.waits = slices.DeleteFunc(s.alarm.waits, func(w wait) bool {
			if w.due.After(now) {
				return false
			}
			due = append(due, w)
			return true
		})
		slices.SortStableFunc(due, func(a, b wait) int { return a.due.Compare(b.due) })
		for _, w := range due {
			if !s.alarm.closed {
				s.tasks.Go(w.do)
			}
		}
		done := len(s.alarm.waits) == 0
		if done {
			s.alarm.going = false
		}
		s.alarm.mu.Unlock()
		if done {
			return
		}
	}
}
