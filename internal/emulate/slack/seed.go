package slack

import (
	"fmt"
	"slices"
)

// Seed is what the workspace holds before anything has happened.
type Seed struct {
	Team     Team
	People   []Person
	Groups   []Group
	Channels []Channel
}

// Team is the workspace.
type Team struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`

	Enterprise     string `json:"enterprise,omitempty"` // E…: the organization of Enterprise Grid that it belongs to
	EnterpriseName string `json:"enterprise_name,omitempty"`
}

// Person is somebody with an account that this workspace can see. Ids begin with U, or
// with W for people of Enterprise Grid.
type Person struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	RealName    string `json:"real_name,omitempty"`
	Email       string `json:"email,omitempty"`
	TZ          string `json:"tz,omitempty"`   // IANA name; empty is UTC
	Team        string `json:"team,omitempty"` // of somebody from another workspace
	Admin       bool   `json:"admin,omitempty"`
	Guest       bool   `json:"guest,omitempty"`       // is_restricted
	UltraGuest  bool   `json:"ultra_guest,omitempty"` // is_restricted and is_ultra_restricted
	Deactivated bool   `json:"deactivated,omitempty"`
	Bot         bool   `json:"bot,omitempty"`
	Stranger    bool   `json:"stranger,omitempty"`    // of another workspace and in no channel with us
	Hidden      bool   `json:"hidden,omitempty"`      // users.info says user_not_visible
	Unconfirmed bool   `json:"unconfirmed,omitempty"` // the e-mail address was never confirmed
	Enterprise  string `json:"enterprise,omitempty"`  // E…: the organization of somebody from another workspace
	AppUser     bool   `json:"app_user,omitempty"`    // acts for an app
	Workflow    bool   `json:"workflow,omitempty"`    // a workflow's bot; set Bot too
	Connector   bool   `json:"connector,omitempty"`   // a bot that brings another chat in; set Bot too
	Invited     bool   `json:"invited,omitempty"`     // has not accepted yet
}

// Group is a user group. Members are person ids.
type Group struct {
	ID       string   `json:"id"`
	Handle   string   `json:"handle"`
	Name     string   `json:"name"`
	Members  []string `json:"members"`
	Disabled bool     `json:"disabled,omitempty"`
}

// Channel is a conversation: a channel, or a direct message with the app.
type Channel struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Members  []string `json:"members"`
	Bot      bool     `json:"bot,omitempty"` // the app was invited
	Private  bool     `json:"private,omitempty"`
	Archived bool     `json:"archived,omitempty"`
	External bool     `json:"external,omitempty"` // shared with another organization (Slack Connect)
	Org      bool     `json:"org,omitempty"`      // shared with other workspaces of the own organization
	Pending  bool     `json:"pending,omitempty"`  // another organization is invited and has not accepted
	Teams    []string `json:"teams,omitempty"`    // the workspaces that it is shared with
	Direct   string   `json:"direct,omitempty"`   // the person whose direct message with the app this is
}

func (c Channel) has(person string) bool { return slices.Contains(c.Members, person) }

// kind is the prefix of the scopes that reading the conversation takes.
func (c Channel) kind() string {
	switch {
	case c.Direct != "":
		return "im"
	case c.Private:
		return "groups"
	default:
		return "channels"
	}
}

func (s *Server) plant(seed Seed) {
	bot := Person{ID: s.o.App.BotUser, Name: s.o.App.Name, RealName: s.o.App.Name, Bot: true}
	for _, p := range append([]Person{bot}, seed.People...) {
		if _, ok := s.people.Get(p.ID); !ok {
			s.keep(s.people.Put(p.ID, p))
		}
	}
	for _, g := range seed.Groups {
		if _, ok := s.groups.Get(g.ID); !ok {
			s.keep(s.groups.Put(g.ID, g))
		}
	}
	for _, c := range seed.Channels {
		if _, ok := s.channels.Get(c.ID); !ok {
			s.keep(s.channels.Put(c.ID, c))
		}
	}
}

// SetGroup replaces the members of a user group.
func (s *Server) SetGroup(id string, members []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups.Get(id)
	if !ok {
		return fmt.Errorf("set group %s: %w", id, ErrUnknown)
	}
	g.Members = slices.Clone(members)
	s.keep(s.groups.Put(id, g))
	return s.fault
}

// Deactivate takes a person's account away: they can do nothing any more, and
// users.info says so. They stay in their user groups, as in Slack.
func (s *Server) Deactivate(person string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.people.Get(person)
	if !ok {
		return fmt.Errorf("deactivate %s: %w", person, ErrUnknown)
	}
	p.Deactivated = true
	s.keep(s.people.Put(person, p))
	return s.fault
}

// direct returns the conversation of a person with the app and opens it if need be.
func (s *Server) direct(person string) Channel {
	if c, ok := s.channels.Get(s.index.direct[person]); ok {
		return c
	}
	c := Channel{ID: s.id("D"), Members: []string{person}, Bot: true, Direct: person}
	s.keep(s.channels.Put(c.ID, c))
	s.index.direct[person] = c.ID
	return c
}
