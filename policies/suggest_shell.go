package policies

import (
	"regexp"
	"slices"
	"strings"
)

// command is one command of a script: its words as they will be, with marks for what
// is not known.
type command struct {
	line  int
	words []string
}

// mostCommands bounds how much of one script is read.
const mostCommands = 2000

// shell reads scripts as far as telling commands apart: quotes, continued lines,
// comments, pipes and substitutions. It runs nothing, and what it does not
// understand it keeps as words.
type shellReader struct {
	text  []rune
	at    int
	line  int
	pwsh  bool
	vars  map[string]string // of the shell, by name; may hold marks
	out   []command
	word  strings.Builder
	in    bool // inside a word
	words []string
	start int
	deep  int
	here  []string // ends of here-documents that are still to come
	left  *int     // how many more bytes variables may add to the script
}

// commands reads a script, in which Azure Pipelines has filled its own variables
// already.
func commands(script string, line int, pwsh bool, vars map[string]string) []command {
	left := longestText
	return readShell(script, line, pwsh, vars, 0, &left)
}

func readShell(script string, line int, pwsh bool, vars map[string]string, deep int, left *int) []command {
	r := &shellReader{text: []rune(strings.ReplaceAll(script, "\r\n", "\n")), line: line, pwsh: pwsh, vars: vars, deep: deep, left: left}
	for r.at < len(r.text) && len(r.out) < mostCommands {
		r.step()
	}
	r.endCommand()
	return r.out
}

func (r *shellReader) peek(n int) rune {
	if r.at+n < len(r.text) {
		return r.text[r.at+n]
	}
	return 0
}

func (r *shellReader) add(s string) {
	if !r.in && len(r.words) == 0 {
		r.start = r.line
	}
	r.in = true
	r.word.WriteString(s)
}

func (r *shellReader) endWord() {
	if r.in {
		r.words = append(r.words, r.word.String())
	}
	r.word.Reset()
	r.in = false
}

func (r *shellReader) endCommand() {
	r.endWord()
	if len(r.words) > 1 && slices.Contains([]string{"export", "readonly", "declare", "local"}, r.words[0]) {
		for _, w := range r.words[1:] {
			r.assigns(w)
		}
	}
	if len(r.words) > 2 && r.words[0] == "for" && r.words[2] == "in" {
		r.vars[r.words[1]] = unknownMark("$" + shown(r.words[1]) + " is one of several")
	}
	for len(r.words) > 0 && r.assigns(r.words[0]) {
		r.words = r.words[1:]
	}
	if len(r.words) > 0 {
		r.out = append(r.out, command{r.start, r.words})
	}
	r.words = nil
}

var assignment = regexp.MustCompile(`(?s)^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// assigns notes NAME=value in front of a command. A name that gets a second value is
// not known any more.
func (r *shellReader) assigns(word string) bool {
	m := assignment.FindStringSubmatch(word)
	if m == nil || r.pwsh {
		return false
	}
	if old, ok := r.vars[m[1]]; ok && old != m[2] {
		m[2] = unknownMark("$" + m[1] + " is set twice")
	}
	r.vars[m[1]] = m[2]
	return true
}

// step reads one character, or what it begins.
func (r *shellReader) step() {
	c := r.text[r.at]
	switch {
	case c == '\n':
		r.at++
		r.line++
		r.endCommand()
		r.skipHere()
	case c == '\\' && !r.pwsh && r.peek(1) == '\n', c == '`' && r.pwsh && r.peek(1) == '\n', c == '^' && r.peek(1) == '\n':
		r.at += 2
		r.line++
		r.endWord()
	case c == '\\' && !r.pwsh:
		r.add(string(r.peek(1)))
		r.at += 2
	case c == ' ' || c == '\t':
		r.at++
		r.endWord()
	case c == '#' && !r.in:
		for r.at < len(r.text) && r.text[r.at] != '\n' {
			r.at++
		}
	case c == ';' || c == '|' || c == '&' || c == '(' || c == ')' || c == '{' && !r.in || c == '}' && !r.in:
		r.at++
		r.endCommand()
	case c == '<' && r.peek(1) == '<' && !r.pwsh:
		r.heredoc()
	case c == '<' || c == '>':
		r.at++
		r.endWord()
	case c == '\'':
		r.single()
	case c == '"':
		r.double()
	case c == '`' && !r.pwsh:
		r.substitute(r.until('`', 1))
	case c == '$':
		r.dollar()
	case string(c) == markOpen:
		r.mark()
	default:
		r.add(string(c))
		r.at++
	}
}

// mark keeps what is not known in one piece, whatever it says.
func (r *shellReader) mark() {
	begin := r.at
	for r.at < len(r.text) && string(r.text[r.at]) != markClose {
		r.at++
	}
	r.at = min(r.at+1, len(r.text))
	r.add(string(r.text[begin:r.at]))
}

func (r *shellReader) single() {
	r.add("")
	for r.at++; r.at < len(r.text) && r.text[r.at] != '\''; r.at++ {
		r.newline()
		r.add(string(r.text[r.at]))
	}
	r.at++
}

func (r *shellReader) newline() {
	if r.text[r.at] == '\n' {
		r.line++
	}
}

func (r *shellReader) double() {
	r.add("")
	for r.at++; r.at < len(r.text) && r.text[r.at] != '"'; {
		switch c := r.text[r.at]; {
		case c == '\\' && !r.pwsh && r.at+1 < len(r.text):
			r.at++
			r.newline()
			if r.text[r.at] != '\n' {
				r.add(string(r.text[r.at]))
			}
			r.at++
		case c == '$':
			r.dollar()
		case c == '`' && !r.pwsh:
			r.substitute(r.until('`', 1))
		default:
			r.newline()
			r.add(string(c))
			r.at++
		}
	}
	r.at++
}

// dollar reads a variable or a substitution.
func (r *shellReader) dollar() {
	switch c := r.peek(1); {
	case c == '(':
		r.at++
		r.substitute(r.until(')', 1))
	case c == '{':
		inside := r.braced()
		r.add(r.variable(strings.TrimPrefix(inside, "env:")))
	case isNameStart(c):
		r.at++
		begin := r.at
		for r.at < len(r.text) && (isNameStart(r.text[r.at]) || r.text[r.at] >= '0' && r.text[r.at] <= '9' || r.pwsh && r.text[r.at] == ':') {
			r.at++
		}
		r.add(r.variable(strings.TrimPrefix(string(r.text[begin:r.at]), "env:")))
	default:
		r.add("$")
		r.at++
	}
}

func isNameStart(c rune) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (r *shellReader) braced() string {
	begin := r.at + 2
	for r.at < len(r.text) && r.text[r.at] != '}' {
		r.newline()
		r.at++
	}
	inside := string(r.text[min(begin, r.at):r.at])
	r.at++
	return inside
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r *shellReader) variable(name string) string {
	if v, ok := r.vars[name]; ok && plainName.MatchString(name) {
		if *r.left -= len(v); *r.left < 0 {
			return unknownMark("the script grows too long")
		}
		return v
	}
	return unknownMark("$" + shown(name) + " is set elsewhere")
}

// until returns what stands between here and the matching end, which it passes.
// open is how many are open already.
func (r *shellReader) until(end rune, open int) string {
	r.at++
	begin := r.at
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == end:
			open--
		case end == ')' && c == '(':
			open++
		}
		if open == 0 {
			inside := string(r.text[begin:r.at])
			r.at++
			return inside
		}
	}
	return string(r.text[begin:])
}

// substitute reads the commands inside, and what they print is not known.
func (r *shellReader) substitute(inside string) {
	r.add(unknownMark("what a command prints is not known"))
	if r.deep < 5 {
		r.out = append(r.out, readShell(inside, r.line, r.pwsh, r.vars, r.deep+1, r.left)...)
	}
	r.line += strings.Count(inside, "\n")
}

var heredocStart = regexp.MustCompile(`^<<-?[ \t]*['"\\]?([A-Za-z_][A-Za-z0-9_]*)['"]?`)

// heredoc notes where a here-document ends: its text is data.
func (r *shellReader) heredoc() {
	m := heredocStart.FindStringSubmatch(string(r.text[r.at:min(len(r.text), r.at+100)]))
	r.endWord()
	if m == nil { // a here-string
		r.at += 2
		return
	}
	r.at += len(m[0]) // of ASCII
	r.here = append(r.here, m[1])
}

// skipHere passes over the here-documents that begin after a line.
func (r *shellReader) skipHere() {
	for len(r.here) > 0 && r.at < len(r.text) {
		begin := r.at
		for r.at < len(r.text) && r.text[r.at] != '\n' {
			r.at++
		}
		if strings.TrimSpace(string(r.text[begin:r.at])) == r.here[0] {
			r.here = r.here[1:]
		}
		r.at++
		r.line++
	}
}
