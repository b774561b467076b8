package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"fedbot/internal/emulate/wire"
)

// settings are the switches as the control API of all emulators offers them.
func (s *Server) settings() []wire.Switch {
	span := func(name, says string, field func(*Switches) *time.Duration) wire.Switch {
		return wire.Duration(name, says, func() time.Duration {
			sw := s.Switches()
			return *field(&sw)
		}, func(d time.Duration) {
			s.change(func(sw *Switches) { *field(sw) = d })
		})
	}
	return []wire.Switch{
		span("iam_lag", "For how long fresh roles, providers and policies are not seen.", func(sw *Switches) *time.Duration { return &sw.Lag }),
		span("iam_stale", "For how long changes and deletions of them are not seen, permissions included.", func(sw *Switches) *time.Duration { return &sw.Stale }),
		span("trail_lag", "After how long an event of CloudTrail can be looked up.", func(sw *Switches) *time.Duration { return &sw.TrailLag }),
		wire.Flag("one_trail", "A lookup in any region finds the events of all.",
			func() bool { return s.Switches().OneTrail }, func(on bool) { s.change(func(sw *Switches) { sw.OneTrail = on }) }),
		wire.Count("short_pages", "The most entries that a page of IAM's lists holds; 0 is as many as were asked for.",
			func() int { return s.Switches().ShortPages }, func(n int) { s.change(func(sw *Switches) { sw.ShortPages = n }) }),
		ofMany("rates", `Token buckets for each account and region, [{"call":"iam:*","per_second":10,"burst":20}]; null are those that AWS has documented.`,
			func() []Rate { return s.Switches().Rates }, Rate.check, func(v []Rate) { s.change(func(sw *Switches) { sw.Rates = v }) }),
		ofMany("outages", `Services that answer 503, [{"service":"sts","region":"eu-west-1","account":""}]; what is empty is any.`,
			func() []Outage { return s.Switches().Outages }, func(Outage) error { return nil }, func(v []Outage) { s.change(func(sw *Switches) { sw.Outages = v }) }),
	}
}

// ofMany is a switch that is a list, or null.
func ofMany[T any](name, says string, get func() []T, check func(T) error, set func([]T)) wire.Switch {
	return wire.Switch{Name: name, Says: says, Get: func() any { return get() }, Set: func(raw json.RawMessage) error {
		var v []T
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("%s is a list, or null, as its description says, not %s", name, raw)
		}
		for _, one := range v {
			if err := check(one); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		set(v)
		return nil
	}}
}

func (r Rate) check() error {
	if r.Call == "" || r.PerSecond <= 0 || r.Burst < 1 {
		return fmt.Errorf("a rate has a call, more than nothing a second and a burst of one or more, not %+v", r)
	}
	return nil
}

// change changes some of the switches. Buckets begin full.
func (s *Server) change(what func(*Switches)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what(&s.switches)
	s.switches.Rates, s.switches.Outages = slices.Clone(s.switches.Rates), slices.Clone(s.switches.Outages)
	s.buckets = map[string]*bucket{}
}
