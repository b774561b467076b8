// Package config reads fedbot's one configuration file: strictly, with all
// mistakes at once, each with what to do about it. An unknown key is a mistake.
// It reads no secret until it is asked to (Secret.Read).
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"fedbot/workflows"
)

// Config is the file.
type Config struct {
	Slack       Slack       `yaml:"slack"`
	AzureDevOps AzureDevOps `yaml:"azure_devops"`
	AWS         AWS         `yaml:"aws"`
	Approvals   Approvals   `yaml:"approvals"`
	Templates   string      `yaml:"templates"` // directory of operators' own; empty: none
	Report      Report      `yaml:"report"`
	Store       Store       `yaml:"store"`
	Metrics     Metrics     `yaml:"metrics"`
	Pace        Pace        `yaml:"pace"`
}

// Slack is the workspace that fedbot lives in.
type Slack struct {
	API       string `yaml:"api"`
	Transport string `yaml:"transport"` // socket or http: how Slack is heard
	Listen    string `yaml:"listen"`
	Team      string `yaml:"team"`
	Channel   string `yaml:"channel"`

	EmailDomains []string `yaml:"email_domains"` // of addresses by which people are found in Azure DevOps

	BotToken      Secret `yaml:"bot_token"`
	AppToken      Secret `yaml:"app_token"`      // of socket
	SigningSecret Secret `yaml:"signing_secret"` // of http
}

// AzureDevOps are the organizations, and the projects that may ask.
type AzureDevOps struct {
	VerifyPipeline string         `yaml:"verify_pipeline"`
	Profiles       []Profile      `yaml:"profiles"`
	Organizations  []Organization `yaml:"organizations"`
	Projects       []Project      `yaml:"projects"`
}

// Profile is an issuer profile: what the tokens of an organization say.
type Profile struct {
	Name     string `yaml:"name"`
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	Subject  string `yaml:"subject"`
}

// Organization is one Azure DevOps organization.
type Organization struct {
	Name    string `yaml:"name"`
	URL     string `yaml:"url"`
	Token   Secret `yaml:"token"`
	Profile string `yaml:"profile"`
}

// Project may ask for federations.
type Project struct {
	Organization string   `yaml:"organization"`
	Name         string   `yaml:"name"`
	Owners       string   `yaml:"owners"`
	Ask          []string `yaml:"ask"`
	Channel      string   `yaml:"channel"`
}

// AWS are the accounts that may be federated into.
type AWS struct {
	Endpoint string    `yaml:"endpoint"`
	Accounts []Account `yaml:"accounts"`
}

// Account is one AWS account.
type Account struct {
	ID         string              `yaml:"id"`
	Name       string              `yaml:"name"`
	Region     string              `yaml:"region"`
	Production bool                `yaml:"production"`
	OU         string              `yaml:"ou"`
	Tags       map[string]string   `yaml:"tags"`
	Owners     string              `yaml:"owners"`
	Channel    string              `yaml:"channel"`
	Boundary   string              `yaml:"boundary"`
	Writer     string              `yaml:"writer"`
	Reader     string              `yaml:"reader"`
	ExternalID string              `yaml:"external_id"`
	Values     map[string][]string `yaml:"values"`
	Longest    time.Duration       `yaml:"longest"`
	Ticket     string              `yaml:"ticket"`
	Proof      string              `yaml:"proof"`
}

// Approvals say who must consent, beside the owners.
type Approvals struct {
	Administrators string        `yaml:"administrators"`
	Auditors       string        `yaml:"auditors"`
	Lapse          time.Duration `yaml:"lapse"`
	Rules          []Rule        `yaml:"rules"`
	Delegates      []Delegate    `yaml:"delegates"`
}

// Delegate fills the seat of somebody else for some days.
type Delegate struct {
	Group    string `yaml:"group"`    // only where this group decides; empty: wherever the person could
	For      string `yaml:"for"`      // the id of a person: U…
	Delegate string `yaml:"delegate"` // the id of who stands in
	From     string `yaml:"from"`     // the first day, such as 2026-12-21, in UTC
	Until    string `yaml:"until"`    // the last day
}

// Rule asks for further consent where it matches.
type Rule struct {
	Name          string            `yaml:"name"`
	Accounts      []string          `yaml:"accounts"`
	OUs           []string          `yaml:"ous"`
	Tags          map[string]string `yaml:"tags"`
	Organizations []string          `yaml:"organizations"`
	Projects      []string          `yaml:"projects"`
	Templates     []string          `yaml:"templates"`
	Risk          string            `yaml:"risk"`
	Params        map[string]string `yaml:"params"`
	Proof         string            `yaml:"proof"`
	Lapse         time.Duration     `yaml:"lapse"`
	Channel       string            `yaml:"channel"`
	Reason        string            `yaml:"reason"`
	Remind        Remind            `yaml:"remind"`
	NoDelegates   bool              `yaml:"no_delegates"`
	Auto          bool              `yaml:"auto"`
	Stages        []Stage           `yaml:"stages"`
}

// Remind says when those are called again who have not decided.
type Remind struct {
	After time.Duration `yaml:"after"` // then after twice that, and so on
	Most  int           `yaml:"most"`
}

// Escalation lets a further group fill seats of a stage that is not decided in time.
type Escalation struct {
	After time.Duration `yaml:"after"`
	Group string        `yaml:"group"`
}

// Stage is a group of whom a number must consent.
type Stage struct {
	Name  string `yaml:"name"`
	Group string `yaml:"group"`
	Count int    `yaml:"count"`

	Escalate []Escalation `yaml:"escalate"`
}

// Report is the weekly reading.
type Report struct {
	Cron     string `yaml:"cron"`
	TimeZone string `yaml:"time_zone"`
}

// Store is where histories are kept.
type Store struct {
	Path   string `yaml:"path"`
	Socket string `yaml:"socket"`
}

// Metrics are for Prometheus.
type Metrics struct {
	Listen string `yaml:"listen"`
}

// Pace is how fast fedbot goes and how soon it asks a person.
type Pace struct {
	Turn    time.Duration `yaml:"turn"`
	Poll    time.Duration `yaml:"poll"`
	Backoff time.Duration `yaml:"backoff"`
	Tries   int           `yaml:"tries"`
	Lag     time.Duration `yaml:"lag"`
	Brake   int           `yaml:"brake"`
	Open    int           `yaml:"open"`    // undecided requests of one person
	Presses int           `yaml:"presses"` // commands, presses and forms of one person, a minute

	AWSCalls         float64 `yaml:"aws_calls"`          // a second, to one account
	AzureDevOpsCalls float64 `yaml:"azure_devops_calls"` // a second, to one organization
}

// Defaults are the settings that a file need not name.
func Defaults() Config {
	return Config{
		Slack:       Slack{API: "https://slack.com/api/", Transport: "socket", Listen: "127.0.0.1:7071"},
		AzureDevOps: AzureDevOps{VerifyPipeline: "fedbot-verify"},
		Approvals:   Approvals{Lapse: 72 * time.Hour},
		Report:      Report{Cron: "0 7 * * MON", TimeZone: "Europe/London"},
		Store:       Store{Path: "fedbot.db", Socket: "fedbot.sock"},
		Metrics:     Metrics{Listen: "127.0.0.1:9090"},
		Pace: Pace{Turn: 30 * time.Second, Poll: 10 * time.Second, Backoff: 3 * time.Second,
			Tries: 8, Lag: 10 * time.Second, Brake: 3, Open: 20, Presses: 120, AWSCalls: 5, AzureDevOpsCalls: 10},
	}
}

// Load reads the file. Relative paths in it are relative to it.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range []*string{&c.Store.Path, &c.Store.Socket, &c.Templates} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(filepath.Dir(path), *p)
		}
	}
	return c, nil
}

// Read reads a configuration and checks it.
func Read(r io.Reader) (Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return Config{}, fmt.Errorf("read config: %w", err)
	}
	c := Defaults()
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("not understood: %s", yaml.FormatError(err, false, false))
	}
	return c, c.check()
}

// Rules returns what the file says about asking and approving.
func (c Config) Rules() workflows.Rules {
	r := workflows.Rules{
		Administrators: c.Approvals.Administrators, Auditors: c.Approvals.Auditors,
		Lapse: c.Approvals.Lapse, Channel: c.Slack.Channel,
	}
	for _, o := range c.AzureDevOps.Organizations {
		r.Organizations = append(r.Organizations, workflows.Organization{Name: o.Name, Profile: o.Profile})
	}
	for _, p := range c.AzureDevOps.Projects {
		r.Projects = append(r.Projects, workflows.Project(p))
	}
	for _, a := range c.AWS.Accounts {
		r.Accounts = append(r.Accounts, workflows.Account{
			ID: a.ID, Name: a.Name, Production: a.Production, Region: a.Region, OU: a.OU, Tags: a.Tags, Owners: a.Owners,
			Values: a.Values, Channel: a.Channel, Longest: a.Longest, Ticket: a.Ticket, Boundary: a.Boundary, Proof: a.Proof,
		})
	}
	for _, x := range c.Approvals.Rules {
		rule := workflows.Rule{
			Name: x.Name, Accounts: x.Accounts, OUs: x.OUs, Tags: x.Tags, Organizations: x.Organizations, Projects: x.Projects,
			Templates: x.Templates, Risk: workflows.Level(x.Risk), Params: x.Params, Lapse: x.Lapse, Proof: x.Proof,
			Channel: x.Channel, Reason: x.Reason, Remind: workflows.Reminding(x.Remind), NoDelegates: x.NoDelegates, Auto: x.Auto,
		}
		for _, s := range x.Stages {
			stage := workflows.Stage{Name: s.Name, Group: s.Group, Count: s.Count}
			for _, e := range s.Escalate {
				stage.Escalate = append(stage.Escalate, workflows.Escalation{After: e.After, Group: e.Group})
			}
			rule.Stages = append(rule.Stages, stage)
		}
		r.Approvals = append(r.Approvals, rule)
	}
	for _, d := range c.Approvals.Delegates {
		r.Delegates = append(r.Delegates, workflows.Delegate{Group: d.Group, For: c.person(d.For), By: c.person(d.Delegate), From: day(d.From, 0), Until: day(d.Until, 1)})
	}
	return r
}

// person is the actor of somebody in the workspace; empty for an empty id.
func (c Config) person(id string) workflows.Actor {
	if id == "" {
		return ""
	}
	return workflows.Actor("slack:" + c.Slack.Team + "/" + id)
}

// day reads a day as its first moment in UTC, so many days later; the zero time if
// it is none.
func day(s string, later int) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, later)
}
