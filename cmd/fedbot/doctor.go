package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fedbot/internal/app"
	"fedbot/internal/config"
	"fedbot/internal/doctor"
)

// errSick ends a doctor's visit that found something: it was all said already.
var errSick = errors.New("something has to be mended; each line that says FAIL has its fix")

func doctorCommand() *cobra.Command {
	var file, output string
	var only []string
	c := &cobra.Command{
		Use: "doctor --config FILE", Short: "Look whether everything that fedbot needs is there; reads only", Args: exactly(0, "flags only"),
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("%w: --output is text or json, not %q", errUsage, output)
			}
			for _, area := range only {
				if !slices.Contains(doctor.Areas, area) {
					return fmt.Errorf("%w: --only is one of %s, not %q", errUsage, strings.Join(doctor.Areas, ", "), area)
				}
			}
			conf, err := config.Load(file)
			if err != nil {
				return err
			}
			checks, err := app.Doctor(c.Context(), conf, only, func(area string) { fmt.Fprintf(c.ErrOrStderr(), "reading %s…\n", area) })
			if err != nil {
				return err
			}
			if output == "json" {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				err = e.Encode(checks)
			} else {
				err = printVisit(c.OutOrStdout(), file, time.Now().UTC(), checks)
			}
			if err == nil && doctor.Failed(checks) {
				err = errSick
			}
			return err
		},
	}
	c.Flags().StringVar(&file, "config", "", "configuration file")
	c.Flags().StringArrayVar(&only, "only", nil, "only this area: "+strings.Join(doctor.Areas, " or ")+"; may be repeated")
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	required(c, "config")
	return c
}

// printVisit writes the checks as SCREENS has them: what is well is counted, what
// is not is named and has its fix below it, and the end says what does not work.
func printVisit(w io.Writer, file string, now time.Time, checks []doctor.Check) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s UTC. Reads only; nothing is changed.\n", file, minute(now))
	counts := map[doctor.Result]int{}
	var hurts []string
	area := ""
	for _, x := range checks {
		if x.Area != area {
			area = x.Area
			fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(area))
		}
		counts[x.Result]++
		detail := x.Detail
		if x.Object != "" && !strings.Contains(detail, x.Object) {
			detail = x.Object + ": " + detail
		}
		fmt.Fprintf(&b, "  %-4s  %s\n", x.Result, detail)
		if x.Fix != "" {
			fmt.Fprintf(&b, "        fix: %s\n", x.Fix)
		}
		if x.Result == doctor.Fail && !slices.Contains(hurts, x.Hurts) {
			hurts = append(hurts, x.Hurts)
		}
	}
	fmt.Fprintf(&b, "\n%d failed, %d warnings, %d skipped, %d ok.\n", counts[doctor.Fail], counts[doctor.Warn], counts[doctor.Skip], counts[doctor.OK])
	if len(hurts) > 0 {
		fmt.Fprintf(&b, "Until they are mended, this does not work: %s.\nEverything else that was looked at does.\n", strings.Join(hurts, "; "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
