package awsiam_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fedbot/policies"
)

// withoutRight names an action that fedbot's roles lack in a run of this program,
// after the role: "writer iam:TagRole".
const withoutRight = "FEDBOT_TEST_WITHOUT"

// lent is the emulator, with fedbot as the two roles of fedbot bootstrap aws and
// nothing else.
func lent(t *testing.T) *world {
	t.Helper()
	w := emulated(t)
	w.lent = true
	return w
}

// TestConformanceUnderItsRights: what fedbot bootstrap aws prints is enough.
func TestConformanceUnderItsRights(t *testing.T) {
	t.Parallel()
	conform(t, lent)
}

// missed says which case fails without an action. An action that no case misses is
// one that fedbot should not have; a new one comes with its case.
var missed = map[string]string{
	"writer iam:GetRole":                     "create, look, create again, remove, remove again",
	"writer iam:CreateRole":                  "create, look, create again, remove, remove again",
	"writer iam:TagRole":                     "create, look, create again, remove, remove again",
	"writer iam:DeleteRole":                  "create, look, create again, remove, remove again",
	"writer iam:ListRolePolicies":            "create, look, create again, remove, remove again",
	"writer iam:ListAttachedRolePolicies":    "create, look, create again, remove, remove again",
	"writer iam:GetRolePolicy":               "create, look, create again, remove, remove again",
	"writer iam:PutRolePolicy":               "create, look, create again, remove, remove again",
	"writer iam:DeleteRolePolicy":            "create, look, create again, remove, remove again",
	"writer iam:GetOpenIDConnectProvider":    "create, look, create again, remove, remove again",
	"writer iam:CreateOpenIDConnectProvider": "create, look, create again, remove, remove again",
	"writer iam:TagOpenIDConnectProvider":    "create, look, create again, remove, remove again",
	"writer iam:UpdateRole":                  "drift is seen and put right",
	"writer iam:UpdateAssumeRolePolicy":      "drift is seen and put right",
	"writer iam:PutRolePermissionsBoundary":  "hold, lift and sessions",
	"writer iam:DetachRolePolicy":            "a role is removed with all that hangs on it",
	"reader iam:GetRole":                     "create, look, create again, remove, remove again",
	"reader iam:ListRolePolicies":            "create, look, create again, remove, remove again",
	"reader iam:GetRolePolicy":               "create, look, create again, remove, remove again",
	"reader iam:ListAttachedRolePolicies":    "create, look, create again, remove, remove again",
	"reader iam:GetOpenIDConnectProvider":    "create, look, create again, remove, remove again",
	"reader iam:GetPolicy":                   "facts",
	"reader iam:GetPolicyVersion":            "facts",
	"reader iam:GetAccountSummary":           "facts",
	"reader iam:ListAccountAliases":          "facts",
	"reader cloudtrail:LookupEvents":         "who wrote it",
}

// TestNoRightTooMany takes each action away in turn and runs the case that misses
// it, in a process of its own: it has to fail, and for the lack of that action.
func TestNoRightTooMany(t *testing.T) {
	t.Parallel()
	if os.Getenv(withoutRight) != "" {
		t.Skip("this run is one of its own")
	}
	have := map[string]bool{}
	for role, may := range map[string]string{"writer": rights(t).Writer, "reader": rights(t).Reader} {
		for _, action := range allowed(t, may) {
			have[role+" "+action] = true
		}
	}
	if unknown := slices.DeleteFunc(slices.Sorted(maps.Keys(have)), func(r string) bool { return missed[r] != "" }); len(unknown) > 0 {
		t.Errorf("no case is known that misses %q", unknown)
	}
	for _, right := range slices.Sorted(maps.Keys(missed)) {
		t.Run(right, func(t *testing.T) {
			if !have[right] {
				t.Fatal("it does not have this right any more")
			}
			run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestConformanceUnderItsRights$/^"+regexp.QuoteMeta(strings.ReplaceAll(missed[right], " ", "_"))+"$")
			run.Env = append(os.Environ(), withoutRight+"="+right, "GORACE=atexit_sleep_ms=0")
			out, err := run.CombinedOutput()
			_, action, _ := strings.Cut(right, " ")
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestConformanceUnderItsRights/") || !strings.Contains(string(out), "not authorized to perform: "+action+" ") {
				t.Errorf("%q did not miss it (%v):\n%s", missed[right], err, out)
			}
		})
	}
}

// allowed are the actions that a document allows.
func allowed(t *testing.T, document string) []string {
	t.Helper()
	d, err := policies.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range d.Statement {
		if s.Effect == "Allow" {
			all = append(all, s.Action...)
		}
	}
	return all
}

// without is a document that does not allow an action.
func without(t *testing.T, document, action string) string {
	t.Helper()
	d, err := policies.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range d.Statement {
		if s.Effect == "Allow" {
			d.Statement[i].Action = slices.DeleteFunc(s.Action, func(a string) bool { return a == action })
		}
	}
	d.Statement = slices.DeleteFunc(d.Statement, func(s policies.Statement) bool { return len(s.Action) == 0 })
	return d.String()
}

// ownRights are what the writer and the reader may do, but for the action that this
// run goes without.
func ownRights(t *testing.T) (writer, reader string) {
	t.Helper()
	may := rights(t)
	switch role, action, _ := strings.Cut(os.Getenv(withoutRight), " "); role {
	case "writer":
		may.Writer = without(t, may.Writer, action)
	case "reader":
		may.Reader = without(t, may.Reader, action)
	}
	return may.Writer, may.Reader
}
