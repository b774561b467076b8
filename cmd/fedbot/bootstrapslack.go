package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/internal/app"
)

func bootstrapSlackCommand() *cobra.Command {
	var address, output string
	c := &cobra.Command{
		Use: "slack", Short: "Print the app's manifest, the link that creates the app, and why it needs each right",
		Args: exactly(0, "flags only"),
		Example: `  fedbot bootstrap slack
  fedbot bootstrap slack --address https://fedbot.example.com`,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("%w: --output is text or json, not %q", errUsage, output)
			}
			manifest, link, err := app.SlackManifest(address)
			if err != nil {
				return fmt.Errorf("%w: --address: %w", errUsage, err)
			}
			w := c.OutOrStdout()
			if output == "json" {
				e := json.NewEncoder(w)
				e.SetIndent("", "  ")
				e.SetEscapeHTML(false)
				return e.Encode(map[string]any{"link": link, "scopes": app.SlackScopes(), "manifest": json.RawMessage(manifest)})
			}
			return printSlackSetup(w, manifest, link, address == "")
		},
	}
	c.Flags().StringVar(&address, "address", "", "where Slack reaches fedbot, for slack.transport http: https and a host (default: Socket Mode, which needs none)")
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return c
}

// printSlackSetup says what to do in which order; socket: fedbot opens sockets to
// Slack, and Slack needs no way to it.
func printSlackSetup(w io.Writer, manifest []byte, link string, socket bool) error {
	fmt.Fprintf(w, "1. Open this link as somebody who may add apps to the workspace, choose the workspace, and press Create:\n\n%s\n\n", link)
	fmt.Fprintf(w, "2. Press \"Install to Workspace\". fedbot asks for these %d rights and for no other:\n\n", len(app.SlackScopes()))
	rights := table(w)
	for _, s := range app.SlackScopes() {
		fmt.Fprintf(rights, "   %s\t%s\n", s.Name, s.Why)
	}
	if err := rights.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\n3. Give fedbot these, by environment or file and never in its configuration:\n\n")
	secrets := table(w)
	fmt.Fprint(secrets, "   OAuth & Permissions, Bot User OAuth Token\tFEDBOT_SLACK_BOT_TOKEN\n")
	if socket {
		fmt.Fprint(secrets, "   Basic Information, App-Level Tokens: make one with connections:write\tFEDBOT_SLACK_APP_TOKEN\n")
	} else {
		fmt.Fprint(secrets, "   Basic Information, Signing Secret\tFEDBOT_SLACK_SIGNING_SECRET\n")
	}
	if err := secrets.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
4. In each channel where requests are decided, type  /invite @fedbot
   Then  fedbot doctor --config FILE  says what is still missing.

The manifest behind the link, to be read first:

%s
`, manifest)
	return err
}
