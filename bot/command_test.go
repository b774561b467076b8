package bot

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fedbot/workflows"
)

func TestParse(t *testing.T) {
	wish := answers{Organization: "contoso", Project: "Web Shop", Connection: "aws-shop-dev", Account: "shop-dev", Template: "s3-static-site",
		Params: map[string]string{"bucket": "shop-site-dev", "folder": "web/"}, Reason: "Deploy it. SHOP-412"}
	all := wish
	all.Pipelines, all.Branches, all.Owner, all.Ends = []string{"storefront-deploy", "night run"}, "main, release/*", "web-shop", "6m"
	two := wish
	two.Also = []workflows.Grant{{Template: "kms-for-bucket", Params: map[string]string{"key": "1234"}}, {Template: "audit-read", Params: map[string]string{}}}
	base := `--org contoso --project "Web Shop" --connection aws-shop-dev --account shop-dev --template s3-static-site --param bucket=shop-site-dev --param folder=web/ --reason "Deploy it. SHOP-412"`
	for typed, want := range map[string]intent{
		"":                 {Verb: "request"},
		"request":          {Verb: "request"},
		"request Web Shop": {Verb: "request", Project: "Web Shop", Wish: answers{Project: "Web Shop"}},
		"request " + base:  {Verb: "request", Ask: true, Wish: wish},
		"request " + strings.NewReplacer(`"`, "“", "--", "—").Replace(base):                                                                    {Verb: "request", Ask: true, Wish: wish},
		"request " + strings.ReplaceAll(base, `"`, ""):                                                                                         {Verb: "request", Ask: true, Wish: wish},
		"REQUEST --org=contoso" + strings.TrimPrefix(base, "--org contoso"):                                                                    {Verb: "request", Ask: true, Wish: wish},
		"request " + base + ` --pipeline storefront-deploy --pipeline 'night run' --branch main --branch release/* --owner web-shop --ends 6m`: {Verb: "request", Ask: true, Wish: all},
		"request " + base + ` --template kms-for-bucket --param key=1234 --template audit-read`:                                                {Verb: "request", Ask: true, Wish: two},
		"list":                           {Verb: "list"},
		"show F-17":                      {Verb: "show", Federation: "F-17"},
		"show f-17":                      {Verb: "show", Federation: "F-17"},
		"history Web Shop":               {Verb: "history", Project: "Web Shop"},
		"history ‘Web Shop’":             {Verb: "history", Project: "Web Shop"},
		"withdraw F-17.1":                {Verb: "withdraw", Federation: "F-17", Request: "F-17.1"},
		"revoke F-17 --reason It’s over": {Verb: "revoke", Federation: "F-17", Reason: "It’s over"},
		"quarantine F-17 –reason “R&amp;D”": {Verb: "quarantine", Federation: "F-17", Reason: "R&D"},
		"release F-17 -reason safe":         {Verb: "release", Federation: "F-17", Reason: "safe"},
		"drift":                             {Verb: "drift"},
		"drift F-17":                        {Verb: "drift", Federation: "F-17"},
		"console":                           {Verb: "console"},
		"help":                              {Verb: "help"},
	} {
		got, err := parse(typed)
		if err != nil {
			t.Errorf("parse(%q): %v", typed, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parse(%q) (-want +got):\n%s", typed, diff)
		}
	}
}

func TestMisread(t *testing.T) {
	for typed, want := range map[string]string{
		"request --acount shop-dev": `Not understood: "--acount". Did you mean --account?`,
		"request —acount shop-dev":  `Not understood: "--acount". Did you mean --account?`,
		"request --template a --param x=1 --template b --param y=1 --param y=2": "--param y is there twice for one template.",
		"requst":                       `Not understood: "requst". Did you mean request?`,
		"renew F-17":                   `Not understood: "renew". Try /federate help.`,
		"change F-17":                  `Not understood: "change". Try /federate help.`,
		"adopt":                        `Not understood: "adopt". Try /federate help.`,
		"diagnose F-17":                `Not understood: "diagnose". Try /federate help.`,
		"explain":                      "Which request? --project, --account, --template missing.",
		"explain Web Shop":             `Not understood: "Web Shop". It is explain F-17, or explain with flags.`,
		"explain F-x":                  "Which federation? An id such as F-17 is missing.",
		"show":                         "Which federation? An id such as F-17 is missing.",
		"show F-0":                     "Which federation? An id such as F-17 is missing.",
		"show F-17 --reason x":         "show takes no --reason.",
		"withdraw F-17":                "Which request? An id such as F-17.1 is missing.",
		"withdraw F-17.x":              "Which request? An id such as F-17.1 is missing.",
		"revoke F-17":                  "Not done: a reason is needed. Others read it in the history.",
		"revoke F-17 --reason":         "--reason needs a value.",
		"list all":                     `"all" is one word too many.`,
		"history":                      "Which project? A project's name or a federation's id is missing.",
		`request --reason "open`:       "Not understood: a quotation mark is open. Close it, or leave it out.",
		"request --org a --org b":      "--org is there twice.",
		"request --param bucket":       "Not understood: --param bucket. It is written NAME=VALUE.",
		"request --org a --project b":  "Not sent: --account, --template, --reason missing.",
		"request Web Shop --account a": `Not understood: "Web Shop". With flags, the project goes after --project.`,
	} {
		_, err := parse(typed)
		var wrong *misread
		if !errors.As(err, &wrong) {
			t.Errorf("parse(%q) = %v, want a misread", typed, err)
			continue
		}
		if wrong.Say != want {
			t.Errorf("parse(%q) says %q, want %q", typed, wrong.Say, want)
		}
		if wrong.Usage == "" {
			t.Errorf("parse(%q) has no usage", typed)
		}
	}
}

// TestTypedAgain: what was understood of a command opens the form.
func TestTypedAgain(t *testing.T) {
	typed := `request --org contoso --project Web Shop --acount shop-dev --reason "SHOP-1" --param bucket=b`
	_, err := parse(typed)
	m := misreadMessage(err.(*misread), typed)
	value := buttons(m)[actForm]
	want := answers{Organization: "contoso", Project: "Web Shop", Reason: "SHOP-1", Params: map[string]string{"bucket": "b"}}
	if diff := cmp.Diff(want, typedAgain(value)); diff != "" {
		t.Errorf("the form opens with (-want +got):\n%s", diff)
	}
}

// TestCommandLine: the command shown behind Details asks for the same again.
func TestCommandLine(t *testing.T) {
	p := wanted()
	in, err := parse(strings.TrimPrefix(commandLine(p), "/federate "))
	if err != nil {
		t.Fatal(err)
	}
	got, err := in.Wish.proposal(start)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("(-asked +read):\n%s", diff)
	}
}

func TestUntil(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	for typed, want := range map[string]time.Time{
		"6m": day(2027, 5, 24), "1y": day(2027, 11, 24), "90d": day(2027, 2, 22), "2w": day(2026, 12, 8), "2027-02-01": day(2027, 2, 1),
	} {
		if got, ok := until(typed, start); !ok || !got.Equal(want) {
			t.Errorf("until(%q) = %v, %v, want %v", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", "6", "m", "0m", "-1d", "6x", "99999999999m", "2027-13-01", "soon"} {
		if got, ok := until(typed, start); ok {
			t.Errorf("until(%q) = %v", typed, got)
		}
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{"", "request", `request --org contoso --project "Web Shop" —reason “x”`, "show F-17", "withdraw F-1.1", "revoke F-1 --reason 'a b'",
		`request --param a=b=c --ends 6m`, "–", "--", `"`, "history \u00a0x", "request ---x y", "explain F-1", `explain --project P --account a --template t --param x=1`,
		`request --org o --project P --account a --account b --template t --param a:x=1 --param x=2 --param :=: --reason r`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		in, err := parse(typed)
		var wrong *misread
		if err != nil && !errors.As(err, &wrong) {
			t.Fatalf("parse(%q): %v is no misread", typed, err)
		}
		if wrong != nil {
			m := misreadMessage(wrong, typed)
			for _, bad := range limits(m.Blocks, maxBlocks) {
				t.Errorf("parse(%q): %s", typed, bad)
			}
			return
		}
		if in.Federation != "" && in.Federation.Number() == 0 {
			t.Errorf("parse(%q) let through the id %q", typed, in.Federation)
		}
		if in.Request != "" && in.Request.Federation() != in.Federation {
			t.Errorf("parse(%q): request %q of %q", typed, in.Request, in.Federation)
		}
		if in.Ask {
			if n := len(in.Wish.accounts()); n < 1 || n > mostAccounts || len(in.Wish.proposals(start)) != n {
				t.Errorf("parse(%q) asks for %d accounts", typed, n)
			}
			if _, err := in.Wish.proposal(start); err != nil && !errors.Is(err, workflows.ErrRefused) {
				t.Errorf("parse(%q): %v", typed, err)
			}
		}
		if utf8.ValidString(typed) && !utf8.ValidString(in.Reason+in.Project) {
			t.Errorf("parse(%q) broke a letter", typed)
		}
	})
}
