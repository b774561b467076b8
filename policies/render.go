package policies

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fedbot/workflows"
)

// Planner renders plans from templates and issuer profiles. It is a
// workflows.Planner.
type Planner struct {
	Catalogue *Catalogue
	Profiles  map[string]Profile // by name of the organization, in lower case
}

var _ workflows.Planner = (*Planner)(nil)

// draft is everything that a plan is written from, looked up and checked.
type draft struct {
	in       workflows.Input
	profile  Profile
	us       party
	issuer   string
	subject  string
	role     string // name
	roleARN  string
	boundary string // ARN
	trust    string
	grants   []grant
	permits  []workflows.Pipeline
	refs     []string // branches, fully qualified
}

// Render turns a request and the facts into its plan, its words, and the checks
// that both documents passed. What cannot be granted safely is a *Refusal that
// says why and what now. Render is pure; Now and what Facts.Bound leaves out change
// words at most, never the plan.
func (p *Planner) Render(in workflows.Input) (workflows.Rendered, error) {
	d, refusal := p.draft(in)
	if refusal != nil {
		return workflows.Rendered{}, refusal
	}
	steps := d.steps
	if in.Proposal.Kind == workflows.Release {
		steps = d.release
	}
	plan := workflows.Plan{Federation: in.Federation, Steps: steps()}
	checks := d.checks(plan)
	for _, c := range checks {
		if !c.OK && !c.Warn {
			mend := "Administrator can mend the template or the issuer profile."
			if strings.HasPrefix(c.Say, PolicyName(workflows.CustomTemplate, 1)) {
				mend = "Change the document and ask again."
			}
			return workflows.Rendered{}, onField(c.Field, "invariant", "%s Nothing was created. %s", c.Say, mend)
		}
	}
	profile, err := json.Marshal(d.profile)
	if err != nil {
		return workflows.Rendered{}, fmt.Errorf("write issuer profile: %w", err)
	}
	out := workflows.Rendered{Plan: plan, Words: d.words(), Checks: checks, Profile: profile}
	for _, g := range d.grants {
		out.Templates = append(out.Templates, g.template.Source())
	}
	return out, nil
}

// draft looks everything up and refuses what cannot be planned, in the order in
// which a person would want to mend it.
func (p *Planner) draft(in workflows.Input) (*draft, *workflows.Refusal) {
	if in.Account.Name == "" {
		in.Account.Name = in.Account.ID
	}
	az := in.Facts.AzureDevOps
	d := &draft{in: in, us: party{az.Organization, az.OrganizationID, az.Project, az.ProjectID, in.Proposal.Connection, workflows.BlankConnection}}
	for _, look := range []func() *workflows.Refusal{
		d.kind, d.names, d.account,
		func() *workflows.Refusal { return d.identity(p.Profiles) },
		func() *workflows.Refusal { return d.templates(p.Catalogue) },
		d.room, d.pipelines, d.branches, d.verifier, d.withinBoundary,
	} {
		if refusal := look(); refusal != nil {
			return nil, refusal
		}
	}
	return d, nil
}

func (d *draft) kind() *workflows.Refusal {
	switch d.in.Proposal.Kind {
	case workflows.Create, workflows.Change, workflows.Release:
	default:
		return workflows.Refuse("unknown_kind", "%q is not something that can be asked for.", shown(string(d.in.Proposal.Kind)))
	}
	if d.in.Federation.Number() == 0 || d.in.Key == "" {
		return workflows.Refuse("no_federation", "The request belongs to no federation, so nothing was planned.")
	}
	return nil
}

func (d *draft) names() *workflows.Refusal {
	asked := d.in.Proposal
	if d.us.project == "" {
		return onField("Project", "no_project", "There is no project %q in %s.", shown(asked.Project), shown(asked.Organization))
	}
	if r := CheckNames(d.us.organization, d.us.project, d.us.connection); r != nil {
		return r
	}
	if !plainID.MatchString(d.us.organizationID) || !plainID.MatchString(d.us.projectID) {
		return onField("Project", "no_ids", "Azure DevOps did not tell the ids of %s and %s, so nothing was planned. Try again later.",
			d.us.organization, d.us.project)
	}
	return nil
}

func (d *draft) account() *workflows.Refusal {
	a := d.in.Account
	switch {
	case !account.MatchString(a.ID) || a.ID != d.in.Facts.AWS.AccountID:
		return onField("Account", "wrong_account", "What was read is not of account %s. Nothing was planned; try again, and tell Administrator if it stays.", shown(a.Name))
	case !region.MatchString(a.Region):
		return onField("Account", "no_region", "%s has no region in the configuration. Administrator can add it.", a.Name)
	case a.Boundary == "" || !exact(a.Boundary, "/", 128):
		return onField("Account", "no_boundary", "%s has no permissions boundary in the configuration. Administrator can add it.", a.Name)
	}
	d.role = workflows.RoleName(d.us.project, d.us.connection, d.in.Key)
	d.roleARN = "arn:aws:iam::" + a.ID + ":role" + workflows.RolePath + d.role
	d.boundary = "arn:aws:iam::" + a.ID + ":policy" + workflows.RolePath + a.Boundary
	return nil
}

// identity works out who the role is to trust.
func (d *draft) identity(profiles map[string]Profile) *workflows.Refusal {
	profile, ok := profiles[strings.ToLower(d.us.organization)]
	if !ok {
		return onField("Project", "no_profile", "%s has no issuer profile in the configuration. Administrator can add it.", d.us.organization)
	}
	if profile.Check() != nil {
		return onField("Project", "bad_profile", "The issuer profile of %s has a mistake. Administrator can mend it; fedbot doctor says which.", d.us.organization)
	}
	d.profile, d.issuer, d.subject = profile, d.us.fill(profile.Issuer), asTokensSay(d.us.fill(profile.Subject), d.in.Facts.AzureDevOps.Subject)
	aws := d.in.Facts.AWS
	arn := providerARN(d.in.Account.ID, d.issuer)
	if aws.ProviderARN != "" && aws.ProviderARN != arn {
		return onField("Account", "other_provider", "%s was read for another OIDC provider than the issuer profile names. Administrator can mend the configuration.", d.in.Account.Name)
	}
	if aws.Provider && !slices.Contains(aws.Audiences, profile.Audience) {
		return onField("Account", "no_audience", "The OIDC provider in %s does not accept the audience %s, and fedbot never changes a provider that it found. "+
			"Account owner can add it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn %s --client-id %s",
			d.in.Account.Name, profile.Audience, arn, profile.Audience)
	}
	d.trust = Trust(d.wantTrust())
	return nil
}

// asTokensSay is the subject as tokens spell it, if that is the very subject and IAM can
// hold it; otherwise as the issuer profile has it.
func asTokensSay(subject, seen string) string {
	if workflows.Respelled(subject, seen) && exact(seen, "", 1024) {
		return seen
	}
	return subject
}

func (d *draft) wantTrust() TrustWant {
	return TrustWant{d.in.Account.ID, d.issuer, d.profile.Audience, d.subject, d.in.Facts.AWS.TrustPolicyQuota}
}

// templates fills in what is asked for.
func (d *draft) templates(catalogue *Catalogue) *workflows.Refusal {
	if len(d.in.Proposal.Grants) == 0 && d.in.Proposal.Kind != workflows.Release {
		return onField("Template", "no_template", "Nothing is asked for. Choose a template; there are %d.", len(catalogue.Names()))
	}
	for _, asked := range d.in.Proposal.Grants {
		if asked.Custom() {
			if slices.ContainsFunc(d.grants, func(g grant) bool { return g.template.Name == workflows.CustomTemplate }) {
				return onField("Document", "template_twice", "There are two custom documents. Put their statements into one.")
			}
			g, refusal := d.custom(asked)
			if refusal != nil {
				return refusal
			}
			d.grants = append(d.grants, g)
			continue
		}
		t, ok := catalogue.Get(asked.Template)
		if !ok {
			return onField("Template", "unknown_template", "There is no template %q. %s", shown(asked.Template), catalogue.near(asked.Template))
		}
		if t.Base {
			return onField("Template", "base_template", "%s cannot be asked for: it is there to be extended by a template of your own. docs/templates.md says how.", t.Name)
		}
		if slices.ContainsFunc(d.grants, func(g grant) bool { return g.template.Name == t.Name }) {
			return onField("Template", "template_twice", "%s is there twice. A second object needs a federation of its own.", t.Name)
		}
		if say := t.unknown(asked.Params); say != "" {
			return onField("Template", "unknown_parameter", "%s", say)
		}
		for _, p := range t.Parameters {
			if r := p.check(asked.Params[p.Name], d.in); r != nil {
				return r
			}
		}
		values := t.values(asked.Params, d.in.Account.ID, d.in.Account.Region)
		d.grants = append(d.grants, grant{t, values, PolicyName(t.Name, t.Version), t.document(values)})
	}
	return nil
}

// room refuses more permissions than a role can hold.
func (d *draft) room() *workflows.Refusal {
	total := 0
	var parts []string
	for _, g := range d.grants {
		n := Size(g.document)
		total += n
		parts = append(parts, fmt.Sprintf("%s %d", g.template.Name, n))
	}
	if total > MostCharacters {
		return onField("Template", "too_large", "Together these templates have %d characters (%s); a role has room for %d: AWS takes %d in all, and the hold needs the rest. "+
			"Ask for some of them in a federation of their own.", total, and(parts), MostCharacters, inlineQuota)
	}
	return nil
}

// withinBoundary refuses what could never work, because the account's permissions
// boundary leaves it out.
func (d *draft) withinBoundary() *workflows.Refusal {
	a := d.in.Account
	if d.in.Facts.AWS.Boundary == "" {
		return onField("Account", "no_boundary", "%s is not set up: its permissions boundary %s is not there. %s can create it with fedbot bootstrap aws.",
			a.Name, a.Boundary, accountOwners(a))
	}
	boundary, err := Parse(d.in.Facts.AWS.Boundary)
	if err != nil {
		return onField("Account", "boundary_unread", "The permissions boundary of %s %s %s can mend it.", a.Name, unread(err), accountOwners(a))
	}
	for _, g := range d.grants {
		doc, err := Parse(g.document)
		if err != nil {
			return onField("Template", "template_broken", "The template %s makes a policy that %s Administrator can mend it.", g.template.Name, unread(err))
		}
		if action, ok := leftOut(boundary, doc); ok {
			return onField("Template", "outside_boundary", "%s could never work in %s: its permissions boundary does not allow %s. "+
				"%s can add it to the boundary; or choose another template.", g.template.Name, a.Name, action, accountOwners(a))
		}
	}
	return nil
}

// leftOut returns the first action of a policy that a boundary can never allow.
func leftOut(boundary, doc Document) (string, bool) {
	for _, s := range doc.Statement {
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				if s.allows() && !couldAllow(boundary, action, resource) {
					return action, true
				}
			}
		}
	}
	return "", false
}

func accountOwners(a workflows.Account) string {
	if a.Owners == "" {
		return "Account owner"
	}
	return a.Owners
}

// documents are the permissions policies by name.
func (d *draft) documents() map[string]string {
	out := map[string]string{}
	for _, g := range d.grants {
		out[g.policy] = g.document
	}
	return out
}

// checks are the invariants that the documents passed, for the card's "16 of 16".
func (d *draft) checks(plan workflows.Plan) []workflows.Check {
	documents := d.documents()
	excepts := map[string][]Exception{}
	for _, g := range d.grants {
		excepts[g.policy] = g.template.Excepts
	}
	out := CheckTrust(d.trust, d.wantTrust())
	out = append(out, CheckPermissions(documents, PermissionsWant{d.in.Account.ID, d.in.Account.Region, documents, excepts})...)
	for _, code := range []string{"I10", "I11", "I12", "I25", "I27"} {
		out = append(out, workflows.Check{Name: code + " " + checkNamed(code).Name, OK: true})
	}
	// The plan as a whole once more, as anybody's would be judged: what counts there fails
	// the row of its code.
	for _, p := range LintPlan(plan, d.in.Account.Region, d.in.Facts.AWS.Boundary, excepts) {
		for i := range out {
			if code, _, _ := strings.Cut(out[i].Name, " "); code == p.Code && p.Counts() && out[i].OK {
				out[i].OK, out[i].Say = false, p.Say
			}
		}
	}
	return out
}
