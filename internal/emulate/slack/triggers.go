package slack

import (
	"fmt"
	"time"
)

const triggerAge = 3 * time.Second

// trigger is the right to open one modal, given by what a person did.
type trigger struct {
	User string    `json:"user"`
	Made time.Time `json:"made"`
	View string    `json:"view,omitempty"` // the modal or home tab that it came from
	Used bool      `json:"used,omitempty"`
}

func (s *Server) newTrigger(user, view string) string {
	id := fmt.Sprintf("%d.%d.%s", s.count("trigger"), s.o.Now().UnixMilli(), secret())
	s.keep(s.triggers.Put(id, trigger{User: user, Made: s.o.Now(), View: view}))
	return id
}

// exchange uses a trigger up.
func (s *Server) exchange(c *call) (trigger, error) {
	id, err := c.need("trigger_id")
	if err != nil {
		return trigger{}, err
	}
	t, ok := s.triggers.Get(id)
	switch {
	case !ok:
		return t, no("invalid_trigger_id")
	case t.Used:
		return t, no("exchanged_trigger_id")
	case s.o.Now().Sub(t.Made) > triggerAge:
		return t, no("expired_trigger_id")
	}
	return t, nil
}

func (s *Server) used(id string, t trigger) {
	t.Used = true
	s.keep(s.triggers.Put(id, t))
}
