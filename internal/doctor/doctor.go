// Package doctor looks whether everything that fedbot needs is there before
// somebody misses it: rights, channels, groups, rules, the store. It reads and
// changes nothing. Every check that is not well says how to mend it, in words that
// can be pasted.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Result is how a check came out.
type Result string

// The results. Fail means that something does not work until it is mended; Warn
// that it works and could go wrong; Skip that it was not looked at.
const (
	OK   Result = "ok"
	Warn Result = "warn"
	Fail Result = "FAIL"
	Skip Result = "skip"
)

// The areas, in the order in which they are examined.
const (
	Slack  = "slack"
	Fedbot = "fedbot"
)

// Areas are all areas.
var Areas = []string{Slack, Fedbot}

// Check is one thing that was looked at.
type Check struct {
	Area   string `json:"area"`
	Name   string `json:"check"`            // token, scopes, channel, group, …
	Object string `json:"object,omitempty"` // which of them
	Result Result `json:"result"`
	Detail string `json:"detail"`          // one sentence
	Fix    string `json:"fix,omitempty"`   // how to mend it; empty only where nothing is to be mended
	Hurts  string `json:"hurts,omitempty"` // what does not work until then
}

// chart collects the checks of one area.
type chart struct {
	area   string
	checks []Check
}

func (c *chart) ok(name, object, format string, args ...any) {
	c.add(Check{Name: name, Object: object, Result: OK, Detail: fmt.Sprintf(format, args...)})
}

func (c *chart) fail(name, object, detail, fix, hurts string) {
	c.add(Check{Name: name, Object: object, Result: Fail, Detail: detail, Fix: fix, Hurts: hurts})
}

func (c *chart) warn(name, object, detail, fix string) {
	c.add(Check{Name: name, Object: object, Result: Warn, Detail: detail, Fix: fix})
}

func (c *chart) skip(name, object, detail string) {
	c.add(Check{Name: name, Object: object, Result: Skip, Detail: detail})
}

func (c *chart) add(x Check) {
	x.Area = c.area
	c.checks = append(c.checks, x)
}

// Setup is what is examined, and with what.
type Setup struct {
	Workspace Workspace
	House     House
}

// Examine does the checks of the areas that only names, or all of them. It calls
// progress before each area; progress may be nil.
func Examine(ctx context.Context, s Setup, only []string, progress func(area string)) []Check {
	var out []Check
	for _, area := range Areas {
		if len(only) > 0 && !slices.Contains(only, area) {
			continue
		}
		if progress != nil {
			progress(area)
		}
		c := &chart{area: area}
		switch area {
		case Slack:
			s.Workspace.examine(ctx, c)
		case Fedbot:
			s.House.examine(ctx, c)
		}
		out = append(out, c.checks...)
	}
	return out
}

// Failed reports whether anything has to be mended.
func Failed(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.Result == Fail })
}

func names(all []string) string { return strings.Join(all, ", ") }

// count says "1 person" or "3 people".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
