package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"fedbot/internal/console"
	"fedbot/workflows"
)

func showCommand() *cobra.Command {
	var h host
	c := &cobra.Command{
		Use: "show F-17", Short: "Show one federation", Args: exactly(1, "the id of a federation, such as F-17"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			f, err := client.Show(c.Context(), workflows.FederationID(args[0]))
			if err != nil {
				return err
			}
			if h.output == "json" {
				return h.print(c.OutOrStdout(), f, nil)
			}
			offers, err := client.Offers(c.Context())
			if err != nil {
				return err
			}
			offers = slices.DeleteFunc(offers, func(o workflows.Offer) bool { return o.Federation != f.ID })
			return h.print(c.OutOrStdout(), f, func(w io.Writer) { printFederation(w, f, offers) })
		},
	}
	h.flags(c)
	return c
}

func printFederation(w io.Writer, f workflows.Federation, offers []workflows.Offer) {
	fmt.Fprintf(w, "%s  %s to %s: %s\n\n", f.ID, f.Approved.Project, f.Approved.Account, facts(f))
	t := table(w)
	row := func(k, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", k, fmt.Sprintf(format, args...)) }
	row("From", "%s / %s / %s", f.Approved.Organization, f.Approved.Project, f.Approved.Connection)
	row("Pipelines", "%s", list(f.Approved.Pipelines))
	row("Branches", "%s", list(f.Approved.Branches))
	row("To", "%s, %s", f.Approved.Account, f.Names.AccountID)
	if f.Plan != nil {
		if s, ok := f.Plan.Step(workflows.RoleID); ok && s.Role != nil {
			row("Role", "%s", s.Role.ARN)
		}
		row("Can", "%s", list(f.Words.Can))
		row("Risk", "%s: %s", f.Words.Risk, f.Words.Why)
		row("Plan", "%s", f.Digest.Short())
	}
	for _, o := range offers {
		row("Template", "%s", o.Tell())
	}
	row("Owner", "%s", f.Owner)
	row("Ends", "%s", date(f.Ends))
	if f.Proof != nil && !f.ProvedAt.IsZero() && f.Proof.Source != "" {
		row("Proved", "%s UTC by its first use, a sign-in of %s UTC (%s)", minute(f.ProvedAt), minute(f.Proof.SignedIn), f.Proof.Source)
	} else if f.Proof != nil && !f.ProvedAt.IsZero() {
		row("Proved", "%s UTC by run %d of %s", minute(f.ProvedAt), f.Proof.Run, f.Proof.Pipeline)
	}
	if f.Quarantine != nil {
		row("Quarantined", "%s UTC by %s: %s", minute(f.Quarantine.At), f.Quarantine.By.Name, f.Quarantine.Reason)
	}
	if f.Parked != nil {
		row("Parked", "%s", f.Parked.Say)
		row("What to do", "%s", f.Parked.Todo)
	}
	for _, x := range f.Findings {
		row(x.ID, "%s, %s: approved %q, found %q", x.Level, x.Field, middle(x.Approved, 60), middle(x.Found, 60))
		if x.Authors != nil {
			row("", "%s", workflows.TellAuthors(x))
		}
	}
	_ = t.Flush()
	if next := needs(f); next != "" {
		fmt.Fprintf(w, "\nNext: %s\n", next)
	}
}

func historyCommand() *cobra.Command {
	var h host
	c := &cobra.Command{
		Use: "history PROJECT|F-17", Short: "List every event of a project's federations, oldest first",
		Args: exactly(1, "a project's name or the id of a federation"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			past, err := client.History(c.Context(), args[0])
			if err != nil {
				return err
			}
			return h.print(c.OutOrStdout(), past, func(w io.Writer) { printHistory(w, past) })
		},
	}
	h.flags(c)
	return c
}

func printHistory(w io.Writer, past []console.Past) {
	if len(past) == 0 {
		fmt.Fprintln(w, "No federation of that project or id. fedbot list --all shows them all.")
		return
	}
	t := table(w)
	fmt.Fprintln(t, "UTC\tID\tEVENT\tWHAT\tBY")
	for _, p := range past {
		what := workflows.Tell(p.Event)
		if terminal(w) {
			what = middle(what, 90)
		}
		fmt.Fprintf(t, "%s\t%s v%d\t%s\t%s\t%s\n", p.Event.At.UTC().Format("2006-01-02 15:04:05"), p.Federation, p.Version, p.Event.Kind(), what, p.Event.By.Name)
	}
	_ = t.Flush()
}
