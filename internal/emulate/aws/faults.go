package aws

import (
	"fmt"
	"net/http"
	"strconv"

	"fedbot/internal/emulate/wire"
)

// failures are the errors that any call can be told to answer, by the names that
// IAM and STS give them. Services that spell one differently answer in their own
// spelling.
var failures = []wire.Failure{
	{Name: "InternalFailure", Says: "500: the service broke; IAM calls it ServiceFailure"},
	{Name: "ServiceUnavailable", Says: "503: try again later"},
	{Name: "Throttling", Says: "400 Rate exceeded; 503 SlowDown from S3, 429 from Lambda"},
	{Name: "AccessDenied", Says: "403: the caller may not, by no policy that anybody can read"},
	{Name: "ExpiredToken", Says: "403: the caller's credentials have ended"},
	{Name: "InvalidClientTokenId", Says: "403: the caller's key is not known"},
	{Name: "ConcurrentModification", Says: "409: somebody else changes the object right now"},
	{Name: "LimitExceeded", Says: "409: the account has no room for one more"},
}

// fail answers a call with one of the failures.
func (c *call) fail(w http.ResponseWriter, svc service, f wire.Fault) {
	if f.Delay > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.Delay.Seconds()))))
	}
	svc.fail(w, c, failure(c, svc, f.Error))
}

func failure(c *call, svc service, name string) *refusal {
	switch name {
	case "ServiceUnavailable":
		return unavailable(c.service)
	case "Throttling":
		return throttled(c.service)
	case "AccessDenied":
		text := fmt.Sprintf("User: unknown is not authorized to perform: %s:%s", c.service, c.operation)
		if jsonServices[c.service] {
			return refuse(400, "AccessDeniedException", "%s", text)
		}
		return refuse(403, suffixed(c.service, "AccessDenied"), "%s", text)
	case "ExpiredToken":
		return svc.doubt(tokenExpired)
	case "InvalidClientTokenId":
		return svc.doubt(keyUnknown)
	case "ConcurrentModification":
		return refuse(409, suffixed(c.service, "ConcurrentModification"), "The request was rejected because multiple requests to change this object were submitted simultaneously.")
	case "LimitExceeded":
		return refuse(409, suffixed(c.service, "LimitExceeded"), "Cannot exceed quota.")
	}
	return serviceFailure(c.service)
}

// suffixed spells a code as the service does: those that speak JSON end it in
// Exception.
func suffixed(service, code string) string {
	if jsonServices[service] || service == "lambda" {
		return code + "Exception"
	}
	return code
}

// jsonServices are those of AWS's JSON protocol, where every refusal is a 400.
var jsonServices = map[string]bool{"dynamodb": true, "cloudtrail": true, "organizations": true, "ssm": true, "secretsmanager": true}

func (svc service) doubt(d doubt) *refusal {
	no := svc.errors[d]
	return &no
}
