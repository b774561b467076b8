package policies

import "strings"

// pattern is a value of a policy whose variables are filled in. Wildcards that came
// with a variable's value are ordinary characters.
type pattern struct {
	text   string // with every character that only looks like a wildcard shielded
	filled tri    // no: a variable has no value, so nothing can match; perhaps: it is not known
	shield bool   // the text has shielded characters
}

// Control characters stand for a star and a question mark that are no wildcards: IAM
// takes none in a document.
var (
	shielded   = strings.NewReplacer("*", "\x01", "?", "\x02")
	unshielded = strings.NewReplacer("\x01", "*", "\x02", "?")
)

// value fills in the variables of a policy's text, which exist since version
// 2012-10-17.
func value(text, version string, have keyring) pattern {
	p := pattern{text: text, filled: yes}
	if version != policyVersion || !strings.Contains(text, "${") {
		return p
	}
	var b strings.Builder
	for {
		head, rest, ok := strings.Cut(text, "${")
		name, tail, ended := strings.Cut(rest, "}")
		if !ok || !ended {
			b.WriteString(text)
			p.text, p.shield = b.String(), true
			return p
		}
		filling, state := variable(name, have)
		p.filled = min(p.filled, state)
		b.WriteString(head)
		b.WriteString(shielded.Replace(filling))
		text = tail
	}
}

// variable is the value of ${name}, ${name, 'default'}, ${*}, ${?} or ${$}.
func variable(name string, have keyring) (string, tri) {
	switch name {
	case "*", "?", "$":
		return name, yes
	}
	name, fallback, defaulted := strings.Cut(name, ",")
	found, known := have.get(strings.TrimSpace(name))
	if !known {
		return "", perhaps
	}
	if len(found) == 1 {
		return found[0], yes
	}
	fallback = strings.TrimSpace(fallback)
	if n := len(fallback); len(found) == 0 && defaulted && n >= 2 && fallback[0] == '\'' && fallback[n-1] == '\'' {
		return fallback[1 : n-1], yes
	}
	return "", no
}

// plain is the text for operators that know no wildcards.
func (p pattern) plain() string {
	if p.shield {
		return unshielded.Replace(p.text)
	}
	return p.text
}

func (p pattern) matches(found string) tri {
	if p.filled != yes {
		return p.filled
	}
	if p.shield { // what a call brings is never a pattern
		found = shielded.Replace(found)
	}
	return truth(matches(p.text, found))
}

// split cuts the pattern of an ARN into its parts.
func (p pattern) split() []pattern {
	var out []pattern
	for _, part := range strings.SplitN(p.text, ":", 6) {
		out = append(out, pattern{part, p.filled, p.shield})
	}
	return out
}
