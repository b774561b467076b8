package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"fedbot/policies"
)

// largestRead bounds what is read from a file or a pipe.
const largestRead = 1 << 20

func policySuggestCommand() *cobra.Command {
	var s shelf
	c := &cobra.Command{
		Use: "suggest FILE|-", Short: "Read a pipeline and say which templates it needs, line by line, and what cannot be told",
		Long: "Read an Azure Pipelines file and say which templates its AWS Toolkit tasks and its scripts need, with the line that each comes from,\n" +
			"and what cannot be told. At the end it prints the request, with what is missing in capitals. Nothing is run and nothing is fetched.",
		Args: exactly(1, "a pipeline's file, or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			catalogue, err := s.catalogue()
			if err != nil {
				return err
			}
			source, err := readFile(c.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			found, err := policies.Suggest(source, catalogue)
			if err != nil {
				return err
			}
			return s.print(c.OutOrStdout(), found, func(w io.Writer) { printSuggestion(w, found) })
		},
	}
	s.flags(c)
	return c
}

// readFile reads a file, or standard input for "-".
func readFile(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, largestRead+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if len(raw) > largestRead {
		return nil, fmt.Errorf("read: it is larger than %d bytes", largestRead)
	}
	return raw, nil
}

func printSuggestion(w io.Writer, s policies.Suggestion) {
	if len(s.Finds) == 0 {
		fmt.Fprintln(w, "Nothing here uses AWS, as far as fedbot can see.")
		return
	}
	wide := 10
	for _, f := range s.Finds {
		wide = min(40, max(wide, len([]rune(f.What))))
	}
	for _, f := range s.Finds {
		lines := f.Lines()
		fmt.Fprintf(w, "line %-4d %-*s  %s\n", f.Line, wide, middle(f.What, wide), lines[0])
		for _, l := range lines[1:] {
			fmt.Fprintf(w, "%s%s\n", strings.Repeat(" ", wide+12), l)
		}
	}
	for i, r := range s.Requests {
		name := r.Connection
		if name == "" {
			name = "no service connection"
		}
		fmt.Fprintf(w, "\nThe request for what uses %s:\n", name)
		if i > 0 && s.Requests[i-1].Connection == r.Connection {
			fmt.Fprintln(w, "(A federation has each template once, so this is another one, with a connection of its own.)")
		}
		fmt.Fprintln(w, r.Line)
		if len(r.Missing) > 0 {
			fmt.Fprintf(w, "The file does not tell: %s.\n", strings.Join(r.Missing, ", "))
		}
	}
}
