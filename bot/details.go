package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// detailsModal is the plan to the letter: what the everyday words on the card stand
// for.
func detailsModal(f workflows.Federation, r workflows.Request, s scene) *slack.ModalViewRequest {
	d := dossier{console: s.Console}
	if r.Checked == nil {
		return notice("Details of "+string(r.ID), "It is being checked; there is no plan yet.")
	}
	plan := r.Checked.Plan
	d.part("Steps", stepLines(plan))
	for _, st := range plan.Steps {
		switch {
		case st.Role != nil:
			d.part("Trust policy of "+st.Role.Name, indent(st.Role.Trust))
			d.part("Role", roleLines(*st.Role))
		case st.Kind == workflows.StepPolicy:
			d.part("Permissions: "+st.Policy.Name, indent(st.Policy.Document))
		}
	}
	d.part("Azure DevOps", azureLines(plan))
	if standsFor(f, r) {
		d.part("Changed outside fedbot", findingLines(f.Findings))
	}
	d.part("Checks", checkLines(r.Checked.Checks))
	d.part("As a command", commandLine(r.Proposal))
	if s.Console != "" {
		d.blocks = append(d.blocks, slack.NewActionBlock("", link("Open in console", s.Console+"federations/"+string(f.ID))))
	}
	return view("Details of "+string(r.ID), d.blocks)
}

// dossier collects parts and keeps the whole within what a view may hold.
type dossier struct {
	blocks  []slack.Block
	console string
	size    int
}

// mostDossier leaves room below the 250 kB of a view, most of which is JSON's own.
const mostDossier = 60000

func (d *dossier) part(head, body string) {
	body = strings.Trim(body, "\n")
	if body == "" || len(d.blocks) > maxView-4 {
		return
	}
	d.blocks = append(d.blocks, slack.NewHeaderBlock(plainText(head, maxHeader)))
	all := strings.Split(body, "\n")
	for len(all) > 0 {
		n, length := 0, 0
		for n < len(all) && (n == 0 || length+len(all[n])+1 <= maxPre) {
			length += len(all[n]) + 1
			n++
		}
		if d.size+length > mostDossier || len(d.blocks) > maxView-4 {
			d.blocks = append(d.blocks, slack.NewContextBlock("", mrkdwn(d.rest(len(all)))))
			return
		}
		d.size += length
		d.blocks = append(d.blocks, preformatted(cut(strings.Join(all[:n], "\n"), maxPre)))
		all = all[n:]
	}
}

func (d *dossier) rest(n int) string {
	if d.console != "" {
		return fmt.Sprintf("%d more lines; on fedbot's host, fedbot show -o json has them all", n)
	}
	return fmt.Sprintf("%d more lines: fedbot show, on the host, has them", n)
}

func stepLines(p workflows.Plan) string {
	var b strings.Builder
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%2d %-12s %s\n", i+1, s.System, s.Title)
	}
	return b.String()
}

func roleLines(r workflows.RoleSpec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ARN         %s\nBoundary    %s\nSession     %d seconds at most\n", r.ARN, r.Boundary, r.MaxSession)
	for _, k := range sortedKeys(r.Tags) {
		fmt.Fprintf(&b, "Tag         %s = %s\n", k, r.Tags[k])
	}
	return b.String()
}

func azureLines(p workflows.Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		switch {
		case s.Connection != nil:
			c := s.Connection
			fmt.Fprintf(&b, "Connection  %s, type AWS, OIDC, no keys\nProject     %s / %s\nRole        %s\nSession     %s\nDescription %s\n",
				c.Name, c.Organization, c.Project, c.RoleARN, c.SessionName, c.Description)
		case s.Checks != nil:
			fmt.Fprintf(&b, "Branches    %s\n", shortRefs(s.Checks.Branches))
		case s.Pipelines != nil:
			for _, pipe := range s.Pipelines.Pipelines {
				fmt.Fprintf(&b, "Pipeline    %s (%d)\n", pipe.Name, pipe.ID)
			}
		case s.Kind == workflows.StepFirstUse && s.Proof != nil:
			fmt.Fprintf(&b, "First use   of role %s, by CloudTrail's record\nProvider    %s\nSubject     %s\nAudience    %s\n",
				s.Proof.RoleARN, s.Proof.Provider, s.Proof.Subject, s.Proof.Audience)
		case s.Kind == workflows.StepRun && s.Proof != nil:
			fmt.Fprintf(&b, "Proof run   %s (%d), %s\nSubject     %s\nAudience    %s\nIssuer      %s\n",
				s.Proof.Pipeline.Name, s.Proof.Pipeline.ID, s.Proof.Ref, s.Proof.Subject, s.Proof.Audience, s.Proof.Issuer)
		}
	}
	return b.String()
}

// findingLines are the findings with everybody who can have made them, in UTC.
func findingLines(list []workflows.Finding) string {
	var b strings.Builder
	for _, x := range list {
		fmt.Fprintf(&b, "%s  %s, %s: approved %s, found %s\n", x.ID, x.Step, x.Field, middle(x.Approved, 120), middle(x.Found, 120))
		if !x.Authors.Known() {
			fmt.Fprintf(&b, "          %s\n", x.AuthorUnknown())
			continue
		}
		for _, w := range x.Authors.Writers {
			fmt.Fprintf(&b, "          %s UTC  %s  by %s%s (%s)\n", w.At.UTC().Format("2 Jan 15:04:05"), w.Did, w.Name(), w.Where(), w.Source)
		}
	}
	return b.String()
}

func checkLines(checks []workflows.Check) string {
	var b strings.Builder
	for _, c := range checks {
		word := "passed "
		switch {
		case c.Warn:
			word = "warning"
		case !c.OK:
			word = "FAILED "
		}
		fmt.Fprintf(&b, "%s %s\n", word, strings.TrimSpace(c.Name+". "+c.Say))
	}
	return b.String()
}

func indent(document string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(document), "", "  "); err != nil {
		return document
	}
	return b.String()
}
