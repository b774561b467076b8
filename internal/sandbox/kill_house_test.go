package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fedbot/internal/console"
	"fedbot/internal/sandbox"
	"fedbot/store"
	"fedbot/workflows"
)

// house is fedbot between emulators that outlive it: their addresses and keys, and
// the directory that fedbot is started on again and again.
type house struct {
	t   testing.TB
	dir string
}

// newHouse makes an empty directory with a short name: sockets have short paths.
func newHouse(t testing.TB) *house {
	t.Helper()
	dir, err := os.MkdirTemp("", "fedbot-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	return &house{t, dir}
}

func (h *house) file(name string) string { return filepath.Join(h.dir, name) }

// emulate runs the emulators in this process until the test ends.
func (h *house) emulate() sandbox.Ready {
	h.t.Helper()
	s, err := sandbox.New(sandbox.Options{Listen: "127.0.0.1:0", Dir: h.dir, Bare: true, Hasty: true})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() error { close(up); return nil }) }()
	h.t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			h.t.Error(err)
		}
	})
	select {
	case <-up:
	case err := <-ended:
		ended <- err
		h.t.Fatal(err)
	}
	return s.Ready()
}

// configure changes fedbot's configuration, word for word.
func (h *house) configure(pairs ...string) {
	h.t.Helper()
	raw, err := os.ReadFile(h.file("fedbot.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			h.t.Fatalf("the configuration does not hold %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	if err := os.WriteFile(h.file("fedbot.yaml"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// keys are fedbot's own for AWS.
func (h *house) keys() (id, key string) {
	h.t.Helper()
	raw, err := os.ReadFile(h.file("secrets.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	var keys struct{ FedbotKeyID, FedbotKey string }
	if err := json.Unmarshal(raw, &keys); err != nil {
		h.t.Fatal(err)
	}
	return keys.FedbotKeyID, keys.FedbotKey
}

// fedbot is `fedbot serve` on the house's configuration, not started yet.
func (h *house) fedbot() *process {
	h.t.Helper()
	id, key := h.keys()
	return h.process([]string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + key, "AWS_REGION=eu-west-1"},
		"serve", "--config", h.file("fedbot.yaml"))
}

// list reads the federations from the running fedbot.
func (h *house) list() ([]workflows.Federation, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return console.Dial(h.file("fedbot.sock")).List(ctx)
}

// left are the federations, and everything that happened, in the file that a
// stopped or killed fedbot left. The file must be in order.
func (h *house) left() (list []workflows.Federation, history map[workflows.FederationID][]workflows.Event) {
	h.t.Helper()
	ctx := context.Background()
	db, err := store.Open(h.file("fedbot.db"), store.Options{Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		h.t.Fatal(err)
	}
	report, err := db.Check(ctx)
	if err == nil {
		err = report.Err()
	}
	if err != nil {
		h.t.Error(err)
	}
	if report.Pending > 0 {
		h.t.Errorf("%d deliveries of Slack's are not decided", report.Pending)
	}
	if list, err = db.List(ctx); err != nil {
		h.t.Error(err)
	}
	history = map[workflows.FederationID][]workflows.Event{}
	for _, f := range list {
		if history[f.ID], err = db.History(ctx, f.ID); err != nil {
			h.t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		h.t.Error(err)
	}
	return list, history
}

// binary is fedbot, built when the first test needs it and removed after the last.
var binary struct {
	sync.Mutex
	dir   string
	users int
}

// build returns the path of the binary, for as long as the test runs.
func build(t testing.TB) string {
	t.Helper()
	binary.Lock()
	defer binary.Unlock()
	if binary.users == 0 {
		dir, err := os.MkdirTemp("", "fedbot-binary-")
		if err != nil {
			t.Fatal(err)
		}
		binary.dir = dir
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "fedbot"), "fedbot/cmd/fedbot").CombinedOutput(); err != nil {
			t.Fatalf("build fedbot: %v: %s", err, out)
		}
	}
	binary.users++
	t.Cleanup(func() {
		binary.Lock()
		defer binary.Unlock()
		if binary.users--; binary.users == 0 {
			_ = os.RemoveAll(binary.dir)
		}
	})
	return filepath.Join(binary.dir, "fedbot")
}

// process is a program that is killed and started again.
type process struct {
	t    testing.TB
	path string
	args []string
	env  []string
	line func(string) // sees each line that it logs, while it runs; nil: nobody

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	log   bytes.Buffer // of all its lives
	lives int

	struck bool // in this life
}

func (h *house) process(env []string, args ...string) *process {
	h.t.Helper()
	p := &process{t: h.t, path: build(h.t), args: args, env: append(os.Environ(), env...)}
	h.t.Cleanup(func() {
		p.kill()
		if h.t.Failed() {
			text := p.log.String()
			h.t.Logf("directory %s; the end of the log of %d lives:\n%s", h.dir, p.lives, text[max(0, len(text)-12_000):])
		}
	})
	return p
}

// Write takes what the process logs.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	p.log.Write(b)
	p.mu.Unlock()
	if p.line != nil {
		for l := range strings.Lines(string(b)) {
			p.line(l)
		}
	}
	return len(b), nil
}

// start starts it, if it does not run.
func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return
	}
	c := exec.Command(p.path, p.args...)
	c.Env, c.Stdout, c.Stderr = p.env, io.Discard, p
	if err := c.Start(); err != nil {
		p.t.Errorf("start %s: %v", p.path, err)
		return
	}
	p.cmd, p.ended, p.struck = c, make(chan struct{}), false
	p.lives++
	go func(ended chan struct{}) {
		_ = c.Wait() // a killed process has no other way to end
		close(ended)
	}(p.ended)
}

// strike sends SIGKILL and does not wait: for hooks that the process's own output
// waits for.
func (p *process) strike() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.struck = true
		_ = p.cmd.Process.Kill()
	}
}

// await waits until the process of now has ended.
func (p *process) await() {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	<-ended
}

// restart starts it if it has ended.
func (p *process) restart() {
	p.mu.Lock()
	if p.cmd != nil {
		select {
		case <-p.ended:
			p.cmd = nil
			if !p.struck {
				p.mu.Unlock()
				p.t.Fatal("it ended before anybody killed it")
			}
		default:
		}
	}
	p.mu.Unlock()
	p.start()
}

// kill sends SIGKILL and waits until it is gone. It reports whether it had ended
// by itself before.
func (p *process) kill() (early bool) { return p.end(os.Kill) }

// stop asks it to stop and waits until it has.
func (p *process) stop() { p.end(os.Interrupt) }

func (p *process) end(how os.Signal) (early bool) {
	p.mu.Lock()
	c, ended := p.cmd, p.ended
	p.mu.Unlock()
	if c == nil {
		return false
	}
	select {
	case <-ended:
		early = true
	default:
		_ = c.Process.Signal(how)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			p.t.Errorf("it has not stopped within 20 seconds after %v", how)
			_ = c.Process.Kill()
			<-ended
		}
	}
	p.mu.Lock()
	p.cmd = nil
	p.mu.Unlock()
	return early
}

// post calls the page's API as JSON.
func post(ctx context.Context, address string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return fetch(req, out)
}

// fetch does a request and decodes the answer.
func fetch(req *http.Request, out any) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %.300s", req.URL.Path, res.Status, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
