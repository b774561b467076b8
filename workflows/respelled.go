package workflows

import (
	"context"
	"net/url"
	"strings"
)

// Respelled reports whether two subjects are one and the same but for case and
// percent-encoding. Azure DevOps compares names without case, so that two of one
// spelling cannot both exist. A name that holds a percent sign itself is never taken
// for an encoding: its plain form may be somebody else's name.
func Respelled(planned, found string) bool {
	if planned == found || strings.Contains(planned, "%") || !encodes(planned, found) {
		return false
	}
	plain, err := url.PathUnescape(found)
	if err != nil || strings.ContainsAny(found, "*?$") {
		return false
	}
	for _, r := range planned + plain {
		if r < ' ' || r > '~' {
			return false // folding case is the same everywhere only for these
		}
	}
	return strings.EqualFold(planned, plain)
}

// encodes reports whether a percent sign in the found subject can be Azure DevOps's.
// Whoever may create connections can name one "a%20b", whose tokens would look like
// an encoding of those of "a b". Organizations and projects cannot have the sign in
// their names, so that an escape in that part is believed, and only then one in the
// connection's name.
func encodes(planned, found string) bool {
	first := strings.IndexByte(found, '%')
	if first < 0 {
		return true
	}
	parts := strings.SplitN(planned, "/", 5) // sc://organization/project/connection
	if len(parts) < 5 || !strings.EqualFold(parts[0], "sc:") || parts[1] != "" {
		return false
	}
	return first < len(planned)-len(parts[4])
}

// sendBack turns a proof that named another spelling into a plan that is written
// anew: what trusts the role is what people approved, so that they approve again.
// Where the proof let a pipeline of ours in, that is ended first.
func (f Federation) sendBack(s Step, say string, p Proof) []Body {
	seen := Seen{Step: s.ID, Outcome: SpelledOtherwise, Say: say, Proof: p}
	r, ok := f.inState(RequestGranted)
	if !ok || f.Before != nil {
		return []Body{seen, Parked{Step: s.ID, Say: say, Todo: "The role stays held. Giving up goes back to how it was before."}}
	}
	return []Body{seen, Returned{Request: r.ID, Subject: p.Subject, Say: say}}
}

// returned puts a request back to its approvers, with the plan that they had: the
// preflight that follows writes the new one.
func (f *Federation) returned(b Returned, e Event) error {
	f.Spelled = b.Subject
	f.Again, f.Attempts, f.Stumble = e.At, 0, ""
	if _, ok := f.Plan.Step(WithdrawID); ok {
		f.Errands = append(f.Errands, Errand{Step: WithdrawID, Verb: Ensure})
	}
	return f.edit(b.Request, func(r *Request) {
		r.State, r.Approvals, r.DecidedAt, r.Returned = RequestOpen, nil, e.At, true
	})
}

// unmake ends a first plan whose request came back and was not granted again: what
// was made for it goes.
func (f Federation) unmake(id RequestID, say string) []Body {
	if f.State != Provisioning || !f.ActiveAt.IsZero() || f.Before != nil || id != f.ID.Request(1) {
		return nil
	}
	return []Body{Abandoned{Request: id, Say: say}}
}

// lapse ends a request that nobody decided.
func (e *Engine) lapse(ctx context.Context, f Federation, r Request) error {
	return e.say(ctx, f, append([]Body{Lapsed{Request: r.ID}}, f.unmake(r.ID, "Nobody decided on the new plan in time.")...)...)
}
