package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealthcheckExitsAsTheAnswerSays(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
	if code := run([]string{"healthcheck", "--url", s.URL}); code != 0 {
		t.Errorf("well: exit %d", code)
	}
	for _, status = range []int{http.StatusServiceUnavailable, http.StatusFound} { // a redirect is not followed: it is somebody else
		if code := run([]string{"healthcheck", "--url", s.URL}); code != 1 {
			t.Errorf("%d: exit %d", status, code)
		}
	}
	s.Close()
	if code := run([]string{"healthcheck", "--url", s.URL}); code != 1 {
		t.Errorf("nobody there: exit %d", code)
	}
	if code := run([]string{"healthcheck", "--url", "http://bad host/"}); code != 2 {
		t.Errorf("no address: exit %d", code)
	}
}
