package bot

import (
	"context"
	"sync"
	"time"
)

// patience is how long the acknowledgement of a form waits for the decision. Slack
// waits three seconds; what is decided by then is shown in the form itself.
const patience = 2 * time.Second

// waiter joins a form that waits to the decision about it: the decision is given in
// time, or it learns that it is too late and goes another way. Never both.
type waiter struct {
	mu     sync.Mutex
	late   bool
	answer chan any
}

func newWaiter() *waiter { return &waiter{answer: make(chan any, 1)} }

// give hands the answer over. It reports false if nobody waits any more.
func (w *waiter) give(answer any) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late {
		return false
	}
	select {
	case w.answer <- answer:
	default: // there is one already
	}
	return true
}

// wait returns the answer, or false when it took too long.
func (w *waiter) wait(ctx context.Context, most time.Duration) (any, bool) {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case answer := <-w.answer:
		return answer, true
	case <-t.C:
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = true
	select {
	case answer := <-w.answer: // given while the time ran out
		return answer, true
	default:
		return nil, false
	}
}
