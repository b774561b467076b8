package aws

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"fedbot/internal/emulate/judge"
)

// moto starts a moto server for the development account and waits until it answers.
func moto(t *testing.T) (url string) {
	t.Helper()
	program, err := exec.LookPath("moto_server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("moto_server is not installed, and CI must not do without it")
		}
		t.Skip("moto_server is not installed, so nobody stands beside the emulator here")
	}
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	server.Env = append(os.Environ(), "MOTO_ACCOUNT_ID="+dev)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may be a script that starts another program
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
		_ = server.Wait()
	})
	url = "http://127.0.0.1:" + port
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		ask := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodGet, url+"/moto-api/", nil))
		if answer, err := http.DefaultClient.Do(ask); err == nil {
			_ = answer.Body.Close()
			return url
		}
		select {
		case <-ctx.Done():
			t.Fatal("moto_server did not answer in a minute")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestMotoBesideUs makes the same calls of moto and of the emulator. A difference
// that is not listed is a failure, and so is a listed one that is no more.
func TestMotoBesideUs(t *testing.T) {
	t.Parallel()
	url := moto(t)
	_, env := stage(t, func(o *Options) { o.Seed.Organizations, o.Seed.Roles = nil, nil })
	file := filepath.Join(t.TempDir(), "differences.json")
	judge.Python(t, "testdata/aws_moto.py", append(env, "MOTO="+url, "DIFFERENCES="+file)...)
	var found []disagreement
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(file)), &found); err != nil {
		t.Fatal(err)
	}
	listed := map[disagreement]bool{}
	for _, d := range disagreements {
		listed[d.seen()] = false
	}
	for _, d := range found {
		if _, known := listed[d]; !known {
			t.Errorf("not listed: %#v", d)
		}
		listed[d] = true
	}
	for d, happened := range listed {
		if !happened {
			t.Errorf("listed, but it does not happen: %#v", d)
		}
	}
}
