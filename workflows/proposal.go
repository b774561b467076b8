package workflows

import "time"

// Kind says what a request proposes.
type Kind string

// The kinds of request. Revoking needs no request: it closes and asks nobody.
const (
	Create  Kind = "create"
	Change  Kind = "change"
	Release Kind = "release" // lift a quarantine, by the rules of a create
)

// Proposal is what a person asks for, in the person's words: names as typed, not
// yet looked up. Everything that follows from it is computed.
type Proposal struct {
	Kind         Kind      `json:"kind"`
	Organization string    `json:"organization"`
	Project      string    `json:"project"`
	Connection   string    `json:"connection"`
	Account      string    `json:"account"` // name, alias or number
	Grants       []Grant   `json:"grants"`
	Pipelines    []string  `json:"pipelines,omitempty"` // names; none means none is permitted yet
	Branches     []string  `json:"branches,omitempty"`  // "main", "release/*"; none means no branch check
	Owner        string    `json:"owner,omitempty"`     // a team; the project's when empty
	Ends         time.Time `json:"ends,omitzero"`
	Reason       string    `json:"reason"`
}

// Grant asks for one template with its parameters, or for a custom document.
type Grant struct {
	Template string            `json:"template"`
	Params   map[string]string `json:"params"`
	Document string            `json:"document,omitempty"` // of CustomTemplate: the policy, as it was given
}

// CustomTemplate stands where a template would, when somebody brings a policy
// document for what no template covers. No template has this name.
const CustomTemplate = "custom"

// Custom reports whether the grant is of a document, whatever else it says.
func (g Grant) Custom() bool { return g.Template == CustomTemplate || g.Document != "" }
