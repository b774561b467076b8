package aws

import (
	"encoding/json"
	"maps"
	"slices"
)

// document is a parsed policy.
type document struct {
	version    string
	statements []statement
}

type statement struct {
	sid, effect                                          string
	principals, notPrincipals                            []principal
	hasPrincipal, hasNotPrincipal                        bool
	actions, notActions, resources, notResources         []string
	hasAction, hasNotAction, hasResource, hasNotResource bool
	conditions                                           []condition
}

// principal is one entry of a Principal element: {"AWS": "…"} has the kind "AWS".
type principal struct{ kind, value string }

type condition struct {
	operator operator
	key      string
	values   []string
}

// malformed is how IAM refuses a policy document.
func malformed(format string, args ...any) *refusal {
	return refuse(400, "MalformedPolicyDocument", format, args...)
}

// parseDocument reads a policy of any kind and refuses what no policy may hold.
func parseDocument(text string) (*document, error) {
	v, err := parseStrict(text)
	if err != nil {
		return nil, malformed("This policy contains invalid Json")
	}
	top, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("Syntax errors in policy.")
	}
	d := &document{version: "2008-10-17"}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		switch key {
		case "Version":
			d.version, _ = top[key].(string)
			if d.version != "2012-10-17" && d.version != "2008-10-17" {
				return nil, malformed("The policy must contain a valid version string")
			}
		case "Id":
			if _, ok := top[key].(string); !ok {
				return nil, malformed("Syntax errors in policy.")
			}
		case "Statement":
			if err := d.parseStatements(top[key]); err != nil {
				return nil, err
			}
		default:
			return nil, malformed("Syntax errors in policy.")
		}
	}
	if len(d.statements) == 0 {
		return nil, malformed("Syntax errors in policy.")
	}
	return d, nil
}

func (d *document) parseStatements(v any) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	sids := map[string]bool{}
	for _, one := range list {
		object, ok := one.(map[string]any)
		if !ok {
			return malformed("Syntax errors in policy.")
		}
		st, err := parseStatement(object)
		if err != nil {
			return err
		}
		if st.sid != "" && sids[st.sid] {
			return malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[st.sid] = true
		d.statements = append(d.statements, st)
	}
	return nil
}

func parseStatement(object map[string]any) (statement, error) {
	var st statement
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := st.parseElement(key, object[key]); err != nil {
			return st, err
		}
	}
	switch {
	case st.effect == "":
		return st, malformed("Missing required field Effect")
	case st.hasAction && st.hasNotAction, st.hasResource && st.hasNotResource, st.hasPrincipal && st.hasNotPrincipal:
		return st, malformed("Syntax errors in policy.")
	case !st.hasAction && !st.hasNotAction:
		return st, malformed("Missing required field Action")
	}
	return st, nil
}

func (st *statement) parseElement(key string, v any) (err error) {
	switch key {
	case "Sid":
		if st.sid, _ = v.(string); !sidPattern.MatchString(st.sid) {
			return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
	case "Effect":
		if st.effect, _ = v.(string); st.effect != "Allow" && st.effect != "Deny" {
			return malformed("Invalid effect: %v", v)
		}
	case "Action":
		st.hasAction = true
		st.actions, err = stringList(v)
	case "NotAction":
		st.hasNotAction = true
		st.notActions, err = stringList(v)
	case "Resource":
		st.hasResource = true
		st.resources, err = stringList(v)
	case "NotResource":
		st.hasNotResource = true
		st.notResources, err = stringList(v)
	case "Principal":
		st.hasPrincipal = true
		st.principals, err = parsePrincipal(v)
	case "NotPrincipal":
		st.hasNotPrincipal = true
		st.notPrincipals, err = parsePrincipal(v)
	case "Condition":
		st.conditions, err = parseConditions(v)
	default:
		return malformed("Syntax errors in policy.")
	}
	return err
}

func parsePrincipal(v any) ([]principal, error) {
	if v == "*" {
		return []principal{{"*", "*"}}, nil
	}
	object, ok := v.(map[string]any)
	if !ok || len(object) == 0 {
		return nil, malformed("Invalid principal in policy.")
	}
	var out []principal
	for _, kind := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains([]string{"AWS", "Federated", "Service", "CanonicalUser"}, kind) {
			return nil, malformed("Invalid principal in policy: %q", kind)
		}
		values, err := stringList(object[kind])
		if err != nil || len(values) == 0 {
			return nil, malformed("Invalid principal in policy.")
		}
		for _, value := range values {
			out = append(out, principal{kind, value})
		}
	}
	return out, nil
}

func parseConditions(v any) ([]condition, error) {
	blocks, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("Syntax errors in policy.")
	}
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		op, ok := parseOperator(name)
		if !ok {
			return nil, malformed("Invalid Condition type : %s", name)
		}
		keys, ok := blocks[name].(map[string]any)
		if !ok {
			return nil, malformed("Syntax errors in policy.")
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if !conditionKey.MatchString(key) {
				return nil, malformed("Invalid condition key : %s", key)
			}
			values, err := scalarList(keys[key])
			if err != nil {
				return nil, err
			}
			if err := op.check(values); err != nil {
				return nil, err
			}
			out = append(out, condition{op, key, values})
		}
	}
	return out, nil
}

// stringList reads a string or a list of strings.
func stringList(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			return nil, malformed("Syntax errors in policy.")
		}
		out = append(out, text)
	}
	return out, nil
}

// scalarList reads a condition's values: strings, numbers, booleans, or a list of them.
func scalarList(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, one := range list {
		switch x := one.(type) {
		case string:
			out = append(out, x)
		case json.Number:
			out = append(out, x.String())
		case bool:
			out = append(out, map[bool]string{true: "true", false: "false"}[x])
		default:
			return nil, malformed("Syntax errors in policy.")
		}
	}
	return out, nil
}
