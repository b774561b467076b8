package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fedbot/internal/console"
	"fedbot/workflows"
)

// house is everything behind the API: one federation, and what it was told.
type house struct {
	f     workflows.Federation
	asks  []workflows.Ask
	told  []workflows.Order
	err   error
	drift []workflows.FederationID
	sound bool
}

func (h *house) Submit(_ context.Context, in workflows.Ask) (workflows.Federation, error) {
	h.asks = append(h.asks, in)
	return h.f, h.err
}

func (h *house) Foresee(_ context.Context, by workflows.Actor, p workflows.Proposal) (workflows.Foresight, error) {
	return workflows.Foresight{By: workflows.Person{Actor: by}, Proposal: p, Verdict: workflows.Verdict{Because: []string{"the account's owners always decide"}}}, h.err
}

func (h *house) Order(_ context.Context, o workflows.Order) (workflows.Federation, error) {
	h.told = append(h.told, o)
	return h.f, h.err
}

func (h *house) Load(_ context.Context, id workflows.FederationID) (workflows.Federation, error) {
	if id != h.f.ID {
		return workflows.Federation{}, workflows.ErrNotFound
	}
	return h.f, h.err
}

func (h *house) List(context.Context) ([]workflows.Federation, error) {
	return []workflows.Federation{h.f}, h.err
}

func (h *house) History(context.Context, workflows.FederationID) ([]workflows.Event, error) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return []workflows.Event{{At: at, By: workflows.Person{Actor: "slack:T/U", Name: "Requester"}, Body: workflows.Revoked{Reason: "moved"}}}, h.err
}

func (h *house) Drift(_ context.Context, ids ...workflows.FederationID) (workflows.Report, error) {
	h.drift = ids
	return workflows.Report{Of: 1, Read: 1}, h.err
}

func (h *house) CheckJSON(context.Context) (bool, []byte, error) {
	return h.sound, []byte(`{"x":1}`), h.err
}

func (h *house) Backup(_ context.Context, w io.Writer) (int64, error) {
	_, _ = w.Write([]byte("half of it"))
	return 0, h.err
}

func (h *house) Export(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "lines")
	return err
}

func serve(t *testing.T) (*house, *console.Client) {
	t.Helper()
	h := &house{f: workflows.Federation{ID: "F-17", State: workflows.Active, Names: workflows.Names{Project: "Web Shop"}}, sound: true}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: console.Handler(console.Ports{Desk: h, Log: h, Store: h, Drift: h}), ConnContext: console.Peer}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return h, console.Dial(path)
}

func TestClientAndHandlerAgree(t *testing.T) {
	h, c := serve(t)
	ctx := t.Context()
	all, err := c.List(ctx)
	if err != nil || len(all) != 1 || all[0].ID != "F-17" {
		t.Errorf("List: %+v, %v", all, err)
	}
	seen, err := c.Explain(ctx, workflows.Proposal{Project: "Web Shop"})
	if err != nil || seen.Proposal.Project != "Web Shop" || !strings.HasPrefix(string(seen.By.Actor), "operator:") || seen.Verdict.Why() == "" {
		t.Errorf("Explain: %+v, %v", seen, err)
	}
	if f, err := c.Show(ctx, "F-17"); err != nil || f.State != workflows.Active {
		t.Errorf("Show: %+v, %v", f, err)
	}
	for of, want := range map[string]int{"F-17": 1, "web shop": 1, "": 1, "Data Lake": 0} {
		past, err := c.History(ctx, of)
		if err != nil || len(past) != want {
			t.Errorf("History of %q: %+v, %v", of, past, err)
		}
	}
	p := workflows.Proposal{Project: "Web Shop", Grants: []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "b"}}}}
	if _, err := c.Request(ctx, p); err != nil {
		t.Error(err)
	}
	if _, err := c.Order(ctx, "F-17", workflows.OrderRevoke, "moved"); err != nil {
		t.Error(err)
	}
	if r, err := c.Drift(ctx, nil); err != nil || r.Read != 1 || len(h.drift) != 0 {
		t.Errorf("Drift: %+v, %v", r, err)
	}
	me := workflows.Actor("operator:" + strconv.Itoa(os.Getuid()))
	if len(h.asks) != 1 || h.asks[0].By != me || h.asks[0].Delivery == "" || !cmp.Equal(h.asks[0].Proposal, p) {
		t.Errorf("asked %+v", h.asks)
	}
	if len(h.told) != 1 || h.told[0].By != me || h.told[0].Federation != "F-17" || h.told[0].Verb != workflows.OrderRevoke || h.told[0].Reason != "moved" {
		t.Errorf("told %+v", h.told)
	}
}

// Who speaks is what the kernel says, never what the message says.
func TestNobodyNamesThemselves(t *testing.T) {
	h, _ := serve(t)
	handler := console.Handler(console.Ports{Desk: h, Log: h, Store: h, Drift: h})
	for _, body := range []string{`{"reason":"x","by":"slack:T/U"}`, `{"reason":"x"} trailing`, `[]`, `{`} {
		w := newRecorder()
		r, err := http.NewRequest(http.MethodPost, "/api/v1/federations/F-17/revoke", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(w, r)
		if strings.Contains(body, "by") && (w.status != http.StatusBadRequest || len(h.told) != 0) {
			t.Errorf("%s: %d, told %+v", body, w.status, h.told)
		}
	}
	for _, o := range h.told {
		if o.By != "operator:-1" {
			t.Errorf("over something that is no socket it was %s", o.By)
		}
	}
}

func TestRefusalsAndFailures(t *testing.T) {
	h, c := serve(t)
	ctx := t.Context()
	var refusal *workflows.Refusal
	if _, err := c.Show(ctx, "F-99"); !errors.As(err, &refusal) || refusal.Code != "unknown" {
		t.Errorf("an unknown federation is %v", err)
	}
	h.err = workflows.Refuse("may_not", "Not revoked: you may not.")
	if _, err := c.Order(ctx, "F-17", workflows.OrderRevoke, "x"); !errors.As(err, &refusal) || refusal.Say != "Not revoked: you may not." {
		t.Errorf("a refusal is %v", err)
	}
	h.err = errors.New("disk /dev/sda1 on fire")
	if _, err := c.List(ctx); err == nil || strings.Contains(err.Error(), "sda1") {
		t.Errorf("a failure is %v", err)
	}
	if _, err := console.Dial(filepath.Join(t.TempDir(), "none")).List(ctx); !errors.Is(err, console.ErrDown) {
		t.Errorf("nobody there is %v", err)
	}
	var out bytes.Buffer
	h.err, h.sound = nil, false
	if ok, err := c.Get(ctx, "check", &out); ok || err != nil {
		t.Errorf("an unsound store is ok=%t, %v", ok, err)
	}
	h.err = errors.New("disk /dev/sda1 on fire")
	if _, err := c.Get(ctx, "backup", &out); err == nil { // the last thing: its handler may outlive the answer
		t.Error("half a backup was taken for a whole one")
	}
}

type recorder struct {
	header http.Header
	status int
}

func newRecorder() *recorder                    { return &recorder{header: http.Header{}} }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
