package awsiam_test

import (
	"testing"
	"time"

	"fedbot/internal/awsiam"
	"fedbot/internal/emulate/wire"
)

// Somebody moves the clock of a sandbox on: sessions end before the time that the
// machine's clock knows, and signatures look old. fedbot signs in again.
func TestMovedClock(t *testing.T) {
	clock := wire.NewClock(nil, 0)
	w := emulatedAt(t, clock.Now)
	w.begin(t)
	w.boundary()
	w.employ(ownRights(t))
	a := w.aws(w.fedbot, func(o *awsiam.Options) { o.Now = clock.Now })
	ref := w.make(a, 3)
	for _, ahead := range []time.Duration{2 * time.Minute, 20 * time.Minute, 3 * time.Hour, 40 * 24 * time.Hour} {
		clock.Advance(ahead)
		w.do(a.Ensure(soon(t), w.steps(ref)[2]))
		w.clean(a, w.steps(ref)[2])
	}
}
