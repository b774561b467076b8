package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
)

var errNoSocket = fmt.Errorf("no open socket: %w", ErrDispatchFailed)

// overSocket sends an envelope over one of the open sockets and waits for its
// acknowledgement, which may come back over another one: clients answer over the
// socket that they have by then.
func (s *Server) overSocket(ctx context.Context, d delivery) (ack, error) {
	id := uuid()
	heard := make(chan json.RawMessage, 1)
	if !s.hand(id, d, heard) {
		return ack{}, errNoSocket
	}
	defer s.forget(id)
	select {
	case raw := <-heard:
		return acked(d, raw), nil
	case <-ctx.Done():
		return ack{}, ctx.Err()
	}
}

// hand gives an envelope to the socket that has waited longest, never to two.
func (s *Server) hand(id string, d delivery, heard chan<- json.RawMessage) bool {
	envelope := object{
		"envelope_id": id, "type": d.kind, "payload": d.payload,
		"accepts_response_payload": d.answers,
	}
	if d.kind == eventsAPI {
		envelope["retry_attempt"], envelope["retry_reason"] = d.attempt, d.why
	}
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	for range s.sockets.open {
		k := s.sockets.open[0]
		s.sockets.open = append(s.sockets.open[1:], k)
		if s.sockets.waiting == nil {
			s.sockets.waiting = map[string]chan<- json.RawMessage{}
		}
		s.sockets.waiting[id] = heard
		if k.send(envelope) {
			return true
		}
	}
	delete(s.sockets.waiting, id)
	return false
}

func (s *Server) forget(id string) {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	delete(s.sockets.waiting, id)
}

// acknowledged takes what a client has sent. What is no acknowledgement of an
// envelope that waits for one is ignored, and so is one that is too large.
func (s *Server) acknowledged(raw []byte) {
	var m struct {
		ID      string          `json:"envelope_id"`
		Payload json.RawMessage `json:"payload"`
	}
	if len(raw) >= mostAck || json.Unmarshal(raw, &m) != nil {
		return
	}
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	if heard, ok := s.sockets.waiting[m.ID]; ok {
		delete(s.sockets.waiting, m.ID)
		heard <- m.Payload
	}
}

// acked reads the payload of an acknowledgement, where one is wanted.
func acked(d delivery, raw json.RawMessage) ack {
	raw = bytes.TrimSpace(raw)
	var text string
	switch {
	case !d.answers || len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return ack{}
	case json.Unmarshal(raw, &text) == nil:
		return ack{body: []byte(text)}
	}
	return ack{body: raw, json: true}
}
