package bot

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"fedbot/workflows"
)

var update = flag.Bool("update", false, "write the golden files")

// tales are the histories of every face that a card has.
func tales(t *testing.T) map[string]*tale {
	high := checked("F-17.1")
	high.Words.Risk, high.Words.Why, high.Verdict.Typed = workflows.High, "Production, and it hands over a role that can create roles.", true
	high.Verdict.Stages = append(high.Verdict.Stages, workflows.Stage{Name: "Security", Group: "cloud-security", Count: 1, Could: []workflows.Actor{owner.Actor}})
	again := checked("F-17.1")
	again.Because = "Template s3-static-site went from version 3 to 4."
	parked := workflows.Parked{Step: workflows.WatchID, Say: "No agent in pool Default took the proof run for 30 minutes.", Todo: "Bring up an agent, then try again."}
	end := func(b workflows.Body) *tale { return waiting(t).say(owner, b) }

	return map[string]*tale{
		"checking":            submitted(t),
		"waiting-low":         waiting(t),
		"waiting-high":        submitted(t).say(machine, high),
		"waiting-high-stage2": submitted(t).say(machine, high).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", Digest: high.Digest}),
		"waiting-new-plan":    waiting(t).say(machine, again),
		"decided":             waiting(t).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"}),
		"waiting-escalates":   submitted(t).say(machine, seated()),
		"waiting-escalated":   submitted(t).say(machine, seated(), workflows.Reminded{Request: "F-17.1", Number: 1}, workflows.Escalated{Request: "F-17.1", Group: "cloud-oncall"}),
		"waiting-later":       submitted(t).say(machine, laterSeats()),
		"waiting-rule":        submitted(t).say(machine, byRule()),
		"decided-rule":        submitted(t).say(machine, byRule()).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"}),
		"decided-deputy":      submitted(t).say(machine, seated()).say(owner, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", For: approver}),
		"question-open":       waiting(t).say(approver, workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Why not the bucket that exists? <!channel> *Approved*"}),
		"question-second": waiting(t).say(approver, workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Which team pays?"}).
			say(asker, workflows.Answered{Request: "F-17.1", Number: 1, Text: "Web Shop."}).
			say(owner, workflows.Questioned{Request: "F-17.1", Number: 2, Text: "For how long?"}),
		"question-answered": waiting(t).say(approver, workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Which team pays?"}).
			say(asker, workflows.Answered{Request: "F-17.1", Number: 1, Text: "Web Shop, see SHOP-412."}),
		"decided-comment": waiting(t).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", Comment: "Fine until May."}),
		"creating":        granted(t).walk(workflows.RunID),
		"creating-stumbled": granted(t).walk(workflows.RoleID).say(machine, workflows.Intended{Step: workflows.RoleID, Verb: workflows.Ensure, Until: start.Add(time.Hour)},
			workflows.Stumbled{Step: workflows.RoleID, Say: "AWS did not answer in time.", Again: start.Add(time.Hour)}),
		"creating-quarantined": granted(t).walk(workflows.ChecksID).say(owner, workflows.Quarantined{Reason: "Wait."}),
		"parked":               granted(t).walk(workflows.RunID).say(machine, parked),
		"active":               active(t),
		"drifted":              drifted(t),
		"drifted-author":       driftedBy(t, &workflows.Authors{Writers: []workflows.Writer{byAccountOwner, {Who: "user/administrator", At: start, Source: "CloudTrail"}}}),
		"drifted-unknown":      driftedBy(t, &workflows.Authors{Unknown: "CloudTrail in shop-dev may not be read (AccessDenied on cloudtrail:LookupEvents)"}),
		"first-use-waiting":    unproved(t),
		"first-use-refuted": unproved(t).say(machine, workflows.Seen{Step: workflows.FirstUseID, Outcome: workflows.Refuted, Say: "x"},
			workflows.Parked{Step: workflows.FirstUseID, Say: "A sign-in of Tue 24 Nov at 09:40 UTC names another subject: sc://contoso/Data Lake/aws-data. The plan says: sc://contoso/Web Shop/aws-shop-dev.",
				Todo: "The role stays held: nobody can do anything with it."}),
		"first-use-quarantined": unproved(t).say(owner, workflows.Quarantined{Reason: "Wait."}),
		"first-use-active": unproved(t).say(machine, firstSignIn, workflows.Made{Step: workflows.LastReadID}, workflows.Made{Step: workflows.LiftID},
			workflows.Activated{Request: "F-17.1"}),
		"spelled-otherwise": sentBack(t).say(machine, respelledPlan()),
		"spelled-denied": sentBack(t).say(machine, respelledPlan()).say(approver, workflows.Denied{Request: "F-17.1", Reason: "Find out why first."},
			workflows.Abandoned{Request: "F-17.1", Say: "The new plan was denied."}),
		"quarantined":     quarantined(t),
		"release-waiting": released(t),
		"denied":          end(workflows.Denied{Request: "F-17.1", Reason: "Set a boundary first, <@U0001>."}),
		"withdrawn":       waiting(t).say(asker, workflows.Withdrawn{Request: "F-17.1"}),
		"lapsed":          waiting(t).say(machine, workflows.Lapsed{Request: "F-17.1"}),
		"refused":         waiting(t).say(machine, workflows.Refused{Request: "F-17.1", Say: "shop-dev has 1,000 of 1,000 roles."}),
		"failed":          granted(t).walk(workflows.RunID).say(machine, workflows.Abandoned{Request: "F-17.1", Say: "AWS refused the role."}),
		"revoking":        active(t).say(owner, workflows.Revoked{Reason: "The project has ended."}),
		"revoked":         active(t).say(owner, workflows.Revoked{Reason: "The project has ended."}).say(machine, workflows.ClosedNow{Outcome: workflows.OutcomeRevoked}),
		"expired":         active(t).say(machine, workflows.Expired{}, workflows.ClosedNow{Outcome: workflows.OutcomeExpired}),
	}
}

// cards are every face that a card has.
func cards(t *testing.T) map[string]message {
	out := map[string]message{}
	for name, s := range tales(t) {
		f := s.fold()
		sc := stage
		sc.Left = left(s.events)
		out[name] = card(f, shownRequest(f), sc)
	}
	f := quarantined(t).fold()
	sc := stage
	sc.NotReal = true
	out["not-real"] = card(f, f.Requests[0], sc)
	f = active(t).fold()
	sc = stage
	sc.Offers = []workflows.Offer{{Federation: f.ID, Template: "s3-static-site", Have: 3, Version: 4, Change: "narrower"}}
	out["active-offer"] = card(f, f.Requests[0], sc)
	return out
}

// seated is a plan whose one stage may be escalated, and where somebody stands in.
func seated() workflows.Checked {
	c := checked("F-17.1")
	st := &c.Verdict.Stages[0]
	st.Escalate = []workflows.Escalation{{After: 30 * time.Hour, Group: "cloud-oncall", Could: []workflows.Actor{owner.Actor}}}
	st.StandIns = []workflows.Delegate{{For: approver.Actor, By: owner.Actor, From: start, Until: start.Add(48 * time.Hour)}}
	c.Verdict.Remind = workflows.Reminding{After: 24 * time.Hour, Most: 2}
	return c
}

// laterSeats has the same in its second stage, and a rule that lets nobody stand in.
func laterSeats() workflows.Checked {
	c := seated()
	later := c.Verdict.Stages[0]
	later.Name, later.Group, later.StandIns = "Security", "cloud-security", nil
	c.Verdict.Stages = append(checked("F-17.1").Verdict.Stages, later)
	c.Verdict.NoDelegates = true
	return c
}

// byRule is a low risk for which a rule asks nobody.
func byRule() workflows.Checked {
	c := checked("F-17.1")
	c.Verdict.Auto, c.Verdict.Waived = []string{"development"}, []workflows.Stage{{Name: "Security", Group: "cloud-security", Count: 1}}
	return c
}

func TestCards(t *testing.T) {
	all := cards(t)
	all["report"] = reportMessage(report(), "https://fedbot.example/console/", false)
	all["report-quiet"] = reportMessage(workflows.Report{At: start, Read: 412, Of: 412}, "", false)
	all["help"] = helpMessage()
	all["history"] = historyMessage([]workflows.Federation{drifted(t).fold()}, happenings(drifted(t)), "F-17", 0)
	restored := driftedBy(t, &workflows.Authors{Writers: []workflows.Writer{byAccountOwner}}).
		say(approver, workflows.Restored{Finding: "D-4f9c21ab", Step: workflows.RoleID, Authors: &workflows.Authors{Writers: []workflows.Writer{byAccountOwner}}}).
		say(approver, workflows.Restored{Finding: "D-4f9c21ab", Step: workflows.RoleID, Authors: &workflows.Authors{Unknown: "x"}, Unsure: "CloudTrail in shop-dev did not answer"})
	all["history-restored"] = historyMessage([]workflows.Federation{restored.fold()}, happenings(restored), "F-17", 0)
	all["list"] = listMessage([]workflows.Federation{drifted(t).fold(), waiting(t).fold(), active(t).fold()}, func(workflows.Federation) scene { return stage }, 0)
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".json", pretty(t, m.Blocks))
			golden(t, name+".txt", []byte(m.Text+"\n"))
			for _, wrong := range limits(m.Blocks, maxBlocks) {
				t.Error(wrong)
			}
			if len(m.Text) > 4000 || strings.TrimSpace(m.Text) == "" {
				t.Errorf("the plain twin has %d characters", len(m.Text))
			}
			if n := size(m.Blocks); n > maxMessage {
				t.Errorf("the message has %d characters", n)
			}
		})
	}
}

func happenings(s *tale) []happened {
	var out []happened
	for _, e := range s.events {
		if told(e) {
			out = append(out, happened{"F-17", e})
		}
	}
	return out
}

func report() workflows.Report {
	f := workflows.Finding{ID: "D-204", Level: workflows.Critical, Class: "trust widened", Field: "trust policy", Approved: "sc://contoso/Web Shop/aws", Found: "sc://contoso/*"}
	f.Authors = &workflows.Authors{Writers: []workflows.Writer{byAccountOwner}}
	low := f
	low.Authors = &workflows.Authors{Unknown: "no record names who changed it yet; records can be 15 minutes late"}
	low.ID, low.Level, low.Class = "D-190", workflows.Low, "missing tag"
	return workflows.Report{At: start, Began: start, Ended: start.Add(4 * time.Minute), Of: 412, Read: 410, Calls: map[string]int{"AWS": 311, "Azure DevOps": 905}, Events: 18204, Head: "7hQ2c2hvcA9kPT0=",
		Unread: []workflows.Unread{{Federation: "F-9", Say: "Reader role refused since 19 Nov."}},
		Findings: []workflows.FoundIn{{Finding: low, Federation: "F-27", Title: "Web Shop to shop-test", Owner: "web-shop"},
			{Finding: f, Federation: "F-31", Title: "Web Shop to shop-prod", Owner: "web-shop", New: true}},
		Closed: []workflows.FoundIn{{Finding: workflows.Finding{ID: "D-160"}, Federation: "F-3"}}}
}

func TestModals(t *testing.T) {
	high := checked("F-17.1")
	high.Verdict.Typed = true
	f := submitted(t).say(machine, high).fold()
	r := f.Requests[0]
	c := choice{Projects: []Project{{"contoso", "Web Shop"}, {"contoso", "Data Lake"}}, Accounts: []workflows.Account{shopDev},
		Pipelines: []workflows.Pipeline{{ID: 4, Name: "storefront-deploy"}}, Now: start, NotReal: true,
		Templates: []Template{{Name: "s3-static-site", Purpose: "replace files in one bucket", Risk: workflows.Low,
			Params: []Param{{Name: "bucket", Hint: "The name alone.", Example: "shop-site-dev"}, {Name: "folder", Optional: true}}}}}
	full := answers{Organization: "contoso", Project: "Web Shop", Account: "shop-dev", Template: "s3-static-site", Pipelines: []string{"storefront-deploy"},
		Params: map[string]string{"bucket": "shop-site-dev"}, Ends: "date", Date: "2027-01-31", Reason: "SHOP-1", Branches: "main"}
	several, two := c, full
	several.Templates = append(several.Templates, Template{Name: "kms-for-bucket", Purpose: "use one key", Risk: workflows.Low, Params: []Param{{Name: "key", Hint: "Its id."}}},
		Template{Name: "audit-read", Purpose: "read", Risk: workflows.Medium})
	two.Also = []workflows.Grant{{Template: "kms-for-bucket", Params: map[string]string{"key": "1234"}}}
	asked := waiting(t).say(approver, workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Which team pays? <@U0001>"}).fold()
	views := map[string]*slack.ModalViewRequest{
		"approve": approveModal(f, r, stage),
		"ask":     askModal(f, r, stage),
		"answer":  answerModal(asked, asked.Requests[0], 1, stage),
		"comment": commentModal(f, r, stage),
		"deny":    reasonModal(actDeny, f, target{Federation: "F-17", Request: "F-17.1", Digest: high.Digest}, stage),
		"revoke":  reasonModal(actRevoke, f, target{Federation: "F-17"}, stage),
		"details": detailsModal(f, r, stage),
		"details-drifted": detailsModal(driftedBy(t, &workflows.Authors{Writers: []workflows.Writer{byAccountOwner}}).fold(),
			driftedBy(t, nil).fold().Requests[0], stage),
		"form-empty":  requestForm(c, answers{}, ""),
		"form-full":   requestForm(c, full, "Not sent: shop-dev has 1,000 of 1,000 roles."),
		"form-two":    requestForm(several, two, ""),
		"form-notice": notice("Ask for a federation", "Loading your projects…"),
	}
	for name, v := range views {
		t.Run(name, func(t *testing.T) {
			golden(t, "view-"+name+".json", pretty(t, v))
			for _, wrong := range limits(v.Blocks.BlockSet, maxView) {
				t.Error(wrong)
			}
			for _, s := range []*slack.TextBlockObject{v.Title, v.Submit, v.Close} {
				if s != nil && len([]rune(s.Text)) > maxTitle {
					t.Errorf("%q is longer than %d", s.Text, maxTitle)
				}
			}
			if !slack.ValidateUniqueBlockID(*v) {
				t.Error("two inputs have one block id")
			}
		})
	}
}

// TestNothingTypedActs: what people type becomes no mention, no link and no bold
// word, wherever it appears.
func TestNothingTypedActs(t *testing.T) {
	evil := "<!channel> <@U0001> <https://evil.example|Approve> *Approved* by `x` & ~y~"
	p := wanted()
	p.Project, p.Reason, p.Owner, p.Pipelines, p.Branches, p.Account = evil, evil, evil, []string{evil}, []string{evil}, evil
	s := (&tale{t: t, at: start}).say(workflows.Person{Actor: "slack:T/U", Name: evil}, workflows.Submitted{Proposal: p, Owner: evil})
	c := checked("F-17.1")
	c.Words.Can, c.Words.Worst, c.Words.Today = []string{evil}, evil, evil
	c.Verdict.Stages[0].Group = evil
	for _, s := range []*tale{s.say(machine, c), (&tale{t: t, at: s.at, events: s.events}).say(machine, workflows.Denied{Request: "F-17.1", Reason: evil})} {
		f := s.fold()
		m := card(f, f.Requests[0], scene{Mention: func(string) string { return "" }})
		for _, text := range texts(m.Blocks) {
			raw, _ := json.Marshal(m.Blocks)
			if strings.Contains(text, "<!channel>") && !strings.Contains(string(raw), "writes: ") {
				t.Errorf("a mention got through: %s", text)
			}
		}
		for _, b := range m.Blocks {
			section, ok := b.(*slack.SectionBlock)
			if !ok || section.Text == nil {
				continue
			}
			for _, bad := range []string{"<!channel>", "<@U0001>", "<https://", "*Approved*"} {
				if strings.Contains(section.Text.Text, bad) {
					t.Errorf("%s got through: %s", bad, section.Text.Text)
				}
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "cards", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +now; -update writes it):\n%s", name, diff)
	}
}

// buttons are the values of a message's buttons by action.
func buttons(m message) map[string]string {
	out := map[string]string{}
	for _, b := range m.Blocks {
		if actions, ok := b.(*slack.ActionBlock); ok {
			for _, e := range actions.Elements.ElementSet {
				if b, ok := e.(*slack.ButtonBlockElement); ok {
					out[b.ActionID] = b.Value
				}
			}
		}
	}
	return out
}
