package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"fedbot/workflows"
)

// words explain a plan to people.
func (d *draft) words() workflows.Words {
	w := workflows.Words{Worst: d.worst(), Today: d.today()}
	w.Risk, w.Why = d.risk()
	var asks, cannot, limits []string
	for _, g := range d.grants {
		said := d.said(g)
		asks = unique(asks, fillText(g.template.Asks, said))
		for _, s := range g.template.Can {
			if (s.With == "" || g.values[s.With] != "") && (s.Without == "" || g.values[s.Without] == "") {
				w.Can = unique(w.Can, fillText(s.Say, said))
			}
		}
		for _, text := range g.template.Cannot {
			cannot = unique(cannot, fillText(text, said))
		}
		if limit := fillText(g.template.Pipeline.Limit, said); limit != "" {
			limits = unique(limits, limit)
		}
	}
	if len(d.grants) > 1 {
		// What one template cannot do another may, so only what holds of all of them
		// together is said.
		cannot = Explain(d.documents(), LintFrame{}).Cannot
	}
	w.Asks, w.Cannot, w.Limit = and(asks), orList(cannot), strings.Join(limits, " ")
	if d.in.Proposal.Kind == workflows.Release {
		w.Asks = "use its federation again in"
	}
	w.YAML = d.yaml()
	if d.byFirstUse() && d.in.Proposal.Kind == workflows.Create {
		w.Proof = fmt.Sprintf("Not by a run: %s has no verification pipeline. Instead %s may use the connection before the proof, to a role that is held and can do nothing. "+
			"The hold is lifted once CloudTrail shows that sign-in; a sign-in of anybody else stops it.", d.us.project, join(d.pipelineNames(), "or"))
	}
	return w
}

// said are the values that sentences may hold besides those of policies.
func (d *draft) said(g grant) map[string]string {
	out := map[string]string{"kind": d.in.Account.Kind(), "connection": d.us.connection, "project": d.us.project}
	for k, v := range g.values {
		out[k] = v
	}
	return out
}

// worst says who could do the single worst thing, and which that is: the one of the
// riskiest grant.
func (d *draft) worst() string {
	if len(d.grants) == 0 {
		return "What it could do before the quarantine, it can do again."
	}
	worst := d.grants[0]
	for _, g := range d.grants[1:] {
		if d.harm(g) > d.harm(worst) {
			worst = g
		}
	}
	harm, who := fillText(worst.template.Worst, d.said(worst)), d.who()
	if len(d.permits) == 0 {
		return fmt.Sprintf("No pipeline is permitted yet, so nobody can use it. Once one is: %s %s.", who, harm)
	}
	return fmt.Sprintf("%s %s.", strings.ToUpper(who[:1])+who[1:], harm)
}

// harm orders grants: by the risk of their templates here, then by the ways that the
// linter knows them to open, of which acting as another role is the worst.
func (d *draft) harm(g grant) int {
	level := g.template.Risk.Level
	for _, r := range g.template.Risk.Raises {
		if (r.Production && d.in.Account.Production || r.Without != "" && g.values[r.Without] == "") && r.Level.AtLeast(level) {
			level = r.Level
		}
	}
	rank := 0
	for i, l := range []workflows.Level{workflows.Low, workflows.Medium, workflows.High} {
		if level == l {
			rank = 10 * i
		}
	}
	kind := 0
	for _, p := range LintPermissions(map[string]string{g.policy: g.document}, LintFrame{}) {
		switch p.Code[0] {
		case 'E':
			kind = max(kind, 2)
		case 'X':
			kind = max(kind, 1)
		}
	}
	return rank + kind
}

// who is the widest circle of people that can set a pipeline off.
func (d *draft) who() string {
	if len(d.in.Proposal.Branches) == 0 {
		if len(d.permits) == 1 {
			return "anyone who can run the pipeline from any branch"
		}
		return "anyone who can run the pipelines from any branch"
	}
	if open := d.open(); len(open) > 0 {
		return "anyone who can push to " + join(quoted(open), "or")
	}
	return "anyone who gets a change merged to " + join(quoted(plainRefs(d.refs)), "or")
}

// risk is the highest of all grants, with the reasons that reach it.
func (d *draft) risk() (workflows.Level, string) {
	if len(d.grants) == 0 {
		return workflows.High, "What it opens again was not told, so it counts as high."
	}
	level := workflows.Low
	var reasons, excepted []string
	note := func(l workflows.Level, why string) {
		switch {
		case level == l:
			reasons = unique(reasons, why)
		case l.AtLeast(level):
			level, reasons = l, []string{why}
		}
	}
	for _, g := range d.grants {
		r, said := g.template.Risk, d.said(g)
		note(r.Level, fillText(r.Why, said))
		for _, raise := range r.Raises {
			if raise.Production && d.in.Account.Production || raise.Without != "" && g.values[raise.Without] == "" {
				note(raise.Level, fillText(raise.Why, said))
			}
		}
		for _, x := range g.template.Excepts {
			if x.Level.AtLeast(level) && x.Level != level {
				level, reasons = x.Level, nil
			}
			excepted = unique(excepted, fmt.Sprintf("Excepted from %s: %s", x.Check, fillText(x.Why, said)))
		}
	}
	if len(d.grants) > 1 {
		note(workflows.Medium, "Several objects at once.")
	}
	return level, strings.Join(append(reasons, excepted...), " ")
}

// today compares the plan with what exists.
func (d *draft) today() string {
	from := fmt.Sprintf("from %s to %s", d.us.project, d.in.Account.Name)
	switch d.in.Proposal.Kind {
	case workflows.Change:
		return fmt.Sprintf("A change of %s, %s. Only what differs from its plan in force is touched.", d.in.Federation, from)
	case workflows.Release:
		return fmt.Sprintf("%s, %s, is quarantined. Sessions that exist are ended, then the hold is lifted; nothing else changes.", d.in.Federation, from)
	}
	provider := "the OIDC provider is created"
	if d.in.Facts.AWS.Provider {
		provider = "the OIDC provider that is there is used as it is"
	}
	return fmt.Sprintf("A new federation %s. Nothing that exists changes; %s.", from, provider)
}

// yaml is the pipeline step to paste.
func (d *draft) yaml() string {
	var script []string
	for _, g := range d.grants {
		for _, line := range g.template.Pipeline.Script {
			script = append(script, fillText(line, d.said(g)))
		}
	}
	if len(script) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "- task: AWSShellScript@1\n  inputs:\n    awsCredentials: %s\n    regionName: %s\n    scriptType: inline\n    inlineScript: |\n",
		scalar(d.us.connection), scalar(d.in.Account.Region))
	for _, line := range script {
		fmt.Fprintf(&b, "      %s\n", line)
	}
	return b.String()
}

// scalar is a string as YAML holds it on one line.
func scalar(s string) string {
	raw, err := yaml.Marshal(s)
	if out := strings.TrimSuffix(string(raw), "\n"); err == nil && !strings.Contains(out, "\n") {
		return out
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func quoted(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, "`"+n+"`")
	}
	return out
}

// orList joins with a comma before the last "or", as the sentences on cards do.
func orList(items []string) string {
	if len(items) > 2 {
		last := len(items) - 1
		return strings.Join(items[:last], ", ") + ", or " + items[last]
	}
	if len(items) == 0 {
		return ""
	}
	return join(items, "or")
}

func unique(items []string, item string) []string {
	if slices.Contains(items, item) {
		return items
	}
	return append(items, item)
}
