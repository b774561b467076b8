package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// due is an event that the app has not acknowledged yet. It is written down before
// the first attempt, so that a kill loses none.
type due struct {
	Payload json.RawMessage `json:"payload"`
	Attempt int             `json:"attempt"` // of the next delivery; 0 is the first
	Why     string          `json:"why,omitempty"`
	At      time.Time       `json:"at"`
}

// OpenHome opens the app's home tab: the app gets an app_home_opened event. The
// first attempt is over when OpenHome returns; if it failed, the event is sent
// again up to three times in the background, and the error says why it failed first.
func (s *Server) OpenHome(ctx context.Context, user string) error {
	id, err := s.homeOpened(user)
	if err == nil {
		err = s.sendEvent(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("open home: %w", err)
	}
	return nil
}

func (s *Server) homeOpened(user string) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return "", err
	}
	if !s.served(p) || p.Bot {
		return "", fmt.Errorf("%s has no home tab here: %w", user, ErrRefused)
	}
	event := object{
		"type": "app_home_opened", "user": user, "channel": s.direct(user).ID, "tab": "home", "event_ts": s.timestamp(),
	}
	if v, ok := s.homes.Get(user); ok {
		event["view"] = s.viewObject(v)
	}
	return s.newEvent(event)
}

// newEvent writes down an event that the app is to be told.
func (s *Server) newEvent(event object) (id string, err error) {
	id = s.id("Ev")
	raw, err := json.Marshal(object{
		"token": verificationToken, "team_id": s.o.Seed.Team.ID, "api_app_id": s.o.App.ID, "event": event,
		"type": "event_callback", "event_id": id, "event_time": s.o.Now().Unix(), "is_ext_shared_channel": false,
		"context_team_id": s.o.Seed.Team.ID, "context_enterprise_id": orNull(s.o.Seed.Team.Enterprise),
		"authorizations": []object{s.authorization()},
	})
	if err != nil {
		return "", err
	}
	s.keep(s.events.Put(id, due{Payload: raw, At: s.o.Now()}))
	return id, s.fault
}

// sendEvent makes one attempt. An event that was not acknowledged is due again, until
// its retries are used up or the app has said that it wants none.
func (s *Server) sendEvent(ctx context.Context, id string) error {
	e, ok := s.events.Get(id)
	if !ok {
		return nil
	}
	a, err := s.tell(ctx, delivery{kind: eventsAPI, payload: e.Payload, attempt: e.Attempt, why: e.Why})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return err // whoever opens the journal next goes on
	}
	if err == nil || a.final || e.Attempt >= len(s.o.EventRetries) {
		s.keep(s.events.Delete(id))
		return errors.Join(err, s.fault)
	}
	e.At = s.o.Now().Add(s.o.EventRetries[e.Attempt])
	e.Attempt++
	e.Why = s.reason(err)
	s.keep(s.events.Put(id, e))
	s.again(id, e)
	return errors.Join(err, s.fault)
}

// again sends an event when it is due. What became of it is in the table of events.
func (s *Server) again(id string, e due) {
	s.at(e.At, func() { _ = s.sendEvent(s.life, id) })
}

// reason is Slack's word for why an attempt failed.
func (s *Server) reason(err error) string {
	var network interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrOperationTimeout) && s.Sockets():
		return "timeout"
	case errors.Is(err, ErrOperationTimeout):
		return "http_timeout"
	case errors.As(err, &network), errors.Is(err, errNoSocket):
		return "connection_failed"
	default:
		return "http_error"
	}
}

// VerifyEvents asks the events address for the challenge, as Slack does when the
// address is entered in the app's settings.
func (s *Server) VerifyEvents(ctx context.Context) error {
	challenge := secret()
	raw, err := json.Marshal(object{"token": verificationToken, "challenge": challenge, "type": "url_verification"})
	if err != nil {
		return fmt.Errorf("verify events: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
	defer cancel()
	at := strconv.FormatInt(s.o.Now().Unix(), 10)
	out, err := s.postSigned(ctx, at, s.o.App.EventsURL, "application/json", raw, nil)
	if err != nil {
		return fmt.Errorf("verify events: %w", err)
	}
	var body struct {
		Challenge string `json:"challenge"`
	}
	if _ = json.Unmarshal(out.body, &body); body.Challenge != challenge && string(out.body) != challenge {
		return fmt.Errorf("verify events: the challenge did not come back: %w", ErrTrouble)
	}
	return nil
}
