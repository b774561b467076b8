package policies

import (
	"strings"
	"unicode/utf8"
)

// matches reports whether value matches an IAM pattern, in which * stands for any
// characters and ? for exactly one.
func matches(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			v += width(value[v:])
		case p < len(pattern) && pattern[p] == value[v]:
			p++
			v++
		case star >= 0:
			mark += width(value[mark:])
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// width is how many bytes the first character of a text has.
func width(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// covers reports whether wide certainly matches everything that narrow matches. It
// may say no where the answer is yes, and never the other way round.
func covers(wide, narrow string) bool {
	return meet([]rune(wide), []rune(narrow), func(w, n rune) bool {
		return w == n || w == '?'
	}, false)
}

// overlaps reports whether some value matches both patterns.
func overlaps(a, b string) bool {
	return meet([]rune(a), []rune(b), func(x, y rune) bool { return x == y || x == '?' || y == '?' }, true)
}

// meet walks two patterns side by side. A star on the left swallows anything of the
// right; a star on the right swallows anything of the left only if both is set.
func meet(a, b []rune, one func(x, y rune) bool, both bool) bool {
	row := make([]bool, len(b)+1)
	next := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		for j := len(b); j >= 0; j-- {
			ok := i == len(a) && j == len(b)
			if i < len(a) && a[i] == '*' {
				ok = ok || row[j] || j < len(b) && next[j+1]
			} else if i < len(a) && j < len(b) && b[j] != '*' {
				ok = ok || one(a[i], b[j]) && row[j+1]
			}
			if both && j < len(b) && b[j] == '*' {
				ok = ok || next[j+1] || i < len(a) && row[j]
			}
			next[j] = ok
		}
		row, next = next, row
	}
	return row[0]
}

// anyMatch reports whether one of the patterns matches.
func anyMatch(patterns []string, value string) bool {
	return anyOf(patterns, func(p string) bool { return matches(p, value) })
}

// anyAction is anyMatch for actions, which are read without regard to case.
func anyAction(patterns []string, action string) bool {
	action = strings.ToLower(action)
	return anyOf(patterns, func(p string) bool {
		return p == action || matches(strings.ToLower(p), action)
	})
}
