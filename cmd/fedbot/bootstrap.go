package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

func bootstrapCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "bootstrap", Short: "Print what has to be set up once", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(bootstrapAWSCommand(), bootstrapSlackCommand())
	return c
}

func bootstrapAWSCommand() *cobra.Command {
	b := policies.Bootstrap{Passable: policies.DefaultPassable}
	var output, what string
	var breakGlass []string
	c := &cobra.Command{
		Use: "aws", Short: "Print fedbot's two roles and the boundary as one CloudFormation template for all accounts",
		Args: exactly(0, "flags only"),
		Example: `  fedbot bootstrap aws --principal arn:aws:iam::999900001111:role/fedbot \
    --issuer vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375 > fedbot.yaml`,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("%w: --output is text or json, not %q", errUsage, output)
			}
			for i, issuer := range b.Issuers {
				b.Issuers[i] = strings.TrimPrefix(issuer, "https://")
			}
			var err error
			if b.Templates, err = policies.Builtin(); err != nil {
				return err
			}
			if err := b.Check(); err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			var text []byte
			switch {
			case what == "scp":
				text, err = b.ServiceControlPolicy(breakGlass)
			case what == "rcp":
				text, err = b.ResourceControlPolicy()
			case what != "template":
				return fmt.Errorf("%w: --print is template, scp or rcp, not %q", errUsage, what)
			case output == "json":
				text, err = b.JSON()
			default:
				text, err = b.Template()
			}
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&b.Principal, "principal", "", "ARN of the role or user that fedbot runs as (default: a parameter without a default)")
	f.StringVar(&b.ExternalID, "external-id", "", "what fedbot has to say when it takes on a role")
	f.StringArrayVar(&b.Issuers, "issuer", nil, "issuer of the tokens, with the organization's id; may be repeated")
	f.StringVar(&b.Passable, "passable", b.Passable, "roles that federated roles may hand to AWS services, by path and name; empty: none")
	f.StringVar(&b.Assumable, "assumable", "", "roles that federated roles may go on to, such as cdk-*; empty: none")
	f.StringVar(&what, "print", "template", "template, or a guardrail of the AWS organization: scp or rcp")
	f.StringArrayVar(&breakGlass, "break-glass", nil, "with --print scp: ARN of further roles that may do what fedbot may, such as the one that deploys StackSets; may be repeated")
	f.StringVarP(&output, "output", "o", "text", "text (YAML) or json")
	return c
}
