package workflows

import (
	"slices"
	"testing"
	"time"
)

// reminding is open with reminders after an hour, three at most, and a stage that
// escalates after four hours. It lapses after a day.
func reminding() Federation {
	return bend(func(_ *Federation, r *Request) {
		v := &r.Checked.Verdict
		r.Checked.Lapses, v.Lapse = morning.Add(24*time.Hour), 24*time.Hour
		v.Remind = Reminding{After: time.Hour, Most: 3}
		v.Stages[0].Escalate = []Escalation{{After: 4 * time.Hour, Group: "pager"}}
	})
}

// calls lets the hours go by and writes down what is called when; look says how often
// somebody looks.
func calls(t *testing.T, f Federation, look, until time.Duration) []string {
	t.Helper()
	var out []string
	for at := time.Duration(0); at <= until; at += look {
		for {
			r := &f.Requests[0]
			when, b := r.prompt()
			if b == nil || morning.Add(at).Before(when) {
				break
			}
			if due := f.Due(); due.After(when) {
				t.Errorf("a call at %s and nothing due before %s", when, due)
			}
			next, err := f.Apply(Event{At: morning.Add(at), By: Person{Actor: Fedbot}, Body: b})
			if err != nil {
				t.Fatal(err)
			}
			f = next
			out = append(out, at.String()+" "+string(b.kind()))
		}
	}
	return out
}

func TestRemindersBackOff(t *testing.T) {
	want := []string{"1h0m0s reminded", "3h0m0s reminded", "4h0m0s escalated", "7h0m0s reminded"}
	if got := calls(t, reminding(), time.Minute, 30*time.Hour); !slices.Equal(got, want) {
		t.Errorf("called %v, want %v", got, want)
	}
}

// The attack: a fedbot that was away comes back, and the thread is flooded with what
// it missed.
func TestMissedRemindersAreNotMadeUpFor(t *testing.T) {
	want := []string{"10h0m0s reminded", "10h0m0s escalated", "20h0m0s reminded"}
	if got := calls(t, reminding(), 10*time.Hour, 50*time.Hour); !slices.Equal(got, want) {
		t.Errorf("called %v, want %v", got, want)
	}
}

func TestNobodyIsCalledForNothing(t *testing.T) {
	decided := reminding()
	decided.Requests[0].Approvals = complete().Requests[0].Approvals
	decided.Requests[0].DecidedAt = morning
	denied := reminding()
	denied.Requests[0].State = RequestClosed
	short := reminding()
	short.Requests[0].Checked.Lapses, short.Requests[0].Checked.Verdict.Lapse = morning.Add(time.Hour), time.Hour
	never := reminding()
	never.Requests[0].Checked.Verdict.Remind = Reminding{}
	never.Requests[0].Checked.Verdict.Stages[0].Escalate = nil
	for name, f := range map[string]Federation{"decided": decided, "denied": denied, "lapsed by then": short, "no rule says so": never} {
		if at, b := f.Requests[0].prompt(); b != nil || !at.IsZero() {
			t.Errorf("%s: %v at %s", name, b, at)
		}
	}
}

// A new turn begins its own hours, and forgets the reminders of the one before.
func TestEachTurnIsRemindedAnew(t *testing.T) {
	f := reminding()
	for _, e := range []Event{{At: morning.Add(time.Hour), Body: Reminded{Request: "F-1.1", Number: 1}},
		{At: morning.Add(2 * time.Hour), By: Person{Actor: first}, Body: Approved{Request: "F-1.1", Group: "one"}}} {
		var err error
		if f, err = f.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	at, b := f.Requests[0].prompt()
	if r, ok := b.(Reminded); !ok || r.Stage != 1 || r.Number != 1 || !at.Equal(morning.Add(3*time.Hour)) {
		t.Errorf("stage two is called by %+v at %s", b, at)
	}
}
