package azuredevops

import "time"

// unusedFor is how long a connection may idle before the service disables it.
const unusedFor = 100 * 24 * time.Hour

// age finishes deletions and disables connections that nobody used. It looks at all
// connections only when one of them can have become too old: idle is that moment, and
// whatever is made or used later comes later.
func (s *Server) age() error {
	now := s.o.Now()
	for _, k := range s.connections.where(term("going")) {
		if s.gone(k) {
			if err := s.saved(s.connections.Delete(k.ID)); err != nil {
				return err
			}
		}
	}
	if now.Before(s.idle) {
		return nil
	}
	next := now.Add(unusedFor)
	for _, k := range s.connections.All() {
		due := later(k.Created, k.Used).Add(unusedFor)
		switch {
		case !k.Deleted.IsZero() || k.Disabled:
		case now.After(due):
			k.Disabled = true
			if err := s.saved(s.connections.Put(k.ID, k), s.auditBySystem(k)); err != nil {
				return err
			}
		case due.Before(next):
			next = due
		}
	}
	s.idle = next
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
