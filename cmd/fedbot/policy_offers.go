package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/internal/config"
	"fedbot/policies"
	"fedbot/workflows"
)

func policyOffersCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "offers", Short: "List federations whose templates have a newer version, and whether it is wider or narrower", Args: exactly(0, "no words"),
		Long: "List federations of the running fedbot whose templates have a newer version, and whether it is wider, narrower, sideways or the same.\n" +
			"The templates are those of this program, and of the directory that --templates or --config names.",
		RunE: func(c *cobra.Command, _ []string) error {
			catalogue, err := s.catalogue()
			if err != nil {
				return err
			}
			client, err := s.client()
			if err != nil {
				return err
			}
			federations, err := client.List(c.Context())
			if err != nil {
				return err
			}
			out := []policies.Offer{}
			for _, f := range federations {
				region, err := s.region(f)
				if err != nil {
					return err
				}
				out = append(out, catalogue.Offers(f, region)...)
			}
			return s.print(c.OutOrStdout(), out, func(w io.Writer) { printOffers(w, out) })
		},
	}
	s.flags(c)
	c.Flags().StringVar(&s.socket, "socket", "", "socket of the running fedbot (default: the configuration's, or fedbot.sock here)")
	return c
}

// region is that of a federation's account, where a configuration says.
func (s *shelf) region(f workflows.Federation) (string, error) {
	if s.config == "" {
		return "", nil
	}
	c, err := config.Load(s.config)
	if err != nil {
		return "", err
	}
	for _, a := range c.AWS.Accounts {
		if a.ID == f.Names.AccountID {
			return a.Region, nil
		}
	}
	return "", nil
}

func printOffers(w io.Writer, offers []policies.Offer) {
	if len(offers) == 0 {
		fmt.Fprintln(w, "No federation uses an older version of a template.")
		return
	}
	for _, o := range offers {
		fmt.Fprintf(w, "%s\t%s %d\t%d is available: %s\n", o.Federation, o.Template, o.Have, o.Version, o.Change)
		if o.Why != "" {
			fmt.Fprintf(w, "\t%s\n", o.Why)
		}
		for _, d := range o.Differences {
			fmt.Fprintf(w, "\t%s: %s, was %s\n", d.Field, middle(d.Found, 60), middle(d.Approved, 60))
		}
	}
}
