package workflows

import "time"

// Event is one thing that happened. It is appended and never changed, and its
// encoding must decode for ever: kinds and field names are never renamed or
// reused (testdata/events holds one of each kind).
type Event struct {
	At   time.Time
	By   Person
	Body Body
}

// Kind is the kind of the event's body.
func (e Event) Kind() EventKind { return e.Body.kind() }

// EventKind names what happened; a past participle.
type EventKind string

// The kinds of event.
const (
	KindSubmitted    EventKind = "submitted"
	KindAsked        EventKind = "asked"
	KindChecked      EventKind = "checked"
	KindRefused      EventKind = "refused"
	KindApproved     EventKind = "approved"
	KindRefusedPress EventKind = "press-refused"
	KindDenied       EventKind = "denied"
	KindWithdrawn    EventKind = "withdrawn"
	KindLapsed       EventKind = "lapsed"
	KindGranted      EventKind = "granted"
	KindIntended     EventKind = "intended"
	KindMade         EventKind = "made"
	KindRemoved      EventKind = "removed"
	KindSeen         EventKind = "seen"
	KindStumbled     EventKind = "stumbled"
	KindParked       EventKind = "parked"
	KindResumed      EventKind = "resumed"
	KindActivated    EventKind = "activated"
	KindAbandoned    EventKind = "abandoned"
	KindReversed     EventKind = "reversed"
	KindReverted     EventKind = "reverted"
	KindRevoked      EventKind = "revoked"
	KindExpired      EventKind = "expired"
	KindClosed       EventKind = "closed"
	KindQuarantined  EventKind = "quarantined"
	KindReleased     EventKind = "released"
	KindDrifted      EventKind = "drifted"
	KindRestored     EventKind = "restored"
	KindReturned     EventKind = "returned"
	KindQuestioned   EventKind = "questioned"
	KindAnswered     EventKind = "answered"
	KindReminded     EventKind = "reminded"
	KindEscalated    EventKind = "escalated"
)

// Body is what an event says. Only this package defines bodies.
type Body interface{ kind() EventKind }

type (
	// Submitted creates the federation with its first request.
	Submitted struct {
		Proposal Proposal `json:"proposal"`
		Key      string   `json:"key"` // random, 32 hex digits; its Mark is public, it is not a secret that opens anything
		Owner    string   `json:"owner"`
		OrgID    string   `json:"organization_id"`
		Project  string   `json:"project_id"`
		Account  string   `json:"account_id"`
	}
	// Asked opens a later request about a living federation.
	Asked struct {
		Request  RequestID `json:"request"`
		Proposal Proposal  `json:"proposal"`
	}
	// Checked is what the preflight found, and the plan that is put to the
	// approvers. A second one voids the approvals given to the first.
	Checked struct {
		Request RequestID `json:"request"`
		Facts   Facts     `json:"facts"`
		Checks  []Check   `json:"checks"`
		Plan    Plan      `json:"plan"`
		Words   Words     `json:"words"`
		Verdict Verdict   `json:"verdict"`
		Digest  Digest    `json:"digest"`
		Lapses  time.Time `json:"lapses"`
		Because string    `json:"because,omitempty"` // what changed since the plan before
		Stored  []Digest  `json:"stored,omitempty"`  // documents kept whole beside it: templates, issuer profile, plan, rules
	}
	// Refused ends a request before anybody was asked.
	Refused struct {
		Request RequestID `json:"request"`
		Checks  []Check   `json:"checks,omitempty"`
		Say     string    `json:"say"`
	}
	// Approved is one valid press.
	Approved struct {
		Request RequestID `json:"request"`
		Stage   int       `json:"stage"` // index into the verdict's stages
		Group   string    `json:"group"`
		Digest  Digest    `json:"digest"`
		Comment string    `json:"comment,omitempty"`
		For     Person    `json:"for,omitzero"` // whose seat it is, if the presser stands in for somebody
	}
	// RefusedPress records that somebody pressed who may not.
	RefusedPress struct {
		Request RequestID `json:"request"`
		Verb    string    `json:"verb"`
		Code    string    `json:"code"`
	}
	// Denied ends a request by an approver's decision.
	Denied struct {
		Request RequestID `json:"request"`
		Reason  string    `json:"reason"`
	}
	// Withdrawn ends a request by its own side.
	Withdrawn struct {
		Request RequestID `json:"request"`
		Reason  string    `json:"reason,omitempty"`
	}
	// Lapsed ends a request that nobody decided, or whose grant was not begun
	// within a day.
	Lapsed struct {
		Request RequestID `json:"request"`
	}
	// Granted is written after the second preflight, which found the plan still
	// true and the approvers still entitled. The walk begins.
	Granted struct {
		Request RequestID `json:"request"`
		Digest  Digest    `json:"digest"`
	}
	// Intended takes the turn: its holder may touch the step until Until.
	Intended struct {
		Step  StepID    `json:"step"`
		Verb  Verb      `json:"verb"`
		Until time.Time `json:"until"`
	}
	// Made ends the turn: the step is as the plan wants it.
	Made struct {
		Step  StepID      `json:"step"`
		Ref   string      `json:"ref,omitempty"`   // the foreign system's id
		Note  string      `json:"note,omitempty"`  // "found, used as it is"
		Found bool        `json:"found,omitempty"` // it was there before
		Shut  []Neighbour `json:"shut,omitempty"`  // read-back only: who was checked to be shut out
	}
	// Removed ends the turn: the step's object is not there.
	Removed struct {
		Step StepID `json:"step"`
	}
	// Seen is the end of a watched run. It takes no turn: watching is reading.
	Seen struct {
		Step    StepID       `json:"step"`
		Outcome ProofOutcome `json:"outcome"`
		Say     string       `json:"say"`
		Proof   Proof        `json:"proof"`
	}
	// Stumbled ends the turn with an unknown outcome: ask again at Again.
	Stumbled struct {
		Step  StepID    `json:"step"`
		Say   string    `json:"say"`
		Again time.Time `json:"again"`
	}
	// Parked stops the walk until a person tries again or gives up.
	Parked struct {
		Step StepID `json:"step"`
		Say  string `json:"say"`
		Todo string `json:"todo"` // what a person can do about it
	}
	// Resumed is "try again".
	Resumed struct {
		Reason string `json:"reason,omitempty"`
	}
	// Activated ends a provision or a change.
	Activated struct {
		Request RequestID `json:"request"`
	}
	// Abandoned ends a first plan that failed for good or was given up: what was
	// intended is removed.
	Abandoned struct {
		Request RequestID `json:"request"`
		Say     string    `json:"say"`
	}
	// Reversed turns a change round: back to the plan before.
	Reversed struct {
		Request RequestID `json:"request"`
		Say     string    `json:"say"`
	}
	// Reverted ends a change that was turned round.
	Reverted struct {
		Request RequestID `json:"request"`
	}
	// Revoked ends a federation, at once.
	Revoked struct {
		Reason string `json:"reason"`
	}
	// Expired ends a federation whose time is up.
	Expired struct{}
	// ClosedNow is the last event: nothing of ours is left.
	ClosedNow struct {
		Outcome Outcome `json:"outcome"`
	}
	// Quarantined puts the hold on and keeps everything else.
	Quarantined struct {
		Reason string `json:"reason"`
	}
	// Released lifts a quarantine after its own approval.
	Released struct {
		Request RequestID `json:"request"`
	}
	// Drifted is the set of findings as last seen; empty means none any more.
	Drifted struct {
		Findings []Finding `json:"findings"`
		Again    bool      `json:"again,omitempty"` // the findings of before: only who made them is known better now
	}
	// Returned puts a granted request back to its approvers, because tokens spell the
	// subject otherwise than the plan does. Nothing of it is open to anybody.
	Returned struct {
		Request RequestID `json:"request"`
		Subject string    `json:"subject"` // as tokens spell it
		Say     string    `json:"say"`
	}
	// Questioned asks the requester something before a decision. No clock stops.
	Questioned struct {
		Request RequestID `json:"request"`
		Number  int       `json:"number"` // from 1, within the request
		Text    string    `json:"text"`
	}
	// Answered is the answer to a question.
	Answered struct {
		Request RequestID `json:"request"`
		Number  int       `json:"number"`
		Text    string    `json:"text"`
	}
	// Reminded calls those again who have not decided.
	Reminded struct {
		Request RequestID `json:"request"`
		Stage   int       `json:"stage"`
		Number  int       `json:"number"` // from 1, within the stage's turn
	}
	// Escalated lets a further group fill seats of a stage that was not decided in time.
	Escalated struct {
		Request RequestID `json:"request"`
		Stage   int       `json:"stage"`
		Group   string    `json:"group"`
	}
	// Restored orders that a step is put back to what was approved.
	Restored struct {
		Finding string   `json:"finding"`
		Step    StepID   `json:"step"`
		Authors *Authors `json:"authors,omitempty"` // of the whole step, read at the press; nil: an older fedbot, which did not ask
		Unsure  string   `json:"unsure,omitempty"`  // why it could not be told that the presser is not one of them
	}
)

func (Submitted) kind() EventKind    { return KindSubmitted }
func (Asked) kind() EventKind        { return KindAsked }
func (Checked) kind() EventKind      { return KindChecked }
func (Refused) kind() EventKind      { return KindRefused }
func (Approved) kind() EventKind     { return KindApproved }
func (RefusedPress) kind() EventKind { return KindRefusedPress }
func (Denied) kind() EventKind       { return KindDenied }
func (Withdrawn) kind() EventKind    { return KindWithdrawn }
func (Lapsed) kind() EventKind       { return KindLapsed }
func (Granted) kind() EventKind      { return KindGranted }
func (Intended) kind() EventKind     { return KindIntended }
func (Made) kind() EventKind         { return KindMade }
func (Removed) kind() EventKind      { return KindRemoved }
func (Seen) kind() EventKind         { return KindSeen }
func (Stumbled) kind() EventKind     { return KindStumbled }
func (Parked) kind() EventKind       { return KindParked }
func (Resumed) kind() EventKind      { return KindResumed }
func (Activated) kind() EventKind    { return KindActivated }
func (Abandoned) kind() EventKind    { return KindAbandoned }
func (Reversed) kind() EventKind     { return KindReversed }
func (Reverted) kind() EventKind     { return KindReverted }
func (Revoked) kind() EventKind      { return KindRevoked }
func (Expired) kind() EventKind      { return KindExpired }
func (ClosedNow) kind() EventKind    { return KindClosed }
func (Quarantined) kind() EventKind  { return KindQuarantined }
func (Released) kind() EventKind     { return KindReleased }
func (Drifted) kind() EventKind      { return KindDrifted }
func (Restored) kind() EventKind     { return KindRestored }
func (Returned) kind() EventKind     { return KindReturned }
func (Questioned) kind() EventKind   { return KindQuestioned }
func (Answered) kind() EventKind     { return KindAnswered }
func (Reminded) kind() EventKind     { return KindReminded }
func (Escalated) kind() EventKind    { return KindEscalated }

// Verb is what is done to a step.
type Verb string

// The two verbs that change something.
const (
	Ensure Verb = "ensure"
	Remove Verb = "remove"
)
