package workflows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Historian reads who wrote an object, from the foreign system's own records. It
// changes nothing. Writers returns, for each field that was found different, those
// whose writes after since can have made that difference, newest first and without
// fedbot itself; a field with nobody is left out. An error says why the records
// cannot be believed to be whole: not allowed, too many, not answering.
type Historian interface {
	Writers(ctx context.Context, t Task, fields []string, since time.Time) (map[string][]Writer, error)
}

// AddressBook finds the one person of the directory with a confirmed e-mail
// address. Nobody is the zero Person and no error.
type AddressBook interface {
	ByAddress(ctx context.Context, email string) (Person, error)
}

// Writer is somebody who wrote an object after fedbot last did, as the foreign
// system's record names them.
type Writer struct {
	Who     string    `json:"who"`               // "assumed-role/OrganizationAdmin/account-owner", "Account owner"
	Email   string    `json:"email,omitempty"`   // the address that the record gives; empty: none
	Claimed bool      `json:"claimed,omitempty"` // the address stands in a name that whoever signed in could choose
	Person  Person    `json:"person,omitzero"`   // of the directory, by the address; zero: not matched
	At      time.Time `json:"at"`
	From    string    `json:"from,omitempty"` // network address
	Did     string    `json:"did,omitempty"`  // in the record's own words: "UpdateAssumeRolePolicy"
	Source  string    `json:"source"`         // "CloudTrail", "Azure DevOps audit log"
}

// Authors are who can have made a difference, or why that is not known. It is
// never nobody.
type Authors struct {
	Writers []Writer `json:"writers,omitempty"` // newest first, each once
	Unknown string   `json:"unknown,omitempty"` // why it is not known; a clause without a full stop
}

const (
	mostWriters = 20               // of one difference; more is somebody hiding among them
	authorTime  = 20 * time.Second // for all reads about one object
)

// Authors reads who can have made differences in one step's object. It does not
// fail: what cannot be read is an answer that says why.
func (e *Engine) Authors(ctx context.Context, f Federation, id StepID, fields []string) map[string]Authors {
	ctx, cancel := context.WithTimeout(ctx, authorTime)
	defer cancel()
	found, err := e.writers(ctx, f, id, fields)
	book := map[string]Person{}
	out := map[string]Authors{}
	for _, field := range fields {
		switch list := once(found[field]); {
		case err != nil:
			out[field] = Authors{Unknown: clause(Said(err))}
		case len(list) == 0:
			out[field] = Authors{Unknown: "no record names who changed it yet; records can be 15 minutes late"}
		case len(list) > mostWriters:
			out[field] = Authors{Unknown: fmt.Sprintf("the records name %d who changed it, too many to tell them apart", len(list))}
		default:
			for i := range list {
				list[i].Person = e.address(ctx, book, list[i].Email)
			}
			out[field] = Authors{Writers: list}
		}
	}
	return out
}

func (e *Engine) writers(ctx context.Context, f Federation, id StepID, fields []string) (map[string][]Writer, error) {
	s, ok := f.step(id)
	if !ok {
		return nil, &Fault{Say: "its step is in no plan any more"}
	}
	step, err := s.Fill(f.Steps.Get(ConnectionID).Ref, f.Steps.Get(RoleID).Ref)
	if err != nil {
		return nil, err
	}
	historian, ok := e.Historians[s.System]
	if !ok {
		return nil, &Fault{Say: "fedbot reads no records there"}
	}
	return historian.Writers(ctx, e.task(f, step, e.Now()), fields, f.Steps.Get(id).At)
}

// address matches by the confirmed address and by nothing else. A directory that
// does not answer matches nobody here; the press compares addresses again.
func (e *Engine) address(ctx context.Context, book map[string]Person, email string) Person {
	if email == "" || e.Addresses == nil {
		return Person{}
	}
	p, ok := book[strings.ToLower(email)]
	if !ok {
		p, _ = e.Addresses.ByAddress(ctx, email)
		book[strings.ToLower(email)] = p
	}
	return p
}

// once keeps the newest write of each writer, newest first.
func once(all []Writer) []Writer {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Writer) int { return b.At.Compare(a.At) })
	var out []Writer
	for _, w := range all {
		if !slices.ContainsFunc(out, func(o Writer) bool { return o.Who == w.Who && strings.EqualFold(o.Email, w.Email) }) {
			out = append(out, w)
		}
	}
	return out
}

// Wrote is what can be said about whether somebody made a change: they did, they
// did not, or it cannot be told, and why.
type Wrote struct {
	Self   bool
	Unsure string // why it cannot be told; empty: it can
	All    Authors
}

// By holds a person against the authors. An address that a record confirms binds;
// one in a name that its bearer chose binds as well, unless several such names are
// in play: then somebody is using other people's names to keep them from restoring.
func (a Authors) By(who Person) Wrote {
	out := Wrote{All: a}
	if a.Unknown != "" || len(a.Writers) == 0 {
		out.Unsure = or(a.Unknown, "nobody read it")
	}
	claims := map[string]bool{}
	for _, w := range a.Writers {
		if w.Claimed && w.Email != "" {
			claims[strings.ToLower(w.Email)] = true
		}
	}
	for _, w := range a.Writers {
		binding := w.Email != "" && (!w.Claimed || len(claims) == 1)
		switch {
		case binding && (strings.EqualFold(w.Email, who.Email) || w.Person.Actor != "" && w.Person.Actor == who.Actor):
			out.Self = true
		case w.Email == "" || !w.Claimed && w.Person.Actor == "": // whoever changed their own address in Slack is matched to nobody
			out.Unsure = w.Who + " could not be matched to a person"
		case !binding:
			out.Unsure = fmt.Sprintf("the records hold %d names that whoever signed in could choose", len(claims))
		case w.Claimed:
			out.Unsure = w.Who + " is a name that whoever signed in could choose"
		case who.Email == "":
			out.Unsure = "Slack confirms no address of " + who.Name
		}
	}
	if out.Self {
		out.Unsure = ""
	}
	return out
}

func (w Wrote) of() *Authors {
	if w.All.Unknown == "" && len(w.All.Writers) == 0 {
		return nil
	}
	return &w.All
}

// joined are the authors of several differences of one object: restoring it puts
// all of them back.
func joined(all map[string]Authors) Authors {
	var out Authors
	for _, a := range all {
		if a.Unknown != "" {
			out.Unknown = a.Unknown
		}
		out.Writers = append(out.Writers, a.Writers...)
	}
	out.Writers = once(out.Writers)
	return out
}

// Same reports whether two readings name the same authors.
func (a *Authors) Same(b *Authors) bool {
	if a == nil || b == nil {
		return a == b
	}
	return (a.Unknown == "") == (b.Unknown == "") && slices.EqualFunc(a.Writers, b.Writers, func(x, y Writer) bool {
		return x.Who == y.Who && x.At.Equal(y.At) && x.Person.Actor == y.Person.Actor
	})
}

// Known reports whether somebody is named.
func (a *Authors) Known() bool { return a != nil && a.Unknown == "" && len(a.Writers) > 0 }

// Verb is "Removed" or "Changed", for what was done to the object.
func (f Finding) Verb() string {
	if f.Field == "exists" {
		return "Removed"
	}
	return "Changed"
}

// TellAuthors says in a sentence who made the difference; times are UTC.
func TellAuthors(f Finding) string {
	if !f.Authors.Known() {
		return f.AuthorUnknown()
	}
	w := f.Authors.Writers[0]
	return fmt.Sprintf("%s by %s%s, %s UTC (%s)%s.", f.Verb(), w.Name(), w.Where(), w.At.UTC().Format("2 Jan 15:04"), w.Source, f.Authors.Others())
}

// AuthorUnknown is "Author not known: why."
func (f Finding) AuthorUnknown() string {
	if f.Authors == nil {
		return "Author not known: it was found before fedbot asked."
	}
	return "Author not known: " + clause(or(f.Authors.Unknown, "nobody read it")) + "."
}

// Name is the record's name for the writer, and the person behind it where one
// was matched.
func (w Writer) Name() string {
	switch {
	case w.Person.Name == "":
		return w.Who + ", matched to nobody in Slack"
	case w.Claimed:
		return w.Who + ", a name that whoever signed in could choose"
	case w.Person.Name == w.Who:
		return w.Who
	}
	return w.Who + " (" + w.Person.Name + ")"
}

// Where is " from 203.0.113.7", or nothing.
func (w Writer) Where() string {
	if w.From == "" {
		return ""
	}
	return " from " + w.From
}

// Others is ", and 2 others after fedbot last wrote it", or nothing.
func (a Authors) Others() string {
	switch n := len(a.Writers) - 1; {
	case n <= 0:
		return ""
	case n == 1:
		return "; before, by " + a.Writers[1].Who
	default:
		return fmt.Sprintf("; before, by %d others", n)
	}
}

func clause(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }
