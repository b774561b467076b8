package azuredevops

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// document is a pipeline after expansion.
type document struct {
	Stages []stage `yaml:"stages"`
	Jobs   []job   `yaml:"jobs"`
	Steps  []step  `yaml:"steps"`
	Pool   pool    `yaml:"pool"`

	Variables any `yaml:"variables"`
}

type stage struct {
	Name string `yaml:"stage"`
	Jobs []job  `yaml:"jobs"`
	Pool pool   `yaml:"pool"`
}

type job struct {
	Name       string `yaml:"job"`
	Deployment string `yaml:"deployment"`
	Pool       pool   `yaml:"pool"`
	Steps      []step `yaml:"steps"`
}

type step struct {
	Task        string         `yaml:"task"`
	Script      string         `yaml:"script"`
	Bash        string         `yaml:"bash"`
	Checkout    string         `yaml:"checkout"`
	DisplayName string         `yaml:"displayName"`
	Condition   string         `yaml:"condition"`
	Inputs      map[string]any `yaml:"inputs"`
	Env         map[string]any `yaml:"env"`
}

func (t step) input(name string) string {
	for k, v := range t.Inputs {
		if strings.EqualFold(k, name) && v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (t step) title() string {
	switch {
	case t.DisplayName != "":
		return t.DisplayName
	case t.Task != "":
		return taskName(t.Task)
	case t.Bash != "":
		return "Bash"
	case t.Checkout != "":
		return "Checkout"
	}
	return "CmdLine"
}

func taskName(ref string) string {
	name, _, _ := strings.Cut(ref, "@")
	return name
}

// pool is a name or a mapping.
type pool struct{ Name, Image string }

// UnmarshalYAML reads both forms.
func (p *pool) UnmarshalYAML(raw []byte) error {
	var name string
	if yaml.Unmarshal(raw, &name) == nil {
		p.Name = name
		return nil
	}
	var m struct {
		Name  string `yaml:"name"`
		Image string `yaml:"vmImage"`
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		return err
	}
	p.Name, p.Image = m.Name, m.Image
	return nil
}

// queueName is the queue a job waits in.
func (p pool) queueName() string {
	if p.Name == "" {
		return "Azure Pipelines"
	}
	return p.Name
}

// parsePipeline reads an expanded pipeline and gives every stage and job a name.
func parsePipeline(text string) (document, error) {
	var d document
	if err := yaml.Unmarshal([]byte(text), &d); err != nil {
		return d, fmt.Errorf("read pipeline: %w", err)
	}
	if len(d.Stages) == 0 {
		if len(d.Jobs) == 0 {
			d.Jobs = []job{{Name: "Job", Pool: d.Pool, Steps: d.Steps}}
		}
		d.Stages = []stage{{Name: "__default", Jobs: d.Jobs}}
	}
	for i := range d.Stages {
		st := &d.Stages[i]
		if st.Name == "" {
			return d, errors.New("read pipeline: a stage has no name")
		}
		for n := range st.Jobs {
			j := &st.Jobs[n]
			if j.Name == "" {
				j.Name = j.Deployment
			}
			if j.Name == "" {
				j.Name = fmt.Sprintf("Job%d", n+1)
			}
			if j.Pool == (pool{}) {
				j.Pool = st.Pool
			}
			if j.Pool == (pool{}) {
				j.Pool = d.Pool
			}
		}
		if len(st.Jobs) == 0 {
			return d, fmt.Errorf("read pipeline: stage %s has no jobs", st.Name)
		}
	}
	return d, nil
}

// connections are the service connections that a stage's tasks name.
func (d document) connections(stage string) []string {
	var names []string
	for _, st := range d.Stages {
		for _, j := range st.Jobs {
			for _, t := range j.Steps {
				if name := t.input("awsCredentials"); st.Name == stage && name != "" && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// values are the pipeline's own variables, of both YAML forms.
func (d document) values() map[string]string {
	out := map[string]string{}
	switch v := d.Variables.(type) {
	case map[string]any:
		for k, x := range v {
			out[k] = fmt.Sprint(x)
		}
	case []any:
		for _, x := range v {
			if m, ok := x.(map[string]any); ok && m["name"] != nil {
				out[fmt.Sprint(m["name"])] = fmt.Sprint(m["value"])
			}
		}
	}
	return out
}

type parameter struct {
	Name    string `yaml:"name"`
	Default any    `yaml:"default"`
	Values  []any  `yaml:"values"`
}

const invalidPipeline = "PipelineValidationException"

var parameterUse = regexp.MustCompile(`\$\{\{\s*parameters\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// expand fills template parameters into the leaves of the document, so that a
// value can never add a step.
func expand(text string, given map[string]string) (string, error) {
	var head struct {
		Parameters []parameter `yaml:"parameters"`
	}
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		return "", fmt.Errorf("read pipeline: %w", err)
	}
	values := map[string]string{}
	for _, p := range head.Parameters {
		v, ok := given[p.Name]
		if !ok && p.Default == nil {
			return "", bad(invalidPipeline, "A value for the '%s' parameter must be provided.", p.Name)
		}
		if !ok {
			v = fmt.Sprint(p.Default)
		}
		if len(p.Values) > 0 && !slices.ContainsFunc(p.Values, func(x any) bool { return fmt.Sprint(x) == v }) {
			return "", bad(invalidPipeline, "The '%s' parameter value '%s' is not an allowed value.", p.Name, v)
		}
		values[p.Name] = v
	}
	for name := range given {
		if _, ok := values[name]; !ok {
			return "", bad(invalidPipeline, "Unexpected parameter '%s'", name)
		}
	}
	var tree yaml.MapSlice
	if err := yaml.UnmarshalWithOptions([]byte(text), &tree, yaml.UseOrderedMap()); err != nil {
		return "", fmt.Errorf("read pipeline: %w", err)
	}
	tree = slices.DeleteFunc(tree, func(i yaml.MapItem) bool { return i.Key == "parameters" })
	filled, err := fill(tree, values)
	if err != nil {
		return "", err
	}
	out, err := yaml.MarshalWithOptions(filled, yaml.UseLiteralStyleIfMultiline(true))
	return string(out), err
}

func fill(node any, values map[string]string) (any, error) {
	var err error
	switch n := node.(type) {
	case string:
		out := parameterUse.ReplaceAllStringFunc(n, func(use string) string {
			name := parameterUse.FindStringSubmatch(use)[1]
			v, ok := values[name]
			if !ok {
				err = bad(invalidPipeline, "Unrecognized value: 'parameters.%s'", name)
			}
			return v
		})
		if err == nil && strings.Contains(out, "${{") {
			err = bad(invalidPipeline, "Unrecognized expression: %s", out)
		}
		return out, err
	case yaml.MapSlice:
		for i := range n {
			if n[i].Value, err = fill(n[i].Value, values); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range n {
			if n[i], err = fill(n[i], values); err != nil {
				return nil, err
			}
		}
	}
	return node, nil
}
