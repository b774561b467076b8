package workflows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Foresight is what a proposal would ask for and who would decide about it, told
// before it is sent. Everything in it is worked out as for a request that was.
type Foresight struct {
	By       Person    `json:"by"`       // who would be the requester, and so has no vote
	Proposal Proposal  `json:"proposal"` // with canonical names and the owner team filled in
	Words    Words     `json:"words"`
	Checks   []Check   `json:"checks"`
	Verdict  Verdict   `json:"verdict"` // stages with who could decide now, and why each is there
	Lapses   time.Time `json:"lapses"`  // when it would, sent now
	ReadAt   time.Time `json:"read_at"`
	Standing string    `json:"standing"` // the requester's in the Azure DevOps project
	Branches []Branch  `json:"branches,omitempty"`
}

// Asked is the request that it would be, for whoever shows requests.
func (f Foresight) Asked() Request {
	facts := Facts{ReadAt: f.ReadAt, AzureDevOps: AzureFacts{Standing: f.Standing, Branches: f.Branches}}
	return Request{By: f.By, Proposal: f.Proposal, State: RequestOpen,
		Checked: &Checked{Facts: facts, Words: f.Words, Checks: f.Checks, Verdict: f.Verdict, Lapses: f.Lapses}}
}

// Foresee says who would approve a create, and why, without asking anybody: it is
// the preflight of a request that nobody has sent. It reads both sides, stores
// nothing and claims nothing, so that what is free now may be taken when it is sent.
// A reason that is not written yet is not held against the proposal; everything
// else that would refuse the request is the *Refusal that it would meet.
//
// Whoever may not ask learns that first, and nothing about the project or account.
func (e *Engine) Foresee(ctx context.Context, by Actor, p Proposal) (Foresight, error) {
	who, err := e.person(ctx, by)
	if err != nil {
		return Foresight{}, err
	}
	p.Kind = Create
	if p.Organization == "" {
		if p.Organization, err = e.onlyOrganization(p.Project); err != nil {
			return Foresight{}, err
		}
	}
	pr, acct, err := e.mayAsk(ctx, p, who)
	if err != nil {
		return Foresight{}, err
	}
	names, err := e.Survey.Names(ctx, p)
	if err != nil {
		return Foresight{}, fmt.Errorf("look up names: %w", err)
	}
	p.Organization, p.Project, p.Account = names.Organization, names.Project, acct.Name
	if p.Connection == "" {
		p.Connection = "aws-" + acct.Name
	}
	if p.Owner == "" {
		p.Owner = pr.Owners
	}
	id, err := e.Log.NextID(ctx)
	if err != nil {
		return Foresight{}, fmt.Errorf("number a federation: %w", err)
	}
	names.AccountID = acct.ID
	f := Federation{ID: id, Key: e.Key(), State: Requested, Names: names, Approved: p, Owner: p.Owner}
	reader, asked := e, p
	if strings.TrimSpace(p.Reason) == "" {
		reader = e.withoutTickets()
		p.Reason = "not written yet"
	}
	checked, _, err := reader.check(ctx, f, Request{ID: id.Request(1), By: who, At: e.Now(), Proposal: p, State: RequestOpen})
	if c, failed := Failed(standingOf(checked.Checks)); failed {
		return Foresight{}, &Refusal{Code: "may_not_ask", Field: c.Field, Say: c.Say}
	}
	if err != nil {
		return Foresight{}, fmt.Errorf("foresee: %w", err)
	}
	return Foresight{By: who, Proposal: asked, Words: checked.Words, Checks: checked.Checks, Verdict: checked.Verdict,
		Lapses: checked.Lapses, ReadAt: checked.Facts.ReadAt,
		Standing: checked.Facts.AzureDevOps.Standing, Branches: checked.Facts.AzureDevOps.Branches}, nil
}

// onlyOrganization is the one organization that has an entry for a project of that
// name.
func (e *Engine) onlyOrganization(project string) (string, error) {
	var found []string
	for _, p := range e.Rules.Projects {
		if strings.EqualFold(p.Name, project) {
			found = append(found, p.Organization)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return "", &Refusal{Code: "which_organization", Field: "project", Say: fmt.Sprintf("Which organization? %s each have a project %s. Name one with --org.", strings.Join(found, ", "), project)}
	}
	return "", &Refusal{Code: "no_project", Field: "project", Say: fmt.Sprintf("fedbot is not set up for a project %s. Silence means no. An administrator of fedbot can add it.", project)}
}

// withoutTickets is an engine that reads alone, with rules that ask for no ticket in a
// reason. It has a memory of its own, because a lock cannot be copied.
func (e *Engine) withoutTickets() *Engine {
	quiet := e.Rules
	quiet.Accounts = slices.Clone(quiet.Accounts)
	for i := range quiet.Accounts {
		quiet.Accounts[i].Ticket = ""
	}
	quiet.Approvals = slices.Clone(quiet.Approvals)
	for i := range quiet.Approvals {
		quiet.Approvals[i].Reason = ""
	}
	return &Engine{Log: e.Log, Steppers: e.Steppers, Watcher: e.Watcher, Survey: e.Survey, Planner: e.Planner, Directory: e.Directory,
		Rules: quiet, Now: e.Now, Turn: e.Turn}
}

// standingOf are the checks that say whether the requester may ask at all.
func standingOf(checks []Check) []Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return c.Name != mayAskCheck })
}

// Why are the reasons behind a verdict, in sentences.
func (v Verdict) Why() string {
	if len(v.Because) == 0 {
		return ""
	}
	say := strings.Join(v.Because, "; ")
	return strings.ToUpper(say[:1]) + say[1:] + "."
}
