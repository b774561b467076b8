package awsiam

import (
	"net/url"
	"testing"
)

// Whatever IAM encodes comes back as it was written, a plus and a percent sign
// among it; what is not encoded properly is an error and never a guess.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{"", `{"Version":"2012-10-17"}`, "a+b", "100%", "sc://contoso/Web%20Shop/x", "ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		encoded := url.PathEscape(s)
		got, err := document(&encoded)
		if err != nil || got != s {
			t.Errorf("%q came back as %q, %v", s, got, err)
		}
		if raw, err := document(&s); err != nil && raw != "" {
			t.Errorf("%q: an error and %q", s, raw)
		}
	})
}
