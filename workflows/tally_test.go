package workflows_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// tally runs many small cases in one test: it counts those that fail and tells
// the first of them, so that a mutation can be measured and not only noticed.
type tally struct {
	t             *testing.T
	cases, failed int
}

// one is the test of one case.
type one struct {
	rapid.TB
	said []string
}

type stopped struct{}

func (o *one) Helper()                      {}
func (o *one) Failed() bool                 { return len(o.said) > 0 }
func (o *one) Error(args ...any)            { o.said = append(o.said, fmt.Sprint(args...)) }
func (o *one) Errorf(f string, args ...any) { o.said = append(o.said, fmt.Sprintf(f, args...)) }
func (o *one) Fatal(args ...any)            { o.Error(args...); panic(stopped{}) }
func (o *one) Fatalf(f string, args ...any) { o.Errorf(f, args...); panic(stopped{}) }

// run plays one case and returns what it returns; more is false when it failed
// half way.
func (y *tally) run(name string, play func(t rapid.TB) bool) (more bool) {
	o := &one{TB: y.t}
	defer func() {
		if r := recover(); r != nil && r != (stopped{}) {
			panic(r)
		}
		y.cases++
		if o.Failed() {
			if y.failed++; y.failed == 1 {
				y.t.Errorf("%s: %s", name, o.said[0])
			}
			more = true
		}
	}()
	return play(o)
}

// end tells how many cases failed.
func (y *tally) end(least int) {
	y.t.Logf("%d cases", y.cases)
	if y.failed > 0 {
		y.t.Errorf("%d of %d cases failed", y.failed, y.cases)
	}
	if y.cases < least {
		y.t.Errorf("only %d cases: not all is played", y.cases)
	}
}
