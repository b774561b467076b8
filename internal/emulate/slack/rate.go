package slack

import (
	"math"
	"sync"
	"time"
)

// perChannel is chat.postMessage's own limit: one a second and channel, with a burst.
const (
	perChannel = -1
	postBurst  = 8
)

// buckets counts calls. A bucket holds a minute's calls and fills up evenly.
type buckets struct {
	mu  sync.Mutex
	all map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take says how long to wait before the next call; 0 means that it may go on.
func (b *buckets) take(key string, now time.Time, size, perSecond float64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]bucket{}
	}
	k, ok := b.all[key]
	if !ok {
		k.left = size
	} else {
		k.left = math.Min(size, k.left+perSecond*now.Sub(k.at).Seconds())
	}
	k.at = now
	wait := time.Duration(0)
	if k.left >= 1 {
		k.left--
	} else {
		wait = time.Duration((1 - k.left) / perSecond * float64(time.Second))
	}
	b.all[key] = k
	return wait
}

func (s *Server) throttle(c *call, m method) error {
	if s.o.NoRateLimit || m.tier == 0 {
		return nil
	}
	key, size, rate := c.method+" "+c.token, float64(m.tier), float64(m.tier)/60
	if m.tier == perChannel {
		key, size, rate = key+" "+c.args["channel"], postBurst, 1
	}
	wait := s.rates.take(key, s.o.Now(), size, rate)
	if wait == 0 {
		return nil
	}
	return &apiError{code: "ratelimited", more: object{"retry_after": int(math.Ceil(wait.Seconds()))}}
}
