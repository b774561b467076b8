package bot

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/policies"
	"fedbot/workflows"
)

// slip is a mistake that can be seen without reading anything.
type slip struct {
	Block string // or the first part of its name
	Say   string
	Typed bool // the value is there and wrong, so it can be said while somebody types
}

type slips []slip

// in are the slips at blocks that the form has, for an answer to a form that was sent.
func (l slips) in(values map[string][]string) map[string]string {
	wrong := map[string]string{}
	for _, s := range l {
		for block := range values {
			if block == s.Block || baseID(block) == s.Block {
				if wrong[block] == "" {
					wrong[block] = cut(s.Say, maxField)
				}
			}
		}
	}
	return wrong
}

// typed are the slips of values that were typed, by block.
func (l slips) typed() map[string]string {
	wrong := map[string]string{}
	for _, s := range l {
		if s.Typed && wrong[s.Block] == "" {
			wrong[s.Block] = s.Say
		}
	}
	return wrong
}

// slips are all that can be known about the answers without reading anything remote,
// in the words that the plan would have. The desk looks at everything again.
func (b *Bot) slips(c choice, a answers) slips {
	var out slips
	at := func(block, say string, typed bool) {
		if say != "" {
			out = append(out, slip{block, say, typed})
		}
	}
	first := a
	if accounts := a.accounts(); len(accounts) > 0 {
		first = a.of(accounts[0])
	}
	p, err := first.proposal(c.Now)
	if err != nil {
		at(blockEnds, workflows.Said(err), true)
	}
	switch {
	case a.Ends == "date" && a.Date == "":
		at(blockEnds, "Choose a day.", false)
	case !p.Ends.IsZero() && !p.Ends.After(c.Now):
		at(latest(a), "That day has passed already.", false)
	}
	if strings.TrimSpace(a.Reason) == "" {
		at(blockReason, "A reason is needed. Approvers read it.", false)
	}
	if a.Project != "" {
		if r := policies.CheckNames(a.Organization, a.Project, "aws"); r != nil {
			at(blockProject, r.Say, true)
		}
	}
	for _, branch := range p.Branches {
		at(blockBranches, policies.RefuseBranch(branch), true)
	}
	for i, name := range a.accounts() {
		account, known := c.account(name)
		one := a.of(name)
		proposal, _ := one.proposal(c.Now)
		if r := policies.CheckNames("contoso", "project", proposal.Connection); r != nil {
			at(blockConnection, r.Say, true)
		}
		if !known {
			continue
		}
		if account.Longest > 0 && p.Ends.After(c.Now.Add(account.Longest)) {
			at(latest(a), account.Name+" allows "+day(c.Now.Add(account.Longest))+" or earlier.", false)
		}
		if ticket, err := regexp.Compile(account.Ticket); err == nil && a.Reason != "" && !ticket.MatchString(a.Reason) {
			at(blockReason, account.Name+" asks for a ticket that matches "+account.Ticket+".", true)
		}
		for _, g := range one.grants() {
			t, _ := c.template(g.Template)
			for _, param := range t.Params {
				block := apartBlock(name, t.Name, param.Name)
				if i == 0 {
					block = a.paramBlock(t.Name, param.Name)
				}
				value := g.Params[param.Name]
				switch {
				case value == "" && !param.Optional:
					at(block, "A value is needed.", false)
				case value != "" && g.Template != workflows.CustomTemplate:
					at(block, b.o.Places.Refuse(g.Template, param.Name, value, account, a.Project), true)
				}
			}
		}
	}
	return out
}

func latest(a answers) string {
	if a.Ends == "date" {
		return blockDate
	}
	return blockEnds
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

// withWrong puts under each field what is wrong with its value.
func withWrong(blocks []slack.Block, wrong map[string]string) []slack.Block {
	if len(wrong) == 0 {
		return blocks
	}
	var out []slack.Block
	for _, b := range blocks {
		out = append(out, b)
		in, ok := b.(*slack.InputBlock)
		if !ok {
			continue
		}
		say := wrong[in.BlockID]
		if base := baseID(in.BlockID); say == "" && !slices.Contains([]string{blockParam, blockApart}, base) {
			say = wrong[base]
		}
		if say != "" {
			out = append(out, slack.NewContextBlock("", mrkdwn(join(" ", bold("Not yet right:"), prose(say)).mrkdwn)))
		}
	}
	return out
}

// listHint says which values an account lists for a parameter.
func listHint(c choice, account string, t Template, p Param, in *slack.InputBlock) *slack.InputBlock {
	acc, ok := c.account(account)
	if !ok || c.Listed == nil {
		return in
	}
	if list := c.Listed(t.Name, p.Name, acc); len(list) > 0 {
		hint := acc.Name + " lists: " + cut(strings.Join(list, ", "), 150) + "."
		if in.Hint != nil {
			hint = strings.TrimSuffix(in.Hint.Text, ".") + ". " + hint
		}
		in.Hint = plainText(hint, 500)
	}
	return in
}

// barred are the templates that need a value of which the account lists none: whatever
// is typed would be refused, so the form does not offer them.
func (b *Bot) barred(templates []Template, account workflows.Account, project string) map[string]bool {
	out := map[string]bool{}
	for _, t := range templates {
		if t.Name == workflows.CustomTemplate {
			continue
		}
		for _, p := range t.Params {
			listed := len(b.o.Places.Listed(t.Name, p.Name, account)) > 0
			if !p.Optional && !listed && b.o.Places.Refuse(t.Name, p.Name, p.Example, account, project) != "" {
				out[t.Name] = true
			}
		}
	}
	return out
}
