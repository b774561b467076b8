package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// FederationID is "F-17".
type FederationID string

// RequestID is "F-17.1": the first request about federation F-17.
type RequestID string

// StepID names a step within a plan, for ever: "role", "policy:s3-static-site".
type StepID string

// Actor is who did something: "slack:T0001/U0001", "operator:1000" for somebody
// on the host, or Fedbot itself.
type Actor string

// Fedbot is the actor of everything that no person did.
const Fedbot Actor = "fedbot"

// Person is an actor with the name that others know. Names are for reading and
// are never compared.
type Person struct {
	Actor Actor  `json:"actor"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"` // confirmed by the directory, or empty
}

// Request returns the id of the n-th request about this federation, from 1.
func (id FederationID) Request(n int) RequestID {
	return RequestID(string(id) + "." + strconv.Itoa(n))
}

// Number is 17 for "F-17" and 0 for what is no federation's id.
func (id FederationID) Number() int {
	n, err := strconv.Atoi(strings.TrimPrefix(string(id), "F-"))
	if err != nil || !strings.HasPrefix(string(id), "F-") || n < 1 {
		return 0
	}
	return n
}

// Federation returns the federation that a request is about.
func (id RequestID) Federation() FederationID {
	f, _, _ := strings.Cut(string(id), ".")
	return FederationID(f)
}

// Digest is the lower-case hex SHA-256 of what was shown, approved or stored.
type Digest string

// Short is how a digest is shown to people: "4f9c 21ab".
func (d Digest) Short() string {
	if len(d) < 8 {
		return string(d)
	}
	return string(d[:4]) + " " + string(d[4:8])
}

// Sum returns the digest of data.
func Sum(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest(hex.EncodeToString(sum[:]))
}

// Mark is the public half of a federation's random key: it goes into the role's
// tag, the role's name and the connection's description, and tells an object
// that we made from one that only bears our name. 16 hex digits.
func Mark(key string) string {
	return string(Sum([]byte("fedbot mark " + key)))[:16]
}
