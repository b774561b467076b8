package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"fedbot/workflows"
)

// RoleFacts are a role as it was read, and what it has to be.
type RoleFacts struct {
	Path, Name, ID   string // as read; ID is AROA…
	WantID           string // recorded when it was made; empty: it is not made yet
	Boundary         string // ARN, as read; empty: none
	WantBoundary     string
	MaxSession       int // seconds, as read
	MostSession      int // seconds; 0: an hour
	Tags             map[string]string
	Attached         []string // ARNs of managed policies
	Allowed          []string // those of them that were approved
	InstanceProfiles []string // that hold the role
}

var (
	roleNameForm = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	mightyPolicy = regexp.MustCompile(`^arn:aws[a-z-]*:iam::aws:policy/(.*Admin.*|.*FullAccess|PowerUserAccess|IAMFullAccess)$`)
	neededTags   = []string{"managed-by", "fedbot-mark", "federation", "ado-org-id", "ado-project-id", "ado-connection-id", "template", "owner"}
)

// LintRole checks a role but for its documents: I10 to I15 and I17. It reads the
// facts that it is given and nothing else.
func LintRole(f RoleFacts) []Problem {
	var l linter
	if f.Path != workflows.RolePath || !roleNameForm.MatchString(f.Name) || !strings.HasPrefix(f.Name, "ado-") {
		l.add("I10", workflows.High, "name", fmt.Sprintf("The role %s%s is not named as fedbot names roles.", shown(f.Path), shown(f.Name)))
	}
	if f.Boundary != f.WantBoundary || f.Boundary == "" {
		l.add("I11", workflows.Critical, "permissions boundary", fmt.Sprintf("The role carries %s instead of the boundary %s.", orNothing(f.Boundary), orNothing(f.WantBoundary))).
			Attack = "Whoever may write the role's policies can give it every right of the account."
	}
	if most := max(f.MostSession, 0); f.MaxSession > most && (most > 0 || f.MaxSession > longestSession) {
		l.add("I12", workflows.Medium, "longest session", fmt.Sprintf("A session may last %s.", time.Duration(f.MaxSession)*time.Second))
	}
	for _, tag := range neededTags {
		if f.Tags[tag] == "" {
			l.add("I13", workflows.Low, "tags", "The role lacks the tag "+tag+".")
		}
	}
	if f.WantID != "" && f.ID != f.WantID {
		l.add("I14", workflows.Critical, "role id", fmt.Sprintf("The role has the id %s; the one that was made had %s.", orNothing(f.ID), f.WantID)).
			Attack = "Somebody deleted the role and made another under its name, with whatever they like in it."
	}
	for _, p := range f.InstanceProfiles {
		l.add("I15", workflows.High, "instance profiles", fmt.Sprintf("The instance profile %s holds the role.", shown(p))).
			Attack = "Whoever can use a machine with this profile has the role's rights, without any pipeline."
	}
	if strings.HasPrefix(f.Path, "/aws-service-role/") {
		l.add("I15", workflows.High, "path", "The role belongs to a service of AWS.")
	}
	for _, arn := range f.Attached {
		if slices.Contains(f.Allowed, arn) {
			continue
		}
		level, attack := workflows.High, "It adds rights that nobody approved."
		if mightyPolicy.MatchString(arn) {
			level, attack = workflows.Critical, "Whoever uses the role owns the account, or a whole service of it."
		}
		l.add("I17", level, "managed policies", fmt.Sprintf("The managed policy %s is attached.", shown(arn))).Attack = attack
	}
	return ordered(l.problems)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return shown(s)
}

// ProviderFacts are an OIDC provider as it was read, and what it has to be.
type ProviderFacts struct {
	URL, WantURL string   // with or without https://
	Audiences    []string // client ids, as read
	Audience     string   // the one it has to take
	Thumbprints  []string // as read
}

// LintProvider checks an OIDC provider: I25 and I26.
func LintProvider(f ProviderFacts) []Problem {
	var l linter
	if host(f.URL) != host(f.WantURL) {
		l.add("I25", workflows.Critical, "address", fmt.Sprintf("The provider is of %s instead of %s.", shown(f.URL), shown(f.WantURL))).
			Attack = "Whoever runs that address makes tokens that roles of this account believe."
	}
	if !slices.Contains(f.Audiences, f.Audience) {
		l.add("I25", workflows.Medium, "audiences", fmt.Sprintf("The provider does not take the audience %s, so nobody gets in.", f.Audience), "Add the audience.")
	}
	for _, a := range f.Audiences {
		if a != f.Audience {
			l.add("I25", workflows.High, "audiences", fmt.Sprintf("The provider takes the audience %s as well.", shown(a))).
				Attack = "A token that was asked for that service is used on every role here that does not test the audience."
		}
	}
	if len(f.Thumbprints) > 0 {
		l.add("I26", workflows.Low, "thumbprints", "The provider has thumbprints: "+and(f.Thumbprints)+".")
	}
	return ordered(l.problems)
}

// LifeFacts are what the record and Azure DevOps say about a federation.
type LifeFacts struct {
	Approved, Today Names // by which ids the names go; Today is read now
	Requester       string
	Approvers       []string
	Ends, Latest    time.Time // zero: it does not end; there is no latest
	Digest          string    // of the plan that is carried out
	Recorded        []string  // digests that the record holds as approved
	Ours            bool      // the role is one that our record made
	Writes          []workflows.StepKind
}

// Names are the ids that organization, project and connection have.
type Names struct{ OrganizationID, ProjectID, ConnectionID string }

// LintLife checks what no document can show: I8 and I27 to I30.
func LintLife(f LifeFacts) []Problem {
	var l linter
	for _, n := range []struct{ what, approved, today string }{
		{"organization", f.Approved.OrganizationID, f.Today.OrganizationID},
		{"project", f.Approved.ProjectID, f.Today.ProjectID},
		{"connection", f.Approved.ConnectionID, f.Today.ConnectionID},
	} {
		if n.approved != n.today {
			l.add("I8", workflows.Critical, n.what, fmt.Sprintf("The %s of that name has today the id %s; approved was %s.", n.what, orNothing(n.today), orNothing(n.approved))).
				Attack = "Somebody deleted or renamed the " + n.what + " and made another of its name: its pipelines have the role now."
		}
	}
	if say := order(f.Writes); say != "" {
		l.add("I27", workflows.High, "steps", say).Attack = "For a moment the role can be used before anybody has looked at what was made."
	}
	switch {
	case len(f.Approvers) == 0:
		l.add("I28", workflows.High, "approval", "Nobody has approved it.")
	case slices.Contains(f.Approvers, f.Requester):
		l.add("I28", workflows.High, "approval", "The requester has approved it.").Attack = "One person alone decides what they may do."
	}
	if !f.Latest.IsZero() && (f.Ends.IsZero() || f.Ends.After(f.Latest)) {
		l.add("I28", workflows.Medium, "end", "It ends later than "+f.Latest.UTC().Format(time.DateOnly)+", or never.", "Choose an earlier end.")
	}
	if !slices.Contains(f.Recorded, f.Digest) || f.Digest == "" {
		l.add("I29", workflows.High, "digest", "The record holds no approval of this plan.")
	}
	if !f.Ours {
		l.add("I30", workflows.High, "role", "The role is none that fedbot's record has made.")
	}
	return ordered(l.problems)
}

// order says what is wrong with the order of a plan's steps: a role is held before it
// gets a policy, everything is read back after the policies and before the hold is
// lifted, and lifting comes last. A plan without a role has nothing to keep.
func order(steps []workflows.StepKind) string {
	at := func(k workflows.StepKind) int { return slices.Index(steps, k) }
	last := func(k workflows.StepKind) int {
		for i := len(steps) - 1; i >= 0; i-- {
			if steps[i] == k {
				return i
			}
		}
		return -1
	}
	role, hold, lift := at(workflows.StepRole), at(workflows.StepHold), at(workflows.StepLift)
	switch {
	case role < 0:
		return ""
	case hold != role+1:
		return "The role is not held right after it is made."
	case at(workflows.StepPolicy) >= 0 && at(workflows.StepPolicy) < hold:
		return "A policy is written before the role is held."
	case lift >= 0 && lift != len(steps)-1:
		return "Something comes after the hold is lifted."
	case lift >= 0 && (last(workflows.StepReadBack) < last(workflows.StepPolicy) || last(workflows.StepReadBack) != lift-1):
		return "The hold is lifted before everything was read back."
	case lift >= 0 && max(at(workflows.StepWatch), at(workflows.StepFirstUse)) < last(workflows.StepPolicy):
		return "The hold is lifted without a proof under it."
	}
	return ""
}
