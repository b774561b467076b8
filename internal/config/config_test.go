package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"fedbot/internal/config"
)

const example = "../../config.example.yaml"

func TestExampleIsValidAndCompleteAndShowsTheDefaults(t *testing.T) {
	c, err := config.Load(example)
	if err != nil {
		t.Fatal(err)
	}
	d := config.Defaults()
	for name, pair := range map[string][2]any{
		"slack.api": {c.Slack.API, d.Slack.API}, "slack.listen": {c.Slack.Listen, d.Slack.Listen},
		"slack.transport": {c.Slack.Transport, d.Slack.Transport},
		"verify_pipeline": {c.AzureDevOps.VerifyPipeline, d.AzureDevOps.VerifyPipeline},
		"lapse":           {c.Approvals.Lapse, d.Approvals.Lapse}, "report": {c.Report, d.Report},
		"metrics": {c.Metrics, d.Metrics}, "pace": {c.Pace, d.Pace},
		"store.path": {filepath.Base(c.Store.Path), d.Store.Path},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s in the example is not the default (-default +example):\n%s", name, diff)
		}
	}
	if !c.Real() {
		t.Error("the example must speak to the real services")
	}
}

// Every key that exists is in the example: encode what was read and look for each key.
func TestExampleNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(example)
	if err != nil {
		t.Fatal(err)
	}
	out, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		key, _, ok := strings.Cut(strings.TrimLeft(line, " -"), ":")
		if ok && key != "" && !strings.Contains(string(text), key+":") {
			t.Errorf("config.example.yaml does not mention %q", key)
		}
	}
}

// Each file in testdata/bad is the example with one mistake; its first line says
// what the message must contain.
func TestMistakes(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]struct{ old, new, want string }{
		"unknown key":          {"  team: T0000000001", "  teem: T0000000001", "teem"},
		"no domain":            {"  email_domains: [contoso.example] ", "  email_domains: [] ", "company's domain is required"},
		"any domain":           {"  email_domains: [contoso.example] ", "  email_domains: [\"*\"] ", "is no domain"},
		"nobody could ask":     {"  open: 20 ", "  open: 0 ", "nobody could ask"},
		"unknown transport":    {"transport: socket", "transport: pigeon", "socket or http"},
		"no app token":         {"  app_token: env:FEDBOT_SLACK_APP_TOKEN ", "", "slack.app_token"},
		"bare secret":          {"env:FEDBOT_SLACK_BOT_TOKEN", "xoxb-1-oops", "reference"},
		"account id":           {`"111122223333"`, `"1111"`, "12 digits"},
		"two of one name":      {"name: shop-prod", "name: shop-dev", "there are two"},
		"plain http":           {"https://dev.azure.com/contoso", "http://dev.example.com/contoso", "must be https"},
		"unknown profile":      {"      profile: azure-devops", "      profile: entra", "no issuer profile"},
		"unknown organization": {"    - organization: contoso\n      name: Web Shop", "    - organization: fabrikam\n      name: Web Shop", "not configured"},
		"count of nobody":      {"          count: 1", "          count: 0", "count of at least 1"},
		"bad cron":             {`"0 7 * * MON"`, `"sometimes"`, "cron line"},
		"bad zone":             {"Europe/London", "Europe/Nowhere", "not known"},
		"never lapses":         {"lapse: 72h", "lapse: 0s", "must end some day"},
		"no owners":            {"      owners: shop-approvers", `      owners: ""`, "owners and boundary are required"},
		"unknown proof":        {"      proof: run\n", "      proof: first-use\n", "neither run nor empty"},
		"bad ticket":           {`"[A-Z]+-[0-9]+"`, `"[A-Z"`, "regular expression"},
		"bad risk":             {`risk: ""`, "risk: enormous", "none of low"},
		"rule for owners":      {"    - name: production", "    - name: account", "owners are asked under that name"},
		"bad reason pattern":   {`reason: "" `, `reason: "[A-Z" `, "reason is not a regular expression"},
		"reminded all day":     {"remind: {after: 24h, most: 2}", "remind: {after: 1m, most: 2}", "remind needs after"},
		"reminded for ever":    {"remind: {after: 24h, most: 2}", "remind: {after: 24h, most: 99}", "remind needs after"},
		"auto at high risk": {`risk: ""                         # low, medium or high: at least
      params: {}
      proof: ""                        # run: no other proof will do where this rule matches
      lapse: 0s
      channel: ""                      # where it is decided; of several rules the most specific wins, and the other channels get a link
      reason: ""                       # regular expression that the request's reason must match; empty: none
      remind: {after: 24h, most: 2}    # call those again who have not decided: after 24h, then after 48h more; {}: never
      no_delegates: false              # true: nobody stands in for anybody where this rule matches
      auto: false`, `risk: high
      auto: true`, "auto is for low risk only"},
		"a vote of administrators":    {"group: cloud-security\n", "group: fedbot-admins\n", "gives no vote"},
		"a vote of auditors":          {"group: cloud-security\n", "group: auditors\n", "press nothing"},
		"escalated to itself":         {"escalate: []", "escalate: [{after: 48h, group: cloud-security}]", "decides already"},
		"escalated too late":          {"escalate: []", "escalate: [{after: 72h, group: cloud-oncall}]", "by then the request has lapsed"},
		"escalated to nobody":         {"escalate: []", "escalate: [{after: 48h}]", "an escalation needs a group"},
		"escalated to administrators": {"escalate: []", "escalate: [{after: 48h, group: fedbot-admins}]", "gives no vote"},
		"a delegate of nobody":        {"delegates: []", "delegates: [{delegate: U0000000004, from: 2026-12-21, until: 2027-01-02}]", "for is the id of a person"},
		"a delegate by name":          {"delegates: []", "delegates: [{for: U0000000003, delegate: somebody, from: 2026-12-21, until: 2027-01-02}]", "delegate is the id of a person"},
		"a delegate of herself":       {"delegates: []", "delegates: [{for: U0000000003, delegate: U0000000003, from: 2026-12-21, until: 2027-01-02}]", "cannot stand in for themselves"},
		"a delegate for ever":         {"delegates: []", "delegates: [{for: U0000000003, delegate: U0000000004, from: 2026-12-21}]", "until is a day"},
		"a delegate backwards":        {"delegates: []", "delegates: [{for: U0000000003, delegate: U0000000004, from: 2026-12-21, until: 2026-12-01}]", "until is not before from"},
		"an unknown delegate key":     {"delegates: []", "delegates: [{whom: U0000000003}]", "whom"},
		"no turn":                     {"turn: 30s", "turn: 0s", "turn must be"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(string(text), m.old, m.new, 1)
			if broken == string(text) {
				t.Fatal("the example does not hold what this case changes")
			}
			_, err := config.Read(strings.NewReader(broken))
			if err == nil || !strings.Contains(err.Error(), m.want) {
				t.Fatalf("want an error with %q, got %v", m.want, err)
			}
			if strings.Contains(err.Error(), "xoxb-1-oops") {
				t.Fatal("the message repeats a secret")
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := config.Read(strings.NewReader("pace: {turn: 0s}\n"))
	for _, want := range []string{"team and channel", "bot_token", "at least one organization", "turn must be"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q among the mistakes, got %v", want, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Setenv("FEDBOT_TEST_SECRET", "hunter2")
	s := config.Refer("env:FEDBOT_TEST_SECRET")
	if v, err := s.Read(); err != nil || v != "hunter2" {
		t.Fatalf("Read() = %q, %v", v, err)
	}
	if got := s.String() + s.GoString(); strings.Contains(got, "hunter") || strings.Contains(got, "FEDBOT") {
		t.Errorf("printed %q", got)
	}
}

func FuzzRead(f *testing.F) {
	text, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("slack: {team: [}")
	f.Add("aws: {accounts: [{id: 1}]}")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := config.Read(strings.NewReader(s))
		if err == nil {
			if c.Rules().Compile() != nil {
				t.Fatal("accepted rules that do not compile")
			}
		}
	})
}
