package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/workflows"
)

func policyOffersCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "offers", Short: "List federations whose templates have a newer version, and whether it is wider or narrower", Args: exactly(0, "no words"),
		Long: "List federations of the running fedbot whose templates have a newer version, and whether it is wider, narrower, sideways or the same.\n" +
			"With --templates: what would be on offer if fedbot started with that directory.",
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := s.client()
			if err != nil {
				return err
			}
			out := []workflows.Offer{}
			if s.dir == "" {
				if out, err = client.Offers(c.Context()); err != nil {
					return err
				}
				return s.print(c.OutOrStdout(), out, func(w io.Writer) { printOffers(w, out) })
			}
			catalogue, err := s.catalogue()
			if err != nil {
				return err
			}
			federations, err := client.List(c.Context())
			if err != nil {
				return err
			}
			for _, f := range federations {
				out = append(out, catalogue.Offers(f, "")...)
			}
			return s.print(c.OutOrStdout(), out, func(w io.Writer) { printOffers(w, out) })
		},
	}
	s.flags(c)
	c.Flags().StringVar(&s.socket, "socket", "", "socket of the running fedbot (default: the configuration's, or fedbot.sock here)")
	return c
}

func printOffers(w io.Writer, offers []workflows.Offer) {
	if len(offers) == 0 {
		fmt.Fprintln(w, "No federation uses an older version of a template.")
		return
	}
	for _, o := range offers {
		fmt.Fprintf(w, "%s\t%s\n", o.Federation, o.Tell())
		if o.Why != "" {
			fmt.Fprintf(w, "\t%s\n", o.Why)
		}
		for _, d := range o.Differences {
			fmt.Fprintf(w, "\t%s: %s, was %s\n", d.Field, middle(d.Found, 60), middle(d.Approved, 60))
		}
	}
}
