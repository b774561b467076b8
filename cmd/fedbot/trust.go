package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
	"fedbot/workflows"
)

func trustCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "trust", Short: "Judge the trust policies of roles", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(trustLintCommand())
	return c
}

// trustLint is what the command prints.
type trustLint struct {
	OK        bool                   `json:"ok"`       // every document is exact
	Complete  bool                   `json:"complete"` // false: a listing was cut off
	Documents []policies.TrustReport `json:"documents"`
}

func trustLintCommand() *cobra.Command {
	var h host
	var frame policies.TrustFrame
	c := &cobra.Command{
		Use:   "lint FILE|-...",
		Short: "Say whom a role's trust policy lets in: the service connections it names, or somebody else",
		Long: `lint reads a trust policy, or what aws iam get-role, list-roles or get-account-authorization-details print,
from files or from standard input (-), and tries tokens that ought to be shut out: of other connections, projects and
organizations, of pipelines themselves, for other audiences, and without claims. It exits 0 only if every document lets in
exactly the service connections that it names and nothing else. In a listing, roles that no web identity can take are
passed over.`,
		Example: `  aws iam get-role --role-name deploy | fedbot trust lint -
  aws iam get-account-authorization-details --filter Role | fedbot trust lint - -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%w: lint takes the file of a trust policy, or - for standard input; see: fedbot trust lint --help", errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if h.output != "text" && h.output != "json" {
				return fmt.Errorf("%w: --output is text or json, not %q", errUsage, h.output)
			}
			out := trustLint{OK: true, Complete: true, Documents: []policies.TrustReport{}}
			for _, name := range args {
				if err := out.read(c, name, frame); err != nil {
					return err
				}
			}
			if err := h.print(c.OutOrStdout(), out, out.text); err != nil {
				return err
			}
			return out.verdict()
		},
	}
	c.Flags().StringVarP(&h.output, "output", "o", "text", "text or json")
	c.Flags().StringVar(&frame.Account, "account", "", "account of the role, where the document does not come with it (12 digits)")
	c.Flags().StringSliceVar(&frame.Issuers, "issuer", nil, "address of another issuer whose tokens are of service connections, as an issuer profile names it")
	c.Flags().StringSliceVar(&frame.Organizations, "organization-id", nil, "id of an organization of yours; a provider of any other is wrong (default: any organization)")
	return c
}

func (o *trustLint) read(c *cobra.Command, name string, frame policies.TrustFrame) error {
	text, err := readInput(c, name)
	if err != nil {
		return err
	}
	found, complete, err := policies.ReadTrust(text)
	if err != nil {
		return workflows.Refuse("no_trust", "%s: %s.", source(name), err)
	}
	o.Complete = o.Complete && complete
	for _, in := range found {
		f := frame
		if in.Account != "" {
			f.Account = in.Account
		}
		r := policies.JudgeTrust(in.Document, f)
		r.Source, r.Role = source(name), in.Role
		if in.Listed && r.Verdict == policies.Unfederated {
			continue
		}
		o.OK = o.OK && r.Exact
		o.Documents = append(o.Documents, r)
	}
	return nil
}

// verdict is the exit code with its sentence.
func (o *trustLint) verdict() error {
	bad := 0
	for _, d := range o.Documents {
		if !d.Exact {
			bad++
		}
	}
	switch {
	case bad > 0:
		return fmt.Errorf("%d of %d trust policies do not let in exactly the service connections that they name", bad, len(o.Documents))
	case !o.Complete:
		return fmt.Errorf("the listing was cut off, so there may be roles that nobody looked at: read all pages of it")
	}
	return nil
}

func (o *trustLint) text(w io.Writer) {
	for i, d := range o.Documents {
		if i > 0 {
			fmt.Fprintln(w)
		}
		printTrust(w, d)
	}
	if len(o.Documents) == 0 {
		fmt.Fprintln(w, "No role here can be taken by a web identity.")
	}
}

func printTrust(w io.Writer, d policies.TrustReport) {
	name := d.Source
	if d.Role != "" {
		name = d.Role
	}
	fmt.Fprintf(w, "%s\n  %s\n", name, d.Say)
	if len(d.Connections) > 0 {
		fmt.Fprintln(w, "\n  Lets in, as it says")
		for _, e := range d.Connections {
			fmt.Fprintf(w, "    %s%s\n", e.Subject, under(e))
		}
	}
	if len(d.Problems) > 0 {
		fmt.Fprintln(w, "\n  What is wrong, or worth knowing")
		printProblems(w, d.Problems)
	}
	if len(d.Others) > 0 {
		fmt.Fprintln(w, "\n  Who else gets in")
		for _, e := range d.Others {
			may := ""
			if e.Answer == policies.Unknown {
				may = ", perhaps"
			}
			fmt.Fprintf(w, "    %s%s\n      %s\n      %s\n", e.Who, may, tried(e), e.Why)
		}
	}
}

// under says when a connection gets in, if that depends on more than its token.
func under(e policies.Entrant) string {
	if e.Answer == policies.Unknown {
		return "  (" + e.Why + ")"
	}
	return ""
}

// tried is the token or the principal that got in.
func tried(e policies.Entrant) string {
	if e.Issuer == "" {
		return e.Principal
	}
	claim := func(name, value string) string {
		if value == "" {
			return "no " + name
		}
		return name + " " + value
	}
	return strings.Join([]string{claim("sub", e.Subject), claim("aud", e.Audience), "iss " + e.Issuer}, ", ")
}

// printProblems prints what lint commands have found.
func printProblems(w io.Writer, problems []policies.Problem) {
	for _, p := range problems {
		fmt.Fprintf(w, "    %-8s %s  %s\n", p.Level, p.Code, p.Say)
		for _, line := range []struct{ head, text string }{{"where", p.Where}, {"attack", p.Attack}, {"fix", p.Fix}, {"excepted", p.Except}} {
			if line.text != "" {
				fmt.Fprintf(w, "      %-8s %s\n", line.head, line.text)
			}
		}
	}
}

// readInput reads a file, or standard input for -.
func readInput(c *cobra.Command, name string) (string, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(c.InOrStdin())
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", source(name), err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return "", workflows.Refuse("empty", "%s is empty, so nothing was judged.", source(name))
	}
	return string(raw), nil
}

func source(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}
