package aws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fedbot/internal/emulate/wire"
)

// refusal is an answer that says no, in the words of the service.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// call is one request on its way through the emulator.
type call struct {
	s         *Server
	r         *http.Request
	body      []byte
	form      url.Values // of the query services
	service   string
	operation string // as IAM policies name the action, without the service
	region    string // of the signature
	id        string // request id
	now       time.Time
	wall      time.Time // by the clients' clock
	caller    caller
}

// service is one of the services: how it names its operations, does them and says no.
type service struct {
	// names are all its operations.
	names []string
	// operation names what is asked for, or is empty.
	operation func(*call) string
	// serve does it and writes the answer.
	serve func(*call, http.ResponseWriter) error
	// fail writes a refusal.
	fail func(http.ResponseWriter, *call, *refusal)
	// errors are the service's own codes for a caller that cannot be believed.
	errors map[doubt]refusal
}

const maxBody = 32 << 20

// ServeHTTP answers one call to any of the services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	c := &call{s: s, r: r, body: body, id: newUUID(), now: s.now().UTC(), wall: s.wall().UTC()}
	w.Header().Set("Date", c.wall.Format(http.TimeFormat)) // clients correct their clocks by it
	c.service, c.region = serviceOf(r, body)
	svc, known := s.services[c.service]
	if !known {
		http.Error(w, fmt.Sprintf("the service %q is not emulated", c.service), http.StatusNotImplemented)
		return
	}
	c.operation = svc.operation(c)
	name := c.operation
	if name == "" {
		name = "Unknown"
	}
	broken := func(w http.ResponseWriter, _ *http.Request, f wire.Fault) { c.fail(w, svc, f) }
	s.gate.Serve(w, r, c.service+":"+name, broken, func(w http.ResponseWriter, _ *http.Request) {
		if err := svc.serve(c, w); err != nil {
			svc.fail(w, c, asRefusal(c, err))
		}
	})
}

func asRefusal(c *call, err error) *refusal {
	if no := (*refusal)(nil); errors.As(err, &no) {
		return no
	}
	return serviceFailure(c.service)
}

// serviceFailure is how each service says that it broke.
func serviceFailure(service string) *refusal {
	switch service {
	case "iam":
		return refuse(500, "ServiceFailure", "The request processing has failed because of an unknown error, exception or failure.")
	case "lambda":
		return refuse(500, "ServiceException", "An internal error occurred.")
	case "dynamodb":
		return refuse(500, "InternalServerError", "The request processing has failed because of an unknown error.")
	case "s3":
		return refuse(500, "InternalError", "We encountered an internal error. Please try again.")
	}
	return refuse(500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

// serviceOf finds the service and region that a request means: signed requests
// say so, the others show it by their form.
func serviceOf(r *http.Request, body []byte) (service, region string) {
	if sig, err := parseAuthorization(r.Header.Get("Authorization")); err == nil {
		return sig.service, sig.region
	}
	region = hostRegion(r.Host)
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, "DynamoDB_"):
		return "dynamodb", region
	case strings.HasPrefix(target, "AWSOrganizations"):
		return "organizations", region
	case strings.HasPrefix(target, "AmazonSSM"):
		return "ssm", region
	case strings.HasPrefix(target, "secretsmanager"):
		return "secretsmanager", region
	case target != "":
		return "cloudtrail", region
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/"):
		return "lambda", region
	case bytes.Contains(body, []byte("Version=2011-06-15")) || r.URL.Query().Get("Version") == "2011-06-15":
		return "sts", region
	case bytes.Contains(body, []byte("Version=2010-05-08")) || r.URL.Query().Get("Version") == "2010-05-08":
		return "iam", region
	}
	return "s3", region
}

// hostRegion is the region in a host name such as sts.eu-west-1.amazonaws.com;
// a host without one is the global endpoint, which lives in us-east-1.
func hostRegion(host string) string {
	parts := strings.Split(host, ".")
	if len(parts) >= 4 && parts[2] == "amazonaws" {
		return parts[1]
	}
	return "us-east-1"
}
