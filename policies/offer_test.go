package policies

import (
	"strings"
	"testing"

	"fedbot/workflows"
)

func TestOffers(t *testing.T) {
	in := sampleInput()
	in.Proposal.Grants = []workflows.Grant{{Template: "lambda-code", Params: map[string]string{"function": "shop-checkout"}}}
	plan := render(t, in).Plan
	f := workflows.Federation{ID: "F-17", State: workflows.Active, Plan: &plan, Approved: in.Proposal}
	code, _ := mustBuiltin(t).Get("lambda-code")
	const publish = "      - lambda:PublishVersion\n"
	for name, tc := range map[string]struct{ change, from, to, want string }{
		"older":     {"", "", "", ""},
		"narrower":  {publish, publish, "", Narrower},
		"wider":     {publish, publish, publish + "      - lambda:InvokeFunction\n", Wider},
		"sideways":  {publish, publish, "      - lambda:InvokeFunction\n", Sideways},
		"the same":  {"", "purpose: ", "purpose: Also ", TheSame},
		"no longer": {"", "- name: function", "- name: fonction", NotKnown},
	} {
		text := string(code.Source())
		if tc.want != "" {
			text = strings.Replace(strings.Replace(text, "version: 1", "version: 2", 1), tc.from, tc.to, 1)
		}
		if tc.want == NotKnown {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "${function}", "${fonction}"), "{function:", "{fonction:")
		}
		tpl, err := ParseTemplate([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := &Catalogue{templates: map[string]Template{tpl.Name: tpl}}
		got := c.Offers(f, "")
		switch {
		case tc.want == "" && len(got) > 0:
			t.Errorf("%s: %+v", name, got)
		case tc.want == "":
		case len(got) != 1 || got[0].Change != tc.want || got[0].Have != 1 || got[0].Version != 2:
			t.Errorf("%s: %+v", name, got)
		case (got[0].Why != "") != (tc.want == NotKnown) || (len(got[0].Differences) > 0) != (tc.change != ""):
			t.Errorf("%s: %+v", name, got)
		}
		f.State = workflows.Closed
		if got := c.Offers(f, ""); got != nil {
			t.Errorf("a closed federation is offered %+v", got)
		}
		f.State = workflows.Active
	}
}
