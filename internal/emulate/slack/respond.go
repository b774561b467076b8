package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// hook is a response URL: the right to answer one interaction.
type hook struct {
	User    string    `json:"user"`
	Channel string    `json:"channel"`
	TS      string    `json:"ts,omitempty"`        // the message that it belongs to, or that it posted first
	Thread  string    `json:"thread_ts,omitempty"` // where that message stands
	Made    time.Time `json:"made"`
	Uses    int       `json:"uses"`
}

const (
	hookAge  = 30 * time.Minute
	hookUses = 5
)

func (s *Server) newHook(h hook) (url string) {
	token := secret()
	h.Made = s.o.Now()
	s.keep(s.hooks.Put(token, h))
	return s.base() + "/response/" + token
}

// response is the body that an app sends to a response URL, or answers a command with.
type response struct {
	Type            string          `json:"response_type"`
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	Attachments     json.RawMessage `json:"attachments"`
	Metadata        json.RawMessage `json:"metadata"`
	Thread          string          `json:"thread_ts"`
	ReplaceOriginal lenientBool     `json:"replace_original"`
	DeleteOriginal  lenientBool     `json:"delete_original"`
}

// lenientBool takes "true" for true, as Slack's documentation itself writes it.
type lenientBool bool

// UnmarshalJSON reads true, "true" and their opposites.
func (b *lenientBool) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", `"true"`:
		*b = true
	case "false", `"false"`, "null":
		*b = false
	default:
		return fmt.Errorf("not a boolean: %s", raw)
	}
	return nil
}

func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	s.o.Gate.Serve(w, r, "slack:response_url", struck, func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		s.mu.Lock()
		defer s.mu.Unlock()
		status, err := s.respond(r.PathValue("token"), raw, err)
		switch {
		case s.fault != nil:
			answer(w, http.StatusInternalServerError, object{"ok": false, "error": "internal_error"})
		case err != nil:
			answer(w, status, object{"ok": false, "error": err.Error()})
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "ok")
		}
	})
}

func (s *Server) respond(token string, raw []byte, err error) (int, error) {
	h, ok := s.hooks.Get(token)
	switch {
	case !ok || s.o.Now().Sub(h.Made) > hookAge:
		return http.StatusNotFound, no("expired_url")
	case h.Uses >= hookUses:
		return http.StatusNotFound, no("used_url")
	}
	var body response
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return http.StatusBadRequest, no("invalid_payload")
	}
	h.Uses++
	s.keep(s.hooks.Put(token, h))
	_, err = s.apply(token, h, body)
	return http.StatusBadRequest, err
}

// apply does what a response asks: delete or replace the original, or post anew.
func (s *Server) apply(token string, h hook, body response) (message, error) {
	original, exists := s.messages.Get(key(h.Channel, h.TS))
	if body.DeleteOriginal {
		if !exists {
			return message{}, no("message_not_found")
		}
		s.remove(original)
		return original, nil
	}
	args := map[string]string{"text": body.Text}
	for name, raw := range map[string]json.RawMessage{
		"blocks": body.Blocks, "attachments": body.Attachments, "metadata": body.Metadata,
	} {
		if len(raw) > 0 && string(raw) != "null" && !emptyMetadata(name, raw) {
			args[name] = string(raw)
		}
	}
	c, err := s.content(args)
	if err != nil {
		return message{}, err
	}
	if bool(body.ReplaceOriginal) && exists {
		return s.edit(original, c), nil
	}
	m := message{Channel: h.Channel, ThreadTS: h.Thread}
	if body.Thread != "" {
		m.ThreadTS = s.thread(h.Channel, body.Thread)
	}
	if body.Type != "in_channel" {
		m.For = h.User
	}
	m = s.post(m, c)
	if h.TS == "" {
		h.TS = m.TS // what a command's URL posted first is what it replaces later
		s.keep(s.hooks.Put(token, h))
	}
	return m, nil
}

// emptyMetadata knows the zero metadata that clients send when they mean none.
func emptyMetadata(name string, raw json.RawMessage) bool {
	var m struct {
		Type string `json:"event_type"`
	}
	return name == "metadata" && json.Unmarshal(raw, &m) == nil && m.Type == ""
}
