package policies

import (
	_ "embed"
	"strings"
)

// actionData is what is known about IAM actions, with its date in its head.
//
//go:embed actions.txt
var actionData string

// action is what is known about one IAM action.
type action struct {
	name  string // in AWS's spelling
	level string // read, list, write, tagging, permissions
	any   bool   // IAM cannot limit it to a resource
}

// actions are the known actions by lower-case name.
var actions = readActions(actionData)

func readActions(text string) map[string]action {
	out := map[string]action{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "#" {
			continue
		}
		out[strings.ToLower(f[0])] = action{name: f[0], level: f[1], any: f[2] == "any"}
	}
	return out
}
