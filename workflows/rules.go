package workflows

import "time"

// Rules say who owns what, who may ask, and who must consent. They are data from
// the configuration, compiled once (all mistakes at once) and judged purely. No
// entry means no.
type Rules struct {
	Organizations  []Organization `json:"organizations"`
	Projects       []Project      `json:"projects"`
	Accounts       []Account      `json:"accounts"`
	Approvals      []Rule         `json:"approvals"`
	Administrators string         `json:"administrators"` // group
	Auditors       string         `json:"auditors"`       // group
	Lapse          time.Duration  `json:"lapse"`          // of an undecided request, unless a rule says shorter
	Channel        string         `json:"channel"`        // where requests are decided, unless a project or account says otherwise
	Delegates      []Delegate     `json:"delegates,omitempty"`
}

// Organization is one Azure DevOps organization with its issuer profile.
type Organization struct {
	Name    string `json:"name"`
	Profile string `json:"profile"` // name of the issuer profile
}

// Project says who owns a project and who may ask for it.
type Project struct {
	Organization string   `json:"organization"`
	Name         string   `json:"name"`
	Owners       string   `json:"owners"` // group
	Ask          []string `json:"ask"`    // groups; empty: administrators of the project in Azure DevOps
	Channel      string   `json:"channel"`
}

// Account is one AWS account that may be federated into.
type Account struct {
	ID         string              `json:"id"` // 12 digits
	Name       string              `json:"name"`
	Production bool                `json:"production"`
	Region     string              `json:"region"`
	OU         string              `json:"ou,omitempty"`
	Tags       map[string]string   `json:"tags,omitempty"`
	Owners     string              `json:"owners"` // group
	Values     map[string][]string `json:"values"` // parameter -> patterns it may match there: "shop-*"
	Channel    string              `json:"channel"`
	Longest    time.Duration       `json:"longest"`         // most a federation may last; 0: no limit
	Ticket     string              `json:"ticket"`          // regular expression that a reason must contain; empty: none
	Boundary   string              `json:"boundary"`        // name of the boundary policy under RolePath
	Proof      string              `json:"proof,omitempty"` // ProofRun: no other proof will do
}

// Kind is "production" or "development".
func (a Account) Kind() string {
	if a.Production {
		return "production"
	}
	return "development"
}

// Rule asks for further consent where it matches. Empty fields match everything.
type Rule struct {
	Name          string            `json:"name"`
	Accounts      []string          `json:"accounts,omitempty"` // patterns over names
	OUs           []string          `json:"ous,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	Organizations []string          `json:"organizations,omitempty"`
	Projects      []string          `json:"projects,omitempty"`
	Templates     []string          `json:"templates,omitempty"`
	Risk          Level             `json:"risk,omitempty"`   // at least
	Params        map[string]string `json:"params,omitempty"` // parameter -> pattern
	Stages        []Stage           `json:"stages"`
	Lapse         time.Duration     `json:"lapse,omitempty"`
	Proof         string            `json:"proof,omitempty"`   // ProofRun: no other proof will do
	Channel       string            `json:"channel,omitempty"` // where it is decided
	Reason        string            `json:"reason,omitempty"`  // regular expression that the reason must match
	Remind        Reminding         `json:"remind,omitzero"`
	NoDelegates   bool              `json:"no_delegates,omitempty"` // nobody stands in for anybody
	Auto          bool              `json:"auto,omitempty"`         // asks for no press of its own at low risk, if every rule that matches says so
}

// ProofRun is the demand for a proof run: a project without a verification pipeline
// is refused. Without the demand, its first use is the proof.
const ProofRun = "run"

// Stage is a group of whom a number must consent.
type Stage struct {
	Name  string   `json:"name"` // "Account owners"
	Group string   `json:"group"`
	Count int      `json:"count"`
	Rules []string `json:"rules"`           // names of the rules that asked for it
	Could []Actor  `json:"could,omitempty"` // who was in the group when the request was checked, without the requester

	Escalate []Escalation `json:"escalate,omitempty"`
	StandIns []Delegate   `json:"stand_ins,omitempty"` // of those who could, as configured when the request was checked
}

// Verdict is what the rules say about one request.
type Verdict struct {
	Stages  []Stage       `json:"stages"` // decided in order
	Rules   []string      `json:"rules"`  // that matched
	Because []string      `json:"because"`
	Lapse   time.Duration `json:"lapse"`
	Typed   bool          `json:"typed"`           // the approver types the account's name
	Proof   string        `json:"proof,omitempty"` // ProofRun, if a rule demands it
	Digest  Digest        `json:"digest"`          // of the rules that matched, as they were

	Auto        []string  `json:"auto,omitempty"`      // the rules that matched, if all of them approve by themselves
	Waived      []Stage   `json:"waived,omitempty"`    // what they would have asked for otherwise
	Channel     string    `json:"channel,omitempty"`   // that the most specific rule names; empty: none does
	Elsewhere   []string  `json:"elsewhere,omitempty"` // channels of other rules, which get a link
	Reasons     []string  `json:"reasons,omitempty"`   // patterns that the reason must match
	Remind      Reminding `json:"remind,omitzero"`
	NoDelegates bool      `json:"no_delegates,omitempty"`
}
