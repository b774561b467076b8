package aws

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// jsonOperation is one call of a JSON service. All that are emulated read.
type jsonOperation func(*call) (any, error)

// jsonService is a service of the JSON protocol: the target names the operation,
// JSON goes in and comes out.
func jsonService(target string, operations map[string]jsonOperation) service {
	return service{
		names:  slices.Sorted(maps.Keys(operations)),
		errors: jsonDoubts,
		operation: func(c *call) string {
			said := c.r.Header.Get("X-Amz-Target")
			name := said[strings.LastIndex(said, ".")+1:]
			if _, known := operations[name]; known && strings.HasSuffix(strings.TrimSuffix(said, "."+name), target) {
				return name
			}
			return ""
		},
		serve: func(c *call, w http.ResponseWriter) error {
			c.s.mu.Lock()
			defer c.s.mu.Unlock()
			do := operations[c.operation]
			if err := c.believe(); err != nil {
				if do != nil && c.tooFast(err) {
					c.recordRead(err)
				}
				return err
			}
			if do == nil {
				return refuse(400, "UnknownOperationException", "%s is not an operation that is emulated", c.r.Header.Get("X-Amz-Target"))
			}
			out, err := do(c)
			c.recordRead(err)
			if err != nil {
				return err
			}
			return writeJSON(w, c, "1.1", out)
		},
		fail: failJSON("1.1", ""),
	}
}

// input reads the call's JSON. A field that is not known is refused by its name, so
// that no wish is passed over.
func (c *call) input(into any) error {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return refuse(400, "SerializationException", "%s cannot be read here: %s", c.operation, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
