package awsiam_test

import (
	"net/http/httptest"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"fedbot/internal/emulate/aws"
	"fedbot/internal/emulate/wire"
)

// emulated is a world of fedbot's own emulator.
func emulated(t *testing.T) *world {
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
	s, err := aws.New(aws.Options{Journal: journal, Gate: w.gate, Seed: aws.Seed{
		Accounts: []aws.Account{{ID: account, Alias: "shop-dev", AccessKeyID: w.fedbot.AccessKeyID, SecretAccessKey: w.fedbot.SecretAccessKey}},
		Users:    []aws.User{{Account: account, Name: "nobody", AccessKeyID: w.nobody.AccessKeyID, SecretAccessKey: w.nobody.SecretAccessKey}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	w.endpoint, w.setLag = server.URL, s.SetLag
	return w
}

func TestConformanceOnTheEmulator(t *testing.T) {
	t.Parallel()
	conform(t, emulated)
}
