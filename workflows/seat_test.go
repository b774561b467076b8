package workflows

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	deputy Actor = "deputy" // stands in for first
	oncall Actor = "oncall" // of the group that an escalation adds
)

var stands = Delegate{For: first, By: deputy, From: morning.Add(-time.Hour), Until: morning.Add(time.Hour)}

// crowded is open with a deputy, and with a group that stage one may escalate to.
func crowded(change func(r *Request)) Federation {
	return bend(func(_ *Federation, r *Request) {
		s := &r.Checked.Verdict.Stages[0]
		s.StandIns = []Delegate{stands}
		s.Escalate = []Escalation{{After: time.Minute, Group: "pager", Could: []Actor{oncall}}}
		if change != nil {
			change(r)
		}
	})
}

func escalated(r *Request) { r.Escalated = []Widening{{Stage: 0, Group: "pager", At: morning}} }

func TestWhoFillsWhichSeat(t *testing.T) {
	members := map[string][]Actor{"one": {first, other}, "two": {last, late, first}, "pager": {oncall, late, asker}}
	live := Live{Members: members, Delegates: []Delegate{stands}}
	said := &refusals{}
	for _, c := range []struct {
		name string
		f    Federation
		by   Actor
		live Live
		at   time.Duration
		code string
		as   string // the group, and for whom
	}{
		{"a deputy", crowded(nil), deputy, live, 0, "", "one for first"},
		{"a deputy before the first day", crowded(nil), deputy, live, -2 * time.Hour, "delegation_early", ""},
		{"a deputy after the last day", crowded(func(r *Request) { r.Checked.Lapses = morning.Add(9 * time.Hour) }), deputy, live, time.Hour, "delegation_over", ""},
		{"a deputy who was taken out of the configuration", crowded(nil), deputy, Live{Members: members}, 0, "delegation_gone", ""},
		{"a deputy with other days by now", crowded(nil), deputy, Live{members, []Delegate{{For: first, By: deputy, From: stands.From, Until: stands.Until.Add(1)}}}, 0, "delegation_gone", ""},
		{"a deputy put in after it was sent", open(), deputy, live, 0, "not_in_group", ""},
		{"a deputy of one who has left the group", crowded(nil), deputy, Live{map[string][]Actor{"one": {other}}, live.Delegates}, 0, "delegation_gone", ""},
		{"a deputy of one who has pressed", crowded(func(r *Request) {
			r.Checked.Verdict.Stages[0].Count = 2
			r.Approvals = []Approval{{By: Person{Actor: first}, Group: "one", At: morning}}
		}), deputy, live, 0, "seat_filled", ""},
		{"one whose deputy has pressed", crowded(func(r *Request) {
			r.Checked.Verdict.Stages[0].Count = 2
			r.Approvals = []Approval{{By: Person{Actor: deputy, Name: "Deputy"}, For: Person{Actor: first}, Group: "one", At: morning}}
		}), first, live, 0, "seat_filled", ""},
		{"the requester as a deputy", crowded(func(r *Request) { r.By = Person{Actor: deputy} }), deputy, live, 0, "own_request", ""},
		{"a deputy of the requester", open(), deputy, Live{members, []Delegate{{For: asker, By: deputy, From: stands.From, Until: stands.Until}}}, 0, "not_in_group", ""},
		{"the pager before its time", crowded(nil), oncall, live, 0, "not_in_group", ""},
		{"the pager", crowded(escalated), oncall, live, 0, "", "pager"},
		{"one who joined the pager later", crowded(escalated), late, live, 0, "joined_later", ""},
		{"one who left the pager", crowded(escalated), oncall, Live{Members: map[string][]Actor{"one": {first}}}, 0, "not_in_group", ""},
		{"the requester on the pager", crowded(func(r *Request) { escalated(r); r.Checked.Verdict.Stages[0].Escalate[0].Could = []Actor{asker} }), asker, live, 0, "own_request", ""},
		{"the pager in the owners' seat", crowded(func(r *Request) { escalated(r); r.Checked.Verdict.Stages[0].Rules = []string{"account"} }), oncall, live, 0, "owners_only", ""},
		{"the pager beside the owners", crowded(func(r *Request) {
			escalated(r)
			r.Checked.Verdict.Stages[0].Rules, r.Checked.Verdict.Stages[0].Count = []string{"account"}, 2
		}), oncall, live, 0, "", "pager"},
		{"the pager twice, and no owner", crowded(func(r *Request) {
			escalated(r)
			r.Checked.Verdict.Stages[0].Rules, r.Checked.Verdict.Stages[0].Count = []string{"account"}, 2
			r.Checked.Verdict.Stages[0].Escalate[0].Could = []Actor{oncall, "another"}
			r.Approvals = []Approval{{By: Person{Actor: "another"}, Group: "pager", At: morning}}
		}), oncall, live, 0, "owners_only", ""},
		{"the pager for another stage", crowded(func(r *Request) {
			escalated(r)
			r.Approvals = []Approval{{By: Person{Actor: other}, Group: "one", At: morning}}
		}), oncall, live, 0, "not_in_group", ""},
		{"a member all the same", crowded(escalated), other, live, 0, "", "one"},
	} {
		bodies, err := c.f.Approve(Press{Request: "F-1.1", Digest: "d1"}, Person{Actor: c.by}, c.live, "shop-dev", morning.Add(c.at))
		check(t, c.name, bodies, err, c.code)
		said.note("approve", c.name, err)
		if c.code == "" && err == nil {
			b := bodies[0].(Approved)
			as := b.Group
			if b.For.Actor != "" {
				as += " for " + string(b.For.Actor)
			}
			if as != c.as {
				t.Errorf("%s: fills %q, want %q", c.name, as, c.as)
			}
		}
	}
	said.golden(t, "testdata/refusals/seats.txt")
}

// refusals collects what people are told, to be read as a whole.
type refusals struct{ lines []string }

func (s *refusals) note(verb, name string, err error) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		s.lines = append(s.lines, verb+", "+name+"\n    "+r.Code+": "+r.Say+"\n")
	}
}

// golden holds them to a file; FEDBOT_REDRAW=1 writes it.
func (s *refusals) golden(t *testing.T, file string) {
	t.Helper()
	slices.Sort(s.lines)
	got := strings.Join(s.lines, "")
	if os.Getenv("FEDBOT_REDRAW") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +now):\n%s", file, diff)
	}
}

// A deputy spends two people's votes: their own, and that of the person whose seat
// it is. Neither is left for a later stage.
func TestADeputySpendsTwoVotes(t *testing.T) {
	f := crowded(func(r *Request) { r.Checked.Verdict.Stages[1].Could = []Actor{first, deputy} })
	live := Live{Members: inside, Delegates: []Delegate{stands}}
	_, err := f.Approve(Press{Request: "F-1.1", Digest: "d1"}, Person{Actor: deputy}, live, "shop-dev", morning)
	check(t, "a deputy who is needed later, as is the person", nil, err, "needed_later")
}

// Deputies and the pager may say no and may ask, while they could approve.
func TestWhoIsAsked(t *testing.T) {
	pager := func(g string) bool { return g == "pager" }
	none := func(string) bool { return false }
	for name, c := range map[string]struct {
		f    Federation
		in   func(string) bool
		by   Actor
		at   time.Duration
		want bool
	}{
		"a deputy":                    {crowded(nil), none, deputy, 0, true},
		"a deputy after the last day": {crowded(nil), none, deputy, time.Hour, false},
		"the pager before its time":   {crowded(nil), pager, oncall, 0, false},
		"the pager":                   {crowded(escalated), pager, oncall, 0, true},
		"nobody":                      {crowded(escalated), none, nobody, 0, false},
	} {
		if got := c.f.Requests[0].asks(c.by, c.in, []Delegate{stands}, morning.Add(c.at)); got != c.want {
			t.Errorf("%s: asked %v", name, got)
		}
	}
}

func TestStandIns(t *testing.T) {
	v := Verdict{Stages: []Stage{{Group: "One", Could: []Actor{first, other}}, {Group: "two", Could: []Actor{first}}}}
	for name, c := range map[string]struct {
		d     Delegate
		never bool
		want  []int // how many in each stage
	}{
		"everywhere":                {stands, false, []int{1, 1}},
		"in one group":              {Delegate{Group: "one", For: first, By: deputy, Until: stands.Until}, false, []int{1, 0}},
		"for one who is in neither": {Delegate{For: nobody, By: deputy, Until: stands.Until}, false, []int{0, 0}},
		"the requester":             {Delegate{For: first, By: asker, Until: stands.Until}, false, []int{0, 0}},
		"for the requester":         {Delegate{For: asker, By: deputy, Until: stands.Until}, false, []int{0, 0}},
		"over":                      {Delegate{For: first, By: deputy, Until: morning}, false, []int{0, 0}},
		"forbidden by a rule":       {stands, true, []int{0, 0}},
	} {
		v.NoDelegates = c.never
		got := v.standIns(asker, []Delegate{c.d}, morning)
		for i, s := range got.Stages {
			if len(s.StandIns) != c.want[i] {
				t.Errorf("%s, stage %d: %v", name, i+1, s.StandIns)
			}
		}
		if slices.ContainsFunc(v.Stages, func(s Stage) bool { return s.StandIns != nil }) {
			t.Errorf("%s: it wrote into its receiver", name)
		}
	}
}
