package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"fedbot/workflows"
)

// ErrTemplate is the kind of everything that ParseTemplate refuses.
var ErrTemplate = errors.New("not a template that can be used")

// Template is a parameterised least-privilege permissions policy with the words
// that explain it. Its texts may hold ${name}, where name is a parameter or one of
// account, region, partition; sentences may also hold ${kind} (development or
// production), and the pipeline's script everything.
type Template struct {
	Name       string              `yaml:"name"`
	Version    int                 `yaml:"version"`
	Base       bool                `yaml:"base"`    // only there to be extended: nobody can ask for it
	Extends    string              `yaml:"extends"` // a base, whose statements, parameters and words it adds to
	Purpose    string              `yaml:"purpose"`
	Asks       string              `yaml:"asks"`   // "deploy files to", before the account's name
	Can        []Sentence          `yaml:"can"`    // after "It can"
	Cannot     []string            `yaml:"cannot"` // after "It cannot"; joined
	Worst      string              `yaml:"worst"`  // after "Anyone who can push to `main`"
	Risk       Risk                `yaml:"risk"`
	Parameters []Parameter         `yaml:"parameters"`
	Statements []TemplateStatement `yaml:"statements"`
	Excepts    []Exception         `yaml:"excepts"`
	Pipeline   Pipeline            `yaml:"pipeline"`
	Cases      []Case              `yaml:"cases"`

	source []byte
}

// Sentence is one thing that a template allows. With and Without name a parameter
// that has to be given, or left out, for the sentence to be said.
type Sentence struct {
	Say     string `yaml:"say"`
	With    string `yaml:"with"`
	Without string `yaml:"without"`
}

// Risk is how risky a template is, and what raises it.
type Risk struct {
	Level  workflows.Level `yaml:"level"`
	Why    string          `yaml:"why"`
	Raises []Raise         `yaml:"raises"`
}

// Raise raises the risk to a level where its condition holds: a production account,
// or an optional parameter that was left out. Exactly one of the two is set.
type Raise struct {
	Production bool            `yaml:"production"`
	Without    string          `yaml:"without"`
	Level      workflows.Level `yaml:"level"`
	Why        string          `yaml:"why"`
}

// Parameter is one value that the requester chooses.
type Parameter struct {
	Name        string `yaml:"name"`
	Type        string `yaml:"type"`    // one of Types()
	Pattern     string `yaml:"pattern"` // regular expression for the whole value; narrows what the type takes
	Description string `yaml:"description"`
	Example     string `yaml:"example"`
	Optional    bool   `yaml:"optional"`
}

// TemplateStatement is one statement before its parameters are filled in. With names
// an optional parameter: without a value for it, the statement is left out.
type TemplateStatement struct {
	With      string                         `yaml:"with"`
	Sid       string                         `yaml:"Sid"`
	Effect    string                         `yaml:"Effect"`
	Action    []string                       `yaml:"Action"`
	Resource  []string                       `yaml:"Resource"`
	Condition map[string]map[string][]string `yaml:"Condition"`
}

// Exception takes one statement out of one check, for a reason that approvers read.
// It raises the risk to its level.
type Exception struct {
	Check     string          `yaml:"check"` // code of the check: I22
	Statement string          `yaml:"statement"`
	Why       string          `yaml:"why"`
	Level     workflows.Level `yaml:"level"` // medium or high
}

// Pipeline is the step that a team pastes to use the federation: a shell script
// that runs with the role's credentials.
type Pipeline struct {
	Script []string `yaml:"script"`
	Limit  string   `yaml:"limit"` // one line of what it cannot do
}

// Case is one call that a rendered template has to allow or deny.
type Case struct {
	With    map[string]string `yaml:"with"` // parameters; the examples of all of them when left out
	Call    string            `yaml:"call"`
	On      string            `yaml:"on"`
	When    map[string]string `yaml:"when"`    // condition keys that are sent, besides aws:ResourceAccount and aws:RequestedRegion
	Account string            `yaml:"account"` // that owns what it is called on; ours when empty
	Want    Answer            `yaml:"want"`
}

// Label is how people name a template with its version.
func (t Template) Label() string { return fmt.Sprintf("%s version %d", t.Name, t.Version) }

// Level is the risk that a template always has: its own, or what its exceptions raise
// it to.
func (t Template) Level() workflows.Level {
	out := t.Risk.Level
	for _, x := range t.Excepts {
		if x.Level.AtLeast(out) {
			out = x.Level
		}
	}
	return out
}

// Source returns the bytes that the template was read from.
func (t Template) Source() []byte { return slices.Clone(t.source) }

// Parameter returns the parameter of this name.
func (t Template) Parameter(name string) (Parameter, bool) {
	i := slices.IndexFunc(t.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return t.Parameters[i], true
}

// largestTemplate bounds what is read: a template is a page, not a book.
const largestTemplate = 64 << 10

// ParseTemplate reads a template from YAML, strictly: an unknown or repeated key, a
// second document and a placeholder that no parameter fills are refused. One that
// extends another can only be read by a catalogue that has the other: see With.
func ParseTemplate(source []byte) (Template, error) {
	t, err := decodeTemplate(source)
	if err != nil {
		return Template{}, err
	}
	if err := t.check(); err != nil {
		return Template{}, fmt.Errorf("read template %q: %w: %w", t.Name, err, ErrTemplate)
	}
	return t, nil
}

// decodeTemplate reads a template and checks its form alone.
func decodeTemplate(source []byte) (Template, error) {
	if len(source) > largestTemplate {
		return Template{}, fmt.Errorf("read template: it is larger than %d bytes: %w", largestTemplate, ErrTemplate)
	}
	var t Template
	d := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict())
	if err := d.Decode(&t); err != nil {
		return Template{}, fmt.Errorf("read template: %w: %w", err, ErrTemplate)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return Template{}, fmt.Errorf("read template: something follows its end: %w", ErrTemplate)
	}
	t.source = slices.Clone(source)
	return t, nil
}

var (
	templateName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	paramName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
	// IAM's condition operators (IAM user guide, "IAM JSON policy elements: Condition operators").
	conditionOperator = regexp.MustCompile(`^(?:For(?:All|Any)Values:)?(?:(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)|` +
		`Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|Date(?:Not)?Equals|Date(?:Less|Greater)Than(?:Equals)?|` +
		`Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?|Null)$`)
	checkCode = regexp.MustCompile(`^[A-Z]{1,3}[0-9]{1,3}$`)
	sid       = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	hole      = regexp.MustCompile(`\$\{([^}]*)\}?`)
)

// The names that a template may use without declaring them.
var (
	given     = []string{"account", "region", "partition"}
	givenSaid = append(slices.Clone(given), "kind", "connection", "project")
)

func (t Template) check() error {
	switch {
	case t.Extends != "":
		return fmt.Errorf("it extends %s, so it can only be read together with it", t.Extends)
	case !templateName.MatchString(t.Name) || len(t.Name) > 60:
		return errors.New("its name is not lower-case words with hyphens")
	case t.Version < 1 || t.Version > 9999:
		return errors.New("its version is not a positive number")
	case t.Purpose == "" || t.Asks == "" || t.Worst == "" || len(t.Can) == 0 || len(t.Cannot) == 0:
		return errors.New("purpose, asks, can, cannot and worst are needed")
	case len(t.Statements) == 0 || len(t.Cases) == 0:
		return errors.New("statements and cases are needed")
	}
	for _, check := range []func() error{t.checkParameters, t.checkRisk, t.checkStatements, t.checkExcepts, t.checkWords, t.checkCases} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (t Template) checkParameters() error {
	seen := map[string]bool{}
	for _, p := range t.Parameters {
		switch {
		case !paramName.MatchString(p.Name) || seen[p.Name] || slices.Contains(givenSaid, p.Name):
			return fmt.Errorf("the parameter name %q is not free or not lower case", p.Name)
		case !slices.Contains(Types(), p.Type):
			return fmt.Errorf("the parameter %s has the unknown type %q", p.Name, p.Type)
		case p.Type == "name" && p.Pattern == "":
			return fmt.Errorf("the parameter %s is of type name, which takes everything, so it needs a pattern", p.Name)
		case p.Description == "":
			return fmt.Errorf("the parameter %s has no description", p.Name)
		}
		seen[p.Name] = true
		if _, err := p.regexp(); err != nil {
			return fmt.Errorf("the pattern of parameter %s is not a regular expression", p.Name)
		}
		if say := p.refuse(p.Example); say != "" {
			return fmt.Errorf("the example of parameter %s is refused: %s", p.Name, say)
		}
	}
	return nil
}

func (t Template) checkRisk() error {
	levels := []workflows.Level{workflows.Low, workflows.Medium, workflows.High}
	if !slices.Contains(levels, t.Risk.Level) || t.Risk.Why == "" {
		return errors.New("the risk needs a level (low, medium, high) and a why")
	}
	for _, r := range t.Risk.Raises {
		p, ok := t.Parameter(r.Without)
		if !slices.Contains(levels, r.Level) || r.Why == "" || r.Production == (r.Without != "") ||
			r.Without != "" && !(ok && p.Optional) {
			return errors.New("what raises the risk needs a level, a why, and either production or an optional parameter")
		}
	}
	return nil
}

func (t Template) checkStatements() error {
	seen := map[string]bool{}
	for _, s := range t.Statements {
		if seen[s.Sid] {
			return fmt.Errorf("the statement %s is there twice", s.Sid)
		}
		seen[s.Sid] = true
		if p, ok := t.Parameter(s.With); s.With != "" && !(ok && p.Optional) {
			return fmt.Errorf("the statement %s depends on %q, which is no optional parameter", s.Sid, s.With)
		}
		if !sid.MatchString(s.Sid) || s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) == 0 {
			return fmt.Errorf("the statement %q needs Sid, Effect, Action and Resource", s.Sid)
		}
		for _, text := range append(slices.Clone(s.Action), s.Resource...) {
			if err := t.checkHoles(text, given); err != nil {
				return err
			}
		}
		for op, keys := range s.Condition {
			if !conditionOperator.MatchString(op) {
				return fmt.Errorf("the statement %s has the condition operator %q, which is none; \"Null\" needs quotes in YAML", s.Sid, op)
			}
			for key, values := range keys {
				if strings.Contains(op+key, "$") || len(values) == 0 {
					return fmt.Errorf("the condition %s %s needs values and may not have parameters in its name", op, key)
				}
				for _, v := range values {
					if err := t.checkHoles(v, given); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (t Template) checkExcepts() error {
	for _, x := range t.Excepts {
		known := slices.ContainsFunc(t.Statements, func(s TemplateStatement) bool { return s.Sid == x.Statement })
		if !known || !checkCode.MatchString(x.Check) || x.Why == "" || x.Level != workflows.Medium && x.Level != workflows.High {
			return fmt.Errorf("an exception needs a check such as I22, the Sid of a statement, a why, and the level medium or high; not %q of %q", x.Check, x.Statement)
		}
	}
	return nil
}

func (t Template) checkWords() error {
	texts := append([]string{t.Purpose, t.Asks, t.Worst, t.Risk.Why, t.Pipeline.Limit}, t.Cannot...)
	texts = append(texts, t.Pipeline.Script...)
	for _, r := range t.Risk.Raises {
		texts = append(texts, r.Why)
	}
	for _, x := range t.Excepts {
		texts = append(texts, x.Why)
	}
	for _, s := range t.Can {
		texts = append(texts, s.Say)
		for _, name := range []string{s.With, s.Without} {
			if p, ok := t.Parameter(name); name != "" && !(ok && p.Optional) {
				return fmt.Errorf("a sentence depends on %q, which is no optional parameter", name)
			}
		}
	}
	for _, text := range texts {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("the text %q is more than one line", text)
		}
		if err := t.checkHoles(text, givenSaid); err != nil {
			return err
		}
	}
	return nil
}

func (t Template) checkCases() error {
	for _, c := range t.Cases {
		if c.Call == "" || c.On == "" || c.Want != Allowed && c.Want != Denied {
			return fmt.Errorf("the case %q needs call, on, and want (allowed or denied)", c.Call)
		}
	}
	return nil
}

// checkHoles refuses a placeholder that nothing fills, so that no ${…} can reach
// IAM, where it would be a variable.
func (t Template) checkHoles(text string, also []string) error {
	for _, m := range hole.FindAllStringSubmatch(text, -1) {
		if _, ok := t.Parameter(m[1]); !strings.HasSuffix(m[0], "}") || !ok && !slices.Contains(also, m[1]) {
			return fmt.Errorf("nothing fills %s", m[0])
		}
	}
	return nil
}
