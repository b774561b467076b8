package workflows

import (
	"strings"
	"testing"
	"time"
)

// questioned is open with a question by first, and one by somebody else for each of
// more.
func questioned(more int) Federation {
	return bend(func(_ *Federation, r *Request) {
		r.Questions = []Question{{By: Person{Actor: first}, At: morning, Text: "Why?"}}
		for range more {
			r.Questions = append(r.Questions, Question{By: Person{Actor: last}, At: morning, Text: "Why?", Answered: morning})
		}
	})
}

func TestInquire(t *testing.T) {
	said := &refusals{}
	for name, tt := range map[string]struct {
		f    Federation
		who  Actor
		text string
		code string
		now  time.Duration
	}{
		"who decides now":                {open(), first, "Why?", "", 0},
		"who decides later":              {open(), last, "Why?", "", 0},
		"the requester":                  {open(), asker, "Why?", "own_request", 0},
		"an outsider":                    {open(), nobody, "Why?", "not_in_group", 0},
		"the owner team":                 {open(), "teammate", "Why?", "not_in_group", 0},
		"an administrator":               {open(), "administrator", "Why?", "not_in_group", 0},
		"nothing":                        {open(), first, " \n", "no_text", 0},
		"as much as is shown":            {open(), first, strings.Repeat("ö", LongestQuestion), "", 0},
		"more than is shown":             {open(), first, strings.Repeat("ö", LongestQuestion+1), "too_long", 0},
		"a second one while it is open":  {questioned(0), first, "Why?", "question_open", 0},
		"while another's is open":        {questioned(0), other, "Why?", "", 0},
		"one too many":                   {questioned(mostQuestions - 1), other, "Why?", "question_full", 0},
		"the last that fits":             {questioned(mostQuestions - 2), other, "Why?", "", 0},
		"when all have approved":         {complete(), first, "Why?", "decided", 0},
		"when it was denied":             {closedAs(OutcomeDenied), first, "Why?", "decided", 0},
		"when its time is up":            {open(), first, "Why?", "lapsed", 2 * time.Hour},
		"before anybody was asked":       {bend(func(_ *Federation, r *Request) { r.Checked = nil }), first, "Why?", "too_early", 0},
		"about a request that is not it": {bend(func(_ *Federation, r *Request) { r.ID = "F-1.2" }), first, "Why?", "unknown", 0},
	} {
		bodies, err := tt.f.Inquire(Press{Request: "F-1.1", Comment: tt.text}, Person{Actor: tt.who}, isIn(tt.who), nil, morning.Add(tt.now))
		check(t, name, bodies, err, tt.code)
		said.note("ask", name, err)
	}
	said.golden(t, "testdata/refusals/questions.txt")
}

func TestReply(t *testing.T) {
	said := &refusals{}
	answered := bend(func(_ *Federation, r *Request) {
		r.Questions = []Question{{By: Person{Actor: first}, Answer: "So.", Answerer: Person{Name: "Requester"}, Answered: morning}}
	})
	for name, tt := range map[string]struct {
		f      Federation
		who    Actor
		number int
		text   string
		code   string
	}{
		"the requester":                   {questioned(0), asker, 1, "So.", ""},
		"the owner team":                  {questioned(0), "teammate", 1, "So.", ""},
		"who asked":                       {questioned(0), first, 1, "So.", "not_yours"},
		"an outsider":                     {questioned(0), nobody, 1, "So.", "not_yours"},
		"an administrator":                {questioned(0), "administrator", 1, "So.", "not_yours"},
		"nothing":                         {questioned(0), asker, 1, "", "no_text"},
		"more than is shown":              {questioned(0), asker, 1, strings.Repeat("a", LongestQuestion+1), "too_long"},
		"a question that nobody asked":    {questioned(0), asker, 2, "So.", "no_question"},
		"question zero":                   {questioned(0), asker, 0, "So.", "no_question"},
		"a second time":                   {answered, asker, 1, "So.", "answered_already"},
		"when the request has been ended": {closedAs(OutcomeLapsed), asker, 1, "So.", "lapsed"},
	} {
		roles := Roles{OwnerTeam: tt.who == "teammate"}
		bodies, err := tt.f.Reply(Press{Request: "F-1.1", Comment: tt.text, Question: tt.number}, Person{Actor: tt.who}, roles, morning)
		check(t, name, bodies, err, tt.code)
		said.note("answer", name, err)
	}
	said.golden(t, "testdata/refusals/answers.txt")
	_, err := questioned(0).Reply(Press{Request: "F-1.1", Comment: "So.", Question: 1}, Person{Actor: nobody}, Roles{Unread: []string{"team"}}, morning)
	check(t, "a team that was not read", nil, err, "unread")
}

// A question stops no clock and opens no seat: it leaves alone all that decides.
func TestAQuestionDecidesNothing(t *testing.T) {
	f := open()
	at := morning.Add(time.Minute)
	asked, err := f.Apply(Event{At: at, By: Person{Actor: first}, Body: Questioned{Request: "F-1.1", Number: 1, Text: "Why?"}})
	if err != nil {
		t.Fatal(err)
	}
	answered, err := asked.Apply(Event{At: at, By: Person{Actor: asker}, Body: Answered{Request: "F-1.1", Number: 1, Text: "So."}})
	if err != nil {
		t.Fatal(err)
	}
	if len(asked.Requests[0].OpenQuestions()) != 1 || len(answered.Requests[0].OpenQuestions()) != 0 {
		t.Errorf("open: %v, then %v", asked.Requests[0].OpenQuestions(), answered.Requests[0].OpenQuestions())
	}
	for _, g := range []Federation{asked, answered} {
		r := g.Requests[0]
		if stage, filled := r.Stage(); stage != 0 || filled != 0 || !r.Lapses().Equal(f.Requests[0].Lapses()) || !g.Due().Equal(f.Due()) {
			t.Errorf("a question changed what decides: stage %d, %d filled, lapses %s, due %s", stage, filled, r.Lapses(), g.Due())
		}
	}
}
