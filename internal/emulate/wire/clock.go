package wire

import (
	"sync"
	"time"
)

// Clock is the time that a sandbox lives in: the machine's, plus what somebody
// has added by pressing "+1 hour". It is safe for concurrent use. The zero
// value is the machine's own time.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
	base  func() time.Time
}

// NewClock returns a clock that is ahead of base by the given time. A nil base
// is the machine's clock.
func NewClock(base func() time.Time, ahead time.Duration) *Clock {
	return &Clock{base: base, ahead: ahead}
}

// Now is the present of this clock, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.base != nil {
		return c.base().Add(c.ahead).UTC()
	}
	return time.Now().Add(c.ahead).UTC()
}

// Advance moves the clock forward and returns how far ahead it is by now. It
// never moves back: nothing that was stored with a time may lie in the future.
func (c *Clock) Advance(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.ahead += d
	}
	return c.ahead
}
