package policies

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// The data is some 22,000 actions in a quarter of a megabyte. It is unpacked when
// somebody first asks, and each service is read when it is first asked for; a
// program that never asks pays nothing.
//
//go:generate go run fedbot/internal/actiondata "$IAM_DATA" actiondata/actions.gz
//go:embed actiondata/actions.gz
var packedActions []byte

// openPlaces are what AWS leaves open in ARNs and keys: ${BucketName}, <key>.
var openPlaces = regexp.MustCompile(`\$\{[^}]*\}|<[^>]*>`)

// actionBook is the data, unpacked: its head and the text of each service.
type actionBook struct {
	version, date string
	keys          []ConditionKey
	services      map[string]func() service // by prefix
}

type service struct {
	title   string
	actions map[string]Action // by lower-case name
}

var book = sync.OnceValue(func() actionBook {
	opened.Store(true)
	return openActions(packedActions)
})

// opened says whether somebody asked yet.
var opened atomic.Bool

// ActionData says which release of the data is built in, and from which day:
// "0.21.202609261", "2026-09-26".
func ActionData() (version, date string) { return book().version, book().date }

// ServiceNames returns the prefixes of all services, in order.
func ServiceNames() []string { return keysOf(book().services, nil) }

// ServiceTitle returns the name of a service, such as "Amazon S3".
func ServiceTitle(prefix string) (string, bool) {
	s, ok := findService(strings.ToLower(prefix))
	return s.title, ok
}

func findService(prefix string) (service, bool) {
	read, ok := book().services[prefix]
	if !ok {
		return service{}, false
	}
	return read(), true
}

// openActions unpacks what internal/actiondata wrote; that command says what the
// lines mean. Data that is none holds no actions: a test holds the embedded data to
// its size.
func openActions(packed []byte) actionBook {
	b := actionBook{services: map[string]func() service{}}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return b
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return b
	}
	head, rest, _ := strings.Cut(string(raw), "\nS\t")
	for line := range strings.Lines(head) {
		switch f := fields(line, 3); f[0] {
		case "D":
			b.version, b.date = f[1], f[2]
		case "K":
			b.keys = append(b.keys, ConditionKey{f[1], f[2]})
		}
	}
	for text := range strings.SplitSeq(rest, "\nS\t") {
		prefix, _, _ := strings.Cut(text, "\t")
		b.services[prefix] = sync.OnceValue(func() service { return b.service(text) })
	}
	return b
}

func (b actionBook) service(text string) service {
	first, rest, _ := strings.Cut(text, "\n")
	prefix, title, _ := strings.Cut(first, "\t")
	s := service{title: title, actions: map[string]Action{}}
	types := map[string]ResourceType{}
	for line := range strings.Lines(rest) {
		f := fields(line, 6)
		switch f[0] {
		case "R":
			types[f[1]] = ResourceType{Name: f[1], ARN: f[2], Keys: b.list(f[3], ",")}
		case "A":
			a := Action{Name: prefix + ":" + f[1], Access: Access(f[2]), On: []ResourceType{}, Keys: b.list(f[4], ","), Depends: split(f[5], ",")}
			for _, on := range split(f[3], ",") {
				name, keys, _ := strings.Cut(on, "=")
				name, required := strings.CutSuffix(name, "!")
				t := types[name]
				t.Required, t.Keys = required, b.merge(t.Keys, b.list(keys, "+"))
				a.On = append(a.On, t)
			}
			s.actions[strings.ToLower(a.Name)] = a
		}
	}
	return s
}

// list reads the numbers of condition keys.
func (b actionBook) list(text, comma string) []ConditionKey {
	out := []ConditionKey{}
	for _, n := range split(text, comma) {
		if i, err := strconv.Atoi(n); err == nil && i >= 0 && i < len(b.keys) {
			out = append(out, b.keys[i])
		}
	}
	return out
}

func (b actionBook) merge(a, more []ConditionKey) []ConditionKey {
	out := slices.Clone(a)
	for _, k := range more {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// fields are the fields of a line, n of them however many there are.
func fields(line string, n int) []string {
	f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", n)
	for len(f) < n {
		f = append(f, "")
	}
	return f
}

// split is strings.Split, but nothing is no item.
func split(text, comma string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, comma)
}
