package policies_test

import (
	"strings"
	"testing"

	"fedbot/policies"
)

// A subject that was widened by another operator is one wider difference, which
// names both the approved subject and the pattern that was found.
func TestOperatorChangeIsOneWiderDifference(t *testing.T) {
	approved := policies.Trust(policies.TrustWant{Account: "111122223333", Issuer: "https://vstoken.dev.azure.com/6804a3a0-e94c-41ae-9343-c5676fd58375",
		Audience: "api://AzureADTokenExchange", Subject: "sc://contoso/Web Shop/aws-shop-dev"})
	found := strings.ReplaceAll(strings.Replace(approved, "sc://contoso/Web Shop/aws-shop-dev", "sc://contoso/*", 1), "StringEquals", "StringLike")
	list := policies.Diff("trust policy", approved, found)
	if len(list) != 2 {
		t.Fatalf("%d differences, want one for aud and one for sub: %+v", len(list), list)
	}
	for _, d := range list {
		if !d.Wider {
			t.Errorf("not wider: %+v", d)
		}
	}
	if d := list[1]; d.Approved != "StringEquals sc://contoso/Web Shop/aws-shop-dev" || d.Found != "StringLike sc://contoso/*" {
		t.Errorf("the subject is told as %+v", d)
	}
	if back := policies.Diff("trust policy", found, approved); len(back) != 2 || !back[0].Wider {
		t.Errorf("another operator is never taken for narrower: %+v", back)
	}
	moved := policies.Diff("trust policy", approved, strings.Replace(approved, "aws-shop-dev", "aws-shop-prod", 1))
	if len(moved) != 1 || moved[0].Field != list[1].Field {
		t.Errorf("the field of a key depends on its operator, and so would a finding's id: %+v", moved)
	}
}
