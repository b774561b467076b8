package workflows_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	. "fedbot/workflows"
)

func TestRespelled(t *testing.T) {
	const planned = "sc://contoso/Web Shop/aws-dev"
	for found, want := range map[string]bool{
		"sc://Contoso/web shop/AWS-dev":         true,
		"sc://contoso/Web%20Shop/aws-dev":       true,
		"sc%3A%2F%2fcontoso/Web%20shop/aws-dev": true,
		planned:                                 false, // it is the same
		"":                                      false,
		"sc://contoso/Web Shop/aws-dev2":        false,
		"sc://contoso/Data Lake/aws-dev":        false,
		"sc://contoso/Web+Shop/aws-dev":         false,
		"sc://contoso/Web%2520Shop/aws-dev":     false, // decoded once only
		"sc://contoso/Web%20Shop/aws-dev%":      false,
		"sc://contoso/Web%20Shop/aws-dev*":      false,
		"sc://contoso/Web\u00a0Shop/aws-dev":    false,
		"sc://conto\u017fo/Web Shop/aws-dev":    false, // a long s folds to s
		"p://contoso/Web Shop/aws-dev":          false,
	} {
		if got := Respelled(planned, found); got != want {
			t.Errorf("%q: %v", found, got)
		}
	}
	if Respelled("sc://conto\u017fo/a/b", "sc://contoso/a/b") {
		t.Error("folded beyond ASCII")
	}
	// Connections "a/b" and "a%2Fb" are two: neither is a spelling of the other's plan.
	if Respelled("sc://contoso/Web Shop/a%2Fb", "sc://contoso/Web Shop/a/b") || Respelled("sc://contoso/Web Shop/a%2Fb", "sc://contoso/Web Shop/A%2fb") {
		t.Error("a name that holds a percent sign is taken for an encoding")
	}
}

// Whoever may create connections can name one like an encoding of somebody else's.
// Its tokens, which the trust policy refuses, must not turn the plan into one that
// trusts it.
func TestNamedLikeAnEncoding(t *testing.T) {
	for planned, found := range map[string]string{
		"sc://contoso/Web Shop/aws dev": "sc://contoso/Web Shop/aws%20dev",
		"sc://contoso/shop/deploy":      "sc://contoso/shop/%64eploy",
		"sc://contoso/shop/a/b":         "sc://contoso/shop/a%2Fb",
		"sc://contoso/shop/a":           "SC://Contoso/Shop/%61",
		"endpoint/shop/a b":             "endpoint/shop/a%20b",
	} {
		if Respelled(planned, found) {
			t.Errorf("%q is taken for %q", found, planned)
		}
		outcome, _, _ := JudgeFirstUse(ProofSpec{Provider: "p", Subject: planned, Audience: "a", RoleID: "r"},
			[]SignIn{{Provider: "p", Subject: found, Refused: true}})
		if outcome != "" {
			t.Errorf("%q: %q", found, outcome)
		}
	}
	if !Respelled("sc://contoso/Web Shop/aws dev", "sc://contoso/Web%20Shop/aws%20dev") {
		t.Error("where the project is encoded, the connection's name is too")
	}
}

// FuzzRespelled: what passes is the planned subject once it is decoded, and case is
// all that differs.
func FuzzRespelled(f *testing.F) {
	f.Add("sc://contoso/Web Shop/a", "sc://contoso/Web%20Shop/A")
	f.Add("sc://contoso/a%2Fb/c", "sc://contoso/a/b/c")
	f.Fuzz(func(t *testing.T, planned, found string) {
		if !Respelled(planned, found) {
			return
		}
		plain, err := url.PathUnescape(found)
		if err != nil || planned == found || strings.Contains(planned, "%") || len(plain) != len(planned) || !strings.EqualFold(plain, planned) {
			t.Errorf("%q for %q", found, planned)
		}
	})
}

// otherLetters makes tokens spell names in their own way, so that a trust policy
// that is spelled otherwise lets nobody in.
func otherLetters(w *world) {
	w.cloud.sees = func(_ int, e *Evidence) {
		if !e.Ended || !e.OurYAML || e.Subject == "" {
			return
		}
		says := strings.ReplaceAll(strings.ToLower(e.Subject), " ", "%20")
		if says != e.Subject {
			e.Subject, e.Succeeded, e.RoleID, e.Failure = says, false, "", "Not authorized to perform sts:AssumeRoleWithWebIdentity"
		}
	}
}

const asTokensSay = "sc://contoso/web%20shop/deploy"

// A subject that tokens spell otherwise goes back to the approvers as a new plan.
// Nothing of what they approved before counts; no pipeline may use the connection
// while they decide; and the new plan is proved by a run of its own.
func TestSpelledOtherwise(t *testing.T) {
	w := newWorld(t)
	otherLetters(w)
	id := w.granted()
	e := w.engine()
	f := w.settle(e, id)
	r := f.Requests[0]
	if f.State != Provisioning || r.State != RequestOpen || len(r.Approvals) != 0 || r.Round != 2 || !strings.Contains(r.Because, asTokensSay) || f.Parked != nil {
		t.Fatalf("%s, request %s round %d because %q\n%s", f.State, r.State, r.Round, r.Because, w.story(id))
	}
	role, _ := r.Checked.Plan.Step(RoleID)
	old, _ := f.Plan.Step(RoleID)
	if !strings.Contains(role.Role.Trust, asTokensSay) || strings.Contains(old.Role.Trust, "%20") {
		t.Errorf("the plan put to them trusts %q, the one in force %q", role.Role.Trust, old.Role.Trust)
	}
	w.holds(f)
	for key := range w.cloud.objects {
		if strings.HasPrefix(key, "permit/") {
			t.Errorf("a pipeline may use the connection while people decide: %s", key)
		}
	}
	if len(w.cloud.runs) != 1 {
		t.Errorf("%d runs", len(w.cloud.runs))
	}
	// A press on the card of the plan before counts for nothing.
	if _, err := e.Approve(ctx, Press{By: owner, Request: r.ID, Digest: f.Digest}); code(err) != "stale_plan" {
		t.Errorf("a press on the old plan: %v", err)
	}
	w.approve(r.ID, owner, approver)
	f = w.settle(e, id)
	if f.State != Active || f.Proof.Subject != asTokensSay || f.Before != nil || len(w.cloud.runs) != 2 {
		t.Fatalf("%s, %d runs\n%s", f.State, len(w.cloud.runs), w.story(id))
	}
	for i, ev := range w.mem.events[id] { // the run of before is not taken for the new plan's
		if then, err := Fold(id, w.mem.events[id][:i+1]); err != nil || ev.Kind() == KindGranted && then.Steps.Get(RunID).Ref != "" {
			t.Errorf("granted with run %q, %v", then.Steps.Get(RunID).Ref, err)
		}
	}
	w.whole()
	w.order(id, owner, OrderRevoke)
	w.settle(e, id)
	w.is(id, Closed, OutcomeRevoked)
	w.whole()
}

// The same with a first use: AWS's record of the refused sign-in shows the spelling.
func TestSpelledOtherwiseAtFirstUse(t *testing.T) {
	refused := func(subject string) func(*SignIn) {
		return func(s *SignIn) { s.Refused, s.Subject, s.Audience, s.RoleID = true, subject, "", "" }
	}
	w := newWorld(t)
	f := w.waiting()
	w.use(f, refused("sc://contoso/Data Lake/aws"), refused("sc://contoso/Data Lake/aws"))
	if err := w.check(f.ID, requester); code(err) != "not_seen" {
		t.Errorf("somebody else was refused: %v", err)
	}
	w.use(f, refused(asTokensSay), func(s *SignIn) { s.Provider = "arn:another" })
	if err := w.check(f.ID, requester); code(err) != "not_seen" {
		t.Errorf("refused by another provider: %v", err)
	}
	w.use(f, refused(asTokensSay))
	if err := w.check(f.ID, requester); err != nil {
		t.Fatal(err)
	}
	f = w.settle(w.engine(), f.ID)
	if r := f.Requests[0]; r.State != RequestOpen || r.Round != 2 || !strings.Contains(r.Because, asTokensSay) {
		t.Fatalf("request %s, round %d\n%s", r.State, r.Round, w.story(f.ID))
	}
	w.holds(f)
	if err := w.check(f.ID, requester); code(err) != "nothing_to_check" || w.load(f.ID).Version != f.Version {
		t.Errorf("a press on the old card while people decide: %v\n%s", err, w.story(f.ID))
	}
	w.clock.advance(time.Minute)
	w.approve(f.Requests[0].ID, owner, approver)
	if f = w.settle(w.engine(), f.ID); !f.AwaitsUse() {
		t.Fatal(w.story(f.ID))
	}
	w.use(f)
	if f = w.settle(w.engine(), f.ID); f.State != Active || f.Proof.Subject != asTokensSay {
		t.Errorf("%s %+v\n%s", f.State, f.Proof, w.story(f.ID))
	}
	w.whole()

	// Beside somebody who was let in and should not have been, a refusal says nothing.
	outcome, _, _ := JudgeFirstUse(ProofSpec{Provider: "p", Subject: "sc://o/a b/c", Audience: "a", RoleID: "r"},
		[]SignIn{{Provider: "p", Subject: "sc://o/a%20b/c", Refused: true}, {Provider: "p", Subject: "x", Audience: "a", RoleID: "r"}})
	if outcome != Refuted {
		t.Errorf("%q", outcome)
	}
}

// If they do not approve it, what was made goes.
func TestSpelledOtherwiseAndNotApproved(t *testing.T) {
	for name, end := range map[string]func(w *world, r Request) error{
		"denied": func(w *world, r Request) error {
			_, err := w.engine().Deny(ctx, Press{By: owner, Request: r.ID, Comment: "no"})
			return err
		},
		"withdrawn": func(w *world, r Request) error {
			_, err := w.engine().Withdraw(ctx, Press{By: requester, Request: r.ID})
			return err
		},
		"lapsed": func(w *world, _ Request) error { w.clock.advance(100 * time.Hour); return nil },
		"refused": func(w *world, r Request) error {
			w.approve(r.ID, owner, approver)
			w.facts = func(f *Facts) { f.AWS.Boundary = "" }
			return nil
		},
		"refused after a restart": func(w *world, r Request) error {
			w.facts = func(f *Facts) { f.AWS.Boundary = "" }
			return w.engine().Recheck(ctx, r.ID.Federation())
		},
		"revoked": func(w *world, _ Request) error { return w.tell("F-1", second, OrderRevoke) },
	} {
		w := newWorld(t)
		otherLetters(w)
		id := w.granted()
		f := w.settle(w.engine(), id)
		if err := end(w, f.Requests[0]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f = w.settle(w.engine(), id); f.State != Closed {
			t.Errorf("%s: %s\n%s", name, f.State, w.story(id))
		}
		w.whole()
	}
}

// Who joined the group since is no approver of the new plan either.
func TestSpelledOtherwiseOpensNoDoor(t *testing.T) {
	w := newWorld(t)
	otherLetters(w)
	id := w.granted()
	w.people.groups[groupAccount] = append(slices.Clone(w.people.groups[groupAccount]), outsider)
	f := w.settle(w.engine(), id)
	w.approve(f.Requests[0].ID, owner)
	if err := w.press(f.Requests[0].ID, outsider); code(err) != "joined_later" {
		t.Errorf("somebody who joined later: %v", err)
	}
}

// Only the subject may be spelled otherwise, only where nobody got in, and only in
// letters and encoding: everything else refutes as before.
func TestSpelledOtherwiseIsNarrow(t *testing.T) {
	want := ProofSpec{Issuer: "i", Audience: "a", Subject: "sc://o/p q/c", RoleID: "AROA1"}
	good := Evidence{Run: 1, Ended: true, OurYAML: true, Issuer: "i", Audience: "a", Subject: "sc://o/P%20q/c"}
	for name, c := range map[string]struct {
		bend func(*Evidence)
		want ProofOutcome
	}{
		"as it is":                     {func(*Evidence) {}, SpelledOtherwise},
		"another file":                 {func(e *Evidence) { e.OurYAML = false }, Refuted},
		"another issuer":               {func(e *Evidence) { e.Issuer = "x" }, Refuted},
		"another audience":             {func(e *Evidence) { e.Audience = "A" }, Refuted},
		"no issuer told":               {func(e *Evidence) { e.Issuer = "" }, Refuted},
		"somebody got in all the same": {func(e *Evidence) { e.RoleID = "AROA1"; e.Succeeded = true }, Refuted},
		"another connection's subject": {func(e *Evidence) { e.Subject = "sc://o/P%20q/d" }, Refuted},
	} {
		got := good
		c.bend(&got)
		if outcome, say, ended := JudgeProof(want, got, time.Minute); outcome != c.want || !ended || say == "" {
			t.Errorf("%s: %q, %q", name, outcome, say)
		}
	}
}
