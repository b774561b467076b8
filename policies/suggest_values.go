package policies

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A value that the file does not tell is kept in a text as a mark with its reason,
// between characters that no file holds.
const (
	markOpen  = "\x01"
	markClose = "\x02"
)

func unknownMark(why string) string { return markOpen + why + markClose }

// unknownIn returns the first reason why a text is not known, or nothing.
func unknownIn(text string) string {
	_, rest, ok := strings.Cut(text, markOpen)
	if !ok {
		return ""
	}
	why, _, _ := strings.Cut(rest, markClose)
	return why
}

// bare is a text as a person would read it back, marks shown as what was written.
func bare(text string) string {
	return strings.NewReplacer(markOpen, "$(", markClose, ")").Replace(text)
}

// scope is the variables and parameters that a step sees. A name may be hidden by
// an inner scope.
type scope struct {
	outer   *scope
	vars    map[string]string // by lower-case name; may hold marks
	params  map[string]string
	changed map[string]bool // of the outermost: set by a script while the pipeline runs
	left    *int            // how many more variables of the file are looked up
}

// mostLookups bounds the work on a file whose variables refer to each other.
const mostLookups = 5000

func newScope(outer *scope) *scope {
	s := &scope{outer: outer, vars: map[string]string{}, params: map[string]string{}}
	if outer != nil {
		s.left = outer.left
	} else {
		left := mostLookups
		s.left = &left
	}
	return s
}

var setsVariable = regexp.MustCompile(`(?i)##vso\[task\.setvariable[^\]]*\bvariable=([A-Za-z0-9_.]+)`)

// set notes the variables that scripts of the file set while it runs: what the file
// says about them is not what they are.
func (s *scope) set(source []byte) {
	s.changed = map[string]bool{}
	for _, m := range setsVariable.FindAllSubmatch(source, -1) {
		s.changed[strings.ToLower(string(m[1]))] = true
	}
}

// variables reads both forms: a mapping, and a list of name and value, group and
// template.
func (s *scope) variables(n ast.Node, depth int) {
	if depth > 10 {
		return
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		for _, item := range list.Values {
			name, value := "", ""
			for _, m := range members(item) {
				switch m.key {
				case "name":
					name = plainText(m.value).text
				case "value":
					value = plainText(m.value).text
				case "group", "template":
				default:
					s.conditional(m, depth)
				}
			}
			if name != "" {
				s.define(s.vars, name, value)
			}
		}
		return
	}
	for _, m := range members(n) {
		if strings.HasPrefix(m.key, "${{") {
			s.conditional(m, depth)
			continue
		}
		s.define(s.vars, m.key, plainText(m.value).text)
	}
}

// conditional notes variables that depend on a condition: fedbot does not decide it.
func (s *scope) conditional(m member, depth int) {
	if !strings.HasPrefix(m.key, "${{") {
		return
	}
	inner := newScope(nil)
	inner.variables(m.value, depth+1)
	for name := range inner.vars {
		s.vars[name] = unknownMark(fmt.Sprintf("%s depends on the condition in line %d", name, m.line))
	}
}

func (s *scope) define(into map[string]string, name, value string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if old, twice := into[name]; twice && old != value {
		value = unknownMark(name + " is set twice")
	}
	into[name] = value
}

// parameters reads the defaults of a file's parameters. Whoever runs the pipeline
// can choose others, so a default is not a value.
func (s *scope) parameters(n ast.Node) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return
	}
	for _, item := range list.Values {
		name, usually, line := "", "", 0
		for _, m := range members(item) {
			switch m.key {
			case "name":
				name, line = plainText(m.value).text, m.line
			case "default":
				usually = plainText(m.value).text
			}
		}
		if name == "" {
			continue
		}
		why := fmt.Sprintf("parameter %s of line %d is chosen for each run", shown(name), line)
		if usually != "" {
			why += ", by default " + shown(usually)
		}
		s.params[strings.ToLower(name)] = unknownMark(why)
	}
}

func (s *scope) variable(name string) string { return s.find(strings.ToLower(name), 0) }

func (s *scope) find(name string, depth int) string {
	if depth > 20 {
		return unknownMark(shown(name) + " refers to itself")
	}
	if *s.left--; *s.left < 0 {
		return unknownMark("the file refers to more variables than fedbot looks up")
	}
	for at := s; at != nil; at = at.outer {
		if at.changed[name] {
			return unknownMark("variable " + name + " is set by a script while it runs")
		}
	}
	for at := s; at != nil; at = at.outer {
		if v, ok := at.vars[name]; ok {
			v = s.expand(v, depth+1)
			*s.left -= len(v) / 256 // a long value is as much work as many
			return v
		}
	}
	if strings.HasPrefix(name, "build.") || strings.HasPrefix(name, "system.") || strings.HasPrefix(name, "agent.") || strings.HasPrefix(name, "pipeline.") ||
		strings.HasPrefix(name, "release.") || strings.HasPrefix(name, "environment.") {
		return unknownMark("$(" + shown(name) + ") is another one in each run")
	}
	return unknownMark("variable " + shown(name) + " is set elsewhere")
}

var (
	templateHole = regexp.MustCompile(`\$\{\{([^{}]*)\}\}`)
	runtimeHole  = regexp.MustCompile(`\$\[[^\]\n]*\]`)
	macroHole    = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)
	variableRef  = regexp.MustCompile(`^\s*variables(?:\.([A-Za-z_][A-Za-z0-9_.]*)|\[\s*'([^']*)'\s*\])\s*$`)
	parameterRef = regexp.MustCompile(`^\s*parameters(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*'([^']*)'\s*\])\s*$`)
)

// longestText bounds what a text may become by expansion.
const longestText = 64 << 10

// expand fills what Azure Pipelines would fill: ${{ … }}, $[ … ] and $(…). A $(…)
// that is no variable's name is left to the shell.
func (s *scope) expand(text string, depth int) string {
	if !strings.Contains(text, "$") || len(text) > longestText {
		return text
	}
	text = templateHole.ReplaceAllStringFunc(text, func(hole string) string {
		inside := templateHole.FindStringSubmatch(hole)[1]
		if m := variableRef.FindStringSubmatch(inside); m != nil {
			return s.find(strings.ToLower(m[1]+m[2]), depth+1)
		}
		if m := parameterRef.FindStringSubmatch(inside); m != nil {
			return s.parameter(strings.ToLower(m[1] + m[2]))
		}
		return unknownMark("the expression " + shown(strings.TrimSpace(inside)) + " is worked out when it runs")
	})
	text = runtimeHole.ReplaceAllString(text, unknownMark("an expression is worked out when it runs"))
	grown := len(text)
	text = macroHole.ReplaceAllStringFunc(text, func(hole string) string {
		if grown > longestText {
			return ""
		}
		v := s.find(strings.ToLower(macroHole.FindStringSubmatch(hole)[1]), depth+1)
		grown += len(v)
		return v
	})
	if max(len(text), grown) > longestText {
		return unknownMark("it grows too long")
	}
	return text
}

func (s *scope) parameter(name string) string {
	for at := s; at != nil; at = at.outer {
		if v, ok := at.params[name]; ok {
			return v
		}
	}
	return unknownMark("parameter " + shown(name) + " is given by another file")
}

// value is an input of a task as it will be, with the reason where it is not known.
func (s *step) value(name, or string) (text, unknown string) {
	in, ok := s.inputs[strings.ToLower(name)]
	if !ok {
		return or, ""
	}
	text = strings.TrimSpace(s.scope.expand(in.text, 0))
	return text, unknownIn(text)
}
