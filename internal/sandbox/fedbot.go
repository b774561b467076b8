package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fedbot/internal/app"
)

// running is the fedbot inside.
type running struct {
	app  *app.App
	stop context.CancelFunc
	done chan error
}

// StartFedbot starts the product on the directory's configuration, as `fedbot
// serve` would. Starting what runs already changes nothing.
func (s *Sandbox) StartFedbot() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	c, err := s.config()
	if err != nil {
		return err
	}
	// The port was kept for fedbot until now. Taken is no error: it was freed by the
	// fedbot that was stopped.
	_ = s.listeners["fedbot"].Close()
	base := aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider(s.secrets.FedbotKeyID, s.secrets.FedbotKey, "")}
	a, err := app.New(s.root, app.Options{Config: c, AWS: &base, Now: s.clock.Now, Log: s.o.Log, Edits: 150 * time.Millisecond, Fresh: time.Second})
	if err != nil {
		return fmt.Errorf("start fedbot: %w", err)
	}
	ctx, stop := context.WithCancel(s.root)
	r := &running{a, stop, make(chan error, 1)}
	go func() { r.done <- errors.Join(a.Run(ctx), a.Close()) }()
	s.running = r
	return nil
}

// StopFedbot stops the product and waits until it has let go of its store.
func (s *Sandbox) StopFedbot() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	s.running.stop()
	err := <-s.running.done
	s.running = nil
	return err
}

// Running reports whether fedbot is started.
func (s *Sandbox) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running != nil
}

// ahead is how far the sandbox's clock was moved, in seconds, by an earlier start.
func (s *Sandbox) ahead() time.Duration {
	raw, err := os.ReadFile(s.file("clock"))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// Advance moves the sandbox's clock.
func (s *Sandbox) Advance(d time.Duration) error {
	ahead := s.clock.Advance(d)
	return writeFile(s.file("clock"), []byte(strconv.FormatInt(int64(ahead/time.Second), 10)))
}
