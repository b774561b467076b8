package azuredevops

import (
	"encoding/json"
	"fmt"
	"time"

	"fedbot/internal/emulate/wire"
)

// settings are the switches as the control API names them.
func (s *Server) settings() []wire.Switch {
	now := func() weather {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.weather
	}
	return []wire.Switch{
		wire.Duration("create_lag", "how long a new connection or project is not ready", func() time.Duration { return now().lag.Create },
			func(d time.Duration) { l := now().lag; l.Create = d; s.SetLag(l) }),
		wire.Duration("delete_lag", "how long a deleted connection is still seen, being deleted", func() time.Duration { return now().lag.Delete },
			func(d time.Duration) { l := now().lag; l.Delete = d; s.SetLag(l) }),
		wire.Duration("permit_lag", "how long readers and runs do not see a change of pipeline permissions", func() time.Duration { return now().lag.Permit },
			func(d time.Duration) { l := now().lag; l.Permit = d; s.SetLag(l) }),
		wire.Count("rate_limit", "calls that one identity may make in five minutes, the last fifth of them with a warning; 0 is no limit", func() int { return now().limit.Units },
			func(n int) { l := now().limit; l.Units = n; s.SetRateLimit(l) }),
		wire.Duration("retry_after", "Retry-After with every answer, good ones too; 0s is none", func() time.Duration { return now().limit.RetryAfter },
			func(d time.Duration) { l := now().limit; l.RetryAfter = d; s.SetRateLimit(l) }),
		wire.Flag("sign_in_page", "whether every call is answered with the page to sign in on, whatever its token", func() bool { return now().signIn }, s.SetSignInPage),
		wire.Flag("resource_areas", "whether the service names its areas, as in the cloud; without, clients take it for a server of one's own", func() bool { return now().areas }, s.SetResourceAreas),
		{Name: "creation_fails", Says: "what new connections fail with, after the lag; empty: they do not fail", Get: func() any { return now().failing },
			Set: func(raw json.RawMessage) error {
				var text *string
				if err := json.Unmarshal(raw, &text); err != nil || text == nil {
					return fmt.Errorf("creation_fails is a text, not %s", raw)
				}
				s.SetCreationFails(*text)
				return nil
			}},
		{Name: "silent_pools", Says: "names of agent queues that no agent answers, in all projects; \"*\" is all of them", Get: func() any { return append([]string{}, now().silent...) },
			Set: func(raw json.RawMessage) error {
				var names []string
				if err := json.Unmarshal(raw, &names); err != nil || names == nil {
					return fmt.Errorf("silent_pools is a list of names, not %s", raw)
				}
				s.SetSilentPools(names...)
				return nil
			}},
	}
}
