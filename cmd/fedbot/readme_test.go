package main

import (
	"os"
	"strings"
	"testing"
)

// The README lists every command that there is, by the words that one types.
func TestReadmeNamesEveryCommand(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(raw), "\n## Commands\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("the README has no section Commands")
	}
	for _, c := range command().Commands() {
		if c.IsAvailableCommand() && !strings.Contains(section, "`"+c.Name()) {
			t.Errorf("the README does not list fedbot %s (%s)", c.Name(), c.Short)
		}
	}
}
