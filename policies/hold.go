package policies

import (
	"strconv"
	"time"
)

// Names of inline policies that templates cannot take, and of the room that is kept
// free for them.
const (
	HoldName     = "fedbot-hold"
	SessionsName = "fedbot-sessions"

	inlineQuota = 10240 // characters of all inline policies of a role, without white space
	inlineFree  = 600   // of them kept for the two policies above

	// MostCharacters is what all templates of a role may take together, in characters
	// as IAM counts them.
	MostCharacters = inlineQuota - inlineFree
)

// PolicyName is the name of the inline policy that a template becomes:
// "tmpl-s3-static-site-v3".
func PolicyName(template string, version int) string {
	return "tmpl-" + template + "-v" + strconv.Itoa(version)
}

// Hold returns the document that denies everything to every session. A role that
// carries it can be assumed, can say who it is, and can do nothing else.
func Hold() string {
	return Document{Version: policyVersion, Statement: []Statement{denyAll("FedbotHold", nil)}}.String()
}

// Sessions returns the document that denies everything to sessions that began
// before at. IAM counts in whole seconds, so a fraction is rounded up: rather a
// session too many is ended than one too few.
func Sessions(at time.Time) string {
	whole := at.UTC().Truncate(time.Second)
	if whole.Before(at) {
		whole = whole.Add(time.Second)
	}
	before := conditions{"DateLessThan": {"aws:TokenIssueTime": {whole.Format(time.RFC3339)}}}
	return Document{Version: policyVersion, Statement: []Statement{denyAll("FedbotSessions", before)}}.String()
}

// IsSessions reports whether a document ends old sessions and does nothing else,
// whatever the moment.
func IsSessions(document string) bool {
	d, err := Parse(document)
	if err != nil || len(d.Statement) != 1 {
		return false
	}
	for _, when := range d.Statement[0].Condition["DateLessThan"]["aws:TokenIssueTime"] {
		if at, err := time.Parse(time.RFC3339, when); err == nil && len(Diff("sessions", Sessions(at), document)) == 0 {
			return true
		}
	}
	return false
}

func denyAll(sid string, when conditions) Statement {
	return Statement{Sid: sid, Effect: "Deny", Action: list{"*"}, Resource: list{"*"}, Condition: when}
}
