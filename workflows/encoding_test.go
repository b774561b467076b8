package workflows

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// full sets every field that an encoding has to something that is not zero, so
// that an example shows each of them.
func full(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("a " + strings.ReplaceAll(name, "_", " "))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		full(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		full(v.Index(0), name)
	case reflect.Map:
		key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		full(key, "key")
		full(val, "value")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, val)
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = time.Date(2026, 3, 2, 12, 0, 0, 250_000_000, time.UTC)
			return
		}
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			full(v.Field(i), tag)
		}
	}
}

func example(kind EventKind) Event {
	b := kinds[kind]()
	full(reflect.ValueOf(b).Elem(), "")
	return Event{
		At: time.Date(2026, 3, 2, 11, 59, 0, 0, time.UTC), By: Person{"slack:T0001/U0001", "Requester", "requester@example.com"}, Body: deref(b),
	}
}

// TestEventsDecodeForEver holds the encoding of every kind to an example in
// testdata. An example is never edited: a history may hold one like it. New
// fields are added to it with omitempty, and the old example is kept beside.
func TestEventsDecodeForEver(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[EventKind]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e Event
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		found[e.Kind()] = true
		if diff := cmp.Diff(string(raw), indented(t, e)); diff != "" {
			t.Errorf("%s is encoded otherwise now (-was +is):\n%s", file, diff)
		}
	}
	for kind := range kinds {
		file := "testdata/events/" + string(kind) + ".json"
		if found[kind] {
			continue
		}
		t.Errorf("%s has no example; it should hold\n%s", file, indented(t, example(kind)))
		if os.Getenv("FEDBOT_REDRAW") != "" {
			if err := os.WriteFile(file, []byte(indented(t, example(kind))), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestExamplesAreRich demands that the examples show every field that there is.
func TestExamplesAreRich(t *testing.T) {
	for kind := range kinds {
		raw, err := os.ReadFile("testdata/events/" + string(kind) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), indented(t, example(kind))); diff != "" {
			t.Errorf("%s shows not every field (-example +all fields):\n%s", kind, diff)
		}
	}
}

func indented(t *testing.T, e Event) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEventsThatNobodyWrote(t *testing.T) {
	for name, raw := range map[string]string{
		"an unknown kind":  `{"kind":"vanished","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{}}`,
		"no kind":          `{"at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{}}`,
		"an unknown field": `{"kind":"denied","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{"request":"F-1.1","mood":"bad"}}`,
		"a field too deep": `{"kind":"seen","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{"proof":{"colour":"red"}}}`,
		"beside the body":  `{"kind":"expired","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{},"note":"x"}`,
		"about a person":   `{"kind":"expired","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A","rank":1},"body":{}}`,
		"no body":          `{"kind":"expired","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"}}`,
		"a null body":      `{"kind":"expired","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":null}`,
		"a wrong type":     `{"kind":"denied","at":"2026-03-02T12:00:00Z","by":{"actor":"a","name":"A"},"body":{"request":7}}`,
		"no object":        `[]`,
	} {
		var e Event
		if err := json.Unmarshal([]byte(raw), &e); err == nil {
			t.Errorf("%s was read as %s", name, e.Kind())
		}
	}
	if _, err := json.Marshal(Event{}); err == nil {
		t.Error("an event without a body was written")
	}
}

// FuzzEvent reads anything: what is read is written the same way ever after, and
// no federation breaks on it.
func FuzzEvent(f *testing.F) {
	for kind := range kinds {
		raw, err := json.Marshal(example(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e Event
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		once, err := json.Marshal(e)
		if err != nil {
			return // a year that cannot be written
		}
		var again Event
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("wrote what it cannot read: %v\n%s", err, once)
		}
		if twice := mustJSON(t, again); twice != string(once) {
			t.Fatalf("written as\n%s\nand then as\n%s", once, twice)
		}
		_ = Tell(e)
	})
}
