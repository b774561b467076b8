package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// serving is one call that meets faults.
type serving struct {
	gate *Gate
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	due  due
	fail func(http.ResponseWriter, *http.Request, Fault)
	next http.HandlerFunc
}

func newServing(g *Gate, w http.ResponseWriter, r *http.Request, d due, fail func(http.ResponseWriter, *http.Request, Fault), next http.HandlerFunc) (*serving, error) {
	body, err := io.ReadAll(r.Body)
	return &serving{g, w, r, body, d, fail, next}, err
}

func (s *serving) run() {
	free := func(i int) {
		if h := s.due.frees[i]; h != nil {
			close(h.free)
			s.due.frees[i] = nil
		}
	}
	defer free(1)
	defer free(0) // also when this call ends without an effect
	if f := s.due.before; f != nil && !s.before(*f) {
		return
	}
	kept := s.effect()
	free(0)
	if f := s.due.after; f != nil && !s.after(*f, kept) {
		return
	}
	s.answer(kept, kept.Body.Bytes())
	if s.due.frees[1] != nil {
		_ = http.NewResponseController(s.w).Flush() // this answer first; a caller that has gone needs none
	}
}

// effect lets the call happen and keeps its answer. What was sent was sent: a caller
// that goes away does not take it back.
func (s *serving) effect() *httptest.ResponseRecorder {
	r := s.r.WithContext(context.WithoutCancel(s.r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(s.body))
	kept := httptest.NewRecorder()
	s.next(kept, r)
	return kept
}

// before lets a fault strike before the effect and says whether there is one.
func (s *serving) before(f Fault) bool {
	switch f.Kind {
	case Slow:
		time.Sleep(f.Delay)
	case Duplicate:
		s.effect()
	case Reorder:
		s.gate.wait(s.due.waits[0], &f)
	default:
		s.end(f)
		return false
	}
	return true
}

// after lets a fault strike after the effect and says whether its answer arrives.
func (s *serving) after(f Fault, kept *httptest.ResponseRecorder) bool {
	switch f.Kind {
	case Slow:
		select {
		case <-time.After(f.Delay):
		case <-s.r.Context().Done():
			return false
		}
	case Duplicate:
		if f.Delay == 0 {
			s.effect()
		} else {
			time.AfterFunc(f.Delay, func() { s.effect() })
		}
	case Reorder:
		s.gate.wait(s.due.waits[1], &f)
	case Truncated:
		whole := kept.Body.Bytes()
		s.answer(kept, whole[:len(whole)/2])
		return false
	default:
		s.end(f)
		return false
	}
	return true
}

// end answers with something else than the answer, or not at all.
func (s *serving) end(f Fault) {
	switch f.Kind {
	case Hang:
		<-s.r.Context().Done()
	case Reset:
		panic(http.ErrAbortHandler) // cuts the connection
	case Page:
		s.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		s.w.WriteHeader(max(f.Status, http.StatusOK))
		fmt.Fprint(s.w, page)
	default:
		s.fail(s.w, s.r, f)
	}
}

const page = "<!DOCTYPE html>\n<html><head><title>Sign In</title></head><body><p>Please sign in to continue.</p></body></html>\n"

func (s *serving) answer(kept *httptest.ResponseRecorder, body []byte) {
	for k, v := range kept.Header() {
		s.w.Header()[k] = v
	}
	s.w.Header().Del("Content-Length") // of the whole body
	s.w.WriteHeader(kept.Code)
	_, _ = s.w.Write(body)
}
