package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	. "fedbot/workflows"
)

// records are a Historian that counts its questions.
type records struct {
	writers map[string][]Writer
	err     error
	asked   int
	since   time.Time
}

func (r *records) Writers(_ context.Context, _ Task, _ []string, since time.Time) (map[string][]Writer, error) {
	r.asked++
	r.since = since
	return r.writers, r.err
}

func (r *records) ByAddress(_ context.Context, email string) (Person, error) {
	if email == "second@example.com" {
		return Person{Actor: second, Name: "Second", Email: email}, nil
	}
	return Person{}, nil
}

func wroteBy(email string, claimed bool, at time.Time) Writer {
	return Writer{Who: "session of " + email, Email: email, Claimed: claimed, At: at, Source: "CloudTrail"}
}

func TestWhoMadeIt(t *testing.T) {
	me := Person{Actor: "slack:T1/U1", Name: "Me", Email: "Me@example.com"}
	plain := func(email string) Writer {
		w := wroteBy(email, false, noon)
		if email == "other@example.com" {
			w.Person = Person{Actor: "slack:T1/U2", Name: "Other", Email: email}
		}
		return w
	}
	claims := func(email string) Writer { return wroteBy(email, true, noon) }
	for _, c := range []struct {
		name   string
		by     []Writer
		who    Person
		self   bool
		unsure string
	}{
		{"their own, whatever the case of the address", []Writer{plain("me@EXAMPLE.com")}, me, true, ""},
		{"somebody else's", []Writer{plain("other@example.com")}, me, false, ""},
		{"an address that nobody in Slack has, which clears nobody", []Writer{plain("gone@example.com")}, me, false, "could not be matched"},
		{"their own, and somebody wrote it again after", []Writer{plain("other@example.com"), plain("me@example.com")}, me, true, ""},
		{"a person matched by the directory", []Writer{{Who: "w", Email: "alias@example.com", Person: Person{Actor: me.Actor}}}, me, true, ""},
		{"a writer without an address", []Writer{{Who: "user/administrator"}}, me, false, "user/administrator could not be matched"},
		{"their own beside one without an address", []Writer{{Who: "user/administrator"}, plain("me@example.com")}, me, true, ""},
		{"one name that its bearer chose", []Writer{claims("me@example.com")}, me, true, ""},
		{"one such name, and not theirs, which clears nobody", []Writer{claims("other@example.com")}, me, false, "could choose"},
		{"several such names bind nobody", []Writer{claims("me@example.com"), claims("other@example.com")}, me, false, "2 names that whoever signed in could choose"},
		{"but a confirmed one binds among them", []Writer{claims("x@example.com"), claims("other@example.com"), plain("me@example.com")}, me, true, ""},
		{"a presser without a confirmed address", []Writer{plain("other@example.com")}, Person{Actor: "slack:T1/U1", Name: "Me"}, false, "Slack confirms no address"},
		{"nobody is known", nil, me, false, "nobody read it"},
	} {
		got := Authors{Writers: c.by}.By(c.who)
		if got.Self != c.self || (c.unsure == "") != (got.Unsure == "") || !strings.Contains(got.Unsure, c.unsure) {
			t.Errorf("%s: self %v, unsure %q", c.name, got.Self, got.Unsure)
		}
	}
	if got := (Authors{Unknown: "CloudTrail may not be read"}).By(me); got.Self || got.Unsure != "CloudTrail may not be read" {
		t.Errorf("unknown: %+v", got)
	}
}

// The author is asked about once for each object, is never nobody, and is nobody's
// guess where the records are not whole.
func TestAuthorsAreNeverNobody(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	id := w.active()
	r := &records{writers: map[string][]Writer{"trust policy": {wroteBy("x@example.com", false, noon), wroteBy("second@example.com", false, noon.Add(time.Hour)),
		wroteBy("x@example.com", false, noon.Add(2*time.Hour))}}}
	e.Historians, e.Addresses = map[System]Historian{AWS: r}, r
	got := e.Authors(context.Background(), w.load(id), RoleID, []string{"trust policy", "description"})
	list := got["trust policy"].Writers
	if len(list) != 2 || list[0].Email != "x@example.com" || !list[0].At.Equal(noon.Add(2*time.Hour)) || list[1].Person.Actor != second {
		t.Errorf("writers, newest first and each once: %+v", list)
	}
	if a := got["description"]; a.Unknown == "" || len(a.Writers) > 0 {
		t.Errorf("a field that no record tells about: %+v", a)
	}
	if r.asked != 1 || !r.since.Equal(w.load(id).Steps.Get(RoleID).At) {
		t.Errorf("asked %d times, about what was written since %s", r.asked, r.since)
	}
	r.err = &Fault{Kind: ErrUnreadable, Say: "CloudTrail may not be read."}
	if a := e.Authors(context.Background(), w.load(id), RoleID, []string{"trust policy"})["trust policy"]; a.Unknown != "CloudTrail may not be read" || len(a.Writers) > 0 {
		t.Errorf("unread: %+v", a)
	}
	r.err, r.writers = nil, map[string][]Writer{}
	for i := range 30 {
		r.writers["trust policy"] = append(r.writers["trust policy"], wroteBy(strings.Repeat("x", i+1)+"@example.com", true, noon))
	}
	if a := e.Authors(context.Background(), w.load(id), RoleID, []string{"trust policy"})["trust policy"]; !strings.Contains(a.Unknown, "30") {
		t.Errorf("somebody who hides among thirty: %+v", a)
	}
	e.Historians = nil
	if a := e.Authors(context.Background(), w.load(id), RoleID, []string{"trust policy"})["trust policy"]; a.Unknown == "" {
		t.Errorf("no records at all: %+v", a)
	}
}

// Restoring one difference of an object puts back all of them, so that the author of
// any of them is refused; and who may not restore asks no records.
func TestAuthorOfAnotherFieldIsRefused(t *testing.T) {
	w := newWorld(t)
	e := w.engine()
	id := w.active()
	r := &records{writers: map[string][]Writer{"trust policy": {wroteBy("other@example.com", false, noon)}, "session length": {wroteBy("second@example.com", false, noon)}}}
	e.Historians, e.Addresses = map[System]Historian{AWS: r}, r
	w.append(id, Drifted{Findings: []Finding{{ID: "D-1", Step: RoleID, Field: "trust policy", Hash: "h"}, {ID: "D-2", Step: RoleID, Field: "session length", Hash: "h"}}})
	restore := func(by Actor) error {
		_, err := e.Order(context.Background(), Order{By: by, Federation: id, Verb: OrderRestore, Finding: "D-1", Hash: "h"})
		return err
	}
	if err := restore(auditor); !errors.Is(err, ErrRefused) || r.asked != 0 {
		t.Errorf("an auditor: %v, and the records were asked %d times", err, r.asked)
	}
	refusal, ok := errors.AsType[*Refusal](restore(second))
	if !ok || refusal.Code != "author" {
		t.Errorf("the author of the other field: %v", refusal)
	}
	_ = restore(second) // once more: kept once
	kept := 0
	for _, ev := range w.mem.events[id] {
		if b, ok := ev.Body.(RefusedPress); ok && b.Verb == "restore" && b.Code == "author" && ev.By.Actor == second {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("the history keeps %d times that the author pressed\n%s", kept, w.story(id))
	}
	if err := restore(approver); err != nil {
		t.Fatal(err)
	}
	events := w.mem.events[id]
	got, ok := events[len(events)-1].Body.(Restored)
	if !ok || got.Authors == nil || len(got.Authors.Writers) != 2 || got.Unsure == "" {
		t.Errorf("the history should keep who was known, and that %s has no address here: %+v", approver, got)
	}
}
