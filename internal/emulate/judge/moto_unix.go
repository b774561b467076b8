//go:build unix

package judge

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Moto runs a moto server, somebody else's AWS, until the test ends and returns its
// address. It skips where moto_server is not installed, and fails there in CI. The
// server chooses its port itself: one that was free a moment ago may not be now.
func Moto(t *testing.T, env ...string) (url string) {
	t.Helper()
	cmd := exec.Command(program(t, "moto_server"), "-H", "127.0.0.1", "-p", "0")
	cmd.Env = append(append(os.Environ(), "PYTHONUNBUFFERED=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may be a script that starts another program
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start moto_server: %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // a killed process has no other way to end
	})
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), "Running on "); ok {
				address <- strings.TrimSpace(at)
			}
		}
	}()
	select {
	case url = <-address:
	case <-time.After(time.Minute):
		t.Fatal("moto_server did not begin in a minute")
	}
	return url
}
