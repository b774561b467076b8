package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// testedCase is one call that a template has to allow or deny, and what it came to.
type testedCase struct {
	Template string            `json:"template"`
	With     map[string]string `json:"with"`
	Call     string            `json:"call"`
	On       string            `json:"on"`
	When     map[string]string `json:"when"`
	Want     string            `json:"want"`
	Got      string            `json:"got"`
	Why      string            `json:"why"`
	OK       bool              `json:"ok"`
}

func policyTestCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "test [TEMPLATE]…", Short: "Run the cases of templates: calls that must be allowed, and calls that must be denied",
		Long: "Run the cases of templates: calls that must be allowed, and calls that must be denied. Without a name, all templates.\n" +
			"It exits 1 when a case is not as told.",
		RunE: func(c *cobra.Command, args []string) error {
			templates, err := s.templates(args)
			if err != nil {
				return err
			}
			all := []testedCase{}
			bad := 0
			for _, t := range templates {
				for _, r := range t.Test() {
					all = append(all, tested(t, r))
					if !r.OK {
						bad++
					}
				}
			}
			if err := s.print(c.OutOrStdout(), all, func(w io.Writer) { printTested(w, all) }); err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d cases are not as told", bad, len(all))
			}
			return nil
		},
	}
	s.flags(c)
	return c
}

func tested(t policies.Template, r policies.CaseResult) testedCase {
	with := r.Case.With
	if with == nil {
		with = t.Examples()
	}
	return testedCase{t.Label(), with, r.Case.Call, r.Case.On, r.Case.When, string(r.Case.Want), string(r.Got), r.Why, r.OK}
}

// printTested counts what is as told, and tells what is not.
func printTested(w io.Writer, all []testedCase) {
	for start := 0; start < len(all); {
		end, allowed, bad := start, 0, []testedCase{}
		for ; end < len(all) && all[end].Template == all[start].Template; end++ {
			if c := all[end]; !c.OK {
				bad = append(bad, c)
			} else if c.Got == string(policies.Allowed) {
				allowed++
			}
		}
		word, n := "ok  ", end-start-len(bad)
		if len(bad) > 0 {
			word = "FAIL"
		}
		fmt.Fprintf(w, "%s  %s: %d allowed, %d denied\n", word, all[start].Template, allowed, n-allowed)
		for _, c := range bad {
			fmt.Fprintf(w, "      %s on %s should be %s and is %s: %s\n", c.Call, c.On, c.Want, c.Got, c.Why)
		}
		start = end
	}
}
