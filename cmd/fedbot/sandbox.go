package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"fedbot/internal/sandbox"
)

func sandboxCommand() *cobra.Command {
	var o sandbox.Options
	var ready, transport, play, output string
	var federations int
	var verbose bool
	c := &cobra.Command{
		Use: "sandbox", Short: "Try everything on this computer, against emulated Slack, AWS and Azure DevOps",
		Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			if transport != "http" && transport != "socket" {
				return fmt.Errorf("%w: --transport is http or socket, not %q", errUsage, transport)
			}
			o.Sockets = transport == "socket"
			if output != "text" && output != "json" {
				return fmt.Errorf("%w: --output is text or json, not %q", errUsage, output)
			}
			if play != "" && !sandbox.Story(play) {
				return fmt.Errorf("%w: there is no story %q; there are %s, and all", errUsage, play, list(sandbox.Stories()))
			}
			if play != "" && !c.Flags().Changed("listen") {
				o.Listen = "127.0.0.1:0" // a play needs no fixed address
			}
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
			}
			ctx, stop := context.WithCancel(c.Context())
			defer stop()
			var failed error
			err := sandbox.RunOver(ctx, o, func(ctx context.Context, s *sandbox.Sandbox) error {
				if err := s.Fill(ctx, federations); err != nil {
					return err
				}
				if ready != "" {
					if err := s.WriteReady(ready); err != nil {
						return err
					}
				}
				if play == "" {
					fmt.Fprintf(c.ErrOrStderr(), "Open %s\nEverything there runs on this computer. Nothing reaches Slack, AWS or Azure DevOps. Stop with Ctrl-C.\n", s.Ready().Page)
					return nil
				}
				failed = s.Play(ctx, play, teller(c, output))
				stop()
				return nil
			})
			return errors.Join(failed, err)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:7070", "address of the page, on this computer; port 0 takes free ports for everything")
	f.StringVar(&o.Dir, "dir", "", "where the sandbox lives and goes on after a stop (default: a directory that goes with it)")
	f.StringVar(&ready, "ready", "", "write addresses and keys to this file when everything answers")
	f.StringVar(&transport, "transport", "http", "how Slack reaches fedbot: http or socket")
	f.DurationVar(&o.Slow, "latency", 0, "each call to an emulated service takes this much longer")
	f.IntVar(&federations, "federations", 0, "begin with this many active federations")
	f.StringVar(&play, "play", "", "tell a story without a browser: federate, drift, revoke or all")
	f.StringVarP(&output, "output", "o", "text", "of a story: text or json")
	f.BoolVar(&o.Bare, "without-fedbot", false, "only the emulators and the page: start fedbot serve yourself")
	f.BoolVar(&verbose, "verbose", false, "print fedbot's log")
	return c
}

// teller prints one line a step, or one object.
func teller(c *cobra.Command, output string) func(sandbox.Line) {
	began := time.Now()
	return func(l sandbox.Line) {
		if output == "json" {
			raw, err := json.Marshal(l)
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%s\n", raw)
			}
			return
		}
		word := "ok  "
		if !l.OK {
			word = "FAIL"
		}
		fmt.Fprintf(c.OutOrStdout(), "%s %5.1fs  %s: %s\n", word, time.Since(began).Seconds(), l.Step, l.Detail)
	}
}
