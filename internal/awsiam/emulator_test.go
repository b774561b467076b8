package awsiam_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"fedbot/internal/emulate/aws"
	"fedbot/internal/emulate/wire"
)

// emulated is a world of fedbot's own emulator.
func emulated(t *testing.T) *world { return emulatedAt(t, nil) }

// emulatedAt is one with a clock of its own.
func emulatedAt(t *testing.T, now func() time.Time) *world {
	t.Helper()
	journal, err := wire.OpenJournal("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		gate:   &wire.Gate{},
		fedbot: sdk.Credentials{AccessKeyID: "AKIAEXAMPLEADMIN", SecretAccessKey: "example-admin"},
		nobody: sdk.Credentials{AccessKeyID: "AKIAEXAMPLENOBODY", SecretAccessKey: "example-nobody"},
	}
	s, err := aws.New(aws.Options{Journal: journal, Gate: w.gate, Now: now, Seed: aws.Seed{
		Accounts: []aws.Account{{ID: account, Alias: "shop-dev", AccessKeyID: w.fedbot.AccessKeyID, SecretAccessKey: w.fedbot.SecretAccessKey}},
		Users: []aws.User{{Account: account, Name: "by-hand", Admin: true, AccessKeyID: byHand.AccessKeyID, SecretAccessKey: byHand.SecretAccessKey},
			{Account: account, Name: "nobody", AccessKeyID: w.nobody.AccessKeyID, SecretAccessKey: w.nobody.SecretAccessKey}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if now != nil { // AWS dates its answers by its own clock, and clients go by it
			rw.Header().Set("Date", now().Format(http.TimeFormat))
		}
		s.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	w.endpoint, w.setLag = server.URL, s.SetLag
	return w
}

func TestConformanceOnTheEmulator(t *testing.T) {
	t.Parallel()
	conform(t, emulated)
}
