package policies

import (
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// Verdict is whom a trust policy lets in, in one word.
type Verdict string

// The verdicts, from the one that is wanted to the worst. Loose and above let in
// more than the connections that the document names.
const (
	Exact        Verdict = "exact"        // the service connections it names, and nothing else
	Unfederated  Verdict = "unfederated"  // no web identity: a role of a service or of accounts
	Closed       Verdict = "closed"       // nobody: it is broken or denies
	Loose        Verdict = "loose"        // the connections it names, also with tokens of another kind
	Similar      Verdict = "similar"      // connections or projects whose names resemble
	OfProject    Verdict = "project"      // every connection of a project
	Organization Verdict = "organization" // everybody who can run a pipeline in the organization
	Foreign      Verdict = "foreign"      // others than service connections of Azure DevOps
	Everybody    Verdict = "everybody"    // anybody
	NotJudged    Verdict = "unknown"      // something in it cannot be judged
	Unreadable   Verdict = "unreadable"   // readers do not agree on what it says
)

// TrustReport says whom a trust policy lets in.
type TrustReport struct {
	Source      string    `json:"source"`            // file, or what the caller calls it
	Role        string    `json:"role,omitempty"`    // ARN or name, where it came with the document
	Verdict     Verdict   `json:"verdict"`           //
	Exact       bool      `json:"exact"`             // Verdict is Exact
	Say         string    `json:"say"`               // the verdict as a sentence
	Connections []Entrant `json:"connections"`       // that it names, and that get in
	Others      []Entrant `json:"others"`            // who else gets in: found by trying
	Problems    []Problem `json:"problems"`          //
	Account     string    `json:"account,omitempty"` // 12 digits; the role's, or the provider's
}

// Entrant is somebody who was tried against a trust policy and is let in.
type Entrant struct {
	Who          string `json:"who"` // "another project"
	Principal    string `json:"principal"`
	Issuer       string `json:"issuer,omitempty"`
	Audience     string `json:"audience,omitempty"` // none: the token has none
	Subject      string `json:"subject,omitempty"`
	Organization string `json:"organization,omitempty"`
	Project      string `json:"project,omitempty"`
	Connection   string `json:"connection,omitempty"`
	Answer       Answer `json:"answer"` // allowed, or unknown: it may get in
	Why          string `json:"why"`
	verdict      Verdict
}

// TrustFrame is what is known about the world of a trust policy.
type TrustFrame struct {
	Account       string   // the role's, 12 digits; empty if it is not known
	Organizations []string // ids of the organizations that are ours; none: any is
	Issuers       []string // https://…: whose tokens are of service connections too, with subjects of any form
}

// JudgeTrust says whom a trust policy lets in: from the document's form, which can
// show that nobody else gets in, and by trying tokens that ought to be shut out.
// Only where both agree it is exact. It never fails: what cannot be read is a
// verdict, too.
func JudgeTrust(document string, frame TrustFrame) TrustReport {
	r := TrustReport{Account: frame.Account}
	d, err := Parse(document)
	if err != nil {
		r.unread(document, frame, err)
	} else {
		j := newTrustJudge(d, frame)
		j.size = Size(document)
		j.faults()
		r = j.report()
	}
	r.Problems = ordered(r.Problems)
	r.Exact = r.Verdict == Exact
	r.Say = r.sentence()
	return r
}

// trustJudge is a trust policy while it is judged.
type trustJudge struct {
	doc      Document
	account  string
	ids      []string // of our organizations
	own      []string // other issuers of service connections, without https://
	size     int
	problems []Problem
	proved   bool // false: its form does not show that nobody else gets in
	odd      bool // something cannot be judged at all
	named    []Token
	foreign  bool // somebody who is no service connection is among the principals
}

func newTrustJudge(d Document, frame TrustFrame) *trustJudge {
	j := &trustJudge{doc: d, account: frame.Account, ids: frame.Organizations, proved: true}
	for _, issuer := range frame.Issuers {
		j.own = append(j.own, host(issuer))
	}
	for _, p := range j.providers() {
		if j.account == "" {
			j.account = p.account
		}
	}
	return j
}

// azure reports whether an issuer's tokens are of service connections.
func (j *trustJudge) azure(p provider) bool { return p.azure() || slices.Contains(j.own, p.issuer) }

// subject reads a subject of an issuer's.
func (j *trustJudge) subject(issuer, s string) (party, subjectKind) {
	us, kind := readSubject(issuer, s)
	if kind == otherSubject && s != "" && slices.Contains(j.own, issuer) {
		return party{connection: s}, connectionSubject
	}
	return us, kind
}

// report tries everybody and comes to the verdict.
func (j *trustJudge) report() TrustReport {
	r := TrustReport{Account: j.account, Connections: []Entrant{}, Others: []Entrant{}, Problems: j.problems}
	for _, t := range j.named {
		e := j.try(t)
		if e.Answer == Denied {
			r.Problems = append(r.Problems, Problem{
				Code: "I5", Name: "subject", Level: workflows.Medium,
				Say: fmt.Sprintf("It names %s and does not let it in: %s.", e.Subject, e.Why),
				Fix: "Take out what keeps it out, or the name.",
			})
			continue
		}
		e.Who = "the service connection that it names"
		r.Connections = append(r.Connections, e)
	}
	worst := Exact
	for _, e := range j.others() {
		if e.Answer == Denied {
			continue
		}
		r.Others = append(r.Others, e)
		if badness[e.verdict] > badness[worst] {
			worst = e.verdict
		}
	}
	slices.SortStableFunc(r.Others, func(a, b Entrant) int { return badness[b.verdict] - badness[a.verdict] })
	switch {
	case !j.federates() && worst != Everybody:
		r.Verdict = Unfederated
	case worst != Exact:
		r.Verdict = worst
	case j.foreign:
		r.Verdict = Foreign
	case j.odd:
		r.Verdict = NotJudged
	case len(r.Connections) == 0:
		r.Verdict = Closed
	case !j.proved:
		r.Verdict = Loose
	case len(r.Connections) < len(j.named):
		r.Verdict = Closed // for some of those that it names
	default:
		r.Verdict = Exact
	}
	if len(r.Others) > 0 && !slices.ContainsFunc(r.Problems, Problem.Counts) {
		r.Problems = append(r.Problems, Problem{
			Code: "I5", Name: "subject", Level: workflows.High,
			Say: fmt.Sprintf("It lets in %s, although nothing in its form shows why.", r.Others[0].Who),
			Fix: "Write it anew: one StringEquals on the audience and the subject.",
		})
	}
	return r
}

// badness orders verdicts, so that the worst of all that were found is told.
var badness = map[Verdict]int{Exact: 0, Loose: 1, Similar: 2, OfProject: 3, Organization: 4, Foreign: 5, Everybody: 6}

// federates reports whether a web identity could ever get in.
func (j *trustJudge) federates() bool {
	return slices.ContainsFunc(j.doc.Statement, func(s Statement) bool {
		_, everybody := s.Principal["*"]
		return s.allows() && s.acts(assume) != no && (everybody || len(s.Principal["Federated"]) > 0 || s.NotPrincipal != nil)
	})
}

func (r TrustReport) sentence() string {
	names := make([]string, 0, len(r.Connections))
	for _, c := range r.Connections {
		names = append(names, c.Subject)
	}
	named := and(names)
	switch r.Verdict {
	case Exact:
		return "Exact: it lets in " + named + " and nothing else."
	case Unfederated:
		return "No federation: no web identity can take this role."
	case Closed:
		if len(names) > 0 {
			return "Broken: of the connections that it names it lets in only " + named + "."
		}
		return "Broken: it lets in nobody that it names."
	case Unreadable:
		if r.Problems[0].Attack == "" {
			return "Unreadable: it is no policy document as AWS takes them."
		}
		return "Unreadable: readers do not agree on what it says."
	case NotJudged:
		return "Not exact: something in it cannot be judged, so others may get in."
	}
	if r.Verdict == Loose && len(r.Others) == 0 {
		return "Not exact: it lets in " + named + ", and lets it do more than take the role."
	}
	if len(r.Others) == 0 {
		return "Not exact: it also trusts others than service connections of Azure DevOps."
	}
	var who []string // the worst alone: the others are among them, or smaller
	for _, e := range r.Others {
		if e.verdict == r.Verdict {
			who = unique(who, e.Who)
		}
	}
	lead := "Not exact: besides " + named + " it lets in "
	if len(names) == 0 {
		lead = "Not exact: it names no service connection and lets in "
	}
	return lead + and(who) + "."
}

// unread judges a document that Parse refuses. If a key is there twice, both
// readings are tried: whoever approved one of them let in the other.
func (r *TrustReport) unread(document string, frame TrustFrame, err error) {
	r.Verdict, r.Connections, r.Others = Unreadable, []Entrant{}, []Entrant{}
	p := Problem{
		Code: "I7", Name: "keys", Level: workflows.High, Where: placeOf(err), Say: "The trust policy " + unread(err),
		Fix: "Write it anew with every key once: fedbot policy render shows how it has to look.",
	}
	for _, keep := range []keeping{keepLast, keepFirst} {
		d, err := parse(document, keep)
		if err != nil {
			continue
		}
		p.Level = workflows.Critical
		p.Attack = "Of a key that is there twice one reader keeps the first and another the last: whoever reviewed one of them has approved the other, in which the test may be missing."
		j := newTrustJudge(d, frame)
		j.faults()
		for _, e := range append(j.report().Others, j.report().Connections...) {
			e.Why = strings.Join([]string{"if the " + string(keep) + " of the repeated keys counts", e.Why}, ": ")
			e.Answer = Unknown
			if !slices.ContainsFunc(r.Others, func(o Entrant) bool { return o.Subject == e.Subject && o.Who == e.Who }) {
				r.Others = append(r.Others, e)
			}
		}
	}
	r.Problems = []Problem{p}
}
