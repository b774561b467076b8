package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/workflows"
)

func listCommand() *cobra.Command {
	var h host
	var all bool
	var state, project, account, owner string
	c := &cobra.Command{
		Use: "list", Short: "List federations that need someone; --all lists the healthy and the closed too",
		Args: exactly(0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			everything, err := client.List(c.Context())
			if err != nil {
				return err
			}
			var shown []workflows.Federation
			filtered := state != "" || project != "" || account != "" || owner != ""
			for _, f := range everything {
				if !(all || filtered || needs(f) != "") || !matches(state, string(f.State)) || !matches(project, f.Approved.Project) ||
					!matches(account, f.Approved.Account) || !matches(owner, f.Owner) {
					continue
				}
				shown = append(shown, f)
			}
			if shown == nil {
				shown = []workflows.Federation{}
			}
			return h.print(c.OutOrStdout(), shown, func(w io.Writer) { printList(w, shown, everything) })
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&all, "all", false, "also what needs nobody")
	c.Flags().StringVar(&state, "state", "", "only this state")
	c.Flags().StringVar(&project, "project", "", "only this project")
	c.Flags().StringVar(&account, "account", "", "only this account")
	c.Flags().StringVar(&owner, "owner", "", "only this owner team")
	return c
}

func matches(want, have string) bool { return want == "" || strings.EqualFold(want, have) }

// needs says who has to do what next; empty when nobody has to do anything.
func needs(f workflows.Federation) string {
	switch r, open := f.Open(); {
	case f.State == workflows.Closed:
		return ""
	case f.Parked != nil:
		return "try again or give up: " + f.Parked.Say
	case f.AwaitsUse():
		return r.By.Name + ": run " + strings.Join(f.Approved.Pipelines, " or ") + " once, then press Check on the card"
	case f.Quarantine != nil && !open:
		return f.Owner + ": release or revoke"
	case len(f.Findings) > 0:
		return fmt.Sprintf("%s: restore or revoke, %s", f.Owner, f.Findings[0].ID)
	case open && r.State == workflows.RequestOpen && r.Checked != nil && !r.Decided():
		i, filled := r.Stage()
		s := r.Checked.Verdict.Stages[i]
		return fmt.Sprintf("%s: %d of %d, by %s", s.Group, filled, s.Count, date(r.Lapses()))
	}
	return ""
}

func printList(w io.Writer, shown, all []workflows.Federation) {
	waiting := 0
	for _, f := range all {
		if needs(f) != "" {
			waiting++
		}
	}
	people := terminal(w)
	if len(shown) == 0 {
		fmt.Fprintf(w, "No federation matches. %d exist: fedbot list --all\n", len(all))
		return
	}
	out := io.Writer(w)
	if people {
		fmt.Fprintf(w, "Needs someone: %d of %d\n\n", waiting, len(all))
		t := table(w)
		defer func() {
			_ = t.Flush()
			fmt.Fprintf(w, "\n%d of %d are shown; the others need nobody: --all. UTC.\n", len(shown), len(all))
		}()
		fmt.Fprintln(t, "ID\tSTATE\tPROJECT / CONNECTION\tACCOUNT\tRISK\tENDS\tNEXT STEP")
		out = t
	}
	for _, f := range shown {
		name, next := where(f), needs(f)
		if people {
			name, next = middle(name, 40), middle(next, 70)
		}
		risk := string(f.Words.Risk)
		if r, ok := f.Open(); ok && risk == "" && r.Checked != nil {
			risk = string(r.Checked.Words.Risk)
		}
		if risk == "" {
			risk = "not read"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.ID, facts(f), name, f.Approved.Account, risk, date(f.Ends), next)
	}
}
