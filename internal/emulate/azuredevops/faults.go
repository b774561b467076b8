package azuredevops

import (
	"net/http"
	"strconv"
	"time"

	"fedbot/internal/emulate/wire"
)

// failures are the errors that any call can be told to answer.
var failures = []wire.Failure{
	{Name: "InternalError", Says: "500 TF400898"},
	{Name: "ServiceUnavailable", Says: "503 with an HTML page, as a gateway in front of the service gives"},
	{Name: "TooManyRequests", Says: "429 TF400733 with Retry-After; the fault's delay, or 1 s"},
	{Name: "Unauthorized", Says: "401: the token is not taken, or 203 with the sign-in page where the client does not suppress it"},
	{Name: "Forbidden", Says: "403 TF401019: the identity may not"},
	{Name: "NotFound", Says: "404, which is also what hides an object from those who may not see it"},
	{Name: "Conflict", Says: "409: somebody else has changed the object meanwhile"},
}

// fail answers a call with one of the failures.
func fail(w http.ResponseWriter, r *http.Request, f wire.Fault) {
	switch f.Error {
	case "ServiceUnavailable":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Azure DevOps Services Unavailable</title></head><body>The service is unavailable.</body></html>\n"))
	case "TooManyRequests":
		wait := max(f.Delay, time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		w.Header().Set("X-RateLimit-Resource", "Services/httpTrial")
		w.Header().Set("X-RateLimit-Remaining", "0")
		writeFault(w, refuse(http.StatusTooManyRequests, "RequestBlockedException", "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'."))
	case "Unauthorized":
		signInPage(w, r)
	case "Forbidden":
		writeFault(w, refuse(http.StatusForbidden, "AccessCheckException", "TF401019: The identity does not have permission for the operation that it attempts."))
	case "NotFound":
		writeFault(w, missing("VssServiceException", "The object does not exist, or you do not have permission to see it."))
	case "Conflict":
		writeFault(w, refuse(http.StatusConflict, "VssServiceException", "The object has been updated by another client."))
	default:
		writeFault(w, refuse(http.StatusInternalServerError, "VssServiceException", "TF400898: An Internal Error Occurred."))
	}
}
