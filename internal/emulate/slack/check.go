package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// problem is one thing that Block Kit would refuse.
type problem struct {
	Pointer string
	Message string
}

func (p problem) String() string { return p.Message + " [json-pointer:" + p.Pointer + "]" }

type object = map[string]any

// checker goes through one payload and notes what is wrong with it.
type checker struct {
	surface  string // message, modal or home
	problems []problem
	blockIDs map[string]bool
	markdown int // characters in markdown blocks so far
	tables   int
	focus    int
}

func (c *checker) bad(at, format string, args ...any) {
	c.problems = append(c.problems, problem{at, fmt.Sprintf(format, args...)})
}

// rule checks the value at a JSON pointer.
type rule func(c *checker, at string, v any)

type fields map[string]rule

func anything(*checker, string, any) {}

func boolean(c *checker, at string, v any) {
	if _, ok := v.(bool); !ok {
		c.bad(at, "must provide a boolean")
	}
}

// text is a string of lo to hi characters (Unicode code points).
func text(lo, hi int) rule {
	return func(c *checker, at string, v any) {
		t, ok := v.(string)
		switch n := utf8.RuneCountInString(t); {
		case !ok:
			c.bad(at, "must provide a string")
		case n < lo:
			c.bad(at, "must be more than %d characters", lo-1)
		case n > hi:
			c.bad(at, "must be less than %d characters", hi+1)
		}
	}
}

func link(lo, hi int) rule {
	return func(c *checker, at string, v any) {
		before := len(c.problems)
		text(lo, hi)(c, at, v)
		u, err := url.Parse(fmt.Sprint(v))
		if len(c.problems) == before && (err != nil || u.Scheme == "") {
			c.bad(at, "must be a valid URL")
		}
	}
}

func oneOf(values ...string) rule {
	return func(c *checker, at string, v any) {
		if t, ok := v.(string); !ok || !slices.Contains(values, t) {
			c.bad(at, "must be a valid enum value")
		}
	}
}

func number(lo, hi float64) rule {
	return func(c *checker, at string, v any) {
		n, ok := v.(json.Number)
		f, err := n.Float64()
		switch {
		case !ok || err != nil:
			c.bad(at, "must provide a number")
		case f < lo:
			c.bad(at, "must be greater than or equal to %v", lo)
		case f > hi:
			c.bad(at, "must be less than or equal to %v", hi)
		}
	}
}

func list(lo, hi int, item rule) rule {
	return func(c *checker, at string, v any) {
		l, ok := v.([]any)
		switch {
		case !ok:
			c.bad(at, "must provide an array")
			return
		case len(l) < lo:
			c.bad(at, "must provide at least %d items", lo)
		case len(l) > hi:
			c.bad(at, "no more than %d items allowed", hi)
			return
		}
		for i, v := range l {
			item(c, fmt.Sprintf("%s/%d", at, i), v)
		}
	}
}

// shape is an object with these fields and no others. need names the required
// ones, separated by spaces.
func shape(need string, f fields) rule {
	return func(c *checker, at string, v any) {
		o, ok := v.(object)
		if !ok {
			c.bad(at, "must provide an object")
			return
		}
		for _, name := range strings.Fields(need) {
			if _, ok := o[name]; !ok {
				c.bad(at, "missing required field: %s", name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			if check, ok := f[name]; ok {
				check(c, at+"/"+name, o[name])
			} else if name != "type" {
				c.bad(at, "invalid additional property: %s", name)
			}
		}
	}
}

// and adds what only the whole object can tell.
func (r rule) and(more func(c *checker, at string, o object)) rule {
	return func(c *checker, at string, v any) {
		r(c, at, v)
		if o, ok := v.(object); ok {
			more(c, at, o)
		}
	}
}

// exactlyOne wants one of two fields and not both.
func exactlyOne(a, b string) func(*checker, string, object) {
	return func(c *checker, at string, o object) {
		_, hasA := o[a]
		_, hasB := o[b]
		if hasA == hasB {
			c.bad(at, "must define either `%s` or `%s`", a, b)
		}
	}
}

// kind checks an object by its type, as far as find knows the type.
func kind(find func(c *checker, kind string) rule) rule {
	return func(c *checker, at string, v any) {
		o, ok := v.(object)
		if !ok {
			c.bad(at, "must provide an object")
			return
		}
		name, ok := o["type"].(string)
		if !ok {
			c.bad(at, "missing required field: type")
			return
		}
		if check := find(c, name); check != nil {
			check(c, at, v)
		} else {
			c.bad(at+"/type", "unsupported type: %s", name)
		}
	}
}

// plain is a plain_text object.
func plain(lo, hi int) rule {
	return kind(func(_ *checker, kind string) rule {
		if kind != "plain_text" {
			return nil
		}
		return shape("text", fields{"text": text(lo, hi), "emoji": boolean})
	})
}

// words is a plain_text or mrkdwn object.
func words(hi int) rule {
	inner := kind(func(_ *checker, kind string) rule {
		switch kind {
		case "plain_text":
			return shape("text", fields{"text": text(1, hi), "emoji": boolean})
		case "mrkdwn":
			return shape("text", fields{"text": text(1, hi), "verbatim": boolean})
		}
		return nil
	})
	return func(c *checker, at string, v any) {
		before := len(c.problems)
		inner(c, at, v)
		if len(c.problems) > before { // Slack says first that no alternative fits, then why
			c.problems = slices.Insert(c.problems, before, problem{at, "failed to match all allowed schemas"})
		}
	}
}
