package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// PolicyInput are the permissions policies of one role, or one policy that stands
// alone, as they were found in what somebody handed over.
type PolicyInput struct {
	Name      string            // of the role or the policy; empty for a bare document
	Account   string            // 12 digits, of its ARN; empty if unknown
	Documents map[string]string // policy name → document
	Attached  []string          // ARNs of managed policies of the role
	Boundary  string            // ARN of its permissions boundary
}

// ErrNoPolicy is what ReadPolicies fails with when no permissions policy is in a text.
var ErrNoPolicy = errors.New("there is no permissions policy in it")

// ReadPolicies finds the permissions policies in a text: a bare document, plain, as a
// JSON string or percent-encoded; what aws iam get-role-policy, get-policy-version and
// get-account-authorization-details print. Whether a listing was complete is told.
func ReadPolicies(text string) (found []PolicyInput, complete bool, err error) {
	if len(text) > largestInput {
		return nil, false, fmt.Errorf("read policy: it is larger than %d bytes: %w", largestInput, ErrNoPolicy)
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if plain, ok := decoded(text); ok {
		text = plain
	}
	bare := []PolicyInput{{Documents: map[string]string{"policy": text}}}
	members, _, ok := outline(text)
	if !ok || members.has("Statement") {
		return bare, true, nil // not JSON, or a key twice: the linter says so
	}
	complete = strings.TrimSpace(string(members["IsTruncated"])) != "true" && len(members["NextToken"]) == 0
	switch {
	case members.has("PolicyDocument"):
		in := PolicyInput{Name: members.text("RoleName"), Documents: map[string]string{}}
		return []PolicyInput{in}, true, in.add(members, "PolicyDocument")
	case members.has("PolicyVersion"):
		version, _, _ := outline(string(members["PolicyVersion"]))
		in := PolicyInput{Documents: map[string]string{}}
		return []PolicyInput{in}, true, in.add(version, "Document")
	case !members.has("RoleDetailList", "Policies"):
		return bare, true, nil
	}
	if found, err = detailed(members); err != nil {
		return nil, complete, err
	}
	if len(found) == 0 {
		return nil, complete, fmt.Errorf("read policy: it lists no policy: %w", ErrNoPolicy)
	}
	return found, complete, nil
}

// detailed reads an account's authorization details: the inline policies of each role,
// and each customer managed policy in its version in force.
func detailed(members object) ([]PolicyInput, error) {
	var out []PolicyInput
	for _, raw := range members.list("RoleDetailList") {
		role, _, ok := outline(string(raw))
		if !ok {
			return nil, fmt.Errorf("read policy: a role could not be read: %w", ErrNoPolicy)
		}
		in := PolicyInput{Name: role.text("Arn"), Documents: map[string]string{}}
		in.Account = accountOf(in.Name)
		for _, inline := range role.list("RolePolicyList") {
			policy, _, _ := outline(string(inline))
			if err := in.add(policy, "PolicyDocument"); err != nil {
				return nil, err
			}
		}
		for _, attached := range role.list("AttachedManagedPolicies") {
			policy, _, _ := outline(string(attached))
			in.Attached = append(in.Attached, policy.text("PolicyArn"))
		}
		if b, _, ok := outline(string(role["PermissionsBoundary"])); ok {
			in.Boundary = b.text("PermissionsBoundaryArn")
		}
		out = append(out, in)
	}
	for _, raw := range members.list("Policies") {
		policy, _, _ := outline(string(raw))
		in := PolicyInput{Name: policy.text("Arn"), Account: accountOf(policy.text("Arn")), Documents: map[string]string{}}
		for _, version := range policy.list("PolicyVersionList") {
			v, _, _ := outline(string(version))
			if strings.TrimSpace(string(v["IsDefaultVersion"])) != "true" {
				continue
			}
			if err := in.add(v, "Document"); err != nil {
				return nil, err
			}
		}
		out = append(out, in)
	}
	return out, nil
}

// add takes a document out of the object that holds it.
func (in *PolicyInput) add(holder object, member string) error {
	document := strings.TrimSpace(string(holder[member]))
	if document == "" {
		return fmt.Errorf("read policy: it has no %s: %w", member, ErrNoPolicy)
	}
	if plain, ok := decoded(document); ok {
		document = plain
	}
	name := holder.text("PolicyName")
	if name == "" {
		name = "policy"
	}
	if _, twice := in.Documents[name]; twice {
		return fmt.Errorf("read policy: the policy %s is there twice: %w", shown(name), ErrNoPolicy)
	}
	in.Documents[name] = document
	return nil
}

// text is a member that is a string; anything else is none.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// list are the items of a member that is a list.
func (o object) list(name string) []json.RawMessage {
	_, items, _ := outline(string(o[name]))
	return items
}

func accountOf(arn string) string {
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 && account.MatchString(part[4]) {
		return part[4]
	}
	return ""
}

// Lint looks at everything that was found of one role or policy.
func (in PolicyInput) Lint(frame LintFrame) []Problem {
	if in.Account != "" {
		frame.Account = in.Account
	}
	out := LintPermissions(in.Documents, frame)
	for _, p := range LintRole(RoleFacts{Attached: in.Attached}) {
		if p.Code == "I17" { // of the rest of the role nothing is known
			out = append(out, p)
		}
	}
	return ordered(out)
}
