package bot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fedbot/workflows"
)

// intent is what somebody typed after /federate, understood.
type intent struct {
	Verb       string
	Federation workflows.FederationID
	Request    workflows.RequestID
	Project    string // of request and history
	Reason     string
	Ask        bool // request with flags: send it without a form
	Wish       answers
}

// misread says which word was not understood, and which was perhaps meant.
type misread struct {
	Say   string
	Usage string
	Typed bool // what was typed can be carried into the form
}

func (e *misread) Error() string { return e.Say }

// usages are the verbs, in the order in which help shows them. A verb that is not
// here does not exist.
var usages = []struct{ verb, args, means string }{
	{"request", `[PROJECT]`, "ask for a federation, in a form"},
	{"request", `--org ORG --project PROJECT --account ACCOUNT --template NAME [--param NAME=VALUE]… [--template NAME …] --reason TEXT [--connection NAME] [--pipeline NAME]… [--branch PATTERN]… [--owner TEAM] [--ends 6m|DATE]`, "ask without a form"},
	{"list", ``, "what needs somebody, and what is yours"},
	{"show", `F-17`, "the card of a federation"},
	{"history", `PROJECT`, "what happened, newest first"},
	{"explain", `--project PROJECT --account ACCOUNT --template NAME [--param NAME=VALUE]…`, "who would approve that, and why; nobody is asked"},
	{"explain", `F-17`, "who decides about it, and why"},
	{"withdraw", `F-17.1`, "take a request back"},
	{"revoke", `F-17 --reason TEXT`, "remove the role and the connection, at once"},
	{"quarantine", `F-17 --reason TEXT`, "stop it at once; nothing is deleted"},
	{"release", `F-17 --reason TEXT`, "ask to lift a quarantine"},
	{"drift", `[F-17]`, "compare with what was approved, now"},
	{"console", ``, "the address of the console"},
	{"help", ``, "this list"},
}

// parse understands a command's text. Errors are *misread.
func parse(typed string) (intent, error) {
	words, err := split(typed)
	if err != nil {
		return intent{}, err
	}
	if len(words) == 0 {
		return intent{Verb: "request"}, nil
	}
	in := intent{Verb: strings.ToLower(words[0].text)}
	args := words[1:]
	switch in.Verb {
	case "request":
		return in, in.request(args)
	case "list", "console", "help":
		return in, in.none(args)
	case "show":
		return in, in.about(args, false)
	case "explain":
		return in, in.explain(args)
	case "revoke", "quarantine", "release":
		return in, in.about(args, true)
	case "withdraw":
		return in, in.withdraw(args)
	case "history":
		in.Project = phrase(args)
		if in.Project == "" {
			return in, in.wrong("Which project? A project's name or a federation's id is missing.")
		}
		return in, nil
	case "drift":
		if len(args) == 0 {
			return in, nil
		}
		return in, in.about(args, false)
	}
	return in, unknownVerb(words[0].text)
}

func (in *intent) none(args []word) error {
	if len(args) > 0 {
		return in.wrong("%q is one word too many.", args[0].text)
	}
	return nil
}

// about reads "F-17", and "--reason …" where one is needed.
func (in *intent) about(args []word, reason bool) error {
	plain, flags, err := in.flags(args, []string{"reason"})
	if err != nil {
		return err
	}
	if len(plain) != 1 || workflows.FederationID(federationID(plain[0].text)).Number() == 0 {
		return in.wrong("Which federation? An id such as F-17 is missing.")
	}
	in.Federation = workflows.FederationID(federationID(plain[0].text))
	for _, f := range flags {
		in.Reason = f.value
	}
	if reason && in.Reason == "" {
		return in.wrong("Not done: a reason is needed. Others read it in the history.")
	}
	if !reason && len(flags) > 0 {
		return in.wrong("%s takes no --reason.", in.Verb)
	}
	return nil
}

func (in *intent) withdraw(args []word) error {
	if len(args) == 1 {
		id := workflows.RequestID(federationID(args[0].text))
		_, n, dotted := strings.Cut(string(id), ".")
		if i, err := strconv.Atoi(n); dotted && err == nil && i > 0 && id.Federation().Number() > 0 {
			in.Request, in.Federation = id, id.Federation()
			return nil
		}
	}
	return in.wrong("Which request? An id such as F-17.1 is missing.")
}

func federationID(s string) string {
	if strings.HasPrefix(s, "f-") {
		return "F" + s[1:]
	}
	return s
}

func (in *intent) wrong(format string, args ...any) error {
	return &misread{Say: fmt.Sprintf(format, args...), Usage: usage(in.Verb)}
}

func usage(verb string) string {
	var out []string
	for _, u := range usages {
		if u.verb == verb {
			out = append(out, strings.TrimRight("/federate "+u.verb+" "+u.args, " "))
		}
	}
	return strings.Join(out, "\n")
}

func unknownVerb(typed string) error {
	var verbs []string
	for _, u := range usages {
		verbs = append(verbs, u.verb)
	}
	say := fmt.Sprintf("Not understood: %q.", cut(typed, 60))
	if near := nearest(strings.ToLower(typed), verbs); near != "" {
		return &misread{Say: say + " Did you mean " + near + "?", Usage: usage(near)}
	}
	return &misread{Say: say + " Try /federate help.", Usage: "/federate help"}
}

// word is one word with whether it was quoted: a quoted one is never a flag.
type word struct {
	text   string
	quoted bool
}

func (w word) flag() bool { return !w.quoted && strings.HasPrefix(w.text, "--") && len(w.text) > 2 }

// split cuts a text into words. Phones and Macs turn quotes and dashes into
// typographic ones; they are taken as plain.
func split(typed string) ([]word, error) {
	typed = unescape.Replace(typed)
	var out []word
	for rest := strings.TrimLeftFunc(typed, unicode.IsSpace); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		w, n, err := next(rest)
		if err != nil {
			return nil, err
		}
		out, rest = append(out, w), rest[n:]
	}
	return out, nil
}

// next reads one word, and how many bytes it took. Quotes open at the start of a
// word or after "=", so that an apostrophe within a word is a letter.
func next(s string) (word, int, error) {
	var b strings.Builder
	w := word{}
	var inside rune
	opens := true
	for i, r := range s {
		q := quote(r)
		switch {
		case inside != 0 && q == inside:
			inside, opens = 0, false
		case inside != 0:
			b.WriteRune(r)
		case q != 0 && opens:
			inside, w.quoted = q, w.quoted || b.Len() == 0
		case unicode.IsSpace(r):
			w.text = dashes(b.String(), w.quoted)
			return w, i, nil
		default:
			b.WriteRune(r)
			opens = r == '='
		}
	}
	if inside != 0 {
		return w, 0, &misread{Say: "Not understood: a quotation mark is open. Close it, or leave it out.", Usage: usage("request"), Typed: false}
	}
	w.text = dashes(b.String(), w.quoted)
	return w, len(s), nil
}

// dashes makes a leading typographic dash, or a single one before a letter, "--".
func dashes(s string, quoted bool) string {
	if quoted {
		return s
	}
	rest := strings.TrimLeft(s, "-–—−")
	r, _ := utf8.DecodeRuneInString(rest)
	if rest == s || !unicode.IsLetter(r) {
		return s
	}
	return "--" + rest
}

func quote(r rune) rune {
	switch r {
	case '"', '“', '”', '„', '‟', '«', '»':
		return '"'
	case '\'', '‘', '’', '‚', '‛':
		return '\''
	}
	return 0
}

var unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

func phrase(args []word) string {
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = a.text
	}
	return strings.Join(all, " ")
}

// nearest is the candidate that differs by a slip of the finger or two, or "".
func nearest(typed string, from []string) string {
	best, least := "", 3
	for _, c := range from {
		if d := distance(typed, c); d < least {
			best, least = c, d
		}
	}
	return best
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	if len(a) > 40 {
		return len(a)
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// lapseForms are the ends that can be typed: 6m, 1y, 90d, 2w or a date.
func until(typed string, now time.Time) (time.Time, bool) {
	if day, err := time.Parse("2006-01-02", typed); err == nil {
		return day, true
	}
	if len(typed) < 2 || len(typed) > 4 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(typed[:len(typed)-1])
	if err != nil || n < 1 {
		return time.Time{}, false
	}
	today := now.UTC().Truncate(24 * time.Hour)
	switch typed[len(typed)-1] {
	case 'd':
		return today.AddDate(0, 0, n), true
	case 'w':
		return today.AddDate(0, 0, 7*n), true
	case 'm':
		return today.AddDate(0, n, 0), true
	case 'y':
		return today.AddDate(n, 0, 0), true
	}
	return time.Time{}, false
}

// given is one flag with its value.
type given struct{ name, value string }

// flags separates flags from plain words. A flag's value goes on to the next flag,
// so that nobody has to quote a sentence.
func (in *intent) flags(args []word, known []string) (plain []word, out []given, err error) {
	for i := 0; i < len(args); i++ {
		if !args[i].flag() {
			plain = append(plain, args[i])
			continue
		}
		name, value, _ := strings.Cut(args[i].text[2:], "=")
		name = strings.ToLower(name)
		if !slices.Contains(known, name) {
			say := fmt.Sprintf("Not understood: %q.", "--"+cut(name, 60))
			if near := nearest(name, known); near != "" {
				say += " Did you mean --" + near + "?"
			}
			return nil, nil, &misread{Say: say, Usage: usage(in.Verb), Typed: in.Verb == "request"}
		}
		values := []string{}
		if value != "" {
			values = append(values, value)
		}
		for i+1 < len(args) && !args[i+1].flag() {
			i++
			values = append(values, args[i].text)
		}
		value = strings.Join(values, " ")
		if value == "" {
			return nil, nil, &misread{Say: fmt.Sprintf("--%s needs a value.", name), Usage: usage(in.Verb), Typed: in.Verb == "request"}
		}
		out = append(out, given{name, value})
	}
	return plain, out, nil
}
