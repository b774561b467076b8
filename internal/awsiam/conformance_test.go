package awsiam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"fedbot/internal/awsiam"
	"fedbot/internal/emulate/wire"
	"fedbot/policies"
	"fedbot/workflows"
)

// cases are what every AWS must agree on. One that needs something is skipped in
// a world that lacks it.
var cases = []struct {
	name  string
	needs func(*world) bool
	run   func(*testing.T, *world)
}{
	{"create, look, create again, remove, remove again", nil, wholeLife},
	{"removing what was never made", nil, neverMade},
	{"half-made states go away in reverse", nil, halfMade},
	{"a provider without our audience is left alone", nil, otherAudience},
	{"a stranger's role is refused and untouched", nil, stranger},
	{"a role made anew by somebody is never touched", nil, madeAnew},
	{"drift is seen and put right", nil, drift},
	{"a role is removed with all that hangs on it", nil, hungUp},
	{"hold, lift and sessions", nil, holding},
	{"a held role whose making nobody recorded", nil, unrecorded},
	{"facts", nil, facts},
	{"who wrote it", hasGate, whoWrote},
	{"writer and reader are assumed", asItself, assumed},
	{"a boundary that is not there", hasRights, noBoundary},
	{"without rights nothing is read and nothing concluded", hasNobody, noRights},
	{"the answer to CreateRole is lost", hasGate, lostAnswer},
	{"a service that fails is not a role that is gone", hasGate, failing},
	{"lag is neither foreign nor gone", hasLag, lag},
	{"no room for the hold", hasRights, noRoom},
}

func hasRights(w *world) bool { return w.nobody.HasKeys() }
func asItself(w *world) bool  { return !w.lent }
func hasNobody(w *world) bool { return hasRights(w) && asItself(w) }
func hasGate(w *world) bool   { return w.gate != nil }
func hasLag(w *world) bool    { return w.setLag != nil }

func conform(t *testing.T, fresh func(*testing.T) *world) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := fresh(t)
			if c.needs != nil && !c.needs(w) {
				t.Skip("this AWS is lax about it")
			}
			w.begin(t)
			w.boundary()
			if w.lent {
				w.employ(ownRights(t))
			}
			c.run(t, w)
		})
	}
}

func TestConformanceOnMoto(t *testing.T) {
	t.Parallel()
	conform(t, moto(t))
}

// steps are a create's, in order. They know the role by ref.
func (w *world) steps(ref string) []workflows.Task {
	all := []workflows.Task{
		providerTask(), roleTask(ref),
		policyTask(workflows.StepHold, "hold", ref),
		policyTask(workflows.StepPolicy, "policy:s3-read", ref),
		policyTask(workflows.StepLift, "lift", ref),
	}
	for i := range all {
		all[i] = w.timed(all[i])
		all[i].Refs["policy:s3-read"] = "tmpl-s3-read-v1"
	}
	return all
}

// make takes the first n steps and returns the id of the role.
func (w *world) make(a *awsiam.AWS, n int) (ref string) {
	w.t.Helper()
	for i := range n {
		got, err := a.Ensure(soon(w.t), w.steps(ref)[i])
		if err != nil {
			w.t.Fatalf("step %d: %v", i, err)
		}
		if i == 1 {
			ref = got.Ref
		}
	}
	return ref
}

func (w *world) clean(a *awsiam.AWS, tasks ...workflows.Task) {
	w.t.Helper()
	for _, task := range tasks {
		seen, err := a.Observe(soon(w.t), task)
		if err != nil || !seen.Exists || len(seen.Differences) > 0 || seen.Lagging {
			w.t.Errorf("%s: %+v, %v", task.Step.ID, seen, err)
		}
	}
}

func wholeLife(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	if !strings.HasPrefix(ref, "AROA") {
		t.Errorf("the role's id is %q", ref)
	}
	steps := w.steps(ref)
	w.clean(a, steps[0], steps[1], steps[3], steps[4])
	before := w.role()
	for i, want := range []workflows.Result{{Ref: providerARN, Found: true, Note: "found, used as it is"}, {Ref: ref}} {
		got, err := a.Ensure(soon(t), steps[i])
		w.do(nil, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
	}
	w.do(a.Ensure(soon(t), steps[3]))
	w.do(a.Ensure(soon(t), steps[4]))
	if diff := cmp.Diff(before, w.role()); diff != "" {
		t.Errorf("a second Ensure changed (-before +after):\n%s", diff)
	}
	for range 2 {
		for _, step := range slices.Backward(w.steps(ref)) {
			w.do(nil, a.Remove(soon(t), step))
		}
		if w.exists() {
			t.Error("the role is still there")
		}
	}
	w.clean(a, steps[0])
	if seen, err := a.Observe(soon(t), steps[1]); err != nil || seen.Exists {
		t.Errorf("after it was removed: %+v, %v", seen, err)
	}
}

func neverMade(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	for _, step := range w.steps("")[1:] {
		w.do(nil, a.Remove(soon(t), step))
		step.Now = step.Intended.Add(time.Second)
		if err := a.Remove(soon(t), step); kindOf(t, err) != "unknown" {
			t.Errorf("%s, at once: %v", step.Step.ID, err)
		}
	}
}

func halfMade(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	for n := range 6 {
		ref := w.make(a, n)
		for i, step := range slices.Backward(w.steps(ref)) {
			if i > n {
				continue // was never intended
			}
			w.do(nil, a.Remove(soon(t), step))
			if i == 4 && n == 5 && !w.has("fedbot-hold") {
				t.Error("the hold is not back")
			}
		}
		if w.exists() {
			t.Errorf("after %d steps: something is left", n)
		}
	}
}

func otherAudience(t *testing.T, w *world) {
	w.do(w.other.CreateOpenIDConnectProvider(soon(t), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String(issuer), ClientIDList: []string{"sts.amazonaws.com"}, ThumbprintList: []string{strings.Repeat("ab", 20)},
	}))
	a := w.aws(w.fedbot)
	task := w.steps("")[0]
	_, err := a.Ensure(soon(t), task)
	want := "add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn " + providerARN + " --client-id " + audience
	if kindOf(t, err) != "permanent" || !strings.Contains(workflows.Said(err), want) {
		t.Errorf("got %v", err)
	}
	seen, err := a.Observe(soon(t), task)
	if err != nil || len(seen.Differences) != 1 || seen.Differences[0].Found != "sts.amazonaws.com" {
		t.Errorf("got %+v, %v", seen, err)
	}
}

// strangerRole makes a role under our name, by somebody else.
func (w *world) strangerRole(change func(*iam.CreateRoleInput)) {
	w.t.Helper()
	in := &iam.CreateRoleInput{
		RoleName: aws.String(roleName), Path: aws.String("/ado-federation/"), PermissionsBoundary: aws.String(boundaryARN),
		AssumeRolePolicyDocument: aws.String(trustFor("sc://contoso/Evil/aws")),
		Tags:                     []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("fedbot")}, {Key: aws.String("fedbot-mark"), Value: aws.String(mark)}},
	}
	change(in)
	w.do(w.other.CreateRole(soon(w.t), in))
}

func stranger(t *testing.T, w *world) {
	tests := map[string]func(*iam.CreateRoleInput, *workflows.Task){
		"older": func(_ *iam.CreateRoleInput, task *workflows.Task) {
			task.Intended, task.Now = w.began.Add(time.Hour), w.began.Add(2*time.Hour)
		},
		"other mark":     func(in *iam.CreateRoleInput, _ *workflows.Task) { in.Tags[1].Value = aws.String("ffffffffffffffff") },
		"no tags":        func(in *iam.CreateRoleInput, _ *workflows.Task) { in.Tags = nil },
		"no boundary":    func(in *iam.CreateRoleInput, _ *workflows.Task) { in.PermissionsBoundary = nil },
		"under the root": func(in *iam.CreateRoleInput, _ *workflows.Task) { in.Path = aws.String("/") },
	}
	a := w.aws(w.fedbot)
	for name, change := range tests {
		task := w.steps("")[1]
		w.strangerRole(func(in *iam.CreateRoleInput) { change(in, &task) })
		before := w.role()
		if _, err := a.Ensure(soon(t), task); kindOf(t, err) != "foreign" {
			t.Errorf("%s: Ensure: %v", name, err)
		}
		_ = a.Remove(soon(t), task) // its answer is a unit test's; here it must only leave the role alone
		for _, policy := range w.steps("")[3:] {
			if _, err := a.Ensure(soon(t), policy); kindOf(t, err) != "foreign" {
				t.Errorf("%s: Ensure %s: %v", name, policy.Step.ID, err)
			}
			_ = a.Remove(soon(t), policy)
		}
		if diff := cmp.Diff(before, w.role()); diff != "" {
			t.Errorf("%s: touched (-before +after):\n%s", name, diff)
		}
		w.do(w.other.DeleteRole(soon(t), &iam.DeleteRoleInput{RoleName: aws.String(roleName)}))
	}
}

func madeAnew(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 2)
	w.do(w.other.DeleteRole(soon(t), &iam.DeleteRoleInput{RoleName: aws.String(roleName)}))
	w.strangerRole(func(*iam.CreateRoleInput) {})
	before := w.role()
	for _, step := range w.steps(ref)[1:] {
		if _, err := a.Ensure(soon(t), step); kindOf(t, err) != "foreign" {
			t.Errorf("Ensure %s: %v", step.Step.ID, err)
		}
		if err := a.Remove(soon(t), step); kindOf(t, err) != "foreign" {
			t.Errorf("Remove %s: %v", step.Step.ID, err)
		}
	}
	if diff := cmp.Diff(before, w.role()); diff != "" {
		t.Errorf("touched (-before +after):\n%s", diff)
	}
	seen, err := a.Observe(soon(t), w.steps(ref)[1])
	if err != nil || len(seen.Differences) == 0 || seen.Differences[0].Field != "role id" || !seen.Differences[0].Wider {
		t.Errorf("got %+v, %v", seen, err)
	}
}

func hungUp(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	w.hang()
	w.do(nil, a.Remove(soon(t), w.steps(ref)[1]))
	if w.exists() {
		t.Error("the role is still there")
	}
}

// hang puts policies on our role that fedbot knows nothing of.
func (w *world) hang() {
	w.t.Helper()
	made, err := w.other.CreatePolicy(soon(w.t), &iam.CreatePolicyInput{PolicyName: aws.String("extra"), PolicyDocument: aws.String(readWeb)})
	w.do(nil, err)
	w.do(w.other.AttachRolePolicy(soon(w.t), &iam.AttachRolePolicyInput{RoleName: aws.String(roleName), PolicyArn: made.Policy.Arn}))
	for _, name := range []string{"by-hand", "tmpl-looks-like-ours-v1"} {
		w.do(w.other.PutRolePolicy(soon(w.t), &iam.PutRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String(name), PolicyDocument: aws.String(readWeb)}))
	}
}

func holding(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	if w.has("fedbot-hold") {
		t.Fatal("not lifted")
	}
	w.do(w.other.DeleteRolePermissionsBoundary(soon(t), &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String(roleName)}))
	hold, policy, lift := w.steps(ref)[2], w.steps(ref)[3], w.steps(ref)[4]
	for _, open := range []workflows.Task{policy, lift} {
		if _, err := a.Ensure(soon(t), open); kindOf(t, err) != "unknown" {
			t.Errorf("Ensure %s without boundary: %v", open.Step.ID, err)
		}
	}
	for range 2 {
		w.do(a.Ensure(soon(t), hold))
		w.clean(a, hold, w.steps(ref)[1])
	}
	if seen, err := a.Observe(soon(t), lift); err != nil || len(seen.Differences) != 1 {
		t.Errorf("held: lift is %+v, %v", seen, err)
	}
	sessions := w.timed(policyTask(workflows.StepSessions, workflows.SessionsID, ref))
	for range 2 {
		w.do(a.Ensure(soon(t), sessions))
		w.do(a.Ensure(soon(t), lift))
		w.clean(a, sessions, lift, w.steps(ref)[1])
	}
	for range 2 {
		w.do(nil, a.Remove(soon(t), lift))
		w.clean(a, hold)
	}
	for range 2 {
		w.do(nil, a.Remove(soon(t), sessions))
		w.do(nil, a.Remove(soon(t), hold))
	}
	if w.has("fedbot-hold") || w.has("fedbot-sessions") {
		t.Error("something is left")
	}
}

// A quarantine may come while the role exists and no event names it yet. The mark
// is enough to close it, and not to open it.
func unrecorded(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	hold := w.steps("")[2]
	if got, err := a.Ensure(soon(t), hold); err != nil || got.Ref != "" {
		t.Errorf("without a role: %+v, %v", got, err)
	}
	w.make(a, 2)
	w.do(a.Ensure(soon(t), hold))
	if !w.has("fedbot-hold") {
		t.Error("not held")
	}
	if _, err := a.Ensure(soon(t), w.steps("")[4]); kindOf(t, err) != "foreign" {
		t.Errorf("lift: %v", err)
	}
	w.do(nil, a.Remove(soon(t), hold))
	w.do(nil, a.Remove(soon(t), w.steps("")[1]))
	if w.exists() {
		t.Error("the role is still there")
	}
}

func facts(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	q := awsiam.FactsQuery{Issuer: issuer, Audience: audience, RoleName: roleName}
	got, err := a.Facts(soon(t), account, q)
	w.do(nil, err)
	if got.Provider || len(got.Audiences) > 0 || got.RoleIs != "" || got.ProviderARN != providerARN || got.AccountID != account {
		t.Errorf("of an empty account: %+v", got)
	}
	if !strings.Contains(got.Identity, account) || !strings.Contains(got.Boundary, `"s3:*"`) || got.RolesQuota < 1 {
		t.Errorf("of an empty account: %+v", got)
	}
	ref := w.make(a, 2)
	got, err = a.Facts(soon(t), account, q)
	w.do(nil, err)
	if !got.Provider || !slices.Equal(got.Audiences, []string{audience}) || got.RoleIs == "" {
		t.Errorf("with a role: %+v", got)
	}
	q.OwnRoleID = ref
	if got, err = a.Facts(soon(t), account, q); err != nil || got.RoleIs != "" {
		t.Errorf("our own role is in the way: %+v, %v", got, err)
	}
	other := w.aws(w.fedbot, func(o *awsiam.Options) { o.Accounts[0].Boundary = "another" })
	if got, err = other.Facts(soon(t), account, q); err != nil || got.Boundary != "" {
		t.Errorf("boundary that is not there: %+v, %v", got, err)
	}
}

// CloudTrail tells who changed a role, and that it was not fedbot.
func whoWrote(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 2)
	stranger := iam.NewFromConfig(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(w.endpoint), Credentials: keys(byHand)})
	w.do(nil, deeds[0].do(t, stranger))
	step := w.steps(ref)[1]
	found, err := a.Writers(soon(t), step, []string{"trust policy"}, w.began.Add(-time.Minute))
	w.do(nil, err)
	if who := found["trust policy"]; len(who) != 1 || !strings.Contains(fmt.Sprint(who), "by-hand") {
		t.Errorf("got %+v", found)
	}
}

const everything = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":["iam:*"],"Resource":["*"]}]}`

// employ gives fedbot roles of the account with these rights.
func (w *world) employ(writer, reader string) {
	w.t.Helper()
	for name, may := range map[string]string{policies.WriterName: writer, policies.ReaderName: reader} {
		w.do(w.other.CreateRole(soon(w.t), &iam.CreateRoleInput{RoleName: aws.String(name), Path: aws.String(workflows.RolePath),
			AssumeRolePolicyDocument: aws.String(rights(w.t).Trust)}))
		w.do(w.other.PutRolePolicy(soon(w.t), &iam.PutRolePolicyInput{
			RoleName: aws.String(name), PolicyName: aws.String("rights"), PolicyDocument: aws.String(may)}))
	}
	w.setUp = func(o *awsiam.Options) {
		o.Accounts[0].WriterRoleARN = "arn:aws:iam::" + account + ":role/ado-federation/fedbot-writer"
		o.Accounts[0].ReaderRoleARN = "arn:aws:iam::" + account + ":role/ado-federation/fedbot-reader"
	}
}

// assumed does everything as roles of the account.
func assumed(t *testing.T, w *world) {
	w.employ(everything, everything)
	a := w.aws(w.fedbot)
	w.do(nil, a.Reachable(soon(t), account))
	ref := w.make(a, 5)
	w.clean(a, w.steps(ref)[1], w.steps(ref)[3])
	for _, step := range slices.Backward(w.steps(ref)) {
		w.do(nil, a.Remove(soon(t), step))
	}
	if n := a.Calls()["sts:AssumeRole"]; n != 3 {
		t.Errorf("signed in %d times, want once each for the check, the writer and the reader", n)
	}
}

func noBoundary(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	w.do(w.other.DeletePolicy(soon(t), &iam.DeletePolicyInput{PolicyArn: aws.String(boundaryARN)}))
	if _, err := a.Ensure(soon(t), w.steps("")[1]); kindOf(t, err) != "permanent" || !strings.Contains(workflows.Said(err), "boundary does not exist") {
		t.Errorf("got %v", err)
	}
}

func noRights(t *testing.T, w *world) {
	ref := w.make(w.aws(w.fedbot), 4)
	a := w.aws(w.nobody)
	before := w.role()
	for _, step := range w.steps(ref) {
		if seen, err := a.Observe(soon(t), step); kindOf(t, err) != "unreadable" || seen.Exists {
			t.Errorf("Observe %s: %+v, %v", step.Step.ID, seen, err)
		}
		if _, err := a.Ensure(soon(t), step); kindOf(t, err) != "unknown" || !strings.Contains(workflows.Said(err), "AccessDenied on iam:Get") {
			t.Errorf("Ensure %s: %v", step.Step.ID, err)
		}
		if err := a.Remove(soon(t), step); step.Step.ID != "provider" && kindOf(t, err) != "unknown" {
			t.Errorf("Remove %s: %v", step.Step.ID, err)
		}
	}
	if _, err := a.Facts(soon(t), account, awsiam.FactsQuery{Issuer: issuer, RoleName: roleName}); kindOf(t, err) != "unreadable" {
		t.Errorf("Facts: %v", err)
	}
	if diff := cmp.Diff(before, w.role()); diff != "" {
		t.Errorf("touched (-before +after):\n%s", diff)
	}
}

func lostAnswer(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	w.gate.Set(wire.Fault{Call: "iam:CreateRole", When: "after", Kind: "reset"})
	task := w.steps("")[1]
	if _, err := a.Ensure(soon(t), task); kindOf(t, err) != "unknown" {
		t.Fatalf("got %v", err)
	}
	w.gate.Set()
	first, err := a.Ensure(soon(t), task)
	w.do(nil, err)
	second, err := a.Ensure(soon(t), w.steps(first.Ref)[1])
	w.do(nil, err)
	if first.Ref == "" || first != second {
		t.Errorf("first %+v, then %+v", first, second)
	}
	w.gate.Set(wire.Fault{Call: "iam:DeleteRole", When: "after", Kind: "reset", Times: 1})
	err = a.Remove(soon(t), w.steps(first.Ref)[1])
	if w.lent && kindOf(t, err) == "unknown" { // a role that is gone is under no path, so its second DeleteRole is refused
		err = a.Remove(soon(t), w.steps(first.Ref)[1])
	}
	w.do(nil, err)
	if w.exists() {
		t.Error("the role is still there")
	}
}

func failing(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 4)
	before := w.role()
	for _, kind := range []string{"error", "reset", "page"} { // a page comes with status 200, and is no answer
		w.gate.Set(wire.Fault{Call: "iam:*", When: "before", Kind: kind})
		for _, step := range w.steps(ref) {
			if seen, err := a.Observe(soon(t), step); kindOf(t, err) != "unreadable" || seen.Exists {
				t.Errorf("%s: Observe %s: %+v, %v", kind, step.Step.ID, seen, err)
			}
		}
		if err := a.Remove(soon(t), w.steps(ref)[1]); kindOf(t, err) != "unknown" {
			t.Errorf("%s: Remove: %v", kind, err)
		}
	}
	w.gate.Set()
	if diff := cmp.Diff(before, w.role()); diff != "" {
		t.Errorf("touched (-before +after):\n%s", diff)
	}
}

func lag(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	w.make(a, 1) // signs in while its own roles can be seen
	w.clean(a, w.steps("")[0])
	w.setLag(time.Hour)
	task := w.steps("")[1]
	task.Now = task.Intended.Add(time.Second)
	made, err := a.Ensure(soon(t), task)
	w.do(nil, err)
	if _, err := a.Ensure(soon(t), task); kindOf(t, err) != "unknown" {
		t.Errorf("Ensure: %v", err)
	}
	if err := a.Remove(soon(t), task); kindOf(t, err) != "unknown" {
		t.Errorf("Remove: %v", err)
	}
	if seen, err := a.Observe(soon(t), task); err != nil || seen.Exists || !seen.Lagging {
		t.Errorf("Observe: %+v, %v", seen, err)
	}
	w.setLag(0)
	if again, err := a.Ensure(soon(t), task); err != nil || again != made {
		t.Errorf("first %+v, then %+v, %v", made, again, err)
	}
	if seen, err := a.Observe(soon(t), task); err != nil || !seen.Exists || !seen.Lagging {
		t.Errorf("Observe: %+v, %v", seen, err)
	}
}

// Somebody has filled the room for inline policies, so that no hold fits.
func noRoom(t *testing.T, w *world) {
	a := w.aws(w.fedbot)
	ref := w.make(a, 5)
	full := `{"Version":"2012-10-17","Statement":[{"Sid":"Full","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::` + strings.Repeat("x", 9770) + `"]}]}`
	w.do(w.other.PutRolePolicy(soon(t), &iam.PutRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String("full"), PolicyDocument: aws.String(full)}))
	if _, err := a.Ensure(soon(t), w.steps(ref)[2]); kindOf(t, err) != "permanent" {
		t.Errorf("hold: %v", err)
	}
	w.do(nil, a.Remove(soon(t), w.steps(ref)[1]))
	if w.exists() {
		t.Error("the role is still there")
	}
}
