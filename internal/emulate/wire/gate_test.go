package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shop is a system behind a gate: each call has an effect, and its answer says
// which one it was.
type shop struct {
	gate Gate
	url  string

	mu      sync.Mutex
	effects []string // the bodies of the calls, in the order of their effects
}

func open(t *testing.T) *shop {
	s := &shop{}
	s.gate.Speak(Failure{"Broken", "500"}, Failure{"Busy", "429"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.gate.Serve(w, r, strings.TrimPrefix(r.URL.Path, "/"), fail, s.serve)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	s.url = server.URL
	return s
}

func fail(w http.ResponseWriter, _ *http.Request, f Fault) {
	if f.Error == "Busy" {
		w.Header().Set("Retry-After", f.Delay.String())
		http.Error(w, "busy", http.StatusTooManyRequests)
		return
	}
	http.Error(w, "broken", http.StatusInternalServerError)
}

func (s *shop) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.effects = append(s.effects, string(raw))
	n := len(s.effects)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"effect":%d}`, n)
}

func (s *shop) happened() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.effects)
}

// await waits for so many effects.
func (s *shop) await(t *testing.T, n int) {
	t.Helper()
	for range 1000 {
		if len(s.happened()) == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("effects: %v, want %d", s.happened(), n)
}

// call makes one call and says what came of it.
func (s *shop) call(ctx context.Context, name, body string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/"+name, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	res, err := http.DefaultClient.Do(r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer"
	case err != nil:
		return "cut"
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return "cut in the body"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s %s", res.StatusCode, strings.Split(res.Header.Get("Content-Type"), ";")[0], res.Header.Get("Retry-After"), raw))
}

const html = "text/html  <!DOCTYPE html>\n<html><head><title>Sign In</title></head><body><p>Please sign in to continue.</p></body></html>"

// TestFaults holds each kind at each moment to what it says: what the caller
// hears, and how often the effect happened.
func TestFaults(t *testing.T) {
	const good = `201 application/json  {"effect":1}`
	for _, c := range []struct {
		fault   Fault
		says    string
		effects int
	}{
		{Fault{When: Before, Kind: Error}, "500 text/plain  broken", 0},
		{Fault{When: After, Kind: Error}, "500 text/plain  broken", 1},
		{Fault{When: Before, Kind: Error, Error: "Busy", Delay: 2 * time.Second}, "429 text/plain 2s busy", 0},
		{Fault{When: Before, Kind: Slow, Delay: time.Millisecond}, good, 1},
		{Fault{When: After, Kind: Slow, Delay: time.Millisecond}, good, 1},
		{Fault{When: Before, Kind: Slow, Delay: 400 * time.Millisecond}, "no answer", 1}, // what was sent was sent
		{Fault{When: After, Kind: Slow, Delay: time.Minute}, "no answer", 1},
		{Fault{When: Before, Kind: Hang}, "no answer", 0},
		{Fault{When: After, Kind: Hang}, "no answer", 1},
		{Fault{When: Before, Kind: Reset}, "cut", 0},
		{Fault{When: After, Kind: Reset}, "cut", 1},
		{Fault{When: Before, Kind: Page}, "200 " + html, 0},
		{Fault{When: After, Kind: Page, Status: 203}, "203 " + html, 1},
		{Fault{When: After, Kind: Truncated}, `201 application/json  {"effe`, 1},
		{Fault{When: Before, Kind: Duplicate}, `201 application/json  {"effect":2}`, 2},
		{Fault{When: After, Kind: Duplicate}, good, 2},
		{Fault{When: After, Kind: Duplicate, Delay: 20 * time.Millisecond}, good, 2},
		{Fault{When: Before, Kind: Reorder, Delay: 10 * time.Millisecond}, good, 1}, // nobody comes
		{Fault{When: After, Kind: Reorder, Delay: 10 * time.Millisecond}, good, 1},
	} {
		t.Run(c.fault.Kind+" "+c.fault.When+" "+c.fault.Delay.String(), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			c.fault.Call, c.fault.Times = "make:*", 1
			s.gate.Set(c.fault)
			patience := 200 * time.Millisecond
			if c.says != "no answer" {
				patience = time.Minute
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if got := s.call(ctx, "make:Role", "body"); got != c.says {
				t.Errorf("the caller hears %q and should hear %q", got, c.says)
			}
			s.await(t, c.effects)
			for _, e := range s.happened() {
				if e != "body" {
					t.Errorf("an effect had the body %q", e)
				}
			}
			if got := s.gate.Struck()[c.fault.Kind+" "+c.fault.When+" make:Role"]; got != 1 || len(s.gate.Faults()) != 0 {
				t.Errorf("it struck %d times, and there is left: %v", got, s.gate.Faults())
			}
			if got := s.call(t.Context(), "make:Role", "again"); !strings.HasPrefix(got, "201") {
				t.Errorf("used up, and still: %s", got)
			}
		})
	}
}

// TestReorder sends two calls, the second when the first has arrived.
func TestReorder(t *testing.T) {
	for when, want := range map[string][]string{Before: {"second", "first"}, After: {"first", "second"}} {
		s := open(t)
		s.gate.Set(Fault{Call: "make:*", When: when, Kind: Reorder, Delay: time.Minute, Times: 1})
		first := make(chan string, 1)
		go func() { first <- s.call(t.Context(), "make:first", "first") }()
		for s.gate.Calls()["make:first"] == 0 {
			time.Sleep(time.Millisecond)
		}
		if when == After {
			s.await(t, 1)
		}
		if got := s.call(t.Context(), "read:it", "other"); !strings.HasPrefix(got, "201") {
			t.Errorf("%s: a call that is not meant: %s", when, got)
		}
		select {
		case got := <-first:
			t.Errorf("%s: the first call did not wait: %s", when, got)
		default:
		}
		if got := s.call(t.Context(), "make:second", "second"); !strings.HasPrefix(got, "201") {
			t.Errorf("%s: the second call: %s", when, got)
		}
		if got := <-first; !strings.HasPrefix(got, "201") {
			t.Errorf("%s: the first call: %s", when, got)
		}
		got := slices.DeleteFunc(s.happened(), func(e string) bool { return e == "other" })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: effects (-want +got):\n%s", when, d)
		}
	}
}

// TestOneOfMany lets exactly the second and third call of a name fail.
func TestOneOfMany(t *testing.T) {
	s := open(t)
	s.gate.Set(Fault{Call: "make:Role", When: Before, Kind: Error, Skip: 1, Times: 2})
	var got []string
	for range 4 {
		s.call(t.Context(), "make:User", "")
		got = append(got, s.call(t.Context(), "make:Role", "")[:3])
	}
	if d := cmp.Diff([]string{"201", "500", "500", "201"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int{"make:Role": 4, "make:User": 4}, s.gate.Calls()); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}

// TestDeliver holds deliveries to the same meanings.
func TestDeliver(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		says  string
		sent  int
	}{
		{Fault{Call: "*", When: Before, Kind: Error}, "answer 1", 1}, // "*" is no delivery
		{Fault{When: Before, Kind: Reset}, "lost", 0},
		{Fault{When: After, Kind: Page}, "lost", 1},
		{Fault{When: Before, Kind: Slow, Delay: time.Millisecond}, "answer 1", 1},
		{Fault{When: After, Kind: Slow, Delay: time.Minute}, "late", 1},
		{Fault{When: Before, Kind: Hang}, "late", 0},
		{Fault{When: After, Kind: Hang}, "late", 1},
		{Fault{When: Before, Kind: Duplicate}, "answer 2", 2},
		{Fault{When: After, Kind: Duplicate}, "answer 1", 2},
		{Fault{When: Before, Kind: Reorder, Delay: time.Millisecond}, "answer 1", 1},
	} {
		t.Run(c.fault.Kind+" "+c.fault.When, func(t *testing.T) {
			t.Parallel()
			var g Gate
			if c.fault.Call == "" {
				c.fault.Call = "deliver/*"
			}
			g.Set(c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if c.says != "late" {
				ctx = t.Context()
			}
			sent := 0
			got, err := Deliver(ctx, &g, "deliver/event", func(context.Context) (string, error) {
				sent++
				return fmt.Sprintf("answer %d", sent), nil
			})
			switch {
			case errors.Is(err, ErrLost):
				got = "lost"
			case errors.Is(err, context.DeadlineExceeded):
				got = "late"
			case err != nil:
				got = err.Error()
			}
			if got != c.says || sent != c.sent {
				t.Errorf("%q after %d deliveries; want %q after %d", got, sent, c.says, c.sent)
			}
		})
	}
}
