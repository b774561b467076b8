package policies

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPatterns holds matches, covers and overlaps against the meaning of patterns,
// spelled out over all short words of two letters.
func TestPatterns(t *testing.T) {
	words := []string{""}
	for i := 0; len(words[i]) < 6; i++ {
		words = append(words, words[i]+"a", words[i]+"b")
	}
	pattern := rapid.StringMatching(`[ab*?]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		p, q := pattern.Draw(t, "p"), pattern.Draw(t, "q")
		common, inside := false, true
		for _, w := range words {
			inP, inQ := slow(p, w), slow(q, w)
			if inP != matches(p, w) {
				t.Fatalf("matches(%q, %q) = %v", p, w, !inP)
			}
			common = common || inP && inQ
			inside = inside && (!inQ || inP)
		}
		if overlaps(p, q) != common {
			t.Fatalf("overlaps(%q, %q) = %v", p, q, !common)
		}
		if covers(p, q) && !inside {
			t.Fatalf("covers(%q, %q), and it does not", p, q)
		}
		if !strings.ContainsAny(q, "*?") && covers(p, q) != matches(p, q) {
			t.Fatalf("covers(%q, %q) differs from matches", p, q)
		}
	})
}

func TestCoversIsSure(t *testing.T) {
	for _, tc := range []struct {
		wide, narrow string
		want         bool
	}{
		{"*", "a*", true}, {"a*", "ab*", true}, {"a*", "*", false}, {"?", "*", false}, {"a?", "a*", false}, {"a*", "a?", true}, {"?", "?", true}, {"a", "?", false},
	} {
		if got := covers(tc.wide, tc.narrow); got != tc.want {
			t.Errorf("covers(%q, %q) = %v", tc.wide, tc.narrow, got)
		}
	}
}

// slow is the definition of a pattern.
func slow(p, w string) bool {
	switch {
	case p == "":
		return w == ""
	case p[0] == '*':
		return slow(p[1:], w) || w != "" && slow(p, w[1:])
	default:
		return w != "" && (p[0] == '?' || p[0] == w[0]) && slow(p[1:], w[1:])
	}
}

func TestCheckNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"aws-shop-dev": true, "AWS Shop (dev) & co": true, "50%": true, "": false, " x": false, "x ": false, "a/b": false, "a,b": false, "a*": false,
		"a?": false, "$a": false, "{a}": false, `a"b`: false, `a\b`: false, "日本": false, "é": false, "a\tb": false, "a\u00a0b": false, strings.Repeat("x", 129): false,
	} {
		if r := CheckNames("contoso", "Web Shop", name); (r == nil) != ok || r != nil && (r.Field != "Name" || r.Say == "") {
			t.Errorf("connection %q: %v", name, r)
		}
	}
	for _, bad := range []string{"", "a/b", "p*", "p{project}", "Проект", strings.Repeat("x", 65)} {
		if r := CheckNames("contoso", bad, "c"); r == nil || r.Field != "Project" {
			t.Errorf("project %q: %v", bad, r)
		}
		if r := CheckNames(bad, "p", "c"); r == nil || r.Field != "Organization" {
			t.Errorf("organization %q: %v", bad, r)
		}
	}
}
