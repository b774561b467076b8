package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
	"fedbot/workflows"
)

// policyLint is what the command prints.
type policyLint struct {
	OK        bool         `json:"ok"`       // nothing counts
	Complete  bool         `json:"complete"` // false: a listing was cut off
	Documents []lintedFile `json:"documents"`
}

type lintedFile struct {
	Source   string             `json:"source"`         // file, or template
	Name     string             `json:"name,omitempty"` // role or policy in it
	OK       bool               `json:"ok"`
	Problems []policies.Problem `json:"problems"`
}

func policyLintCommand() *cobra.Command {
	var s shelf
	var frame policies.LintFrame
	var list bool
	c := &cobra.Command{
		Use:   "lint [FILE|-]...",
		Short: "Look for what is wrong with permissions policies: too wide, ways to more rights, what AWS would refuse",
		Long: `lint reads permissions policies, templates (.yaml), or what aws iam get-role-policy, get-policy-version and
get-account-authorization-details print. Without a file it looks at all templates. It exits 1 when something is wrong; what
is only worth knowing is told and does not count. An exception that a template makes is told with its reason.`,
		Example: `  fedbot policy lint
  aws iam get-role-policy --role-name deploy --policy-name site | fedbot policy lint - --account 111122223333`,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := s.catalogue(); err != nil {
				return err
			}
			if list {
				infos := policies.AllChecks()
				return s.print(c.OutOrStdout(), infos, func(w io.Writer) { printChecks(w, infos) })
			}
			out := policyLint{OK: true, Complete: true, Documents: []lintedFile{}}
			if err := out.run(c, &s, args, frame); err != nil {
				return err
			}
			if err := s.print(c.OutOrStdout(), out, out.text); err != nil {
				return err
			}
			return out.verdict()
		},
	}
	s.flags(c)
	c.Flags().StringVar(&frame.Account, "account", "", "account that resources have to be of (12 digits; default: any single one)")
	c.Flags().StringVar(&frame.Region, "region", "", "region that resources have to be in (default: any single one)")
	c.Flags().BoolVar(&list, "checks", false, "list all checks instead")
	return c
}

func (o *policyLint) run(c *cobra.Command, s *shelf, args []string, frame policies.LintFrame) error {
	if len(args) == 0 {
		templates, err := s.templates(nil)
		if err != nil {
			return err
		}
		for _, t := range templates {
			o.add(t.Label(), "", policies.LintTemplate(t))
		}
	}
	for _, name := range args {
		text, err := readInput(c, name)
		if err != nil {
			return err
		}
		if ext := strings.ToLower(filepath.Ext(name)); ext == ".yaml" || ext == ".yml" {
			t, err := policies.ParseTemplate([]byte(text))
			if err != nil {
				return workflows.Refuse("bad_template", "%s: %s.", source(name), err)
			}
			o.add(source(name), t.Label(), policies.LintTemplate(t))
			continue
		}
		found, complete, err := policies.ReadPolicies(text)
		if err != nil {
			return workflows.Refuse("no_policy", "%s: %s.", source(name), err)
		}
		o.Complete = o.Complete && complete
		for _, in := range found {
			o.add(source(name), in.Name, in.Lint(frame))
		}
	}
	return nil
}

func (o *policyLint) add(source, name string, problems []policies.Problem) {
	f := lintedFile{Source: source, Name: name, OK: true, Problems: problems}
	if problems == nil {
		f.Problems = []policies.Problem{}
	}
	for _, p := range problems {
		f.OK = f.OK && !p.Counts()
	}
	o.OK = o.OK && f.OK
	o.Documents = append(o.Documents, f)
}

func (o *policyLint) verdict() error {
	bad := 0
	for _, d := range o.Documents {
		if !d.OK {
			bad++
		}
	}
	switch {
	case bad > 0:
		return fmt.Errorf("something is wrong with %d of %d", bad, len(o.Documents))
	case !o.Complete:
		return errors.New("the listing was cut off, so there may be policies that nobody looked at: read all pages of it")
	}
	return nil
}

// text prints what is wrong in full, and of what is in order one line.
func (o *policyLint) text(w io.Writer) {
	for _, d := range o.Documents {
		name := d.Source
		if d.Name != "" {
			name += ": " + d.Name
		}
		word := "ok   "
		if !d.OK {
			word = "WRONG"
		}
		worth, excepted := 0, 0
		for _, p := range d.Problems {
			if p.Except != "" {
				excepted++
			} else if !p.Counts() {
				worth++
			}
		}
		fmt.Fprintf(w, "%s  %s%s\n", word, name, aside(worth, excepted))
		if !d.OK || len(o.Documents) == 1 {
			printProblems(w, d.Problems)
			continue
		}
		told := map[string]bool{}
		for _, p := range d.Problems {
			if line := fmt.Sprintf("      excepted from %s: %s\n", p.Code, p.Except); p.Except != "" && !told[line] {
				told[line] = true
				fmt.Fprint(w, line)
			}
		}
	}
}

func aside(worth, excepted int) string {
	var parts []string
	if excepted > 0 {
		parts = append(parts, fmt.Sprintf("%d excepted", excepted))
	}
	if worth > 0 {
		parts = append(parts, fmt.Sprintf("%d worth knowing", worth))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func printChecks(w io.Writer, infos []policies.CheckInfo) {
	t := table(w)
	fmt.Fprintln(t, "CODE\tON\tAT MOST\tDEMANDS")
	for _, c := range infos {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Code, c.On, c.Level, c.Demands)
	}
	_ = t.Flush()
}
