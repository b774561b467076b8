package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// A custom document is typed into a field of several lines, survives a redraw, and
// is asked for as a document and not as a parameter.
func TestFormTakesADocument(t *testing.T) {
	const policy = "{\"Version\": \"2012-10-17\",\n \"Statement\": []}"
	c := choice{Projects: []Project{{"contoso", "Web Shop"}}, Accounts: []workflows.Account{shopDev}, Now: start,
		Templates: []Template{{Name: workflows.CustomTemplate, Purpose: "a document", Risk: workflows.High, Params: []Param{{Name: DocumentParam, Hint: "JSON"}}}}}
	block := blockParam + "/" + workflows.CustomTemplate + "/" + DocumentParam
	values := map[string][]string{blockProject: {"contoso/Web Shop"}, blockAccount: {"shop-dev"}, blockTemplate: {workflows.CustomTemplate},
		block: {policy}, blockReason: {"SHOP-1"}}
	a := read(values)
	p, err := a.proposal(start)
	if err != nil {
		t.Fatal(err)
	}
	want := []workflows.Grant{{Template: workflows.CustomTemplate, Params: map[string]string{}, Document: policy}}
	if diff := cmp.Diff(want, p.Grants); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if wrong := (&Bot{o: Options{Places: catalogue{}}}).slips(c, a).in(values); wrong[block] != "" {
		t.Errorf("the form says %q", wrong)
	}
	found := false
	for _, b := range requestForm(c, a, "").Blocks.BlockSet {
		in, ok := b.(*slack.InputBlock)
		if !ok || in.BlockID != block {
			continue
		}
		e := in.Element.(*slack.PlainTextInputBlockElement)
		found = e.Multiline && e.InitialValue == policy && e.MaxLength == longestDocument
	}
	if !found {
		t.Error("the form has no field of several lines that holds what was typed")
	}
	if line := commandLine(p); !strings.Contains(line, "--template custom --document document.json") || strings.Contains(line, "Version") {
		t.Errorf("as a command: %s", line)
	}
	typed, err := split(`--org contoso --project "Web Shop" --account shop-dev --template custom --param policy={} --reason x`)
	if err != nil {
		t.Fatal(err)
	}
	var in intent
	if err := in.request(typed); err == nil || !strings.Contains(err.Error(), "does not fit into a command") {
		t.Errorf("by command: %v", err)
	}
}
