package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// listedTemplate is a line of fedbot policy list.
type listedTemplate struct {
	Name       string              `json:"name"`
	Version    int                 `json:"version"`
	Risk       string              `json:"risk"`
	Purpose    string              `json:"purpose"`
	Base       bool                `json:"base"` // cannot be asked for, only extended
	Parameters []templateParameter `json:"parameters"`
}

type templateParameter struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Optional    bool   `json:"optional"`
	Description string `json:"description"`
	Example     string `json:"example"`
}

func policyListCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "list", Short: "List the templates, each with its risk, purpose and parameters", Args: exactly(0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			templates, err := s.templates(nil)
			if err != nil {
				return err
			}
			out := make([]listedTemplate, 0, len(templates))
			for _, t := range templates {
				out = append(out, listed(t))
			}
			return s.print(c.OutOrStdout(), out, func(w io.Writer) { printTemplates(w, out) })
		},
	}
	s.flags(c)
	return c
}

func listed(t policies.Template) listedTemplate {
	l := listedTemplate{Name: t.Name, Version: t.Version, Risk: string(t.Level()), Purpose: t.Purpose, Base: t.Base, Parameters: []templateParameter{}}
	for _, p := range t.Parameters {
		l.Parameters = append(l.Parameters, templateParameter{p.Name, p.Type, p.Optional, p.Description, p.Example})
	}
	return l
}

// parameterNames are the parameters as one types them: optional ones in brackets.
func (l listedTemplate) parameterNames() []string {
	var out []string
	for _, p := range l.Parameters {
		name := p.Name
		if p.Optional {
			name = "[" + name + "]"
		}
		out = append(out, name)
	}
	return out
}

func printTemplates(w io.Writer, all []listedTemplate) {
	out, people := w, terminal(w)
	if people {
		t := table(w)
		defer func() {
			_ = t.Flush()
			fmt.Fprintf(w, "\n%d templates. The risk is that of a development account; what raises it: fedbot policy show NAME.\n", len(all))
		}()
		fmt.Fprintln(t, "TEMPLATE\tVERSION\tRISK\tPARAMETERS\tPURPOSE")
		out = t
	}
	for _, l := range all {
		purpose := l.Purpose
		if l.Base {
			purpose = "To be extended, not asked for. " + purpose
		}
		if people {
			purpose = middle(purpose, 80)
		}
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\n", l.Name, l.Version, l.Risk, list(l.parameterNames()), purpose)
	}
}
