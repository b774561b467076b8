package bot

import (
	"fmt"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// questions says what was asked about a request, and what was answered. Whoever
// decides should not have to read the thread.
func questions(sh *sheet, r workflows.Request) {
	open := len(r.OpenQuestions())
	switch {
	case len(r.Questions) == 0:
		return
	case open == 0:
		sh.section(join(" ", lead("Questions"), say("%d asked, all answered.", len(r.Questions))))
	default:
		sh.section(join(" ", bold(count(open, "question")+" open."), say("%s or the owner team answers here. The clock keeps running.", who(r.By))))
	}
	for _, q := range lastOf(r.Questions, mostQuoted) {
		sh.said(who(q.By), "asks", q.Text)
		if !q.Open() {
			sh.said(who(q.Answerer), "answers", q.Answer)
		}
	}
	if n := len(r.Questions) - mostQuoted; n > 0 {
		sh.context(say("%d earlier in the thread.", n))
	}
}

// mostQuoted is how many questions have room on a card; the thread has all of them.
const mostQuoted = 3

func lastOf[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

// answerButton is for the oldest question that nobody has answered; nil if there is none.
func answerButton(r workflows.Request, object string) *slack.ButtonBlockElement {
	open := r.OpenQuestions()
	if len(open) == 0 {
		return nil
	}
	return button(actAnswer, "Answer…", fmt.Sprintf("%s %d", requestValue(r), open[0]), object)
}

// askModal asks for one question.
func askModal(f workflows.Federation, r workflows.Request, s scene) *slack.ModalViewRequest {
	var sh sheet
	sh.section(lines(bold(title(f, s)),
		say("Your question goes into the card's thread, and %s is called. It decides nothing: the clock keeps running.", who(r.By))))
	return fieldModal("Ask about "+string(r.ID), actAsk, requestValue(r), "Ask", sh,
		brief(textInput(blockReason, "Your question", "Everybody who sees the card can read it.", "", false)))
}

// answerModal asks for the answer to one question, which it shows.
func answerModal(f workflows.Federation, r workflows.Request, n int, s scene) *slack.ModalViewRequest {
	q := r.Questions[n-1]
	var sh sheet
	sh.section(bold(title(f, s)))
	sh.said(who(q.By), "asks", q.Text)
	return fieldModal("Answer about "+string(r.ID), actAnswer, fmt.Sprintf("%s %d", requestValue(r), n), "Answer", sh,
		brief(textInput(blockReason, "Your answer", "Everybody who sees the card can read it.", "", false)))
}

// commentModal approves with a comment: for those who want to say something, and
// nothing that the others have to pass.
func commentModal(f workflows.Federation, r workflows.Request, s scene) *slack.ModalViewRequest {
	now, _ := r.Stage()
	var sh sheet
	if stages := r.Checked.Verdict.Stages; now < len(stages) {
		sh.section(lines(bold(title(f, s)), say("You approve as one of %s, stage %d of %d.", bold(stages[now].Group), now+1, len(stages))))
	}
	return fieldModal("Approve "+string(r.ID), actComment, requestValue(r), "Approve", sh,
		brief(textInput(blockReason, "Comment", "The requester and the history see it.", "", false)))
}

func fieldModal(title, callback, value, submit string, sh sheet, field *slack.InputBlock) *slack.ModalViewRequest {
	v := view(title, append(sh.blocks, field))
	v.CallbackID, v.PrivateMetadata = callback, value
	v.Submit, v.Close = plainText(submit, maxTitle), plainText("Not now", maxTitle)
	return v
}

// brief makes a field of several lines that takes no more than is shown.
func brief(b *slack.InputBlock) *slack.InputBlock {
	if e, ok := b.Element.(*slack.PlainTextInputBlockElement); ok {
		e.Multiline, e.MaxLength = true, workflows.LongestQuestion
	}
	return b
}
