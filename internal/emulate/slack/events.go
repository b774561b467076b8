package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// OpenHome opens the app's home tab: the app gets an app_home_opened event. The
// first attempt is over when OpenHome returns; if it failed, the event is sent
// again up to three times in the background, until Close, and the error says why
// it failed first.
func (s *Server) OpenHome(ctx context.Context, user string) error {
	body, err := s.homeOpened(user)
	if err != nil {
		return fmt.Errorf("open home: %w", err)
	}
	again, err := s.sendEvent(ctx, body, nil)
	if err != nil && again {
		s.tasks.Add(1)
		go s.retry(body, reason(err))
	}
	if err != nil {
		return fmt.Errorf("open home: %w", err)
	}
	return nil
}

func (s *Server) homeOpened(user string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.acting(user)
	if err != nil {
		return nil, err
	}
	if p.Team != "" || p.Bot {
		return nil, fmt.Errorf("%s has no home tab here: %w", user, ErrRefused)
	}
	event := object{
		"type": "app_home_opened", "user": user, "channel": s.direct(user).ID, "tab": "home", "event_ts": s.timestamp(),
	}
	if v, ok := s.homes.Get(user); ok {
		event["view"] = s.viewObject(v)
	}
	raw, err := json.Marshal(object{
		"token": verificationToken, "team_id": s.o.Seed.Team.ID, "api_app_id": s.o.App.ID, "event": event,
		"type": "event_callback", "event_id": s.id("Ev"), "event_time": s.o.Now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []object{{
			"enterprise_id": nil, "team_id": s.o.Seed.Team.ID, "user_id": s.o.App.BotUser, "is_bot": true,
			"is_enterprise_install": false,
		}},
	})
	if err != nil {
		return nil, err
	}
	return raw, s.fault
}

// sendEvent makes one attempt and says whether another may follow.
func (s *Server) sendEvent(ctx context.Context, body []byte, header http.Header) (again bool, err error) {
	_, h, err := s.deliver(ctx, s.o.App.EventsURL, "application/json", body, header)
	return h.Get("X-Slack-No-Retry") != "1", err
}

// retry sends an event again, with the number of the attempt and why the last one failed.
func (s *Server) retry(body []byte, why string) {
	defer s.tasks.Done()
	for i, wait := range s.o.EventRetries {
		select {
		case <-s.life.Done():
			return
		case <-time.After(wait):
		}
		header := http.Header{}
		header.Set("X-Slack-Retry-Num", strconv.Itoa(i+1))
		header.Set("X-Slack-Retry-Reason", why)
		again, err := s.sendEvent(s.life, body, header)
		if err == nil || !again {
			return
		}
		why = reason(err)
	}
}

func reason(err error) string {
	var network interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrOperationTimeout):
		return "http_timeout"
	case errors.As(err, &network):
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
	out, _, err := s.deliver(ctx, s.o.App.EventsURL, "application/json", raw, nil)
	if err != nil {
		return fmt.Errorf("verify events: %w", err)
	}
	var body struct {
		Challenge string `json:"challenge"`
	}
	if _ = json.Unmarshal(out, &body); body.Challenge != challenge && string(out) != challenge {
		return fmt.Errorf("verify events: the challenge did not come back: %w", ErrTrouble)
	}
	return nil
}
