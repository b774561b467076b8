package workflows

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// System is the foreign system that a step lives in.
type System string

// The systems. Steps of Fedbot itself read both sides back.
const (
	AWS         System = "aws"
	AzureDevOps System = "azuredevops"
	Ourselves   System = "fedbot"
)

// StepKind says which verb set of an adapter a step belongs to.
type StepKind string

// The kinds of step, in the order in which a create walks them.
const (
	StepProvider   StepKind = "provider"    // OIDC provider: create, or use as found; never removed
	StepConnection StepKind = "connection"  // service connection, closed
	StepRole       StepKind = "role"        // role with path, boundary, tags, trust policy and no permissions
	StepHold       StepKind = "hold"        // deny-all inline policy; Ensure also puts a lost boundary back
	StepPolicy     StepKind = "policy"      // one inline policy per template
	StepReadBack   StepKind = "read-back"   // Observe everything made so far; any difference stops the walk
	StepAllow      StepKind = "proof-allow" // permit the verification pipeline alone
	StepRun        StepKind = "proof-run"   // start at most one run per nonce
	StepWatch      StepKind = "proof-watch" // reading only, until the run ends
	StepWithdraw   StepKind = "proof-withdraw"
	StepChecks     StepKind = "checks"    // branch control and approvals on the connection
	StepPipelines  StepKind = "pipelines" // exactly these pipelines may use the connection
	StepFirstUse   StepKind = "first-use" // reading only, until a named pipeline has signed in; instead of a proof run, and after the pipelines
	StepLift       StepKind = "lift"      // Ensure takes the hold away, Remove puts it back
	StepSessions   StepKind = "sessions"  // deny every session that began before Ensure was called
)

// Plan is the ordered list of steps that a request would take. It is plain data:
// shown, digested, approved, stored whole, walked, and compared with.
type Plan struct {
	Federation FederationID `json:"federation"`
	Steps      []Step       `json:"steps"`
}

// Step is one object to exist (or not) in one foreign system. Exactly one of the
// specs is set, the one of its kind; hold, lift, sessions and policy share Policy;
// proof steps share Proof.
type Step struct {
	ID     StepID   `json:"id"`
	Kind   StepKind `json:"kind"`
	System System   `json:"system"`
	Part   int      `json:"part"` // 1 to 9: the line of the progress list that it belongs to
	Title  string   `json:"title"`

	Provider   *ProviderSpec   `json:"provider,omitempty"`
	Connection *ConnectionSpec `json:"connection,omitempty"`
	Role       *RoleSpec       `json:"role,omitempty"`
	Policy     *PolicySpec     `json:"policy,omitempty"`
	Proof      *ProofSpec      `json:"proof,omitempty"`
	Checks     *ChecksSpec     `json:"checks,omitempty"`
	Pipelines  *PipelinesSpec  `json:"pipelines,omitempty"`
}

// ProviderSpec is an IAM OIDC provider.
type ProviderSpec struct {
	Account  string `json:"account"` // 12 digits
	ARN      string `json:"arn"`
	Issuer   string `json:"issuer"` // https://…
	Audience string `json:"audience"`
}

// ConnectionSpec is an Azure DevOps service connection of type AWS that uses OIDC.
type ConnectionSpec struct {
	Organization string `json:"organization"` // canonical name
	Project      string `json:"project"`      // canonical name
	ProjectID    string `json:"project_id"`
	Name         string `json:"name"`
	Description  string `json:"description"` // holds the mark
	RoleARN      string `json:"role_arn"`
	SessionName  string `json:"session_name"` // RoleSessionName, so that CloudTrail can be read
}

// RoleSpec is an IAM role without permissions.
type RoleSpec struct {
	Account     string            `json:"account"`
	Path        string            `json:"path"` // "/ado-federation/"
	Name        string            `json:"name"`
	ARN         string            `json:"arn"`
	Description string            `json:"description"`
	Boundary    string            `json:"boundary"`    // ARN
	Trust       string            `json:"trust"`       // document, compact JSON
	MaxSession  int               `json:"max_session"` // seconds
	Tags        map[string]string `json:"tags"`
}

// PolicySpec is one inline policy of a role.
type PolicySpec struct {
	Account  string `json:"account"`
	Role     string `json:"role"`
	RoleARN  string `json:"role_arn"`
	Boundary string `json:"boundary"` // ARN; what a hold puts back
	Name     string `json:"name"`     // "fedbot-hold", "fedbot-sessions", "tmpl-s3-static-site-v3"
	Document string `json:"document"` // compact JSON; empty for sessions, which is made when it is written
}

// ProofSpec is one run of the verification pipeline through the new connection, or
// the first use by a pipeline that was named.
type ProofSpec struct {
	Organization string   `json:"organization"`
	Project      string   `json:"project"`
	ProjectID    string   `json:"project_id"`
	Connection   string   `json:"connection"`    // name
	ConnectionID string   `json:"connection_id"` // a blank until it is known
	Pipeline     Pipeline `json:"pipeline"`
	Ref          string   `json:"ref"` // refs/heads/main
	Region       string   `json:"region"`
	Issuer       string   `json:"issuer"` // what the run must name
	Audience     string   `json:"audience"`
	Subject      string   `json:"subject"`
	RoleID       string   `json:"role_id"` // a blank until it is known
	RoleARN      string   `json:"role_arn"`
	Provider     string   `json:"provider,omitempty"` // ARN of the OIDC provider; of a first use only
}

// ChecksSpec are the checks on a connection.
type ChecksSpec struct {
	Organization string   `json:"organization"`
	ProjectID    string   `json:"project_id"`
	Connection   string   `json:"connection"`
	ConnectionID string   `json:"connection_id"`
	Branches     []string `json:"branches"` // refs/heads/…
}

// PipelinesSpec are the pipelines that may use a connection: these and no others.
type PipelinesSpec struct {
	Organization string     `json:"organization"`
	ProjectID    string     `json:"project_id"`
	Connection   string     `json:"connection"`
	ConnectionID string     `json:"connection_id"`
	Pipelines    []Pipeline `json:"pipelines"`
}

// The two blanks that a plan may hold: ids that foreign systems hand out.
const (
	BlankConnection = "{connection.id}"
	BlankRole       = "{role.id}"
)

// Fill returns the step with its blanks replaced by ids that were read back. It
// refuses an id that could be anything but an id.
func (s Step) Fill(connectionID, roleID string) (Step, error) {
	for _, id := range []string{connectionID, roleID} {
		if id != "" && !plainID.MatchString(id) {
			return s, fmt.Errorf("fill step %s: %q is not an id: %w", s.ID, id, ErrPermanent)
		}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return s, fmt.Errorf("fill step %s: %w", s.ID, err)
	}
	text := string(raw)
	if connectionID != "" {
		text = strings.ReplaceAll(text, BlankConnection, connectionID)
	}
	if roleID != "" {
		text = strings.ReplaceAll(text, BlankRole, roleID)
	}
	var out Step
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return s, fmt.Errorf("fill step %s: %w", s.ID, err)
	}
	return out, nil
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// Step returns the step with this id.
func (p Plan) Step(id StepID) (Step, bool) {
	for _, s := range p.Steps {
		if s.ID == id {
			return s, true
		}
	}
	return Step{}, false
}

// Same reports whether two steps want the same thing of the same object.
func (s Step) Same(o Step) bool {
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && string(a) == string(b)
}

// RolePath is the IAM path that all our roles live under and nothing else of ours
// may leave.
const RolePath = "/ado-federation/"

// RoleName is ado-<project>-<connection>-<mark's head>: it follows from the
// federation, fits 64 characters and cannot meet another federation's name.
func RoleName(project, connection, key string) string {
	tail := "-" + Mark(key)[:8]
	body := "ado-" + slug(project) + "-" + slug(connection)
	if over := len(body) + len(tail) - 64; over > 0 {
		body = strings.TrimRight(body[:len(body)-over], "-")
	}
	return body + tail
}

func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
