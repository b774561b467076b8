package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fedbot/internal/app"
	"fedbot/internal/config"
	"fedbot/policies"
)

// policyCommand holds what can be asked about permissions without a running fedbot.
// A subcommand lives in a file of its own and is named here.
func policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "policy", Short: "The templates of what a role may do, and what AWS's actions are", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		policySuggestCommand(),
		policyListCommand(),
		policyShowCommand(),
		policyRenderCommand(),
		policyTestCommand(),
		policySchemaCommand(),
		policyOffersCommand(),
		policyLintCommand(),
		policyDiffCommand(),
		policyExplainCommand(),
	)
	return c
}

// shelf are the flags of commands that read templates from files, not from a
// running fedbot.
type shelf struct {
	host
	dir string
}

func (s *shelf) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.dir, "templates", "", "directory of your own templates (default: the configuration's)")
	c.Flags().StringVar(&s.config, "config", "", "configuration that names the directory")
	c.Flags().StringVarP(&s.output, "output", "o", "text", "text or json")
}

// catalogue reads the templates.
func (s *shelf) catalogue() (*policies.Catalogue, error) {
	if s.output != "text" && s.output != "json" {
		return nil, fmt.Errorf("%w: --output is text or json, not %q", errUsage, s.output)
	}
	if s.dir == "" && s.config != "" {
		c, err := config.Load(s.config)
		if err != nil {
			return nil, err
		}
		s.dir = c.Templates
	}
	return app.Templates(s.dir)
}

// templates are those of these names, or all.
func (s *shelf) templates(names []string) ([]policies.Template, error) {
	c, err := s.catalogue()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = c.Names()
	}
	var out []policies.Template
	for _, name := range names {
		t, ok := c.Get(name)
		if !ok {
			return nil, noTemplate(name)
		}
		out = append(out, t)
	}
	return out, nil
}

func noTemplate(name string) error {
	return fmt.Errorf("there is no template %q; fedbot policy list shows all", name)
}
