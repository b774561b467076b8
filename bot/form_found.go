package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// Found is what the file of a pipeline seems to need, as far as it can be read.
type Found struct {
	Where  string            // "azure-pipelines.yml on main"
	Lines  []FoundLine       // in the order of the file
	Offers []workflows.Grant // what a request could ask for
	Unread string            // why the file was not read; then nothing else is there
}

// FoundLine is one place of the file that uses AWS.
type FoundLine struct {
	Line int
	What string // "S3Upload@1"
	Say  string // "s3-upload, bucket shop-site-dev"
}

// finder reads the files of pipelines, which takes a while; the form is open by then.
type finder interface {
	Found(ctx context.Context, organization, project, pipeline string) Found
}

const (
	actUseFound  = "found_use"
	mostSearched = 3 // pipelines whose files are read for one form
	mostShown    = 8 // lines of one file
)

// foundIn reads the files of the chosen pipelines, each once for all forms.
func (b *Bot) foundIn(ctx context.Context, c choice, a answers) []Found {
	f, ok := b.o.Places.(finder)
	p, chosen := c.project(a)
	if !ok || !chosen {
		return nil
	}
	var out []Found
	for _, name := range a.Pipelines[:min(len(a.Pipelines), mostSearched)] {
		key := strings.Join([]string{p.Organization, p.Name, name}, "/")
		b.forms.mu.Lock()
		found, known := b.forms.found[key]
		b.forms.mu.Unlock()
		if !known {
			found = f.Found(ctx, p.Organization, p.Name, name)
			remember(&b.forms.mu, b.forms.found, key, found)
		}
		out = append(out, found)
	}
	return out
}

// forget makes the files of a project be read again: a form that is opened shows them
// as they are now.
func (b *Bot) forget(p Project) {
	b.forms.mu.Lock()
	defer b.forms.mu.Unlock()
	maps.DeleteFunc(b.forms.found, func(key string, _ Found) bool { return strings.HasPrefix(key, p.Organization+"/"+p.Name+"/") })
}

// foundBlocks show what was found, with a button that fills the form with it.
func foundBlocks(found []Found) []slack.Block {
	var out []slack.Block
	for n, f := range found {
		if f.Unread != "" {
			out = append(out, slack.NewContextBlock("", mrkdwn(prose(f.Unread).mrkdwn)))
			continue
		}
		if len(f.Lines) == 0 {
			out = append(out, slack.NewContextBlock("", mrkdwn(say("Nothing in %s uses AWS, as far as fedbot can see.", f.Where).mrkdwn)))
			continue
		}
		out = append(out, slack.NewSectionBlock(mrkdwn(say("Found in %s:", f.Where).mrkdwn), nil, nil), preformatted(f.table()))
		if len(f.Offers) > 0 {
			out = append(out, slack.NewActionBlock(fmt.Sprintf("found/%d", n),
				slack.NewButtonBlockElement(fmt.Sprintf("%s_%d", actUseFound, n), strconv.Itoa(n), plainText("Use these", 75))))
		}
	}
	return out
}

// table is the lines of a file, one place a line.
func (f Found) table() string {
	var b strings.Builder
	for i, l := range f.Lines {
		if i == mostShown {
			fmt.Fprintf(&b, "%d more; fedbot policy suggest tells all\n", len(f.Lines)-mostShown)
			break
		}
		fmt.Fprintf(&b, "line %-4d %-28s %s\n", l.Line, middle(l.What, 28), cut(l.Say, 110))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// useFound fills the form with what a button offers: each template once, since a
// second object needs a federation of its own. Slack keeps what it shows in a block
// that it knows, so the blocks that are filled get another name.
func (a *answers) useFound(found []Found, value string) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n >= len(found) || len(found[n].Offers) == 0 {
		return
	}
	a.Template, a.Params, a.Also = "", nil, nil
	for _, g := range found[n].Offers {
		switch {
		case a.Template == "":
			a.Template, a.Params = g.Template, g.Params
		case !slices.ContainsFunc(a.grants(), func(has workflows.Grant) bool { return has.Template == g.Template }):
			a.Also = append(a.Also, g)
		}
	}
	times, _ := strconv.Atoi(a.Filled)
	a.Filled = strconv.Itoa(times + 1)
}

// templateBlock and paramBlock are the names of the blocks that useFound fills.
func (a answers) templateBlock() string { return filledBlock(blockTemplate, a.Filled) }

func (a answers) paramBlock(template, name string) string {
	return filledBlock(blockParam+"/"+template+"/"+name, a.Filled)
}

func filledBlock(block, filled string) string {
	if filled == "" {
		return block
	}
	return block + "/" + filled
}
