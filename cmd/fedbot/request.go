package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fedbot/workflows"
)

func requestCommand() *cobra.Command {
	var h host
	var p workflows.Proposal
	var asked grants
	var document, ends string
	c := &cobra.Command{
		Use: "request", Short: "Ask for a federation; people approve it in Slack", Args: exactly(0, "flags only"),
		Example: `  fedbot request --org contoso --project "Web Shop" --connection aws-shop-dev --account shop-dev \
    --template s3-static-site --param bucket=shop-site-dev --param prefix=web/ \
    --pipeline storefront-deploy --branch main --reason "Deploy the storefront from CI. SHOP-412"`,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			if document != "" {
				raw, err := readFile(c.InOrStdin(), document)
				if err != nil {
					return err
				}
				if err := asked.document(string(raw)); err != nil {
					return err
				}
			}
			p.Kind, p.Grants = workflows.Create, asked.list
			if ends != "" {
				if p.Ends, err = time.Parse("2006-01-02", ends); err != nil {
					return fmt.Errorf("%w: --ends takes a date such as 2027-05-24, not %q", errUsage, ends)
				}
			}
			f, err := client.Request(c.Context(), p)
			if err != nil {
				return err
			}
			return h.print(c.OutOrStdout(), f, func(w io.Writer) {
				fmt.Fprintf(w, "Sent. %s is being checked; then the people who decide are asked in Slack. fedbot show %s tells how far it is.\n", f.ID.Request(1), f.ID)
			})
		},
	}
	h.flags(c)
	fl := c.Flags()
	fl.StringVar(&p.Organization, "org", "", "Azure DevOps organization")
	fl.StringVar(&p.Project, "project", "", "project")
	fl.StringVar(&p.Connection, "connection", "", "name of the service connection to make")
	fl.StringVar(&p.Account, "account", "", "AWS account, by name or number")
	fl.Var(grantFlag{&asked, asked.template}, "template", "permissions template, or custom; may be repeated")
	fl.Var(grantFlag{&asked, asked.param}, "param", "name=value of the template before it; may be repeated")
	fl.StringVar(&document, "document", "", "with --template custom: a file that holds the policy document, or - for standard input")
	fl.StringArrayVar(&p.Pipelines, "pipeline", nil, "pipeline that may use it; may be repeated; none means none yet")
	fl.StringArrayVar(&p.Branches, "branch", nil, "branch it may be used from; may be repeated")
	fl.StringVar(&p.Owner, "owner", "", "owner team (default: the project's)")
	fl.StringVar(&ends, "ends", "", "last day, such as 2027-05-24")
	fl.StringVar(&p.Reason, "reason", "", "why; approvers read this")
	required(c, "org", "project", "connection", "account", "template", "reason")
	return c
}

// grants are the templates that a command line asks for, in its order: a parameter
// belongs to the template before it, or to the first.
type grants struct {
	list  []workflows.Grant
	early map[string]string // parameters before the first template
}

func (g *grants) template(name string) error {
	params := map[string]string{}
	if len(g.list) == 0 && g.early != nil {
		params = g.early
	}
	g.list = append(g.list, workflows.Grant{Template: name, Params: params})
	return nil
}

func (g *grants) param(kv string) error {
	k, v, ok := strings.Cut(kv, "=")
	if !ok || k == "" {
		return fmt.Errorf("it takes name=value, not %q", kv)
	}
	if len(g.list) == 0 && g.early == nil {
		g.early = map[string]string{}
	}
	params := g.early
	if n := len(g.list); n > 0 {
		params = g.list[n-1].Params
	}
	if _, twice := params[k]; twice {
		return fmt.Errorf("%s is there twice for one template", k)
	}
	params[k] = v
	return nil
}

// document is of the custom grant, wherever the flag stands.
func (g *grants) document(text string) error {
	for i := range g.list {
		if g.list[i].Template == workflows.CustomTemplate {
			g.list[i].Document = text
			return nil
		}
	}
	return fmt.Errorf("%w: --document goes with --template %s", errUsage, workflows.CustomTemplate)
}

// grantFlag is one of two flags whose order counts.
type grantFlag struct {
	*grants
	set func(string) error
}

func (f grantFlag) String() string        { return "" }
func (f grantFlag) Type() string          { return "text" }
func (f grantFlag) Set(text string) error { return f.set(text) }

func orderCommand(verb string) *cobra.Command {
	var h host
	var reason string
	short := map[string]string{
		"quarantine": "Put the hold on at once: the role can do nothing until it is released",
		"revoke":     "End a federation at once: its role and connection are removed",
	}[verb]
	c := &cobra.Command{
		Use: verb + " F-17 --reason TEXT", Short: short, Args: exactly(1, "the id of a federation, such as F-17"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			f, err := client.Order(c.Context(), workflows.FederationID(args[0]), workflows.OrderVerb(verb), reason)
			if err != nil {
				return err
			}
			return h.print(c.OutOrStdout(), f, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s. fedbot is carrying it out; fedbot show %s tells how far it is.\n", f.ID, facts(f), f.ID)
			})
		},
	}
	h.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why; it stays in the history")
	return c
}

func driftCommand() *cobra.Command {
	var h host
	c := &cobra.Command{
		Use: "drift [F-17]…", Short: "Read active federations now and compare them with what was approved",
		RunE: func(c *cobra.Command, args []string) error {
			client, err := h.client()
			if err != nil {
				return err
			}
			var ids []workflows.FederationID
			for _, a := range args {
				if workflows.FederationID(a).Number() == 0 {
					return fmt.Errorf("%w: %q is not the id of a federation, such as F-17", errUsage, a)
				}
				ids = append(ids, workflows.FederationID(a))
			}
			r, err := client.Drift(c.Context(), ids)
			if err != nil {
				return err
			}
			return h.print(c.OutOrStdout(), r, func(w io.Writer) { printReport(w, r) })
		},
	}
	h.flags(c)
	return c
}

func printReport(w io.Writer, r workflows.Report) {
	verdict := "nothing to do"
	if len(r.Findings) > 0 {
		verdict = fmt.Sprintf("%d findings", len(r.Findings))
	}
	fmt.Fprintf(w, "Drift report, %s UTC: %s. %d of %d federations read.\n", minute(r.At), verdict, r.Read, r.Of)
	t := table(w)
	for _, x := range r.Findings {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s, %s\tapproved %s\tfound %s\n", x.Finding.ID, x.Finding.Level, x.Federation, x.Finding.Class, x.Finding.Field,
			middle(x.Finding.Approved, 50), middle(x.Finding.Found, 50))
		if x.Finding.Authors != nil {
			fmt.Fprintf(t, "\t\t\t%s\n", workflows.TellAuthors(x.Finding))
		}
	}
	_ = t.Flush()
	for _, u := range r.Unread {
		fmt.Fprintf(w, "Not read, so nothing is claimed about it: %s. %s\n", u.Federation, u.Say)
	}
}
