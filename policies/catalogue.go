package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

//go:embed templates/*.yaml
var builtin embed.FS

// Catalogue holds templates by name. A nil or zero Catalogue is empty.
type Catalogue struct {
	templates map[string]Template
}

// Builtin returns the templates that come with fedbot.
func Builtin() (*Catalogue, error) {
	files, err := fs.Glob(builtin, "templates/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	var sources [][]byte
	for _, file := range files {
		source, err := builtin.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", file, err)
		}
		sources = append(sources, source)
	}
	return NewCatalogue(sources...)
}

// NewCatalogue reads templates. Two of one name are a mistake.
func NewCatalogue(sources ...[]byte) (*Catalogue, error) {
	c := &Catalogue{templates: map[string]Template{}}
	for _, source := range sources {
		t, err := ParseTemplate(source)
		if err != nil {
			return nil, err
		}
		if _, ok := c.templates[t.Name]; ok {
			return nil, fmt.Errorf("read template %q: it is there twice: %w", t.Name, ErrTemplate)
		}
		c.templates[t.Name] = t
	}
	return c, nil
}

// Names returns the names of all templates, in order.
func (c *Catalogue) Names() []string {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.templates))
}

// Get returns the template of this name.
func (c *Catalogue) Get(name string) (Template, bool) {
	if c == nil {
		return Template{}, false
	}
	t, ok := c.templates[name]
	return t, ok
}
