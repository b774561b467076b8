package aws

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

func parseItem(raw json.RawMessage) (attributes, error) {
	var a attributes
	err := json.Unmarshal(raw, &a)
	return a, err
}

// itemKey is where an item is stored. An item must have the table's keys with
// their types; a Key must have nothing else.
func (t Table) itemKey(a attributes, exact bool) (string, error) {
	if exact && len(a) != len(t.keyNames()) {
		return "", validation("The provided key element does not match the schema")
	}
	key := t.arn()
	for _, name := range t.keyNames() {
		value, ok := a[name][t.keyType(name)]
		switch {
		case !ok && exact:
			return "", validation("The provided key element does not match the schema")
		case !ok && a[name] == nil:
			return "", validation("One or more parameter values were invalid: Missing the key %s in the item", name)
		case !ok:
			return "", validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.keyType(name), strings.Join(slices.Sorted(maps.Keys(a[name])), ""))
		case string(value) == `""`:
			return "", validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
		}
		key += "\x00" + string(value)
	}
	return key, nil
}

func (s *Server) putItem(t Table, a attributes) error {
	key, err := t.itemKey(a, false)
	if err != nil {
		return err
	}
	return put(s, s.items, key, item{t.arn(), a})
}

// itemsOf are a table's items in the order of their keys.
func (s *Server) itemsOf(t Table) []item {
	return slices.DeleteFunc(s.items.All(), func(i item) bool { return i.Table != t.arn() })
}

// old is the item under a key, if the call asks to be told of it.
func (c *call) old(in dynamoInput, key string) map[string]any {
	out := map[string]any{}
	if i, ok := c.s.items.Get(key); ok && in.ReturnValues == "ALL_OLD" {
		out["Attributes"] = i.Attrs
	}
	return out
}

func putItem(c *call, in dynamoInput, t Table) (any, error) {
	key, err := t.itemKey(in.Item, false)
	if err != nil {
		return nil, err
	}
	return c.old(in, key), c.s.putItem(t, in.Item)
}

func getItem(c *call, in dynamoInput, t Table) (any, error) {
	key, err := t.itemKey(in.Key, true)
	if err != nil {
		return nil, err
	}
	if i, ok := c.s.items.Get(key); ok {
		return map[string]any{"Item": i.Attrs}, nil
	}
	return map[string]any{}, nil
}

func deleteItem(c *call, in dynamoInput, t Table) (any, error) {
	key, err := t.itemKey(in.Key, true)
	if err != nil {
		return nil, err
	}
	return c.old(in, key), remove(c.s, c.s.items, key)
}

func scanItems(c *call, in dynamoInput, t Table) (any, error) {
	return found(in, c.s.itemsOf(t), func(attributes) bool { return true })
}

var (
	equalTerm  = regexp.MustCompile(`^\(?\s*(#?[\w.-]+)\s*=\s*(:\w+)\s*\)?$`)
	beginsTerm = regexp.MustCompile(`^\(?\s*begins_with\s*\(\s*(#?[\w.-]+)\s*,\s*(:\w+)\s*\)\s*\)?$`)
	andWord    = regexp.MustCompile(`(?i)\s+and\s+`)
)

// queryItems knows equality of the partition key, and of the sort key equality
// and begins_with.
func queryItems(c *call, in dynamoInput, t Table) (any, error) {
	terms := andWord.Split(strings.TrimSpace(in.KeyConditionExpression), -1)
	var tests []func(attributes) bool
	seen := map[string]bool{}
	for _, term := range terms {
		name, test, err := in.term(term)
		if err != nil {
			return nil, err
		}
		seen[name] = true
		tests = append(tests, test)
	}
	for name := range seen {
		if !slices.Contains(t.keyNames(), name) {
			return nil, validation("Query condition missed key schema element: %s", t.Key)
		}
	}
	if !seen[t.Key] {
		return nil, validation("Query condition missed key schema element: %s", t.Key)
	}
	return found(in, c.s.itemsOf(t), func(a attributes) bool {
		return !anyOf(tests, func(test func(attributes) bool) bool { return !test(a) })
	})
}

// term reads one comparison of a key condition.
func (in dynamoInput) term(text string) (string, func(attributes) bool, error) {
	m, begins := equalTerm.FindStringSubmatch(text), false
	if m == nil {
		m, begins = beginsTerm.FindStringSubmatch(text), true
	}
	if m == nil {
		return "", nil, validation("Invalid KeyConditionExpression: %q is not emulated", text)
	}
	name := m[1]
	if strings.HasPrefix(name, "#") {
		name = in.ExpressionAttributeNames[name]
	}
	want, ok := in.ExpressionAttributeValues[m[2]]
	if !ok || name == "" {
		return "", nil, validation("Invalid KeyConditionExpression: An expression attribute name or value used in expression is not defined: %s", m[2])
	}
	return name, func(a attributes) bool {
		for kind, value := range want {
			got, ok := a[name][kind]
			if !ok || !begins && string(got) != string(value) ||
				begins && !strings.HasPrefix(string(got), strings.TrimSuffix(string(value), `"`)) {
				return false
			}
		}
		return len(want) > 0
	}, nil
}

func found(in dynamoInput, all []item, is func(attributes) bool) (any, error) {
	if in.Limit != nil {
		return nil, validation("Limit is not emulated")
	}
	items := []attributes{}
	for _, i := range all {
		if is(i.Attrs) {
			items = append(items, i.Attrs)
		}
	}
	return map[string]any{"Items": items, "Count": len(items), "ScannedCount": len(all)}, nil
}
