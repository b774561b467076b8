package sandbox

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	emslack "fedbot/internal/emulate/slack"
	"fedbot/internal/emulate/wire"
	"fedbot/workflows"
)

//go:embed static
var static embed.FS

// page serves the page and the small API behind it. It checks Host and Origin: a
// site in another tab of the same browser must not be able to press anything.
func (s *Sandbox) page() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("static files: " + err.Error()) // embedded: there or not there at build time
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /gallery", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "gallery.html") })
	mux.HandleFunc("GET /api/gallery", getGallery)
	mux.HandleFunc("GET /api/state", s.getState)
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("POST /api/slack/{what}", s.postSlack)
	mux.HandleFunc("POST /api/use", act(func(ctx context.Context, in struct{ Federation workflows.FederationID }) (any, error) {
		return s.Use(ctx, in.Federation)
	}))
	mux.HandleFunc("POST /api/attack", act(func(ctx context.Context, in struct{ Federation workflows.FederationID }) (any, error) {
		return s.Attack(ctx, in.Federation)
	}))
	mux.HandleFunc("POST /api/clock", act(func(_ context.Context, in struct{ Hours int }) (any, error) {
		if in.Hours < 1 || in.Hours > 24*366 {
			return nil, errors.New("the clock moves forward, by an hour to a year")
		}
		return nil, s.Advance(time.Duration(in.Hours) * time.Hour)
	}))
	mux.HandleFunc("POST /api/fedbot", act(func(_ context.Context, in struct{ Run bool }) (any, error) {
		if in.Run {
			return nil, s.StartFedbot()
		}
		return nil, s.StopFedbot()
	}))
	mux.HandleFunc("POST /api/trouble", act(s.trouble))
	mux.HandleFunc("POST /api/over", act(func(context.Context, struct{}) (any, error) { return nil, s.StartOver() }))
	faults := wire.Control(s.gates) // finer than trouble: per call and per moment, and the settings of each system
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		mux.Handle(method+" /api/faults", faults)
		mux.Handle(method+" /api/faults/{system}", faults)
	}
	return s.guard(mux)
}

func (s *Sandbox) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.ours(r.Host) {
			http.Error(w, "This page answers under its own address only.", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || !s.ours(u.Host) {
				http.Error(w, "Another site may not press anything here.", http.StatusForbidden)
				return
			}
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

func (s *Sandbox) ours(host string) bool {
	name, port, err := net.SplitHostPort(host)
	return err == nil && (name == "127.0.0.1" || name == "localhost") && port == strconv.Itoa(s.ports.Page)
}

// act makes a handler of a function from JSON to JSON. Errors are sentences.
func act[In any](do func(context.Context, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "JSON is expected.", http.StatusUnsupportedMediaType) // a form of another site cannot send it
			return
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": "Not understood."})
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			writeJSON(w, http.StatusConflict, map[string]string{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// postSlack does what a person does in Slack: the emulator sends it to fedbot as
// Slack would, signed, and the answer comes back.
func (s *Sandbox) postSlack(w http.ResponseWriter, r *http.Request) {
	type input struct {
		As, Channel, Text, TS, Block, Action, View, Typed string
		Value                                             any
		State                                             map[string]map[string]emslack.Value
	}
	act(func(ctx context.Context, in input) (any, error) {
		switch r.PathValue("what") {
		case "home":
			return nil, s.slack.OpenHome(ctx, in.As)
		case "command":
			return s.slack.Command(ctx, in.As, in.Channel, in.Text)
		case "press":
			value, _ := in.Value.(string)
			return nil, s.slack.Press(ctx, in.As, in.Channel, in.TS, in.Block, in.Action, value)
		case "press-in-view":
			return nil, s.slack.PressInView(ctx, in.As, in.View, in.Block, in.Action, in.Value)
		case "submit":
			return s.slack.Submit(ctx, in.As, in.View, in.State)
		case "close":
			return nil, s.slack.CloseView(ctx, in.As, in.View)
		case "options":
			return s.slack.Options(ctx, in.As, in.View, in.Block, in.Action, in.Typed)
		}
		return nil, fmt.Errorf("nobody can %s in Slack", r.PathValue("what"))
	})(w, r)
}

// events tells the page that something changed, as server-sent events.
func (s *Sandbox) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		if now := s.revision(); now != last {
			last = now
			if _, err := fmt.Fprintf(w, "data: %s\n\n", now); err != nil || flush.Flush() != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Sandbox) revision() string {
	return fmt.Sprintf("%d.%d.%d.%d", s.slack.Revision(), s.azure.Revision(), s.aws.Revision(), s.head())
}

// head is how many events fedbot has stored; 0 while it is stopped.
func (s *Sandbox) head() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return 0
	}
	n, err := s.running.app.Store().Head(s.root)
	if err != nil {
		return 0
	}
	return n
}
