package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"fedbot/workflows"
)

//go:embed templates/*.yaml
var builtin embed.FS

// Catalogue holds templates by name. A nil or zero Catalogue is empty.
type Catalogue struct {
	templates map[string]Template
}

// Builtin returns the templates that come with fedbot. They are read once.
func Builtin() (*Catalogue, error) { return readBuiltin() }

var readBuiltin = sync.OnceValues(func() (*Catalogue, error) {
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
})

// NewCatalogue reads templates. Two of one name are a mistake.
func NewCatalogue(sources ...[]byte) (*Catalogue, error) {
	c := &Catalogue{templates: map[string]Template{}}
	for _, source := range sources {
		t, err := ParseTemplate(source)
		if err != nil {
			return nil, err
		}
		if t.Name == workflows.CustomTemplate {
			return nil, fmt.Errorf("read template %q: that name is for custom documents: %w", t.Name, ErrTemplate)
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

// near names the templates that were probably meant by a name that is none.
func (c *Catalogue) near(name string) string {
	holds := func(n string) bool { return strings.Contains(n, name) || strings.Contains(name, n) }
	begins := func(n string) bool { return len(name) > 2 && strings.HasPrefix(n, name[:3]) }
	for _, alike := range []func(string) bool{holds, begins} {
		var like []string
		for _, n := range c.Names() {
			if name != "" && alike(n) {
				like = append(like, n)
			}
		}
		if len(like) > 0 && len(like) < 7 {
			return "Did you mean " + join(like, "or") + "?"
		}
	}
	return "The form lists all; so does fedbot policy list."
}

// Get returns the template of this name.
func (c *Catalogue) Get(name string) (Template, bool) {
	if c == nil {
		return Template{}, false
	}
	t, ok := c.templates[name]
	return t, ok
}
