package wire

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"time"
)

// Fault is one way in which calls go wrong until it is used up.
type Fault struct {
	Call  string        `json:"call"`            // a pattern of path.Match over call names: "iam:CreateRole", "iam:*", "*"
	When  string        `json:"when"`            // "before" the effect or "after" it
	Kind  string        `json:"kind"`            // "error", "slow", "hang" or "reset"
	Delay time.Duration `json:"delay,omitempty"` // of "slow"; "hang" waits until the caller gives up
	Times int           `json:"times,omitempty"` // how often; 0 is until it is taken away
}

// Gate stands in front of an emulator's calls: it counts them and makes them
// fail as it was told. The zero value lets everything pass.
type Gate struct {
	mu     sync.Mutex
	faults []Fault
	calls  map[string]int
}

// Set replaces all faults.
func (g *Gate) Set(faults ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = slices.Clone(faults)
}

// Faults returns what is switched on.
func (g *Gate) Faults() []Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.faults)
}

// Calls returns how often each call came in.
func (g *Gate) Calls() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make(map[string]int, len(g.calls))
	for k, v := range g.calls {
		out[k] = v
	}
	return out
}

func (g *Gate) take(call, when string) (Fault, bool) {
	for i, f := range g.faults {
		if f.When != when {
			continue
		}
		if ok, _ := path.Match(f.Call, call); !ok {
			continue
		}
		if f.Times > 0 {
			if g.faults[i].Times--; g.faults[i].Times == 0 {
				g.faults = slices.Delete(g.faults, i, i+1)
			}
		}
		return f, true
	}
	return Fault{}, false
}

// Serve runs next for the named call, with the faults that are due. fail writes
// the foreign system's own way of saying "internal error".
func (g *Gate) Serve(w http.ResponseWriter, r *http.Request, call string, fail http.HandlerFunc, next http.HandlerFunc) {
	g.mu.Lock()
	if g.calls == nil {
		g.calls = map[string]int{}
	}
	g.calls[call]++
	before, hasBefore := g.take(call, "before")
	after, hasAfter := g.take(call, "after")
	g.mu.Unlock()

	if hasBefore && !strike(w, r, before, fail) {
		return
	}
	if !hasAfter {
		next(w, r)
		return
	}
	kept := httptest.NewRecorder() // the effect happens, its answer may not arrive
	next(kept, r)
	if !strike(w, r, after, fail) {
		return
	}
	for k, v := range kept.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes())
}

// strike lets a fault happen and says whether the call goes on after it.
func strike(w http.ResponseWriter, r *http.Request, f Fault, fail http.HandlerFunc) bool {
	switch f.Kind {
	case "slow":
		select {
		case <-time.After(f.Delay):
			return true
		case <-r.Context().Done():
			return false
		}
	case "hang":
		<-r.Context().Done()
		return false
	case "reset":
		panic(http.ErrAbortHandler) // the connection is cut without an answer
	default:
		fail(w, r)
		return false
	}
}

// Control is the small API through which tests and the sandbox page switch faults
// on and off: GET lists {"faults":[…],"calls":{…}}, PUT {"faults":[…]} replaces
// them, DELETE takes them all away.
func (g *Gate) Control() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			var body struct {
				Faults []Fault `json:"faults"`
			}
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
				http.Error(w, "faults not understood: "+err.Error(), http.StatusBadRequest)
				return
			}
			g.Set(body.Faults...)
		case http.MethodDelete:
			g.Set()
		case http.MethodGet:
		default:
			http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"faults": g.Faults(), "calls": g.Calls()})
	})
}
