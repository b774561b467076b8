package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// The stand-ins that neighbours are made of: an id that nobody has, and a name.
const (
	otherID   = "00000000-0000-4000-8000-000000000000"
	otherName = "somebody-else"
)

// Neighbours evaluates a trust policy as read back against those who must be shut
// out: another connection of the project, another project, another organization,
// a pipeline's own token, and another audience. What cannot be judged counts as
// not denied.
func (p *Planner) Neighbours(plan workflows.Plan, document string) []workflows.Neighbour {
	proof, connection, ok := bound(plan)
	if !ok {
		return []workflows.Neighbour{{Who: "everybody", Why: "the plan does not say who is to be let in"}}
	}
	role, _ := plan.Step(workflows.RoleID)
	us := party{
		connection.Organization, role.Role.Tags["ado-org-id"],
		connection.Project, connection.ProjectID,
		connection.Name, workflows.BlankConnection,
	}
	profile := p.Profiles[strings.ToLower(connection.Organization)]
	doc, err := Parse(document)
	var out []workflows.Neighbour
	for _, k := range kinds {
		tokens := k.tokens(profile, us, Token{proof.Issuer, proof.Audience, proof.Subject})
		n := workflows.Neighbour{Who: k.who, Subject: tokens[0].Subject}
		switch {
		case err != nil:
			n.Why = "the trust policy " + strings.TrimSuffix(unread(err), ".")
		case profile.Audience != proof.Audience || asTokensSay(us.fill(profile.Subject), proof.Subject) != proof.Subject || us.fill(profile.Issuer) != proof.Issuer:
			n.Why = "the issuer profile is not the one that was approved"
		default:
			n.Denied, n.Subject, n.Why = shut(doc, role.Role.Account, tokens)
		}
		out = append(out, n)
	}
	return out
}

// shut reports whether all tokens are denied; the first that is not is named.
func shut(doc Document, accountID string, tokens []Token) (denied bool, subject, why string) {
	for _, t := range filled(doc, tokens) {
		answer, because := Assume(doc, accountID, t)
		if answer != Denied {
			return false, t.Subject, fmt.Sprintf("%s: %s", answer, because)
		}
		why = because
	}
	return true, tokens[0].Subject, why
}

// filled puts the subjects of the document where ours holds a blank, so that a token
// which differs in its audience alone differs in nothing else.
func filled(doc Document, tokens []Token) []Token {
	var out []Token
	for _, t := range tokens {
		out = append(out, t)
		if strings.Contains(t.Subject, workflows.BlankConnection) {
			for _, subject := range doc.subjects() {
				out = append(out, Token{t.Issuer, t.Audience, subject})
			}
		}
	}
	return out
}

func bound(plan workflows.Plan) (*workflows.ProofSpec, *workflows.ConnectionSpec, bool) {
	run, ok := plan.Step(workflows.RunID)
	if !ok {
		run, _ = plan.Step(workflows.FirstUseID)
	}
	c, _ := plan.Step(workflows.ConnectionID)
	r, _ := plan.Step(workflows.RoleID)
	return run.Proof, c.Connection, run.Proof != nil && c.Connection != nil && r.Role != nil
}

// kinds are the neighbours. Each is tried with several tokens, because a policy
// that is too wide may be so towards one end of a name only.
var kinds = []struct {
	who    string
	tokens func(p Profile, us party, ours Token) []Token
}{
	{"another connection of the project", func(p Profile, us party, _ Token) []Token {
		return renamed(us.connection, func(name string) Token {
			us.connection, us.connectionID = name, otherID
			return p.token(us)
		})
	}},
	{"another project", func(p Profile, us party, _ Token) []Token {
		return renamed(us.project, func(name string) Token {
			us.project, us.projectID, us.connectionID = name, otherID, otherID
			return p.token(us)
		})
	}},
	{"another organization", func(p Profile, us party, _ Token) []Token {
		return renamed(us.organization, func(name string) Token {
			us.organization, us.organizationID, us.connectionID = name, otherID, otherID
			return p.token(us)
		})
	}},
	{"a pipeline token", func(_ Profile, us party, ours Token) []Token {
		return renamed(us.connection, func(name string) Token {
			return Token{ours.Issuer, ours.Audience, "p://" + us.organization + "/" + us.project + "/" + name}
		})
	}},
	{"another audience", func(_ Profile, _ party, ours Token) []Token {
		return []Token{{ours.Issuer, "sts.amazonaws.com", ours.Subject}, {ours.Issuer, ours.Audience + "/", ours.Subject}}
	}},
}

func (p Profile) token(of party) Token {
	return Token{of.fill(p.Issuer), p.Audience, of.fill(p.Subject)}
}

// renamed makes one token for an unlike name and for names that begin or end as
// ours does.
func renamed(name string, token func(name string) Token) []Token {
	others := []string{otherName, name + "-2", "x-" + name}
	if len(name) > 1 {
		others = append(others, name[:len(name)-1])
	}
	var out []Token
	for _, other := range others {
		if !strings.EqualFold(other, name) {
			out = append(out, token(other))
		}
	}
	return out
}

// subjects are the subjects that a document tests for, whatever the operator.
func (d Document) subjects() []string {
	var out []string
	for _, s := range d.Statement {
		for op, keys := range s.Condition {
			for key, values := range keys {
				if strings.HasSuffix(strings.ToLower(key), ":sub") && parseOperator(op).base != "null" {
					out = append(out, values...)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}
