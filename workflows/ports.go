package workflows

import (
	"context"
	"time"
)

// These are the ports of the engine: what it needs of the world. Read them first;
// they are the house in one page.

// Batch is one write: events of one history, what they claim, and documents that
// they refer to. All of it is stored in one transaction or none of it.
type Batch struct {
	ID     FederationID
	After  int // the version the decision was made on; 0 creates the history
	Events []Event
	Claims []string // unique keys to take: ConnectionClaim, RoleClaim, SeenClaim
	Blobs  [][]byte // stored under their Sum
}

// Log keeps histories.
//
// Append stores events, folded view, indexes, claims, audit leaves and feed
// entries in one transaction, durably, or fails with ErrConflict (the history is
// past After), with a *TakenError (a claim is held) or with ErrIllegalMove.
// Claims other than SeenClaim are given back when the federation is Closed.
type Log interface {
	Append(ctx context.Context, b Batch) error
	Load(ctx context.Context, id FederationID) (Federation, error) // ErrNotFound
	NextID(ctx context.Context) (FederationID, error)              // a free id; two callers may get the same, one Append wins
}

// Stepper makes, removes and looks at the steps of one foreign system.
//
// Ensure and Remove may be called any number of times and in spite of earlier
// calls that died half way. Ensure must not touch an object under our name that
// is not ours (ErrForeign): ours is what Task.Ref names, or what was created at or
// after Task.Intended, by our identity, with our mark. Removing what is not there
// is success, but "not there" is believed only when the system cannot be lagging.
// Observe changes nothing and never reports what it could not read as missing
// (ErrUnreadable). Errors are *Fault; one without a kind has an unknown outcome.
type Stepper interface {
	Observe(ctx context.Context, t Task) (Observation, error)
	Ensure(ctx context.Context, t Task) (Result, error)
	Remove(ctx context.Context, t Task) error
}

// Task is one step with everything an adapter may know about it.
type Task struct {
	Federation FederationID
	Mark       string
	Step       Step              // blanks filled as far as they are known
	Ref        string            // the id that our events name for this step; empty: none yet
	Refs       map[StepID]string // of the other steps
	Intended   time.Time         // when our oldest open intention for this step was written
	Nonce      string            // of a proof run: one run at most is started per nonce
	Now        time.Time
}

// Result is a step that is as its plan wants it.
type Result struct {
	Ref   string // the foreign id: connection GUID, role id AROA…, run number
	Found bool   // it was there already and is used as it is
	Note  string // a few words for the progress list
}

// Observation is what is there, compared with what the step wants.
type Observation struct {
	Exists      bool
	Ref         string
	Differences []Difference
	Document    string // as read back: the trust policy of a role step, the permissions of a policy step
	Lagging     bool   // the object is so young that a difference may be the service's lag
}

// Watcher follows a proof run. Reading only.
type Watcher interface {
	Watch(ctx context.Context, t Task) (Evidence, error)
}

// Survey reads the facts that a plan needs. Reading only. What it cannot read is
// an error (ErrUnreadable), never an empty fact; what certainly is not there is an
// empty fact.
type Survey interface {
	// Names looks up ids for claims: organization id, project id, account id. A
	// name that nobody knows is a *Refusal with its field set.
	Names(ctx context.Context, p Proposal) (Names, error)
	// Facts reads both sides. by is the person who asks, for the standing; key is
	// the federation's, for the name of the role; own are the refs of what the
	// federation has made already, which is not in its own way.
	Facts(ctx context.Context, q Query) (Facts, error)
}

// Names are the ids and canonical names behind a proposal.
type Names struct {
	Organization, OrganizationID string
	Project, ProjectID           string
	AccountID                    string
}

// Query asks for facts.
type Query struct {
	Proposal Proposal
	By       Person
	Key      string
	Refs     map[StepID]string
}

// Planner renders plans. It is pure: same input, same plan.
type Planner interface {
	// Render returns the plan and its words, or a *Refusal. Checks are the document
	// invariants and limits that it looked at.
	Render(in Input) (Rendered, error)
	// Neighbours evaluates a trust policy as read back against those who must be
	// shut out.
	Neighbours(plan Plan, document string) []Neighbour
}

// Input is all that a plan follows from.
type Input struct {
	Federation FederationID
	Key        string
	Proposal   Proposal
	Facts      Facts
	Account    Account // from the rules
	Owner      string
	Now        time.Time // for words such as "in 6 months"; not part of the plan
}

// Rendered is a plan with what people read about it.
type Rendered struct {
	Plan      Plan
	Words     Words
	Checks    []Check
	Templates [][]byte // the templates as they were, to be stored with the plan
	Profile   []byte   // the issuer profile as it was
}

// Directory knows people and groups, live. An answer may be a minute old for
// Members and must be fresh for Fresh. What cannot be read is ErrUnreadable and
// counts as no.
type Directory interface {
	// Person returns the one person behind an actor, or a *Refusal: guests, bots,
	// deactivated people and people of other workspaces never decide.
	Person(ctx context.Context, a Actor) (Person, error)
	// Members returns who is in a group now.
	Members(ctx context.Context, group string) ([]Actor, error)
}
