package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

const formCallback = "request_form"

// The blocks of the form. What follows a "/" in a block's id is what its options
// depend on: when that changes the block is another one, and an answer to the old
// one is not taken for an answer to the new.
const (
	blockProject    = "project"
	blockPipelines  = "pipelines"
	blockBranches   = "branches"
	blockAccount    = "account"
	blockTemplate   = "template"
	blockAlso       = "also"
	blockParam      = "param"
	blockOwner      = "owner"
	blockEnds       = "ends"
	blockDate       = "date"
	blockReason     = "reason"
	blockConnection = "connection"
)

func baseID(block string) string {
	base, _, _ := strings.Cut(block, "/")
	return base
}

// choice is everything that the form offers.
type choice struct {
	Projects  []Project
	Pipelines []workflows.Pipeline // of the chosen project
	Unread    string               // why the pipelines are not there
	Accounts  []workflows.Account
	Templates []Template
	Found     []Found           // in the files of the chosen pipelines
	Wrong     map[string]string // what is wrong with a value that was typed, by block
	Ahead     text              // what the answers so far would ask for, and of whom
	Barred    map[string]bool   // templates that nobody may ask for in the chosen account
	Unready   map[string]string // why an account is not set up yet, by id
	// Listed are the patterns of which a value must match one; nil: not told.
	Listed  func(template, param string, account workflows.Account) []string
	Now     time.Time
	NotReal bool
}

// notice is a view that only says something.
func notice(head, words string) *slack.ModalViewRequest {
	return view(head, []slack.Block{slack.NewSectionBlock(mrkdwn(prose(words).mrkdwn), nil, nil)})
}

func view(head string, blocks []slack.Block) *slack.ModalViewRequest {
	if len(blocks) > maxView {
		blocks = blocks[:maxView]
	}
	return &slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText(head, maxTitle), Close: plainText("Close", maxTitle),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// requestForm is the form with what was answered so far. Pure: the same answers
// give the same form, so that a redraw loses nothing.
func requestForm(c choice, a answers, wrong string) *slack.ModalViewRequest {
	var blocks []slack.Block
	put := func(b ...slack.Block) { blocks = append(blocks, b...) }
	if wrong != "" {
		put(slack.NewSectionBlock(mrkdwn(lines(bold("Not sent."), prose(strings.TrimPrefix(wrong, "Not sent: "))).mrkdwn), nil, nil), slack.NewDividerBlock())
	}
	put(slack.NewSectionBlock(mrkdwn("A federation lets the pipelines you name use an AWS account without access keys.\nNothing is created until the people who own the account approve."), nil, nil))
	put(projectInput(c, a))
	if p, ok := c.project(a); ok {
		put(pipelineInput(c, a, p))
	}
	put(textInput(blockBranches, "Branches", "Azure DevOps enforces this; AWS never sees the branch. Such as: main, release/*", a.Branches, true))
	put(accountInput(c, a))
	put(moreInput(c, a)...)
	put(templateInput(c, a))
	put(foundBlocks(c.Found)...)
	if _, ok := c.template(a.Template); ok && len(c.Templates) > 1 {
		put(alsoInput(c, a))
	}
	for _, g := range a.grants() {
		t, _ := c.template(g.Template)
		for _, p := range t.Params {
			input := paramInput
			if t.Name == workflows.CustomTemplate {
				input = documentInput
			}
			put(listHint(c, a.Account, t, p, input(a.paramBlock(t.Name, p.Name), t, p, g.Params[p.Name])))
		}
	}
	put(apartInputs(c, a)...)
	put(textInput(blockOwner, "Owner team", "A team, so that a holiday or a leaver never orphans it. Empty: the project's owners.", a.Owner, true))
	put(endsInput(c, a))
	if a.Ends == "date" {
		put(dateInput(a))
	}
	why := textInput(blockReason, "Why", "Approvers read this."+ticketHint(c, a), a.Reason, false)
	if e, ok := why.Element.(*slack.PlainTextInputBlockElement); ok {
		e.Multiline = true
	}
	put(why)
	put(textInput(blockConnection, "More options: name of the service connection", "Empty: aws- and the account's name. With several accounts each gets its account's name behind it.", a.Connection, true))
	blocks = withWrong(blocks, c.Wrong)
	if c.Ahead.mrkdwn != "" {
		s := slack.NewSectionBlock(mrkdwn(cutLines(lines(bold("What you are asking for"), c.Ahead).mrkdwn, maxSection)), nil, nil)
		s.BlockID, s.Expand = "ahead", true
		put(slack.NewDividerBlock(), s)
	}
	if c.NotReal {
		put(slack.NewContextBlock("", mrkdwn("NOT REAL: sandbox or test endpoints")))
	}
	v := view("Ask for a federation", blocks)
	v.NotifyOnClose = true
	v.CallbackID, v.Close, v.Submit = formCallback, plainText("Cancel", maxTitle), plainText("Send for approval", maxTitle)
	return v
}

func (c choice) project(a answers) (Project, bool) {
	i := slices.IndexFunc(c.Projects, func(p Project) bool {
		return strings.EqualFold(p.Name, a.Project) && (a.Organization == "" || strings.EqualFold(p.Organization, a.Organization))
	})
	if i < 0 {
		return Project{}, false
	}
	return c.Projects[i], true
}

func (c choice) template(name string) (Template, bool) {
	i := slices.IndexFunc(c.Templates, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return Template{}, false
	}
	return c.Templates[i], true
}

func (c choice) account(name string) (workflows.Account, bool) {
	i := slices.IndexFunc(c.Accounts, func(a workflows.Account) bool { return strings.EqualFold(a.Name, name) || a.ID == name })
	if i < 0 {
		return workflows.Account{}, false
	}
	return c.Accounts[i], true
}

func option(value, label, description string) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(value, plainText(label, 75), nil)
	if description != "" {
		o.Description = plainText(description, 75)
	}
	return o
}

// longestValue is Slack's limit for an option's value. A name that does not fit
// cannot be offered; it can be given by command.
const longestValue = 150

const mostOptions = 100

func projectOptions(list []Project) []*slack.OptionBlockObject {
	var out []*slack.OptionBlockObject
	for _, p := range list {
		if value := p.Organization + "/" + p.Name; len(value) <= longestValue {
			out = append(out, option(value, p.Organization+" / "+p.Name, ""))
		}
	}
	return out
}

func projectInput(c choice, a answers) slack.Block {
	options := projectOptions(c.Projects)
	if len(options) == 0 {
		return slack.NewSectionBlock(mrkdwn("*Project*\nThere is no project that you may ask for. The owners of a project, or an administrator of fedbot, can change that."), nil, nil)
	}
	e := selectOf(blockProject, "Choose a project", options)
	if p, ok := c.project(a); ok {
		e.InitialOption = projectOptions([]Project{p})[0]
	}
	return slack.NewInputBlock(blockProject, plainText("Project", 75), nil, e).WithDispatchAction(true)
}

// selectOf is a list, or a search where the list would be too long.
func selectOf(action, placeholder string, options []*slack.OptionBlockObject) *slack.SelectBlockElement {
	if len(options) > mostOptions {
		e := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plainText("Type to search", 75), action)
		least := 0
		e.MinQueryLength = &least
		return e
	}
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(placeholder, 75), action, options...)
}

func pipelineOptions(list []workflows.Pipeline) []*slack.OptionBlockObject {
	var out []*slack.OptionBlockObject
	for _, p := range list {
		if len(p.Name) <= longestValue && p.Name != "" {
			out = append(out, option(p.Name, p.Name, ""))
		}
	}
	return out
}

func pipelineInput(c choice, a answers, p Project) slack.Block {
	options := pipelineOptions(c.Pipelines)
	if len(options) == 0 {
		words := say("%s has no pipelines that fedbot can see. If it has a verification pipeline, you can send this without; else the first use is the proof, and a pipeline has to be named. Adding one later is a change request.", p.Name)
		if c.Unread != "" {
			words = join(" ", say("The pipelines of %s were not read.", p.Name), prose(c.Unread))
		}
		return slack.NewSectionBlock(mrkdwn(lines(bold("Pipelines that may use it"), words).mrkdwn), nil, nil)
	}
	kind, offered := slack.MultiOptTypeStatic, options
	if len(options) > mostOptions {
		kind, offered = slack.MultiOptTypeExternal, nil
	}
	e := slack.NewOptionsMultiSelectBlockElement(kind, plainText("Choose pipelines", 75), blockPipelines, offered...)
	for _, o := range options {
		if slices.Contains(a.Pipelines, o.Value) {
			e.InitialOptions = append(e.InitialOptions, o)
		}
	}
	hint := plainText("Only these, never all. Adding one later is a change request.", 150)
	return slack.NewInputBlock(middle(blockPipelines+"/"+p.Organization+"/"+p.Name, 255), plainText("Pipelines that may use it", 75), hint, e).WithOptional(true).WithDispatchAction(true)
}

func accountInput(c choice, a answers) slack.Block {
	var options []*slack.OptionBlockObject
	var chosen *slack.OptionBlockObject
	for _, acc := range c.Accounts {
		o := accountOption(acc)
		options = append(options, o)
		if got, ok := c.account(a.Account); ok && got.ID == acc.ID {
			chosen = o
		}
	}
	if len(options) == 0 {
		return slack.NewSectionBlock(mrkdwn("*AWS account*\nNo account is set up yet. An administrator of fedbot can add one."), nil, nil)
	}
	e := selectOf(blockAccount, "Choose an account", options)
	if groups := accountGroups(c, c.Accounts); len(groups) > 1 && len(options) <= mostOptions {
		e.Options, e.OptionGroups = nil, groups
	}
	e.InitialOption = chosen
	return slack.NewInputBlock(blockAccount, plainText("AWS account", 75), nil, e).WithDispatchAction(true)
}

func templateInput(c choice, a answers) slack.Block {
	var options []*slack.OptionBlockObject
	var chosen *slack.OptionBlockObject
	for _, t := range c.Templates {
		if c.Barred[t.Name] && t.Name != a.Template {
			continue
		}
		o := option(t.Name, fmt.Sprintf("%s: %s risk", t.Name, t.Risk), t.Purpose)
		options = append(options, o)
		if t.Name == a.Template {
			chosen = o
		}
	}
	if len(options) == 0 {
		return slack.NewSectionBlock(mrkdwn("*What it may do*\nThere is no template."), nil, nil)
	}
	e := selectOf(blockTemplate, "Choose what it may do", options)
	e.InitialOption = chosen
	return slack.NewInputBlock(a.templateBlock(), plainText("What it may do", 75), barredHint(c, a), e).WithDispatchAction(true)
}

// barredHint says how many templates an account keeps out, so that nobody looks for
// them in vain.
func barredHint(c choice, a answers) *slack.TextBlockObject {
	account, ok := c.account(a.Account)
	if !ok || len(c.Barred) == 0 {
		return nil
	}
	return plainText(fmt.Sprintf("%d more cannot be asked for in %s, which lists no values for what they need.", len(c.Barred), account.Name), 150)
}

// alsoInput offers the templates beside the one that is chosen.
func alsoInput(c choice, a answers) *slack.InputBlock {
	var options, chosen []*slack.OptionBlockObject
	for _, t := range c.Templates {
		picked := slices.ContainsFunc(a.Also, func(g workflows.Grant) bool { return g.Template == t.Name })
		if t.Name == a.Template || len(options) == mostOptions || c.Barred[t.Name] && !picked {
			continue
		}
		o := option(t.Name, fmt.Sprintf("%s: %s risk", t.Name, t.Risk), t.Purpose)
		options = append(options, o)
		if picked {
			chosen = append(chosen, o)
		}
	}
	e := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plainText("Nothing else", 75), blockAlso, options...)
	e.InitialOptions = chosen
	return slack.NewInputBlock(filledBlock(blockAlso, a.Filled), plainText("And also", 75), plainText("One role for all of it; each template once.", 150), e).WithOptional(true).WithDispatchAction(true)
}

func paramInput(block string, t Template, p Param, value string) *slack.InputBlock {
	hint := p.Hint
	if p.Example != "" {
		hint = strings.TrimSpace(hint + " Example: " + p.Example)
	}
	label := t.Name + ": " + p.Name
	if p.Optional {
		label += " (optional)"
	}
	return whileTyping(textInput(block, label, hint, value, p.Optional))
}

// whileTyping has Slack tell what is typed, so that a wrong value is said at once.
func whileTyping(b *slack.InputBlock) *slack.InputBlock {
	if e, ok := b.Element.(*slack.PlainTextInputBlockElement); ok {
		e.DispatchActionConfig = &slack.DispatchActionConfig{TriggerActionsOn: []string{"on_character_entered"}}
	}
	return b.WithDispatchAction(true)
}

func textInput(block, label, hint, value string, optional bool) *slack.InputBlock {
	e := slack.NewPlainTextInputBlockElement(nil, baseID(block))
	e.InitialValue = cut(value, 2000)
	e.MaxLength = 2000
	var h *slack.TextBlockObject
	if hint != "" {
		h = plainText(hint, 500)
	}
	return slack.NewInputBlock(block, plainText(label, 200), h, e).WithOptional(optional)
}

// endings are the ends that the form offers; an account may allow less.
var endings = []struct{ value, label string }{{"3m", "in 3 months"}, {"6m", "in 6 months"}, {"1y", "in 1 year"}}

func endsInput(c choice, a answers) slack.Block {
	account, _ := c.account(a.Account)
	var options []*slack.OptionBlockObject
	for _, e := range endings {
		if day, ok := until(e.value, c.Now); ok && (account.Longest == 0 || !day.After(c.Now.Add(account.Longest))) {
			options = append(options, option(e.value, day.Format("2 Jan 2006")+", "+e.label, ""))
		}
	}
	options = append(options, option("date", "another date", ""))
	e := slack.NewRadioButtonsBlockElement(blockEnds, options...)
	e.InitialOption = options[0]
	for _, o := range options {
		if o.Value == a.Ends || a.Ends == "" && o.Value == "6m" {
			e.InitialOption = o
		}
	}
	hint := "After that day it is removed by itself."
	if account.Longest > 0 {
		hint = fmt.Sprintf("%s allows %s or earlier.", account.Name, c.Now.Add(account.Longest).UTC().Format("2 Jan 2006"))
	}
	block := blockEnds
	if account.Longest > 0 {
		block += "/" + account.ID
	}
	return slack.NewInputBlock(block, plainText("Ends", 75), plainText(hint, 150), e).WithDispatchAction(true)
}

func dateInput(a answers) slack.Block {
	e := slack.NewDatePickerBlockElement(blockDate)
	e.InitialDate = a.Date
	return slack.NewInputBlock(blockDate, plainText("Ends on", 75), nil, e)
}

func ticketHint(c choice, a answers) string {
	if account, ok := c.account(a.Account); ok && account.Ticket != "" {
		return " " + account.Name + " asks for a ticket."
	}
	return ""
}
