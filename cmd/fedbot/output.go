package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"fedbot/internal/config"
	"fedbot/internal/console"
	"fedbot/workflows"
)

// host are the flags of commands that speak to a running fedbot on this host.
type host struct {
	config, socket, output string
}

func (h *host) flags(c *cobra.Command) {
	c.Flags().StringVar(&h.socket, "socket", "", "socket of the running fedbot (default: the configuration's, or fedbot.sock here)")
	c.Flags().StringVar(&h.config, "config", "", "configuration that names the socket")
	c.Flags().StringVarP(&h.output, "output", "o", "text", "text or json")
}

// client finds the socket: the flag, the configuration, FEDBOT_SOCKET, or
// fedbot.sock in this directory.
func (h *host) client() (*console.Client, error) {
	if h.output != "text" && h.output != "json" {
		return nil, fmt.Errorf("%w: --output is text or json, not %q", errUsage, h.output)
	}
	path, err := h.path()
	if err != nil {
		return nil, err
	}
	return console.Dial(path), nil
}

func (h *host) path() (string, error) {
	switch {
	case h.socket != "":
		return h.socket, nil
	case h.config != "":
		c, err := config.Load(h.config)
		if err != nil {
			return "", err
		}
		return c.Store.Socket, nil
	case os.Getenv("FEDBOT_SOCKET") != "":
		return os.Getenv("FEDBOT_SOCKET"), nil
	}
	return filepath.Join(".", "fedbot.sock"), nil
}

// print writes data as JSON, or as text by the given function.
func (h *host) print(w io.Writer, v any, text func(io.Writer)) error {
	if h.output != "json" {
		text(w)
		return nil
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// sentence is what a person at a terminal is told.
func sentence(err error) string {
	var refusal *workflows.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Say
	case errors.Is(err, console.ErrDown):
		return "fedbot is not running here: nobody listens on its socket. Start it with fedbot serve, or name another socket with --socket."
	}
	return err.Error()
}

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 4, 2, ' ', 0) }

func date(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format("2006-01-02")
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// middle cuts a long name where its parts differ least: in the middle.
func middle(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	tail := (most - 3) / 2
	return string(r[:most-3-tail]) + "..." + string(r[len(r)-tail:])
}

// terminal reports whether w is one: tables for people there, tabs elsewhere.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func facts(f workflows.Federation) string {
	s := string(f.State)
	switch {
	case f.Parked != nil:
		s += ", parked"
	case f.AwaitsUse():
		s += ", not yet proved"
	case f.Quarantine != nil:
		s += ", quarantined"
	case f.State == workflows.Active && len(f.Findings) > 0:
		s += ", drifted"
	case f.State == workflows.Closed:
		s += ", " + string(f.Outcome)
	}
	return s
}

func where(f workflows.Federation) string {
	return f.Approved.Project + " / " + f.Approved.Connection
}

func list(s []string) string {
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(s, ", ")
}
