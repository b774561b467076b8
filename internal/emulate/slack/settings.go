package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fedbot/internal/emulate/wire"
)

// settings are Slack's own switches, as the control API shows them.
func (s *Server) settings() []wire.Switch {
	return []wire.Switch{
		wire.Flag("socket_mode", "The app is told over sockets that it opens; otherwise at its addresses. Switched off, open sockets are told link_disabled.",
			s.Sockets, s.UseSockets),
		wire.Flag("rate_limits", "Calls are counted, and too many are answered with 429 and Retry-After.",
			func() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.o.NoRateLimit },
			func(on bool) { s.mu.Lock(); defer s.mu.Unlock(); s.o.NoRateLimit = !on }),
		wire.Duration("socket_life", "How long the sockets that are opened from now on are kept; they are warned 10 s before.",
			func() time.Duration { s.mu.Lock(); defer s.mu.Unlock(); return s.o.SocketLife },
			func(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.o.SocketLife = d }),
		{
			Name: "disconnect",
			Says: "Sends every open socket away for one of these reasons: " + strings.Join(reasons, ", ") + ". It is nothing again at once.",
			Get:  func() any { return "" },
			Set:  s.setDisconnect,
		},
		{
			Name: "refuse",
			Says: `Errors that the next calls of methods answer, such as {"files.getUploadURLExternal": ["storage_limit_reached"]}; only those that Slack documents there.`,
			Get:  func() any { return s.refusals.pending() },
			Set:  s.setRefusals,
		},
	}
}

func (s *Server) setDisconnect(raw json.RawMessage) error {
	var reason string
	if err := json.Unmarshal(raw, &reason); err != nil || reason != "" && !slices.Contains(reasons, reason) {
		return fmt.Errorf("disconnect is one of %s, not %s", strings.Join(reasons, ", "), raw)
	}
	if reason != "" {
		s.Disconnect(reason)
	}
	return nil
}

func (s *Server) setRefusals(raw json.RawMessage) error {
	var all map[string][]string
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return fmt.Errorf("refuse is an object of methods with lists of errors, not %.80s", raw)
	}
	for name, codes := range all {
		for _, code := range codes {
			if _, ok := methods[name]; !ok || !mayAnswer(name, code) {
				return fmt.Errorf("refuse: %s does not answer %s", name, code)
			}
		}
	}
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	s.refusals.left = all
	return nil
}

func (r *refusals) pending() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]string{}
	maps.Copy(out, r.left)
	return out
}
