package aws

import (
	"strings"
)

// pattern is a value of a policy with its variables filled in. A star or a
// question mark that a variable brought along is an ordinary character.
type pattern struct {
	runes  []rune
	wild   []bool // the rune at this place is a wildcard
	usable bool   // false: a variable had no value, so that nothing can match
}

// newPattern fills in policy variables, which exist since version 2012-10-17.
func newPattern(text, version string, keys contextKeys) pattern {
	p := pattern{usable: true}
	for text != "" {
		start := strings.Index(text, "${")
		end := -1
		if start >= 0 && version == "2012-10-17" {
			end = strings.Index(text[start:], "}")
		}
		if end < 0 {
			p.add(text, true)
			return p
		}
		p.add(text[:start], true)
		value, ok := keys.variable(text[start+2 : start+end])
		p.usable = p.usable && ok
		p.add(value, false)
		text = text[start+end+1:]
	}
	return p
}

func (p *pattern) add(text string, wildcards bool) {
	for _, r := range text {
		p.runes = append(p.runes, r)
		p.wild = append(p.wild, wildcards && (r == '*' || r == '?'))
	}
}

// plain is the text with wildcards as they stand, for operators that know none.
func (p pattern) plain() string { return string(p.runes) }

func (p pattern) matches(text string) bool {
	if !p.usable {
		return false
	}
	runes := []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(runes) {
		switch {
		case i < len(p.runes) && p.wild[i] && p.runes[i] == '*':
			star, mark = i, j
			i++
		case i < len(p.runes) && (p.wild[i] || p.runes[i] == runes[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p.runes) && p.wild[i] && p.runes[i] == '*' {
		i++
	}
	return i == len(p.runes)
}

// split cuts the pattern at a separator into at most n parts.
func (p pattern) split(sep rune, n int) []pattern {
	var parts []pattern
	from := 0
	for i, r := range p.runes {
		if r == sep && len(parts) < n-1 {
			parts = append(parts, pattern{p.runes[from:i], p.wild[from:i], p.usable})
			from = i + 1
		}
	}
	return append(parts, pattern{p.runes[from:], p.wild[from:], p.usable})
}

// contextKeys are the condition keys of one call, by lower-case name.
type contextKeys map[string][]string

// set adds a key with its values.
func (k contextKeys) set(name string, values ...string) { k[strings.ToLower(name)] = values }

// variable is the value of ${name}, ${name, 'default'}, ${*}, ${?} or ${$}.
func (k contextKeys) variable(name string) (string, bool) {
	switch name {
	case "*", "?", "$":
		return name, true
	}
	name, fallback, hasFallback := strings.Cut(name, ",")
	values := k[strings.ToLower(strings.TrimSpace(name))]
	if len(values) == 1 {
		return values[0], true
	}
	fallback = strings.TrimSpace(fallback)
	if len(values) == 0 && hasFallback && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
		return fallback[1 : len(fallback)-1], true
	}
	return "", false
}
