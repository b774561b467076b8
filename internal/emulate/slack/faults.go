package slack

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"fedbot/internal/emulate/wire"
)

// failures are the errors that any method can be told to answer.
var failures = []wire.Failure{
	{Name: "internal_error", Says: "200 with ok false: something broke inside, possibly after the effect"},
	{Name: "fatal_error", Says: "200 with ok false: the same, and Slack does not know how far it came"},
	{Name: "ratelimited", Says: "429 with Retry-After; the fault's delay, or 1 s"},
	{Name: "service_unavailable", Says: "200 with ok false: try again later"},
	{Name: "http_503", Says: "503 with an HTML page, as a gateway in front of the service gives"},
	{Name: "invalid_auth", Says: "200 with ok false: the token is not known any more"},
	{Name: "token_revoked", Says: "200 with ok false: the app was uninstalled"},
	{Name: "missing_scope", Says: "200 with ok false: the token may not call this method"},
}

// struck answers a call with one of the failures.
func struck(w http.ResponseWriter, _ *http.Request, f wire.Fault) {
	switch f.Error {
	case "":
		failed(w, failures[0].Name)
	case "ratelimited":
		w.Header().Set("Retry-After", strconv.Itoa(int(max(f.Delay, time.Second).Seconds())))
		answer(w, http.StatusTooManyRequests, object{"ok": false, "error": "ratelimited"})
	case "http_503":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "<html><body><h1>503 Service Unavailable</h1></body></html>\n")
	default:
		failed(w, f.Error)
	}
}

// failed is Slack's way of saying that something broke inside. It comes with
// status 200, so a client that looks at the status alone takes it for a success.
func failed(w http.ResponseWriter, code string) {
	answer(w, http.StatusOK, object{"ok": false, "error": code})
}
