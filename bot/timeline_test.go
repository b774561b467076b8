package bot

import (
	"fmt"
	"strings"
	"testing"

	"fedbot/workflows"
)

// TestTimelines: threads and direct messages of whole stories.
func TestTimelines(t *testing.T) {
	two := checked("F-17.1")
	two.Verdict.Stages = append(two.Verdict.Stages, workflows.Stage{Name: "Security", Group: "cloud-security", Count: 1, Could: []workflows.Actor{owner.Actor}})
	again := two
	again.Because = "Template s3-static-site went from version 3 to 4."
	stages := submitted(t).say(machine, two).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"}).
		say(machine, again).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"}).
		say(owner, workflows.Approved{Request: "F-17.1", Stage: 1, Group: "cloud-security"})
	for name, s := range map[string]*tale{
		"stages": stages,
		"questions": waiting(t).say(approver, workflows.Questioned{Request: "F-17.1", Number: 1, Text: "Why? <!here> <@U0001>"}).
			say(asker, workflows.Answered{Request: "F-17.1", Number: 1, Text: "Because of <!here> SHOP-412."}).
			say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", Comment: "Until May, <!here>."}),
		"called": submitted(t).say(machine, seated(), workflows.Reminded{Request: "F-17.1", Number: 1}, workflows.Escalated{Request: "F-17.1", Group: "cloud-oncall"}).
			say(owner, workflows.Approved{Request: "F-17.1", Group: "shop-approvers", For: approver, Comment: "While they are away."}),
		"called-late": submitted(t).say(machine, laterSeats()).say(approver, workflows.Approved{Request: "F-17.1", Group: "shop-approvers"}).
			say(machine, workflows.Reminded{Request: "F-17.1", Stage: 1, Number: 1}),
		"active":   active(t),
		"parked":   granted(t).say(machine, workflows.Parked{Step: workflows.RunID, Say: "No agent came."}).say(asker, workflows.Resumed{}),
		"given-up": granted(t).say(asker, workflows.Abandoned{Request: "F-17.1", Say: "Not needed <!here>."}).say(machine, workflows.ClosedNow{Outcome: workflows.OutcomeFailed}),
		"failed":   granted(t).say(machine, workflows.Abandoned{Request: "F-17.1", Say: "AWS refused the role."}),
		"denied":   waiting(t).say(approver, workflows.Denied{Request: "F-17.1", Reason: "No boundary."}),
		"lapsed":   waiting(t).say(machine, workflows.Lapsed{Request: "F-17.1"}),
		"released": released(t).say(approver, workflows.Approved{Request: "F-17.2", Group: "shop-approvers"}).say(machine, workflows.Released{Request: "F-17.2"}),
		"revoked":  drifted(t).say(owner, workflows.Restored{Finding: "D-4f9c21ab", Step: workflows.RoleID}, workflows.Revoked{Reason: "The end."}).say(machine, workflows.ClosedNow{Outcome: workflows.OutcomeRevoked}),
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			for i, e := range s.events {
				f, err := workflows.Fold("F-17", s.events[:i+1])
				if err != nil {
					t.Fatal(err)
				}
				if line, on := timeline(f, e, stage); line.mrkdwn != "" {
					fmt.Fprintf(&out, "%s on %s: %s\n", e.At.Format("15:04"), on, line.mrkdwn)
					if n := strings.Count(line.mrkdwn, "<!subteam") + strings.Count(line.mrkdwn, "<@"); n > 1 {
						t.Errorf("%d mentions in one line: %s", n, line.mrkdwn)
					}
					if strings.Contains(line.mrkdwn, "<!here>") {
						t.Errorf("somebody's words act: %s", line.mrkdwn)
					}
				}
				if who, r := deputies(f, e); len(who) > 0 {
					fmt.Fprintf(&out, "%s to %v: %s\n", e.At.Format("15:04"), who, strings.ReplaceAll(deputyLetter(f, *r, stage, "https://slack.example/card").Text, "\n", "\n    "))
				}
				if m, to, ok := letter(f, e, stage); ok {
					fmt.Fprintf(&out, "%s to %s: %s\n", e.At.Format("15:04"), to.Actor, strings.ReplaceAll(m.Text, "\n", "\n    "))
					for _, wrong := range limits(m.Blocks, maxBlocks) {
						t.Error(wrong)
					}
				}
			}
			golden(t, "timeline-"+name+".txt", []byte(out.String()))
		})
	}
}

// What the follower passes over must be silent: no line, no letter.
func TestSilentEventsSayNothing(t *testing.T) {
	f := active(t)
	said := 0
	for i, e := range f.events {
		then, err := workflows.Fold("F-17", f.events[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		line, _ := timeline(then, e, scene{})
		_, _, letter := letter(then, e, scene{})
		if line.mrkdwn != "" || letter {
			said++
			if silent(e) {
				t.Errorf("%s is passed over and has something to say", e.Kind())
			}
		}
	}
	if said == 0 {
		t.Error("nothing in this life says anything: the test cannot fail")
	}
}
