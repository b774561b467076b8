package azuredevops

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// enum is a value that callers may name or number, as the service's own binding allows:
// its client for Node sends numbers, people send names.
type enum string

// UnmarshalJSON takes a text or a whole number.
func (e *enum) UnmarshalJSON(raw []byte) error {
	var text string
	if bytes.HasPrefix(raw, []byte(`"`)) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		*e = enum(text)
		return nil
	}
	var n *int
	if err := json.Unmarshal(raw, &n); err != nil || n == nil {
		return err
	}
	*e = enum(strconv.Itoa(*n))
	return nil
}

// in returns the lower-case name of a value; one that the names do not have stays as it
// was sent.
func (e enum) in(names map[int]string) string {
	if n, err := strconv.Atoi(string(e)); err == nil {
		if name, ok := names[n]; ok {
			return name
		}
	}
	return strings.ToLower(string(e))
}

// The numbers of the enums that calls here take.
var (
	actionFilters  = map[int]string{0: "none", 2: "manage", 16: "use", 32: "view"}
	versionTypes   = map[int]string{0: "branch", 1: "tag", 2: "commit"}
	recursions     = map[int]string{0: "none", 1: "onelevel", 4: "onelevelplusnestedemptyfolders", 120: "full"}
	changeTypes    = map[int]string{1: "add", 2: "edit", 8: "rename", 16: "delete"}
	contentTypes   = map[int]string{0: "rawtext", 1: "base64encoded"}
	buildStatuses  = map[int]string{0: "none", 1: "inprogress", 2: "completed", 4: "cancelling", 8: "postponed", 32: "notstarted", 47: "all"}
	extensionFlags = map[int]string{0: "none", 1: "disabled"}
)
