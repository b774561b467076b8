package bot

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"fedbot/workflows"
)

var foundSite = Found{Where: "azure-pipelines.yml on main",
	Lines: []FoundLine{{42, "S3Upload@1", "s3-static-site, bucket shop-site-dev"}, {58, "docker push", "ecr-push, repository shop/site"}, {71, "./deploy.sh", "fedbot cannot read scripts. Check it yourself."}},
	Offers: []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev"}}, {Template: "ecr-push", Params: map[string]string{"repository": "shop/site"}},
		{Template: "s3-static-site", Params: map[string]string{"bucket": "another"}}},
}

// What was found stands in the form, and a press fills the form with it: every
// template once, over what was typed before.
func TestFormUsesWhatWasFound(t *testing.T) {
	c := choice{Projects: []Project{{"contoso", "Web Shop"}}, Accounts: []workflows.Account{shopDev}, Templates: catalogue{}.Templates(), Now: start, Found: []Found{foundSite}}
	a := answers{Organization: "contoso", Project: "Web Shop", Template: "s3-static-site", Params: map[string]string{"bucket": "typed-before"}, Reason: "SHOP-1"}
	before := requestForm(c, a, "")
	text := pretty(t, before)
	for _, want := range []string{"Found in azure-pipelines.yml on main:", "line 42   S3Upload@1", "fedbot cannot read scripts", "Use these"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	a.useFound(c.Found, "0")
	want := []workflows.Grant{{Template: "s3-static-site", Params: map[string]string{"bucket": "shop-site-dev"}}, {Template: "ecr-push", Params: map[string]string{"repository": "shop/site"}}}
	if diff := cmp.Diff(want, a.grants()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Slack keeps what it shows in blocks that it knows, so the filled ones are new.
	old := blockIDs(before)
	values := map[string][]string{blockProject: {"contoso/Web Shop"}}
	for id, value := range blockIDs(requestForm(c, a, "")) {
		if value == "" {
			continue
		}
		values[id] = strings.Split(value, ",")
		if _, known := old[id]; known && (strings.HasPrefix(id, blockTemplate) || strings.HasPrefix(id, blockParam) || strings.HasPrefix(id, blockAlso)) {
			t.Errorf("%s is filled, and Slack knows it", id)
		}
	}
	// And what comes back from such a form is read.
	back := read(values)
	if diff := cmp.Diff(want, back.grants()); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"", "1", "-1", "x", "0/0"} {
		was := a
		a.useFound(c.Found, wrong)
		if diff := cmp.Diff(was, a); diff != "" {
			t.Errorf("a button with value %q does something:\n%s", wrong, diff)
		}
	}
}

// blockIDs are the inputs of a form with what they show.
func blockIDs(v *slack.ModalViewRequest) map[string]string {
	out := map[string]string{}
	for _, b := range v.Blocks.BlockSet {
		in, ok := b.(*slack.InputBlock)
		if !ok {
			continue
		}
		switch e := in.Element.(type) {
		case *slack.PlainTextInputBlockElement:
			out[in.BlockID] = e.InitialValue
		case *slack.SelectBlockElement:
			if e.InitialOption != nil {
				out[in.BlockID] = e.InitialOption.Value
			}
		case *slack.MultiSelectBlockElement:
			var all []string
			for _, o := range e.InitialOptions {
				all = append(all, o.Value)
			}
			out[in.BlockID] = strings.Join(all, ",")
		}
	}
	return out
}

// reader finds something in every file, and counts how often it was asked.
type reader struct {
	catalogue
	asked *[]string
}

func (r reader) Found(_ context.Context, organization, project, pipeline string) Found {
	*r.asked = append(*r.asked, pipeline)
	return foundSite
}

// Files are read once for a form, again for the next one, and only of pipelines of
// the project that was chosen.
func TestFoundIsReadOnce(t *testing.T) {
	var asked []string
	b := &Bot{forms: newFormMemory(), o: Options{Places: reader{catalogue{}, &asked}}}
	c := choice{Projects: []Project{{"contoso", "Web Shop"}}}
	a := answers{Organization: "contoso", Project: "Web Shop", Pipelines: []string{"a", "b", "c", "d"}}
	for range 2 {
		if got := b.foundIn(t.Context(), c, a); len(got) != mostSearched {
			t.Errorf("%d files", len(got))
		}
	}
	b.forget(c.Projects[0])
	b.foundIn(t.Context(), c, a)
	if got := b.foundIn(t.Context(), c, answers{Organization: "contoso", Project: "Payroll", Pipelines: []string{"x"}}); got != nil {
		t.Errorf("of a project that may not be asked for: %+v", got)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "a", "b", "c"}, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A file is somebody else's text: it stays text, and it fits.
func TestAttackFoundText(t *testing.T) {
	evil := Found{Where: "`*Approved*` <!channel> on main", Offers: foundSite.Offers}
	for range 100 {
		evil.Lines = append(evil.Lines, FoundLine{1, strings.Repeat("<!here>`", 50), strings.Repeat("*x* <@U1>", 100)})
	}
	blocks := foundBlocks([]Found{evil, {Unread: strings.Repeat("<!channel> ", 200)}, {Where: "empty.yml on main"}})
	for _, wrong := range limits(blocks, maxView) {
		t.Error(wrong)
	}
	for _, b := range blocks {
		if _, rich := b.(*slack.RichTextBlock); rich {
			continue // knows no formatting
		}
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "<!") || strings.Contains(string(raw), `\u003c!`) || strings.Contains(string(raw), "*Approved*") {
			t.Errorf("it becomes more than text: %s", raw)
		}
	}
}
