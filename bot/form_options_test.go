package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// TestSearch: what is offered while somebody types is what that person may ask for,
// whatever the form says it is for.
func TestSearch(t *testing.T) {
	w := newWorld(t)
	ask := func(user, block, typed string, state map[string][]string) string {
		raw, err := json.Marshal(w.bot.options(w.ctx, parcel{Team: "T0001", User: user, Kind: kindOptions, Action: baseID(block), Value: block, Text: typed, Answers: state}))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := ask("U0REQ", "account", "prod", nil); !strings.Contains(got, "shop-prod") || strings.Contains(got, "shop-dev") || strings.Contains(got, "Web Shop") {
		t.Errorf("accounts: %s", got)
	}
	if got := ask("U0REQ", "more", "4444", nil); !strings.Contains(got, "shop-prod") {
		t.Errorf("accounts by number: %s", got)
	}
	if got := ask("U0REQ", "pipelines/contoso/Payroll", "", map[string][]string{blockProject: {"contoso/Payroll"}}); strings.Contains(got, "text\":{") {
		t.Errorf("pipelines of a project that the person may not ask for: %s", got)
	}
	if got := ask("U0REQ", "project", "payroll", nil); strings.Contains(got, "Payroll") {
		t.Errorf("%s", got)
	}
}

// TestLongLists: a search offers what Slack takes, says that there is more, and takes
// that line for no answer; accounts that could not be read stand apart.
func TestLongLists(t *testing.T) {
	w := newWorld(t)
	var many []Project
	for i := range 250 {
		many = append(many, Project{"contoso", fmt.Sprintf("Shop %03d", i)})
	}
	w.bot.o.Places = catalogue{projects: many, unready: map[string]string{"444455556666": "Its reader role cannot be assumed."}}
	got, ok := w.bot.options(w.ctx, parcel{Team: "T0001", User: "U0REQ", Kind: kindOptions, Action: blockProject, Text: "shop"}).(slack.OptionsResponse)
	if !ok || len(got.Options) != mostOptions || got.Options[mostOptions-1].Text.Text != "151 more: type more of the name" {
		t.Errorf("%d options, the last %+v", len(got.Options), got.Options[len(got.Options)-1].Text)
	}
	a := read(map[string][]string{blockProject: {noChoice}, blockAccount: {noChoice}, blockMore: {noChoice}, "pipelines//": {noChoice}})
	if diff := cmp.Diff(answers{}, a, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("it counts as an answer: %s", diff)
	}
	w.command("U0REQ", "request Shop 007")
	v := w.modal("U0REQ", "Not set up yet")
	options, err := w.slack.Options(w.ctx, "U0REQ", v.ID, blockProject, blockProject, "shop 00")
	if err != nil || len(options) != 10 {
		t.Errorf("%v, %d options", err, len(options))
	}
	groups, ok := w.bot.options(w.ctx, parcel{Team: "T0001", User: "U0REQ", Kind: kindOptions, Action: blockAccount}).(slack.OptionGroupsResponse)
	if !ok || len(groups.OptionGroups) != 2 || groups.OptionGroups[1].Options[0].Value != "shop-prod" {
		t.Errorf("%+v", groups)
	}
}

// closedPlaces list nothing in one account.
type closedPlaces struct{ catalogue }

func (closedPlaces) Listed(_, param string, account workflows.Account) []string {
	if account.Production && param == "repository" {
		return nil
	}
	return []string{"*"}
}

func (p closedPlaces) Refuse(template, param, value string, account workflows.Account, project string) string {
	if len(p.Listed(template, param, account)) == 0 {
		return value + " is not on the list."
	}
	return ""
}

// TestFormOffersWhatMayBeAsked: a template that the chosen account keeps out is not
// offered there, and one that was chosen before stays, with what is wrong with it.
func TestFormOffersWhatMayBeAsked(t *testing.T) {
	w := newWorld(t)
	w.bot.o.Places = closedPlaces{catalogue{projects: []Project{{"contoso", "Web Shop"}}}}
	w.command("U0REQ", "request Web Shop")
	v := w.modal("U0REQ", "ecr-push")
	choose := func(block, value string) {
		t.Helper()
		if err := w.slack.PressInView(w.ctx, "U0REQ", v.ID, block, baseID(block), value); err != nil {
			t.Fatal(err)
		}
	}
	choose(blockAccount, "shop-prod")
	v = w.modal("U0REQ", "1 more cannot be asked for in shop-prod")
	if strings.Contains(string(v.Blocks), "ecr-push") {
		t.Errorf("it is offered: %s", v.Blocks)
	}
	choose(blockAccount, "shop-dev")
	w.modal("U0REQ", "ecr-push")
	choose(blockTemplate, "ecr-push")
	w.modal("U0REQ", "ecr-push: repository")
	choose("param/ecr-push/repository", "shop/site")
	choose(blockAccount, "shop-prod")
	v = w.modal("U0REQ", "shop/site is not on the list.")
	if !strings.Contains(string(v.Blocks), "ecr-push") {
		t.Error("what was chosen is gone")
	}
}
