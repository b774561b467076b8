// Command tally reads `go test -json` on its standard input, prints what went wrong and one
// line for each package, and writes "N passed, N failed" to the file that it is given. A test
// that was skipped counts as failed, unless the list below says why it may be.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// mayskip holds the tests that may be skipped, by the end of their package and the beginning of
// their name, each with its reason.
var mayskip = []struct{ room, test, because string }{
	{"internal/awsiam", "TestConformanceOnMoto/", "moto does not enforce what the case is about; the emulator does"},
	{"internal/awsiam", "TestConformanceUnderItsRights/writer_and_reader_are_assumed", "there fedbot has lent roles, not its own; TestConformance has it"},
	{"internal/awsiam", "TestConformanceUnderItsRights/without_rights", "there fedbot has rights; TestConformance has it"},
	{"internal/emulate/azuredevops", "TestShapesAreThePublishedOnes", "Microsoft's published examples lie beside the checkout, or they do not"},
	{"internal/emulate/slack", "TestValidFixturesPass", "published fixtures lie beside the checkout, or they do not"},
	{"bot", "TestScopesAreThePublishedOnes", "published methods lie beside the checkout, or they do not"},
	{"bot", "TestManifestPassesSlacksSchema", "the published schema lies beside the checkout, or it does not"},
	{"internal/emulate/slack", "TestLimitsAreThePublishedOnes", "published limits lie beside the checkout, or they do not"},
	{"internal/emulate/slack", "TestErrorsAreThePublishedOnes", "the published list of methods lies beside the checkout, or it does not"},
	{"internal/emulate/slack", "TestInvalidFixturesAreRefused", "published fixtures lie beside the checkout, or they do not"},
	{"internal/emulate/slack", "TestValidMessagesRepeatBlockIDs", "published fixtures lie beside the checkout, or they do not"},
	{"internal/emulate/slack", "TestSlackManifest", "the published schema lies beside the checkout, or it does not"},
}

type event struct{ Action, Package, ImportPath, Test, Output string }

type tally struct {
	passed, failed int
	output         map[string][]string // of what has not ended yet, by package and test
	broken         map[string]bool     // packages with a test that failed
}

func main() {
	t := tally{output: map[string][]string{}, broken: map[string]bool{}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			fmt.Println(in.Text()) // not an event: somebody printed past the test
			continue
		}
		t.take(e)
	}
	count := fmt.Sprintf("%d passed, %d failed\n", t.passed, t.failed)
	fmt.Print(count)
	if err := os.WriteFile(os.Args[1], []byte(count), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if in.Err() != nil || t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		t.output[key] = append(t.output[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, key)
		} else {
			t.endTest(e, key)
		}
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, key string) {
	switch {
	case e.Action == "pass":
		t.passed++
		return
	case e.Action == "skip" && allowed(e):
		return
	}
	t.failed++
	t.broken[e.Package] = true
	fmt.Printf("%s %s %s\n%s", strings.ToUpper(e.Action), e.Package, e.Test, strings.Join(t.output[key], ""))
}

func (t *tally) endPackage(e event, key string) {
	if e.Action == "fail" && !t.broken[e.Package] { // it did not build, panicked or ran out of time
		t.failed++
	}
	for k, lines := range t.output { // of tests that never ended: the panic is among it
		if e.Action == "fail" && k != key && strings.HasPrefix(k, e.Package+" ") {
			fmt.Print(strings.Join(lines, ""))
			delete(t.output, k)
		}
	}
	for _, line := range t.output[key] {
		f := strings.Fields(line)
		if e.Action == "fail" || len(f) > 1 && (f[0] == "ok" || f[0] == "?") {
			fmt.Print(line)
		}
	}
}

func allowed(e event) bool {
	for _, m := range mayskip {
		if strings.HasSuffix(e.Package, m.room) && strings.HasPrefix(e.Test, m.test) {
			fmt.Printf("skip %s %s: %s\n", e.Package, e.Test, m.because)
			return true
		}
	}
	return false
}
