package workflows

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Question is what somebody who decides wants to know first. Asking stops no clock
// and decides nothing.
type Question struct {
	By       Person    `json:"by"`
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
	Answer   string    `json:"answer,omitempty"`
	Answerer Person    `json:"answerer,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
}

// Open reports whether nobody has answered yet.
func (q Question) Open() bool { return q.Answered.IsZero() }

const (
	// LongestQuestion is how many characters a question or an answer may have: as many
	// as are shown of what people type.
	LongestQuestion = 300
	mostQuestions   = 10 // of one request; whoever has more to ask should talk
)

// OpenQuestions are the numbers, from 1, of the questions that nobody has answered,
// oldest first.
func (r *Request) OpenQuestions() []int {
	var out []int
	for i, q := range r.Questions {
		if q.Open() {
			out = append(out, i+1)
		}
	}
	return out
}

// Inquire decides a question: p.Comment. Those who are asked to decide may ask; in
// says in which groups the person is now.
func (f Federation) Inquire(p Press, who Person, in func(group string) bool, delegates []Delegate, now time.Time) ([]Body, error) {
	r, err := f.decidable(p.Request, "asked", now)
	if err != nil {
		return nil, err
	}
	asked := r.asks(who.Actor, in, delegates, now)
	switch {
	case r.Decided():
		return nil, Refuse("decided", "Not asked: everybody who was asked has approved already. Nothing was sent.")
	case same(who, r.By):
		return nil, Refuse("own_request", "Not asked: this is your own request, and a question would come to you. You can withdraw it.")
	case !asked:
		return nil, Refuse("not_in_group", "Not asked: you are in none of the groups that decide this (%s; read just now). Your press was recorded as refused.",
			strings.Join(r.Checked.Verdict.groups(), ", "))
	case slices.ContainsFunc(r.Questions, func(q Question) bool { return q.Open() && same(q.By, who) }):
		return nil, Refuse("question_open", "Not asked: a question of yours is open already. When it is answered, you can ask the next one.")
	case len(r.Questions) >= mostQuestions:
		return nil, Refuse("question_full", "Not asked: %d questions have been asked about %s, and no more fit. Talk to %s, or deny it with what would make it acceptable.",
			mostQuestions, r.ID, r.By.Name)
	}
	if err := fits(p.Comment, "asked", "a question"); err != nil {
		return nil, err
	}
	return []Body{Questioned{Request: r.ID, Number: len(r.Questions) + 1, Text: strings.TrimSpace(p.Comment)}}, nil
}

// Reply decides an answer: p.Comment, to the question p.Question. The requester may
// answer, and the owner team.
func (f Federation) Reply(p Press, who Person, roles Roles, now time.Time) ([]Body, error) {
	r, err := f.decidable(p.Request, "answered", now)
	if err != nil {
		return nil, err
	}
	switch {
	case !same(who, r.By) && !roles.OwnerTeam && slices.Contains(roles.Unread, f.Owner):
		return nil, unreadGroup("answered", f.Owner)
	case !same(who, r.By) && !roles.OwnerTeam:
		return nil, Refuse("not_yours", "Not answered: only %s and the owner team %s can answer for %s.", r.By.Name, f.Owner, r.ID)
	case p.Question < 1 || p.Question > len(r.Questions):
		return nil, Refuse("no_question", "Not answered: no such question is asked about %s.", r.ID)
	case !r.Questions[p.Question-1].Open():
		q := r.Questions[p.Question-1]
		return nil, Refuse("answered_already", "Already answered: %s did, at %s UTC. Nothing for you to do.", q.Answerer.Name, clock(q.Answered))
	}
	if err := fits(p.Comment, "answered", "an answer"); err != nil {
		return nil, err
	}
	return []Body{Answered{Request: r.ID, Number: p.Question, Text: strings.TrimSpace(p.Comment)}}, nil
}

// fits refuses a text that is empty, or longer than is ever shown.
func fits(text, done, what string) error {
	switch n := utf8.RuneCountInString(strings.TrimSpace(text)); {
	case n == 0:
		return &Refusal{Code: "no_text", Field: "reason", Say: "Not " + done + ": the field is empty. Nothing was sent."}
	case n > LongestQuestion:
		r := Refuse("too_long", "Not %s: %s has at most %d characters, because no more is shown; this has %d. Nothing was sent.", done, what, LongestQuestion, n)
		r.Field = "reason"
		return r
	}
	return nil
}

// noteQuestion writes a question or its answer into the request.
func (f *Federation) noteQuestion(e Event) error {
	switch b := e.Body.(type) {
	case Questioned:
		return f.edit(b.Request, func(r *Request) {
			r.Questions = append(slices.Clone(r.Questions), Question{By: e.By, At: e.At, Text: b.Text})
		})
	case Answered:
		return f.edit(b.Request, func(r *Request) {
			if b.Number < 1 || b.Number > len(r.Questions) {
				return
			}
			r.Questions = slices.Clone(r.Questions)
			q := &r.Questions[b.Number-1]
			q.Answer, q.Answerer, q.Answered = b.Text, e.By, e.At
		})
	}
	return nil
}

// Inquire decides and stores a question about an open request.
func (e *Engine) Inquire(ctx context.Context, p Press) (Federation, error) {
	who, err := e.person(ctx, p.By)
	if err != nil {
		return Federation{}, asPress(err, "asked")
	}
	f, err := e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		in, unread := e.membership(ctx, who.Actor)
		out, err := f.Inquire(p, who, in, e.Rules.Delegates, e.Now())
		if r, ok := errors.AsType[*Refusal](err); ok && r.Code == "not_in_group" && len(unread()) > 0 {
			return nil, unreadGroup("asked", unread()[0])
		}
		return out, err
	})
	return f, e.recordPress(ctx, p, who, "ask", err)
}

// Reply decides and stores the answer to a question.
func (e *Engine) Reply(ctx context.Context, p Press) (Federation, error) {
	who, err := e.person(ctx, p.By)
	if err != nil {
		return Federation{}, asPress(err, "answered")
	}
	return e.decide(ctx, p.Request.Federation(), p.Delivery, who, func(f Federation) ([]Body, error) {
		roles, err := e.May(ctx, f, who.Actor)
		if err != nil {
			return nil, err
		}
		return f.Reply(p, who, roles, e.Now())
	})
}
