//go:build !unix

package judge

import "testing"

// Moto runs on Unix only: its server may be a script that starts another program,
// and both have to end with the test.
func Moto(t *testing.T, _ ...string) string {
	t.Helper()
	t.Skip("moto_server is run on Unix only")
	return ""
}
