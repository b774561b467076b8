package policies

import (
	"strings"
	"testing"

	"fedbot/workflows"
)

// TestRefuseValue: a form says of a value what the plan would say of it.
func TestRefuseValue(t *testing.T) {
	catalogue, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	site, ok := catalogue.Get("s3-static-site")
	if !ok {
		t.Fatal("no s3-static-site")
	}
	dev := workflows.Account{ID: "111122223333", Name: "shop-dev", Region: "eu-west-1", Values: map[string][]string{"bucket": {"shop-*"}}}
	for value, want := range map[string]string{
		"shop-site-dev": "", "payroll": "not on the list", "s3://shop-site-dev/web": "Did you mean", "": "is needed", "shop-*": "not a",
	} {
		if got := site.RefuseValue("bucket", value, dev, "Web Shop"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if site.RefuseValue("nonsense", "x", dev, "Web Shop") == "" {
		t.Error("a parameter that is not there took a value")
	}
	if list, ok := site.Listed("bucket", dev); !ok || len(list) != 1 {
		t.Errorf("%v %v", list, ok)
	}
	if RefuseBranch("release/*") != "" || RefuseBranch("a..b") == "" {
		t.Error("branches")
	}
}
