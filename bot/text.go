package bot

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fedbot/workflows"
)

// text is one wording in two renderings: Slack's mrkdwn, and plain for screen
// readers and notifications.
type text struct{ mrkdwn, plain string }

// say formats. The format is ours; every argument that is not a text itself is
// somebody else's and is escaped, so that nothing typed can become a mention, a
// link or a bold "Approved".
func say(format string, args ...any) text {
	m, p := make([]any, len(args)), make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case text:
			m[i], p[i] = v.mrkdwn, v.plain
		case int:
			m[i], p[i] = v, v
		default:
			s := middle(fmt.Sprint(v), longestName)
			m[i], p[i] = lit(s), s
		}
	}
	return text{fmt.Sprintf(format, m...), fmt.Sprintf(format, p...)}
}

const longestName = 150

// lit makes text that somebody typed literal in mrkdwn. Slack knows no escape for
// its formatting characters, so look-alikes stand for them; the exact text is
// behind Details, in a block that knows no formatting.
func lit(s string) string {
	return formatting.Replace(escape(s))
}

var formatting = strings.NewReplacer("*", "∗", "~", "∼", "`", "ʹ", "\n", " ", "\r", " ")

// escape makes a text free of Slack's control sequences.
func escape(s string) string { return controls.Replace(s) }

var controls = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// code is a name in fixed width.
func code(s string) text {
	s = middle(s, longestName)
	return text{"`" + escape(strings.NewReplacer("`", "ʹ", "\n", " ").Replace(s)) + "`", s}
}

// prose is a sentence of ours that may hold names in backticks: those become code,
// everything else becomes literal.
func prose(s string) text {
	s = cut(s, 700)
	parts := strings.Split(s, "`")
	if len(parts)%2 == 0 { // an odd backtick: none of them is to be trusted
		return text{lit(s), s}
	}
	var m strings.Builder
	for i, part := range parts {
		if i%2 == 1 && part != "" {
			m.WriteString("`" + escape(part) + "`")
		} else {
			m.WriteString(lit(part))
		}
	}
	return text{m.String(), strings.ReplaceAll(s, "`", "")}
}

func bold(v any) text {
	t := say("%s", v)
	return text{"*" + t.mrkdwn + "*", t.plain}
}

// lead begins a line: bold for those who look, with a colon for those who listen.
func lead(label string) text { return text{"*" + lit(label) + "*", label + ":"} }

// at is a moment, shown in the reader's zone.
func at(t time.Time) text {
	plain := t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")
	return text{fmt.Sprintf("<!date^%d^{date_short_pretty} at {time}|%s>", t.Unix(), plain), plain}
}

// on is a day.
func on(t time.Time) text {
	plain := t.UTC().Format("2 Jan 2006")
	return text{fmt.Sprintf("<!date^%d^{date_short}|%s>", t.Unix(), plain), plain}
}

// who is a person, without a mention.
func who(p workflows.Person) text {
	switch {
	case p.Name != "":
		return say("%s", p.Name)
	case p.Actor == workflows.Fedbot:
		return say("fedbot")
	default:
		return say("%s", p.Actor)
	}
}

// address is a person as a mention, where Slack knows the person.
func address(p workflows.Person) text {
	if _, user, ok := slackUser(p.Actor); ok {
		return text{"<@" + user + ">", "@" + who(p).plain}
	}
	return who(p)
}

func slackUser(a workflows.Actor) (team, user string, ok bool) {
	rest, ok := strings.CutPrefix(string(a), "slack:")
	if !ok {
		return "", "", false
	}
	team, user, ok = strings.Cut(rest, "/")
	return team, user, ok && plainID(user)
}

func plainID(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// mention calls a group.
func (s scene) mention(group string) text {
	if s.Mention == nil {
		return say("%s", group)
	}
	return text{s.Mention(group), "@" + group}
}

func join(sep string, ts ...text) text {
	var m, p []string
	for _, t := range ts {
		if t.mrkdwn != "" {
			m, p = append(m, t.mrkdwn), append(p, t.plain)
		}
	}
	return text{strings.Join(m, sep), strings.Join(p, sep)}
}

func lines(ts ...text) text { return join("\n", ts...) }

// names lists names with commas.
func names(list []string) text { return join(", ", each(list)...) }

func each(list []string) []text {
	ts := make([]text, len(list))
	for i, n := range list {
		ts[i] = say("%s", n)
	}
	return ts
}

// middle cuts a name in the middle, so that both of its ends can be told apart.
func middle(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}

// cut cuts prose at its end.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// capital makes the first letter a capital one.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// count is "1 pipeline", "2 pipelines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
