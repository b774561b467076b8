package policies

import (
	"fmt"
	"strings"
)

// Answer is what the evaluator says about a call.
type Answer string

// The answers. Unknown is neither: something that is not modelled decides.
const (
	Allowed Answer = "allowed"
	Denied  Answer = "denied"
	Unknown Answer = "unknown"
)

// Call is one use of an AWS API to be judged. A key that Context lacks is absent
// from the call.
type Call struct {
	Action   string              // s3:PutObject
	Resource string              // ARN, without wildcards
	Context  map[string][]string // condition keys in any case
}

// Layers are all the documents that decide a call of a role's session: a call is
// allowed if every layer that is there allows it and none denies it.
type Layers struct {
	Policies []Document // the role's permissions; they add up
	Boundary *Document  // permissions boundary
	Session  []Document // session policies; they add up. Nil is none
}

// Judgement is an answer with its reason.
type Judgement struct {
	Answer    Answer     `json:"answer"`
	Why       string     `json:"why"`                 // a sentence without a stop
	Layer     string     `json:"layer"`               // that decided: "permissions", "permissions boundary", "session policy", "trust policy"
	Statement string     `json:"statement,omitempty"` // that decided, or came nearest
	Condition *Condition `json:"condition,omitempty"` // that did not hold, of the statement that came nearest
}

// Condition is one condition of a statement with what the call had for it.
type Condition struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Want     []string `json:"want"`
	Found    []string `json:"found"` // none: the call lacks the key
}

// Evaluate judges a call by the permissions policies of a role and, if there is
// one, its permissions boundary. It returns a sentence that says why. Both have to
// allow; one Deny anywhere decides.
func Evaluate(policies []Document, boundary *Document, c Call) (Answer, string) {
	j := Layers{Policies: policies, Boundary: boundary}.Judge(c)
	return j.Answer, j.Why
}

// Judge judges a call by all layers. A Deny in any decides; then the first layer
// that does not allow; then the first that cannot be judged.
func (l Layers) Judge(c Call) Judgement {
	have := keyring{keys: folded(c.Context)}
	first := ask("permissions", l.Policies, c, have)
	others := []Judgement{}
	if l.Boundary != nil {
		others = append(others, ask("permissions boundary", []Document{*l.Boundary}, c, have))
	}
	if l.Session != nil {
		others = append(others, ask("session policy", l.Session, c, have))
	}
	out := first
	for _, j := range others {
		if out.Answer == Denied {
			break
		}
		if j.Answer == Denied || j.Answer == Unknown && out.Answer == Allowed {
			j.Why = "the " + j.Layer + ": " + j.Why
			out = j
		}
	}
	return out
}

// ask asks the documents of one layer, which add up.
func ask(layer string, documents []Document, c Call, have keyring) Judgement {
	v := votes{layer: layer}
	for _, d := range documents {
		for i := range d.Statement {
			s := &d.Statement[i]
			about := s.concerns(d.Version, c.Action, c.Resource, have)
			if about == no {
				v.miss(s)
				continue
			}
			held, failed := s.Condition.hold(d.Version, have)
			v.count(s, both(about, held), failed)
		}
	}
	return v.judgement()
}

// concerns reports whether a statement is about this action on this resource.
func (s *Statement) concerns(version, action, resource string, have keyring) tri {
	about := s.acts(action)
	if about == no {
		return no
	}
	if s.NotResource != nil {
		return both(about, not(s.on(s.NotResource, version, resource, have)))
	}
	return both(about, s.on(s.Resource, version, resource, have))
}

// acts reports whether a statement is about this action.
func (s *Statement) acts(action string) tri {
	if s.NotAction != nil {
		return truth(!anyAction(s.NotAction, action))
	}
	return truth(anyAction(s.Action, action))
}

func (s *Statement) on(patterns list, version, resource string, have keyring) tri {
	out := no
	for _, p := range patterns {
		if out = max(out, value(p, version, have).matches(resource)); out == yes {
			break
		}
	}
	return out
}

// votes counts what the statements of a layer say, as IAM does: a Deny decides,
// then an Allow, then nothing.
type votes struct {
	layer           string
	allow, deny     tri
	allowBy, denyBy *Statement
	allowIf, denyIf *unmet // why allow and deny are not yes
	near            *Statement
	nearBy          *unmet
	statements      int // that allow
}

// miss counts a statement that is about something else.
func (v *votes) miss(s *Statement) {
	if s.allows() {
		v.statements++
	}
}

func (v *votes) count(s *Statement, hit tri, failed *unmet) {
	switch {
	case s.allows():
		v.statements++
		if hit > v.allow {
			v.allow, v.allowBy, v.allowIf = hit, s, failed
		}
		if hit == no && v.near == nil {
			v.near, v.nearBy = s, failed
		}
	case hit > v.deny:
		v.deny, v.denyBy, v.denyIf = hit, s, failed
	}
}

func (v *votes) judgement() Judgement {
	j := Judgement{Layer: v.layer}
	switch {
	case v.deny == yes:
		return j.by(Denied, v.denyBy, nil, "denies it")
	case v.allow == no && v.near != nil:
		return j.by(Denied, v.near, v.nearBy, "does not allow it: "+v.nearBy.say())
	case v.allow == no:
		j.Answer, j.Why = Denied, fmt.Sprintf("none of %d allowing statements is about it", v.statements)
		return j
	case v.deny == perhaps:
		return j.by(Unknown, v.denyBy, v.denyIf, "may deny it: "+v.denyIf.say())
	case v.allow == perhaps:
		return j.by(Unknown, v.allowBy, v.allowIf, "may allow it: "+v.allowIf.say())
	}
	return j.by(Allowed, v.allowBy, nil, "allows it")
}

func (j Judgement) by(a Answer, s *Statement, u *unmet, does string) Judgement {
	j.Answer, j.Statement, j.Why = a, s.label(), s.short()+" "+does
	if u != nil {
		j.Condition = &Condition{u.Operator, u.Key, u.Want, u.Found}
	}
	return j
}

// say is the condition as the end of a sentence.
func (u *unmet) say() string {
	switch {
	case u == nil:
		return "its resource or its principal cannot be compared with certainty"
	case !u.Sure:
		return fmt.Sprintf("its condition %s on %s cannot be judged", u.Operator, u.Key)
	case len(u.Found) == 0:
		return fmt.Sprintf("its condition %s on %s does not hold, the call has no such key", u.Operator, u.Key)
	}
	return fmt.Sprintf("its condition %s on %s does not hold for %s", u.Operator, u.Key, shown(strings.Join(u.Found, ", ")))
}

func folded(context map[string][]string) map[string][]string {
	out := make(map[string][]string, len(context))
	for k, v := range context {
		out[strings.ToLower(k)] = v
	}
	return out
}
