package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

func policySchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of templates, for editors", Args: exactly(0, "no words"),
		Example: "  fedbot policy schema > template.schema.json",
		RunE: func(c *cobra.Command, _ []string) error {
			enc := json.NewEncoder(c.OutOrStdout())
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			if err := enc.Encode(policies.Schema()); err != nil {
				return fmt.Errorf("write: %w", err)
			}
			return nil
		},
	}
}
