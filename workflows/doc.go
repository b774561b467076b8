// Package workflows is the vocabulary of fedbot and its rules of life. It knows no
// network, no disk and no clock; what it needs of the world it declares in
// ports.go.
//
// # What a federation is
//
// A federation is one service connection of Azure DevOps bound to one role of AWS.
// It is its history: events are appended and never changed, and a Federation is
// the fold of them. There is no audit trail beside the state, because the audit
// trail is the state. A plan is data: an ordered list of steps, each of them one
// object in one foreign system, rendered in full, shown, digested and approved
// before anything is touched. All work is a walk over a plan: forward to provision
// it, back to the plan before when a change fails, backward over what was intended
// to revoke it, and single steps for quarantine, release and restoring.
//
// # The one invariant
//
// Nothing of ours exists without an event that says that it may. So an intention
// is durable before the first call that could have an effect, and what is removed
// is what was intended, not what was confirmed. From it follows the rest: active
// means that everything exists as it was approved and was proved, closed means
// that nothing is left, and a crash needs no recovery, because whoever comes next
// reads the history and goes on. A version check protects the history but not
// somebody else's cloud; therefore whoever is about to touch a step takes a turn
// with a deadline, and the turn ends when its holder says so or when its time is
// up, and by no other event.
//
// # What it refuses to do
//
// It never takes silence for consent: no entry, an empty group, a count of zero or
// an unread directory mean no. It never lets a person fill two seats, decide on
// what they asked for, release what they quarantined, or approve a plan other than
// the one that is true before the first effect. It never unwinds because of an
// unknown outcome: it asks again, and then waits for a person. It never adopts or
// touches an object under our name that is not ours. It never opens a role that
// was not proved, and never lifts a hold that a quarantine put on. And it never
// takes what it cannot read for something that is gone.
//
// # The life of a federation
//
// Five states, and one table of legal moves; a move that is not in it cannot
// happen. Everything else, such as being parked, quarantined or drifted, is a fact.
//
//	(nothing)
//	    → requested    submitted
//	requested
//	    stays          answered approved checked escalated press-refused
//	                   quarantined questioned reminded
//	    → provisioning granted
//	    → revoking     expired revoked
//	    → closed       denied lapsed refused withdrawn
//	provisioning
//	    stays          answered approved asked checked denied escalated granted
//	                   intended lapsed made parked press-refused quarantined
//	                   questioned refused released reminded removed resumed
//	                   returned reversed seen stumbled withdrawn
//	    → active       activated reverted
//	    → revoking     abandoned expired revoked
//	active
//	    → provisioning granted
//	    stays          answered approved asked checked denied drifted escalated
//	                   intended lapsed made parked press-refused quarantined
//	                   questioned refused released reminded removed restored
//	                   resumed stumbled withdrawn
//	    → revoking     expired revoked
//	revoking
//	    stays          intended made parked quarantined removed resumed revoked
//	                   stumbled
//	    → closed       closed
//	closed
//	    the end
package workflows
