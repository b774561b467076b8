package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fedbot/workflows"
)

// answers are what a form holds, and what a command with flags says: the same
// wish, in the words of the person.
type answers struct {
	Organization string
	Project      string
	Pipelines    []string
	Branches     string
	Account      string
	Template     string
	Params       map[string]string
	Also         []workflows.Grant                       // further templates, each with its parameters
	More         []string                                // accounts beside the first
	Apart        map[string]map[string]map[string]string // their parameters: account, template, name
	Owner        string
	Ends         string // "6m", "1y", "2027-05-24", "date" for the date that follows
	Date         string
	Reason       string
	Connection   string

	Filled string // counts how often the form was filled from a pipeline's file; empty: never
}

var requestFlags = []string{"org", "project", "connection", "account", "template", "param", "reason", "pipeline", "branch", "owner", "ends"}

// request reads "request", "request PROJECT" and "request --flags". What was
// understood stays in the intent even if something was not, so that the form can
// open with it.
func (in *intent) request(args []word) error {
	plain, flags, err := in.flags(args, requestFlags)
	if err != nil {
		in.Wish = lenient(args)
		return err
	}
	in.Project = phrase(plain)
	if len(flags) == 0 {
		in.Wish.Project = in.Project
		return nil
	}
	if len(plain) > 0 {
		in.Wish = lenient(args)
		return &misread{Say: fmt.Sprintf("Not understood: %q. With flags, the project goes after --project.", cut(in.Project, 60)), Usage: usage("request"), Typed: true}
	}
	in.Ask = true
	var missing []string
	if in.Wish, err = wish(flags); err == nil {
		missing = in.Wish.missing()
	}
	if slices.ContainsFunc(in.Wish.grants(), workflows.Grant.Custom) {
		return &misread{Say: "Not sent: a policy document does not fit into a command. The form takes it, and fedbot request --document on the host.", Usage: usage("request"), Typed: true}
	}
	if len(missing) > 0 {
		return &misread{Say: "Not sent: " + strings.Join(missing, ", ") + " missing.", Usage: usage("request"), Typed: true}
	}
	return err
}

func wish(flags []given) (answers, error) {
	var a answers
	var failed error
	for _, f := range flags {
		into := map[string]*string{
			"org": &a.Organization, "project": &a.Project, "connection": &a.Connection, "account": &a.Account,
			"template": &a.Template, "reason": &a.Reason, "owner": &a.Owner, "ends": &a.Ends,
		}[f.name]
		switch {
		case f.name == "account" && a.Account != "":
			a.More = append(a.More, f.value)
		case f.name == "template" && a.Template != "":
			a.Also = append(a.Also, workflows.Grant{Template: f.value, Params: map[string]string{}})
		case into != nil && *into != "":
			failed = &misread{Say: fmt.Sprintf("--%s is there twice.", f.name), Usage: usage("request"), Typed: true}
		case into != nil:
			*into = f.value
		case f.name == "pipeline":
			a.Pipelines = append(a.Pipelines, f.value)
		case f.name == "branch":
			a.Branches = strings.Trim(a.Branches+", "+f.value, ", ")
		case f.name == "param":
			name, value, ok := strings.Cut(f.value, "=")
			if !ok || name == "" || value == "" {
				failed = &misread{Say: fmt.Sprintf("Not understood: --param %s. It is written NAME=VALUE.", cut(f.value, 60)), Usage: usage("request"), Typed: true}
				continue
			}
			if a.Params == nil {
				a.Params = map[string]string{}
			}
			params := a.Params
			if n := len(a.Also); n > 0 { // a parameter belongs to the template before it
				params = a.Also[n-1].Params
			}
			if _, twice := params[name]; twice {
				failed = &misread{Say: fmt.Sprintf("--param %s is there twice for one template.", cut(name, 40)), Usage: usage("request"), Typed: true}
			}
			params[name] = value
		}
	}
	if len(a.accounts()) != len(a.More)+min(1, len(a.Account)) {
		failed = &misread{Say: "An account is there twice.", Usage: usage("request"), Typed: true}
	}
	if len(a.accounts()) > mostAccounts {
		failed = &misread{Say: fmt.Sprintf("Not sent: %d accounts, and one request takes %d at most.", len(a.accounts()), mostAccounts), Usage: usage("request"), Typed: true}
	}
	if err := a.typedParams(); err != nil && failed == nil {
		failed = err
	}
	return a, failed
}

// lenient reads whatever can be read, for the form.
func lenient(args []word) answers {
	var in intent
	var flags []given
	for start := 0; start < len(args); {
		end := start + 1
		for end < len(args) && !args[end].flag() {
			end++
		}
		if args[start].flag() {
			if _, some, err := in.flags(args[start:end], requestFlags); err == nil {
				flags = append(flags, some...)
			}
		}
		start = end
	}
	a, _ := wish(flags)
	return a
}

func (a answers) missing() []string {
	var out []string
	for _, f := range []given{{"--org", a.Organization}, {"--project", a.Project}, {"--account", a.Account}, {"--template", a.Template}, {"--reason", a.Reason}} {
		if f.value == "" {
			out = append(out, f.name)
		}
	}
	return out
}

// proposal is the wish as the desk wants it. Ends that cannot be read is a refusal
// at its field.
func (a answers) proposal(now time.Time) (workflows.Proposal, error) {
	p := workflows.Proposal{
		Kind: workflows.Create, Organization: a.Organization, Project: a.Project, Account: a.Account,
		Connection: a.Connection, Owner: a.Owner, Reason: strings.TrimSpace(a.Reason),
		Pipelines: a.Pipelines, Branches: branchNames(a.Branches),
		Grants: withDocument(append([]workflows.Grant{{Template: a.Template, Params: a.Params}}, a.Also...)),
	}
	if p.Connection == "" {
		p.Connection = "aws-" + a.Account
	}
	typed := a.Ends
	if typed == "date" {
		typed = a.Date
	}
	if typed == "" {
		return p, nil
	}
	day, ok := until(typed, now)
	if !ok {
		r := workflows.Refuse("bad_end", "Not understood: %q. An end is a date such as 2027-05-24, or 6m, 1y, 90d.", cut(typed, 40))
		r.Field = "ends"
		return p, r
	}
	p.Ends = day
	return p, nil
}

// branchNames reads "main, release/*"; refs/heads/ in front is taken off.
func branchNames(typed string) []string {
	var out []string
	for _, b := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == ';' }) {
		b = strings.TrimPrefix(b, "refs/heads/")
		if b != "" && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// line is the wish as one command, to copy for a script.
func commandLine(p workflows.Proposal) string {
	b := strings.Builder{}
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " --%s %s", name, quoted(value))
		}
	}
	b.WriteString("/federate request")
	add("org", p.Organization)
	add("project", p.Project)
	add("connection", p.Connection)
	add("account", p.Account)
	for _, g := range p.Grants {
		add("template", g.Template)
		for _, name := range sortedKeys(g.Params) {
			add("param", name+"="+g.Params[name])
		}
		if g.Document != "" { // too long for a line; fedbot request on the host takes a file
			add("document", "document.json")
		}
	}
	for _, name := range p.Pipelines {
		add("pipeline", name)
	}
	for _, name := range p.Branches {
		add("branch", name)
	}
	add("owner", p.Owner)
	if !p.Ends.IsZero() {
		add("ends", p.Ends.UTC().Format("2006-01-02"))
	}
	add("reason", p.Reason)
	return b.String()
}

func quoted(v string) string {
	if strings.ContainsAny(v, " \t\n\"'“”‘’") || strings.HasPrefix(v, "-") {
		return `"` + strings.NewReplacer(`"`, "'", "“", "'", "”", "'", "\n", " ").Replace(v) + `"`
	}
	return v
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
