package policies

import (
	"cmp"
	"slices"

	"fedbot/workflows"
)

// Problem is one thing that is wrong, or worth knowing, about a document. A low one
// is worth knowing and stops nothing.
type Problem struct {
	Code   string          `json:"code"`             // of the check: "I5"; see Checks
	Name   string          `json:"name"`             // of the check: "subject"
	Level  workflows.Level `json:"severity"`         // low, medium, high, critical
	Where  string          `json:"where"`            // "Statement[0].Condition.StringLike"; empty: the whole document
	Say    string          `json:"say"`              // what is wrong, a sentence
	Attack string          `json:"attack,omitempty"` // what somebody could do with it, a sentence
	Fix    string          `json:"fix,omitempty"`    // what to do, a sentence
	Except string          `json:"except,omitempty"` // why it is excepted: it is told, and does not count
}

// Counts reports whether a problem makes a document wrong.
func (p Problem) Counts() bool { return p.Except == "" && p.Level.AtLeast(workflows.Medium) }

// Worst is the highest level among problems that are not excepted; empty if there
// are none.
func Worst(problems []Problem) workflows.Level {
	var out workflows.Level
	for _, p := range problems {
		if p.Except == "" && (out == "" || p.Level.AtLeast(out)) {
			out = p.Level
		}
	}
	return out
}

// ordered sorts problems: the worst first, then by place.
func ordered(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Level != b.Level {
			if a.Level.AtLeast(b.Level) {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Code, b.Code))
	})
	return slices.Compact(problems)
}
