package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// TrustInput is one trust policy as it was found in what somebody handed over.
type TrustInput struct {
	Role     string // ARN or name; empty for a bare document
	Account  string // 12 digits, of the role's ARN; empty if unknown
	Document string
	Listed   bool // one of a list of an account's roles
}

// ErrNoTrust is what ReadTrust fails with when no trust policy is in a text.
var ErrNoTrust = errors.New("there is no trust policy in it")

// largestInput bounds what is read: an account's authorization details take some
// megabytes.
const largestInput = 256 << 20

// ReadTrust finds the trust policies in a text: a bare document, plain, as a JSON
// string or percent-encoded as IAM returns it; what aws iam get-role, list-roles and
// get-account-authorization-details print; or a list of roles. Whether a listing was
// complete is told: a truncated one hides roles.
func ReadTrust(text string) (found []TrustInput, complete bool, err error) {
	if len(text) > largestInput {
		return nil, false, fmt.Errorf("read trust policy: it is larger than %d bytes: %w", largestInput, ErrNoTrust)
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if decoded, ok := decoded(text); ok {
		return []TrustInput{{Document: decoded}}, true, nil
	}
	members, list, ok := outline(text)
	if !ok {
		return []TrustInput{{Document: text}}, true, nil // not JSON, or a key twice: the judge says so
	}
	if members.has("Statement") || list == nil && !members.has("Role", "Roles", "RoleDetailList", "AssumeRolePolicyDocument") {
		return []TrustInput{{Document: text}}, true, nil
	}
	complete = true
	if more := strings.TrimSpace(string(members["IsTruncated"])); more == "true" || len(members["Marker"]) > 0 || len(members["NextToken"]) > 0 {
		complete = false
	}
	switch {
	case members.has("AssumeRolePolicyDocument"):
		list = []json.RawMessage{json.RawMessage(text)}
	case members.has("Role"):
		list = []json.RawMessage{members["Role"]}
	default:
		for _, name := range []string{"Roles", "RoleDetailList"} {
			if members.has(name) {
				_, more, ok := outline(string(members[name]))
				if !ok {
					return nil, complete, fmt.Errorf("read trust policy: %s is not a list: %w", name, ErrNoTrust)
				}
				list = append(list, more...)
			}
		}
	}
	for i, raw := range list {
		in, err := readRole(raw)
		if err != nil {
			return nil, complete, fmt.Errorf("read trust policy: role %d: %w", i+1, err)
		}
		in.Listed = !members.has("Role", "AssumeRolePolicyDocument")
		found = append(found, in)
	}
	if len(found) == 0 {
		return nil, complete, fmt.Errorf("read trust policy: it lists no role: %w", ErrNoTrust)
	}
	return found, complete, nil
}

// decoded is a document out of a JSON string, or out of IAM's percent-encoding.
// PathUnescape leaves a plus as it is, as IAM means it.
func decoded(text string) (string, bool) {
	if strings.HasPrefix(text, `"`) {
		var s string
		if json.Unmarshal([]byte(text), &s) != nil {
			return "", false
		}
		text = s
		if plain, ok := decoded(text); ok {
			return plain, true
		}
		return text, true
	}
	if strings.HasPrefix(text, "%7B") || strings.HasPrefix(text, "%7b") {
		plain, err := url.PathUnescape(text)
		return plain, err == nil
	}
	return "", false
}

// object are the members of a JSON object, not yet read themselves.
type object map[string]json.RawMessage

func (o object) has(names ...string) bool {
	for _, n := range names {
		if _, ok := o[n]; ok {
			return true
		}
	}
	return false
}

// outline reads the outermost level of an object or a list. Not ok: it is neither,
// a key is there twice, or something follows its end.
func outline(text string) (members object, list []json.RawMessage, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	t, err := d.Token()
	if err != nil || t != json.Delim('{') && t != json.Delim('[') {
		return nil, nil, false
	}
	members, list = object{}, []json.RawMessage{}
	for d.More() {
		key := ""
		if t == json.Delim('{') {
			name, err := d.Token()
			if key, ok = name.(string); err != nil || !ok || members.has(key) {
				return nil, nil, false
			}
		}
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, nil, false
		}
		members[key], list = raw, append(list, raw)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, false
	}
	if t == json.Delim('{') {
		return members, nil, true
	}
	return object{}, list, true
}

func readRole(raw json.RawMessage) (TrustInput, error) {
	members, _, ok := outline(string(raw))
	document := strings.TrimSpace(string(members["AssumeRolePolicyDocument"]))
	if !ok || document == "" {
		return TrustInput{}, fmt.Errorf("it has no AssumeRolePolicyDocument: %w", ErrNoTrust)
	}
	in := TrustInput{Document: document}
	if plain, ok := decoded(document); ok {
		in.Document = plain
	}
	var arn, name string
	_ = json.Unmarshal(members["Arn"], &arn) // no string is no name
	_ = json.Unmarshal(members["RoleName"], &name)
	if in.Role = arn; arn == "" {
		in.Role = name
	}
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 && account.MatchString(part[4]) {
		in.Account = part[4]
	}
	return in, nil
}
