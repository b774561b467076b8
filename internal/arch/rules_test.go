package arch

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutate = flag.Bool("mutate", false, "take each rule about who counts out of the code, and want its test to fail; minutes")

// whoCounts are the rules by which somebody in Slack counts or does not. Each names
// the line of code that holds it, what the line is without the rule, and the test
// that fails then. -mutate tries them all.
var whoCounts = []struct {
	rule      string
	file      string
	with      string // the code that holds it; once in the file
	without   string
	pkg, test string
}{
	{"a delivery that Slack did not sign is nobody's", "bot/receive.go",
		`if !hmac.Equal(mac.Sum(nil), given) {`, `if false && !hmac.Equal(mac.Sum(nil), given) {`, "./bot", "TestSignature"},
	{"a signature older than five minutes is a replay", "bot/receive.go",
		`if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window {`, `if _ = seconds; err != nil {`, "./bot", "TestSignature"},
	{"the workspace of a delivery and the one of its person are both ours", "bot/receive.go",
		`p.Team != b.o.Team || p.Home != "" && p.Home != b.o.Team`, `p.Team != b.o.Team`, "./bot", "TestStranger"},
	{"a delivery of another workspace is not taken", "bot/receive.go",
		`p.Team != b.o.Team || p.Home`, `p.Home`, "./bot", "TestOtherWorkspace"},
	{"an installation for a whole organization is not listened to", "bot/receive.go",
		`if p.wide {`, `if false {`, "./bot", "TestAWholeOrganizationIsNotListenedTo"},
	{"users.info must call the person one of this workspace", "internal/identity/identity.go",
		`u.TeamID != team || u.IsStranger`, `u.IsStranger`, "./internal/identity", "TestWhoIsNobody"},
	{"is_stranger is looked at, and is not enough alone", "internal/identity/identity.go",
		`case u.TeamID != team || u.IsStranger:`, `case u.IsStranger:`, "./internal/identity", "TestWhoIsNobody"},
	{"guests do not count", "internal/identity/identity.go",
		`u.IsUltraRestricted || u.IsRestricted`, `false`, "./internal/identity", "TestWhoIsNobody"},
	{"deactivated people do not count, though groups list them", "internal/identity/identity.go",
		`case u.Deleted:`, `case false:`, "./internal/identity", "TestWhoIsNobody"},
	{"bots, apps, workflows and connectors do not count", "internal/identity/identity.go",
		`u.IsBot || u.IsAppUser || u.IsWorkflowBot || u.IsConnectorBot`, `u.IsBot`, "./internal/identity", "TestOnePersonHasOneID"},
	{"who has not joined does not count", "internal/identity/identity.go",
		`case u.IsInvitedUser:`, `case false:`, "./internal/identity", "TestOnePersonHasOneID"},
	{"one person has one id", "internal/identity/identity.go",
		`u.ID != id || u.Enterprise.ID != "" && u.Enterprise.ID != id`, `false`, "./internal/identity", "TestOnePersonHasOneID"},
	{"who cannot be read is not known", "internal/identity/identity.go",
		`errors.Join(workflows.ErrUnreadable, err))
	}
	if why`, `err)
	}
	if why`, "./internal/identity", "TestSilenceIsUnreadable"},
	{"an address counts when it is confirmed", "internal/identity/identity.go",
		`u.IsEmailConfirmed && s.company`, `s.company`, "./internal/identity", "TestOnlyConfirmedAddressesCount"},
	{"an address counts in the company's domains", "internal/identity/identity.go",
		`u.IsEmailConfirmed && s.company(u.Profile.Email)`, `u.IsEmailConfirmed`, "./internal/identity", "TestOnlyConfirmedAddressesCount"},
	{"membership is read again when it is old", "internal/identity/identity.go",
		`s.now().Sub(s.read) > s.fresh`, `false`, "./internal/identity", "TestOldMembershipDiesWithAFailedReading"},
	{"a disabled group has nobody in it", "internal/identity/identity.go",
		`if g.DateDelete != 0 {`, `if false {`, "./internal/identity", "TestADisabledGroupHasNobodyInIt"},
	{"an unread group is no", "workflows/seat.go",
		`return live, "", unreadGroup("approved", stage.Group)`, `live.Members[stage.Group] = stage.Could`, "./workflows", "TestAnUnreadGroupIsNo"},
	{"no entry means nobody", "workflows/seat.go",
		`return slices.Contains(l.Members[group], who)`, `return len(l.Members[group]) == 0 || slices.Contains(l.Members[group], who)`, "./workflows", "TestWhoFillsWhichSeat|TestAnEmptyGroupIsNobody"},
	{"nobody approves what they asked for", "workflows/decide.go",
		`case same(who, r.By):`, `case false:`, "./workflows", "TestApprove|TestManyPresses"},
	{"two accounts with one address are one person", "workflows/decide.go",
		`a.Actor == b.Actor || a.Email != "" && strings.EqualFold(a.Email, b.Email)`, `a.Actor == b.Actor`, "./workflows", "TestAttackSecondAccount"},
	{"membership counts at the press, not at the post", "workflows/seat.go",
		`if live.in(stage.Group, who.Actor) && slices.Contains(stage.Could, who.Actor) {`, `if slices.Contains(stage.Could, who.Actor) {`, "./workflows", "TestApprove"},
	{"who joined after the request decides nothing", "workflows/seat.go",
		`if live.in(stage.Group, who.Actor) && slices.Contains(stage.Could, who.Actor) {`, `if live.in(stage.Group, who.Actor) {`, "./workflows", "TestApprove"},
	{"nor who joined a group that is called when nobody decides", "workflows/seat.go",
		`case !slices.Contains(x.Could, who.Actor):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"such a group waits for its time", "workflows/seat.go",
		`case !r.widened(i, x.Group) || !live.in(x.Group, who.Actor):`, `case !live.in(x.Group, who.Actor):`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and never fills the owners' seat", "workflows/seat.go",
		`case !r.room(i):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"who stands in does so until a day", "workflows/seat.go",
		`case !at.Before(d.Until):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and from a day on", "workflows/seat.go",
		`case at.Before(d.From):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and while the configuration says so", "workflows/seat.go",
		`case !live.delegated(d):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and for somebody who is in the group", "workflows/seat.go",
		`case !live.in(stage.Group, d.For):`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and fills that person's seat, once", "workflows/seat.go",
		`case spent >= 0:`, `case false:`, "./workflows", "TestWhoFillsWhichSeat"},
	{"and not for a second account of the requester's", "workflows/seat.go",
		`case same(owner, r.By):`, `case false:`, "./workflows", "TestADeputyOfTheRequestersSecondAccount"},
	{"and spends that person's vote in every stage", "workflows/decide.go",
		`after(r.Approvals, i, who.Actor, out.For.Actor)`, `after(r.Approvals, i, who.Actor)`, "./workflows", "TestADeputySpendsTwoVotes"},
	{"the requester stands in for nobody", "workflows/seat.go",
		` && d.By != requester`, ``, "./workflows", "TestStandIns"},
	{"being an administrator gives no vote", "workflows/judge_rules.go",
		`case strings.EqualFold(group, r.Administrators):`, `case false:`, "./workflows", "TestCompile"},
	{"those who decide ask", "workflows/question.go",
		`case !asked:`, `case !asked && false:`, "./workflows", "TestInquire"},
	{"the requester's side answers", "workflows/question.go",
		`case !same(who, r.By) && !roles.OwnerTeam:`, `case false:`, "./workflows", "TestReply"},
	{"a press counts on the live card only", "bot/press.go",
		`if place == here {`, `if _ = here; true {`, "./bot", "TestCopy"},
	{"a button's action is one of fedbot's", "bot/press.go",
		`if err := b.live(ctx, p, t); err != nil {
		return err
	}
	return`, `return`, "./bot", "TestCopy"},
	{"a press names the plan that was shown", "workflows/decide.go",
		`case p.Digest != r.Checked.Digest:`, `case false:`, "./workflows", "TestApprove"},
	{"a delivery is decided once", "bot/receive.go",
		`case errors.Is(err, workflows.ErrTaken):
		return p.acknowledged()`, `case errors.Is(err, workflows.ErrTaken):
		b.queue(ctx, p)
		return p.acknowledged()`, "./bot", "TestReplay"},
	{"nobody asks where another company reads", "bot/where.go",
		`if c.IsExtShared || c.IsPendingExtShared {`, `if _ = c; false {`, "./bot", "TestNobodyAsksWhereOthersRead"},
	{"nor where another company is invited to read", "bot/where.go",
		`c.IsExtShared || c.IsPendingExtShared`, `c.IsExtShared`, "./bot", "TestNobodyAsksWhereOthersRead"},
	{"nor where fedbot cannot see who reads", "bot/where.go",
		`"channel", p.Channel, "error", err)
		return unseen`, `"channel", p.Channel, "error", err)
		return nil`, "./bot", "TestNobodyAsksWhereOthersRead"},
	{"a lapsed request is not approved", "workflows/decide.go",
		`now.Before(r.Lapses())`, `true`, "./workflows", "TestApprove"},
	{"what people type is no mark-up", "bot/text.go",
		`"<", "&lt;"`, `"<", "<"`, "./bot", "TestNothingTypedActs|TestRefusals"},
	{"a flood is not taken", "bot/flood.go",
		`return count[p.User] > most,`, `return false,`, "./bot", "TestAFlood"},
	{"one person has so many undecided requests", "workflows/crowd.go",
		`if n < e.Open {`, `if true {`, "./workflows", "TestOnePersonsOpenRequests"},
	{"being in a group alone shows nothing", "workflows/engine.go",
		`if err := e.glance(ctx, by); err != nil {`, `if err := e.glance(ctx, by); false {`, "./workflows", "TestNobodyIsShownAnythingForAGroupAlone"},
}

// TestEachRuleIsHeld finds each rule where the table says that it is. With -mutate it
// takes the rule out, by an overlay that touches no file, and wants the test red.
func TestEachRuleIsHeld(t *testing.T) {
	for _, r := range whoCounts {
		t.Run(r.rule, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("../..", r.file))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(raw), r.with); n != 1 {
				t.Fatalf("%s holds %q %d times, not once: if the rule went elsewhere, say where", r.file, r.with, n)
			}
			if !*mutate {
				return
			}
			dir := t.TempDir()
			broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
			list, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(broken, []byte(strings.Replace(string(raw), r.with, r.without, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(overlay, list, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-overlay", overlay, "-run", r.test, r.pkg)
			cmd.Dir = "../.."
			out, err := cmd.CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("%s passes without the rule: it does not hold it\n%s", r.test, out)
			case strings.Contains(string(out), "[build failed]"):
				t.Errorf("the code without the rule does not build, so that nothing is shown\n%s", out)
			}
		})
	}
}
