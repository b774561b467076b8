package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/policies"
	"fedbot/workflows"
)

// explained is one role's or policy's permissions in words.
type explained struct {
	Source string `json:"source"`
	Name   string `json:"name,omitempty"`
	policies.Explanation
}

func policyExplainCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "explain FILE|-", Short: "Say in plain words what permissions policies allow, what they cannot do, and the worst of it",
		Args: exactly(1, "the file of a policy, or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := s.catalogue(); err != nil {
				return err
			}
			text, err := readInput(c, args[0])
			if err != nil {
				return err
			}
			found, _, err := policies.ReadPolicies(text)
			if err != nil {
				return workflows.Refuse("no_policy", "%s: %s.", source(args[0]), err)
			}
			out := []explained{}
			for _, in := range found {
				out = append(out, explained{source(args[0]), in.Name, policies.Explain(in.Documents, policies.LintFrame{Account: in.Account})})
			}
			return s.print(c.OutOrStdout(), out, func(w io.Writer) { printExplained(w, out) })
		},
	}
	c.Flags().StringVarP(&s.output, "output", "o", "text", "text or json")
	return c
}

func printExplained(w io.Writer, all []explained) {
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if e.Name != "" {
			fmt.Fprintln(w, e.Name)
		}
		for _, part := range []struct {
			head string
			says []string
		}{{"It can", e.Can}, {"It cannot", e.Cannot}} {
			for j, say := range part.says {
				if j > 0 {
					part.head = ""
				}
				fmt.Fprintf(w, "%-10s %s\n", part.head, say)
			}
		}
		fmt.Fprintf(w, "%-10s %s\n%-10s %s: %s\n", "Worst", e.Worst, "Risk", e.Risk, e.Why)
	}
}
