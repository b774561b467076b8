package workflows

import "time"

// ProofOutcome is what a proof came to.
type ProofOutcome string

// The outcomes of a proof.
const (
	Proved  ProofOutcome = "proved"
	Refuted ProofOutcome = "refuted" // another role, issuer or subject: park, the hold stays
	// The same subject in another spelling: the plan is written anew and goes back to
	// its approvers.
	SpelledOtherwise ProofOutcome = "spelled otherwise"
	NotProved        ProofOutcome = "not proved" // no agent, stalled authorization, IAM not yet consistent: try again
)

// Evidence is what a run and its log say. It is evidence, never input: nothing in
// it is copied into a document.
type Evidence struct {
	Run       int    `json:"run"`
	URL       string `json:"url,omitempty"`
	Ended     bool   `json:"ended"`
	Waiting   string `json:"waiting,omitempty"` // for what, when it has not ended: "an agent in pool Default"
	Succeeded bool   `json:"succeeded"`
	Commit    string `json:"commit,omitempty"`
	OurYAML   bool   `json:"our_yaml"` // the commit it ran holds our file byte for byte
	Issuer    string `json:"issuer,omitempty"`
	Subject   string `json:"subject,omitempty"`
	Audience  string `json:"audience,omitempty"`
	RoleID    string `json:"role_id,omitempty"` // AROA… of the caller identity
	Account   string `json:"account,omitempty"`
	Failure   string `json:"failure,omitempty"` // the line of the log that says what went wrong

	// Of a first use, which has no run.
	Source   string    `json:"source,omitempty"` // "CloudTrail"
	SignedIn time.Time `json:"signed_in,omitzero"`
	From     string    `json:"from,omitempty"`     // network address
	Provider string    `json:"provider,omitempty"` // ARN
}

// Proof is kept on the federation and shown on its card.
type Proof struct {
	Evidence
	Pipeline string `json:"pipeline"`
}

// Neighbour is somebody who must be shut out, and whether the trust policy as
// read back does so.
type Neighbour struct {
	Who     string `json:"who"` // "another connection of the project"
	Subject string `json:"subject"`
	Denied  bool   `json:"denied"`
	Why     string `json:"why"`
}
