package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fedbot/bot"
	"fedbot/internal/azuredevops"
	"fedbot/internal/identity"
	"fedbot/policies"
	"fedbot/store"
	"fedbot/workflows"
)

// newKey is a federation's random 128 bits.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its own promise
	return hex.EncodeToString(b[:])
}

// feed and inbox give the store the shapes that the bot declares.
type feed struct{ *store.DB }

func (f feed) Feed(ctx context.Context, after uint64, most int) ([]bot.Entry, error) {
	list, err := f.DB.Feed(ctx, after, most)
	out := make([]bot.Entry, 0, len(list))
	for _, x := range list {
		out = append(out, bot.Entry{Seq: x.Seq, ID: x.ID, Version: x.Version, Event: x.Event})
	}
	return out, err
}

type inbox struct{ *store.DB }

func (i inbox) Pending(ctx context.Context) ([]bot.Delivery, error) {
	list, err := i.DB.Pending(ctx)
	out := make([]bot.Delivery, 0, len(list))
	for _, x := range list {
		out = append(out, bot.Delivery{Key: x.Key, Body: x.Body})
	}
	return out, err
}

// channel says where a proposal is decided: the account's channel, the project's,
// or the one for everything.
func channel(rules workflows.Rules) func(workflows.Proposal) string {
	return func(p workflows.Proposal) string {
		if a, ok := rules.Account(p.Account); ok && a.Channel != "" {
			return a.Channel
		}
		if pr, ok := rules.Project(p.Organization, p.Project); ok && pr.Channel != "" {
			return pr.Channel
		}
		return rules.Channel
	}
}

// mention is how Slack notifies a group; a group that cannot be read is written
// by its name, which notifies nobody and loses nothing.
func mention(people *identity.Slack, group string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	id, err := people.GroupID(ctx, group)
	if err != nil || id == "" {
		return group
	}
	return "<!subteam^" + id + ">"
}

// places are what the request form offers: only what the person may ask for.
type places struct {
	people    workflows.Directory
	rules     workflows.Rules
	catalogue *policies.Catalogue
	devops    *azuredevops.DevOps
	survey    *survey
	verifier  string // name of the verification pipeline, which is never given a connection to keep
}

func (p *places) Projects(ctx context.Context, by workflows.Actor) ([]bot.Project, error) {
	who, err := p.people.Person(ctx, by)
	if err != nil {
		return nil, err
	}
	may := make([]bool, len(p.rules.Projects))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(4)
	for i, x := range p.rules.Projects {
		all.Go(func() (err error) {
			may[i], err = p.mayAsk(ctx, x, who)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	var out []bot.Project
	for i, x := range p.rules.Projects {
		if may[i] {
			out = append(out, bot.Project{Organization: x.Organization, Name: x.Name})
		}
	}
	return out, nil
}

// mayAsk is the rule of the form; the engine and the preflight decide for
// themselves whatever the form showed.
func (p *places) mayAsk(ctx context.Context, x workflows.Project, who workflows.Person) (bool, error) {
	if len(x.Ask) == 0 {
		return p.devops.MayAsk(ctx, x.Organization, x.Name, who.Email)
	}
	for _, group := range append(slices.Clone(x.Ask), x.Owners) {
		members, err := p.people.Members(ctx, group)
		if err != nil {
			return false, err
		}
		if slices.Contains(members, who.Actor) {
			return true, nil
		}
	}
	return false, nil
}

func (p *places) Pipelines(ctx context.Context, organization, project string) ([]workflows.Pipeline, error) {
	list, err := p.devops.Pipelines(ctx, organization, project)
	return slices.DeleteFunc(list, func(x workflows.Pipeline) bool { return strings.EqualFold(x.Name, p.verifier) }), err
}

// Found reads the file of a pipeline and says what it seems to need. Templates whose
// parameters the file does not all tell are shown and not offered.
func (p *places) Found(ctx context.Context, organization, project, pipeline string) bot.Found {
	file, err := p.devops.ReadPipelineFile(ctx, organization, project, pipeline)
	if err != nil {
		return bot.Found{Unread: "What " + pipeline + " needs was not read. " + workflows.Said(err)}
	}
	needs, err := policies.Suggest([]byte(file.Text), p.catalogue)
	if err != nil {
		return bot.Found{Unread: fmt.Sprintf("What %s needs was not read: %s is not a pipeline that fedbot can read.", pipeline, file)}
	}
	f := bot.Found{Where: file.String()}
	for _, x := range needs.Finds {
		f.Lines = append(f.Lines, bot.FoundLine{Line: x.Line, What: x.What, Say: x.Lines()[0]})
	}
	for _, r := range needs.Requests {
		for _, g := range r.Grants {
			if !slices.ContainsFunc(r.Missing, func(m string) bool { return strings.HasPrefix(m, g.Template+": ") }) {
				f.Offers = append(f.Offers, g)
			}
		}
	}
	return f
}

func (p *places) Accounts() []workflows.Account { return p.rules.Accounts }

// Unready knows what the last reading of the account met, in this process.
func (p *places) Unready(account workflows.Account) string {
	why, _ := p.survey.unready.Load(account.ID)
	say, _ := why.(string)
	return say
}

func (p *places) Refuse(template, param, value string, account workflows.Account, project string) string {
	t, ok := p.catalogue.Get(template)
	if !ok {
		return "There is no template " + template + "."
	}
	return t.RefuseValue(param, value, account, project)
}

func (p *places) Listed(template, param string, account workflows.Account) []string {
	t, ok := p.catalogue.Get(template)
	if !ok {
		return nil
	}
	list, _ := t.Listed(param, account)
	return list
}

func (p *places) Templates() []bot.Template {
	var out []bot.Template
	for _, name := range p.catalogue.Names() {
		t, ok := p.catalogue.Get(name)
		if !ok || t.Base {
			continue
		}
		x := bot.Template{Name: t.Name, Purpose: t.Purpose, Risk: t.Level()}
		for _, q := range t.Parameters {
			x.Params = append(x.Params, bot.Param{Name: q.Name, Hint: q.Description, Example: q.Example, Optional: q.Optional})
		}
		out = append(out, x)
	}
	if slices.ContainsFunc(p.rules.Accounts, func(a workflows.Account) bool { return len(a.Values[workflows.CustomTemplate]) > 0 }) {
		out = append(out, bot.Template{Name: workflows.CustomTemplate, Purpose: policies.CustomPurpose, Risk: workflows.High, Params: []bot.Param{
			{Name: bot.DocumentParam, Hint: "An IAM policy as JSON. Name each action; no NotAction, no variables; S3 with a condition on aws:ResourceAccount."}}})
	}
	return out
}

// brake says why fedbot may not end federations by itself now: when more have
// reached their end at once than the brake allows, a mistake of ours or a wrong
// clock is likelier than so many ends.
func (a *App) brake(ctx context.Context, now time.Time) (string, error) {
	list, err := a.db.List(ctx)
	if err != nil {
		return "", fmt.Errorf("count ended federations: %w", err)
	}
	n := 0
	for _, f := range list {
		if (f.State == workflows.Active || f.State == workflows.Provisioning) && !f.Ends.IsZero() && !now.Before(f.Ends) {
			n++
		}
	}
	if n > a.o.Config.Pace.Brake {
		a.o.Log.Error("brake: too many federations reached their end at once, so none is ended; a person decides", "count", n)
		return fmt.Sprintf("%d federations reached their end at once", n), nil
	}
	return "", nil
}
