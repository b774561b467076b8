package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// assume is the one action of a trust policy.
const assume = "sts:AssumeRoleWithWebIdentity"

// The documents that are written have types of their own, so that a condition can
// neither be forgotten nor be there twice.
type trustDocument struct {
	Version   string
	Statement []trustStatement
}

type trustStatement struct {
	Sid       string
	Effect    string
	Principal struct{ Federated string }
	Action    string
	Condition struct{ StringEquals map[string]string }
}

// TrustWant is what a trust policy has to say.
type TrustWant struct {
	Account  string // 12 digits; the role's
	Issuer   string // https://…
	Audience string
	Subject  string // may hold the blank {connection.id} while a plan is checked
	Quota    int    // characters without white space; 0: not told
}

// Trust writes the trust policy for exactly one connection.
func Trust(w TrustWant) string {
	s := trustStatement{Sid: "AdoServiceConnection", Effect: "Allow", Action: assume}
	s.Principal.Federated = providerARN(w.Account, w.Issuer)
	s.Condition.StringEquals = map[string]string{
		host(w.Issuer) + ":aud": w.Audience,
		host(w.Issuer) + ":sub": w.Subject,
	}
	return compact(trustDocument{policyVersion, []trustStatement{s}})
}

// CheckTrust looks at a trust policy, as planned or as read back, with every
// invariant that a document alone can show. A document that cannot be read passes
// none.
func CheckTrust(document string, want TrustWant) []workflows.Check {
	d, err := Parse(document)
	t := &trustCheck{doc: d, want: want, size: Size(document), prefix: strings.ToLower(host(want.Issuer))}
	rows := []struct {
		name string
		why  func() string
	}{
		{"I1 one statement", t.statement},
		{"I2 principal", t.principal},
		{"I3 action", t.action},
		{"I4 audience", func() string { return t.equals("aud", want.Audience) }},
		{"I5 subject", t.subject},
		{"I6 operators", t.operators},
		{"I7 keys", t.keys},
		{"I9 size", t.length},
	}
	out := make([]workflows.Check, 0, len(rows))
	for _, row := range rows {
		say := ""
		if err != nil {
			say = "The trust policy " + unread(err)
		} else {
			say = row.why()
		}
		out = append(out, workflows.Check{Name: row.name, OK: say == "", Say: say})
	}
	return out
}

// trustCheck holds one question per invariant; each answers with a sentence, or
// nothing when all is well.
type trustCheck struct {
	doc    Document
	want   TrustWant
	size   int
	prefix string
}

func (t *trustCheck) statement() string {
	if t.doc.Version != policyVersion {
		return fmt.Sprintf("The trust policy is not of version %s.", policyVersion)
	}
	if len(t.doc.Statement) != 1 {
		return fmt.Sprintf("The trust policy has %d statements instead of one.", len(t.doc.Statement))
	}
	s := t.doc.Statement[0]
	if !s.allows() {
		return "The statement of the trust policy is not an Allow."
	}
	if s.NotAction != nil || s.NotPrincipal != nil || s.Resource != nil || s.NotResource != nil {
		return "The statement of the trust policy has an element that belongs to no trust policy."
	}
	return ""
}

func (t *trustCheck) principal() string {
	want := providerARN(t.want.Account, t.want.Issuer)
	for _, s := range t.doc.Statement {
		f := s.Principal["Federated"]
		if len(s.Principal) != 1 || len(f) != 1 || f[0] != want {
			return "The trust policy trusts somebody else than the OIDC provider " + want + "."
		}
	}
	return ""
}

func (t *trustCheck) action() string {
	for _, s := range t.doc.Statement {
		if !slices.Equal(s.Action, list{assume}) {
			return "The trust policy allows another action than " + assume + "."
		}
	}
	return ""
}

// equals looks for the one value of one key under StringEquals, in every statement.
func (t *trustCheck) equals(claim, want string) string {
	for _, s := range t.doc.Statement {
		var found list
		for op, keys := range s.Condition {
			for key, values := range keys {
				if strings.EqualFold(op, "StringEquals") && strings.EqualFold(key, t.prefix+":"+claim) {
					found = values
				}
			}
		}
		if len(found) != 1 || found[0] != want {
			return fmt.Sprintf("The trust policy does not test that the token's %s equals %s.", claim, want)
		}
	}
	return ""
}

func (t *trustCheck) subject() string {
	if say := t.equals("sub", t.want.Subject); say != "" {
		return say
	}
	if !exact(strings.ReplaceAll(t.want.Subject, workflows.BlankConnection, "id"), "", 1024) {
		return "The subject holds a character that IAM does not take as itself."
	}
	return ""
}

func (t *trustCheck) operators() string {
	for _, s := range t.doc.Statement {
		for op := range s.Condition {
			if !strings.EqualFold(op, "StringEquals") {
				return fmt.Sprintf("The trust policy uses the operator %s; only StringEquals cannot let in more than it says.", op)
			}
		}
	}
	return ""
}

func (t *trustCheck) keys() string {
	for _, s := range t.doc.Statement {
		for _, keys := range s.Condition {
			for key := range keys {
				if k := strings.ToLower(key); k != t.prefix+":aud" && k != t.prefix+":sub" {
					return fmt.Sprintf("The trust policy has the condition key %s, which is not the audience or the subject of this issuer.", key)
				}
			}
		}
	}
	return ""
}

func (t *trustCheck) length() string {
	most := longestTrust
	if t.want.Quota > 0 {
		most = min(most, t.want.Quota)
	}
	if t.size > most {
		return fmt.Sprintf("The trust policy has %d characters; AWS takes %d.", t.size, most)
	}
	return ""
}
