package bot

import (
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// life is one history of the gallery.
type life struct {
	f      workflows.Federation
	events []workflows.Event
}

// whole are the exhibits that are about more than one card: the form of a request, home
// tabs, lists, histories and the report. They are made of the same histories.
func whole(lives map[string]life, s scene) []Exhibit {
	some := func(names ...string) (out []workflows.Federation) {
		for _, n := range names {
			out = append(out, lives[n].f)
		}
		return out
	}
	waiting, drifted := lives["waiting-low"], lives["drifted"]
	now := waiting.f.Updated.Add(time.Hour)
	p := lastRequest(waiting.f).Proposal

	c := choice{Projects: []Project{{p.Organization, p.Project}, {p.Organization, "Data Lake"}}, Accounts: []workflows.Account{s.Account}, Now: now}
	for i, name := range p.Pipelines {
		c.Pipelines = append(c.Pipelines, workflows.Pipeline{ID: i + 1, Name: name})
	}
	filled := answers{Organization: p.Organization, Project: p.Project, Account: s.Account.Name, Pipelines: p.Pipelines, Branches: "main", Ends: "3m", Reason: p.Reason}
	for _, g := range p.Grants[:min(len(p.Grants), 1)] {
		t := Template{Name: g.Template, Purpose: "deploy files", Risk: workflows.Low}
		for name := range g.Params {
			t.Params = append(t.Params, Param{Name: name, Hint: "The name alone."})
		}
		c.Templates, filled.Template, filled.Params = []Template{t}, g.Template, g.Params
	}
	form := func(name string, v *slack.ModalViewRequest) Exhibit {
		return Exhibit{"form: " + name, "form", v.Title.Text, "", v.Blocks.BlockSet}
	}
	out := []Exhibit{
		form("request", requestForm(c, answers{}, "")),
		form("request, filled in", requestForm(c, filled, "")),
		form("request, not sent", requestForm(c, filled, "Not sent: shop-dev has 1,000 of 1,000 roles.")),
		form("draft", draftOffer(draft{now, filled}, now)),
	}

	seen := func(r workflows.Roles, names ...string) (out []mine) {
		for _, f := range some(names...) {
			out = append(out, mine{F: f, Roles: r, Scene: s})
		}
		return out
	}
	asker := lastRequest(waiting.f).By.Actor
	decider := workflows.Actor("")
	if checked := lastRequest(waiting.f).Checked; checked != nil {
		for _, st := range checked.Verdict.Stages {
			for _, could := range st.Could {
				decider = could
			}
		}
	}
	for _, h := range []struct {
		name string
		home home
	}{
		{"nothing yet", home{Now: now}},
		{"who asks", home{Who: asker, Now: now, Seen: seen(workflows.Roles{Requester: true}, "waiting-low", "active", "denied")}},
		{"who decides", home{Who: decider, Now: now, Seen: seen(workflows.Roles{Approver: true}, "waiting-low", "waiting-high", "parked")}},
		{"owner team", home{Who: "slack:T/U1", Now: now, Seen: seen(workflows.Roles{OwnerTeam: true}, "active", "drifted", "quarantined")}},
		{"administrator", home{Who: "slack:T/U2", Now: now, Unread: []string{"data"}, Seen: seen(workflows.Roles{Administrator: true}, "drifted", "waiting-high", "quarantined")}},
	} {
		h.home.Console = s.Console
		out = append(out, Exhibit{"home tab: " + h.name, "home", "", "", h.home.view().Blocks.BlockSet})
	}

	answer := func(name string, m message) Exhibit {
		return Exhibit{"answer: " + name, "answer", "", m.Text, m.Blocks}
	}
	var past []happened
	for _, e := range drifted.events {
		if told(e) {
			past = append(past, happened{drifted.f.ID, e})
		}
	}
	r := workflows.Report{At: now, Began: now, Ended: now.Add(4 * time.Minute), Of: 412, Read: 411,
		Unread: []workflows.Unread{{Federation: "F-9", Say: "The reader role could not be assumed."}}}
	for _, x := range drifted.f.Findings {
		r.Findings = append(r.Findings, workflows.FoundIn{Finding: x, Federation: drifted.f.ID, Title: title(drifted.f, s).plain, Owner: "web-shop", New: true})
	}
	return append(out,
		answer("list", listMessage(some("drifted", "waiting-low", "active"), func(workflows.Federation) scene { return s }, 0)),
		answer("list of nothing", listMessage(nil, func(workflows.Federation) scene { return s }, 0)),
		answer("history", historyMessage([]workflows.Federation{drifted.f}, past, string(drifted.f.ID), 0)),
		answer("report", reportMessage(r, s.Console, false)),
		answer("report, all well", reportMessage(workflows.Report{At: now, Began: now, Ended: now, Read: 412, Of: 412}, s.Console, false)))
}
