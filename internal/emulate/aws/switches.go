package aws

import (
	"errors"
	"math"
	"path"
	"slices"
	"time"
)

// Switches are what is not right with this AWS today, and can be changed while it
// runs. The zero value is a good day.
type Switches struct {
	// Lag is for how long a fresh role, provider or policy is not seen: by reads, by
	// sign-ins and as a principal. A write about it sees it at once.
	Lag time.Duration `json:"lag"`
	// Stale is for how long a change or a deletion of one is not seen.
	Stale time.Duration `json:"stale"`
	// TrailLag is after how long an event can be looked up; AWS says about five
	// minutes, and up to fifteen.
	TrailLag time.Duration `json:"trail_lag"`
	// OneTrail lets a lookup in any region find the events of all. In AWS each region
	// has its own, and those of IAM and Organizations are in us-east-1 alone.
	OneTrail bool `json:"one_trail"`
	// ShortPages is the most that a page of IAM's lists holds, whatever was asked
	// for; 0 is no such limit. IAM may return fewer than asked while there are more.
	ShortPages int `json:"short_pages"`
	// Rates are token buckets. Nil are those that AWS has documented; an empty list
	// is none at all.
	Rates []Rate `json:"rates"`
	// Outages are services that do not answer, whole or in part.
	Outages []Outage `json:"outages"`
}

// Rate is a token bucket for each account and region.
type Rate struct {
	Call      string  `json:"call"` // a pattern of path.Match over call names: "iam:CreateRole", "iam:*"
	PerSecond float64 `json:"per_second"`
	Burst     int     `json:"burst"` // calls that a full bucket holds
}

// Outage is a service that answers 503 where all that is given here fits.
type Outage struct {
	Service string `json:"service"` // "iam", "sts", …; empty is any
	Region  string `json:"region"`  // empty is any
	Account string `json:"account"` // of the caller or, at a sign-in with a token, of the role; empty is any
}

// documentedRates are what AWS says about the calls that are emulated here. About
// IAM it says nothing.
var documentedRates = []Rate{{"cloudtrail:LookupEvents", 2, 2}, {"sts:*", 600, 600}, {"ssm:GetParameter*", 40, 40}}

// TightRates are the documented rates with guesses where AWS is silent: people
// report IAM's throttling from five to ten calls a second on.
func TightRates() []Rate {
	return append(slices.Clone(documentedRates),
		Rate{"iam:*", 10, 20}, Rate{"iam:GenerateServiceLastAccessedDetails", 1, 3}, Rate{"organizations:*", 4, 8})
}

// Switches returns what is switched on.
func (s *Server) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.switches
	out.Rates, out.Outages = slices.Clone(out.Rates), slices.Clone(out.Outages)
	return out
}

// Switch replaces all switches. Buckets begin full.
func (s *Server) Switch(to Switches) {
	s.change(func(sw *Switches) { *sw = to })
}

// SetLag changes for how long fresh objects of IAM stay invisible to reads.
func (s *Server) SetLag(lag time.Duration) { s.change(func(sw *Switches) { sw.Lag = lag }) }

func (s *Server) mirror() mirror {
	return mirror{s.now().UTC(), s.switches.Lag, s.switches.Stale}
}

// bucket is a token bucket, as full as it was at some time.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes a token, if one is there. Time that goes backwards fills nothing.
func (b *bucket) take(r Rate, now time.Time) bool {
	passed := max(0, now.Sub(b.at).Seconds())
	b.tokens, b.at = math.Min(float64(r.Burst), b.tokens+passed*r.PerSecond), now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// admit lets a call of the account in, unless there is an outage or it comes too
// fast. Clients wait by their own clock, so that is the one that counts here.
func (c *call) admit(account string) error {
	if c.s.out(Outage{c.service, c.region, account}) {
		return unavailable(c.service)
	}
	rates := c.s.switches.Rates
	if rates == nil {
		rates = documentedRates
	}
	name := c.service + ":" + c.operation
	for _, r := range rates {
		if match, _ := path.Match(r.Call, name); !match {
			continue
		}
		key := r.Call + "/" + account + "/" + c.home()
		b := c.s.buckets[key]
		if b == nil {
			b = &bucket{tokens: float64(r.Burst), at: c.wall}
			c.s.buckets[key] = b
		}
		if !b.take(r, c.wall) {
			return throttled(c.service)
		}
	}
	return nil
}

// tooFast says whether a believed caller was refused for its pace: that is on the
// trail, while an outage leaves no trace.
func (c *call) tooFast(err error) bool {
	no := (*refusal)(nil)
	return c.caller.account != "" && errors.As(err, &no) && no.code == throttled(c.service).code
}

func (s *Server) out(of Outage) bool {
	fits := func(want, got string) bool { return want == "" || want == got }
	return slices.ContainsFunc(s.switches.Outages, func(o Outage) bool {
		return fits(o.Service, of.Service) && fits(o.Region, of.Region) && fits(o.Account, of.Account)
	})
}

// throttled is how each service says that calls come too fast.
func throttled(service string) *refusal {
	switch service {
	case "iam", "sts":
		return refuse(400, "Throttling", "Rate exceeded")
	case "lambda":
		return refuse(429, "TooManyRequestsException", "Rate Exceeded.")
	case "organizations":
		return refuse(400, "TooManyRequestsException", "AWS Organizations can't complete your request because another request is already in progress. Try again later.")
	case "s3":
		return refuse(503, "SlowDown", "Please reduce your request rate.")
	}
	return refuse(400, "ThrottlingException", "Rate exceeded")
}

// unavailable is how each service says that it is not there for now.
func unavailable(service string) *refusal {
	switch service {
	case "iam", "sts", "s3":
		return refuse(503, "ServiceUnavailable", "Service Unavailable. Please try again later.")
	case "lambda":
		return refuse(503, "ServiceException", "Service Unavailable. Please try again later.")
	}
	return refuse(503, "ServiceUnavailableException", "Service Unavailable. Please try again later.")
}
