package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// State is what the control API shows of one system.
type State struct {
	Faults   []Fault        `json:"faults"` // switched on and not used up
	Settings []Setting      `json:"settings"`
	Errors   []Failure      `json:"errors"` // that a fault of kind "error" can name
	Calls    map[string]int `json:"calls"`  // how often each came in since the start
	Struck   map[string]int `json:"struck"` // how often each fault struck since the start, as "error before iam:CreateRole"
}

// Setting is a switch and what it is now.
type Setting struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
	Says  string `json:"says"`
}

// Change is what the control API takes: all faults from now on, if any are given,
// and new values of the settings that are named.
type Change struct {
	Faults   *[]Fault                   `json:"faults"`
	Settings map[string]json.RawMessage `json:"settings"`
}

// Parse reads a change strictly: what it does not know it refuses with a sentence.
func Parse(raw []byte) (Change, error) {
	var c Change
	if err := strict(raw, &c); err != nil {
		return Change{}, fmt.Errorf("not understood: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if c.Faults == nil && c.Settings == nil {
		return Change{}, errors.New(`not understood: there is neither "faults" nor "settings"`)
	}
	return c, nil
}

// State is what is switched on, and what has happened.
func (g *Gate) State() State {
	g.mu.Lock()
	switches := slices.Clone(g.switches)
	out := State{Faults: append([]Fault{}, g.faults...), Settings: []Setting{}, Errors: append([]Failure{}, g.failures...),
		Calls: counts(g.calls), Struck: counts(g.struck)}
	g.mu.Unlock()
	for _, s := range switches {
		out.Settings = append(out.Settings, Setting{s.Name, s.Get(), s.Says})
	}
	return out
}

func counts(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return maps.Clone(m)
}

// Apply makes a change, or none of it.
func (g *Gate) Apply(c Change) error {
	if c.Faults != nil {
		if err := g.check(*c.Faults); err != nil {
			return err
		}
	}
	if err := g.turn(c.Settings); err != nil {
		return err
	}
	if c.Faults != nil {
		return g.replace(*c.Faults)
	}
	return nil
}

// turn sets switches, in the order of their names. If one refuses, those before it
// are turned back.
func (g *Gate) turn(settings map[string]json.RawMessage) error {
	var done []Switch
	var were []any
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		g.mu.Lock()
		s, err := g.find(name)
		g.mu.Unlock()
		was := any(nil)
		if err == nil {
			was = s.Get()
			err = s.Set(settings[name])
		}
		if err != nil {
			for i := range done {
				err = errors.Join(err, set(done[i], were[i]))
			}
			return err
		}
		done, were = append(done, s), append(were, was)
	}
	return nil
}

func set(s Switch, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("setting %s: %w", s.Name, err)
	}
	return s.Set(raw)
}

// AsUsual takes all faults away and sets every switch to what it was at first.
func (g *Gate) AsUsual() error {
	g.mu.Lock()
	g.faults = nil
	switches, usual := slices.Clone(g.switches), maps.Clone(g.usual)
	g.mu.Unlock()
	var errs []error
	for _, s := range switches {
		errs = append(errs, set(s, usual[s.Name]))
	}
	return errors.Join(errs...)
}

// most is the size of a change.
const most = 1 << 20

// Control is the control API over the gates of several systems. With the path value
// "system" it is about that system, without it about all:
//
//	GET     {"aws": State, …}, or the State of one system
//	PUT     a Change of one system, or {"aws": Change, …}
//	DELETE  everything as usual
//
// PUT and DELETE answer like GET. What is refused is refused with a sentence and
// changes nothing of that system.
func Control(gates map[string]*Gate) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("system")
		about := gates
		if name != "" {
			if gates[name] == nil {
				http.Error(w, fmt.Sprintf("there is no system %q; there are: %s", name, strings.Join(slices.Sorted(maps.Keys(gates)), ", ")), http.StatusNotFound)
				return
			}
			about = map[string]*Gate{name: gates[name]}
		}
		if err := control(w, r, name, about); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		states := map[string]State{}
		for n, g := range about {
			states[n] = g.State()
		}
		w.Header().Set("Content-Type", "application/json")
		if name != "" {
			_ = json.NewEncoder(w).Encode(states[name])
			return
		}
		_ = json.NewEncoder(w).Encode(states)
	})
}

func control(w http.ResponseWriter, r *http.Request, name string, about map[string]*Gate) error {
	switch r.Method {
	case http.MethodGet:
		return nil
	case http.MethodDelete:
		var errs []error
		for _, g := range about {
			errs = append(errs, g.AsUsual())
		}
		return errors.Join(errs...)
	case http.MethodPut:
	default:
		return errors.New("GET, PUT or DELETE")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return fmt.Errorf("not understood: %w", err)
	}
	changes := map[string]json.RawMessage{name: raw}
	if name == "" {
		changes = nil
		if err := strict(raw, &changes); err != nil {
			return fmt.Errorf("not understood: %w", err)
		}
	}
	parsed := map[string]Change{}
	for n, raw := range changes { // all are read before any is made
		g := about[n]
		if g == nil {
			return fmt.Errorf("there is no system %q", n)
		}
		if parsed[n], err = Parse(raw); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		if f := parsed[n].Faults; f != nil {
			if err := g.check(*f); err != nil {
				return fmt.Errorf("%s: %w", n, err)
			}
		}
	}
	for n, c := range parsed {
		if err := about[n].Apply(c); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	return nil
}
