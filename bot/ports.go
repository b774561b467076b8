package bot

import (
	"context"

	"fedbot/workflows"
)

// desk decides. It is the engine.
type desk interface {
	Submit(ctx context.Context, in workflows.Ask) (workflows.Federation, error)
	Approve(ctx context.Context, p workflows.Press) (workflows.Federation, error)
	Deny(ctx context.Context, p workflows.Press) (workflows.Federation, error)
	Inquire(ctx context.Context, p workflows.Press) (workflows.Federation, error)
	Reply(ctx context.Context, p workflows.Press) (workflows.Federation, error)
	Withdraw(ctx context.Context, p workflows.Press) (workflows.Federation, error)
	Order(ctx context.Context, o workflows.Order) (workflows.Federation, error)
	Foresee(ctx context.Context, by workflows.Actor, p workflows.Proposal) (workflows.Foresight, error)
	May(ctx context.Context, f workflows.Federation, by workflows.Actor) (workflows.Roles, error)
}

// histories are the federations as they are and as they came to be.
type histories interface {
	Load(ctx context.Context, id workflows.FederationID) (workflows.Federation, error)
	History(ctx context.Context, id workflows.FederationID) ([]workflows.Event, error)
	List(ctx context.Context) ([]workflows.Federation, error)
}

// Entry is one event in the order in which all of them were stored.
type Entry struct {
	Seq     uint64
	ID      workflows.FederationID
	Version int // of the federation after the event
	Event   workflows.Event
}

// feed is every event in order, and how far a follower has come. Mark stores the
// cursor and the notes in one write; the cursor never moves back, so that 0 writes
// notes alone.
type feed interface {
	Feed(ctx context.Context, after uint64, most int) ([]Entry, error)
	Wait(ctx context.Context, after uint64) error // returns when something is after it, or ctx ends
	Cursor(ctx context.Context, follower string) (uint64, error)
	Mark(ctx context.Context, follower string, seq uint64, notes map[string]string) error
	Note(ctx context.Context, follower, key string) (string, error) // empty: none
	Notes(ctx context.Context, follower, prefix string) (map[string]string, error)
}

// Delivery is what Slack brought: verified, reduced, not yet decided.
type Delivery struct {
	Key  string
	Body []byte
}

// inbox keeps deliveries until they are decided. Receive refuses a key that it has
// ever seen with workflows.ErrTaken.
type inbox interface {
	Receive(ctx context.Context, key string, body []byte) error
	Pending(ctx context.Context) ([]Delivery, error)
	Finish(ctx context.Context, key string) error
}

// Project is a project that somebody may ask for.
type Project struct{ Organization, Name string }

// Template is what the form says about a template.
type Template struct {
	Name    string
	Purpose string // "replace files in one bucket"
	Risk    workflows.Level
	Params  []Param
}

// Param is one value that a template asks for.
type Param struct {
	Name     string
	Hint     string
	Example  string
	Optional bool
}

// places are what can be chosen in the form. Projects and Pipelines may read
// remotely; the form is open by then.
type places interface {
	Projects(ctx context.Context, by workflows.Actor) ([]Project, error)
	Pipelines(ctx context.Context, organization, project string) ([]workflows.Pipeline, error)
	Accounts() []workflows.Account
	// Unready says why an account could not be read when it was last looked at, or
	// nothing: because it could, or because nobody has looked.
	Unready(account workflows.Account) string
	Templates() []Template
	// Refuse says why a value would be refused for a parameter, or nothing; Listed
	// are the patterns of which one must match. Neither reads anything remote.
	Refuse(template, param, value string, account workflows.Account, project string) string
	Listed(template, param string, account workflows.Account) []string
}

// sweeper reads federations now and compares them with what was approved.
type sweeper interface {
	Drift(ctx context.Context, ids ...workflows.FederationID) (workflows.Report, error)
}
