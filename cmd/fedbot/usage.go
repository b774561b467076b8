package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// noSuchCommand is what a command that only holds others says of a word that is none.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2 // a slip of the finger or two
	say := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		say = fmt.Sprintf(" Did you mean %s?", near[0])
	}
	return fmt.Errorf("%w: there is no command %q.%s See: %s --help", errUsage, args[0], say, c.CommandPath())
}

// exactly wraps an argument check, so that a wrong number of words is wrong usage.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%w: %s takes %s; see: fedbot %s --help", errUsage, c.Name(), what, c.Name())
		}
		return nil
	}
}

// required refuses a command line that lacks one of these flags. cobra's own check
// would be exit 1, as if something had failed.
func required(c *cobra.Command, flags ...string) {
	words := c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		if err := words(c, args); err != nil {
			return err
		}
		for _, f := range flags {
			if !c.Flags().Changed(f) {
				return fmt.Errorf("%w: --%s is missing; see: %s --help", errUsage, f, c.CommandPath())
			}
		}
		return nil
	}
}
