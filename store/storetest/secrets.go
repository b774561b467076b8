package storetest

import (
	"fmt"
	"regexp"
	"time"

	bolt "go.etcd.io/bbolt"
)

// secrets are the shapes of what must never be stored.
var secrets = []struct {
	name  string
	shape *regexp.Regexp
}{
	{"an AWS access key id", regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)},
	{"an AWS secret key", regexp.MustCompile(`(?i)aws.{0,12}secret.{0,24}[^A-Za-z0-9/+][A-Za-z0-9/+]{40}\b`)},
	{"a signed token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`)},
	{"a Slack token", regexp.MustCompile(`\b(xox[a-z](\.xox[a-z])?|xapp)-[A-Za-z0-9-]{8,}`)},
	{"a Slack webhook", regexp.MustCompile(`hooks\.slack\.com/services/[A-Z0-9]+/[A-Z0-9]+/`)},
	{"an Azure DevOps token", regexp.MustCompile(`\b[a-z2-7]{52}\b`)},
	{"an Azure DevOps token", regexp.MustCompile(`\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b`)},
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)},
	{"a bearer header", regexp.MustCompile(`(?i)\bauthorization"?\s*[:=]\s*"?(bearer|basic)\s+\S{8,}`)},
}

// ScanSecrets looks at every key and every value of a bbolt file that nobody holds
// open, and returns where something has the shape of a secret, never the thing
// itself.
func ScanSecrets(path string) (found []string, err error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("scan for secrets: %w", err)
	}
	defer func() {
		if closed := db.Close(); err == nil && closed != nil {
			err = fmt.Errorf("scan for secrets: %w", closed)
		}
	}()
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			n := 0
			return b.ForEach(func(k, v []byte) error {
				n++
				for _, s := range secrets {
					if s.shape.Match(v) || s.shape.Match(k) {
						found = append(found, fmt.Sprintf("%s, record %d: %s", name, n, s.name))
					}
				}
				return nil
			})
		})
	})
	if err != nil {
		return nil, fmt.Errorf("scan for secrets: %w", err)
	}
	return found, nil
}
