// Command fedbot federates Azure DevOps projects into AWS from chat.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// errUsage marks a wrong command line: exit 2. Every other error is exit 1.
var errUsage = errors.New("wrong usage")

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "fedbot:", err)
		return 2
	}
	fmt.Fprintln(os.Stderr, "fedbot:", sentence(err))
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "fedbot",
		Short:         "Federate Azure DevOps projects into AWS from chat, without access keys",
		SilenceErrors: true, SilenceUsage: true,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(
		serveCommand(), sandboxCommand(),
		bootstrapCommand(), doctorCommand(),
		listCommand(), showCommand(), historyCommand(), requestCommand(), explainCommand(), driftCommand(),
		orderCommand("quarantine"), orderCommand("revoke"),
		dbCommand(),
		policyCommand(), trustCommand(),
		versionCommand(), healthCommand(),
	)
	return root
}
