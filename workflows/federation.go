package workflows

import (
	"fmt"
	"slices"
	"time"
)

// Federation is one service connection bound to one role: the fold of its events.
// It is a value; Apply is the only place where one changes.
type Federation struct {
	ID      FederationID `json:"id"`
	Version int          `json:"version"`
	State   State        `json:"state"`
	Outcome Outcome      `json:"outcome,omitempty"`
	Key     string       `json:"key"`
	Owner   string       `json:"owner"`             // group
	Names   Names        `json:"names"`             // ids and canonical names
	Spelled string       `json:"spelled,omitempty"` // the subject as tokens spell it, where that is not as the issuer profile has it
	Created time.Time    `json:"created"`
	Updated time.Time    `json:"updated"`
	Ends    time.Time    `json:"ends,omitzero"`

	Requests []Request `json:"requests"`

	Plan     *Plan    `json:"plan,omitempty"`     // what was approved last; being walked or in force
	Facts    *Facts   `json:"facts,omitempty"`    // it stands on
	Words    Words    `json:"words"`              // of Plan
	Approved Proposal `json:"approved"`           // what Plan follows from
	Digest   Digest   `json:"digest,omitempty"`   // of Plan, as approved
	Before   *Shelf   `json:"before,omitempty"`   // what was in force before a change under way
	Reverse  bool     `json:"reverse,omitempty"`  // a change walks back
	Finished []StepID `json:"finished,omitempty"` // steps that the walk under way has finished, in order
	Steps    Steps    `json:"steps,omitempty"`    // what was intended and made, in order of first intention

	Turn     Turn      `json:"turn,omitzero"`  // who touches what, until when
	Attempts int       `json:"attempts"`       // at the step in turn, since the last success
	Again    time.Time `json:"again,omitzero"` // not before
	Stumble  string    `json:"stumble,omitempty"`
	Parked   *Parked   `json:"parked,omitempty"`

	Quarantine *Quarantine `json:"quarantine,omitempty"`
	Errands    []Errand    `json:"errands,omitempty"` // single steps to do before anything else
	Runs       int         `json:"runs,omitempty"`    // proof runs that have ended; the next one's nonce follows from it
	Proof      *Proof      `json:"proof,omitempty"`
	ProvedAt   time.Time   `json:"proved_at,omitzero"`
	Shut       []Neighbour `json:"shut,omitempty"` // checked at the last read-back
	ActiveAt   time.Time   `json:"active_at,omitzero"`
	Findings   []Finding   `json:"findings,omitempty"`
}

// Shelf keeps what a change replaces, whole, until the change is done.
type Shelf struct {
	Plan     Plan      `json:"plan"`
	Facts    Facts     `json:"facts"`
	Words    Words     `json:"words"`
	Approved Proposal  `json:"approved"`
	Digest   Digest    `json:"digest"`
	Ends     time.Time `json:"ends,omitzero"`
}

// Steps are what we know about the steps, in the order of their first intention.
type Steps []StepState

// StepState is what our events say about one step's object.
type StepState struct {
	ID       StepID    `json:"id"`
	Intended time.Time `json:"intended"` // first, since it was last removed
	Made     bool      `json:"made"`
	Ref      string    `json:"ref,omitempty"`
	Note     string    `json:"note,omitempty"`
	Tries    int       `json:"tries,omitempty"` // of a proof: how many runs ended without a proof
	Spec     Digest    `json:"spec,omitempty"`  // of the step as it was when made
	At       time.Time `json:"at,omitzero"`     // of the last change
}

// Turn says that its holder may touch a step until a time.
type Turn struct {
	Step  StepID    `json:"step"`
	Verb  Verb      `json:"verb"`
	Until time.Time `json:"until"`
	Past  bool      `json:"past,omitempty"` // the walk that it was taken for has been turned round meanwhile
}

func (t Turn) same(o Turn) bool {
	return t.Step == o.Step && t.Verb == o.Verb && t.Until.Equal(o.Until)
}

// Quarantine is a fact on a federation whose role is held by order.
type Quarantine struct {
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Held   bool      `json:"held"` // the hold is known to be there
}

// Errand is one step to be done out of the order of the walk.
type Errand struct {
	Step    StepID `json:"step"`
	Verb    Verb   `json:"verb"`
	Finding string `json:"finding,omitempty"`
}

// RequestState is where a request is.
type RequestState string

// The states of a request.
const (
	RequestOpen    RequestState = "open"
	RequestGranted RequestState = "granted"
	RequestDone    RequestState = "done"
	RequestClosed  RequestState = "closed"
)

// Request is a proposal about one federation, with its own life.
type Request struct {
	ID        RequestID    `json:"id"`
	Proposal  Proposal     `json:"proposal"`
	By        Person       `json:"by"`
	At        time.Time    `json:"at"`
	State     RequestState `json:"state"`
	Outcome   Outcome      `json:"outcome,omitempty"`
	Say       string       `json:"say,omitempty"` // why it ended as it did
	EndedBy   Person       `json:"ended_by,omitzero"`
	EndedAt   time.Time    `json:"ended_at,omitzero"`
	Round     int          `json:"round"` // how many plans it has had
	Because   string       `json:"because,omitempty"`
	Returned  bool         `json:"returned,omitempty"` // it was granted before, and something of it exists, held
	Checked   *Checked     `json:"checked,omitempty"`  // the plan that is put to the approvers
	Approvals []Approval   `json:"approvals,omitempty"`
	DecidedAt time.Time    `json:"decided_at,omitzero"` // last approval it needed
	Barred    []Barred     `json:"barred,omitempty"`    // who pressed and might not, each once
	Questions []Question   `json:"questions,omitempty"`
	Reminders []time.Time  `json:"reminders,omitempty"` // in this turn
	Escalated []Widening   `json:"escalated,omitempty"` // groups that may fill seats too, because it was not decided in time
}

// Approval is one seat that is filled.
type Approval struct {
	By      Person    `json:"by"`
	At      time.Time `json:"at"`
	Stage   int       `json:"stage"`
	Group   string    `json:"group"`
	Comment string    `json:"comment,omitempty"`
	For     Person    `json:"for,omitzero"` // whose seat it is, if By stands in
}

// Widening is a group that an escalation added to a stage.
type Widening struct {
	Stage int       `json:"stage"`
	Group string    `json:"group"`
	At    time.Time `json:"at"`
}

// Barred is a person who pressed a button that is not theirs.
type Barred struct {
	By   Actor  `json:"by"`
	Verb string `json:"verb"`
	Code string `json:"code"`
}

// Request returns the request with this id.
func (f *Federation) Request(id RequestID) (*Request, bool) {
	i := slices.IndexFunc(f.Requests, func(r Request) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return &f.Requests[i], true
}

// Open returns the request that is being decided or, if there is none, the one
// that is being walked. One is decided at a time, so that nobody approves over
// another; both exist only when a release is asked for during a walk.
func (f *Federation) Open() (*Request, bool) {
	if r, ok := f.inState(RequestOpen); ok {
		return r, true
	}
	return f.inState(RequestGranted)
}

func (f *Federation) inState(s RequestState) (*Request, bool) {
	i := slices.IndexFunc(f.Requests, func(r Request) bool { return r.State == s })
	if i < 0 {
		return nil, false
	}
	return &f.Requests[i], true
}

// Stage returns the index of the stage that decides now, and how many seats of it
// are filled. It is past the last stage when nothing is left to decide.
func (r *Request) Stage() (stage, filled int) {
	if r.Checked == nil {
		return 0, 0
	}
	for i, s := range r.Checked.Verdict.Stages {
		filled = 0
		for _, a := range r.Approvals {
			if a.Stage == i {
				filled++
			}
		}
		if filled < s.Count {
			return i, filled
		}
	}
	return len(r.Checked.Verdict.Stages), 0
}

// Decided reports whether every seat is filled.
func (r *Request) Decided() bool {
	if r.Checked == nil {
		return false
	}
	stage, _ := r.Stage()
	return stage == len(r.Checked.Verdict.Stages)
}

// Get returns what is known about a step; the zero state if nothing was intended.
func (s Steps) Get(id StepID) StepState {
	for _, st := range s {
		if st.ID == id {
			return st
		}
	}
	return StepState{}
}

// Refs returns the foreign ids of all steps that were made.
func (s Steps) Refs() map[StepID]string {
	refs := map[StepID]string{}
	for _, st := range s {
		if st.Ref != "" {
			refs[st.ID] = st.Ref
		}
	}
	return refs
}

// Fold replays a history.
func Fold(id FederationID, events []Event) (Federation, error) {
	f := Federation{ID: id}
	for i, e := range events {
		next, err := f.Apply(e)
		if err != nil {
			return f, fmt.Errorf("%s, event %d: %w", id, i+1, err)
		}
		f = next
	}
	return f, nil
}
