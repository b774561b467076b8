package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// renderedPolicy is what fedbot policy render prints as JSON.
type renderedPolicy struct {
	Template string          `json:"template"`
	Version  int             `json:"version"`
	Policy   string          `json:"policy"` // name of the inline policy
	Size     int             `json:"size"`   // characters, as IAM counts them
	Document json.RawMessage `json:"document"`
}

func policyRenderCommand() *cobra.Command {
	var s shelf
	var params []string
	var account, region string
	c := &cobra.Command{
		Use: "render TEMPLATE", Short: "Print the permissions policy that a template makes", Args: exactly(1, "the name of a template"),
		Example: "  fedbot policy render s3-static-site --param bucket=shop-site-dev --param prefix=web/ --account 111122223333 --region eu-west-1",
		RunE: func(c *cobra.Command, args []string) error {
			templates, err := s.templates(args)
			if err != nil {
				return err
			}
			values, err := named(params)
			if err != nil {
				return err
			}
			t := templates[0]
			document, err := t.Document(values, account, region)
			if err != nil {
				return err
			}
			out := renderedPolicy{t.Name, t.Version, policies.PolicyName(t.Name, t.Version), policies.Size(document), json.RawMessage(document)}
			return s.print(c.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintln(w, indent(document))
				fmt.Fprintf(c.ErrOrStderr(), "%s: %d of the %d characters that a role has for all its templates.\n", out.Policy, out.Size, policies.MostCharacters)
			})
		},
	}
	s.flags(c)
	c.Flags().StringArrayVar(&params, "param", nil, "name=value of the template; may be repeated")
	c.Flags().StringVar(&account, "account", "111122223333", "number of the account")
	c.Flags().StringVar(&region, "region", "eu-west-1", "region")
	return c
}

// named reads name=value.
func named(params []string) (map[string]string, error) {
	out := map[string]string{}
	for _, kv := range params {
		k, v, ok := strings.Cut(kv, "=")
		if _, twice := out[k]; !ok || k == "" || twice {
			return nil, fmt.Errorf("%w: --param takes name=value, each name once, not %q", errUsage, kv)
		}
		out[k] = v
	}
	return out, nil
}

// indent writes a document as people read it.
func indent(document string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(document), "", "  ") != nil {
		return document
	}
	return b.String()
}
