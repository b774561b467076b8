package policies

import (
	"fmt"
	"html"
	"strings"
)

// Text renders a comparison for a terminal: the verdict, then a change at a time, what
// was under a minus and what is under a plus.
func (c Comparison) Text() string {
	var b strings.Builder
	fmt.Fprintln(&b, plainLine(c.Why))
	for _, change := range c.Changes {
		fmt.Fprintf(&b, "\n%s  %s\n", change.Direction, change.title())
		for _, side := range []struct{ sign, text string }{{"-", change.Was}, {"+", change.Is}} {
			if side.text != none {
				fmt.Fprintf(&b, "  %s %s\n", side.sign, plainLine(side.text))
			}
		}
		fmt.Fprintf(&b, "  it %s\n", plainLine(change.Why))
	}
	return b.String()
}

// Slack limits a section to 3000 characters; a comparison keeps below with room for
// what stands around it.
const (
	slackMost  = 2600
	slackValue = 160
)

// Slack renders a comparison as mrkdwn for one section: the verdict in bold, then a
// line for each change. What does not fit is counted.
func (c Comparison) Slack() string {
	head, rest, _ := strings.Cut(c.Why, ":")
	out := "*" + mrkdwn(head) + "*"
	if rest != "" {
		out += ":" + mrkdwn(rest)
	}
	for i, change := range c.Changes {
		line := fmt.Sprintf("\n• _%s_  %s: %s → %s, it %s", change.Direction, mrkdwn(change.title()), code(change.Was), code(change.Is), mrkdwn(change.Why))
		if len(out)+len(line) > slackMost {
			return out + fmt.Sprintf("\n%d more changes are in the console.", len(c.Changes)-i)
		}
		out += line
	}
	return out
}

// HTML renders a comparison for the console: a table with a caption, header cells and
// the direction written at each line. All text is escaped.
func (c Comparison) HTML() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<table class="diff"><caption>%s</caption><thead><tr><th scope="col">Direction</th><th scope="col">Field</th>`+
		`<th scope="col">Was</th><th scope="col">Is</th><th scope="col">Why</th></tr></thead><tbody>`, html.EscapeString(c.Why))
	for _, change := range c.Changes {
		fmt.Fprintf(&b, `<tr class="%s"><td>%s</td><th scope="row">%s</th><td><del>%s</del></td><td><ins>%s</ins></td><td>It %s.</td></tr>`,
			change.Direction, change.Direction, html.EscapeString(change.title()), html.EscapeString(change.Was), html.EscapeString(change.Is), html.EscapeString(change.Why))
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

func (c Change) title() string {
	if c.Field == "" {
		return "the document"
	}
	return c.Field
}

// plainLine keeps control characters of a foreign document off a terminal.
func plainLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// mrkdwn escapes what Slack reads as markup or as a mention.
func mrkdwn(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "_", "＿", "~", "∼", "`", "'").Replace(plainLine(s))
}

// code is a value in Slack's code type, cut in the middle if it is long.
func code(s string) string {
	r := []rune(strings.ReplaceAll(plainLine(s), "`", "'"))
	if len(r) > slackValue {
		r = append(append(r[:slackValue/2:slackValue/2], '…'), r[len(r)-slackValue/2:]...)
	}
	return "`" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(string(r)) + "`"
}
