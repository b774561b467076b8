package bot

import (
	"context"
	"slices"
	"sync"

	"fedbot/workflows"
)

// clerk is a desk that writes down what it was asked and says what it was told to.
type clerk struct {
	mu        sync.Mutex
	asks      []workflows.Ask
	presses   []workflows.Press
	orders    []workflows.Order
	verbs     []string
	answer    error                      // to everything
	roles     map[string]workflows.Roles // by user id
	onAsk     func(workflows.Ask) (workflows.Federation, error)
	onForesee func(workflows.Proposal) (workflows.Foresight, error) // nil: refused
	foreseen  []workflows.Proposal
	decided   chan string
}

func newClerk() *clerk {
	return &clerk{roles: map[string]workflows.Roles{}, decided: make(chan string, 100)}
}

func (c *clerk) note(verb string, how func()) (workflows.Federation, error) {
	c.mu.Lock()
	how()
	c.verbs = append(c.verbs, verb)
	answer := c.answer
	c.mu.Unlock()
	c.decided <- verb
	return workflows.Federation{}, answer
}

func (c *clerk) Submit(_ context.Context, in workflows.Ask) (workflows.Federation, error) {
	f, err := c.note("submit", func() { c.asks = append(c.asks, in) })
	if c.onAsk != nil {
		return c.onAsk(in)
	}
	return f, err
}

func (c *clerk) Approve(_ context.Context, p workflows.Press) (workflows.Federation, error) {
	return c.note("approve", func() { c.presses = append(c.presses, p) })
}

func (c *clerk) Deny(_ context.Context, p workflows.Press) (workflows.Federation, error) {
	return c.note("deny", func() { c.presses = append(c.presses, p) })
}

func (c *clerk) Inquire(_ context.Context, p workflows.Press) (workflows.Federation, error) {
	return c.note("inquire", func() { c.presses = append(c.presses, p) })
}

func (c *clerk) Reply(_ context.Context, p workflows.Press) (workflows.Federation, error) {
	return c.note("reply", func() { c.presses = append(c.presses, p) })
}

func (c *clerk) Withdraw(_ context.Context, p workflows.Press) (workflows.Federation, error) {
	return c.note("withdraw", func() { c.presses = append(c.presses, p) })
}

func (c *clerk) Order(_ context.Context, o workflows.Order) (workflows.Federation, error) {
	return c.note(string(o.Verb), func() { c.orders = append(c.orders, o) })
}

func (c *clerk) Foresee(_ context.Context, by workflows.Actor, p workflows.Proposal) (workflows.Foresight, error) {
	c.mu.Lock()
	c.foreseen = append(c.foreseen, p)
	on := c.onForesee
	c.mu.Unlock()
	if on == nil {
		return workflows.Foresight{}, workflows.ErrUnreadable
	}
	seen, err := on(p)
	seen.By = workflows.Person{Actor: by, Name: "Requester"}
	return seen, err
}

func (c *clerk) May(_ context.Context, _ workflows.Federation, by workflows.Actor) (workflows.Roles, error) {
	_, user, _ := slackUser(by)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roles[user], nil
}

func (c *clerk) lastPress() workflows.Press {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.presses) == 0 {
		return workflows.Press{}
	}
	return c.presses[len(c.presses)-1]
}

func (c *clerk) count(verb string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, v := range c.verbs {
		if v == verb {
			n++
		}
	}
	return n
}

// catalogue is what can be chosen in tests.
type catalogue struct {
	projects []Project
	unready  map[string]string
}

func (c catalogue) Projects(context.Context, workflows.Actor) ([]Project, error) {
	return c.projects, nil
}

func (c catalogue) Pipelines(_ context.Context, _, project string) ([]workflows.Pipeline, error) {
	if project != "Web Shop" {
		return nil, workflows.ErrUnreadable
	}
	return []workflows.Pipeline{{ID: 4, Name: "storefront-deploy"}, {ID: 5, Name: "storefront-nightly"}}, nil
}

func (c catalogue) Refuse(template, param, value string, account workflows.Account, project string) string {
	if list := account.Values[param]; len(list) > 0 && !slices.ContainsFunc(list, func(x string) bool { return workflows.Glob(x, value) }) {
		return value + " is not on the list of values that " + project + " may ask for in " + account.Name + "."
	}
	return ""
}

func (c catalogue) Listed(_, param string, account workflows.Account) []string {
	return account.Values[param]
}

func (c catalogue) Unready(a workflows.Account) string { return c.unready[a.ID] }

func (c catalogue) Accounts() []workflows.Account {
	prod := shopDev
	prod.ID, prod.Name, prod.Production, prod.Ticket = "444455556666", "shop-prod", true, `SHOP-\d+`
	return []workflows.Account{shopDev, prod}
}

func (c catalogue) Templates() []Template {
	return []Template{{Name: "s3-static-site", Purpose: "replace files in one bucket", Risk: workflows.Low, Params: []Param{{Name: "bucket"}, {Name: "folder", Optional: true}}},
		{Name: "ecr-push", Purpose: "push images", Risk: workflows.Low, Params: []Param{{Name: "repository"}}}}
}
