package sandbox

import (
	"net/http"
	"slices"
	"time"

	emaws "fedbot/internal/emulate/aws"
	emado "fedbot/internal/emulate/azuredevops"
	emslack "fedbot/internal/emulate/slack"
	"fedbot/workflows"
)

// state is everything that the page shows to one person.
type state struct {
	Revision    string             `json:"revision"`
	Clock       time.Time          `json:"clock"`
	Running     bool               `json:"running"`
	As          string             `json:"as"`
	People      []Person           `json:"people"`
	Slack       emslack.View       `json:"slack"`
	AWS         emaws.Snapshot     `json:"aws"`
	AzureDevOps emado.Snapshot     `json:"azure_devops"`
	Federations []federation       `json:"federations"`
	News        []news             `json:"news"` // newest first
	Journey     journey            `json:"journey"`
	Trouble     map[string]trouble `json:"trouble"` // by system
}

// federation is one line of what fedbot manages.
type federation struct {
	ID         workflows.FederationID `json:"id"`
	State      workflows.State        `json:"state"`
	Outcome    workflows.Outcome      `json:"outcome,omitempty"`
	Project    string                 `json:"project"`
	Connection string                 `json:"connection"`
	Account    string                 `json:"account"`
	AccountID  string                 `json:"account_id"`
	Role       string                 `json:"role,omitempty"`
	Provider   string                 `json:"provider,omitempty"` // ARN of the OIDC provider that it uses
	Requester  string                 `json:"requester"`
	Held       bool                   `json:"held"`
	Parked     string                 `json:"parked,omitempty"`
	Quarantine string                 `json:"quarantine,omitempty"`
	Findings   []workflows.Finding    `json:"findings,omitempty"`
}

// news is one line of "what just happened".
type news struct {
	At  time.Time `json:"at"`
	Say string    `json:"say"`
}

// journey is the newcomer's way and the one next step.
type journey struct {
	Step       int                    `json:"step"` // 1 Ask, 2 Approve, 3 Proof, 4 Use, 5 Attack; 6: all done
	Say        string                 `json:"say"`
	As         string                 `json:"as,omitempty"`      // who does it
	Do         string                 `json:"do,omitempty"`      // "command", "show", "use", "attack", "start", "drift"
	Label      string                 `json:"label,omitempty"`   // of the button
	Command    string                 `json:"command,omitempty"` // to type
	Federation workflows.FederationID `json:"federation,omitempty"`
}

func (s *Sandbox) getState(w http.ResponseWriter, r *http.Request) {
	as := r.URL.Query().Get("as")
	if !slices.ContainsFunc(people, func(p Person) bool { return p.ID == as }) {
		as = people[0].ID
	}
	federations, lines := s.look(r)
	st := state{
		Revision: s.revision(), Clock: s.clock.Now(), Running: s.Running(), As: as, People: people,
		Slack: s.slack.Snapshot(as), AWS: s.aws.Snapshot(), AzureDevOps: s.azure.Snapshot(), News: lines, Trouble: s.troubles(),
	}
	for _, f := range federations {
		st.Federations = append(st.Federations, line(f))
	}
	st.Journey = s.way(federations)
	writeJSON(w, http.StatusOK, st)
}

// look reads federations and the latest events from the store while fedbot runs,
// and what was read last while it does not.
func (s *Sandbox) look(r *http.Request) ([]workflows.Federation, []news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return s.seen, s.lines()
	}
	db := s.running.app.Store()
	list, err := db.List(r.Context())
	if err != nil {
		return s.seen, s.lines()
	}
	s.seen = list
	if entries, err := db.Feed(r.Context(), s.told, 1000); err == nil {
		for _, e := range entries {
			s.told = e.Seq
			if tellsNothing(e.Event.Kind()) {
				continue
			}
			s.said = append(s.said, news{e.Event.At, string(e.ID) + ": " + e.Event.By.Name + ": " + workflows.Tell(e.Event)})
		}
	}
	return s.seen, s.lines()
}

// tellsNothing leaves out what only the machinery cares about.
func tellsNothing(k workflows.EventKind) bool { return k == workflows.KindIntended }

// lines are the latest news, newest first. The caller holds the lock.
func (s *Sandbox) lines() []news {
	if n := len(s.said); n > 200 {
		s.said = slices.Clone(s.said[n-200:])
	}
	out := slices.Clone(s.said)
	slices.SortStableFunc(out, func(a, b news) int { return b.At.Compare(a.At) })
	return out[:min(len(out), 40)]
}

// note adds the sandbox's own news.
func (s *Sandbox) note(say string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, news{s.clock.Now(), say})
}

func line(f workflows.Federation) federation {
	out := federation{ID: f.ID, State: f.State, Outcome: f.Outcome, Project: f.Approved.Project, Connection: f.Approved.Connection,
		Account: f.Approved.Account, AccountID: f.Names.AccountID, Requester: f.Requests[0].By.Name, Findings: f.Findings}
	if f.Plan != nil {
		if st, ok := f.Plan.Step(workflows.RoleID); ok && st.Role != nil && f.State != workflows.Closed {
			out.Role = st.Role.Name
		}
		if st, ok := f.Plan.Step(workflows.ProviderID); ok && st.Provider != nil && f.Steps.Get(workflows.ProviderID).Made {
			out.Provider = st.Provider.ARN
		}
	}
	out.Held = f.Quarantine != nil || f.Steps.Get(workflows.HoldID).Made && !f.Steps.Get(workflows.LiftID).Made
	if f.Parked != nil {
		out.Parked = f.Parked.Say
	}
	if f.Quarantine != nil {
		out.Quarantine = f.Quarantine.Reason
	}
	return out
}

const askCommand = `request --org contoso --project "Web Shop" --connection aws-shop-dev --account shop-dev --template s3-static-site ` +
	`--param bucket=shop-site-dev --param prefix=web/ --pipeline storefront-deploy --branch main --reason "Deploy the storefront from CI instead of by hand. SHOP-412"`

// way says where the newcomer is: the youngest federation that was asked for here.
func (s *Sandbox) way(list []workflows.Federation) journey {
	if !s.Running() {
		return journey{Say: "fedbot is stopped, because you stopped it. What was begun will be finished when it starts.", Do: "start", Label: "Start fedbot"}
	}
	var f *workflows.Federation
	for i := range list {
		if list[i].Approved.Connection != staleConnection {
			f = &list[i]
		}
	}
	ask := journey{Step: 1, Say: "You are Requester. Ask for AWS access for the project Web Shop.", As: people[0].ID, Do: "command", Label: "Type /federate for me", Command: askCommand}
	if f == nil {
		return ask
	}
	s.mu.Lock()
	used, attacked := s.used[f.ID], s.attacked[f.ID]
	s.mu.Unlock()
	switch r, open := f.Open(); {
	case f.State == workflows.Requested && (!open || r.Checked == nil):
		return journey{Step: 1, Say: "fedbot is reading both sides before it asks anybody. That takes a moment.", Federation: f.ID}
	case open && r.State == workflows.RequestOpen:
		i, _ := r.Stage()
		who, group := people[1], ""
		if i < len(r.Checked.Verdict.Stages) {
			group = r.Checked.Verdict.Stages[i].Group
			for _, p := range people {
				if slices.ContainsFunc(r.Checked.Verdict.Stages[i].Could, func(a workflows.Actor) bool { return string(a) == "slack:"+team+"/"+p.ID }) {
					who = p
					break
				}
			}
		}
		return journey{Step: 2, Say: "Now be " + who.Name + ", who is in " + group + ". Read the card in #shop-approvals, then press Approve.",
			As: who.ID, Do: "show", Label: "Be " + who.Name, Federation: f.ID}
	case f.Parked != nil:
		return journey{Step: 3, Say: "It needs a person: the card says why, and what to do.", Do: "show", As: people[1].ID, Label: "Show the card", Federation: f.ID}
	case f.AwaitsUse():
		return journey{Step: 3, Say: "Its first use is the proof: the card says which pipeline to run once, and that it will be refused. Then press Check now.", Do: "show", As: people[0].ID,
			Label: "Show the card", Federation: f.ID}
	case f.State == workflows.Provisioning:
		return journey{Step: 3, Say: "fedbot makes the role and the connection, held, and proves them with a real run. Watch the right side.", Federation: f.ID}
	case f.State == workflows.Active && f.Quarantine != nil:
		return journey{Step: 4, Say: string(f.ID) + " is quarantined: its role can do nothing until it is released.", Federation: f.ID}
	case f.State == workflows.Active && !used:
		return journey{Step: 4, Say: "It is active. Run the pipeline with the new connection.", Do: "use", Label: "Use it", Federation: f.ID}
	case f.State == workflows.Active && !attacked:
		return journey{Step: 5, Say: "It works, and it can do no more than was approved. Now try to get in from next door.", Do: "attack", Label: "Attack it", Federation: f.ID}
	case f.State == workflows.Active:
		return journey{Step: 6, Say: "That is the whole job. Now let fedbot compare everything with what was approved: of the older F-1 somebody has deleted the connection.", As: people[0].ID,
			Do: "command", Label: "Type /federate drift for me", Command: "drift", Federation: f.ID}
	}
	ask.Say = string(f.ID) + " is " + string(f.State) + ". You are Requester. Ask again."
	return ask
}
