package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// shownTemplate is all that there is to say about a template.
type shownTemplate struct {
	listedTemplate
	Can      []string        `json:"can"`
	Cannot   []string        `json:"cannot"`
	Worst    string          `json:"worst"`
	Why      string          `json:"risk_why"` // "low: …", the template's own
	Raises   []string        `json:"risk_raises"`
	Script   []string        `json:"script"`
	Limit    string          `json:"limit"`
	Cases    int             `json:"cases"`
	Document json.RawMessage `json:"document"` // as the examples make it
}

// shownAction is what AWS says of an action, with the templates that use it.
type shownAction struct {
	policies.Action
	Service   string   `json:"service"`
	Templates []string `json:"templates"`
	Data      string   `json:"data"` // release of the data
	Date      string   `json:"date"` // day of the data
}

func policyShowCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "show TEMPLATE|ACTION", Short: "Show a template, or what AWS says of an action such as s3:PutObject or s3:Get*",
		Args: exactly(1, "the name of a template, or an action such as s3:PutObject"),
		RunE: func(c *cobra.Command, args []string) error {
			templates, err := s.templates(nil)
			if err != nil {
				return err
			}
			if strings.Contains(args[0], ":") {
				actions, err := findActions(args[0], templates)
				if err != nil {
					return err
				}
				if len(actions) == 1 {
					return s.print(c.OutOrStdout(), actions[0], func(w io.Writer) { printAction(w, actions[0]) })
				}
				return s.print(c.OutOrStdout(), actions, func(w io.Writer) { printActions(w, actions) })
			}
			for _, t := range templates {
				if t.Name == args[0] {
					x, err := whole(t)
					if err != nil {
						return err
					}
					return s.print(c.OutOrStdout(), x, func(w io.Writer) { printTemplate(w, x) })
				}
			}
			return noTemplate(args[0])
		},
	}
	s.flags(c)
	return c
}

func whole(t policies.Template) (shownTemplate, error) {
	document, err := t.Document(t.Examples(), "111122223333", "eu-west-1")
	if err != nil {
		return shownTemplate{}, err
	}
	say := func(text string) string { return t.Say(text, t.Examples()) }
	x := shownTemplate{
		listedTemplate: listed(t), Can: []string{}, Cannot: []string{}, Worst: say(t.Worst), Why: string(t.Risk.Level) + ": " + say(t.Risk.Why), Raises: []string{},
		Script: []string{}, Limit: say(t.Pipeline.Limit), Cases: len(t.Cases), Document: json.RawMessage(document),
	}
	for _, text := range t.Cannot {
		x.Cannot = append(x.Cannot, say(text))
	}
	for _, line := range t.Pipeline.Script {
		x.Script = append(x.Script, say(line))
	}
	for _, can := range t.Can {
		text := say(can.Say)
		if can.With != "" {
			text += " (with " + can.With + ")"
		}
		if can.Without != "" {
			text += " (without " + can.Without + ")"
		}
		x.Can = append(x.Can, text)
	}
	for _, r := range t.Risk.Raises {
		when := "without " + r.Without
		if r.Production {
			when = "in production"
		}
		x.Raises = append(x.Raises, fmt.Sprintf("%s %s: %s", r.Level, when, say(r.Why)))
	}
	for _, e := range t.Excepts {
		x.Raises = append(x.Raises, fmt.Sprintf("%s always: %s is excepted from %s. %s", e.Level, e.Statement, e.Check, say(e.Why)))
	}
	return x, nil
}

// risks are the reasons, the template's own first.
func (x shownTemplate) risks() []string { return append([]string{x.Why}, x.Raises...) }

func printTemplate(w io.Writer, x shownTemplate) {
	fmt.Fprintf(w, "%s version %d, %s risk. %s\n", x.Name, x.Version, x.Risk, x.Purpose)
	if x.Base {
		fmt.Fprintln(w, "It cannot be asked for: a template of your own extends it.")
	}
	fmt.Fprintln(w)
	several := func(title string, items []string) {
		for i, item := range items {
			if i > 0 {
				title = ""
			}
			fmt.Fprintf(w, "%-10s  %s\n", title, item)
		}
	}
	several("Can", x.Can)
	several("Cannot", x.Cannot)
	several("At worst", []string{"somebody " + x.Worst})
	several("Risk", x.risks())
	fmt.Fprintln(w)
	t := table(w)
	for i, p := range x.Parameters {
		fmt.Fprintf(t, "--param\t%s=%s\t%s, %s\t%s\n", x.parameterNames()[i], p.Example, p.Type, map[bool]string{true: "optional", false: "needed"}[p.Optional], p.Description)
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\nThe policy, as the examples make it in account 111122223333 and region eu-west-1; %d cases hold it to its words:\n\n%s\n", x.Cases, indent(string(x.Document)))
	if len(x.Script) > 0 {
		fmt.Fprintf(w, "\nIn the pipeline, with AWSShellScript@1:\n\n")
		for _, line := range x.Script {
			fmt.Fprintln(w, "  "+line)
		}
	}
	if x.Limit != "" {
		fmt.Fprintf(w, "\n%s\n", x.Limit)
	}
}

func findActions(pattern string, templates []policies.Template) ([]shownAction, error) {
	version, date := policies.ActionData()
	var out []shownAction
	for _, a := range policies.ExpandAction(pattern) {
		prefix, _, _ := strings.Cut(a.Name, ":")
		title, _ := policies.ServiceTitle(prefix)
		x := shownAction{Action: a, Service: title, Templates: []string{}, Data: version, Date: date}
		for _, t := range templates {
			for _, s := range t.Statements {
				for _, used := range s.Action {
					if strings.EqualFold(used, a.Name) && (len(x.Templates) == 0 || x.Templates[len(x.Templates)-1] != t.Name) {
						x.Templates = append(x.Templates, t.Name)
					}
				}
			}
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("AWS has no action %s, as of %s; an API call and the action that permits it may have different names", pattern, date)
	}
	return out, nil
}

func printAction(w io.Writer, a shownAction) {
	fmt.Fprintf(w, "%s, %s: %s\n\n", a.Name, a.Service, a.Access)
	for _, r := range a.On {
		need := ""
		if r.Required {
			need = ", always"
		}
		column(w, "On", r.Name+need+": "+r.ARN)
		if len(r.Keys) > 0 {
			column(w, "  its keys", strings.Join(keyNames(r.Keys), ", "))
		}
	}
	if len(a.On) == 0 {
		column(w, "On", "everything: IAM cannot limit it to a resource, so a statement has to say Resource \"*\"")
	}
	column(w, "Keys", list(keyNames(a.Keys)))
	if len(a.Depends) > 0 {
		column(w, "May need", strings.Join(a.Depends, ", "))
	}
	column(w, "Templates", list(a.Templates))
	fmt.Fprintf(w, "\nAs of %s (iam-data %s). Keys that AWS sends with every call, such as aws:RequestedRegion, are not listed.\n", a.Date, a.Data)
}

// column writes a title and, beside it, a text that goes on below itself.
func column(w io.Writer, title, text string) {
	const width = 100
	line := ""
	for _, word := range append(strings.Fields(text), "") {
		if line != "" && (word == "" || len(line)+len(word) >= width) {
			fmt.Fprintf(w, "%-10s  %s\n", title, line)
			title, line = "", ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
}

func printActions(w io.Writer, actions []shownAction) {
	out, people := w, terminal(w)
	if people {
		t := table(w)
		defer func() {
			_ = t.Flush()
			fmt.Fprintf(w, "\n%d actions, as of %s.\n", len(actions), actions[0].Date)
		}()
		fmt.Fprintln(t, "ACTION\tACCESS\tON")
		out = t
	}
	for _, a := range actions {
		var on []string
		for _, r := range a.On {
			on = append(on, r.Name)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", a.Name, a.Access, list(on))
	}
}

func keyNames(keys []policies.ConditionKey) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Name)
	}
	return out
}
