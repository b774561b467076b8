package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fedbot/internal/emulate/wire"
)

// What can go wrong for a person.
var (
	ErrUnknown          = errors.New("not there")          // no such person, conversation, message, view or element
	ErrRefused          = errors.New("refused")            // Slack's own client would not let them
	ErrDispatchFailed   = errors.New("dispatch_failed")    // the app could not be reached or answered with an error
	ErrOperationTimeout = errors.New("operation_timeout")  // the app did not answer within three seconds
	ErrTrouble          = errors.New("trouble connecting") // the app's answer was not one that Slack understands
)

const mostAnswer = 1 << 20

// deliver posts a signed body to the app and returns its answer, of status 200.
func (s *Server) deliver(ctx context.Context, to func() string, kind string, body []byte, header http.Header) ([]byte, http.Header, error) {
	if to == nil {
		return nil, nil, fmt.Errorf("no address to deliver to: %w", ErrDispatchFailed)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Deadline, ErrOperationTimeout)
	defer cancel()
	at := strconv.FormatInt(s.o.Now().Unix(), 10)
	out, err := wire.Deliver(ctx, s.o.Gate, deliveryName(kind, body), func(ctx context.Context) (answered, error) {
		ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
		defer cancel()
		return s.send(ctx, to(), kind, at, body, header)
	})
	switch {
	case errors.Is(context.Cause(ctx), ErrOperationTimeout):
		return nil, out.header, fmt.Errorf("deliver: %w", ErrOperationTimeout)
	case err != nil:
		return nil, out.header, fmt.Errorf("deliver: %w: %w", ErrDispatchFailed, err)
	case out.status != http.StatusOK:
		return nil, out.header, fmt.Errorf("deliver: status %d: %w", out.status, ErrDispatchFailed)
	}
	return out.body, out.header, nil
}

// answered is what the app said to a delivery.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// send sends a delivery that was stamped at a time, once.
func (s *Server) send(ctx context.Context, to, kind, at string, body []byte, header http.Header) (answered, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", at)
	r.Header.Set("X-Slack-Signature", sign(s.o.App.SigningSecret, at, body))
	w, err := s.client.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = w.Body.Close() }()
	out := answered{status: w.StatusCode, header: w.Header}
	out.body, err = io.ReadAll(io.LimitReader(w.Body, mostAnswer))
	return out, err
}

func sign(secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", at, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// interact delivers an interaction payload.
func (s *Server) interact(ctx context.Context, payload object) ([]byte, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("interact: %w", err)
	}
	body := url.Values{"payload": {string(raw)}}.Encode()
	out, _, err := s.deliver(ctx, s.o.App.InteractionsURL, "application/x-www-form-urlencoded", []byte(body), nil)
	return bytes.TrimSpace(out), err
}

// verificationToken is in every delivery and proves nothing; apps must ignore it.
const verificationToken = "deprecated-token"

// payload is what all interactions have in common.
func (s *Server) payload(kind string, p Person) object {
	team := p.Team
	if team == "" {
		team = s.o.Seed.Team.ID
	}
	return object{
		"type": kind, "token": verificationToken, "api_app_id": s.o.App.ID, "enterprise": nil, "is_enterprise_install": false,
		"team": object{"id": s.o.Seed.Team.ID, "domain": s.o.Seed.Team.Domain},
		"user": object{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": team},
	}
}

// acting returns the person who does something, if they can do anything at all.
func (s *Server) acting(id string) (Person, error) {
	p, ok := s.people.Get(id)
	switch {
	case !ok:
		return p, fmt.Errorf("person %s: %w", id, ErrUnknown)
	case p.Deactivated:
		return p, fmt.Errorf("%s is deactivated: %w", id, ErrRefused)
	case p.ID == s.o.App.BotUser:
		return p, fmt.Errorf("the app presses nothing: %w", ErrRefused)
	}
	return p, nil
}

// inside returns a conversation that a person is in.
func (s *Server) inside(id, person string) (Channel, error) {
	ch, ok := s.channels.Get(strings.TrimPrefix(id, "#"))
	if !ok || !ch.has(person) {
		return ch, fmt.Errorf("conversation %s of %s: %w", id, person, ErrUnknown)
	}
	return ch, nil
}
