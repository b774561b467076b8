// Package console is the desktop's way in: the JSON API under /api/v1/ and its Go
// client, in one package so that they cannot disagree. For now it is served on
// the 0600 socket beside the store: whoever can open that is the operator of the
// host, may look at everything, ask, and close (quarantine, revoke), and can never
// open or approve anything.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"fedbot/workflows"
)

type desk interface {
	Submit(ctx context.Context, in workflows.Ask) (workflows.Federation, error)
	Foresee(ctx context.Context, by workflows.Actor, p workflows.Proposal) (workflows.Foresight, error)
	Order(ctx context.Context, o workflows.Order) (workflows.Federation, error)
}

type histories interface {
	Load(ctx context.Context, id workflows.FederationID) (workflows.Federation, error)
	List(ctx context.Context) ([]workflows.Federation, error)
	History(ctx context.Context, id workflows.FederationID) ([]workflows.Event, error)
}

type keeper interface {
	CheckJSON(ctx context.Context) (ok bool, report []byte, err error)
	Backup(ctx context.Context, w io.Writer) (int64, error)
	Export(ctx context.Context, w io.Writer) error
}

type sweeper interface {
	Drift(ctx context.Context, ids ...workflows.FederationID) (workflows.Report, error)
}

// Ports are what the API needs.
type Ports struct {
	Desk  desk
	Log   histories
	Store keeper
	Drift sweeper

	Offers func(workflows.Federation) []workflows.Offer // newer versions of its templates; nil: none
}

// Problem is how the API says no.
type Problem struct {
	Say  string `json:"say"`
	Code string `json:"code,omitempty"`
	Next string `json:"next,omitempty"`
}

// Past is one event of one federation, as history lists it.
type Past struct {
	Federation workflows.FederationID `json:"federation"`
	Version    int                    `json:"version"`
	Event      workflows.Event        `json:"event"`
}

// Handler serves the API to the operator of the host.
func Handler(p Ports) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/federations", p.list)
	mux.HandleFunc("GET /api/v1/federations/{id}", p.show)
	mux.HandleFunc("GET /api/v1/offers", p.offers)
	mux.HandleFunc("GET /api/v1/history", p.history)
	mux.HandleFunc("POST /api/v1/requests", p.request)
	mux.HandleFunc("POST /api/v1/explain", p.explain)
	mux.HandleFunc("POST /api/v1/federations/{id}/{verb}", p.order)
	mux.HandleFunc("POST /api/v1/drift", p.drift)
	mux.HandleFunc("GET /api/v1/db/check", p.check)
	mux.HandleFunc("GET /api/v1/db/backup", func(w http.ResponseWriter, r *http.Request) {
		stream(w, func() error { _, err := p.Store.Backup(r.Context(), w); return err })
	})
	mux.HandleFunc("GET /api/v1/db/export", func(w http.ResponseWriter, r *http.Request) {
		stream(w, func() error { return p.Store.Export(r.Context(), w) })
	})
	return mux
}

func (p Ports) list(w http.ResponseWriter, r *http.Request) {
	all, err := p.Log.List(r.Context())
	answer(w, all, err)
}

func (p Ports) show(w http.ResponseWriter, r *http.Request) {
	f, err := p.Log.Load(r.Context(), workflows.FederationID(r.PathValue("id")))
	answer(w, f, err)
}

// offers lists the newer versions of templates that federations use in older ones.
func (p Ports) offers(w http.ResponseWriter, r *http.Request) {
	all, err := p.Log.List(r.Context())
	out := []workflows.Offer{}
	for _, f := range all {
		if p.Offers != nil {
			out = append(out, p.Offers(f)...)
		}
	}
	answer(w, out, err)
}

// history lists the events of one federation, or of all of a project's.
func (p Ports) history(w http.ResponseWriter, r *http.Request) {
	want := r.URL.Query().Get("of")
	all, err := p.Log.List(r.Context())
	if err != nil {
		answer(w, nil, err)
		return
	}
	out := []Past{}
	for _, f := range all {
		if string(f.ID) != want && !strings.EqualFold(f.Names.Project, want) && want != "" {
			continue
		}
		events, err := p.Log.History(r.Context(), f.ID)
		if err != nil {
			answer(w, nil, err)
			return
		}
		for i, e := range events {
			out = append(out, Past{f.ID, i + 1, e})
		}
	}
	answer(w, out, nil)
}

func (p Ports) request(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Delivery string             `json:"delivery"`
		Proposal workflows.Proposal `json:"proposal"`
	}
	if !read(w, r, &in) {
		return
	}
	f, err := p.Desk.Submit(r.Context(), workflows.Ask{Delivery: in.Delivery, By: Operator(r.Context()), Proposal: in.Proposal})
	answer(w, f, err)
}

// explain says who would approve a proposal, and why. It changes nothing.
func (p Ports) explain(w http.ResponseWriter, r *http.Request) {
	var in workflows.Proposal
	if !read(w, r, &in) {
		return
	}
	seen, err := p.Desk.Foresee(r.Context(), Operator(r.Context()), in)
	answer(w, seen, err)
}

func (p Ports) order(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Delivery string `json:"delivery"`
		Reason   string `json:"reason"`
	}
	if !read(w, r, &in) {
		return
	}
	f, err := p.Desk.Order(r.Context(), workflows.Order{Delivery: in.Delivery, By: Operator(r.Context()),
		Federation: workflows.FederationID(r.PathValue("id")), Verb: workflows.OrderVerb(r.PathValue("verb")), Reason: in.Reason})
	answer(w, f, err)
}

func (p Ports) drift(w http.ResponseWriter, r *http.Request) {
	var ids []workflows.FederationID
	if !read(w, r, &ids) {
		return
	}
	report, err := p.Drift.Drift(r.Context(), ids...)
	answer(w, report, err)
}

func (p Ports) check(w http.ResponseWriter, r *http.Request) {
	ok, report, err := p.Store.CheckJSON(r.Context())
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusConflict)
	}
	_, _ = w.Write(report)
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		write(w, http.StatusBadRequest, Problem{Say: "Not understood: the request's JSON is not what this address takes."})
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any, err error) {
	var refusal *workflows.Refusal
	switch {
	case errors.As(err, &refusal):
		write(w, http.StatusConflict, Problem{Say: refusal.Say, Code: refusal.Code, Next: refusal.Next})
	case errors.Is(err, workflows.ErrNotFound):
		write(w, http.StatusNotFound, Problem{Say: "There is no such federation.", Code: "unknown"})
	case err != nil:
		write(w, http.StatusInternalServerError, Problem{Say: workflows.Said(err)})
	default:
		write(w, http.StatusOK, v)
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// stream sends a file of unknown length. A failure cuts the connection, so that
// the reader cannot take half of it for the whole.
func stream(w http.ResponseWriter, send func() error) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := send(); err != nil {
		panic(http.ErrAbortHandler)
	}
}
