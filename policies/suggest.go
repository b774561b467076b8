package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"fedbot/workflows"
)

// Suggestion is what the pipelines of a file seem to need of AWS, and what nobody
// can tell from the file.
type Suggestion struct {
	Finds    []Find   `json:"finds"`    // in the order of the lines
	Requests []Wanted `json:"requests"` // one for each service connection and set of objects
}

// Find is one place that uses AWS, or may.
type Find struct {
	Line       int      `json:"line"`
	What       string   `json:"what"`       // "S3Upload@1", "aws s3 sync", "./deploy.sh"
	Connection string   `json:"connection"` // that the step names; empty: none
	Needs      []Need   `json:"needs"`
	Says       []string `json:"says"`                    // whole sentences: what fedbot cannot tell, or what has to be done
	Wrong      string   `json:"documentation,omitempty"` // what AWS's own page about the task gets wrong
}

// Need is one template with the parameters that the file tells.
type Need struct {
	Template string            `json:"template"`
	Params   map[string]string `json:"params"`
	Missing  []string          `json:"missing"` // parameters that the file does not tell

	unknown []string // those whose value is given, but not known: it may be another object than any that is known
	weak    bool     // only if no other place of the connection says it better
}

// Wanted is one request that would let the file's pipelines do what was found.
type Wanted struct {
	Connection string            `json:"connection"` // that the pipeline names now; empty: none
	Grants     []workflows.Grant `json:"grants"`
	Missing    []string          `json:"missing"` // "cloudfront-invalidate: distribution"
	Line       string            `json:"line"`    // the request as a command, with what is missing in capitals
}

// Largest pipeline that is read, in bytes, and how much is told about it.
const (
	largestPipeline = 512 << 10
	mostFinds       = 500
)

// Suggest reads the text of an Azure Pipelines file. What it cannot read is said in
// the suggestion; an error means that the file is no YAML at all.
func Suggest(source []byte, catalogue *Catalogue) (Suggestion, error) {
	steps, says, err := readPipeline(source)
	if err != nil {
		return Suggestion{}, err
	}
	out := Suggestion{Finds: []Find{}, Requests: []Wanted{}}
	for _, s := range steps {
		out.Finds = append(out.Finds, s.finds()...)
	}
	out.Finds = append(out.Finds, says...)
	slices.SortStableFunc(out.Finds, func(a, b Find) int { return a.Line - b.Line })
	if len(out.Finds) > mostFinds {
		last := out.Finds[mostFinds]
		out.Finds = append(out.Finds[:mostFinds], Find{Line: last.Line, What: "the rest", Says: []string{
			fmt.Sprintf("fedbot tells %d places at most. Check the rest yourself.", mostFinds)}})
	}
	for i := range out.Finds {
		out.Finds[i].settle(catalogue)
	}
	out.Requests = requests(out.Finds)
	return out, nil
}

// settle holds what was found against the catalogue: a value that its parameter
// would refuse is no value, and a parameter without one is missing.
func (f *Find) settle(catalogue *Catalogue) {
	var needs []Need
	for _, n := range f.Needs {
		t, ok := catalogue.Get(n.Template)
		if !ok {
			f.Says = append(f.Says, fmt.Sprintf("There is no template %s here, which would cover it. Ask for a custom document.", n.Template))
			continue
		}
		n.Missing = nil
		params := map[string]string{}
		for _, p := range t.Parameters {
			v := n.Params[p.Name]
			switch {
			case v == "" && p.Optional && !slices.Contains(n.unknown, p.Name):
			case v == "":
				n.Missing = append(n.Missing, p.Name)
			case p.refuse(v) != "":
				f.Says = append(f.Says, fmt.Sprintf("%s cannot be %q.", p.Name, shown(v)))
				n.Missing = append(n.Missing, p.Name)
			default:
				params[p.Name] = v
			}
		}
		n.Params = params
		needs = append(needs, n)
	}
	f.Needs = needs
	if f.Needs == nil {
		f.Needs = []Need{}
	}
	if f.What = shown(bare(f.What)); f.Connection != "" && !exact(f.Connection, "/,#", longestConnection) {
		f.Connection, f.Says = "", append(f.Says, "Its connection has a name that cannot be federated. Choose another one.")
	}
	for i, say := range f.Says {
		f.Says[i] = strings.Map(plainRune, bare(say))
	}
	slices.Sort(f.Says)
	f.Says = slices.Compact(f.Says)
	if f.Says == nil {
		f.Says = []string{}
	}
}

// plainRune drops what would break a sentence that quotes somebody.
func plainRune(r rune) rune {
	if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
		return -1
	}
	return r
}

// allowsToo says which templates allow all that others do on the same objects.
var allowsToo = map[string][]string{
	"s3-static-site": {"s3-upload", "s3-download"}, "ecr-push": {"ecr-pull"}, "cfn-deploy": {"cfn-execute"},
	"codeartifact-publish": {"codeartifact-read"}, "terraform-apply": {"tf-state-s3"},
}

// requests puts together what one connection needs. A federation has each template
// once, so a second object needs another one.
func requests(finds []Find) []Wanted {
	var names []string
	needs := map[string][]Need{}
	for _, f := range finds {
		for _, n := range f.Needs {
			if !slices.Contains(names, f.Connection) {
				names = append(names, f.Connection)
			}
			needs[f.Connection] = gather(needs[f.Connection], n)
		}
	}
	out := []Wanted{}
	for _, name := range names {
		for _, group := range apart(cover(adopt(needs[name]))) {
			out = append(out, wanted(name, group))
		}
	}
	return out
}

// gather adds a need to those of a connection. Two of one template whose values do
// not contradict each other are one.
func gather(all []Need, n Need) []Need {
	for i, old := range all {
		if old.Template != n.Template || !agree(old, n) {
			continue
		}
		params := maps.Clone(old.Params)
		maps.Copy(params, n.Params)
		missing := slices.DeleteFunc(slices.Concat(old.Missing, n.Missing), func(p string) bool { return params[p] != "" })
		slices.Sort(missing)
		all[i] = Need{Template: n.Template, Params: params, Missing: slices.Compact(missing), unknown: old.unknown, weak: old.weak && n.weak}
		return all
	}
	return append(all, n)
}

// agree reports whether two needs can be of one object: the same where both know,
// and something that they both know, unless one knows nothing.
func agree(a, b Need) bool {
	if len(a.unknown)+len(b.unknown) > 0 {
		return maps.Equal(a.Params, b.Params) && slices.Equal(a.Missing, b.Missing) && slices.Equal(a.unknown, b.unknown)
	}
	for name, v := range a.Params {
		if w, ok := b.Params[name]; ok && v != w {
			return false
		}
		if _, ok := b.Params[name]; !ok && !slices.Contains(b.Missing, name) { // left out there, and so another value
			return false
		}
	}
	for name := range b.Params {
		if _, ok := a.Params[name]; !ok && !slices.Contains(a.Missing, name) {
			return false
		}
	}
	return true
}

// adopt gives a need what a smaller one of the same kind tells: terraform init names
// the state that terraform apply writes.
func adopt(all []Need) []Need {
	for i, more := range all {
		for _, less := range all {
			if len(more.unknown)+len(less.unknown)+len(less.Missing) > 0 || len(more.Params) > 0 || !slices.Contains(allowsToo[more.Template], less.Template) {
				continue
			}
			all[i].Params = less.Params
			all[i].Missing = slices.DeleteFunc(slices.Clone(more.Missing), func(p string) bool { return less.Params[p] != "" })
			break
		}
	}
	return all
}

// cover drops what another need allows anyway.
func cover(all []Need) []Need {
	return slices.DeleteFunc(slices.Clone(all), func(n Need) bool {
		return slices.ContainsFunc(all, func(more Need) bool {
			if n.weak && !more.weak && (more.Template == n.Template || slices.Contains(allowsToo[more.Template], n.Template)) {
				return true
			}
			return slices.Contains(allowsToo[more.Template], n.Template) && inside(n, more)
		})
	})
}

// inside reports whether what one need names is what the other names, or lies in
// its folder.
func inside(n, more Need) bool {
	for name, v := range n.Params {
		wide, ok := more.Params[name]
		if name == "prefix" && (!ok || strings.HasPrefix(v, wide)) {
			continue
		}
		if v != wide {
			return false
		}
	}
	_, narrow := more.Params["prefix"]
	_, has := n.Params["prefix"]
	return (!narrow || has) && len(n.Missing) == 0
}

// apart splits needs so that no group has a template twice.
func apart(all []Need) [][]Need {
	var out [][]Need
	for _, n := range all {
		i := slices.IndexFunc(out, func(g []Need) bool {
			return !slices.ContainsFunc(g, func(o Need) bool { return o.Template == n.Template })
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], n)
	}
	return out
}

func wanted(connection string, needs []Need) Wanted {
	w := Wanted{Connection: connection, Missing: []string{}}
	name := connection
	if name == "" {
		name = "CONNECTION"
	}
	line := []string{"/federate request --org ORGANIZATION --project PROJECT --connection", quoteWord(name), "--account ACCOUNT"}
	for _, n := range needs {
		w.Grants = append(w.Grants, workflows.Grant{Template: n.Template, Params: n.Params})
		line = append(line, "--template", n.Template)
		for _, p := range slices.Sorted(maps.Keys(n.Params)) {
			line = append(line, "--param", quoteWord(p+"="+n.Params[p]))
		}
		for _, p := range n.Missing {
			w.Missing = append(w.Missing, n.Template+": "+p)
			line = append(line, "--param", p+"="+strings.ToUpper(p))
		}
	}
	w.Line = strings.Join(append(line, `--reason "WHY"`), " ")
	return w
}

// quoteWord writes a word as the command parser reads it back.
func quoteWord(s string) string {
	if strings.ContainsAny(s, " \t\"'“”‘’") || strings.HasPrefix(s, "-") {
		return `"` + strings.NewReplacer(`"`, "'", "“", "'", "”", "'").Replace(s) + `"`
	}
	return s
}

// Lines are a find in words, one template or sentence a line: "s3-upload, bucket
// shop-site-dev, prefix web/". There is at least one.
func (f Find) Lines() []string {
	var out []string
	for _, n := range f.Needs {
		words := []string{n.Template}
		for _, p := range slices.Sorted(maps.Keys(n.Params)) {
			words = append(words, p+" "+n.Params[p])
		}
		for _, p := range n.Missing {
			words = append(words, p+" unknown")
		}
		out = append(out, strings.Join(words, ", "))
	}
	if out = append(out, f.Says...); len(out) == 0 {
		return []string{"needs nothing that fedbot knows of"}
	}
	return out
}
