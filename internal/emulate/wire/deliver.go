package wire

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrLost is a delivery that met a fault: it did not arrive, or its answer did not.
var ErrLost = errors.New("lost on the way")

// Deliver runs send for something that goes out of the system, with the faults that
// are due. Deliveries are called "deliver/…", so that "*" means calls alone.
//
// A fault means here what it means for a call: lost before it arrives or its answer
// lost (error, reset, page, truncated), late (slow), never answered (hang), sent
// twice, or sent after the next one. A delivery that is sent again or late is the
// same one: send must sign and stamp it once, outside.
func Deliver[T any](ctx context.Context, g *Gate, call string, send func(context.Context) (T, error)) (T, error) {
	var none T
	d := g.take(call)
	if d.nothing() {
		return send(ctx)
	}
	for i := range d.frees {
		if h := d.frees[i]; h != nil {
			defer close(h.free)
		}
	}
	if f := d.before; f != nil {
		switch f.Kind {
		case Slow:
			time.Sleep(f.Delay)
		case Reorder:
			g.wait(d.waits[0], f)
		case Duplicate:
			_, _ = send(ctx) // its answer is the one that nobody sees
		case Hang:
			<-ctx.Done()
			return none, ctx.Err()
		default:
			return none, fmt.Errorf("%s: %w", call, ErrLost)
		}
	}
	out, err := send(context.WithoutCancel(ctx))
	f := d.after
	if f == nil {
		return out, err
	}
	switch f.Kind {
	case Slow:
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
			return none, ctx.Err()
		}
	case Reorder:
		g.wait(d.waits[1], f)
	case Duplicate:
		if f.Delay == 0 {
			_, _ = send(ctx)
		} else {
			time.AfterFunc(f.Delay, func() { _, _ = send(context.WithoutCancel(ctx)) })
		}
	case Hang:
		<-ctx.Done()
		return none, ctx.Err()
	default:
		return none, fmt.Errorf("%s: its answer: %w", call, ErrLost)
	}
	return out, err
}
