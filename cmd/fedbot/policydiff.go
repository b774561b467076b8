package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
	"fedbot/workflows"
)

func policyDiffCommand() *cobra.Command {
	var s shelf
	var strict bool
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two policies by what they mean: wider, narrower or sideways, and why",
		Long: `diff compares two trust or permissions policies field by field, by meaning and not by spelling. It says narrower only
where it is certain that nothing is allowed that was not.`,
		Args: exactly(2, "two files of policies; one of them may be -"),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := s.catalogue(); err != nil {
				return err
			}
			var texts []string
			for _, name := range args {
				text, err := documentIn(c, name)
				if err != nil {
					return err
				}
				texts = append(texts, text)
			}
			out := policies.Compare(texts[0], texts[1])
			if err := s.print(c.OutOrStdout(), out, func(w io.Writer) { fmt.Fprint(w, out.Text()) }); err != nil {
				return err
			}
			if strict && out.Direction != policies.Same && out.Direction != policies.Narrower {
				return errors.New("it is not certain that nothing new is allowed")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&strict, "no-wider", false, "exit 1 unless it is certain that nothing new is allowed")
	c.Flags().StringVarP(&s.output, "output", "o", "text", "text or json")
	return c
}

// documentIn is the one document of a file: a trust or permissions policy, bare or as
// the aws CLI prints it.
func documentIn(c *cobra.Command, name string) (string, error) {
	text, err := readInput(c, name)
	if err != nil {
		return "", err
	}
	var all []string
	if roles, _, err := policies.ReadTrust(text); err == nil && roles[0].Document != strings.TrimSpace(text) {
		for _, r := range roles {
			all = append(all, r.Document)
		}
	} else if found, _, err := policies.ReadPolicies(text); err == nil {
		for _, in := range found {
			for _, document := range in.Documents {
				all = append(all, document)
			}
		}
	}
	if len(all) != 1 {
		return "", workflows.Refuse("not_one_policy", "%s holds %d policies; diff takes one of each side.", source(name), len(all))
	}
	return all[0], nil
}
