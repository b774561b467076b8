package policies

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// policyVersion is the one version of the policy language that is written and
// accepted; the older one reads variables differently.
const policyVersion = "2012-10-17"

// Document is an IAM policy document: of a role's trust, of its permissions, or of
// a permissions boundary.
type Document struct {
	Version   string      `json:"Version"`
	ID        string      `json:"Id,omitempty"`
	Statement []Statement `json:"Statement"`
}

// Statement is one statement of a Document. A list that is absent is nil.
type Statement struct {
	Sid          string     `json:"Sid,omitempty"`
	Effect       string     `json:"Effect"`
	Principal    principals `json:"Principal,omitempty"`
	NotPrincipal principals `json:"NotPrincipal,omitempty"`
	Action       list       `json:"Action,omitempty"`
	NotAction    list       `json:"NotAction,omitempty"`
	Resource     list       `json:"Resource,omitempty"`
	NotResource  list       `json:"NotResource,omitempty"`
	Condition    conditions `json:"Condition,omitempty"`
}

// principals maps "Federated", "AWS", … to names. A principal that is only "*" is
// the key "*".
type principals map[string]list

// conditions maps operator and key to values.
type conditions map[string]map[string]list

// list is one string or several; one is written as a plain string.
type list []string

// MarshalJSON writes one value as a string and several as a list.
func (l list) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return encode(l[0])
	}
	return encode([]string(l))
}

// MarshalJSON writes everybody as "*".
func (p principals) MarshalJSON() ([]byte, error) {
	if _, ok := p["*"]; ok && len(p) == 1 {
		return encode("*")
	}
	return encode(map[string]list(p))
}

// String returns the document as compact JSON, the form that IAM counts.
func (d Document) String() string { return compact(d) }

// compact writes a value that cannot fail to be written: structs, maps and slices
// of strings.
func compact(v any) string {
	raw, err := encode(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// encode writes JSON without the escapes that are meant for HTML: they would
// change what is counted and what is compared.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Size is how many characters IAM counts in a document: all but white space.
func Size(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// allows reports whether the statement is an Allow.
func (s Statement) allows() bool { return s.Effect == "Allow" }

// short is a label that fits into a sentence.
func (s Statement) short() string {
	if s.Sid != "" || len(s.Action) <= 3 {
		return s.label()
	}
	return "a statement without a name (" + firstFew(s.Action, 3) + ")"
}

// label is how a statement is named to people.
func (s Statement) label() string {
	if s.Sid != "" {
		return "statement " + s.Sid
	}
	return "a statement without a name (" + strings.Join(s.Action, ", ") + ")"
}
