package workflows

// Level is how much a federation could do, or how bad a finding is.
type Level string

// The levels. Low, medium and high are of risk; findings know critical as well.
const (
	Low      Level = "low"
	Medium   Level = "medium"
	High     Level = "high"
	Critical Level = "critical"
)

// AtLeast orders levels.
func (l Level) AtLeast(o Level) bool { return rank[l] >= rank[o] }

var rank = map[Level]int{Low: 1, Medium: 2, High: 3, Critical: 4}

// Words are a plan in sentences that a manager understands.
type Words struct {
	Asks   string   `json:"asks"`   // "deploy files to": after "Web Shop asks to …", before the account
	Can    []string `json:"can"`    // "read, replace and delete files under `web/` in bucket `shop-site-dev`"
	Cannot string   `json:"cannot"` // "open other files or buckets, read secrets, or change permissions"
	Worst  string   `json:"worst"`  // "Anyone who can push to `release/*` replaces the development site."
	Risk   Level    `json:"risk"`
	Why    string   `json:"why"`             // "One bucket in a development account; no permissions, no secrets."
	Today  string   `json:"today"`           // compared with what exists
	YAML   string   `json:"yaml"`            // pipeline step to paste once it is active
	Limit  string   `json:"limit"`           // the one line of what that step cannot do
	Proof  string   `json:"proof,omitempty"` // what is otherwise than with a proof run; empty: a run proves it
}

// Finding is one difference that drift detection saw.
type Finding struct {
	ID       string `json:"id"` // "D-" and the head of a hash over federation, step and field: stable
	Step     StepID `json:"step"`
	Class    string `json:"class"` // "trust widened", "missing"
	Level    Level  `json:"level"`
	Field    string `json:"field"`
	Approved string `json:"approved"`
	Found    string `json:"found"`
	Means    string `json:"means,omitempty"`
	Hash     Digest `json:"hash"` // of what was observed; a press carries it

	Authors *Authors `json:"authors,omitempty"` // who made the difference; nil: an older fedbot found it and did not ask
}

// Difference is one field of one object that is not as the plan wants it.
type Difference struct {
	Field    string `json:"field"` // "trust policy", "permissions boundary", "exists"
	Approved string `json:"approved"`
	Found    string `json:"found"`
	Wider    bool   `json:"wider,omitempty"` // lets somebody in, or do something, that was not approved
}
