package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// Kinds of deliveries, in the words of Socket Mode's envelopes.
const (
	slashCommands = "slash_commands"
	interactive   = "interactive"
	eventsAPI     = "events_api"
)

// deliveryNames are what the gate calls them.
var deliveryNames = map[string]string{
	slashCommands: "deliver/command", interactive: "deliver/interaction", eventsAPI: "deliver/event",
}

// delivery is one thing that the app is told, however it travels.
type delivery struct {
	kind    string
	payload json.RawMessage
	answers bool   // what the app says with its acknowledgement counts
	attempt int    // of an event; 0 is the first
	why     string // an event's attempt before failed
	at      string // the timestamp that is signed, in Unix seconds
}

// ack is the app's acknowledgement.
type ack struct {
	body  []byte // nothing, a text, or JSON
	json  bool
	final bool // the app wants no retry, whatever else it said
}

// tell delivers once, over HTTP or over a socket as the app is set up, and returns
// what the app acknowledged with. The app has until the deadline, and so has whoever
// waits for it when a delivery is held up on the way.
func (s *Server) tell(ctx context.Context, d delivery) (ack, error) {
	send := s.overHTTP
	if s.Sockets() {
		send = s.overSocket
	}
	d.at = strconv.FormatInt(s.o.Now().Unix(), 10)
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Deadline, ErrOperationTimeout)
	defer cancel()
	a, err := wire.Deliver(ctx, s.o.Gate, deliveryNames[d.kind], func(ctx context.Context) (ack, error) {
		ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
		defer cancel()
		return send(ctx, d)
	})
	switch {
	case errors.Is(context.Cause(ctx), ErrOperationTimeout):
		return a, fmt.Errorf("deliver: %w", ErrOperationTimeout)
	case err != nil && !errors.Is(err, ErrDispatchFailed):
		return a, fmt.Errorf("deliver: %w: %w", ErrDispatchFailed, err)
	}
	return a, err
}

// interact delivers an interaction payload.
func (s *Server) interact(ctx context.Context, payload object) ([]byte, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("interact: %w", err)
	}
	kind := payload["type"]
	out, err := s.tell(ctx, delivery{
		kind: interactive, payload: raw, answers: kind == "view_submission" || kind == "block_suggestion",
	})
	return bytes.TrimSpace(out.body), err
}

// verificationToken is in every delivery and proves nothing; apps must ignore it.
const verificationToken = "deprecated-token"

// payload is what all interactions have in common.
func (s *Server) payload(kind string, p Person) object {
	team := s.context(p)
	return object{
		"type": kind, "token": verificationToken, "api_app_id": s.o.App.ID, "enterprise": s.enterprise(),
		"is_enterprise_install": s.o.App.OrgInstall, "team": object{"id": team.ID, "domain": team.Domain},
		"user": object{"id": p.ID, "username": p.Name, "name": p.Name, "team_id": s.teamOf(p)},
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
