package workflows

import "time"

// Ask is a person's proposal. Delivery identifies what brought it (a trigger, a
// view, a socket call), so that the same delivery is decided once.
type Ask struct {
	Delivery   string
	By         Actor
	Proposal   Proposal
	Federation FederationID // of a change or a release; empty for a create
}

// Press is a button pressed on a request.
type Press struct {
	Delivery string
	By       Actor
	Request  RequestID
	Digest   Digest // of the plan that was shown
	Comment  string // optional on approval; the reason on denial, required; the question or the answer itself
	Typed    string // the account's name, where the verdict asks for it
	Question int    // that is answered, from 1; of an answer only
}

// Order is what an entitled person does to a federation at once.
type Order struct {
	Delivery   string
	By         Actor
	Federation FederationID
	Verb       OrderVerb
	Reason     string
	Finding    string // of a restore
	Hash       Digest // of what the finding showed
}

// OrderVerb is revoke, quarantine, retry, give-up, restore or check.
type OrderVerb string

// The verbs that ask nobody.
const (
	OrderRevoke     OrderVerb = "revoke"
	OrderQuarantine OrderVerb = "quarantine"
	OrderRetry      OrderVerb = "retry"
	OrderGiveUp     OrderVerb = "give-up"
	OrderRestore    OrderVerb = "restore"
	OrderCheck      OrderVerb = "check" // look now whether the first use was recorded
)

// Roles are what a person is to one federation, read live.
type Roles struct {
	Requester     bool // of the first request, or of one that was granted
	Asks          bool // has a later request open, which gives no right over the federation but to see it
	OwnerTeam     bool
	AccountOwner  bool
	Approver      bool // in a group that was asked
	StandsIn      bool // fills somebody's seat in an open request today: may see it, and nothing more
	Administrator bool
	Auditor       bool
	Unread        []string // groups that could not be read: they count as no
}

// Sees reports whether the person may see the federation at all.
func (r Roles) Sees() bool {
	return r.Requester || r.Asks || r.OwnerTeam || r.AccountOwner || r.Approver || r.StandsIn || r.Administrator || r.Auditor
}

// Report is what one reading of all active federations found.
type Report struct {
	At       time.Time      `json:"at"` // the time it was due, which names it
	Began    time.Time      `json:"began"`
	Ended    time.Time      `json:"ended"`
	Of       int            `json:"of"`              // federations that should have been read
	Read     int            `json:"read"`            // that were
	Alarm    string         `json:"alarm,omitempty"` // what a person must decide before anything else
	Unread   []Unread       `json:"unread,omitempty"`
	Findings []FoundIn      `json:"findings,omitempty"` // open ones, worst first
	Closed   []FoundIn      `json:"closed,omitempty"`   // gone since the last reading
	Calls    map[string]int `json:"calls,omitempty"`    // made for it, by system
	Events   int64          `json:"events,omitempty"`   // in the audit log when the report was made
	Head     string         `json:"head,omitempty"`     // root of the audit log then: kept elsewhere, it shows later rewriting
}

// Unread is a federation about which nothing is claimed.
type Unread struct {
	Federation FederationID `json:"federation"`
	Say        string       `json:"say"`
}

// FoundIn is a finding and where it was found.
type FoundIn struct {
	Finding    Finding      `json:"finding"`
	Federation FederationID `json:"federation"`
	Title      string       `json:"title"` // "Web Shop to shop-dev"
	Owner      string       `json:"owner"`
	New        bool         `json:"new"` // not known before this reading
}
