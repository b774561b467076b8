package policies

import "strings"

// couldAllow reports whether a permissions boundary could allow an action on some
// of what a resource pattern stands for. It says no only where the answer is no
// for every call, so conditions count in favour: a refusal must be certain.
func couldAllow(boundary Document, action, resource string) bool {
	allowed := false
	for _, s := range boundary.Statement {
		switch {
		case s.allows():
			allowed = allowed || s.couldMeet(action, resource)
		case len(s.Condition) == 0 && s.surelyMeets(action, resource):
			return false
		}
	}
	return allowed
}

func (s Statement) couldMeet(action, resource string) bool {
	about := anyOf(s.Action, func(p string) bool { return overlaps(strings.ToLower(p), strings.ToLower(action)) })
	if s.NotAction != nil {
		about = !anyOf(s.NotAction, func(p string) bool { return covers(strings.ToLower(p), strings.ToLower(action)) })
	}
	on := anyOf(s.Resource, func(p string) bool { return overlaps(widest(p), resource) })
	if s.NotResource != nil {
		on = !anyOf(s.NotResource, func(p string) bool { return !strings.Contains(p, "${") && covers(p, resource) })
	}
	return about && on
}

func (s Statement) surelyMeets(action, resource string) bool {
	about := anyOf(s.Action, func(p string) bool { return covers(strings.ToLower(p), strings.ToLower(action)) })
	if s.NotAction != nil {
		about = !anyOf(s.NotAction, func(p string) bool { return overlaps(strings.ToLower(p), strings.ToLower(action)) })
	}
	on := anyOf(s.Resource, func(p string) bool { return !strings.Contains(p, "${") && covers(p, resource) })
	if s.NotResource != nil {
		on = !anyOf(s.NotResource, func(p string) bool { return overlaps(widest(p), resource) })
	}
	return about && on
}

// widest reads a policy variable as if it could stand for anything.
func widest(pattern string) string {
	for {
		head, rest, ok := strings.Cut(pattern, "${")
		if !ok {
			return pattern
		}
		_, tail, _ := strings.Cut(rest, "}")
		pattern = head + "*" + tail
	}
}

func anyOf(patterns []string, ok func(string) bool) bool {
	for _, p := range patterns {
		if ok(p) {
			return true
		}
	}
	return false
}
