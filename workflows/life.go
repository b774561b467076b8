package workflows

// State is where a federation is in its life.
type State string

// The five states. Everything else about a federation is a fact, not a state.
const (
	Requested    State = "requested"
	Provisioning State = "provisioning"
	Active       State = "active"
	Revoking     State = "revoking"
	Closed       State = "closed"
)

// Outcome says how a closed federation or request ended.
type Outcome string

// The outcomes.
const (
	OutcomeRefused   Outcome = "refused"
	OutcomeDenied    Outcome = "denied"
	OutcomeWithdrawn Outcome = "withdrawn"
	OutcomeLapsed    Outcome = "lapsed"
	OutcomeFailed    Outcome = "failed"
	OutcomeRevoked   Outcome = "revoked"
	OutcomeExpired   Outcome = "expired"
	OutcomeDone      Outcome = "done" // of a request only
)

// life is the whole life of a federation: a move that is not here cannot happen.
// TestLife renders it to the diagram in doc.go.
var life = map[State]map[EventKind]State{
	"": {KindSubmitted: Requested},
	Requested: {
		KindChecked: Requested, KindApproved: Requested, KindRefusedPress: Requested,
		KindQuestioned: Requested, KindAnswered: Requested, KindReminded: Requested, KindEscalated: Requested,
		KindRefused: Closed, KindDenied: Closed, KindWithdrawn: Closed, KindLapsed: Closed,
		KindQuarantined: Requested,
		KindGranted:     Provisioning,
		KindRevoked:     Revoking, KindExpired: Revoking,
	},
	Provisioning: {
		KindIntended: Provisioning, KindMade: Provisioning, KindRemoved: Provisioning,
		KindStumbled: Provisioning, KindParked: Provisioning, KindResumed: Provisioning,
		KindSeen:  Provisioning,
		KindAsked: Provisioning, KindChecked: Provisioning, KindApproved: Provisioning, KindRefusedPress: Provisioning,
		KindQuestioned: Provisioning, KindAnswered: Provisioning, KindReminded: Provisioning, KindEscalated: Provisioning,
		KindRefused: Provisioning, KindDenied: Provisioning, KindWithdrawn: Provisioning, KindLapsed: Provisioning,
		KindQuarantined: Provisioning, KindReleased: Provisioning,
		KindReversed: Provisioning,
		KindReturned: Provisioning, KindGranted: Provisioning, // a first plan that went back, and was approved as it is now
		KindReverted:  Active,
		KindActivated: Active,
		KindAbandoned: Revoking, KindRevoked: Revoking, KindExpired: Revoking,
	},
	Active: {
		KindIntended: Active, KindMade: Active, KindRemoved: Active,
		KindStumbled: Active, KindParked: Active, KindResumed: Active,
		KindAsked: Active, KindChecked: Active, KindApproved: Active, KindRefusedPress: Active,
		KindQuestioned: Active, KindAnswered: Active, KindReminded: Active, KindEscalated: Active,
		KindRefused: Active, KindDenied: Active, KindWithdrawn: Active, KindLapsed: Active,
		KindQuarantined: Active, KindReleased: Active,
		KindDrifted: Active, KindRestored: Active,
		KindGranted: Provisioning,
		KindRevoked: Revoking, KindExpired: Revoking,
	},
	Revoking: {
		KindIntended: Revoking, KindMade: Revoking, KindRemoved: Revoking, // made: by a call that was under way when somebody revoked
		KindStumbled: Revoking, KindParked: Revoking, KindResumed: Revoking,
		KindQuarantined: Revoking, KindRevoked: Revoking,
		KindClosed: Closed,
	},
	Closed: {},
}
