package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrDocument is the kind of everything that Parse refuses.
var ErrDocument = errors.New("not a policy document that can be trusted")

// deepest is how far values may be nested; a policy needs five.
const deepest = 12

// Parse reads a policy document as strictly as a guard must: a key that is there
// twice at any depth, a field that no policy has, a field in another case, a value
// of another type, and data after the end are refused. encoding/json alone would
// keep the last of two keys in silence, and that is how conditions get lost.
func Parse(text string) (Document, error) { return parse(text, keepNone) }

// keeping is what becomes of a key that is there twice.
type keeping string

const (
	keepNone  keeping = "" // the document is refused
	keepFirst keeping = "first"
	keepLast  keeping = "last"
)

func parse(text string, keep keeping) (Document, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	r := &reader{d, text, keep}
	tree, err := r.value(0)
	if err != nil {
		return Document{}, fmt.Errorf("read document: %w: %w", err, ErrDocument)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Document{}, fmt.Errorf("read document: %w: %w", r.fail("something follows its end"), ErrDocument)
	}
	doc, err := toDocument(tree)
	if err != nil {
		return Document{}, fmt.Errorf("read document: %w: %w", err, ErrDocument)
	}
	return doc, nil
}

// misread is a mistake of a document with its place.
type misread struct {
	say          string
	line, column int
}

func (m *misread) Error() string { return m.say }

// placeOf says where in a document a mistake is, if that is known.
func placeOf(err error) string {
	if m := (*misread)(nil); errors.As(err, &m) {
		return fmt.Sprintf("line %d, column %d", m.line, m.column)
	}
	return ""
}

// unread is what people are told about a document that Parse refused.
func unread(err error) string {
	return "could not be read safely: " + strings.TrimSuffix(strings.TrimPrefix(err.Error(), "read document: "), ": "+ErrDocument.Error()) + "."
}

// reader reads JSON without losing keys in silence.
type reader struct {
	d    *json.Decoder
	text string
	keep keeping
}

// fail is a mistake at the place that was read last.
func (r *reader) fail(format string, args ...any) error {
	before := r.text[:min(int(r.d.InputOffset()), len(r.text))]
	line := strings.Count(before, "\n") + 1
	return &misread{fmt.Sprintf(format, args...), line, len(before) - strings.LastIndex(before, "\n")}
}

func (r *reader) value(depth int) (any, error) {
	if depth > deepest {
		return nil, r.fail("nested too deeply")
	}
	t, err := r.d.Token()
	if err != nil {
		return nil, r.fail("not JSON")
	}
	switch t {
	case json.Delim('{'):
		return r.object(depth)
	case json.Delim('['):
		var out []any
		for r.d.More() {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if _, err := r.d.Token(); err != nil {
			return nil, r.fail("not JSON")
		}
		return out, nil
	}
	return t, nil
}

func (r *reader) object(depth int) (any, error) {
	out := map[string]any{}
	seen := map[string]string{} // keys by themselves in lower case
	for r.d.More() {
		t, err := r.d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, r.fail("not JSON")
		}
		// IAM reads condition keys and operators without regard to case, so two
		// that differ in case alone are the same key twice.
		fold := strings.ToLower(key)
		before, twice := seen[fold]
		if twice && r.keep == keepNone {
			return nil, r.fail("the key %q is there twice", key)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if twice && r.keep == keepFirst {
			continue
		}
		if twice {
			delete(out, before)
		}
		seen[fold], out[key] = key, v
	}
	if _, err := r.d.Token(); err != nil {
		return nil, r.fail("not JSON")
	}
	return out, nil
}

func toDocument(tree any) (Document, error) {
	m, ok := tree.(map[string]any)
	if !ok {
		return Document{}, errors.New("not an object")
	}
	var d Document
	var err error
	for key, v := range m {
		switch key {
		case "Version":
			d.Version, err = toString(key, v)
		case "Id":
			d.ID, err = toString(key, v)
		case "Statement":
			d.Statement, err = toStatements(v)
		default:
			err = fmt.Errorf("the field %q is unknown", key)
		}
		if err != nil {
			return Document{}, err
		}
	}
	if len(d.Statement) == 0 {
		return Document{}, errors.New("it has no statement")
	}
	return d, nil
}

func toStatements(v any) ([]Statement, error) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	var out []Statement
	for _, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("a statement is not an object")
		}
		s, err := toStatement(m)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func toStatement(m map[string]any) (Statement, error) {
	var s Statement
	var err error
	for key, v := range m {
		switch key {
		case "Sid":
			s.Sid, err = toString(key, v)
		case "Effect":
			s.Effect, err = toString(key, v)
		case "Principal":
			s.Principal, err = toPrincipals(v)
		case "NotPrincipal":
			s.NotPrincipal, err = toPrincipals(v)
		case "Action":
			s.Action, err = toList(key, v)
		case "NotAction":
			s.NotAction, err = toList(key, v)
		case "Resource":
			s.Resource, err = toList(key, v)
		case "NotResource":
			s.NotResource, err = toList(key, v)
		case "Condition":
			s.Condition, err = toConditions(v)
		default:
			err = fmt.Errorf("the field %q is unknown", key)
		}
		if err != nil {
			return Statement{}, err
		}
	}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return Statement{}, fmt.Errorf("the effect %q is neither Allow nor Deny", s.Effect)
	}
	return s, nil
}

func toString(key string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s is not a string", key)
	}
	return s, nil
}

func toList(key string, v any) (list, error) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	out := make(list, 0, len(items))
	for _, item := range items {
		s, err := toString(key, item)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is empty", key)
	}
	return out, nil
}

func toPrincipals(v any) (principals, error) {
	if v == "*" {
		return principals{"*": {"*"}}, nil
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 {
		return nil, errors.New("a principal is neither an object nor *")
	}
	out := principals{}
	for kind, names := range m {
		switch kind {
		case "AWS", "Federated", "Service", "CanonicalUser":
		default:
			return nil, fmt.Errorf("the principal type %q is unknown", kind)
		}
		l, err := toList(kind, names)
		if err != nil {
			return nil, err
		}
		out[kind] = l
	}
	return out, nil
}

func toConditions(v any) (conditions, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("the Condition is not an object")
	}
	out := conditions{}
	for op, block := range m {
		keys, ok := block.(map[string]any)
		if !ok || len(keys) == 0 {
			return nil, fmt.Errorf("the condition %q is not an object with keys", op)
		}
		out[op] = map[string]list{}
		for key, values := range keys {
			l, err := toValues(key, values)
			if err != nil {
				return nil, err
			}
			out[op][key] = l
		}
	}
	return out, nil
}

// toValues reads condition values, where true and "true", 5 and "5" are the same.
func toValues(key string, v any) (list, error) {
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	for i, item := range items {
		switch x := item.(type) {
		case bool:
			items[i] = fmt.Sprint(x)
		case json.Number:
			items[i] = x.String()
		}
	}
	return toList(key, items)
}
