package azuredevops

import (
	"context"
	"maps"
	"strconv"
	"strings"
)

// shell is just enough of a shell for the scripts that use a connection. Words it
// does not know are commands that are not found.
type shell struct {
	a       *agent
	env     map[string]string
	exitOn  bool // set -e
	stopped bool
	status  int
}

func newShell(a *agent) *shell {
	sh := &shell{a: a, env: map[string]string{"AWS_REGION": a.region, "AWS_DEFAULT_REGION": a.region, "AWS_ACCESS_KEY_ID": a.creds.id,
		"AWS_SECRET_ACCESS_KEY": a.creds.secret, "AWS_SESSION_TOKEN": a.creds.session}}
	for k, v := range a.vars {
		sh.env[strings.ToUpper(strings.NewReplacer(".", "_", " ", "_").Replace(k))] = v
	}
	for k, v := range a.step.Env {
		if text, ok := v.(string); ok {
			sh.env[k] = a.fillIn(text)
		}
	}
	return sh
}

// run executes a script and returns its exit code.
func (sh *shell) run(ctx context.Context, text string) int {
	commands, err := sh.parse(text)
	if err != "" {
		sh.a.printf("bash: %s", err)
		return 2
	}
	skip := false
	for i, c := range commands {
		if sh.stopped || ctx.Err() != nil {
			break
		}
		if skip = c.after == "&&" && sh.status != 0 || c.after == "||" && sh.status == 0; skip {
			continue
		}
		sh.status = sh.command(ctx, c)
		last := i+1 == len(commands) || commands[i+1].after == ";"
		if sh.status != 0 && sh.exitOn && last {
			break
		}
	}
	return sh.status
}

// command is one simple command: what came before it, its words and where its output goes.
type command struct {
	after  string // ";", "&&" or "||"
	words  []word
	into   string // file that takes the output; "" is the log
	append bool
}

// word is a word of the script before expansion: parts that may hold variables and parts that may not.
type word []struct {
	text    string
	literal bool
}

func (sh *shell) parse(text string) (commands []command, problem string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	cur := command{after: ";"}
	var w word
	inWord, redirect := false, ""
	addText := func(s string, literal bool) {
		inWord = true
		w = append(w, struct {
			text    string
			literal bool
		}{s, literal})
	}
	endWord := func() {
		if !inWord {
			return
		}
		if redirect != "" {
			cur.into, cur.append, redirect = sh.expand(w), redirect == ">>", ""
		} else {
			cur.words = append(cur.words, w)
		}
		w, inWord = nil, false
	}
	endCommand := func(next string) {
		endWord()
		if len(cur.words) > 0 {
			commands = append(commands, cur)
			cur = command{after: next}
		} else {
			cur.after = next
		}
	}
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; ch {
		case ' ', '\t', '\r':
			endWord()
		case '\n', ';':
			endCommand(";")
		case '#':
			if inWord {
				addText("#", true)
				continue
			}
			for i < len(text) && text[i] != '\n' {
				i++
			}
			endCommand(";")
		case '&', '|':
			if i+1 >= len(text) || text[i+1] != ch {
				return nil, "syntax error near unexpected token `" + string(ch) + "': this agent has no pipes and no background jobs"
			}
			endCommand(string(ch) + string(ch))
			i++
		case '>':
			endWord()
			if redirect = ">"; i+1 < len(text) && text[i+1] == '>' {
				redirect = ">>"
				i++
			}
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return nil, "unexpected EOF while looking for matching `''"
			}
			addText(text[i+1:i+1+end], true)
			i += end + 1
		case '"':
			inner, n, ok := quoted(text[i+1:])
			if !ok {
				return nil, "unexpected EOF while looking for matching `\"'"
			}
			addText(inner, false)
			i += n
		case '\\':
			if i++; i < len(text) {
				addText(string(text[i]), true)
			}
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t\r\n;#&|>'\"\\", rune(text[end])) {
				end++
			}
			addText(text[i:end], false)
			i = end - 1
		}
	}
	endCommand(";")
	return commands, ""
}

// quoted reads up to the closing double quote and returns the text and its length with the quote.
func quoted(text string) (inner string, n int, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), i + 1, true
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte("\"\\$`", text[i+1]) >= 0:
			i++
			if text[i] == '$' {
				b.WriteString("\x00") // stands for a dollar that is no variable
				continue
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, false
}

func (sh *shell) expand(w word) string {
	var b strings.Builder
	for _, part := range w {
		if part.literal {
			b.WriteString(part.text)
			continue
		}
		b.WriteString(strings.ReplaceAll(sh.variables(part.text), "\x00", "$"))
	}
	return b.String()
}

func (sh *shell) variables(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		rest := text[i+1:]
		if rest[0] == '?' {
			b.WriteString(strconv.Itoa(sh.status))
			i++
			continue
		}
		braces := rest[0] == '{'
		name := strings.TrimPrefix(rest, "{")
		end := 0
		for end < len(name) && (name[end] == '_' || name[end] >= '0' && name[end] <= '9' || name[end] >= 'A' && name[end] <= 'Z' || name[end] >= 'a' && name[end] <= 'z') {
			end++
		}
		if end == 0 || braces && (end == len(name) || name[end] != '}') {
			b.WriteByte('$')
			continue
		}
		b.WriteString(sh.env[name[:end]])
		i += end
		if braces {
			i += 2
		}
	}
	return b.String()
}

func (sh *shell) command(ctx context.Context, c command) int {
	words := make([]string, 0, len(c.words))
	for _, w := range c.words {
		words = append(words, sh.expand(w))
	}
	out, code := sh.builtin(ctx, words)
	if c.into != "" {
		path := strings.TrimPrefix(c.into, "./")
		if c.append {
			out = sh.a.files[path] + out
		}
		if path != "/dev/null" {
			sh.write(path, out)
		}
	} else if out != "" {
		sh.a.printf("%s", strings.TrimSuffix(out, "\n"))
	}
	return code
}

func (sh *shell) write(path, text string) {
	sh.a.files, sh.a.written = maps.Clone(sh.a.files), maps.Clone(sh.a.written)
	sh.a.files[path], sh.a.written[path] = text, text
}

func (sh *shell) builtin(ctx context.Context, words []string) (out string, code int) {
	if name, value, ok := strings.Cut(words[0], "="); ok && len(words) == 1 && !strings.ContainsAny(name, "-/.") {
		sh.env[name] = value
		return "", 0
	}
	switch words[0] {
	case "echo":
		text := strings.Join(words[1:], " ")
		if len(words) > 1 && words[1] == "-n" {
			return strings.Join(words[2:], " "), 0
		}
		return text + "\n", 0
	case "set":
		for _, w := range words[1:] {
			if strings.HasPrefix(w, "-") && strings.Contains(w, "e") {
				sh.exitOn = true
			} else if strings.HasPrefix(w, "+") && strings.Contains(w, "e") {
				sh.exitOn = false
			}
		}
		return "", 0
	case "export":
		for _, w := range words[1:] {
			if name, value, ok := strings.Cut(w, "="); ok {
				sh.env[name] = value
			}
		}
		return "", 0
	case "true", ":", "mkdir", "cd":
		return "", 0
	case "false":
		return "", 1
	case "exit":
		sh.stopped = true
		if len(words) > 1 {
			code, _ = strconv.Atoi(words[1])
			return "", code
		}
		return "", sh.status
	case "cat":
		for _, name := range words[1:] {
			text, ok := sh.a.files[strings.TrimPrefix(name, "./")]
			if !ok {
				sh.a.printf("cat: %s: No such file or directory", name)
				return out, 1
			}
			out += text
		}
		return out, 0
	case "aws":
		return sh.aws(ctx, words[1:])
	}
	sh.a.printf("bash: line 1: %s: command not found", words[0])
	return "", 127
}
