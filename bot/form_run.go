package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"fedbot/workflows"
)

// formMemory keeps what open forms were filled from, so that a redraw and a search
// do not read everything again. Losing it costs a reading and nothing else.
type formMemory struct {
	mu        sync.Mutex
	projects  map[workflows.Actor][]Project
	pipelines map[string][]workflows.Pipeline
	found     map[string]Found  // by organization, project and pipeline
	order     map[string]string // view to the newest choice in it
	ahead     map[string]ahead  // what was foreseen a moment ago
}

func newFormMemory() formMemory {
	return formMemory{projects: map[workflows.Actor][]Project{}, pipelines: map[string][]workflows.Pipeline{}, found: map[string]Found{}, order: map[string]string{}, ahead: map[string]ahead{}}
}

// mostRemembered bounds each part of the memory; a full one is forgotten whole.
const mostRemembered = 1000

func remember[K comparable, V any](mu *sync.Mutex, m map[K]V, k K, v V) {
	mu.Lock()
	defer mu.Unlock()
	if len(m) >= mostRemembered {
		clear(m)
	}
	m[k] = v
}

// openForm opens the form before anything is read: a trigger lives three seconds.
func (b *Bot) openForm(ctx context.Context, p parcel, a answers) error {
	if p.trigger == "" {
		return workflows.Refuse("late", "The form could not be opened: fedbot was restarted meanwhile. Please type /federate again.")
	}
	if d, ok := b.draftOf(ctx, p.actor()); ok && a.empty() {
		offer := draftOffer(d, b.o.Now())
		offer.PrivateMetadata = p.Channel
		return b.openModal(ctx, p, offer)
	}
	loading := notice("Ask for a federation", "Loading your projects…")
	opened, err := b.o.Slack.OpenViewContext(ctx, p.trigger, *loading)
	if err != nil {
		b.o.Log.Warn("open form", "error", err)
		return workflows.Refuse("late", "The form could not be opened: Slack allows three seconds for it, and they had passed. Please try again.")
	}
	c, err := b.choice(ctx, p.actor(), a, true)
	if err != nil {
		b.o.Log.Error("fill form", "error", err)
		_, err = b.updateView(ctx, opened.View.ID, opened.View.Hash, *notice("Ask for a federation", "The projects could not be read, and unread counts as none. Nothing is lost. "+said(err)))
		return err
	}
	if one, ok := c.project(a); ok {
		a.Organization, a.Project = one.Organization, one.Name
	}
	p.View, p.Hash, p.Value, p.Order = opened.View.ID, opened.View.Hash, p.Channel, "0"
	return b.drawForm(ctx, p, c, a)
}

// updateView replaces a view and returns the hash that it has then.
func (b *Bot) updateView(ctx context.Context, id, hash string, v slack.ModalViewRequest) (now string, err error) {
	err = b.briefly(ctx, func() error {
		updated, err := b.o.Slack.UpdateViewContext(ctx, v, "", hash, id)
		if err == nil {
			now = updated.View.Hash
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("update view: %w", err)
	}
	return now, nil
}

// choice reads what the form offers; fresh says not to use what is remembered.
func (b *Bot) choice(ctx context.Context, by workflows.Actor, a answers, fresh bool) (choice, error) {
	c := choice{Listed: b.o.Places.Listed, Accounts: b.o.Places.Accounts(), Templates: b.o.Places.Templates(), Now: b.o.Now(), NotReal: b.o.NotReal}
	c.Unready = map[string]string{}
	for _, a := range c.Accounts {
		if why := b.o.Places.Unready(a); why != "" {
			c.Unready[a.ID] = why
		}
	}
	if account, ok := c.account(a.Account); ok {
		c.Barred = b.barred(c.Templates, account, a.Project)
	}
	b.forms.mu.Lock()
	projects, known := b.forms.projects[by]
	b.forms.mu.Unlock()
	if fresh || !known {
		var err error
		if projects, err = b.o.Places.Projects(ctx, by); err != nil {
			return c, fmt.Errorf("read projects: %w", err)
		}
		remember(&b.forms.mu, b.forms.projects, by, projects)
	}
	c.Projects = projects
	if p, ok := c.project(a); ok {
		list, err := b.pipelinesOf(ctx, p, fresh)
		if err != nil {
			c.Unread = said(err)
			b.o.Log.Warn("read pipelines", "project", p.Name, "error", err)
		}
		c.Pipelines = list
		if fresh {
			b.forget(p)
		}
		c.Found = b.foundIn(ctx, c, a)
	}
	return c, nil
}

func (b *Bot) pipelinesOf(ctx context.Context, p Project, fresh bool) ([]workflows.Pipeline, error) {
	key := p.Organization + "/" + p.Name
	b.forms.mu.Lock()
	list, known := b.forms.pipelines[key]
	b.forms.mu.Unlock()
	if known && !fresh {
		return list, nil
	}
	list, err := b.o.Places.Pipelines(ctx, p.Organization, p.Name)
	if err != nil {
		return nil, fmt.Errorf("read pipelines: %w", err)
	}
	remember(&b.forms.mu, b.forms.pipelines, key, list)
	return list, nil
}

// redraw shows what depends on the choice that was just made. Two quick choices may
// be worked in either order: the older one is dropped.
func (b *Bot) redraw(ctx context.Context, p parcel) error {
	if p.Action != formCallback {
		return nil
	}
	if !b.newest(p) {
		return nil
	}
	a := read(p.Answers)
	fresh := b.drafted(ctx, p, &a)
	c, err := b.choice(ctx, p.actor(), a, fresh)
	if err != nil {
		return err
	}
	if strings.HasPrefix(p.Text, actUseFound) {
		a.useFound(c.Found, p.Message)
	}
	if !fresh {
		b.keep(ctx, p.actor(), a)
		c.Wrong = b.slips(c, a).typed()
	}
	if err := b.drawForm(ctx, p, c, a); err != nil {
		b.o.Log.Warn("redraw form", "error", err)
	}
	return nil
}

// whenStill redraws once somebody has stopped typing: every letter comes as a
// delivery, and only the last one says what is meant.
func (b *Bot) whenStill(p parcel) {
	if !b.newest(p) {
		return
	}
	time.AfterFunc(b.o.Edits/2, func() {
		if !b.newest(p) {
			return
		}
		if over, _ := b.floods.pour(p, b.o.Now()); !over {
			b.queue(context.Background(), p)
		}
	})
}

func (b *Bot) newest(p parcel) bool {
	b.forms.mu.Lock()
	last := b.forms.order[p.View]
	b.forms.mu.Unlock()
	if p.Order < last {
		return false
	}
	remember(&b.forms.mu, b.forms.order, p.View, p.Order)
	return true
}

// options answers a search in a list that was too long to send whole.
func (b *Bot) options(ctx context.Context, p parcel) any {
	a := read(p.Answers)
	c, err := b.choice(ctx, p.actor(), a, false)
	if err != nil {
		b.o.Log.Warn("search", "error", err)
	}
	switch p.Action {
	case blockAccount, blockMore:
		some := slices.DeleteFunc(slices.Clone(c.Accounts), func(acc workflows.Account) bool { return !matched(p.Text, accountOption(acc)) })
		if groups := accountGroups(c, some[:min(len(some), mostOptions)]); len(groups) > 1 {
			return slack.OptionGroupsResponse{OptionGroups: groups}
		}
		var all []*slack.OptionBlockObject
		for _, acc := range some {
			all = append(all, accountOption(acc))
		}
		return found(p.Text, all)
	case blockPipelines:
		// An open form shows the list of the project in the block's id.
		organization, project, _ := strings.Cut(strings.TrimPrefix(p.Value, blockPipelines+"/"), "/")
		if !slices.Contains(c.Projects, Project{organization, project}) {
			return found(p.Text, nil)
		}
		list, err := b.pipelinesOf(ctx, Project{organization, project}, false)
		if err != nil {
			b.o.Log.Warn("search pipelines", "project", project, "error", err)
		}
		return found(p.Text, pipelineOptions(list))
	}
	return found(p.Text, projectOptions(c.Projects))
}

func matched(typed string, o *slack.OptionBlockObject) bool {
	return strings.Contains(strings.ToLower(o.Value+" "+o.Text.Text), strings.ToLower(strings.TrimSpace(typed)))
}

// found are the options that match, as many as Slack takes. Where there are more, the
// last place says so; it is no option that counts, as no object has that name.
func found(typed string, all []*slack.OptionBlockObject) slack.OptionsResponse {
	out := []*slack.OptionBlockObject{}
	for _, o := range all {
		if matched(typed, o) {
			out = append(out, o)
		}
	}
	if more := len(out) - (mostOptions - 1); len(out) > mostOptions {
		out = append(out[:mostOptions-1], option(noChoice, fmt.Sprintf("%d more: type more of the name", more), ""))
	}
	return slack.OptionsResponse{Options: out}
}

// noChoice is the value of the line that says that a list is longer. Slashes cannot
// be in a name of Azure DevOps, and an account of that name is in no configuration.
const noChoice = "/"

// formSent submits a form that had no slips.
func (b *Bot) formSent(ctx context.Context, p parcel) error {
	a := read(p.Answers)
	if a.Project == "" { // of a form that had none to choose from
		return workflows.Refuse("no_project", "Not sent: no project was chosen. Nothing was recorded.")
	}
	proposal, err := a.proposal(b.o.Now())
	if err != nil {
		return err
	}
	var shown []slack.Block
	var told message
	if len(a.accounts()) > 1 {
		if told, err = b.sendAll(ctx, p, a.proposals(b.o.Now())); err != nil {
			return err
		}
		shown = told.Blocks
	} else {
		f, err := b.o.Desk.Submit(ctx, workflows.Ask{Delivery: p.Key, By: p.actor(), Proposal: proposal})
		if err != nil {
			return err
		}
		shown, told = sentBlocks(f, b.o.Channel(proposal)), sentMessage(f, b.o.Channel(proposal))
	}
	b.finish(ctx, p)
	done := view("Ask for a federation", shown)
	if p.form.give(slack.NewUpdateViewSubmissionResponse(done)) {
		return nil
	}
	if _, err := b.updateView(ctx, p.View, "", *done); err != nil {
		p.Channel = p.Value
		b.tell(ctx, p, told)
	}
	return nil
}

// formRefused shows a refusal in the form that was sent: at its field, if it has
// one; else above the form, as it was sent, so that nothing typed is lost. It
// reports false if the form is gone, and the person is told another way.
func (b *Bot) formRefused(ctx context.Context, p parcel, r *workflows.Refusal) bool {
	a := read(p.Answers)
	if p.Action == formCallback {
		b.keep(ctx, p.actor(), a)
	}
	if block := field(p.Answers, a, r.Field); r.Field != "" && block != "" {
		if p.form.give(slack.NewErrorsViewSubmissionResponse(map[string]string{block: cut(r.Say, maxField)})) {
			return true
		}
	}
	again := notice("Not done", r.Say)
	if p.Action == formCallback {
		c, err := b.choice(ctx, p.actor(), a, false)
		if err != nil {
			return false
		}
		c.Ahead, _ = b.aheadOf(p.actor(), c, a)
		again = requestForm(c, a, r.Say)
		again.PrivateMetadata = p.Value
	}
	if p.form.give(slack.NewUpdateViewSubmissionResponse(again)) {
		return true
	}
	_, err := b.updateView(ctx, p.View, "", *again)
	return err == nil
}
