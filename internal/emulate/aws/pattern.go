package aws

import (
	"slices"
	"strings"
)

// pattern is a value of a policy with its variables filled in. A star or a
// question mark that a variable brought along is an ordinary character.
type pattern struct {
	runes  []rune
	wild   []bool // the rune at this place is a wildcard
	within []bool // it is one that stays within its part of an ARN; nil: there are none
	usable bool   // false: a variable had no value, so that nothing can match
}

// newResource is a value of Resource or NotResource. Variables can stand only after
// the fifth colon of an ARN. Before it a wildcard stays within its part, but for a
// star at the end of one, which may run on over colons.
func newResource(text, version string, keys contextKeys) pattern {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 {
		return newPattern(text, "", nil)
	}
	p := newPattern(strings.Join(parts[:5], ":")+":", "", nil)
	p.within = make([]bool, len(p.runes))
	for i, r := range p.runes {
		p.within[i] = p.wild[i] && (r == '?' || p.runes[i+1] != ':')
	}
	rest := newPattern(parts[5], version, keys)
	p.runes, p.wild, p.usable = append(p.runes, rest.runes...), append(p.wild, rest.wild...), rest.usable
	p.within = append(p.within, make([]bool, len(rest.runes))...)
	if !slices.Contains(p.within, true) {
		p.within = nil
	}
	return p
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
	if p.within != nil {
		return p.matchesWithin(runes)
	}
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

// matchesWithin matches where some wildcards may not take a colon: place i of reach
// says whether what was read so far can end before the pattern's rune i.
func (p pattern) matchesWithin(text []rune) bool {
	reach := make([]bool, len(p.runes)+1)
	reach[0] = true
	skip := func() { // stars that take nothing
		for i, r := range p.runes {
			reach[i+1] = reach[i+1] || reach[i] && p.wild[i] && r == '*'
		}
	}
	skip()
	for _, c := range text {
		next := make([]bool, len(reach))
		for i, r := range p.runes {
			switch {
			case !reach[i] || p.within[i] && c == ':':
			case !p.wild[i]:
				next[i+1] = next[i+1] || r == c
			case r == '*':
				next[i] = true
			default:
				next[i+1] = true
			}
		}
		reach = next
		skip()
	}
	return reach[len(p.runes)]
}

// split cuts the pattern at a separator into at most n parts.
func (p pattern) split(sep rune, n int) []pattern {
	var parts []pattern
	from := 0
	for i, r := range p.runes {
		if r == sep && len(parts) < n-1 {
			parts = append(parts, pattern{runes: p.runes[from:i], wild: p.wild[from:i], usable: p.usable})
			from = i + 1
		}
	}
	return append(parts, pattern{runes: p.runes[from:], wild: p.wild[from:], usable: p.usable})
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
