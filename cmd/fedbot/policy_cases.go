package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// testedCase is one call that a template has to allow or deny, and what it came to.
type testedCase struct {
	Template string            `json:"template"`
	With     map[string]string `json:"with"`
	Call     string            `json:"call"`
	On       string            `json:"on"`
	When     map[string]string `json:"when"`
	Want     string            `json:"want"`
	Got      string            `json:"got"`
	Why      string            `json:"why"`
	OK       bool              `json:"ok"`
}

func policyTestCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "test [TEMPLATE]…", Short: "Run the cases of templates: calls that must be allowed, and calls that must be denied",
		Long: "Run the cases of templates: calls that must be allowed, and calls that must be denied. Without a name, all templates,\n" +
			"and the evaluator's own cases: calls that it, or another evaluator, once judged wrong. It exits 1 when a case is not as told.",
		RunE: func(c *cobra.Command, args []string) error {
			templates, err := s.templates(args)
			if err != nil {
				return err
			}
			all := []testedCase{}
			bad := 0
			for _, t := range templates {
				for _, r := range t.Test() {
					all = append(all, tested(t, r))
					if !r.OK {
						bad++
					}
				}
			}
			if len(args) == 0 {
				more, err := evaluatorCases()
				if err != nil {
					return err
				}
				for _, x := range more {
					if all = append(all, x); !x.OK {
						bad++
					}
				}
			}
			if err := s.print(c.OutOrStdout(), all, func(w io.Writer) { printTested(w, all) }); err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d cases are not as told", bad, len(all))
			}
			return nil
		},
	}
	s.flags(c)
	return c
}

func tested(t policies.Template, r policies.CaseResult) testedCase {
	with := r.Case.With
	if with == nil {
		with = t.Examples()
	}
	return testedCase{t.Label(), with, r.Case.Call, r.Case.On, r.Case.When, string(r.Case.Want), string(r.Got), r.Why, r.OK}
}

// evaluatorCases are the calls that an evaluator once judged wrong. Their template is
// the evaluator, and what a call is on is told by its name.
func evaluatorCases() ([]testedCase, error) {
	all, err := policies.Regressions()
	if err != nil {
		return nil, err
	}
	var out []testedCase
	for _, c := range all {
		r := c.Run()
		out = append(out, testedCase{Template: "the evaluator", With: map[string]string{"case": c.Name}, Call: c.Call, On: c.On,
			Want: string(c.Want), Got: string(r.Got), Why: r.Why, OK: r.OK})
	}
	return out, nil
}

// printTested counts what is as told, and tells what is not.
func printTested(w io.Writer, all []testedCase) {
	for start := 0; start < len(all); {
		end, allowed, unknown, bad := start, 0, 0, []testedCase{}
		for ; end < len(all) && all[end].Template == all[start].Template; end++ {
			if c := all[end]; !c.OK {
				bad = append(bad, c)
			} else if c.Got == string(policies.Allowed) {
				allowed++
			} else if c.Got == string(policies.Unknown) {
				unknown++
			}
		}
		word, n := "ok  ", end-start-len(bad)
		if len(bad) > 0 {
			word = "FAIL"
		}
		rest := fmt.Sprintf("%d denied", n-allowed)
		if unknown > 0 {
			rest = fmt.Sprintf("%d denied, %d unknown", n-allowed-unknown, unknown)
		}
		fmt.Fprintf(w, "%s  %s: %d allowed, %s\n", word, all[start].Template, allowed, rest)
		for _, c := range bad {
			fmt.Fprintf(w, "      %s on %s should be %s and is %s: %s%s\n", c.Call, c.On, c.Want, c.Got, c.Why, given(c.With))
		}
		start = end
	}
}

// given are the values that a case was run with.
func given(with map[string]string) string {
	if len(with) == 0 {
		return ""
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(with)) {
		out = append(out, k+"="+with[k])
	}
	return " (with " + strings.Join(out, ", ") + ")"
}
