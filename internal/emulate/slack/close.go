package slack

import (
	"context"
	"fmt"
)

// closeView takes a modal off its stack, with everything above it.
func (s *Server) closeView(v view) {
	stack, _ := s.stacks.Get(v.User)
	for i, id := range stack {
		if id == v.ID {
			s.closeFrom(v.User, i)
			return
		}
	}
}

// CloseView presses a modal's close button. The one below comes back, unless the
// modal clears the whole stack. The app hears of views that asked to be notified.
func (s *Server) CloseView(ctx context.Context, user, viewID string) error {
	payloads, err := s.closed(user, viewID)
	for _, p := range payloads {
		if err == nil {
			_, err = s.interact(ctx, p)
		}
	}
	if err != nil {
		return fmt.Errorf("close view: %w", err)
	}
	return nil
}

func (s *Server) closed(user, viewID string) ([]object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, err
	}
	v, err := s.viewOf(user, viewID)
	if err != nil || v.Type != "modal" {
		return nil, fmt.Errorf("view %s: %w", viewID, ErrUnknown)
	}
	going := []view{v}
	if v.ClearOnClose {
		stack, _ := s.stacks.Get(user)
		going = nil
		for _, id := range stack {
			if v, ok := s.views.Get(id); ok {
				going = append(going, v)
			}
		}
	}
	var out []object
	for _, one := range going {
		if one.NotifyOnClose {
			payload := s.payload("view_closed", p)
			payload["view"], payload["is_cleared"] = s.viewObject(one), v.ClearOnClose
			out = append(out, payload)
		}
	}
	if v.ClearOnClose {
		s.closeFrom(user, 0)
	} else {
		s.closeView(v)
	}
	return out, s.fault
}
