package policies

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// ErrPipeline is the kind of everything that Suggest refuses.
var ErrPipeline = errors.New("not a pipeline that can be read")

// step is one step of a pipeline that may use AWS.
type step struct {
	line   int
	name   string           // of the task as it is written, "S3Upload@1"; of a script its shell
	inputs map[string]input // of a task, by lower-case name
	script *input           // of a script step
	shell  string           // bash, pwsh, cmd
	env    map[string]input
	scope  *scope
}

// input is a text of the file with the line on which it begins.
type input struct {
	text string
	line int
	fold bool // its lines are not those of the file
}

// deepestFile is how deep a file may be nested; Azure Pipelines stops long before.
const deepestFile = 60

// mostTokens bounds the parser's work, which grows with the square of a mapping's
// keys. A script is one token, however long.
const mostTokens = 40_000

// pipelineReader collects the steps of a file, whatever they stand in: stages, jobs,
// deployments, conditions and loops.
type pipelineReader struct {
	steps []step
	says  []Find
}

// readPipeline returns the steps of a file and what it does not show.
func readPipeline(source []byte) (steps []step, says []Find, err error) {
	if len(source) > largestPipeline {
		return nil, nil, fmt.Errorf("read pipeline: it is larger than %d bytes: %w", largestPipeline, ErrPipeline)
	}
	if strings.ContainsRune(string(source), 0) {
		return nil, nil, fmt.Errorf("read pipeline: it is no text: %w", ErrPipeline)
	}
	defer func() { // the parser is somebody else's, and the file is anybody's
		if p := recover(); p != nil {
			steps, says, err = nil, nil, fmt.Errorf("read pipeline: the file breaks the reader: %w", ErrPipeline)
		}
	}()
	tokens := lexer.Tokenize(string(source))
	if len(tokens) > mostTokens {
		return nil, nil, fmt.Errorf("read pipeline: it has more than %d keys and values: %w", mostTokens/3, ErrPipeline)
	}
	if line := tooDeep(tokens); line > 0 {
		return nil, nil, fmt.Errorf("read pipeline: line %d is nested too deeply: %w", line, ErrPipeline)
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("read pipeline: %s: %w", firstLine(err.Error()), ErrPipeline)
	}
	r := &pipelineReader{}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			top := newScope(nil)
			top.set(source)
			r.walk(doc.Body, top, 0)
		}
	}
	return r.steps, r.says, nil
}

// tooDeep returns the first line on which a file nests deeper than any pipeline does,
// or 0. The parser's memory grows with the square of the depth, and what is out of
// memory ends the process: whoever can push a file could end fedbot with it.
func tooDeep(tokens token.Tokens) int {
	flow, line := 0, 0
	openers := 0 // on this line
	var columns []int
	for _, t := range tokens {
		if t.Position.Line != line {
			line, openers = t.Position.Line, 0
			for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, t.Position.Column)
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0) // an end without a beginning hides none
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			openers++
		case token.MappingValueType:
			if flow == 0 { // in braces, many may stand beside each other
				openers++
			}
		}
		if flow > deepestFile || openers > deepestFile || len(columns) > deepestFile {
			return line
		}
	}
	return 0
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return shown(line)
}

// member is one key of a mapping.
type member struct {
	key   string
	line  int
	value ast.Node
}

func members(n ast.Node) []member {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	}
	var out []member
	for _, v := range values {
		if v.Key == nil || v.Key.GetToken() == nil {
			continue
		}
		out = append(out, member{strings.TrimSpace(plainText(v.Key).text), v.Key.GetToken().Position.Line, v.Value})
	}
	return out
}

// plainText is the text of a node that is one.
func plainText(n ast.Node) input {
	switch n := n.(type) {
	case *ast.LiteralNode:
		line := 0
		if n.Start != nil {
			line = n.Start.Position.Line + 1
		}
		return input{n.Value.Value, line, n.Start != nil && strings.HasPrefix(n.Start.Value, ">")}
	case *ast.StringNode:
		return input{n.Value, lineOf(n), false}
	case *ast.NullNode, nil:
		return input{}
	case *ast.TagNode:
		return plainText(n.Value)
	case ast.ScalarNode:
		return input{n.GetToken().Value, lineOf(n), false} // as it is written: 010 stays 010
	case *ast.MappingKeyNode:
		return plainText(n.Value)
	}
	return input{}
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// aside are the keys that hold no steps.
var aside = map[string]bool{"trigger": true, "pr": true, "schedules": true, "resources": true, "pool": true, "variables": true, "parameters": true,
	"inputs": true, "env": true}

// shells are the keys that make a step a script.
var shells = map[string]string{"script": "bash", "bash": "bash", "pwsh": "pwsh", "powershell": "pwsh"}

func (r *pipelineReader) walk(n ast.Node, sc *scope, depth int) {
	if depth > deepestFile {
		r.say(lineOf(n), "deep nesting", "fedbot does not read this deep. Check it yourself.")
		return
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		for _, item := range n.Values {
			r.walk(item, sc, depth+1)
		}
		return
	case *ast.AnchorNode, *ast.AliasNode:
		r.say(lineOf(n), "a YAML anchor", "Azure Pipelines knows no anchors, so fedbot does not follow them.")
		return
	}
	all := members(n)
	for _, m := range all {
		switch m.key {
		case "variables":
			sc = newScope(sc)
			sc.variables(m.value, 0)
		case "parameters":
			sc = newScope(sc)
			sc.parameters(m.value)
		}
	}
	for _, m := range all {
		if m.key == "enabled" && strings.EqualFold(plainText(m.value).text, "false") {
			return
		}
	}
	for _, m := range all {
		shell := shells[m.key]
		switch {
		case m.key == "task" || shell != "":
			r.step(m, shell, all, sc)
		case m.key == "template":
			r.say(m.line, "template "+shown(plainText(m.value).text), "It is in another file, which fedbot has not read. Run this for that file as well.")
		case !aside[m.key]:
			r.walk(m.value, sc, depth+1)
		}
	}
}

func (r *pipelineReader) say(line int, what, words string) {
	r.says = append(r.says, Find{Line: line, What: what, Says: []string{words}})
}

func (r *pipelineReader) step(m member, shell string, all []member, sc *scope) {
	s := step{line: m.line, name: plainText(m.value).text, shell: shell, inputs: map[string]input{}, env: map[string]input{}, scope: sc}
	if shell != "" {
		text := plainText(m.value)
		s.name, s.script = m.key, &text
	}
	for _, other := range all {
		into := map[string]map[string]input{"inputs": s.inputs, "env": s.env}[other.key]
		for _, each := range members(other.value) {
			switch {
			case into == nil:
			case strings.HasPrefix(each.key, "${{"):
				for _, deep := range members(each.value) {
					into[strings.ToLower(deep.key)] = input{text: unknownMark("the condition in line " + fmt.Sprint(each.line)), line: deep.line}
				}
			default:
				into[strings.ToLower(each.key)] = plainText(each.value)
			}
		}
	}
	r.steps = append(r.steps, s)
}
