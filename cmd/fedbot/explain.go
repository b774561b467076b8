package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/workflows"
)

func explainCommand() *cobra.Command {
	var h host
	var p workflows.Proposal
	var asked grants
	c := &cobra.Command{
		Use: "explain", Short: "Say who would approve a request, and why; nobody is asked", Args: exactly(0, "flags only"),
		Example: `  fedbot explain --project "Web Shop" --account shop-dev --template s3-static-site --param bucket=shop-site-dev --pipeline storefront-deploy`,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			p.Kind, p.Grants = workflows.Create, asked.list
			seen, err := client.Explain(c.Context(), p)
			if err != nil {
				return err
			}
			return h.print(c.OutOrStdout(), seen, func(w io.Writer) { printForesight(w, seen) })
		},
	}
	h.flags(c)
	fl := c.Flags()
	fl.StringVar(&p.Organization, "org", "", "Azure DevOps organization (default: the one that has the project)")
	fl.StringVar(&p.Project, "project", "", "project")
	fl.StringVar(&p.Connection, "connection", "", "name of the service connection (default: aws- and the account)")
	fl.StringVar(&p.Account, "account", "", "AWS account, by name or number")
	fl.Var(grantFlag{&asked, asked.template}, "template", "permissions template; may be repeated")
	fl.Var(grantFlag{&asked, asked.param}, "param", "name=value of the template before it; may be repeated")
	fl.StringArrayVar(&p.Pipelines, "pipeline", nil, "pipeline that may use it; may be repeated")
	fl.StringArrayVar(&p.Branches, "branch", nil, "branch it may be used from; may be repeated")
	required(c, "project", "account", "template")
	return c
}

func protection(b workflows.Branch) string {
	switch {
	case !b.Protected:
		return "not protected"
	case b.Reviewers == 0:
		return "protected, no reviewer needed"
	}
	return fmt.Sprintf("protected, reviewers: %d", b.Reviewers)
}

func printForesight(w io.Writer, s workflows.Foresight) {
	p := s.Proposal
	fmt.Fprintf(w, "%s to %s, asked by %s: %s risk\n\n", p.Project, p.Account, s.By.Name, s.Words.Risk)
	t := table(w)
	row := func(k, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", k, fmt.Sprintf(format, args...)) }
	row("Can", "%s", strings.Join(s.Words.Can, "; "))
	row("Cannot", "%s", s.Words.Cannot)
	row("Worst case", "%s", s.Words.Worst)
	row("Why "+string(s.Words.Risk), "%s", s.Words.Why)
	for _, b := range s.Branches {
		row("Branch", "%s, %s", b.Name, protection(b))
	}
	for i, st := range s.Verdict.Stages {
		label := "Who decides"
		if i > 0 {
			label = "then"
		}
		row(label, "%d of %s, %d can (%s)", st.Count, st.Group, len(st.Could), st.Name)
	}
	row("Why they", "%s", s.Verdict.Why())
	row("Lapses", "%s UTC, if sent now and not decided", minute(s.Lapses))
	passed := 0
	for _, c := range s.Checks {
		if c.OK {
			passed++
		}
	}
	row("Checked", "%d of %d passed", passed, len(s.Checks))
	for _, c := range s.Checks {
		if !c.OK {
			row("Warning", "%s", c.Say)
		}
	}
	_ = t.Flush()
	fmt.Fprintln(w, "\nNobody was asked and nothing was stored.")
}
