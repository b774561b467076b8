package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// message is what is posted: blocks for those who look, and the same facts as
// plain text for those who listen, whose first line is the notification.
type message struct {
	Text   string
	Blocks []slack.Block
}

// What Slack imposes, and the smaller sizes that keep a message readable.
const (
	maxBlocks  = 50
	maxView    = 100
	maxHeader  = 150
	maxSection = 2900
	maxField   = 1900
	maxButton  = 75
	maxTitle   = 24
	maxTwin    = 3900
	maxMessage = 10000
	maxReason  = 300
	maxPre     = 2800
)

// sheet collects blocks and, beside them, their plain twin.
type sheet struct {
	blocks []slack.Block
	plain  []string
}

// header is the first line: the outcome in words.
func (s *sheet) header(t text) {
	line := middle(t.plain, maxHeader)
	s.blocks = append(s.blocks, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, line, false, false)))
	s.plain = append(s.plain, line)
}

// notify words the first line of the twin, which is the notification, otherwise
// than the header.
func (s *sheet) notify(t text) {
	if len(s.plain) > 0 {
		s.plain[0] = t.plain
	}
}

func (s *sheet) section(t text) { s.write(t, false) }

// expanded is a section that Slack must not fold behind "See more".
func (s *sheet) expanded(t text) { s.write(t, true) }

func (s *sheet) write(t text, expand bool) {
	if t.mrkdwn == "" {
		return
	}
	block := slack.NewSectionBlock(mrkdwn(cutLines(t.mrkdwn, maxSection)), nil, nil)
	block.Expand = expand
	s.blocks = append(s.blocks, block)
	s.plain = append(s.plain, t.plain)
}

// fields are up to ten facts, each of which makes sense alone.
func (s *sheet) fields(facts ...text) {
	var objects []*slack.TextBlockObject
	for _, f := range facts {
		if f.mrkdwn == "" {
			continue
		}
		objects = append(objects, mrkdwn(cutLines(f.mrkdwn, maxField)))
		s.plain = append(s.plain, strings.ReplaceAll(strings.Replace(f.plain, "\n", ": ", 1), "\n", "; "))
	}
	if len(objects) > 0 {
		s.blocks = append(s.blocks, slack.NewSectionBlock(nil, objects, nil))
	}
}

// fact is a labelled field.
func fact(label string, t text) text { return lines(bold(label), t) }

// quote is what somebody typed: labelled, literal, cut, and never first.
func (s *sheet) quote(label text, typed string) {
	s.said(label, "writes", typed)
}

// said is a quote with a verb: somebody asks, answers, writes.
func (s *sheet) said(label text, verb, typed string) {
	typed = cut(strings.TrimSpace(typed), maxReason)
	if typed == "" {
		return
	}
	line := label.plain + " " + verb + ": " + typed
	s.blocks = append(s.blocks, slack.NewRichTextBlock("", &slack.RichTextQuote{
		Type:     slack.RTEQuote,
		Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(line, nil)},
	}))
	s.plain = append(s.plain, line)
}

// pre is text in fixed width, letter by letter.
func (s *sheet) pre(body string) {
	body = strings.TrimRight(body, "\n")
	if body == "" {
		return
	}
	s.blocks = append(s.blocks, preformatted(body))
	s.plain = append(s.plain, body)
}

func preformatted(body string) *slack.RichTextBlock {
	return slack.NewRichTextBlock("", &slack.RichTextPreformatted{
		Type:     slack.RTEPreformatted,
		Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(body, nil)},
	})
}

func (s *sheet) context(t text) {
	if t.mrkdwn == "" {
		return
	}
	s.blocks = append(s.blocks, slack.NewContextBlock("", mrkdwn(cutLines(t.mrkdwn, maxField))))
	s.plain = append(s.plain, t.plain)
}

func (s *sheet) actions(buttons ...*slack.ButtonBlockElement) {
	elements := make([]slack.BlockElement, len(buttons))
	labels := make([]string, len(buttons))
	for i, b := range buttons {
		elements[i], labels[i] = b, strings.TrimSuffix(b.Text.Text, "…")
	}
	if len(elements) == 0 {
		return
	}
	s.blocks = append(s.blocks, slack.NewActionBlock("", elements...))
	s.plain = append(s.plain, "Buttons: "+strings.Join(labels, ", ")+".")
}

// message closes the sheet. A message that would be too large for Slack loses
// blocks before its last two and says so; its head, which carries the outcome, and
// its end, which carries the buttons, stay.
func (s *sheet) message() message {
	blocks := s.blocks
	if !fits(blocks) {
		end := max(len(blocks)-2, 1)
		head, tail := blocks[:end], blocks[end:]
		note := slack.NewContextBlock("", mrkdwn("Not everything fits here. Details and the thread have the rest."))
		for len(head) > 1 && !fits(blocks) {
			head = head[:len(head)-1]
			blocks = slices.Concat(head, []slack.Block{note}, tail)
		}
	}
	return message{Text: cut(strings.Join(s.plain, "\n"), maxTwin), Blocks: blocks}
}

func fits(blocks []slack.Block) bool { return len(blocks) <= maxBlocks && size(blocks) <= maxMessage }

// size is how many characters people would read.
func size(blocks []slack.Block) int {
	n := 0
	for _, t := range texts(blocks) {
		n += len(t)
	}
	return n
}

func texts(blocks []slack.Block) []string {
	var out []string
	add := func(t *slack.TextBlockObject) {
		if t != nil {
			out = append(out, t.Text)
		}
	}
	for _, block := range blocks {
		switch b := block.(type) {
		case *slack.HeaderBlock:
			add(b.Text)
		case *slack.SectionBlock:
			add(b.Text)
			for _, f := range b.Fields {
				add(f)
			}
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				if t, ok := e.(*slack.TextBlockObject); ok {
					add(t)
				}
			}
		case *slack.RichTextBlock:
			out = append(out, richText(b)...)
		}
	}
	return out
}

func richText(b *slack.RichTextBlock) []string {
	var out []string
	for _, e := range b.Elements {
		var parts []slack.RichTextSectionElement
		switch e := e.(type) {
		case *slack.RichTextQuote:
			parts = e.Elements
		case *slack.RichTextPreformatted:
			parts = e.Elements
		}
		for _, p := range parts {
			if t, ok := p.(*slack.RichTextSectionTextElement); ok {
				out = append(out, t.Text)
			}
		}
	}
	return out
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func plainText(s string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, middle(s, most), false, false)
}

// cutLines drops last lines until the rest fits, and says how many.
func cutLines(s string, most int) string {
	if len(s) <= most {
		return s
	}
	all := strings.Split(s, "\n")
	for n := len(all) - 1; n > 0; n-- {
		note := fmt.Sprintf("\n%d more in Details", len(all)-n)
		if kept := strings.Join(all[:n], "\n"); len(kept)+len(note) <= most {
			return kept + note
		}
	}
	return cut(all[0], most/4) // a quarter: a character may take four bytes
}

// button names its object for screen readers: "Approve F-31.1, Web Shop to shop-prod".
func button(action, label, value, object string) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, value, plainText(label, maxButton))
	b.AccessibilityLabel = middle(strings.TrimSuffix(label, "…")+" "+object, maxButton)
	return b
}

func link(label, url string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement("link_open", "", plainText(label, maxButton)).WithURL(url)
}
