package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// mostAccounts is how many accounts one form may name. Each becomes a federation of
// its own, decided by its own people.
const mostAccounts = 5

// The blocks of the accounts beside the first, and of the parameters there.
const (
	blockMore  = "more"
	blockApart = "apart"
)

// apartBlock is the block of a parameter in an account beside the first.
func apartBlock(account, template, name string) string {
	return middle(blockApart+"/"+account+"/"+template+"/"+name, 255)
}

// accounts are all that are chosen, the first one first.
func (a answers) accounts() []string {
	var out []string
	for _, name := range append([]string{a.Account}, a.More...) {
		if name != "" && !slices.ContainsFunc(out, func(has string) bool { return strings.EqualFold(has, name) }) {
			out = append(out, name)
		}
	}
	return out
}

// of are the answers for one of the accounts, as if it were the only one. A name for
// the connection gets the account's name behind it where there are several, since two
// connections of a project cannot share one.
func (a answers) of(account string) answers {
	one := a
	one.Account, one.More, one.Apart = account, nil, nil
	if len(a.accounts()) > 1 && a.Connection != "" {
		one.Connection = a.Connection + "-" + account
	}
	if account == a.Account {
		return one
	}
	params := func(template string) map[string]string { return a.Apart[account][template] }
	one.Params, one.Also = params(a.Template), nil
	for _, g := range a.Also {
		one.Also = append(one.Also, workflows.Grant{Template: g.Template, Params: params(g.Template)})
	}
	return one
}

// proposals are what the answers ask for: one for each account. A date that cannot be
// read leaves the end out.
func (a answers) proposals(now time.Time) []workflows.Proposal {
	var out []workflows.Proposal
	for _, account := range a.accounts() {
		p, _ := a.of(account).proposal(now)
		out = append(out, p)
	}
	return out
}

// apart reads the parameters of the accounts beside the first.
func (a *answers) apart(values map[string][]string) {
	for _, account := range a.More {
		for _, g := range a.grants() {
			prefix := blockApart + "/" + account + "/" + g.Template + "/"
			for block, v := range values {
				name, ok := strings.CutPrefix(block, prefix)
				if !ok || len(v) == 0 || strings.TrimSpace(v[0]) == "" {
					continue
				}
				a.setApart(account, g.Template, name, strings.TrimSpace(v[0]))
			}
		}
	}
}

func (a *answers) setApart(account, template, name, value string) {
	if a.Apart == nil {
		a.Apart = map[string]map[string]map[string]string{}
	}
	if a.Apart[account] == nil {
		a.Apart[account] = map[string]map[string]string{}
	}
	if a.Apart[account][template] == nil {
		a.Apart[account][template] = map[string]string{}
	}
	a.Apart[account][template][name] = value
}

// moreInput offers the accounts beside the one that is chosen.
func moreInput(c choice, a answers) []slack.Block {
	first, ok := c.account(a.Account)
	if !ok || len(c.Accounts) < 2 {
		return nil
	}
	var options, chosen []*slack.OptionBlockObject
	for _, acc := range c.Accounts {
		if acc.ID == first.ID {
			continue
		}
		o := accountOption(acc)
		options = append(options, o)
		if slices.Contains(a.More, acc.Name) {
			chosen = append(chosen, o)
		}
	}
	kind, offered := slack.MultiOptTypeStatic, options
	if len(options) > mostOptions {
		kind, offered = slack.MultiOptTypeExternal, nil
	}
	e := slack.NewOptionsMultiSelectBlockElement(kind, plainText("No other account", 75), blockMore, offered...)
	most := mostAccounts - 1
	e.MaxSelectedItems, e.InitialOptions = &most, chosen
	hint := plainText("Up to 4 more. Each becomes its own federation, decided by its own people.", 150)
	return []slack.Block{slack.NewInputBlock(blockMore, plainText("And also in", 75), hint, e).WithOptional(true).WithDispatchAction(true)}
}

func accountOption(acc workflows.Account) *slack.OptionBlockObject {
	return option(acc.Name, acc.Name+"  "+acc.ID+"  "+acc.Kind(), "")
}

// accountGroups are the accounts that can be used and those that could not be read
// when they were last looked at; one group, without a name that matters, if all can.
func accountGroups(c choice, list []workflows.Account) []*slack.OptionGroupBlockObject {
	var ready, not []*slack.OptionBlockObject
	for _, acc := range list {
		if c.Unready[acc.ID] == "" {
			ready = append(ready, accountOption(acc))
		} else {
			not = append(not, accountOption(acc))
		}
	}
	var out []*slack.OptionGroupBlockObject
	if len(ready) > 0 {
		out = append(out, slack.NewOptionGroupBlockElement(plainText("Ready", 75), ready...))
	}
	if len(not) > 0 {
		out = append(out, slack.NewOptionGroupBlockElement(plainText("Not set up yet", 75), not...))
	}
	if len(ready) == 0 {
		return nil
	}
	return out
}

// apartInputs ask for the parameters in each account beside the first, under its name.
func apartInputs(c choice, a answers) []slack.Block {
	var out []slack.Block
	for _, name := range a.accounts()[min(1, len(a.accounts())):] {
		account, ok := c.account(name)
		if !ok {
			continue
		}
		head := false
		for _, g := range a.of(name).grants() {
			t, _ := c.template(g.Template)
			for _, p := range t.Params {
				if !head {
					out, head = append(out, slack.NewSectionBlock(mrkdwn(say("In %s:", bold(account.Name)).mrkdwn), nil, nil)), true
				}
				input := paramInput
				if t.Name == workflows.CustomTemplate {
					input = documentInput
				}
				b := listHint(c, name, t, p, input(apartBlock(name, t.Name, p.Name), t, p, g.Params[p.Name]))
				b.Label = plainText(account.Name+": "+b.Label.Text, 200)
				out = append(out, b)
			}
		}
	}
	return out
}

// outcome is what came of one account's request.
type outcome struct {
	Proposal workflows.Proposal
	F        workflows.Federation
	Refused  error // nil: it was sent
}

// submitAll sends one request for each account, each decided and stored by itself, so
// that one may be refused while others go on. A delivery that comes again, after a
// kill in the middle, finds what it has sent already by its keys.
func (b *Bot) submitAll(ctx context.Context, p parcel, proposals []workflows.Proposal) ([]outcome, error) {
	var out []outcome
	refused := 0
	for _, proposal := range proposals {
		f, err := b.o.Desk.Submit(ctx, workflows.Ask{Delivery: p.Key + "/" + proposal.Account, By: p.actor(), Proposal: proposal})
		if taken, ok := errors.AsType[*workflows.TakenError](err); ok && strings.HasPrefix(taken.Key, "seen/") {
			f, err = b.o.Histories.Load(ctx, taken.Holder)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if _, ok := errors.AsType[*workflows.Refusal](err); err != nil && !ok {
			b.o.Log.Error("send one of several", "key", p.Key, "account", proposal.Account, "error", err)
		}
		if err != nil {
			refused++
		}
		out = append(out, outcome{proposal, f, err})
	}
	if refused == len(out) {
		return out, noneSent(out)
	}
	return out, nil
}

// noneSent is the refusal of all of them, each with its reason.
func noneSent(all []outcome) *workflows.Refusal {
	var say []string
	for _, s := range all {
		say = append(say, s.Proposal.Account+": "+strings.TrimPrefix(said(s.Refused), "Not sent: "))
	}
	return workflows.Refuse("none_sent", "Not sent: nothing was sent for any of the %d accounts. %s", len(all), strings.Join(say, " "))
}

// together lists what came of each account. Pure.
func together(all []outcome, channel func(workflows.Proposal) string, buttons bool) message {
	var sh sheet
	n := 0
	for _, s := range all {
		if s.Refused == nil {
			n++
		}
	}
	sh.section(join(" ", bold(say("Sent %d of %d.", n, len(all))), say("Each is decided by its own people. Nothing is created until it is approved.")))
	for _, s := range all {
		if s.Refused != nil {
			sh.section(join(" ", bold(say("Not sent: %s.", s.Proposal.Account)), prose(strings.TrimPrefix(said(s.Refused), "Not sent: "))))
			if command := commandLine(s.Proposal); buttons && len(command) < 1900 {
				sh.actions(button(actForm, "Ask again with the same answers…", "typed "+command[len("/federate "):], s.Proposal.Account))
			}
			continue
		}
		r := lastRequest(s.F)
		line := join("", bold(say("%s: %s", s.Proposal.Account, r.ID)), say(", connection %s, in ", s.Proposal.Connection),
			text{"<#" + escape(channel(s.Proposal)) + ">", "its channel"}, say("."))
		if buttons {
			sh.line(line, button(actWithdraw, "Withdraw", string(r.ID), string(r.ID)))
		} else {
			sh.section(join(" ", line, say("To take it back: /federate withdraw %s", r.ID)))
		}
	}
	return sh.message()
}

// sendAll sends several requests, and tells of all of them together: where they were
// asked for, and in one direct message that stays.
func (b *Bot) sendAll(ctx context.Context, p parcel, proposals []workflows.Proposal) (message, error) {
	all, err := b.submitAll(ctx, p, proposals)
	if err != nil {
		return message{}, err
	}
	if err := b.briefly(ctx, func() error { return b.direct(ctx, p.User, together(all, b.o.Channel, true)) }); err != nil && ctx.Err() == nil {
		b.o.Log.Warn("tell of several requests", "key", p.Key, "error", err)
	}
	return together(all, b.o.Channel, false), nil
}

// typedParams joins what was typed for all accounts with what was typed for one: a
// parameter ACCOUNT:NAME holds in that account alone.
func (a *answers) typedParams() error {
	accounts := a.accounts()
	grants := a.grants()
	own := map[string]map[int]map[string]string{}
	for i, g := range grants {
		for key, value := range maps.Clone(g.Params) {
			account, name, apart := strings.Cut(key, ":")
			if !apart {
				continue
			}
			at := slices.IndexFunc(accounts, func(x string) bool { return strings.EqualFold(x, account) })
			if at < 0 || name == "" {
				return &misread{Say: fmt.Sprintf("Not understood: --param %s. %s is none of the accounts.", cut(key, 60), cut(account, 40)), Usage: usage("request"), Typed: true}
			}
			delete(g.Params, key)
			if own[accounts[at]] == nil {
				own[accounts[at]] = map[int]map[string]string{}
			}
			if own[accounts[at]][i] == nil {
				own[accounts[at]][i] = map[string]string{}
			}
			own[accounts[at]][i][name] = value
		}
	}
	for _, account := range a.More {
		for i, g := range grants {
			for name, value := range g.Params {
				a.setApart(account, g.Template, name, value)
			}
			for name, value := range own[account][i] {
				a.setApart(account, g.Template, name, value)
			}
		}
	}
	for i, values := range own[a.Account] {
		maps.Copy(grants[i].Params, values)
	}
	return nil
}
